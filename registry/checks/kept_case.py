"""One case as the registry keeps it: its row, its file, and what the journal saw of both (G7)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from models.base import canonical
from models.case.ledger import Entry, digest, root
from models.case.orders import LimitInForce
from models.checks.findings import Finding
from models.checks.journal import JournalKind, column_digests, short
from registry.cases.limits import columns_of
from registry.checks.replay import identity_of
from registry.checks.values import (
    NOT_OF_A_FILE,
    Row,
    column_differences,
    content_of,
    place,
    table_of,
)
from registry.tables import CaseRow, LimitRow, Table, storable

_HOLDS = {
    JournalKind.ADMITTED: ("entries", "head", "state", "limits"),
    JournalKind.ENTRIES: ("entries", "head", "state", "limits"),
    JournalKind.CHANGED: ("entry",),
    JournalKind.NOTICE: ("key", "row"),
    JournalKind.SAMPLE: ("row",),
}
"""What a line of a kind must hold; one that was made unreadable is found in the journal itself."""

CASES, LIMITS = table_of(CaseRow), table_of(LimitRow)


@dataclass
class KeptCase:
    """All that the registry has of one case."""

    row: Row
    kept: list[Row]
    lines: list[Row]
    tables: dict[type[Table], list[Row]]
    entries: list[Entry] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.row["case_id"])

    @property
    def is_open(self) -> bool:
        return self.row["outcome"] is None

    def said(self, kind: JournalKind) -> list[tuple[Row, dict[str, Any]]]:
        """Lines of a kind with their content, of those that can be read."""
        found = [(line, content_of(line)) for line in self.lines if line["kind"] == kind.value]
        return [each for each in found if all(name in each[1] for name in _HOLDS.get(kind, ()))]


def chain(case: KeptCase) -> Iterator[Finding]:
    """The entries as they are kept; the first break of their chain is told, and no later one."""
    previous, broken = root(case.id), False
    hashes = [previous]
    for position, row in enumerate(case.kept, start=1):
        where = f"ledger_entries {case.id} {row['seq']}"
        try:
            entry = Entry.model_validate_json(row["content"])
        except ValueError:
            yield tampered(where, "its content cannot be read")
            broken = True
            continue
        case.entries.append(entry)
        hashes.append(entry.hash)
        for column in ("seq", "kind", "at", "step", "round", "actor", "text", "previous", "hash"):
            said = getattr(entry, column)
            if row[column] != (storable(said) if isinstance(said, str) else said):
                yield tampered(f"{where}, column {column}", "it is not what the entry itself says")
        if canonical(entry.model_dump(mode="json")) != row["content"]:
            yield tampered(f"{where}, column content", "it was written otherwise by the case")
        if not broken and (entry.seq != position or entry.previous != previous):
            broken = True
            yield tampered(where, f"it does not follow entry {position - 1} as it is kept")
        elif not broken and entry.hash != digest(entry):
            broken = True
            yield tampered(where, "it was altered after it was recorded")
        previous = entry.hash
    seen = 0
    for line, content in case.said(JournalKind.ENTRIES):
        count, head = content["entries"], content["head"]
        if count >= len(hashes):
            yield Finding(
                part="files",
                where=f"ledger_entries {case.id}",
                what=f"the file was cut short: {len(hashes) - 1} entries are kept, and line "
                f"{line['number']} of the journal saw {count}",
                mend="bring them back from the server: exitflow mend; what it says it cannot "
                "bring up is in a copy of the registry.",
            )
            return
        seen = max(seen, count)
        if hashes[count] != head:
            yield tampered(
                f"ledger_entries {case.id} {count}",
                f"the file was written again: line {line['number']} of the journal saw another "
                f"entry ({head[:12]})",
            )
            return
    if not broken and seen < len(case.entries):
        yield tampered(
            f"ledger_entries {case.id} {seen + 1}",
            "the entry is in the file, and the journal has not seen it come in",
        )


def rows_of_the_lists(case: KeptCase) -> Iterator[Finding]:
    """The case's row and its limits: as its last line in the journal has them, and its id says."""
    row, said = case.row, identity_of(case.id)
    of_state = [
        each for kind in (JournalKind.ADMITTED, JournalKind.ENTRIES) for each in case.said(kind)
    ]
    if not of_state:
        yield Finding(
            part="files",
            where=f"cases {case.id}",
            what="the registry admitted no such case: the journal knows nothing of it",
            mend="find out who put it there, then take it out with what belongs to it.",
        )
        return
    line, content = max(of_state, key=lambda each: each[0]["number"])
    kept = {
        name: value for name, value in row.items() if name not in ("case_id", "entries", "head")
    }
    told = content["state"]
    wanted: dict[str, Any] = {"entries": content["entries"], "head": content["head"]}
    wanted |= said._asdict() | {"procedure": said.procedure.id}
    found = list(column_differences(CASES, wanted, row, case.id))
    yield from found
    named = {each.where.rpartition(" ")[2] for each in found}
    saw = f"line {line['number']} of the journal saw after the last entry"
    for name, value in column_digests(kept).items():
        if told.get(name) != value and name not in named:
            named.add(name)
            yield altered(CASES, (case.id,), name, f"it is not what {saw}")
    yield from _limits(case, content["limits"], saw, named)


def _limits(
    case: KeptCase, told: Sequence[str], saw: str, named: Collection[str]
) -> Iterator[Finding]:
    """The limits in force; their columns, made for SQL, say what limit and case say.

    Args:
        named: Columns that are wrong in the row of the case: they are told once.
    """
    kept = {row["place"]: row for row in case.tables[LimitRow]}
    for number, content in enumerate(told):
        row, key = kept.pop(number, None), (case.id, number)
        if row is None:
            yield Finding(
                part="files",
                where=place(LIMITS, key),
                what=f"the limit is missing, which {saw}",
                mend="put it back from a copy of the registry, and find out who took it out.",
            )
        elif short(row["content"]) != content:
            yield altered(LIMITS, key, "content", f"it is not what {saw}")
        else:
            held = LimitInForce.model_validate_json(row["content"])
            wanted = columns_of(case.row, number, held)
            wanted = {name: value for name, value in wanted.items() if name not in named}
            yield from column_differences(LIMITS, wanted, row, case.id)
    for number in kept:
        yield Finding(
            part="files",
            where=place(LIMITS, (case.id, number)),
            what=f"the row is there, and is no limit that {saw}",
            mend=f"{NOT_OF_A_FILE}.",
        )


def turns(case: KeptCase) -> Iterator[tuple[int, tuple[Entry, ...]]]:
    """The entries of a file as they came in: with the number of the journal's line."""
    taken = 0
    number = 0
    for line, content in case.said(JournalKind.ENTRIES):
        part = case.entries[taken : content["entries"]]
        number = line["number"]
        if part:
            yield number, tuple(part)
            taken += len(part)
    if case.entries[taken:]:
        yield number + 1, tuple(case.entries[taken:])


def tampered(where: str, what: str) -> Finding:
    return Finding(
        part="files",
        where=where,
        what=what,
        mend="compare with a copy of the registry and with the case itself (`exitflow case "
        "--ledger`), put back the true entries, and find out who changed them.",
    )


def altered(table: sa.Table, key: tuple[Any, ...], column: str, why: str) -> Finding:
    return Finding(
        part="files",
        where=f"{place(table, key)}, column {column}",
        what=why,
        mend="put back what a copy of the registry has there, and find out who changed it.",
    )
