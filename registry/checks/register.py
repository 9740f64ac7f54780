"""The journal itself, and the register's own parts against it; a server is not needed."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from models.checks.findings import Finding
from models.checks.journal import BEGINNING, JournalHead, line_hash
from models.procedures import VILLAGE_EXIT
from registry.checks.cases import Shared
from registry.checks.values import (
    Row,
    column_differences,
    content_of,
    place,
    read_rows,
    shown,
    table_of,
)
from registry.digests import all_keys, digests_of, tables_that_differ
from registry.journal import REGISTER, head_of
from registry.register.change_ledger import broken_ledgers
from registry.register.office_records import broken_ties
from registry.tables import (
    DivisionRow,
    JournalRow,
    PlanRow,
    StatusRow,
    Table,
    VillageRow,
    VillageStatusRow,
    VillageYearRow,
)

_AT_ONCE = 500


class RegisterCheck:
    """Looks at the journal and at the register; what is wrong comes out of the methods."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._connection = session.connection()
        self._told: dict[str, tuple[str, int]] = {}

    # -- the journal --------------------------------------------------------------------------

    def journal(self, older: Iterable[tuple[str, JournalHead]]) -> Iterator[Finding]:
        """The chain of the journal, and older heads of it that somebody kept.

        Args:
            older: Where each head was kept, and the head.
        """
        wanted = {head.hash: (kept, head) for kept, head in older if head.number}
        previous, number = BEGINNING, 0
        for line in self._lines():
            number += 1
            if line["number"] != number or line["previous"] != previous or not _is_whole(line):
                yield _journal_fault(
                    f"journal {number}", "the line is missing, was altered, or does not follow"
                )
                number = line["number"]
            previous = line["hash"]
            of = wanted.get(previous)
            if of is not None and of[1].number == number:
                del wanted[previous]
            yield from self._register_line(line)
        for kept, head in wanted.values():
            yield _journal_fault(
                f"journal {head.number}",
                f"{kept} has {head.hash[:12]} for the head of {head.number} lines, and the journal "
                f"does not have that line; it ends with line {number}",
            )

    def _lines(self) -> Iterator[Row]:
        table = table_of(JournalRow)
        after = 0
        while True:
            query = sa.select(table).where(table.c.number > after).order_by(table.c.number)
            lot = read_rows(self._connection, query.limit(_AT_ONCE))
            yield from lot
            if len(lot) < _AT_ONCE:
                return
            after = lot[-1]["number"]

    def _register_line(self, line: Row) -> Iterator[Finding]:
        if not line["subject"].startswith(REGISTER):
            return
        content = content_of(line)
        for key, digest in content.get("before", {}).items():
            yield Finding(
                part="register",
                where=key,
                what=f"it had been changed past the journal ({tables_that_differ(digest, '')}) "
                f"when line {line['number']} ({content.get('what')}) changed it",
                mend="compare it with a copy of the registry from before; import the true rows "
                "again where they differ.",
            )
        self._told |= {
            key: (digest, line["number"]) for key, digest in content.get("parts", {}).items()
        }

    # -- the register's own parts -------------------------------------------------------------

    def parts(self, progress: Callable[[int, int], None]) -> Iterator[Finding]:
        """Villages, households, incomes, counties, lines, plans: as the journal has them last."""
        told = {key: value for key, value in self._told.items() if not key.startswith("surveys/")}
        keys = sorted({*all_keys(self._connection), *told})
        keys = [key for key in keys if not key.startswith("surveys/")]
        for first in range(0, len(keys), _AT_ONCE):
            some = keys[first : first + _AT_ONCE]
            found = digests_of(self._connection, some)
            for key in some:
                digest, line = told.get(key, ("", 0))
                if found.get(key, "") != digest:
                    yield _part_fault(key, digest, found.get(key, ""), line)
            progress(first + len(some), len(keys))

    def shared(self, shared: Shared) -> Iterator[Finding]:
        """Surveys of villages and additions to plans, in which files and imports have a say."""
        yield from self._surveys(shared)
        yield from self._additions(shared)

    def _surveys(self, shared: Shared) -> Iterator[Finding]:
        table = table_of(VillageYearRow)
        of_files: dict[tuple[str, int], tuple[str, int]] = {}
        for key, (digests, line) in self._told.items():
            if key.startswith("surveys/") and digests:
                for each in digests.split("."):
                    year, _, digest = each.partition(":")
                    of_files[key.partition("/")[2], int(year)] = (digest, line)
        left = {*of_files, *shared.surveys}
        now: dict[str, dict[int, str]] = {}
        rows = read_rows(self._connection, sa.select(table).order_by(*table.primary_key))
        for row in rows:
            village, year = of = (row["village_code"], row["year"])
            left.discard(of)
            by_case = shared.surveys.get(of)
            digest, line = of_files.get(of, ("", 0))
            if by_case is not None and (by_case[0] > line or _is_of_a_case(row)):
                yield from column_differences(table, by_case[1], row, by_case[2])
            elif _is_of_a_case(row):
                yield _row_fault(table, of, "no file of a case leads to it")
            else:
                if village not in now:
                    now = {village: self._years_of(village)}
                if now[village].get(year) != digest:
                    yield _row_fault(table, of, f"it is not what line {line} of the journal saw")
        for missing in sorted(left):
            yield _row_fault(table, missing, "the row is missing")

    def _years_of(self, village: str) -> dict[int, str]:
        digests = digests_of(self._connection, [f"surveys/{village}"])
        said = digests.get(f"surveys/{village}", "")
        pairs = (each.partition(":") for each in said.split(".") if each)
        return {int(year): digest for year, _, digest in pairs}

    def _additions(self, shared: Shared) -> Iterator[Finding]:
        table = table_of(PlanRow)
        left = dict(shared.plans)
        query = sa.select(table).where(table.c.addition.is_(True)).order_by(*table.primary_key)
        for row in read_rows(self._connection, query):
            key = (row["year"], row["subject_code"])
            said = left.pop(key, None)
            if said is None:
                yield _row_fault(table, key, "no file of a case leads to this addition (G6)")
            else:
                yield from column_differences(table, said[1], row, said[2])
        for (year, code), (_, _, case_id) in sorted(left.items()):
            here = (table.c.year == year) & (table.c.subject_code == code)
            if self._connection.scalar(sa.select(sa.func.count()).where(here)) == 0:
                what = f"the row is missing, which the file of {case_id} leads to (G6)"
                yield _row_fault(table, (year, code), what)

    def ties(self) -> Iterator[Finding]:
        """What offices have put down about an entry of a file (F10) is about that entry still."""
        for row, hash in broken_ties(self._session):
            there = f"the hash of that is {hash[:12]}" if hash else "that is not there"
            yield Finding(
                part="files",
                where=f"office_records {row.id}",
                what=f"it was put down about entry {row.entry} of {row.case_id} with the hash "
                f"{str(row.entry_hash)[:12]}, and {there}",
                mend="compare the file with a copy of the registry, and find out who changed it.",
            )

    def changes(self) -> Iterator[Finding]:
        """The ledgers of natural changes are whole chains (G7)."""
        for ledger, what in broken_ledgers(self._session):
            yield Finding(
                part="register",
                where=f"register_entries {ledger}",
                what=what,
                mend="compare it with a copy of the registry, and find out who changed it.",
            )

    def standings(self) -> Iterator[Finding]:
        """Each standing of a county or village ends where the next one begins."""
        for each in (StatusRow, VillageStatusRow):
            table = table_of(each)
            ends = _ends(self._connection, each)
            last: Row | None = None
            rows = read_rows(self._connection, sa.select(table).order_by(*table.primary_key))
            for row in rows:
                if last is not None:
                    same = row["code"] == last["code"]
                    follows = row["since"] if same else ends.get(last["code"])
                    yield from _until(table, last, follows)
                last = row
            if last is not None:
                yield from _until(table, last, ends.get(last["code"]))

    def head(self) -> JournalHead:
        """The journal's last line."""
        return head_of(self._session)


def _is_whole(line: Row) -> bool:
    if not isinstance(line["at"], datetime):
        return False
    said = (line["number"], line["kind"], line["subject"], line["at"], line["content"])
    return bool(line["hash"] == line_hash(*said, line["previous"]))


def _is_of_a_case(survey: Row) -> bool:
    return str(survey["source"]).startswith(f"{VILLAGE_EXIT.word}/")


def _ends(connection: sa.Connection, standings: type[Table]) -> dict[str, object]:
    """Since when the codes of places that ended with one are no longer in use."""
    of_standing = table_of(standings)
    if standings is VillageStatusRow:
        villages = table_of(VillageRow)
        query = sa.select(villages.c.code, villages.c.gone_on)
        return {code: day for code, day in connection.execute(query) if day is not None}
    divisions = table_of(DivisionRow)
    query = (
        sa.select(divisions.c.code, divisions.c.valid_until)
        .join(of_standing, of_standing.c.code == divisions.c.code)
        .where(
            divisions.c.successor.is_not(None),
            of_standing.c.until == divisions.c.valid_until,
        )
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _until(table: sa.Table, row: Row, follows: object) -> Iterator[Finding]:
    if row["until"] != follows:
        yield Finding(
            part="files",
            where=f"{place(table, (row['code'], row['since']))}, column until",
            what=f"{shown('until', row['until'])} is kept, and the next standing begins on "
            f"{shown('until', follows)}",
            mend="let it end on the day on which the next one begins; find out who changed it.",
        )


def _journal_fault(where: str, what: str) -> Finding:
    return Finding(
        part="journal",
        where=where,
        what=what,
        mend="compare with an older copy of the registry and the heads that are kept elsewhere; "
        "where you restored that copy yourself, put journal.heads aside under another name.",
    )


def _part_fault(key: str, told: str, found: str, line: int) -> Finding:
    kind, _, rest = key.partition("/")
    if not found:
        what = f"it is missing; line {line} of the journal has it"
    elif not told:
        what = "it is there, and no import is in the journal that put it there"
    elif kind == "village":
        what = f"{tables_that_differ(told, found)} of the village are not as line {line} left them"
    else:
        what = f"it is not as line {line} of the journal left it"
    names = {"village": "villages", "county": "counties", "line": "poverty_lines", "plan": "plans"}
    names |= {"mean": "provincial_means", "records": "office_records"}
    names |= {"changes": "register_entries"}
    return Finding(
        part="register",
        where=f"{names[kind]} {rest}",
        what=what,
        mend="compare it with a copy of the registry of that day, and put the true rows back.",
    )


def _row_fault(table: sa.Table, key: Iterable[object], what: str) -> Finding:
    return Finding(
        part="files",
        where=place(table, key),
        what=what,
        mend="compare it with a copy of the registry, put the true row back, and find out who "
        "changed it.",
    )


def heads_in(file: Path) -> list[tuple[str, JournalHead]]:
    """The heads of the journal that were written to a file, with the line they stand in."""
    found = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    for position, line in enumerate(lines, start=1):
        words = line.split()
        if len(words) == 3 and words[1].isdigit():
            head = JournalHead(number=int(words[1]), hash=words[2])
            found.append((f"{file.name}, line {position}", head))
    return found
