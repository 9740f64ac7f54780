"""What a registry lacks that was restored from an older copy, or whose folder lost a file."""

import json
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from activities.contradictions import note
from activities.database import reading
from activities.notices import NoticeBoard
from models.ledger import EntryKind
from models.tables import CaseRow, EntryRow, EpisodeRow, NoticeRow, StatusRow, VillageStatusRow


class Restoring:
    """The registry's side of doing again what it lacks (``workers.redoing``).

    Args:
        folder: Where published notices lie as files.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._board = NoticeBoard(engine, folder)

    def kept(self) -> dict[str, int]:
        """How many entries are kept of each case."""
        with reading(self._engine) as session:
            return dict(session.exec(select(CaseRow.case_id, CaseRow.entries)).all())

    def entries_of(self, case_id: str) -> int:
        """How many entries are kept of a case."""
        with reading(self._engine) as session:
            row = session.get(CaseRow, case_id)
            return row.entries if row is not None else 0

    def note(self, case_id: str, seq: int, said: str) -> None:
        """Note that a case contradicts its kept file."""
        note(self._engine, case_id, seq, said)

    def lacking(self) -> set[str]:
        """Cases whose files say that something was posted or struck off, and it is not there."""
        with reading(self._engine) as session:
            return _unposted(session) | _unchanged(session)

    def put_back_files(self) -> int:
        """Write the notices again whose files are missing from the folder; return how many."""
        with reading(self._engine) as session:
            ids = session.exec(select(NoticeRow.id)).all()
        gone = [id for id in ids if not self._board.has_files(id)]
        for id in gone:
            with reading(self._engine) as session:
                row = session.get(NoticeRow, id)
            if row is not None:
                self._board.put_back(row.id, row.markdown, row.html)
        return len(gone)


def _unposted(session: Session) -> set[str]:
    """Cases that put on file a notice by its id, or an announcement by its title, that is gone."""
    rows = session.exec(select(NoticeRow.id, NoticeRow.case_id, NoticeRow.title)).all()
    posted = {id for id, _, _ in rows} | {(case_id, title) for _, case_id, title in rows}
    kinds = (EntryKind.NOTICE.value, EntryKind.REGISTER_CHANGE.value)
    query = select(EntryRow.case_id, EntryRow.content).where(col(EntryRow.kind).in_(kinds))
    found = set()
    for case_id, content in session.exec(query):
        data = json.loads(content)["data"]
        notice, announcement = data.get("notice"), data.get("announcement")
        told = [notice.get("notice_id")] if isinstance(notice, dict) else []
        told += [(case_id, announcement)] if announcement is not None else []
        if not posted.issuperset(told):
            found.add(case_id)
    return found


def _unchanged(session: Session) -> set[str]:
    """Cases that put a change of the register on file, and nothing in the register names them."""
    query = select(EntryRow.case_id, CaseRow.procedure).join(
        CaseRow, col(CaseRow.case_id) == col(EntryRow.case_id)
    )
    told = session.exec(query.where(EntryRow.kind == EntryKind.REGISTER_CHANGE.value)).all()
    named = {
        "county": set(session.exec(select(StatusRow.case_id).distinct()).all()),
        "village": set(session.exec(select(VillageStatusRow.case_id).distinct()).all()),
        "household": set(session.exec(select(EpisodeRow.case_id).distinct()).all()),
    }
    return {
        case_id
        for case_id, procedure in told
        if procedure in named and case_id not in named[procedure]
    }
