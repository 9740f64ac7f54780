"""Messages that a case refused for want of a key, and that can be read now (G1, G7).

A desk had a key before the worker. What it sent is on file as refused, whole and sealed, and nobody
has heard it. Once the key is there a check names it, until the message has been sent again.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models.case.ledger import EntryKind
from models.checks.findings import Finding
from registry.checks.values import place, read_rows, table_of
from registry.tables import CaseRow, EntryRow

Opener = Callable[[str], str | None]
"""Opens what an entry keeps sealed; None if it cannot."""

_ENTRIES, _CASES = table_of(EntryRow), table_of(CaseRow)


def findings(session: Session, opener: Opener) -> Iterator[Finding]:
    """Each message that can be opened now and has not been heard since."""
    like = _ENTRIES.c.content.contains('"key":', autoescape=True)
    refused = _ENTRIES.c.kind == EntryKind.REFUSED.value
    cases = sa.select(_ENTRIES.c.case_id).where(refused, like).distinct()
    for case_id in sorted(map(str, session.connection().scalars(cases))):
        yield from _of_case(session, case_id, opener)


def _of_case(session: Session, case_id: str, opener: Opener) -> Iterator[Finding]:
    query = sa.select(_ENTRIES).where(_ENTRIES.c.case_id == case_id).order_by(_ENTRIES.c.seq)
    file = {row["seq"]: _read(row["content"]) for row in read_rows(session.connection(), query)}
    heard = {id for data in file.values() for id in _ids(data)}
    ended = sa.select(_CASES.c.outcome).where(_CASES.c.case_id == case_id)
    how = (
        "hand it in to the supervision of the provincial group: the case has ended."
        if session.connection().scalar(ended) is not None
        else "send it again, or have its sender do so."
    )
    for seq, data in file.items():
        if "key" not in data or "content" not in data:
            continue
        more = [str(each["content"]) for each in file.values() if each.get("continues") == seq]
        said = opener("".join([str(data["content"]), *more]))
        if said is None or heard.intersection(_ids({"said": _json(said)})):
            continue
        yield Finding(
            part="files",
            where=place(_ENTRIES, (case_id, seq)),
            what="a message was refused because the worker did not have its key; the key is here "
            "now, and nobody has heard what it says",
            mend=f"see that the worker has the key, read it: exitflow case {case_id} "
            f"--entry {seq}, then {how}",
        )


def _read(content: Any) -> dict[str, Any]:
    """What an entry holds; nothing, if somebody has made it unreadable."""
    data = _json(content)
    found = data.get("data") if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None


def _ids(data: dict[str, Any]) -> Iterator[str]:
    """Ids of the messages that an entry keeps, taken in or refused for what they say."""
    kept = [*data.values(), _json(data.get("content"))]
    for message in kept:
        if isinstance(message, dict) and isinstance(message.get("id"), str):
            yield message["id"]
