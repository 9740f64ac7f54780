"""Sending: one message to one case, as an update that is answered or as a signal that is kept."""

from collections.abc import Iterator, Sequence
from typing import TypeVar
from uuid import uuid4

from models.base import Record, canonical
from models.case import bounds
from models.case.messages import (
    Act,
    Objection,
    PostingReport,
    Receipt,
    Resolution,
    Withdrawal,
)
from models.case.status import CaseStatus
from models.follow_up.messages import RiskMark, Visits
from models.identity import content_id
from models.periods import beijing
from models.roster.messages import Amendment, Consents
from models.supervision.messages import Findings, Plea
from operators.desk.answers import not_going_on
from operators.desk.desk import Desk, NoCase, open_desk
from operators.desk.registry import utc_now
from operators.views.terminal import say
from workers.connection import run

M = TypeVar(
    "M",
    Act,
    Amendment,
    Consents,
    Objection,
    PostingReport,
    Resolution,
    Withdrawal,
    Visits,
    RiskMark,
    Findings,
    Plea,
)

R = TypeVar("R", bound=Record)

_UNIDENTIFIED = "not-yet-derived"


def given(id: str | None) -> str:
    """The sender's own id, or what stands for it until one is derived."""
    return _UNIDENTIFIED if id is None else id


def hand_in(case_id: str, message: M, signal: bool) -> None:
    """Send a message and print its receipt; as a signal, print under which id it was left."""
    run(_hand_in(case_id, message, signal))


def hand_in_all(case_id: str, messages: Sequence[M], signal: bool) -> None:
    """Send what was too much for one message, part by part.

    Should one of them fail, those before it count; the same command sends them again, and each of
    them counts once.
    """
    for number, message in enumerate(messages, start=1):
        if len(messages) > 1:
            say(f"part {number} of {len(messages)}")
        hand_in(case_id, message, signal)


async def _hand_in(case_id: str, message: M, signal: bool) -> None:
    async with open_desk() as desk:
        found = await desk.amiss(case_id)
        # The server keeps a signal for one that is paused until it goes on.
        if found is not None and not (signal and found.how == "paused"):
            raise NoCase(not_going_on(case_id, found))
        if signal:
            message = _with_new_id(message)
            await desk.post(case_id, message)
            say(f"left with the server as {message.id}; `exitflow case {case_id}` shows its effect")
            return
        before = await desk.status(case_id)
        message = _with_derived_id(before, message)
        receipt = await _send(desk, case_id, message)
    # An entry that was on file before is the receipt of the same message sent earlier.
    again = "was received before: " if receipt.seq <= before.entries else ""
    say(f"{again}entry {receipt.seq}, {message.id}", receipt.text)


async def _send(desk: Desk, case_id: str, message: M) -> Receipt:
    match message:
        case Act():
            return await desk.act(case_id, message)
        case Amendment():
            return await desk.amend(case_id, message)
        case Consents():
            return await desk.consent(case_id, message)
        case Findings():
            return await desk.check(case_id, message)
        case Plea():
            return await desk.plead(case_id, message)
        case Objection():
            return await desk.object(case_id, message)
        case PostingReport():
            return await desk.posted(case_id, message)
        case Resolution():
            return await desk.resolve(case_id, message)
        case RiskMark():
            return await desk.mark(case_id, message)
        case Visits():
            return await desk.visit(case_id, message)
        case Withdrawal():
            return await desk.withdraw(case_id, message)


def _kind(message: M) -> str:
    return type(message).__name__.lower()


def _with_derived_id(seen: CaseStatus, message: M) -> M:
    if message.id != _UNIDENTIFIED:
        return message
    return message.model_copy(update={"id": derived_id(seen, message)})


def derived_id(seen: CaseStatus, message: M) -> str:
    """The id of what is said to a case in a round on a day; in a later round it is another.

    So it is where an act has lapsed since, which may be given again; where it is about all that
    wait, and others have come to wait; and where households were sent back, who need all of it
    again (H2).
    """
    content = canonical(message.model_dump(mode="json", exclude={"id"}))
    said = [str(seen.round), beijing(utc_now()).date().isoformat(), content]
    if isinstance(message, Act) and seen.lapsed:
        said.append(f"lapsed {seen.lapsed}")
    if isinstance(message, Act | Consents) and seen.households is not None:
        if isinstance(message, Act) and not message.households:
            said.append(f"renewed {seen.households.renewed}")
        elif seen.households.sent_back:
            said.append(f"sent back {seen.households.sent_back}")
    return content_id(_kind(message), seen.case_id, *said)


def _with_new_id(message: M) -> M:
    if message.id != _UNIDENTIFIED:
        return message
    return message.model_copy(update={"id": f"{_kind(message)}-{uuid4().hex[:20]}"})


# -- many items ------------------------------------------------------------------------------

_SHARE = 2
"""A part fills half of a message: the rest of it has room for fifty documents of evidence."""

MOST_IN_ONE = 500
"""Items in a message, however short."""


def in_parts(kind: str, items: Sequence[R], id: str | None) -> Iterator[tuple[str, tuple[R, ...]]]:
    """What goes into each message of a kind, in the order of the items, with the message's id.

    Args:
        id: The sender's own id; where there are several messages, their numbers stand behind it.
    """
    parts = list(_parts(items, bounds.longest(kind) // _SHARE))
    for number, part in enumerate(parts, start=1):
        yield given(id if id is None or len(parts) == 1 else f"{id}.{number}"), part


def _parts(items: Sequence[R], most: int) -> Iterator[tuple[R, ...]]:
    part: list[R] = []
    size = 0
    for item in items:
        more = bounds.size_of(item.content()) + 1
        if part and (size + more > most or len(part) == MOST_IN_ONE):
            yield tuple(part)
            part, size = [], 0
        part.append(item)
        size += more
    if part:
        yield tuple(part)
