"""What one run of a case hands over to the next (Temporal: continue as new).

A case that lasts for years, or that a whole village objects to, would have a history that a worker
needs minutes to play from its beginning. So a case that is at rest ends its run, and goes on in a
new one under the same id. What it still has to know goes with it; its file up to there is in the
registry, and no run writes it again.

Only a case at rest hands over: everything on file is kept, nobody is waiting to be heard, no act
and no result is waiting to be acted on, all that is told lies in the outbox. So nothing of that
kind is in here.
"""

import zlib
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any

from pydantic import Field, JsonValue

from models.base import Moment, Record
from models.calendar import Calendar
from models.case.limits import Watched
from models.case.mailbox import Expectation, M, OnBoard, OpenObjection, Received
from models.case.messages import Act, Decision, Objection, PostingReport, Resolution
from models.case.parts import Evidence
from models.case.state import Docket
from models.offices import Office
from models.periods import Limit

MOST_BYTES = 900_000
"""Of a handover as it is sent, together with the opening, with which it goes: both have to fit into
a payload. A case with more to hand over goes on in its old run, as one may with 3 000 open
objections, each of which has a long name and a long address."""


class Objected(Record):
    """An objection, report or plea with its result; what they say is on file.

    Who objected, and where the answer goes, is in it as long as that or a review lies ahead (G1).
    """

    received: Received[Objection]
    report: bool
    investigator: Office
    answered: bool = False
    resolution: Received[Resolution] | None = None
    pleader: Office | None = None
    reviewed_by: str | None = None


Passed = Received[Act] | bool | None
"""What a wait has brought: the act that a step was given, that something has come, or nothing."""


class Awaited(Record):
    """Whose act is awaited at which step."""

    step: str
    office: Office
    decisions: tuple[Decision, ...]


class KnownMessage(Record):
    """A message that was received: sent again, it has no second effect.

    Attributes:
        sha256: Beginning of the hash of its content.
    """

    kind: str
    id: str
    sha256: str
    seq: int


class Handover(Record):
    """Everything that the next run of a case has to know.

    Attributes:
        orders: How many orders the case has given: the next one has the next number.
        passed: What the waits of the present step have brought so far, in their order.
        own: What the procedure keeps of its own.
        reception: Counters of what was received, by name.
    """

    entries: int
    head: str
    run: str
    token: str
    calendar: Calendar
    orders: int
    step: str
    round: int
    basis: Moment
    arrived: Moment
    notice: str | None
    passed: tuple[Passed, ...]
    awaited: Awaited | None
    posted: Limit | None
    done: dict[str, Moment]
    officers: dict[str, str]
    acted: tuple[Office, ...]
    lapsed: int
    unfiled: int
    mendings: int
    vain: int
    limits: tuple[Watched, ...]
    objections: tuple[Objected, ...]
    notices: tuple[OnBoard, ...]
    known: tuple[KnownMessage, ...]
    reception: dict[str, int]
    own: JsonValue = None


class Handed(Record):
    """A handover as it travels: compressed, as it is mostly repetition."""

    packed: str = Field(max_length=MOST_BYTES)

    @classmethod
    def of(cls, handover: Handover, opening: Record) -> "Handed | None":
        """None if it is more than a case can hand over with its opening."""
        packed = b64encode(zlib.compress(handover.model_dump_json().encode())).decode()
        besides = len(opening.model_dump_json(exclude={"handed"}).encode())
        return cls(packed=packed) if len(packed) + besides <= MOST_BYTES else None

    def unpacked(self) -> Handover:
        """What was handed over."""
        return Handover.model_validate_json(zlib.decompress(b64decode(self.packed)))


def is_at_rest(docket: Docket) -> bool:
    """Whether nothing waits in a case but time and people."""
    return not (
        docket.stirred
        or docket.outcome is not None
        or docket.withdrawal is not None
        or docket.posting
        or docket.preparing
        or docket.changing
        or docket.mending
        or docket.to_accept
        or docket.to_answer
        or docket.reports
        or any(docket.acts.values())
    )


def standing_of(docket: Docket) -> dict[str, Any]:
    """The part of a handover that every case's state has."""
    expected, limits = docket.expected, docket.watch.in_force()
    awaited = (
        None
        if expected is None
        else Awaited(step=expected.step.id, office=expected.office, decisions=expected.decisions)
    )
    return {
        "entries": docket.ledger.count,
        "head": docket.ledger.head,
        "run": docket.run,
        "token": docket.token,
        "calendar": docket.reckoning.calendar,
        "step": docket.step.id,
        "round": docket.round,
        "basis": docket.basis,
        "awaited": awaited,
        "posted": docket.posted,
        "done": docket.done,
        "officers": docket.officers,
        "acted": tuple(docket.acted),
        "lapsed": docket.lapsed,
        "unfiled": docket.unfiled,
        "limits": tuple(limits),
        "objections": tuple(map(_objected, docket.objections.values())),
        "notices": tuple(map(_on_board, docket.notices.values())),
    }


def take_over(docket: Docket, handed: Handover) -> None:
    """Let a case that has just begun stand where its earlier run stood."""
    steps = {step.id: step for step in docket.route}
    docket.ledger.base, docket.ledger.base_head = handed.entries, handed.head
    docket.begin(handed.run, handed.token)
    docket.reckoning.learn(handed.calendar)
    docket.step, docket.round = steps[handed.step], handed.round
    docket.basis, docket.posted = handed.basis, handed.posted
    docket.done, docket.officers = dict(handed.done), dict(handed.officers)
    docket.acted = dict.fromkeys(handed.acted)
    docket.lapsed, docket.unfiled, docket.preparing = handed.lapsed, handed.unfiled, False
    if handed.awaited is not None:
        awaited = handed.awaited
        docket.expected = Expectation(steps[awaited.step], awaited.office, awaited.decisions)
    for watched in handed.limits:
        docket.watch.keep(watched)
    for objected in handed.objections:
        docket.keep_objection(_objection(objected))
    for notice in handed.notices:
        running = docket.watch.get(notice.watched.key)
        if running is not None and running.limit == notice.watched.limit:
            notice.watched = running  # its days are in force: one limit, not two
        docket.notices[notice.notice_id] = notice


_ON_FILE, _PROOF = "见案卷", Evidence(name="见案卷", sha256="0" * 64)
"""In place of what was said, and of what a result rests on: nobody asks a case for that."""


def _objected(objection: OpenObjection) -> Objected:
    named = not objection.answered or objection.is_reviewable
    without: dict[str, Any] = {} if named else {"objector": None, "contact": None}
    result = objection.resolution
    return Objected.model_construct(
        received=_without(objection.received, text=_ON_FILE, evidence=(), **without),
        report=objection.report,
        investigator=objection.investigator,
        answered=objection.answered,
        resolution=None
        if result is None
        else _without(result, reason=_ON_FILE, evidence=(_PROOF,)),
        pleader=objection.pleader,
        reviewed_by=objection.reviewed_by,
    )


def _on_board(notice: OnBoard) -> OnBoard:
    posted, removed = map(_told, (notice.posted, notice.removed))
    return replace(notice, posted=posted, removed=removed)


def _told(report: Received[PostingReport] | None) -> Received[PostingReport] | None:
    if report is None:
        return None
    proofs = len(report.message.evidence)  # shown by its number alone
    return _without(report, reason=None, evidence=(_PROOF,) * proofs)


def _without(received: Received[M], **instead: Any) -> Received[M]:
    return replace(received, message=received.message.model_copy(update=instead))


def _objection(objected: Objected) -> OpenObjection:
    return OpenObjection(accepted=True, **dict(objected))
