"""Documents of a case (F9, F15): filed with it, in its own file or in a supplement to it."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models.base import Moment, Record
from models.case.documents import CaseDocument, DocumentKind
from models.case.file import subject_of
from models.case.ledger import Entry, EntryKind
from models.identity import supplemented
from models.supplement import KeptCase
from registry.database.engine import reading
from registry.tables import CaseRow, DocumentRow, EntryRow


class DocumentRecord(Record):
    """A document with the entry ``case_id``/``seq`` by which it is on file."""

    case_id: str
    seq: int
    hash: str
    belongs_to: str
    at: Moment
    document: CaseDocument


class Kept(NamedTuple):
    """A document as an entry of a file has it."""

    case_id: str
    entry: Entry
    document: CaseDocument


class Documents:
    """Every method raises ``RegistryError`` if the database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, case_id: str) -> tuple[DocumentRecord, ...]:
        """The documents of a case, in the order in which they were made."""
        with reading(self._engine) as session:
            kept = kept_documents(session, case_id)
        records = [
            DocumentRecord(
                case_id=each.case_id,
                seq=each.entry.seq,
                hash=each.entry.hash,
                belongs_to=case_id,
                at=each.document.at or each.entry.at,
                document=each.document,
            )
            for each in kept
        ]
        return tuple(sorted(records, key=_by_time))

    def kept(self, case_id: str, document_id: str) -> Kept | None:
        """A document of a case by its sender's id; None where it is not on file."""
        with reading(self._engine) as session:
            found = kept_documents(session, case_id)
        return next((each for each in found if each.document.id == document_id), None)

    def ended(self, case_id: str) -> KeptCase | None:
        """A case that has ended, by its file; None where it has not, or is not known here."""
        with reading(self._engine) as session:
            return kept_case(session, case_id)

    def beside(self, case_id: str, document: CaseDocument) -> KeptCase | None:
        """The case beside whose file a document comes; None if it comes into the file itself.

        Delivered letters always come beside it: the letters are made from what is kept (F15).
        """
        ended = document.kind is not DocumentKind.DELIVERY
        with reading(self._engine) as session:
            return kept_case(session, case_id, ended=ended)


def _by_time(record: DocumentRecord) -> tuple[datetime, str, int]:
    return record.at, record.case_id, record.seq


def kept_documents(session: Session, case_id: str) -> list[Kept]:
    """The documents of a case and of its supplements, as their entries have them."""
    rows = session.exec(
        select(EntryRow)
        .join(
            DocumentRow,
            (col(DocumentRow.case_id) == EntryRow.case_id) & (col(DocumentRow.seq) == EntryRow.seq),
        )
        .where(DocumentRow.belongs_to == case_id, EntryRow.kind == EntryKind.DOCUMENT.value)
        .order_by(col(EntryRow.case_id), col(EntryRow.seq))
    ).all()
    entries = [(row.case_id, Entry.model_validate_json(row.content)) for row in rows]
    return [
        Kept(where, entry, CaseDocument.model_validate(entry.data["document"]))
        for where, entry in entries
    ]


def kept_case(session: Session, case_id: str, *, ended: bool = True) -> KeptCase | None:
    """A case by its file, with what its first entry says of its subject.

    A supplement is none: what else belongs to its case becomes another supplement of that.

    Args:
        ended: None of a case that is open.
    """
    row = session.get(CaseRow, case_id)
    first = session.get(EntryRow, (case_id, 1))
    if row is None or first is None or supplemented(case_id) is not None:
        return None
    if ended and row.outcome is None:
        return None
    try:
        subject = subject_of(Entry.model_validate_json(first.content).data)
    except (KeyError, ValueError):
        return None
    if subject.code != row.subject_code:
        return None
    return KeptCase(
        case_id=case_id, subject=subject, year=row.year, entries=row.entries, head=row.head
    )
