"""When a case and the registry tell its file differently (G7): the kept one stands.

A server restored from an older copy, or a case reset by hand, has forgotten what the registry has.
Its entries then contradict the kept ones, and the case waits until somebody asks it to mend. It
takes the kept file as its own, puts what it had written otherwise on file as such, takes in again
what it had forgotten, and goes on.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import JsonValue

from models.base import Reason, Record, Text
from models.case.ledger import Entry, EntryKind, first_of
from models.case.messages import Outcome
from models.case.state import Docket
from models.orders import Order

_AT_ONCE = 400_000
"""Bytes of entries in one entry that keeps them: it has to fit into a payload."""

KNOWN_BY = 16
"""Characters of a hash by which an entry is known to be the same."""


class Mending(Record):
    """Who asks a case to take the kept file as its own, and why."""

    officer: Text
    reason: Reason


class Kept(Record):
    """The kept file behind an entry, as much of it as fits into an answer.

    Attributes:
        after: Behind which entry: before the first answer, the last that both have alike.
        total: How many entries are kept in all.
    """

    after: int
    entries: tuple[Entry, ...]
    total: int


class KeptOrder(Order[Kept]):
    """What a case asks of its kept file.

    Attributes:
        base: How many entries come before the first that it has itself.
        heads: The beginning of the hash of each of those.
        after: How many entries it has read already; None to begin where its own differ.
    """

    activity = "kept_file"
    case_id: str
    base: int = 0
    heads: tuple[str, ...]
    after: int | None = None

    @property
    def summary(self) -> str:
        return "G7 核对留存案卷"


def heads(entries: Sequence[Entry]) -> tuple[str, ...]:
    """What entries are compared by."""
    return tuple(entry.hash[:KNOWN_BY] for entry in entries)


def adopt(
    docket: Docket, after: int, kept: Sequence[Entry], asked: Mending, now: datetime
) -> Entry:
    """Let a case take the kept file as its own; what it said otherwise stays on file as such.

    What it had forgotten is still to be taken in again (``Docket.mended``).

    Args:
        after: The last entry that both have alike.
        kept: What the registry keeps behind it.

    Returns:
        The last entry that keeps what the case said otherwise.
    """
    ledger = docket.ledger
    first = after - ledger.base
    own = ledger.entries[first:]
    ledger.entries[first:] = kept
    left: Sequence[Entry] = own
    while True:
        some = first_of(left, _AT_ONCE)
        left = left[len(some) :]
        said = f"，本案另有记载{len(some)}条，附后" if some else ""
        data: dict[str, JsonValue] = {
            "after": after,
            "kept": len(kept),
            "officer": asked.officer,
            "reason": asked.reason,
            "entries": [entry.model_dump(mode="json") for entry in some],
        }
        text = f"案卷自第{after + 1}条起与登记留存不一致，以留存案卷为准{said}"
        entry = docket.record(EntryKind.CONTRADICTED, now, text, data)
        if not left:
            break
    _renumber(docket, entry.seq)
    return entry


def ended_by(kept: Sequence[Entry]) -> Outcome | None:
    """How a case has ended by its kept file; None if it is open."""
    closed = next((each for each in kept if each.kind is EntryKind.CLOSED), None)
    return Outcome.model_validate(closed.data["outcome"]) if closed is not None else None


def _renumber(docket: Docket, last: int) -> None:
    """What was received under a number that is not its own any more came before what comes now."""
    for key, waiting in docket.acts.items():
        docket.acts[key] = [replace(each, seq=min(each.seq, last)) for each in waiting]
    for objection in docket.objections.values():
        objection.received = replace(objection.received, seq=min(objection.received.seq, last))
        if objection.resolution is not None:
            seq = min(objection.resolution.seq, last)
            objection.resolution = replace(objection.resolution, seq=seq)
    if docket.withdrawal is not None:
        docket.withdrawal = replace(docket.withdrawal, seq=min(docket.withdrawal.seq, last))
