"""What a registry lacks that was restored from an older copy, or whose folder lost a file."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from models.case.ledger import EntryKind
from models.procedures import (
    COUNTY_EXIT,
    HOUSEHOLD_EXIT,
    REENTRY,
    REVOCATION,
    SUPERVISION,
    VILLAGE_EXIT,
)
from registry.checks.contradictions import note
from registry.database.engine import claim, reading, writing
from registry.notices.folder import NoticeFolder
from registry.tables import (
    CaseRow,
    EndedRunRow,
    EntryRow,
    EpisodeRow,
    NoticeRow,
    RevocationRow,
    SampleRow,
    StatusRow,
    VillageStatusRow,
)

NOT_LISTED = -1
"""In place of a number of entries: the registry does not even list the case."""


@dataclass(frozen=True)
class Held:
    """What the registry holds, at one moment.

    Attributes:
        kept: How many entries of each case that is listed.
        lacking: Cases whose files say that something was done, and it is not there.
        ended: How many entries were all that a run had when it had ended, by run.
    """

    kept: Mapping[str, int]
    lacking: frozenset[str]
    ended: Mapping[str, int]

    def is_whole(self, case_id: str, run: str) -> bool:
        """Whether all is held of a run that has ended, so that its history need not be read."""
        entries = self.ended.get(run)
        if entries is None or case_id in self.lacking:
            return False
        return self.kept.get(case_id, 0) >= entries


class Restoring:
    """The registry's side of doing again what it lacks (``workers.redoing``).

    Args:
        folder: Where published notices lie as files.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = NoticeFolder(folder)

    def held(self, *, deeds: bool = True) -> Held:
        """What the registry holds now.

        Args:
            deeds: Look for what is lacking: that reads what every file says of notices and changes.
        """
        with reading(self._engine) as session:
            ended = session.exec(select(EndedRunRow.run, EndedRunRow.entries)).all()
            lacking = _lacking(session) if deeds else frozenset[str]()
            return Held(kept=_kept(session), lacking=lacking, ended=dict(ended))

    def note_ended(self, ended: Iterable[tuple[str, str, int]]) -> None:
        """Note runs that have ended, and whose whole files are held: run, case and entries."""
        with writing(self._engine) as session:
            claim(session, "ended runs")  # two workers may have compared the same
            for run, case_id, entries in ended:
                session.merge(EndedRunRow(run=run, case_id=case_id, entries=entries))

    def entries_of(self, case_id: str) -> int:
        """How many entries are kept of a case; ``NOT_LISTED`` where it is not even listed."""
        with reading(self._engine) as session:
            return _kept(session, case_id).get(case_id, NOT_LISTED)

    def note(self, case_id: str, seq: int, said: str) -> None:
        """Note that a case contradicts its kept file."""
        note(self._engine, case_id, seq, said)

    def put_back_files(self) -> int:
        """Write the notices again whose files are missing from the folder; return how many.

        Raises:
            RegistryError: if the registry cannot be read, or the folder not be written.
        """
        with reading(self._engine) as session:
            ids = session.exec(select(NoticeRow.id)).all()
        gone = [id for id in ids if not self._folder.has(id)]
        for id in gone:
            with reading(self._engine) as session:
                row = session.get(NoticeRow, id)
            if row is not None:
                self._folder.put(row.id, row.markdown, row.html)
        return len(gone)


def _kept(session: Session, only: str | None = None) -> dict[str, int]:
    """By the entries that are there, whatever the row of the case says."""
    counted = select(EntryRow.case_id, func.count()).group_by(EntryRow.case_id)
    listed = select(CaseRow.case_id, CaseRow.entries)
    if only is not None:
        counted, listed = (
            counted.where(EntryRow.case_id == only),
            listed.where(CaseRow.case_id == only),
        )
    there = dict(session.exec(counted).all())
    return {
        case_id: min(entries, there.get(case_id, 0)) for case_id, entries in session.exec(listed)
    }


def _lacking(session: Session) -> frozenset[str]:
    return frozenset(_unposted(session) | _unchanged(session) | _undrawn(session))


def _unposted(session: Session) -> set[str]:
    """Cases that put a notice on file, or an announcement, that is gone."""
    posted = set(session.exec(select(NoticeRow.id)).all())
    kinds = (EntryKind.NOTICE.value, EntryKind.REGISTER_CHANGE.value)
    query = select(EntryRow.case_id, EntryRow.content).where(col(EntryRow.kind).in_(kinds))
    found = set()
    for case_id, content in session.exec(query):
        notice = json.loads(content)["data"].get("notice")
        if isinstance(notice, dict) and notice.get("notice_id") not in posted:
            found.add(case_id)
    return found


def _unchanged(session: Session) -> set[str]:
    """Cases that put a change of the register on file, and it is not there, or not all of it."""
    query = select(EntryRow.case_id, CaseRow.procedure, EntryRow.content).join(
        CaseRow, col(CaseRow.case_id) == col(EntryRow.case_id)
    )
    told: dict[str, Counter[str]] = {}
    for case_id, procedure, content in session.exec(
        query.where(EntryRow.kind == EntryKind.REGISTER_CHANGE.value)
    ):
        households = json.loads(content)["data"].get("households")
        cases = told.setdefault(procedure, Counter())
        if isinstance(households, list):  # a roster can strike off some, and others later
            cases[case_id] += len(households)
        else:
            cases[case_id] = 1
    found = set()
    for procedure, cases in told.items():
        column = _CHANGED_BY.get(procedure)
        if column is not None:
            there = dict(session.exec(select(column, func.count()).group_by(column)).all())
            found |= {id for id, many in cases.items() if there.get(id, 0) < many}
    return found


_CHANGED_BY = {
    COUNTY_EXIT.id: col(StatusRow.case_id),
    VILLAGE_EXIT.id: col(VillageStatusRow.case_id),
    HOUSEHOLD_EXIT.id: col(EpisodeRow.case_id),
    REENTRY.id: col(EpisodeRow.opened_by),
    REVOCATION.id: col(RevocationRow.case_id),
}
"""What names the case that changed the register, by procedure; the others change nothing there."""


def _undrawn(session: Session) -> set[str]:
    """Supervisions whose samples are gone: a file that a case sends again brings none with it."""
    query = (
        select(CaseRow.case_id)
        .join(SampleRow, col(SampleRow.case_id) == col(CaseRow.case_id), isouter=True)
        .where(CaseRow.procedure == SUPERVISION.id, col(SampleRow.case_id).is_(None))
    )
    return set(session.exec(query).all())
