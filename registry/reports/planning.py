"""The registry's side of a year: plans, poverty lines, who could leave, what is in publicity."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from models.offices import SubjectKind
from models.periods import Workdays
from models.policy import Policy, Targets
from models.register.counties import ProvincialMean
from models.register.households import PovertyLine
from registry import journal
from registry.database.engine import reading, writing
from registry.files.fault_sheet import FileRefused
from registry.files.faults import RegisterFaults
from registry.records import DeadlineRecord
from registry.register import plans, poverty_lines, provincial_means
from registry.register.plans_file import read_plan
from registry.register.poverty_lines import LinesLoaded
from registry.reports.assessment import Assessment, assessment
from registry.reports.filings import filings_due
from registry.reports.progress import progress
from registry.reports.readiness import ready_counties, ready_villages
from registry.reports.records import (
    CountyReadiness,
    PlanLine,
    PlanLoaded,
    Planned,
    Progress,
    VillageReadiness,
)
from registry.reports.targets import TargetReport, target_report
from registry.reports.watching import Watchlist, should_come_in, should_leave

if TYPE_CHECKING:
    from registry.notices.joint import JointNotice


class Planning:
    """Loading and reading; every method raises ``RegistryError`` if the database fails.

    A ``region`` is the code of a division; the whole register is looked at where none is given.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def load_plan(self, path: Path) -> PlanLoaded:
        """Put the subjects of an Excel or CSV file into the plans of its years (G6).

        All of them, or none; what is there already is no change.

        Raises:
            LoadError: in one sentence, if it is no such file.
            FileRefused: with every fault, each with sheet, row and column, in a workbook beside it.
        """
        read = read_plan(path)
        try:
            with writing(self._engine) as session:
                loaded = plans.load_plan(session, read.lines, str(path), read.faults)
                counts, sha256 = loaded.model_dump(), journal.file_sha256(path)
                journal.describe(session, "plan", source=path.name, sha256=sha256, counts=counts)
                return loaded
        except RegisterFaults as refused:
            raise FileRefused(path, refused.found) from None

    def plans(self, year: int, region: str | None = None) -> Iterator[PlanLine]:
        """The plan of a year: its counties, then its villages, then its households."""
        with reading(self._engine) as session:
            yield from plans.plans(session, year, region)

    def planned(self, year: int, region: str | None = None, limit: int | None = None) -> Planned:
        """The same for the screen: places one by one, households by village; the first, or all."""
        with reading(self._engine) as session:
            return plans.planned(session, year, region, limit)

    def add_line(self, line: PovertyLine) -> str | None:
        """Add the national line of a year (S7); return the source with which it is there already.

        Raises:
            LoadError: where the year has another amount.
        """
        with writing(self._engine) as session:
            return poverty_lines.add_line(session, line)

    def load_lines(self, path: Path) -> LinesLoaded:
        """Add the lines of a CSV file, all or none (S7).

        Raises:
            LoadError: with what is wrong in the file, or against the register.
        """
        lines = poverty_lines.read_lines(path)
        with writing(self._engine) as session:
            return poverty_lines.add_lines(session, lines)

    def lines(self) -> tuple[PovertyLine, ...]:
        """Every national line there is, by year."""
        with reading(self._engine) as session:
            return poverty_lines.all_lines(session)

    def add_mean(self, mean: ProvincialMean) -> str | None:
        """Add the provincial mean of a year (S3); return the source with which it is there already.

        Raises:
            LoadError: if the year has another number.
        """
        with writing(self._engine) as session:
            return provincial_means.add_mean(session, mean)

    def means(self) -> tuple[ProvincialMean, ...]:
        """Every provincial mean there is, by province and year."""
        with reading(self._engine) as session:
            return provincial_means.all_means(session)

    def ready_villages(
        self, year: int, policy: Policy, on: date, region: str | None = None
    ) -> tuple[VillageReadiness, ...]:
        """Poor villages that have not left, and what each lacks for an exit in a year (S2, S5)."""
        with reading(self._engine) as session:
            return ready_villages(session, year, policy.standards, on, region)

    def ready_counties(
        self, year: int, policy: Policy, on: date, region: str | None = None
    ) -> tuple[CountyReadiness, ...]:
        """Counties that have not left, and what each lacks for an application in a year (S3)."""
        with reading(self._engine) as session:
            return ready_counties(session, year, policy.standards, on, region)

    def should_leave(
        self, year: int, policy: Policy, on: date, region: str | None = None
    ) -> AbstractContextManager[Watchlist]:
        """Registered households that meet S1 and are in no plan and on no roster (F13)."""
        return self._watched(should_leave, year, policy, on, region)

    def should_come_in(
        self, year: int, policy: Policy, on: date, region: str | None = None
    ) -> AbstractContextManager[Watchlist]:
        """Who has left and falls below, and where people were left out (F13)."""
        return self._watched(should_come_in, year, policy, on, region)

    @contextmanager
    def _watched(self, who: Callable[..., Watchlist], *asked: object) -> Iterator[Watchlist]:
        with reading(self._engine) as session:
            yield who(session, *asked)

    def assessment(self, year: int, region: str | None = None) -> Assessment:
        """The statement of a year for the assessment (F11), by county, city and office."""
        with reading(self._engine) as session:
            return assessment(session, year, region)

    def filings_due(
        self, policy: Policy, workdays: Workdays, now: datetime
    ) -> tuple[DeadlineRecord, ...]:
        """Exits whose filing or data entry is missing (F9), each with its limit."""
        with reading(self._engine) as session:
            return filings_due(session, policy, workdays, now)

    def joint_notice(
        self,
        kind: SubjectKind,
        year: int,
        policy: Policy,
        now: datetime,
        region: str | None = None,
    ) -> "JointNotice | None":
        """All cases of one kind and year that are in publicity.

        None where none is.

        Raises:
            UnknownSubject: if the register knows no division under the region's code.
        """
        from registry.notices.joint import joint_notice  # with all that makes a page of a text

        with reading(self._engine) as session:
            return joint_notice(session, kind, year, policy, now, region)

    def progress(self, year: int, policy: Policy, region: str | None = None) -> Progress:
        """A year against its plan, and against the policy's targets (F8).

        The targets are those of the whole province: for a part of it none are told.
        """
        whole = region in (None, policy.province)
        with reading(self._engine) as session:
            return progress(session, year, policy.targets if whole else None, region)

    def targets(self, year: int, policy: Policy, targets: Targets, today: date) -> TargetReport:
        """The policy's targets by the end of a year, year by year and city by city (F8)."""
        with reading(self._engine) as session:
            return target_report(session, policy, targets, year, today)
