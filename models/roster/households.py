"""A roster (贫困户退出名单): households on their way out of the register, each by its own course.

Pure state with the rules of H1 to H4 that concern one household: who has verified it, whether it
agreed, since when what it is posted with stands, whether somebody objects.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from types import MappingProxyType
from typing import Any

from pydantic import JsonValue

from models.base import Record, shortened
from models.case.changes import Changes, Counted
from models.case.limits import Watched
from models.case.mailbox import OpenObjection, Received
from models.case.state import Docket, Households
from models.household_standard import household_findings
from models.policy import Body, NameStyle, Standards
from models.register.households import HouseholdFacts, PovertyLine
from models.roster.messages import Amendment
from models.standards import StandardFinding


class State(StrEnum):
    """How far a household is.

    An objection that is not settled holds it (G1). If its notice stands, the publicity goes on:
    ``HELD``. If not, it stays where it is on its way to one: ``HELD_UNPOSTED``.
    """

    DRAFTED = "drafted"
    VERIFIED = "verified"
    AGREED = "agreed"
    POSTED = "posted"
    HELD = "held"
    HELD_UNPOSTED = "held_unposted"
    STRUCK_OFF = "struck_off"
    OUT = "out"


STATES = {
    State.DRAFTED: "待核实",
    State.VERIFIED: "待本户认可",
    State.AGREED: "待公示",
    State.POSTED: "公示",
    State.HELD: "异议待办结",
    State.HELD_UNPOSTED: "未公示，异议待办结",
    State.STRUCK_OFF: "已销号",
    State.OUT: "未退出",
}
"""How a state is called in Chinese."""


@dataclass(eq=False)
class Candidate(Counted):
    """One household of a roster.

    Attributes:
        facts: What the register said of it when it was last looked up: the content of its notice.
        begins: When it was drafted, or returned: it cannot have been verified or agree before.
        verified: Who has verified it, by body (H2).
        agreed: It consents to its exit (H2).
        overrides: Failed criteria that the committees overrode by name (S6).
        posting: The period of the notice that shows its present content (T1).
        being_posted: That notice is being published.
        being_struck_off: The register is being told: nothing but an objection can stop it (G2).
        stale: What the register says of it has to be looked up again before it is judged again.
        out: Why it is not exited in this case, once that is so.
        sent_back: How often it was returned.
    """

    facts: HouseholdFacts
    begins: datetime
    verified: Mapping[Body, str] = field(default_factory=dict)
    agreed: bool = False
    overrides: tuple[str, ...] = ()
    posting: Watched | None = None
    being_posted: bool = False
    being_struck_off: bool = False
    struck_off: bool = False
    stale: bool = False
    out: str | None = None
    sent_back: int = 0
    changes: Changes = field(default_factory=Changes, repr=False)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, MappingProxyType(value) if name == "verified" else value)

    @property
    def code(self) -> str:
        """Its number in the register."""
        return self.facts.code

    @property
    def unfinished(self) -> bool:
        """Whether it is still on its way."""
        return not self.struck_off and self.out is None

    def begin_again(self, at: datetime) -> None:
        """Returned for correction (G3): judged again, verified, agreed and posted again."""
        self.begins, self.stale = at, True
        self.sent_back += 1
        self.verified, self.agreed, self.overrides = {}, False, ()
        self.post_again()

    def leave(self, why: str) -> None:
        """It is not exited in this case.

        The reason is told in short with every household; whoever gave it said it in full on file.
        """
        self.out = shortened(why, _LONGEST_REASON)

    def post_again(self) -> None:
        """Its content changed, or its notice was at fault: a fresh period of its own (G1)."""
        self.posting = None


_LONGEST_REASON = 200


class Course(Record):
    """How one household of a roster stands.

    Attributes:
        reason: Why it is out, or what holds it back.
        findings: S1, criterion by criterion.
    """

    household: str
    name: str
    group: str
    size: int
    state: State
    reason: str | None
    verified_by: tuple[str, ...]
    agreed: bool
    overrides: tuple[str, ...]
    closes: datetime | None
    findings: tuple[StandardFinding, ...]


_MOST_HELD = 20


class _Group:
    """Households that have something in common, in the order of the roster."""

    def __init__(self) -> None:
        self._by_place: dict[int, Candidate] = {}
        self._listed: list[Candidate] | None = None

    def __len__(self) -> int:
        return len(self._by_place)

    def sort(self, place: int, candidate: Candidate, belongs: bool) -> None:
        """Put a household in, or take it out."""
        if belongs is (place in self._by_place):
            return
        self._listed = None
        if belongs:
            self._by_place[place] = candidate
        else:
            del self._by_place[place]

    @property
    def listed(self) -> list[Candidate]:
        """All of them, for reading."""
        if self._listed is None:
            self._listed = list(map(self._by_place.__getitem__, sorted(self._by_place)))
        return self._listed


@dataclass
class Roster:
    """All households of one case.

    A case has hundreds of households, and hears thousands of messages. So what is asked at every
    message stands ready, and only those that have changed are sorted again. The lists it gives out
    are for reading.

    Attributes:
        line: The national line its year is judged by (S7).
        standards: The standard it was opened under: the demands of S1.
        verifiers: The bodies that verify here (H2).
        objections: The case's objections, those to single households among them.
        publish_now: The committees post who is ready, without waiting for the rest (H3).
    """

    line: PovertyLine
    standards: Standards
    verifiers: tuple[Body, ...]
    objections: Mapping[str, OpenObjection]
    candidates: dict[str, Candidate] = field(default_factory=dict)
    amendments: list[Received[Amendment]] = field(default_factory=list)
    publish_now: bool = False

    def __post_init__(self) -> None:
        self._needed = frozenset(self.verifiers)
        self._changes, self._heard = Changes(), Changes()
        self._places: dict[str, int] = {}
        self._states: dict[str, State] = {}
        self._unfinished, self._stoppable, self._stale = _Group(), _Group(), _Group()
        self._unanswered, self._agreed, self._ready = _Group(), _Group(), _Group()
        self._awaiting = {body: _Group() for body in self.verifiers}
        self._filed: dict[str, State] = {}
        self._to_file: set[str] = set()
        self._concerned: dict[str | None, list[OpenObjection]] = {}
        self._known = 0
        self._disputes: tuple[object, frozenset[str | None]] = None, frozenset()
        self._sorted_by: frozenset[str | None] = frozenset()

    def add(self, facts: HouseholdFacts, drafted_at: datetime) -> None:
        """A household that the meeting put on the roster (H1)."""
        self._places[facts.code] = len(self._places)
        self.candidates[facts.code] = Candidate(facts, drafted_at, changes=self._changes)

    def __getitem__(self, code: str) -> Candidate:
        return self.candidates[code]

    def __contains__(self, code: object) -> bool:
        return code in self.candidates

    # -- who is where -------------------------------------------------------------------------

    @property
    def unfinished(self) -> list[Candidate]:
        """Everybody still on the way."""
        return self._now(self._unfinished).listed

    @property
    def stoppable(self) -> list[Candidate]:
        """Everybody still on the way whom the register is not just being told of."""
        return self._now(self._stoppable).listed

    @property
    def stale(self) -> list[Candidate]:
        """Everybody still on the way who has to be looked up again."""
        return self._now(self._stale).listed

    @property
    def struck_off(self) -> list[Candidate]:
        """Everybody who has left the register."""
        return [each for each in self.candidates.values() if each.struck_off]

    def awaiting(self, body: Body) -> list[Candidate]:
        """Who still has to be verified by a body (H2)."""
        return self._now(self._awaiting[body]).listed

    def unanswered(self) -> list[Candidate]:
        """Who is verified and has not said yes (H2)."""
        return self._now(self._unanswered).listed

    def ready(self) -> list[Candidate]:
        """Who is verified and agrees, and whose present content is not posted yet (H3)."""
        return self._now(self._ready).listed

    @property
    def settled(self) -> bool:
        """Whether everybody still on the way is verified and agrees: H2 is done."""
        return len(self._now(self._agreed)) == len(self._unfinished)

    def cleared(self) -> list[Candidate]:
        """Whose publicity has ended, by the calendar of the day, without an open objection (H4)."""
        return [each for each in self._posted() if each.posting and each.posting.over]

    def over(self, now: datetime) -> list[Candidate]:
        """Whose publicity is over by the clock, though the case may not have looked yet."""
        return [each for each in self._posted() if each.posting and each.posting.has_passed(now)]

    def _posted(self) -> Iterable[Candidate]:
        """Who stands in a notice with the present content, verified, agreeing and undisputed."""
        disputed = self._disputed()
        if None in disputed:
            return []
        return (
            each
            for each in self._now(self._agreed).listed
            if each.posting is not None and not each.being_struck_off and each.code not in disputed
        )

    def is_held(self, candidate: Candidate) -> bool:
        """Whether an objection to it, or to the whole roster, is not settled (G1, G2)."""
        return _is_in(self._disputed(), candidate)

    def _now(self, group: _Group) -> _Group:
        """A group as it is now: first sort those that have changed since the last question."""
        disputed, changed = self._disputed(), self._changes.take()
        moved = disputed ^ self._sorted_by
        if moved:
            self._sorted_by = disputed
            codes = self.candidates if None in moved else moved & self.candidates.keys()
            changed += [self.candidates[code] for code in codes if code is not None]
        for each in changed:
            self._sort(each, disputed)
        return group

    def _sort(self, each: Candidate, disputed: frozenset[str | None]) -> None:
        place, state = self._places[each.code], self._state(each, disputed)
        if self._states.get(each.code) is not state:
            self._states[each.code] = state
            self._to_file.add(each.code)
        going, verified = each.unfinished, each.unfinished and self._is_verified(each)
        agreed = verified and each.agreed
        self._unfinished.sort(place, each, going)
        self._stoppable.sort(place, each, going and not each.being_struck_off)
        self._stale.sort(place, each, going and each.stale)
        self._unanswered.sort(place, each, verified and not each.agreed)
        self._agreed.sort(place, each, agreed)
        self._ready.sort(place, each, agreed and each.posting is None)
        for body, those in self._awaiting.items():
            those.sort(place, each, going and body not in each.verified)

    def _disputed(self) -> frozenset[str | None]:
        """Whom unsettled objections concern; None stands for everybody.

        What is settled stays so: of thousands of objections each is looked at a few times in all.
        """
        if len(self.objections) > self._known:
            for each in islice(self.objections.values(), self._known, None):
                each.changes = self._heard
                self._concerned.setdefault(each.received.message.household, []).append(each)
            self._known = len(self.objections)
        state = self._heard.count, self._known
        if self._disputes[0] != state:
            for household, those in list(self._concerned.items()):
                while those and those[-1].settled:
                    those.pop()
                if not those:
                    del self._concerned[household]
            self._disputes = state, frozenset(self._concerned)
        return self._disputes[1]

    def _concerning(self, candidate: Candidate) -> list[OpenObjection]:
        """The unsettled objections to it, or to the whole roster, in the order they came in."""
        self._disputed()
        found = [
            each
            for household in (None, candidate.code)
            for each in self._concerned.get(household, [])
            if not each.settled
        ]
        return sorted(found, key=lambda each: each.received.seq)

    def _is_verified(self, candidate: Candidate) -> bool:
        return candidate.verified.keys() >= self._needed

    def is_running(self, code: str | None, now: datetime) -> bool:
        """Whether a notice of it, or of anybody at all, stands now: objections are in time."""
        those = self.unfinished
        if code is not None:
            those = [self[code]] if code in self and self[code].unfinished else []
        return any(
            each.being_posted or (each.posting is not None and not each.posting.has_passed(now))
            for each in those
        )

    # -- S1 -----------------------------------------------------------------------------------

    def findings(self, candidate: Candidate) -> tuple[StandardFinding, ...]:
        """S1, demand by demand."""
        return household_findings(candidate.facts, self.line, self.standards)

    def failed(self, candidate: Candidate) -> list[StandardFinding]:
        """The criteria of S1 that a household does not meet and nobody overrode."""
        return [
            finding
            for finding in self.findings(candidate)
            if not finding.met and finding.id not in candidate.overrides
        ]

    def why_it_fails(self, candidate: Candidate) -> str:
        """The same as the reason why it is out."""
        return "未达退出标准：" + "；".join(finding.zh for finding in self.failed(candidate))

    # -- how it shows -------------------------------------------------------------------------

    def state(self, candidate: Candidate) -> State:
        """How far a household is."""
        return self._state(candidate, self._disputed())

    def _state(self, candidate: Candidate, disputed: frozenset[str | None]) -> State:
        if candidate.struck_off:
            return State.STRUCK_OFF
        if candidate.out is not None:
            return State.OUT
        if _is_in(disputed, candidate):
            return State.HELD if candidate.posting is not None else State.HELD_UNPOSTED
        if candidate.posting is not None:
            return State.POSTED
        if self._is_verified(candidate):
            return State.AGREED if candidate.agreed else State.VERIFIED
        return State.DRAFTED

    def counts(self) -> dict[State, int]:
        """How many households are where, none left out."""
        counted = dict.fromkeys(State, 0)
        for state in self.states().values():
            counted[state] += 1
        return counted

    def states(self) -> dict[str, State]:
        """Where everybody is, by household."""
        self._now(self._unfinished)
        return self._states

    def take_changes(self) -> dict[str, JsonValue]:
        """Who is not any more where the file has it: state and reason by household, for the file.

        What is given out counts as filed.
        """
        states, to_file = self.states(), self._to_file
        moved = sorted(
            (c for c in to_file if self._filed.get(c) is not states[c]),
            key=self._places.__getitem__,
        )
        self._to_file = set()
        self._filed |= {code: states[code] for code in moved}
        return {code: [states[code].value, self.candidates[code].out] for code in moved}

    def in_chinese(self) -> dict[str, int]:
        """How many households are in each state in which somebody is, by its Chinese name."""
        return {STATES[state]: count for state, count in self.counts().items() if count}

    def summary(self) -> Households:
        """The roster at one look."""
        disputed = self._disputed()
        held = [each.code for each in self.unfinished if _is_in(disputed, each)]
        running = [
            each.posting.limit.due
            for each in self.unfinished
            if each.posting is not None and each.posting.runs and not each.posting.over
        ]
        sent_back = sum(each.sent_back for each in self.candidates.values())
        resolved = sum(each.resolution is not None for each in self.objections.values())
        return Households(
            counts={state.value: count for state, count in self.counts().items()},
            held=tuple(held[:_MOST_HELD]),
            closes=min(running, default=None),
            renewed=len(self.candidates) + sent_back + resolved,
            sent_back=sent_back,
        )

    def course(self, candidate: Candidate) -> Course:
        """Everything about one household."""
        holding = [each.received.message.id for each in self._concerning(candidate)]
        posting = candidate.posting
        return Course(
            household=candidate.code,
            name=candidate.facts.head,
            group=candidate.facts.group,
            size=candidate.facts.size,
            state=self.state(candidate),
            reason=candidate.out or ("异议 " + "、".join(holding) if holding else None),
            verified_by=tuple(body.value for body in candidate.verified),
            agreed=candidate.agreed,
            overrides=candidate.overrides,
            closes=posting.limit.due if posting is not None and posting.runs else None,
            findings=self.findings(candidate),
        )


def roster_of(docket: Docket) -> Roster | None:
    """The roster of a case; None before the register has admitted it, and if it was not."""
    own = docket.own
    assert own is None or isinstance(own, Roster)
    return own


def _is_in(disputed: frozenset[str | None], candidate: Candidate) -> bool:
    return None in disputed or candidate.code in disputed


def shown_name(name: str, style: NameStyle) -> str:
    """A name as a notice shows it (G8).

    >>> shown_name("张某某", NameStyle.MASKED), shown_name("张某某", NameStyle.FULL)
    ('张**', '张某某')
    """
    return name if style is NameStyle.FULL else name[:1] + "*" * max(1, len(name) - 1)
