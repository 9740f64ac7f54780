"""The state of one case: where it stands, what waits in it, what is on file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue

from models.base import Record
from models.case.ledger import Entry, EntryKind, Ledger
from models.case.limits import Watch
from models.case.mailbox import Expectation, OnBoard, OpenObjection, Received
from models.case.messages import Act, Outcome, PostingReport, Resolution, Withdrawal
from models.case.reckoning import Reckoning
from models.offices import Office, Subject
from models.periods import Limit, beijing
from models.policy import Body, Policy
from models.procedures import Procedure, Step


class Households(Record):
    """How many households of a case are where, if each of them has a course of its own.

    Attributes:
        counts: By state, in the order of the course; none left out.
        held: Whom an objection holds back, as far as there is room.
        closes: When the next notice that stands ends.
        renewed: How often somebody came to wait: drafted, sent back, an objection resolved.
        sent_back: How often somebody was sent back.
    """

    counts: dict[str, int]
    held: tuple[str, ...]
    closes: datetime | None
    renewed: int = 0
    sent_back: int = 0


class ProcedureState(Protocol):
    """What a procedure keeps in addition to the state of every case: households on their way."""

    def summary(self) -> Households:
        """How many households are where."""

    def in_chinese(self) -> dict[str, int]:
        """The same by the Chinese name of each state; states without a household are left out."""


@dataclass
class Docket:
    """Everything a case is, between two looks at it.

    Attributes:
        subject: What is to leave the register, and the territory whose offices act.
        route: Every step of the procedure, in order.
        skipped: The steps this subject does not pass, with the reason.
        step: The step being worked on; before the first, the first.
        expected: Whose act is awaited; None while the case itself is at work or time passes.
        basis: When that was signed, or ended, on which the next act rests: none can be older.
        posted: The running publicity, from posting until it has ended without an open objection.
        posting: A notice is being published: it may be read before the case hears that it is out.
        preparing: The register is being asked by what a step is judged that is about to open, or an
            act that is about to be taken.
        changing: The registry is being told: nothing but an objection can stop the change (G2).
        disputed: Somebody objects to that change.
        reopen: Called when the change was not made: it can be stopped as before.
        stirred: Something was received since the procedure last looked.
        done: When each step of this round was finished, by step id.
        acts: Acts that wait, by step and round: one for an old round can never be taken.
        own: What the procedure keeps of its own; None if that is nothing, or nothing yet.
        opened: Called when a step is open: what came while it was prepared is taken in then, the
            first of it, and ``is_early_due`` says whether some is left.
        lapsed: Number of the last entry that says of an act that it counts no more.
        mending: The case has taken the kept file as its own (``models.case.mending``), and takes in
            again what that says it has received: until then it cannot judge what comes.
        mended: Called for that; each step of it is one piece of the work.
        again: An entry of that file whose message is being taken in again: it is on file already.
        owing: Who has still to do something, where no act and no investigation is awaited.
        in_hand: Which offices have households of a roster to see to, and which; several can at
            once.
        admitted: The registry has taken the case in: before, nothing counts and nothing is on file.
        run, token: Of its admission.
        to_accept: Objections that nobody has looked at yet, and ``to_answer`` those with a result
            that nobody was told of. Lists of their own: a case may have thousands of objections,
            and goes through them at every message otherwise.
        officers: Who has decided something in the case, each with the step (G1), and
            ``investigators`` who has ended an investigation, each with the objection.
        acted: Every office that has sent something, in the order in which they first did (F15).
        notices: Every notice that is in force, by its id, in their order (T1).
        reports: Of their posting, on which the case has not acted yet.
        unfiled: How many signals were refused beyond those that are on file with their content.
    """

    case_id: str
    procedure: Procedure
    subject: Subject
    year: int
    policy: Policy
    route: tuple[Step, ...]
    skipped: Mapping[Step, str]
    step: Step
    basis: datetime
    round: int = 1
    expected: Expectation | None = None
    posted: Limit | None = None
    posting: bool = False
    preparing: bool = False
    mending: bool = False
    changing: bool = False
    disputed: bool = False
    stirred: bool = False
    outcome: Outcome | None = None
    lapsed: int = 0
    admitted: bool = True
    run: str = ""
    token: str = ""
    done: dict[str, datetime] = field(default_factory=dict)
    acts: dict[tuple[str, int], list[Received[Act]]] = field(default_factory=dict)
    objections: dict[str, OpenObjection] = field(default_factory=dict)
    withdrawal: Received[Withdrawal] | None = None
    own: ProcedureState | None = None
    opened: Callable[[], None] = lambda: None
    is_early_due: Callable[[], bool] = lambda: False
    reopen: Callable[[], None] = lambda: None
    owing: Callable[[], Office | None] = lambda: None
    in_hand: Callable[[], Mapping[Office, Sequence[str]]] = dict
    to_accept: list[OpenObjection] = field(default_factory=list)
    to_answer: list[OpenObjection] = field(default_factory=list)
    officers: dict[str, str] = field(default_factory=dict)
    investigators: dict[str, str] = field(default_factory=dict)
    acted: dict[Office, None] = field(default_factory=dict)
    notices: dict[str, OnBoard] = field(default_factory=dict)
    reports: list[tuple[OnBoard, Received[PostingReport]]] = field(default_factory=list)
    unfiled: int = 0
    _unresolved: dict[str, OpenObjection] = field(default_factory=dict)
    mended: Callable[[int, Sequence[Entry], Entry, datetime], Iterator[None]] = lambda *_: iter(())
    again: Entry | None = None

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.case_id)
        self.watch = Watch(self.policy.reminders)
        self.reckoning = Reckoning(self.policy)
        self._before: list[Callable[[], None]] = []

    def later(self, action: Callable[[], None]) -> bool:
        """Keep an action for when the case is admitted; False where it is, and can go on at once.

        What came before is no entry of a file that may never begin.
        """
        if not self.admitted:
            self._before.append(action)
        return not self.admitted

    def begin(self, run: str, token: str) -> None:
        """The registry has admitted the case."""
        self.admitted, self.run, self.token = True, run, token

    def take_up(self) -> None:
        """Do what was kept for now."""
        before, self._before = self._before, []
        for action in before:
            action()

    @property
    def unresolved(self) -> list[OpenObjection]:
        """Objections and reports without a result; none that an end left without one."""
        if self.outcome is not None:
            return []
        return list(self._unresolved.values())

    @property
    def open_count(self) -> int:
        """How many those are."""
        return len(self._unresolved) if self.outcome is None else 0

    def take_objection(self, objection: OpenObjection) -> None:
        """Somebody objects, reports or pleads; it is accepted when the case looks next."""
        identifier = objection.received.message.id
        self.objections[identifier] = self._unresolved[identifier] = objection
        self.to_accept.append(objection)

    def keep_objection(self, objection: OpenObjection) -> None:
        """An objection that an earlier run of the case has taken in."""
        identifier = objection.received.message.id
        self.objections[identifier] = objection
        if objection.resolution is None:
            self._unresolved[identifier] = objection
        else:
            self.investigators[objection.resolution.message.officer] = identifier

    def take_result(self, result: Received[Resolution]) -> None:
        """An investigation has ended; it is answered when the case looks next."""
        objection = self._unresolved.pop(result.message.objection_id)
        objection.resolution = result
        self.investigators[result.message.officer] = result.message.objection_id
        self.to_answer.append(objection)

    def put_out_of_force(self, is_replaced: Callable[[OnBoard], bool]) -> None:
        """Other notices take the place of some, of which nothing can be reported any more (T1)."""
        for notice in list(filter(is_replaced, self.notices.values())):
            self.watch.disarm(notice.watched.key)
            self.watch.disarm(notice.report_due)
            del self.notices[notice.notice_id]
        self.reports = [each for each in self.reports if not is_replaced(each[0])]

    @property
    def publisher(self) -> Office:
        """Who publishes."""
        return self.subject.office(self.publicity.body)

    @property
    def investigator(self) -> Office:
        """Who investigates objections (G1); a plea (F6) whoever hears it."""
        posts = self.publicity.posts
        if posts is None:
            return self.publisher
        body: Body = getattr(self.policy.objection, posts.value)
        county = self.subject.office(Body.COUNTY_GROUP)
        above = self.subject.superior(county) if body is Body.CITY_GROUP else None
        return above or self.subject.office(body)  # no city stands above a 直管县

    @property
    def publicity(self) -> Step:
        """The step that posts, or hears."""
        return next(step for step in self.route if not step.decided)

    @property
    def applicant(self) -> Office:
        """Who asked for the exit."""
        return self.subject.office(self.route[0].body)

    @property
    def waiting_for(self) -> Office | None:
        """Whose turn it is: to decide, or to investigate; None while time passes."""
        if self.expected is not None:
            return self.expected.office
        if self.outcome is not None:
            return None
        first = next(iter(self._unresolved.values()), None)
        if first is not None:
            return first.investigator
        return self.publisher if self.waits_for_posting else self.owing()

    @property
    def waits_for_posting(self) -> bool:
        """Whether the days of a notice wait for the report that it was posted (T1)."""
        return any(each.waits for each in self.notices.values())

    @property
    def holder(self) -> Office:
        """Who has the case: whose turn it is; who publishes, while time passes.

        Answers of households are collected by those who publish, the village's committees.
        """
        office = self.waiting_for
        return self.publisher if office is None or office.body is Body.HOUSEHOLD else office

    @property
    def publicity_ended(self) -> datetime:
        """Before when nothing that rests on the publicity can have been signed (公示无异议后)."""
        assert self.posted is not None
        results = [each.resolution.signed for each in self.objections.values() if each.resolution]
        return max([self.posted.due, *results])

    def waiting_acts(self, step: Step) -> list[Received[Act]]:
        """The acts that wait for a step in this round, in the order of their reception."""
        return self.acts.get((step.id, self.round), [])

    def take_act(self, step: Step) -> Received[Act] | None:
        """The next act for a step in this round, which leaves the mailbox."""
        waiting = self.waiting_acts(step)
        return waiting.pop(0) if waiting else None

    def lapse(self, why: str, now: datetime) -> None:
        """Acts that wait count no more: they stay on file, and may be given again."""
        for waiting in self.acts.values():
            for act in waiting:
                text = f"第{self.round}轮决定（案卷第{act.seq}条）因{why}不再有效"
                data: dict[str, JsonValue] = {"entry": act.seq, "act": act.message.id}
                self.record(EntryKind.LAPSED, now, text, data)
            waiting.clear()

    def name(self, office: Office, now: datetime) -> str:
        """What people call an office on a day."""
        place = self.subject.place_name(office)
        return self.policy.name_of(office.body, place, beijing(now).date())

    def record(
        self,
        kind: EntryKind,
        now: datetime,
        text: str,
        data: dict[str, JsonValue] | None = None,
        *,
        step: str | None = None,
        actor: str = "case",
    ) -> Entry:
        """Put something on file, at the step and in the round the case is in."""
        if self.again is not None and self.again.kind is kind:
            again, self.again = self.again, None
            return again
        entry = self.ledger.record(
            kind,
            now,
            text=text,
            step=step or self.step.id,
            round=self.round,
            actor=actor,
            data=data,
        )
        if kind is EntryKind.LAPSED:
            self.lapsed = entry.seq
        return entry
