"""The records of offices (台账), outside the cases: one by one or from a file, and listed."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, ValidationError
from sqlalchemy import ColumnElement, Engine
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from models import offices
from models.base import Record, canonical, faults
from models.case.parts import LARGEST, Proofs
from models.offices import County, Division, Household, SubjectKind, Village
from models.policy import Level
from models.register.office_records import (
    FAULTS,
    FORMS,
    About,
    Fault,
    KeptRecord,
    OfficeRecord,
    RecordKind,
    record_fault,
)
from registry import journal
from registry.database.engine import claim, reading, writing
from registry.errors import LoadError, UnknownSubject
from registry.facts.county import division_on, known_county
from registry.facts.revoked import stands
from registry.facts.village import known_village
from registry.files import cells
from registry.files.columns import Cells, Header, columns_of, sheet_columns, written
from registry.files.fault_sheet import FileRefused
from registry.files.faults import Fault as CellFault
from registry.files.faults import RegisterFaults
from registry.files.sheet_cells import Cell
from registry.files.table import TableFile
from registry.places import last_divisions, lies_in
from registry.register.columns import YEAR
from registry.tables import (
    CaseRow,
    DivisionRow,
    EntryRow,
    HouseholdRow,
    OfficeRecordRow,
    Standing,
    StatusRow,
    VillageRow,
)

_COUNTY = 2
"""Where the county stands in a path of divisions, from the province down."""


class RecordsLoaded(Record):
    """How many records of a file were new; the others were put down before."""

    new: int
    unchanged: int


class OfficeRecords:
    """Every method raises ``RegistryError`` if the database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, record: OfficeRecord, today: date) -> bool:
        """Put a record down; False if it is there.

        Raises:
            LoadError: if the rules of its kind refuse it.
            UnknownSubject: if the register knows nobody under its code.
        """
        with writing(self._engine) as session:
            claim(session, "office records")
            return _put(session, record, today, None)

    def load(self, path: Path, today: date) -> RecordsLoaded:
        """Put the records of an Excel or CSV file down: all of them, or none.

        Raises:
            LoadError: in one sentence, if it is no such file.
            FileRefused: with every fault, each with sheet, row and column, in a workbook beside it.
        """
        table = TableFile(path, RecordCells, today=today)
        lines = list(table.lines())
        if not lines and not table.faults:
            raise LoadError([f"{path} holds no record; write one in each row"])
        new = 0
        try:
            with writing(self._engine) as session:
                claim(session, "office records")
                for line in _referred_first(lines):
                    try:
                        if not _is_kept(session, line):
                            new += _put(session, line.record(), today, path.name)
                    except (LoadError, UnknownSubject) as refused:
                        table.add(CellFault(sheet=line.sheet, row=line.row, right=str(refused)))
                if table.faults:
                    raise RegisterFaults(str(path), table.faults)
                sha256 = journal.file_sha256(path)
                counts = {"new": new, "unchanged": len(lines) - new}
                journal.describe(session, "records", source=path.name, sha256=sha256, counts=counts)
                return RecordsLoaded(**counts)
        except RegisterFaults as refused:
            raise FileRefused(path, refused.found) from None

    def listed(
        self,
        *,
        subject: str | None = None,
        case_id: str | None = None,
        region: str | None = None,
        year: int | None = None,
        kind: RecordKind | None = None,
    ) -> tuple[KeptRecord, ...]:
        """The records of a subject, case, region, year or kind, by their day; all without."""
        row = OfficeRecordRow
        wanted = [
            *([row.subject_code == subject] if subject is not None else []),
            *([row.case_id == case_id] if case_id is not None else []),
            *([lies_in(row.place, region)] if region is not None else []),
            *([row.year == year] if year is not None else []),
            *([row.kind == kind] if kind is not None else []),
        ]
        with reading(self._engine) as session:
            return kept_records(session, *wanted)


def kept_records(session: Session, *wanted: Any) -> tuple[KeptRecord, ...]:
    """The records that conditions over their rows leave, by their day."""
    row = OfficeRecordRow
    rows = session.exec(select(row).where(*wanted).order_by(col(row.day), col(row.id))).all()
    replaced = replaced_ids(session)
    divisions = last_divisions(session)
    fields = set(OfficeRecord.model_fields)
    return tuple(
        KeptRecord(
            **each.model_dump(include=fields - {"evidence"}),
            subject=each.subject_code,
            evidence=json.loads(each.evidence),
            key=each.id,
            name=_name(session, each, divisions),
            place=each.place,
            replaced=each.id in replaced,
            entry_hash=each.entry_hash,
            source=each.source,
        )
        for each in rows
    )


def replaced_ids(session: Session) -> set[str]:
    """The ids of all records whose place another has taken."""
    later = select(col(OfficeRecordRow.refers_to), OfficeRecordRow.kind).where(
        col(OfficeRecordRow.refers_to).is_not(None)
    )
    kinds = dict(session.exec(select(OfficeRecordRow.id, OfficeRecordRow.kind)).all())
    return {id for id, kind in session.exec(later) if id is not None and kinds.get(id) == kind}


def measures(session: Session, year: int, codes: Sequence[str]) -> dict[str, str]:
    """What was put down as a measure (F13) for each subject in a year; the latest stands."""
    row: Any = OfficeRecordRow
    rows = session.exec(
        select(row.subject_code, row.day, row.office, row.text)
        .where(*_measures_of(year), col(row.subject_code).in_(codes))
        .order_by(col(row.day), col(row.id))
    )
    return {code: f"{day} {office}: {text}" for code, day, office, text in rows}


def measured(year: int) -> SelectOfScalar[str]:
    """The subjects for which a measure of a year stands (F13)."""
    return select(OfficeRecordRow.subject_code).where(*_measures_of(year))


def _measures_of(year: int) -> tuple[ColumnElement[bool], ...]:
    row, later = OfficeRecordRow, aliased(OfficeRecordRow)
    replaced = select(later.refers_to).where(
        later.kind == RecordKind.MEASURE, col(later.refers_to).is_not(None)
    )
    return (
        col(row.kind) == RecordKind.MEASURE,
        col(row.year) == year,
        col(row.id).not_in(replaced),
    )


def _put(session: Session, record: OfficeRecord, today: date, source: str | None) -> bool:
    if session.get(OfficeRecordRow, record.id) is not None:
        return False
    about, place = _about(session, record)
    fault = record_fault(
        record,
        about,
        today,
        has_left=_has_left(session, record),
        has_policy=_has_policy(session, record),
        corrects=_corrected(session, record),
    ) or _reference_fault(session, record)
    if fault is not None:
        raise LoadError([fault])
    entry_hash = _hash_of_entry(session, record, place)
    key = f"records/{place}/{record.year}"
    journal.look_before(session, [key])
    session.add(
        OfficeRecordRow(
            id=record.id,
            subject_code=record.subject,
            place=place,
            evidence=canonical([each.model_dump() for each in record.evidence]),
            source=source,
            entry_hash=entry_hash,
            **record.model_dump(exclude={"subject", "evidence", "office"}),
            office=str(record.office),
        )
    )
    session.flush()
    journal.touch(session, [key])
    journal.describe(session, "record", source=record.id)
    return True


def _about(session: Session, record: OfficeRecord) -> tuple[About, str]:
    """Whom a record is about on its day, and the county, city or province it belongs to."""
    code, on = record.subject, record.day
    division = division_on(session, code, on)
    if division is not None and division.level is not Level.COUNTY:
        return Division(code=code, name=division.name), code
    household = session.get(HouseholdRow, code) if division is None else None
    known: County | Village | None
    if division is not None:
        known, note = known_county(session, code, on)
    else:
        known, note = known_village(session, household.village_code if household else code, on)
    if known is None:
        raise UnknownSubject(f"subject {code}: {note}")
    place = known.region_path[_COUNTY]
    if household is not None and isinstance(known, Village):
        return Household(code=code, village=known), place
    return known, place


def _has_left(session: Session, record: OfficeRecord) -> bool:
    """Whether a county has left for the record's year by its day, and its exit stands."""
    left = select(StatusRow.code).where(
        StatusRow.code == record.subject,
        StatusRow.status == Standing.EXITED,
        StatusRow.exit_year == record.year,
        StatusRow.since <= record.day,
        stands(SubjectKind.COUNTY, StatusRow.code, StatusRow.since),
    )
    return session.exec(left).first() is not None


def _has_policy(session: Session, record: OfficeRecord) -> bool:
    """Whether a reward policy of the office's place is in force on the day of a record (F14).

    It may have been put down again by an office above.
    """
    row = OfficeRecordRow
    of_office = (row.kind == RecordKind.REWARD_POLICY, row.subject_code == record.office.place)
    in_force = (row.day <= record.day, col(row.until) >= record.day)
    found = session.exec(select(row.id).where(*of_office, *in_force)).all()
    # A file of thousands of records looks at all that were ever replaced for none of them.
    return bool(found) and bool(set(found) - replaced_ids(session))


def _corrected(session: Session, record: OfficeRecord) -> offices.Office | None:
    """The office whose record another takes the place of; None if it takes no such place."""
    row = session.get(OfficeRecordRow, record.refers_to) if record.refers_to is not None else None
    if row is None or (row.kind, row.subject_code) != (record.kind, record.subject):
        return None
    return offices.Office.parse(row.office)


def _reference_fault(session: Session, record: OfficeRecord) -> str | None:
    """Why a record cannot take another's place, or be its outcome; None if it can."""
    if record.refers_to is None:
        return None
    earlier = session.get(OfficeRecordRow, record.refers_to)
    if earlier is None:
        return f"refers_to: there is no record {record.refers_to}; `exitflow registry records`"
    kinds = (record.kind, *FORMS[record.kind].follows)
    if earlier.kind not in kinds or earlier.subject_code != record.subject:
        return (
            f"refers_to: {earlier.id} is of the kind {earlier.kind}, about {earlier.subject_code}; "
            f"{record.kind} refers to {' or '.join(kinds)} about its own subject"
        )
    if record.day < earlier.day:
        return f"day: {record.day} lies before {earlier.day}, the day of {earlier.id}"
    corrects, own = earlier.kind == record.kind, offices.Office.parse(earlier.office)
    if not offices.may_follow(record.office, own):
        says = "corrects it" if corrects else "says what came of it"
        return f"office: {earlier.id} is of {own}; that office {says}, or one above it"
    if corrects and earlier.id in replaced_ids(session):
        return f"refers_to: another has taken the place of {earlier.id}; refer to that one"
    return None


def _hash_of_entry(session: Session, record: OfficeRecord, place: str) -> str | None:
    """The hash of the entry that a record is about (F10), which binds it to the file.

    Raises:
        LoadError: if no such entry is kept, or the case lies elsewhere.
    """
    if record.case_id is None:
        return None
    case, entry = (
        session.get(CaseRow, record.case_id),
        session.get(EntryRow, (record.case_id, record.entry)),
    )
    if case is None or entry is None:
        raise LoadError([f"entry: the registry keeps no entry {record.entry} of {record.case_id}"])
    if f"/{place}/" not in case.region:
        raise LoadError(
            [f"case_id: {record.case_id} is no case of {place}, where its subject lies"]
        )
    return entry.hash


def broken_ties(session: Session) -> Iterator[tuple[OfficeRecordRow, str | None]]:
    """Records whose entry is not the one that it was; with the hash that stands there now."""
    query = (
        select(OfficeRecordRow, EntryRow.hash)
        .join(
            EntryRow,
            (col(EntryRow.case_id) == OfficeRecordRow.case_id)
            & (col(EntryRow.seq) == OfficeRecordRow.entry),
            isouter=True,
        )
        .where(col(OfficeRecordRow.case_id).is_not(None))
    )
    for row, hash in session.exec(query):
        if hash != row.entry_hash:
            yield row, hash


def _name(session: Session, row: OfficeRecordRow, divisions: dict[str, DivisionRow]) -> str:
    if row.subject_code in divisions:
        return divisions[row.subject_code].name
    village = session.get(VillageRow, row.subject_code)
    if village is not None:
        return village.name
    household = session.get(HouseholdRow, row.subject_code)
    home = session.get(VillageRow, household.village_code) if household is not None else None
    return f"{home.name}{row.subject_code}户" if home is not None else ""


# -- files ------------------------------------------------------------------------------------


def _office(cell: Cell) -> offices.Office:
    return offices.Office.parse(cells.plain(cell))


_FAULT = cells.OneOf({said: fault for fault, said in FAULTS.items()})
_Number = Annotated[int, BeforeValidator(cells.whole(LARGEST, "14"))]


class RecordCells(Cells):
    """A record of a file; evidence is bound one record at a time, by hand."""

    model_config = ConfigDict(title="list of records")

    kind: Annotated[
        RecordKind,
        cells.OneOf({form.zh: kind for kind, form in FORMS.items()}),
        Header("台账类别", key=True, example="工作措施"),
    ]
    subject: Annotated[cells.Name, Header("对象编号", example="411523")]
    year: Annotated[cells.Year, YEAR]
    office: Annotated[offices.Office, BeforeValidator(_office), Header("单位", example="A5/411523")]
    officer: Annotated[cells.Line, Header("经办人", example="张某甲")]
    day: Annotated[cells.Day, Header("日期")]
    text: Annotated[cells.Lines, Header("内容", wide=True, example="走访慰问两次")]
    document: Annotated[cells.Line | None, Header("文号")] = None
    refers_to: Annotated[cells.Name | None, Header("所指台账", "更正")] = None
    fault: Annotated[Annotated[Fault, _FAULT] | None, Header("问题类型")] = None
    leader: Annotated[cells.Line | None, Header("责任领导")] = None
    department: Annotated[cells.Line | None, Header("责任部门")] = None
    person: Annotated[cells.Line | None, Header("责任人员")] = None
    until: Annotated[Annotated[date, BeforeValidator(cells.day)] | None, Header("有效期至")] = None
    households: Annotated[_Number | None, Header("计划退出户数")] = None
    villages: Annotated[_Number | None, Header("计划退出村数")] = None
    counties: Annotated[_Number | None, Header("计划退出县数")] = None
    case_id: Annotated[cells.Line | None, Header("案件编号", wide=True)] = None
    entry: Annotated[_Number | None, Header("案卷条号")] = None
    key: Annotated[cells.Text | None, Header("台账编号", wide=True)] = None

    def record(self, evidence: Proofs = ()) -> OfficeRecord:
        """What the row says, with evidence that no file holds.

        Raises:
            LoadError: if it cannot be a record.
        """
        said = {name: getattr(self, name) for name in type(self).model_fields}
        try:
            said = {n: said[n] for n in OfficeRecord.model_fields if n in said}
            return OfficeRecord(**said, evidence=evidence)
        except ValidationError as error:
            raise LoadError([faults(error)]) from None


def _referred_first(lines: Iterable[RecordCells]) -> Iterator[RecordCells]:
    """Rows in their order, but behind those to which they refer."""
    rows = list(lines)
    by_key = {line.key: line for line in rows if line.key is not None}
    done: set[int] = set()
    for line in rows:
        chain: list[RecordCells] = []
        each: RecordCells | None = line
        while each is not None and id(each) not in done:
            done.add(id(each))
            chain.append(each)
            each = by_key.get(each.refers_to or "")
        yield from reversed(chain)


def _is_kept(session: Session, line: RecordCells) -> bool:
    """Whether a row is a record that is kept, as a file of them was written.

    Raises:
        LoadError: if it has the id of one, or of one of elsewhere, and says something else.
    """
    if line.key is None:
        return False
    row = session.get(OfficeRecordRow, line.key)
    if row is None:
        if line.record().id != line.key:
            raise LoadError(
                [
                    f"台账编号: there is no record {line.key}, and this row is not it, or had "
                    "evidence, which no file holds; leave 台账编号 empty to put it down anew"
                ]
            )
        return False
    if line.record(json.loads(row.evidence)).id != row.id:
        raise LoadError(
            [
                f"台账编号: {row.id} says something else, and is written once; to correct it, "
                "write its 台账编号 as 所指台账 and leave 台账编号 empty"
            ]
        )
    return True


_COLUMNS = columns_of(RecordCells)
COLUMNS = sheet_columns(_COLUMNS)
"""Of records as a sheet, which import reads again."""


def sheet_row(record: KeptRecord) -> list[Any]:
    """A record as a row of a sheet."""
    return written(RecordCells.model_construct(**dict(record)), _COLUMNS)
