"""The outbox against the files: who a file says was told stands in it, and nobody else (T8, G7).

The text of a notification and its contact stand on no file, and cannot be held against one. What a
channel has received, who has it can say alone: its log may be rotated, mail may be lost.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models.case.ledger import Entry, EntryKind
from models.case.orders import Notification
from models.checks.findings import Finding
from models.identity import is_case
from registry.checks.kept_case import CASES, KeptCase, altered
from registry.checks.values import NOT_OF_A_FILE, Row, column_differences, place, table_of
from registry.tables import DeliveryRow, OutboxRow

_OUTBOX, _DELIVERIES = table_of(OutboxRow), table_of(DeliveryRow)
_KEY = ("case_id", "seq", "number", "channel")


def of_case(case: KeptCase) -> Iterator[Finding]:
    """What a case told, by its file and by the outbox."""
    kept: defaultdict[tuple[int, int], list[Row]] = defaultdict(list)
    for row in case.tables[OutboxRow]:
        kept[row["seq"], row["number"]].append(row)
    for entry in case.entries:
        told = entry.data.get("told") if entry.kind is EntryKind.NOTIFIED else None
        for number, said in enumerate(told if isinstance(told, list) else (), start=1):
            rows = kept.pop((entry.seq, number), [])
            if not rows:
                yield Finding(
                    part="files",
                    where=place(_OUTBOX, (case.id, entry.seq, number)),
                    what=f"the row is missing: entry {entry.seq} says that somebody was told this",
                    mend="read there who should know of what, and tell them; put the row back from "
                    "a copy of the registry, and find out who took it out.",
                )
            for row in rows:
                yield from _as_on_file(case, row, entry, said)
    for rows in kept.values():
        for row in rows:
            yield _nobodys(_OUTBOX, row, f"no entry of {case.id} says that anybody was told this")


def _as_on_file(case: KeptCase, row: Row, entry: Entry, said: Any) -> Iterator[Finding]:
    try:
        content = Notification.model_validate_json(row["content"])
    except ValueError:
        content = None
    key = tuple(row[name] for name in _KEY)
    if content is None or content.on_file != said:
        yield altered(_OUTBOX, key, "content", f"it is not what entry {entry.seq} says")
        return
    wanted = {"topic": content.topic, "recipient": content.recipient.on_file, "at": entry.at}
    yield from column_differences(_OUTBOX, wanted, row, case.id)


def without_a_file(session: Session) -> Iterator[Finding]:
    """Rows of cases that are not listed, and deliveries of what was never in the outbox.

    Rounds and the check itself tell, too, and keep no file.
    """
    connection = session.connection()
    keys = [_OUTBOX.c[name] for name in _KEY]
    unknown = sa.select(*keys).where(_OUTBOX.c.case_id.not_in(sa.select(CASES.c.case_id)))
    for row in connection.execute(unknown.order_by(*keys)).mappings():
        if is_case(row["case_id"]):
            yield _nobodys(_OUTBOX, dict(row), "the registry has no such case")
    keys = [_DELIVERIES.c[name] for name in _KEY]
    same = sa.and_(*(_OUTBOX.c[name] == _DELIVERIES.c[name] for name in _KEY))
    never = sa.select(*keys).where(~sa.exists().where(same)).order_by(*keys)
    for row in connection.execute(never).mappings():
        yield _nobodys(_DELIVERIES, dict(row), "the outbox has nothing that could be delivered so")


def _nobodys(table: sa.Table, row: Row, why: str) -> Finding:
    key = tuple(row[name] for name in _KEY)
    return Finding(part="files", where=place(table, key), what=why, mend=f"{NOT_OF_A_FILE}.")
