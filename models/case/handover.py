"""What one run of a case hands over to the next (Temporal: continue as new).

A case that lasts for years, or that a whole village objects to, would have a history that a worker
needs minutes to play from its beginning. So a case that is at rest ends its run, and goes on in a
new one under the same id. What it still has to know goes with it; its file up to there is in the
registry, and no run writes it again.

Only a case at rest hands over: everything on file is kept, nobody is waiting to be heard, no act
and no result is waiting to be acted on, everybody has been told. So nothing of that kind is in
here, but for what a channel would not take yet.
"""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import Field, JsonValue

from models.base import Moment, Record
from models.case.limits import Watch, Watched
from models.case.mailbox import Expectation, OnBoard, OpenObjection, Received
from models.case.messages import Act, Decision, Finding, Objection, PostingReport, Resolution
from models.case.orders import Delivery
from models.case.state import Docket
from models.offices import Office
from models.periods import Limit

MOST_BYTES = 900_000
"""Of a handover as it is sent, together with the opening, with which it goes: both have to fit into
a payload. A case with more to hand over goes on in its old run, as one may with 3 000 open
objections, each of which has a long name and a long address."""


class HeldTo(Record):
    """A limit in force; or the days of a notice, which are over or have not begun."""

    key: str
    limit: Limit
    office: Office
    subject: str
    heard: Moment
    over: bool = False
    breached: bool = False
    runs: bool = True

    @classmethod
    def of(cls, watched: Watched) -> "HeldTo":
        """The limit as it stands."""
        return cls.model_construct(
            key=watched.key,
            limit=watched.limit,
            office=watched.office,
            subject=watched.subject,
            heard=watched.heard,
            over=watched.over,
            breached=watched.breached,
            runs=watched.runs,
        )

    def watched(self) -> Watched:
        """The same for the next run."""
        said = (self.heard, self.over, self.breached, self.runs)
        return Watched(self.key, self.limit, self.office, self.subject, *said)


class Result(Record):
    """How an investigation ended; the result itself is on file."""

    id: str
    office: Office
    officer: str
    finding: Finding
    signed: Moment
    at: Moment
    seq: int


class Objected(Record):
    """An objection, report or plea; what it says is on file.

    Attributes:
        objector, contact: Whom to answer, and who may ask for the review (G1), as long as that lies
            ahead.
    """

    id: str
    at: Moment
    signed: Moment
    seq: int
    report: bool
    investigator: Office
    household: str | None = None
    review_of: str | None = None
    reviewed_by: str | None = None
    objector: str | None = None
    contact: str | None = None
    answered: bool = False
    pleader: Office | None = None
    result: Result | None = None


class Taken(Record):
    """An act that a step was given and that the step still rests on."""

    act: Act
    at: Moment
    seq: int


class Reported(Record):
    """A report of a notice's posting, or of its removal (T1)."""

    report: PostingReport
    at: Moment
    seq: int


class Board(Record):
    """A notice, with its days and the reports of it (T1)."""

    notice_id: str
    step: str
    published: Moment
    held: HeldTo
    posted: Reported | None
    removed: Reported | None
    in_force: bool
    is_over: bool
    reports: int


class Awaited(Record):
    """Whose act is awaited at which step."""

    step: str
    office: Office
    decisions: tuple[Decision, ...]


class Undelivered(Record):
    """A notification that a channel has not taken yet; the next run goes on trying.

    Attributes:
        since: When that began: it is given up so many days later (T8).
    """

    delivery: Delivery
    since: Moment


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
    orders: int
    step: str
    round: int
    basis: Moment
    arrived: Moment
    notice: str | None
    passed: tuple[Taken | bool | None, ...]
    awaited: Awaited | None
    posted: Limit | None
    done: dict[str, Moment]
    officers: dict[str, str]
    acted: tuple[Office, ...]
    undelivered: int
    lapsed: int
    unfiled: int
    sent: int
    mendings: int
    vain: int
    undelivered_yet: tuple[Undelivered, ...]
    limits: tuple[HeldTo, ...]
    objections: tuple[Objected, ...]
    notices: tuple[Board, ...]
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
        "step": docket.step.id,
        "round": docket.round,
        "basis": docket.basis,
        "awaited": awaited,
        "posted": docket.posted,
        "done": docket.done,
        "officers": docket.officers,
        "acted": tuple(docket.acted),
        "undelivered": docket.undelivered,
        "lapsed": docket.lapsed,
        "unfiled": docket.unfiled,
        "limits": tuple(map(HeldTo.of, limits)),
        "objections": tuple(map(_objected, docket.objections.values())),
        "notices": tuple(map(_board, docket.notices.values())),
    }


def take_over(docket: Docket, handed: Handover) -> None:
    """Let a case that has just begun stand where its earlier run stood."""
    steps = {step.id: step for step in docket.route}
    docket.ledger.base, docket.ledger.base_head = handed.entries, handed.head
    docket.begin(handed.run, handed.token)
    docket.step, docket.round = steps[handed.step], handed.round
    docket.basis, docket.posted = handed.basis, handed.posted
    docket.done, docket.officers = dict(handed.done), dict(handed.officers)
    docket.acted = dict.fromkeys(handed.acted)
    docket.undelivered, docket.lapsed = handed.undelivered, handed.lapsed
    docket.unfiled, docket.preparing = handed.unfiled, False
    if handed.awaited is not None:
        awaited = handed.awaited
        docket.expected = Expectation(steps[awaited.step], awaited.office, awaited.decisions)
    for held in handed.limits:
        docket.watch.keep(held.watched())
    for objected in handed.objections:
        docket.keep_objection(_objection(objected))
    for board in handed.notices:
        docket.notices[board.notice_id] = _on_board(board, docket.watch)


def _objected(objection: OpenObjection) -> Objected:
    received, result = objection.received, objection.resolution
    message = received.message
    named = not objection.answered or objection.is_reviewable
    return Objected.model_construct(
        id=message.id,
        at=received.at,
        signed=received.signed,
        seq=received.seq,
        report=objection.report,
        investigator=objection.investigator,
        household=message.household,
        review_of=message.review_of,
        reviewed_by=objection.reviewed_by,
        objector=message.objector if named else None,
        contact=message.contact if named else None,
        answered=objection.answered,
        pleader=objection.pleader,
        result=None if result is None else _result(result),
    )


def _result(result: Received[Resolution]) -> Result:
    message = result.message
    return Result.model_construct(
        id=message.id,
        office=message.office,
        officer=message.officer,
        finding=message.finding,
        signed=result.signed,
        at=result.at,
        seq=result.seq,
    )


def _objection(objected: Objected) -> OpenObjection:
    """The objection again, without what it says: nobody asks a case for that."""
    message = Objection.model_construct(
        id=objected.id,
        text="",
        household=objected.household,
        review_of=objected.review_of,
        objector=objected.objector,
        contact=objected.contact,
        at=objected.signed,
    )
    objection = OpenObjection(
        Received(message, objected.at, objected.seq),
        objected.report,
        objected.investigator,
        accepted=True,
        answered=objected.answered,
        pleader=objected.pleader,
        reviewed_by=objected.reviewed_by,
    )
    result = objected.result
    if result is not None:
        resolution = Resolution.model_construct(
            id=result.id,
            objection_id=objected.id,
            office=result.office,
            officer=result.officer,
            finding=result.finding,
            reason="",
            evidence=(),
            at=result.signed,
        )
        objection.resolution = Received(resolution, result.at, result.seq)
    return objection


def _board(notice: OnBoard) -> Board:
    return Board.model_construct(
        notice_id=notice.notice_id,
        step=notice.step,
        published=notice.published,
        held=HeldTo.of(notice.watched),
        posted=_reported(notice.posted),
        removed=_reported(notice.removed),
        in_force=notice.in_force,
        is_over=notice.is_over,
        reports=notice.reports,
    )


def _reported(received: Received[PostingReport] | None) -> Reported | None:
    if received is None:
        return None
    return Reported.model_construct(report=received.message, at=received.at, seq=received.seq)


def _on_board(board: Board, watch: Watch) -> OnBoard:
    """The notice again; its days are those that are in force, if they are."""
    running = watch.get(board.held.key)
    mine = running is not None and running.limit == board.held.limit
    posted, removed = (
        None if each is None else Received(each.report, each.at, each.seq)
        for each in (board.posted, board.removed)
    )
    return OnBoard(
        board.notice_id,
        board.step,
        board.published,
        running if running is not None and mine else board.held.watched(),
        posted,
        removed,
        board.in_force,
        board.is_over,
        board.reports,
    )


def passed_on(results: Iterable[Received[Act] | bool | None]) -> tuple[Taken | bool | None, ...]:
    """What the waits of a step have brought, to be handed over."""
    return tuple(
        Taken(act=each.message, at=each.at, seq=each.seq) if isinstance(each, Received) else each
        for each in results
    )


def passed_before(results: Sequence[Taken | bool | None]) -> list[Received[Act] | bool | None]:
    """The same for the next run."""
    return [
        Received(each.act, each.at, each.seq) if isinstance(each, Taken) else each
        for each in results
    ]
