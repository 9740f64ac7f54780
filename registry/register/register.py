"""The register of villages and households for the desk: import, export, and looking one up."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models.alarms import Alarm
from models.policy import Policy
from models.register.changes import ChangesLoaded
from models.register.villages import Survey
from registry import journal
from registry.database.engine import claim, reading, writing
from registry.errors import LoadError
from registry.facts.alarms import units_due
from registry.facts.incidence import village_heads
from registry.files.fault_sheet import FileRefused
from registry.files.faults import Fault, RegisterFaults
from registry.register.bulk import batches
from registry.register.changing import Changes
from registry.register.export import Exported, export_roster
from registry.register.file import RegisterFile
from registry.register.lines import HouseholdLine, VillageLine
from registry.register.loading import (
    HouseholdsLoaded,
    VillagesLoaded,
    load_households,
    load_villages,
)
from registry.register.office_records import OfficeRecords, RecordsLoaded
from registry.register.reading import (
    household_record,
    poor_households,
    unasked_households,
    village_record,
)
from registry.register.records import HouseholdRecord, ListedHousehold, VillageRecord
from registry.tables import VillageRow, VillageYearRow


class Register:
    """Every method raises ``RegistryError`` if the database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def import_file(
        self, path: Path, today: date
    ) -> VillagesLoaded | HouseholdsLoaded | RecordsLoaded | ChangesLoaded:
        """Import villages, a roster (花名册) of households, records (台账) or changes (动态调整).

        Its headers tell which.

        All or nothing. With faults, a workbook beside the file names them all.

        Args:
            today: No day in the file may lie after it.

        Raises:
            LoadError: in one sentence, if it is no such file.
            FileRefused: if anything in it is wrong, or contradicts the register.
        """
        try:
            file = RegisterFile(path, today)
            if file.lists_records:
                return OfficeRecords(self._engine).load(path, today)
            if file.lists_changes:
                return Changes(self._engine).load(file, today)
            with writing(self._engine) as session:
                claim(session, "register")
                loaded = _load(session, file)
                journal.describe(
                    session,
                    "import",
                    source=path.name,
                    sha256=journal.file_sha256(path),
                    counts=loaded.model_dump(exclude={"counties"}),
                )
                counties = _counties_of(session, file.villages)
                return loaded.model_copy(update={"counties": counties})
        except RegisterFaults as refused:
            raise FileRefused(path, refused.found) from None

    def alarms_due(self, counties: Iterable[str], on: date, policy: Policy) -> tuple[Alarm, ...]:
        """The alarms that exited villages and counties give, and nobody was told of (F13)."""
        with reading(self._engine) as session:
            return tuple(
                alarm for county in counties for _, alarm in units_due(session, on, policy, county)
            )

    def load(
        self, villages: Iterable[VillageLine], households: Iterable[HouseholdLine], source: str
    ) -> None:
        """Load lines that no file holds: all or nothing; what is there already is no change.

        Args:
            source: Where they are from, as faults and a year's figures name it.

        Raises:
            LoadError: with every fault, where they contradict the register or each other.
        """
        with writing(self._engine) as session:
            claim(session, "register")
            load_villages(session, villages, source)
            load_households(session, households, source)
            journal.describe(session, "import", source=source)

    def export(self, path: Path, region: str, year: int | None = None) -> Exported:
        """Write a roster of a village's or county's households; see ``export_roster``."""
        with reading(self._engine) as session:
            return export_roster(session, path, region, year)

    def village(self, code: str, on: date) -> VillageRecord:
        """Everything about one village, its households counted as of a day.

        Raises:
            UnknownSubject: if the register does not know the code.
        """
        with reading(self._engine) as session:
            return village_record(session, code, on)

    def poor_households(self, village: str, on: date) -> tuple[ListedHousehold, ...]:
        """The households of a village that are in the register as poor on a day."""
        with reading(self._engine) as session:
            return poor_households(session, village, on)

    def unasked_households(self, case_id: str) -> tuple[ListedHousehold, ...]:
        """The households of a roster whose consent is still to come (H2)."""
        with reading(self._engine) as session:
            return unasked_households(session, case_id)

    def survey(self, village: str, year: int) -> Survey | None:
        """What is known of a village in a year (S2)."""
        with reading(self._engine) as session:
            row = session.get(VillageYearRow, (village, year))
            return Survey(**row.model_dump(include=set(Survey.model_fields))) if row else None

    def household(self, code: str, on: date) -> HouseholdRecord:
        """Everything about one household, as it stands on a day.

        Raises:
            UnknownSubject: if the register does not know the code.
        """
        with reading(self._engine) as session:
            return household_record(session, code, on)


def _counties_of(session: Session, villages: set[str]) -> tuple[str, ...]:
    """The counties that villages belong to, by code."""
    found: set[str] = set()
    for codes in batches(sorted(villages)):
        found.update(
            session.exec(select(VillageRow.county_code).where(col(VillageRow.code).in_(codes)))
        )
    return tuple(sorted(found))


def _load(session: Session, file: RegisterFile) -> VillagesLoaded | HouseholdsLoaded:
    loaded: VillagesLoaded | HouseholdsLoaded
    of_register: tuple[Fault, ...] = ()
    try:
        if file.lists_villages:
            loaded = load_villages(session, file.village_lines(), file.path.name)
        else:
            loaded = load_households(session, file.household_lines(), file.path.name)
    except RegisterFaults as refused:
        of_register = refused.found
    faults = file.faults(of_register) or _impossible(session, file.villages)
    if faults:
        raise RegisterFaults(str(file.path), faults)
    if not file.villages:
        raise LoadError([f"{file.path} names columns and nothing else; write a row below them"])
    return loaded


def _impossible(session: Session, villages: set[str]) -> Sequence[Fault]:
    """Villages that would now have more poor people than people (S5)."""
    faults = []
    for codes in batches(sorted(villages)):
        for code, heads in village_heads(session, date.max, codes=codes).items():
            if heads.poor > heads.population:
                right = (
                    f"the village {code} would have {heads.poor} poor people among a population of "
                    f"{heads.population}; correct the one or the other (S5)"
                )
                faults.append(Fault(right=right))
    return faults
