"""Natural changes (动态调整) for the desk: one by one, or a file of them, all or nothing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Engine
from sqlmodel import Session, col, select

from models.procedures import HOUSEHOLD_EXIT
from models.register.changes import (
    ChangesLoaded,
    Concerned,
    DivisionChange,
    KeptChange,
    RegisterChange,
)
from registry import journal
from registry.database.engine import claim, reading, writing
from registry.errors import LoadError
from registry.facts.incidence import heads_fault, village_heads
from registry.facts.roster import STILL_THERE
from registry.files.fault_sheet import FileRefused
from registry.files.faults import Fault, RegisterFaults
from registry.register.bulk import batches
from registry.register.change_file import ChangeCells, DivisionCells, change_of, fault_of
from registry.register.change_ledger import changes_in, changes_of
from registry.register.changes import PutDown, put_change
from registry.register.divisions import DivisionPutDown, put_division_change
from registry.tables import CaseRow, HouseholdRow, RosterRow, VillageRow

if TYPE_CHECKING:
    from registry.register.file import RegisterFile


class Changes:
    """Every method raises ``RegistryError`` if the database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, change: RegisterChange, today: date) -> ChangesLoaded:
        """Put a change down; the same one again is no change.

        Raises:
            LoadError: in one sentence, if it contradicts the register.
        """
        with writing(self._engine) as session:
            claim(session, "register")
            put = put_change(session, change, today, datetime.now(UTC))
            found = _impossible(session, put.touched)
            if found:
                raise LoadError([str(found[0])])
            journal.describe(session, "change", source=change.id)
            return _loaded(session, [put])

    def put_division(self, change: DivisionChange, today: date) -> ChangesLoaded:
        """Put down that a village, township or county is renamed, recoded or merged.

        Raises:
            LoadError: in one sentence, if it contradicts the register.
        """
        with writing(self._engine) as session:
            claim(session, "register")
            put = put_division_change(session, change, today, datetime.now(UTC))
            journal.describe(session, "change", source=change.id)
            return _loaded(session, [put])

    def load(self, file: "RegisterFile", today: date) -> ChangesLoaded:
        """Put the changes of a file down, in the order of their days: all of them, or none.

        Raises:
            FileRefused: with every fault, each with sheet and row, in a workbook beside it.
        """
        path, changes = file.path, list(file.change_lines())
        found: list[Fault] = []
        done: list[_Put] = []
        try:
            with writing(self._engine) as session:
                claim(session, "register")
                at = datetime.now(UTC)
                for rows in changes:
                    done += _put(session, rows, today, at, found)
                if not found:
                    found += _impossible(session, _touched(done))
                faults = file.faults(tuple(found))
                if faults:
                    raise RegisterFaults(str(path), faults)
                if not changes:
                    raise LoadError([f"{path} holds no change; write one in each row"])
                new = sum(put.new for put in done)
                counts = {"new": new, "unchanged": len(done) - new}
                sha256 = journal.file_sha256(path)
                journal.describe(session, "changes", source=path.name, sha256=sha256, counts=counts)
                return _loaded(session, done)
        except RegisterFaults as refused:
            raise FileRefused(path, refused.found) from None

    def of(self, code: str) -> tuple[KeptChange, ...]:
        """What has happened to a household or a place, the earliest first."""
        with reading(self._engine) as session:
            return changes_of(session, code)

    def listed(self, region: str | None, year: int | None) -> tuple[KeptChange, ...]:
        """What was put down in a region; of a year, by the day of the change."""
        with reading(self._engine) as session:
            return changes_in(session, region, year)


_Put = PutDown | DivisionPutDown


def _put(
    session: Session,
    rows: list[ChangeCells] | list[DivisionCells],
    today: date,
    at: datetime,
    found: list[Fault],
) -> list[_Put]:
    """Put one change down; what refuses it is a fault of its first row."""
    first = rows[0]
    try:
        with session.begin_nested():
            if isinstance(first, DivisionCells):
                return [put_division_change(session, first.change(), today, at)]
            of_household = [row for row in rows if isinstance(row, ChangeCells)]
            return [put_change(session, change_of(of_household), today, at)]
    except LoadError as refused:
        found.append(fault_of(first, refused))
        return []


def _touched(done: Iterable[_Put]) -> set[str]:
    return {code for put in done if isinstance(put, PutDown) for code in put.touched}


def _loaded(session: Session, done: Sequence[_Put]) -> ChangesLoaded:
    counties: set[str] = set()
    cases: defaultdict[str, list[str]] = defaultdict(list)
    for codes in batches(sorted(_touched(done))):
        counties.update(
            session.exec(
                select(VillageRow.county_code)
                .join(HouseholdRow, col(HouseholdRow.village_code) == VillageRow.code)
                .where(col(HouseholdRow.code).in_(codes))
                .distinct()
            )
        )
        for case_id, code in _on_open_rosters(session, col(RosterRow.household_code).in_(codes)):
            cases[code].append(case_id)
    concerned: list[Concerned] = []
    for put in done:
        found: defaultdict[str, list[str]] = defaultdict(list)
        if isinstance(put, PutDown):
            for code in sorted(put.touched):
                for case_id in cases.get(code, ()):
                    found[case_id].append(code)
        else:
            counties.update(code[:6] for code in (put.change.code, put.change.to) if code)
            for codes in batches(put.villages):
                here = col(CaseRow.subject_code).in_(codes)
                for case_id, code in _on_open_rosters(session, here):
                    found[case_id].append(code)
        concerned += [
            Concerned(case, tuple(those), put.change, put.text) for case, those in found.items()
        ]
    ended = {code for put in done for code in put.ended}
    new = sum(put.new for put in done)
    return ChangesLoaded(
        stale=_stale(session, ended),
        new=new,
        unchanged=len(done) - new,
        counties=tuple(sorted(counties)),
        concerned=tuple(concerned),
    )


def _stale(session: Session, ended: Iterable[str]) -> tuple[str, ...]:
    """Open cases about a place or a household that has ended; rosters are told one by one."""
    found: list[str] = []
    for codes in batches(sorted(ended)):
        found += session.exec(
            select(CaseRow.case_id).where(
                col(CaseRow.subject_code).in_(codes),
                CaseRow.procedure != HOUSEHOLD_EXIT.id,
                col(CaseRow.outcome).is_(None),
            )
        ).all()
    return tuple(sorted(found))


def _on_open_rosters(session: Session, wanted: ColumnElement[bool]) -> Iterable[tuple[str, str]]:
    return session.exec(
        select(RosterRow.case_id, RosterRow.household_code)
        .join(CaseRow, col(CaseRow.case_id) == RosterRow.case_id)
        .where(
            wanted,
            col(RosterRow.state).in_(STILL_THERE),
            col(CaseRow.outcome).is_(None),
        )
        .order_by(RosterRow.case_id, RosterRow.household_code)
    ).all()


def _impossible(session: Session, households: Iterable[str]) -> list[Fault]:
    """Villages that would now have more poor people than people (S5)."""
    villages: set[str] = set()
    for codes in batches(sorted(households)):
        villages.update(
            session.exec(select(HouseholdRow.village_code).where(col(HouseholdRow.code).in_(codes)))
        )
    found = []
    for codes in batches(sorted(villages)):
        for code, heads in village_heads(session, date.max, codes=codes).items():
            fault = heads_fault(code, heads, date.max)
            if fault is not None:
                right = (
                    f"the village {code} would have {heads.poor} poor people among a population of "
                    f"{heads.population}; import the list of villages with its people first (S5)"
                )
                found.append(Fault(right=right))
    return found
