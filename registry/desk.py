"""The registry for the desk: loading the register, and reading what it knows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models.case.ledger import MOST_ENTRIES, Entry, EntryKind, LedgerError
from models.offices import NATION, Division, Office, SubjectKind, Village
from models.periods import beijing
from registry import journal
from registry.cases.projections import figures_of
from registry.checks.contradictions import contradiction
from registry.checks.open_files import OpenFile, file_of
from registry.database.engine import claim, reading, writing
from registry.errors import UnknownSubject
from registry.records import (
    CaseFilter,
    CaseRecord,
    ContradictionRecord,
    CountyRecord,
    CountyStanding,
    DivisionRecord,
    IndicatorRecord,
    Loaded,
    NoticeRecord,
    Overview,
    PlanRecord,
    RevokedRecord,
    StandingRecord,
    UnreachedRecord,
)
from registry.tables import (
    ON_THE_LIST,
    CaseRow,
    CheckResultRow,
    DivisionRow,
    EntryRow,
    IndicatorRow,
    NoticeRow,
    PlanRow,
    StatusRow,
    VillageRow,
    storable,
)

if TYPE_CHECKING:
    from models.base import Record
    from models.case.admission import SubjectFacts
    from models.register.villages import Incidence
    from models.roster.admission import KnownHousehold
    from models.standards import StandardFinding
    from registry.cases.documents import Documents
    from registry.cases.follow_up_reading import FollowUps
    from registry.cases.letters import Deliveries
    from registry.cases.lists import Lists
    from registry.cases.supervision_records import Supervisions
    from registry.notices.letters import Letter
    from registry.register.changing import Changes
    from registry.register.office_records import OfficeRecords
    from registry.register.register import Register
    from registry.reports.consequence_lists import Consequences
    from registry.reports.planning import Planning


class UnknownCounty(UnknownSubject):
    """The register is well, but knows no county under a code."""


class Registry:
    """Loading and reading; every method raises ``RegistryError`` if the database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # A part is imported when it is asked for: a list of cases needs none of them.

    @cached_property
    def planning(self) -> "Planning":
        """What belongs to a year: plans, poverty lines, readiness, progress."""
        from registry.reports.planning import Planning

        return Planning(self._engine)

    @cached_property
    def register(self) -> "Register":
        """Villages and households: import, export, looking one up."""
        from registry.register.register import Register

        return Register(self._engine)

    @cached_property
    def lists(self) -> "Lists":
        """Cases and limits in force: some of them, all of them, and what they come to."""
        from registry.cases.lists import Lists

        return Lists(self._engine)

    @cached_property
    def office_records(self) -> "OfficeRecords":
        """The records of offices, outside the cases (F2, F10-F14)."""
        from registry.register.office_records import OfficeRecords

        return OfficeRecords(self._engine)

    @cached_property
    def changes(self) -> "Changes":
        """Natural changes of households and their members (动态调整)."""
        from registry.register.changing import Changes

        return Changes(self._engine)

    @cached_property
    def follow_ups(self) -> "FollowUps":
        """Who is visited in a year, and what was found (F5)."""
        from registry.cases.follow_up_reading import FollowUps

        return FollowUps(self._engine)

    @cached_property
    def supervision(self) -> "Supervisions":
        """Samples, and what their check lists are made from."""
        from registry.cases.supervision_records import Supervisions

        return Supervisions(self._engine)

    @cached_property
    def documents(self) -> "Documents":
        """What was filed with cases (F9)."""
        from registry.cases.documents import Documents

        return Documents(self._engine)

    @cached_property
    def deliveries(self) -> "Deliveries":
        """Which letters were written to households, and which of them delivered (F15)."""
        from registry.cases.letters import Deliveries

        return Deliveries(self._engine)

    @cached_property
    def consequences(self) -> "Consequences":
        """What follows from exits (F1-F4)."""
        from registry.reports.consequence_lists import Consequences

        return Consequences(self._engine)

    def load_counties(
        self,
        source: Path | Iterable[Mapping[str, str]],
        listed_since: date,
        plan_source: str,
        province: Division,
    ) -> Loaded:
        """Load the poor counties with their cities, as listed, and the plans of their exit years.

        All or nothing; what is there already is no change.

        Raises:
            LoadError: naming every fault with file, row, column and what would be right.
        """
        from registry.register.counties_file import read_counties
        from registry.register.counties_loading import load

        lines = read_counties(source, province)
        named = str(source) if isinstance(source, Path) else "rows"
        with writing(self._engine) as session:
            claim(session, "counties")
            loaded = load(session, lines, named, listed_since, plan_source, province)
            said = {"sha256": journal.file_sha256(source)} if isinstance(source, Path) else {}
            counts = loaded.model_dump()
            journal.describe(session, "counties", source=Path(named).name, counts=counts, **said)
            return loaded

    def facts(self, application: "Record", on: date) -> "SubjectFacts[Any]":
        """What the register knows of whom an application names, on a day in Beijing."""
        from registry.facts.applications import facts_of

        with reading(self._engine) as session:
            return facts_of(session, application, on)

    def revoked_of(self, case_id: str) -> tuple[RevokedRecord, ...]:
        """The exits of a case that were revoked since (F7)."""
        from registry.facts.revoked import revoked_of

        with reading(self._engine) as session:
            return revoked_of(session, case_id)

    def check_division(self, option: str, code: str | None) -> None:
        """Make sure that a division which narrows a list is one; None narrows nothing.

        Raises:
            UnknownSubject: if the register knows, and knew, no division under the code.
        """
        if code is None:
            return
        with reading(self._engine) as session:
            if not _versions(session, code):
                raise UnknownSubject(
                    f"{option}: the register knows no division with the code {code}"
                )

    def check_office(self, option: str, office: Office | None) -> None:
        """The same of an office: its place has to be known, a village's too.

        Raises:
            UnknownSubject: if the register knows none under its code.
        """
        if office is None or office.place == NATION:
            return
        with reading(self._engine) as session:
            if session.get(VillageRow, office.place) is None and not _versions(
                session, office.place
            ):
                raise UnknownSubject(
                    f"{option}: the register knows no place with the code {office.place}, so there "
                    f"is no office {office}"
                )

    def kind_of(self, code: str) -> SubjectKind | None:
        """Whether a code is a county's, a village's or a household's; None where it is nobody's."""
        from registry.facts.revocation import kind_of

        with reading(self._engine) as session:
            return kind_of(session, code)

    def county_incidence(self, code: str, on: date) -> "Incidence | None":
        """A county's incidence on a day (S5); None where no village of it is in the register."""
        from registry.facts.incidence import county_incidence

        with reading(self._engine) as session:
            return county_incidence(session, code, on)

    def unmet_by_count(self, case_id: str, step: str, on: date) -> "list[StandardFinding]":
        """What the register's count fails at a case's present step (S2, S3).

        Nothing if the register counts otherwise by now than the case's file has it.
        """
        from models.counts import COUNTED_ZH
        from models.standards import StandardFinding
        from registry.facts.incidence import county_counted, village_incidence

        with reading(self._engine) as session:
            row, entry = session.get(CaseRow, case_id), _last_count(session, case_id)
            if row is None or row.step != step or entry is None:
                return []
            data: Any = entry.data
            on = max(on, beijing(entry.at).date())
            if "villages" in data:
                counted = county_counted(session, row.subject_code, on).content()
            else:
                village = village_incidence(session, row.subject_code, on)
                counted = {"incidence": village and village.content()}
        for each in ("incidence", "villages"):
            now, then = (count.get(each) or {} for count in (counted, data))
            if now | {"as_of": None} != then | {"as_of": None}:
                return []
        found = map(StandardFinding.model_validate, data["findings"])
        return [each for each in found if each.id in COUNTED_ZH and not each.met]

    def known_households(
        self, village: str, year: int, on: date, codes: Sequence[str]
    ) -> "tuple[Village | None, dict[str, KnownHousehold]]":
        """A village, and what the register says of households for a roster of it."""
        from registry.facts.roster import known_households
        from registry.facts.village import known_village

        with reading(self._engine) as session:
            place, _ = known_village(session, village, on)
            return place, known_households(session, codes, year, on)

    def add_plan(self, year: int, code: str, source: str) -> bool:
        """Put a county, village or household into a year's plan (G6); False where it is in it.

        Raises:
            UnknownSubject: if the register knows none under the code.
        """
        from registry.register.plans import add_plan

        with writing(self._engine) as session:
            return add_plan(session, year, code, source)

    def case_rows(self, wanted: CaseFilter | None = None) -> tuple[CaseRecord, ...]:
        """Cases as they stand, the nearest deadline first."""
        return tuple(self.lists.cases(wanted or CaseFilter()))

    def last_check(self) -> tuple[datetime, int] | None:
        """When the registry was checked last, and how many findings there were; None before."""
        with reading(self._engine) as session:
            last = session.exec(
                select(CheckResultRow.at, CheckResultRow.findings)
                .order_by(col(CheckResultRow.at).desc())
                .limit(1)
            ).first()
            return (last[0], last[1]) if last is not None else None

    def open_file(self, case_id: str) -> OpenFile | None:
        """A case as the registry has it, to be looked for on the server; None if it has none."""
        return file_of(self._engine, case_id)

    def is_admitted(self, case_id: str) -> bool:
        """Whether a case of this id was admitted, whatever has become of it."""
        with reading(self._engine) as session:
            return session.get(CaseRow, case_id) is not None

    def ledger(self, case_id: str, after: int = 0, until: int = MOST_ENTRIES) -> list[Entry]:
        """The file of a case, as it was recorded (G7); empty if there is none.

        Args:
            after, until: Behind which entry it begins, and with which it ends at the latest.

        Raises:
            LedgerError: if a column of an entry does not say what the entry itself says.
        """
        within = col(EntryRow.seq).between(after + 1, until)
        query = select(EntryRow).where(EntryRow.case_id == case_id, within)
        with reading(self._engine) as session:
            return [_entry(row) for row in session.exec(query.order_by(col(EntryRow.seq)))]

    def contradiction(self, case_id: str) -> ContradictionRecord | None:
        """Since when a case contradicts its kept file, and from which entry on (G7)."""
        with reading(self._engine) as session:
            return contradiction(session, case_id)

    def unreached(
        self, case_id: str | None = None, limit: int | None = None
    ) -> tuple[UnreachedRecord, ...]:
        """What was told and has not arrived, of one case or of all (T8); the first, or all."""
        from registry.cases.outbox import unreached

        with reading(self._engine) as session:
            return tuple(unreached(session, case_id, limit))

    def count_unreached(self) -> int:
        """How much of it there is, of all cases."""
        from registry.cases.outbox import count_unreached

        with reading(self._engine) as session:
            return count_unreached(session)

    def kept_hash(self, case_id: str, seq: int) -> str | None:
        """The hash of one entry as it is kept; None where it is not kept yet."""
        with reading(self._engine) as session:
            row = session.get(EntryRow, (case_id, seq))
            return row.hash if row is not None else None

    def notices(self, case_id: str) -> tuple[NoticeRecord, ...]:
        """The notices of a case, in the order in which they were posted."""
        with reading(self._engine) as session:
            rows = session.exec(
                select(NoticeRow).where(NoticeRow.case_id == case_id).order_by(col(NoticeRow.seq))
            ).all()
            return tuple(NoticeRecord(**row.model_dump()) for row in rows)

    def letters(self, case_id: str) -> "tuple[Letter, ...]":
        """What the households of a roster are to be told on paper (F15), from its kept file."""
        from registry.notices.letters import letters_of

        with reading(self._engine) as session:
            return letters_of(session, case_id)

    def county_record(self, code: str) -> CountyRecord:
        """Everything about one county.

        Raises:
            UnknownCounty: if the register does not know the code.
        """
        from registry.cases.alarms import alarms_in
        from registry.cases.lists import cases

        with reading(self._engine) as session:
            versions = _versions(session, code)
            if not versions:
                raise UnknownCounty(_unknown(code))
            standings = session.exec(
                select(StatusRow).where(StatusRow.code == code).order_by(col(StatusRow.since))
            ).all()
            plans = session.exec(
                select(PlanRow).where(PlanRow.subject_code == code).order_by(col(PlanRow.year))
            ).all()
            indicators = session.exec(
                select(IndicatorRow)
                .where(IndicatorRow.subject_code == code)
                .order_by(col(IndicatorRow.as_of), col(IndicatorRow.case_id), col(IndicatorRow.seq))
            ).all()
            return CountyRecord(
                code=code,
                name=versions[-1].name,
                divisions=tuple(DivisionRecord(**row.model_dump()) for row in versions),
                standings=tuple(
                    StandingRecord(**row.model_dump(exclude={"code"})) for row in standings
                ),
                plans=tuple(PlanRecord(**row.model_dump()) for row in plans),
                cases=tuple(cases(session, CaseFilter(subject=code))),
                indicators=tuple(_indicator(row) for row in indicators),
                alarms=alarms_in(session, code),
            )

    def overview(self) -> Overview:
        """Every county that is or was on the register, as it stands by its last status."""
        with reading(self._engine) as session:
            divisions = {
                row.code: row
                for row in session.exec(
                    select(DivisionRow).order_by(col(DivisionRow.valid_from))
                ).all()
            }
            latest = {
                row.code: row
                for row in session.exec(select(StatusRow).order_by(col(StatusRow.since))).all()
            }
            counties = tuple(_county_standing(latest[code], divisions) for code in sorted(latest))
        listed = sum(county.status in ON_THE_LIST for county in counties)
        return Overview(listed=listed, exited=len(counties) - listed, counties=counties)


def _entry(row: EntryRow) -> Entry:
    """An entry from its canonical text; its columns, made for SQL, have to say the same."""
    entry = Entry.model_validate_json(row.content)
    for column in ("seq", "kind", "at", "step", "round", "actor", "text", "previous", "hash"):
        said = getattr(entry, column)
        if getattr(row, column) != (storable(said) if isinstance(said, str) else said):
            raise LedgerError(
                f"{row.case_id}: the column {column} of entry {row.seq} was altered in the registry"
            )
    return entry


def _last_count(session: Session, case_id: str) -> Entry | None:
    """The entry that has a case's last count."""
    kinds = (EntryKind.OPENED.value, EntryKind.FINDINGS.value)
    contents = session.exec(
        select(EntryRow.content)
        .where(EntryRow.case_id == case_id, col(EntryRow.kind).in_(kinds))
        .order_by(col(EntryRow.seq).desc())
    )
    entries = map(Entry.model_validate_json, contents)
    return next((each for each in entries if "incidence" in each.data), None)


def _versions(session: Session, code: str) -> list[DivisionRow]:
    rows = session.exec(
        select(DivisionRow).where(DivisionRow.code == code).order_by(col(DivisionRow.valid_from))
    )
    return list(rows.all())


def _unknown(code: str) -> str:
    return (
        f"the register knows no county with the code {code}; write the six digits of a county that "
        "was loaded, for example 411523"
    )


def _indicator(row: IndicatorRow) -> IndicatorRecord:
    return IndicatorRecord(year=row.year, case_id=row.case_id, seq=row.seq, figures=figures_of(row))


def _county_standing(standing: StatusRow, divisions: Mapping[str, DivisionRow]) -> CountyStanding:
    division = divisions[standing.code]
    city = divisions.get(division.parent or "")
    return CountyStanding(
        code=standing.code,
        name=division.name,
        city=city.name if city else "",
        tier=division.tier,
        directly_administered=division.directly_administered,
        status=standing.status,
        since=standing.since,
        exit_year=standing.exit_year,
    )
