"""Files of cases against the journal, and every table against the files (G7), many at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models.base import canonical
from models.case.ledger import EntryKind
from models.checks.findings import Finding
from models.checks.journal import JournalKind, column_digests
from models.identity import is_case
from models.procedures import FOLLOW_UP, REENTRY, REVOCATION
from models.register.changes import Gone
from models.roster.households import State
from registry.checks import outbox
from registry.checks.changes import changes_of, held_against
from registry.checks.kept_case import CASES, KeptCase, altered, chain, rows_of_the_lists, turns
from registry.checks.replay import PROJECTED, Replay, Turn, identity_of
from registry.checks.values import (
    DONE_AGAIN,
    NOT_OF_A_FILE,
    Row,
    column_differences,
    differences,
    place,
    read_rows,
    rows_by,
    shown,
    table_of,
)
from registry.tables import (
    CheckRow,
    EntryRow,
    EpisodeRow,
    HouseholdRow,
    JournalRow,
    LimitRow,
    NoticeRow,
    OutboxRow,
    PlanRow,
    RevocationRow,
    RosterRow,
    SampleRow,
    StatusRow,
    Table,
    VillageRow,
    VillageStatusRow,
    VillageYearRow,
    storable,
)

AT_ONCE = 50
"""Files that are read together."""

GRACE = timedelta(hours=1)
"""How long a case may take to put on file what the register has done for it."""

_OF_A_CASE: tuple[type[Table], ...] = (
    *PROJECTED,
    LimitRow,
    NoticeRow,
    SampleRow,
    RevocationRow,
)
_CHANGED: tuple[type[Table], ...] = (StatusRow, VillageStatusRow, EpisodeRow)
_READ: tuple[type[Table], ...] = (*_OF_A_CASE, *_CHANGED, OutboxRow)


@dataclass
class Shared:
    """What several cases have a say in: whose say it was, by the number of the journal's line."""

    plans: dict[tuple[int, str], tuple[int, Row, str]] = field(default_factory=dict)
    surveys: dict[tuple[str, int], tuple[int, Row, str]] = field(default_factory=dict)

    def take(
        self, cases: Mapping[str, KeptCase], rows: Mapping[type[Table], Sequence[Row]]
    ) -> None:
        """The first addition to a plan stands, and the last survey of a year."""
        for row in rows[PlanRow]:
            turn, case_id = _said_by(cases, row["source"])
            key = (row["year"], row["subject_code"])
            if key not in self.plans or self.plans[key][0] > turn:
                self.plans[key] = (turn, row, case_id)
        for row in rows[VillageYearRow]:
            turn, case_id = _said_by(cases, row["source"])
            of = (row["village_code"], row["year"])
            if of not in self.surveys or self.surveys[of][0] < turn:
                self.surveys[of] = (turn, row, case_id)


def _said_by(cases: Mapping[str, KeptCase], source: str) -> tuple[int, str]:
    """The journal's line and the case of a row whose source is ``<case>, entry <n>``."""
    case_id, _, entry = source.partition(", entry ")
    came = turns(cases[case_id])
    return next((number for number, part in came if part[-1].seq >= int(entry)), 0), case_id


class CaseCheck:
    """Looks at every case of the registry; what is wrong comes out of ``findings``.

    Attributes:
        cases, entries: How many were looked at.
        under_way: Changes of the last hour that open cases have not put on file yet.
        shared: What cases say of plans and surveys.
    """

    def __init__(self, session: Session, now: datetime) -> None:
        self._session, self._now = session, now
        self.cases = self.entries = self.under_way = 0
        self.shared = Shared()

    def findings(self, progress: Callable[[int, int], None]) -> Iterator[Finding]:
        """Everything that is wrong with files and what follows from them."""
        every = list(
            self._session.connection().scalars(sa.select(CASES.c.case_id).order_by("case_id"))
        )
        ids = [each for each in every if is_case(each)]
        for each in every:
            if not is_case(each):
                yield _of_no_case(each)
        replay = Replay()
        try:
            for lot in _lots(ids):
                read = self._read(lot)
                for case in read:
                    self.cases += 1
                    self.entries += len(case.kept)
                    yield from self._file(case)
                yield from self._tables(read, replay)
                progress(self.cases, len(ids))
        finally:
            replay.close()
        yield from self._without_a_case()

    # -- reading ----------------------------------------------------------------------------------

    def _read(self, ids: Sequence[str]) -> list[KeptCase]:
        session = self._session
        rows = rows_by(session, CASES, "case_id", ids)
        kept = rows_by(session, table_of(EntryRow), "case_id", ids)
        lines = rows_by(session, table_of(JournalRow), "subject", ids)
        tables = {row: rows_by(session, table_of(row), "case_id", ids) for row in _READ}
        begun = [each for each in ids if identity_of(each).procedure in (REENTRY, REVOCATION)]
        opened = rows_by(session, table_of(EpisodeRow), "opened_by", begun) if begun else {}
        return [
            KeptCase(
                row=rows[id][0],
                kept=kept.get(id, []),
                lines=lines.get(id, []),
                tables={row: found.get(id, []) for row, found in tables.items()}
                | {EpisodeRow: [*tables[EpisodeRow].get(id, []), *opened.get(id, [])]},
            )
            for id in ids
        ]

    # -- one file ---------------------------------------------------------------------------------

    def _file(self, case: KeptCase) -> Iterator[Finding]:
        yield from chain(case)
        yield from rows_of_the_lists(case)

    def _tables(self, cases: Sequence[KeptCase], replay: Replay) -> Iterator[Finding]:
        came = sorted(
            ((number, case.id, part) for case in cases for number, part in turns(case)),
            key=lambda turn: turn[:2],
        )
        rows = replay.rows(
            (Turn(case_id, part) for _, case_id, part in came), self._households(cases)
        )
        self.shared.take({case.id: case for case in cases}, rows)
        own: dict[str, dict[type[Table], list[Row]]] = {}
        for table in PROJECTED:
            for row in rows[table]:
                own.setdefault(row["case_id"], {}).setdefault(table, []).append(row)
        for case in cases:
            yield from self._lists(case, own.get(case.id, {}))
            yield from self._notices(case)
            yield from self._changes(case)
            yield from outbox.of_case(case)

    def _households(self, cases: Sequence[KeptCase]) -> list[str]:
        """Of townships with follow-ups: whom the register knows there."""
        said = [identity_of(case.id) for case in cases]
        townships = {each.subject_code for each in said if each.procedure is FOLLOW_UP}
        if not townships:
            return []
        households, villages = table_of(HouseholdRow), table_of(VillageRow)
        query = sa.select(households.c.code).join(
            villages, villages.c.code == households.c.village_code
        )
        here = villages.c.township_code.in_(townships)
        return list(self._session.connection().scalars(query.where(here)))

    def _lists(self, case: KeptCase, own: dict[type[Table], list[Row]]) -> Iterator[Finding]:
        for row in PROJECTED:
            expected = own.get(row, [])
            if row in (RosterRow, CheckRow):
                expected = [*expected, *_listed(case, expected, row)]
            yield from differences(table_of(row), expected, case.tables[row], case.id)
        for sample in case.tables[SampleRow]:
            yield from _sample(case, sample)
        if not case.tables[SampleRow] and _has_drawn(case):
            yield _missing(table_of(SampleRow), (case.id,), case.id)

    # -- notices and changes of the register --------------------------------------------------

    def _notices(self, case: KeptCase) -> Iterator[Finding]:
        table = table_of(NoticeRow)
        put_up = {
            content["key"]: (line, content["row"])
            for line, content in case.said(JournalKind.NOTICE)
        }
        kept = {row["id"]: row for row in case.tables[NoticeRow]}
        on_file = {
            notice["notice_id"]: (entry, notice)
            for entry in case.entries
            if isinstance(notice := entry.data.get("notice"), dict) and "notice_id" in notice
        }
        for id in sorted({*put_up, *on_file} - kept.keys()):
            yield _missing(table, (id,), case.id)
        for id, row in kept.items():
            if id not in put_up:
                yield _foreign(table, (id,), case.id, "the journal knows nothing of it")
                continue
            line, told = put_up[id]
            wanted = {
                name: storable(str(on_file[id][1].get(name)))
                for name in ("title", "markdown", "sha256")
                if id in on_file
            }
            yield from column_differences(table, wanted, row, case.id)
            rest = {name: value for name, value in row.items() if name not in wanted}
            yield from _told_otherwise(table, (id,), rest, told, line["number"])
            if id in on_file:
                continue
            if not _posted_anew(case, row) and not self._is_under_way(case, line):
                yield _foreign(
                    table, (id,), case.id, "no entry of its file says that it was posted"
                )

    def _changes(self, case: KeptCase) -> Iterator[Finding]:
        made = {content["entry"]: line for line, content in case.said(JournalKind.CHANGED)}
        expected = changes_of(case.id, case.entries)
        changed: tuple[type[Table], ...] = (*_CHANGED, RevocationRow)
        for row in changed:
            table = table_of(row)
            found, without = held_against(
                table, [each for each in expected if each.row is row], case.tables[row], case.id
            )
            yield from found
            if row is EpisodeRow:
                those = [each for each in case.tables[row] if each not in without]
                yield from _by_another_entry(case, those, made)
            for each in without:
                seq = each["opened_seq"] if each.get("opened_by") == case.id else each["seq"]
                line = made.get(seq)
                if line is None or not self._is_under_way(case, line):
                    key = tuple(each[column.name] for column in table.primary_key)
                    yield Finding(
                        part="files",
                        where=place(table, key),
                        what=f"the row says that {case.id}, entry {seq}, ordered it, and no entry "
                        "of that file says that it was done",
                        mend="start a worker if none runs, and check again; if it stays, take "
                        "the change back, and find out who made it.",
                    )

    def _is_under_way(self, case: KeptCase, line: Row) -> bool:
        """Whether a case may still put on file what the register has just done for it."""
        at = line["at"]
        recent = case.is_open and isinstance(at, datetime) and self._now - at < GRACE
        self.under_way += recent
        return recent

    # -- rows of no case --------------------------------------------------------------------------

    def _without_a_case(self) -> Iterator[Finding]:
        connection = self._session.connection()
        known = sa.select(CASES.c.case_id)
        everywhere: list[tuple[type[Table], str]] = [
            (EpisodeRow, "opened_by"),
            (EntryRow, "case_id"),
        ]
        everywhere += [(row, "case_id") for row in (*_OF_A_CASE, *_CHANGED)]
        for row, column in everywhere:
            table = table_of(row)
            query = sa.select(*table.primary_key, table.c[column].label("of_case")).where(
                table.c[column].is_not(None), table.c[column].not_in(known)
            )
            for each in connection.execute(query).mappings():
                key = tuple(each[name.name] for name in table.primary_key)
                yield _foreign(table, key, str(each["of_case"]), "the registry has no such case")
        journal = table_of(JournalRow)
        of_cases = [JournalKind.ADMITTED.value, JournalKind.ENTRIES.value]
        gone = (
            sa.select(journal.c.subject, sa.func.max(journal.c.number).label("number"))
            .where(journal.c.kind.in_(of_cases), journal.c.subject.not_in(known))
            .group_by(journal.c.subject)
        )
        for each in connection.execute(gone).mappings():
            yield Finding(
                part="files",
                where=f"cases {each['subject']}",
                what=f"the case is missing; the journal has it in line {each['number']}",
                mend="bring it back from the server: exitflow mend; what it says it cannot bring "
                "up is in a copy of the registry.",
            )
        yield from self._episodes_of_nobody()

    def _episodes_of_nobody(self) -> Iterator[Finding]:
        table = table_of(EpisodeRow)
        ended = table.c.exited_on.is_not(None)
        ordered = table.c.case_id.is_not(None) & table.c.seq.is_not(None)
        said = sa.or_(
            *(table.c[name].is_not(None) for name in ("exit_year", "document", "case_id", "seq"))
        )
        # What ended with the household itself is held against the journal (``registry.digests``).
        household = table_of(HouseholdRow)
        with_household = (
            sa.exists()
            .where(
                household.c.code == table.c.household_code,
                household.c.gone_on == table.c.exited_on,
                household.c.gone_because == table.c.gone_because,
            )
            .correlate(table)
        )
        parted = (table.c.gone_because == Gone.SPLIT_OFF) & (
            table.c.exited_on == table.c.registered_on
        )
        gone = (with_household | parted) & ended & ~said
        query = sa.select(table).where(((ended & ~ordered) | (~ended & said)) & ~gone)
        for row in read_rows(self._session.connection(), query):
            key = (row["household_code"], row["number"])
            what = (
                "ended, and no case ordered it" if row["exited_on"] else "open, with an exit's case"
            )
            yield altered(table, key, "exited_on", f"the time in the register is {what}")


def _by_another_entry(
    case: KeptCase, episodes: Iterable[Row], made: Mapping[int, Row]
) -> Iterator[Finding]:
    """Episodes whose entry is another than the one by which they were ended, or begun."""
    for row in episodes:
        for by, seq in (("case_id", "seq"), ("opened_by", "opened_seq")):
            if row[by] == case.id and row[seq] not in made:
                key = (row["household_code"], row["number"])
                what = (
                    f"{shown(seq, row[seq])} is kept, and {case.id} changed nothing by that entry"
                )
                yield altered(table_of(EpisodeRow), key, seq, what)


def _lots(ids: Sequence[str]) -> Iterator[list[str]]:
    """Cases in lots; a township's follow-ups together, whose marks go on from year to year."""
    lot: list[str] = []
    for id in ids:
        goes_on = (
            bool(lot)
            and identity_of(id).procedure is FOLLOW_UP
            and _township(id) == _township(lot[-1])
        )
        if len(lot) >= AT_ONCE and not goes_on:
            yield lot
            lot = []
        lot.append(id)
    if lot:
        yield lot


def _township(id: str) -> str:
    return id.rpartition("/")[0]


def _listed(case: KeptCase, own: Iterable[Row], row: type[Table]) -> Iterator[Row]:
    """Whom the admission put on the case's list, of those that no entry names yet."""
    due: dict[str, str | None] = {}
    for _, content in case.said(JournalKind.LISTED):
        due |= dict.fromkeys(content.get("households", ()), content.get("due_on"))
        for code in content.get("taken_off", ()):
            due.pop(code, None)
    year = identity_of(case.id).year
    follow_up = identity_of(case.id).procedure is FOLLOW_UP
    if follow_up != (row is CheckRow):
        return
    for code in sorted(due.keys() - {each["household_code"] for each in own}):
        common = {"case_id": case.id, "household_code": code, "year": year}
        if row is CheckRow:
            yield common | {"due_on": datetime.fromisoformat(due[code] or "").date(), "seq": None}
        else:
            yield common | {"state": State.DRAFTED.value, "reason": None, "since": 0}


# -- rows that are bound by the journal -------------------------------------------------------


def _sample(case: KeptCase, row: Row) -> Iterator[Finding]:
    """F6: as it was drawn, and as its entry says."""
    table, key = table_of(SampleRow), (case.id,)
    lines = case.said(JournalKind.SAMPLE)
    if not lines:
        yield _foreign(table, key, case.id, "the journal knows nothing of it")
        return
    line, content = lines[-1]
    yield from _told_otherwise(table, key, row, content["row"], line["number"])
    if sha256(row["frame"].encode()).hexdigest() != row["sha256"]:
        yield altered(table, key, "frame", "its SHA-256 is another than the draw is bound to")
    for entry in case.entries:
        if entry.kind is EntryKind.SAMPLE and canonical(entry.data.get("sample")) != row["drawn"]:
            yield altered(table, key, "drawn", f"entry {entry.seq} has another draw")


def _has_drawn(case: KeptCase) -> bool:
    return bool(case.said(JournalKind.SAMPLE)) or any(
        entry.kind is EntryKind.SAMPLE for entry in case.entries
    )


def _told_otherwise(
    table: sa.Table, key: tuple[Any, ...], row: Row, told: Mapping[str, str], line: int
) -> Iterator[Finding]:
    for name, value in column_digests(row).items():
        if told.get(name) != value:
            yield altered(table, key, name, f"it is not what line {line} of the journal saw")


def _posted_anew(case: KeptCase, row: Row) -> bool:
    """Whether a notice was posted again, as midnight had passed: no entry carries the first one."""
    return any(
        entry.seq > row["seq"]
        and entry.kind is EntryKind.NOTICE
        and f"《{row['title']}》跨日发布" in entry.text
        for entry in case.entries
    )


def _missing(table: sa.Table, key: tuple[Any, ...], file: str) -> Finding:
    return Finding(
        part="files",
        where=place(table, key),
        what=f"the row is missing, which {file} put there",
        mend=DONE_AGAIN,
    )


def _foreign(table: sa.Table, key: tuple[Any, ...], file: str, why: str) -> Finding:
    return Finding(
        part="files",
        where=place(table, key),
        what=f"the row claims to be of {file}, and {why}",
        mend=f"{NOT_OF_A_FILE}.",
    )


def _of_no_case(id: str) -> Finding:
    return Finding(
        part="files",
        where=place(CASES, (id,)),
        what="no case has such an id",
        mend="find out who put it there, then take it out with what belongs to it.",
    )
