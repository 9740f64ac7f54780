"""What a case takes in and what it refuses, under random sequences of messages.

A procedure in miniature does with a docket what the real one does, in any order and at any
moment; messages of all kinds, most of them wrong, arrive in between.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.case.ledger import EntryKind, verify
from models.case.mailbox import Expectation
from models.case.messages import Act, Decision, Ending, Finding, Outcome, Receipt
from models.case.reception import Reception
from models.case.state import Docket
from models.offices import Office
from models.periods import LimitKind
from models.procedures import C1, C3, C6, C7, COUNTY_EXIT, DECISIONS
from models.refusals import Refusal
from tests.models.receptions import NO_MESSAGES, last
from tests.models.samples import (
    DAY,
    HOUR,
    NOW,
    OFFICES,
    PROVINCE,
    act_values,
    docket,
    limit,
    objection_values,
    reception,
    resolution_values,
    snapshot,
    withdrawal_values,
)


@dataclass
class Miniature:
    """The least that a procedure does, and what it was seen to do."""

    case: Docket
    desk: Reception
    now: datetime = NOW
    receipts: dict[tuple[str, str], Receipt] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    opened: int = 0
    """Entries on file when the present step opened."""

    def open(self) -> None:
        """Begin the step: await its office, or post the notice; skip what does not apply."""
        case = self.case
        while case.step in case.skipped:
            case.step = COUNTY_EXIT.steps[COUNTY_EXIT.steps.index(case.step) + 1]
        if case.step.decided:
            decisions: tuple[Decision, ...] = DECISIONS
            if case.step == C1:
                decisions = (Decision.APPROVE,)
            if case.step == C6:
                decisions = (*DECISIONS, Decision.RECTIFY)
            office = case.subject.office(case.step.body)
            case.expected = Expectation(case.step, office, decisions)
        else:
            case.posted = limit("T1", self.now + 7 * DAY, LimitKind.MINIMUM)

    def proceed(self) -> None:
        """Look at what came in; go on, back or out."""
        case = self.case
        if case.outcome is not None:
            return
        if case.withdrawal is not None:
            self.end(Ending.WITHDRAWN)
            return
        for objection in case.objections.values():
            if objection.resolution is not None and not objection.answered:
                objection.answered = True
                result = objection.resolution.message
                if result.finding is Finding.UPHELD:
                    if result.return_to is None:
                        self.end(Ending.NOT_EXITED)
                    else:
                        self.go_back(result.return_to)
                    return
        if case.posted is not None:
            if self.now >= case.posted.due and not case.unresolved:
                case.posted = None
                self.advance()
            return
        received = case.take_act(case.step)
        if received is None:
            return
        act, expected = received.message, case.expected
        assert expected is not None
        # Never by a wrong office, for another step, or from another round.
        assert (act.step, act.office) == (case.step.id, expected.office)
        assert act.office == Office.parse(
            OFFICES[act.step] if act.decision is not Decision.REPLY else "A5/411523"
        )
        assert act.decision in expected.decisions
        entry = case.ledger.entries[received.seq - 1]
        assert (entry.kind, entry.round, entry.step) == (EntryKind.ACT, case.round, act.step)
        assert Act.model_validate(entry.data["act"]) == act
        assert act.id not in self.taken
        self.taken.append(act.id)
        case.expected = None
        match act.decision:
            case Decision.REJECT:
                self.end(Ending.NOT_EXITED)
            case Decision.RETURN:
                assert act.return_to is not None
                self.go_back(act.return_to)
            case Decision.RECTIFY:
                assert act.rectification is not None
                case.expected = Expectation(C6, act.rectification.office, (Decision.REPLY,))
            case Decision.REPLY:
                self.open()
            case Decision.APPROVE if case.step == C7:
                self.end(Ending.EXITED)
            case Decision.APPROVE:
                self.advance()

    def advance(self) -> None:
        self.case.step = COUNTY_EXIT.steps[COUNTY_EXIT.steps.index(self.case.step) + 1]
        self.open()

    def go_back(self, to: str) -> None:
        case = self.case
        case.step = next(step for step in COUNTY_EXIT.steps if step.id == to)
        assert case.step not in case.skipped
        case.round += 1
        case.posted = case.expected = None
        self.open()

    def end(self, ending: Ending) -> None:
        self.case.expected = self.case.posted = None
        self.case.outcome = Outcome(
            ending=ending,
            by="A9/410000",
            step=self.case.step.id,
            round=self.case.round,
            reason="合成",
            at=self.now,
        )

    def send(self, kind: str, payload: Any) -> None:
        """Offer a message to ``check`` and then to ``receive``: they agree, in word and effect."""
        case, before = self.case, snapshot(self.case)
        length = len(case.ledger.entries)
        said = self.refusal(kind, payload)
        assert snapshot(case) == before
        if said is not None:
            with pytest.raises(Refusal, match=f"^{re.escape(said)}$"):
                self.desk.receive(kind, payload, self.now)
            assert snapshot(case) == before
            return
        self.expect_a_basis(kind, payload)
        new = (kind, payload["id"]) not in self.receipts
        receipt = self.desk.receive(kind, payload, self.now)
        assert receipt == self.receipts.setdefault((kind, payload["id"]), receipt)
        if new:
            assert len(case.ledger.entries) == length + 1 == receipt.seq
            assert case.ledger.head == receipt.hash
        else:
            assert snapshot(case) == before

    def refusal(self, kind: str, payload: Any) -> str | None:
        try:
            self.desk.check(kind, payload, self.now)
        except Refusal as refusal:
            return str(refusal)
        return None

    def expect_a_basis(self, kind: str, payload: dict[str, Any]) -> None:
        """What is taken in newly has a basis: said once more, and not with the code's own words."""
        case = self.case
        if (kind, payload["id"]) in self.receipts:
            return
        assert case.outcome is None
        if kind == "withdraw":
            assert payload["office"] == "A5/411523"
            assert case.withdrawal is None
        if kind == "resolve":
            assert payload["office"] == PROVINCE
            assert case.objections[payload["objection_id"]].resolution is None
        if kind == "act":
            self.expect_a_basis_for_an_act(payload)

    def expect_a_basis_for_an_act(self, payload: dict[str, Any]) -> None:
        case, asked = self.case, payload["step"]
        way = [step.id for step in COUNTY_EXIT.steps if step not in case.skipped]
        waiting = case.acts.get((case.step.id, case.round), [])
        assert asked in way
        assert asked != "C4"
        assert payload.get("round", case.round) == case.round
        assert not case.acts.get((asked, case.round))
        if asked == case.step.id:
            assert case.expected is not None
            assert payload["office"] == str(case.expected.office)
            return
        # Early: one step ahead, and only when this one is approved or has run its time.
        assert payload["office"] == OFFICES[asked]
        assert way.index(asked) == way.index(case.step.id) + 1
        if case.posted is not None:
            assert self.now >= case.posted.due
            assert not case.unresolved
        else:
            assert [each.message.decision for each in waiting] == [Decision.APPROVE]


IDS = ["m-1", "m-2", "m-3", "m-4", "m-5", "m-6"]
offices = st.sampled_from([*OFFICES.values(), "A6/411600", "A5/411524"])
steps = st.sampled_from(["C1", "C2", "C3", "C4", "C5", "C6", "C7", "V1"])


def act_payload(values: dict[str, Any]) -> dict[str, Any]:
    """An act that is well formed, whatever else it may be."""
    payload = act_values("C3", values["decision"]) | values
    payload["office"] = values["office"] or OFFICES.get(values["step"], PROVINCE)
    if payload["round"] is None:
        del payload["round"]
    if payload["decision"] in ("return", "reject", "rectify"):
        payload["reason"] = "缺页"
    if payload["decision"] != "return":
        del payload["return_to"]
    if payload["decision"] == "rectify":
        payload["rectification"] = {"office": "A5/411523", "task": "补正"}
    return payload


acts = st.fixed_dictionaries(
    {
        "id": st.sampled_from(IDS),
        "step": steps,
        "decision": st.sampled_from(["approve", "approve", "return", "reject", "rectify", "reply"]),
        "office": st.none() | offices,
        "round": st.none() | st.integers(1, 3),
        "return_to": steps,
    }
).map(lambda values: ("act", act_payload(values)))
objections = st.sampled_from(IDS).map(lambda key: ("object", objection_values(key)))
resolutions = st.fixed_dictionaries(
    {
        "id": st.sampled_from(IDS),
        "objection_id": st.sampled_from(IDS),
        "finding": st.sampled_from(["upheld", "dismissed", "dismissed"]),
        "office": st.just(PROVINCE) | offices,
    },
    optional={"return_to": steps},
).map(lambda values: ("resolve", resolution_values() | values))
withdrawals = st.fixed_dictionaries(
    {"id": st.sampled_from(IDS), "office": st.sampled_from(["A6/411500", "A5/411524"])}
).map(lambda values: ("withdraw", withdrawal_values(**values)))
last_words = st.just(("withdraw", withdrawal_values()))
junk = st.tuples(
    st.sampled_from(["act", "object", "resolve", "withdraw"]),
    st.sampled_from(NO_MESSAGES) | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
moves = st.one_of(
    st.tuples(st.just("proceed"), st.none()),
    st.tuples(st.just("wait"), st.sampled_from([HOUR, DAY, 8 * DAY])),
    st.tuples(st.just("right"), st.sampled_from(["approve"] * 6 + ["return", "rectify", "reject"])),
)
operations = st.lists(
    st.one_of(moves, moves, acts, acts, objections, resolutions, withdrawals, junk)
    | st.one_of(moves, moves, moves, last_words),
    max_size=60,
)


def right_act(play: Miniature, number: int, decision: str) -> dict[str, Any] | None:
    """The act that is awaited, if one is."""
    expected = play.case.expected
    if expected is None:
        return None
    step = expected.step.id
    if expected.decisions == (Decision.REPLY,):
        decision = "reply"
    elif step == "C1" or (decision == "rectify" and step != "C6"):
        decision = "approve"
    values = {
        "id": f"right-{number}",
        "step": step,
        "decision": decision,
        "office": str(expected.office),
        "round": play.case.round,
        "return_to": "C1",
    }
    return act_payload(values)


@pytest.mark.clause("G3", "G7", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "A5", "A6", "A7", "A9")
@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["national", "provincial"]), st.booleans(), operations)
def test_any_sequence_of_messages(tier: str, direct: bool, sequence: list[tuple[str, Any]]) -> None:
    case = docket(C1, tier=tier, direct=direct)
    play = Miniature(case, reception(case))
    play.open()
    for number, (what, value) in enumerate(sequence):
        match what:
            case "proceed":
                play.proceed()
            case "wait":
                play.now += value
            case "right":
                payload = right_act(play, number, value)
                if payload is not None:
                    play.send("act", payload)
            case _:
                play.send(what, value)
        assert verify(case.case_id, case.ledger.entries) == len(play.receipts)
    # The same id never had two effects.
    written = [
        (entry.kind, content["id"])
        for entry in case.ledger.entries
        for content in entry.data.values()
        if isinstance(content, dict)
    ]
    assert len(written) == len(set(written)) == len(play.receipts)
    assert len(play.taken) == len(set(play.taken))


@pytest.mark.clause("G7")
def test_the_miniature_can_go_the_whole_way() -> None:
    case = docket(C1)
    play = Miniature(case, reception(case))
    play.open()
    for number in range(20):
        payload = right_act(play, number, "approve")
        if payload is not None:
            play.send("act", payload)
        play.now += 8 * DAY
        play.proceed()
    assert case.outcome is not None
    assert case.outcome.ending is Ending.EXITED
    assert len(play.taken) == 6


@pytest.mark.clause("G7")
@given(junk)
def test_refusing_changes_the_file_alone(sent: tuple[str, Any]) -> None:
    case = docket(C3)
    desk = reception(case)
    kind, payload = sent
    desk.refuse(kind, payload, Refusal("so nicht"), NOW)
    assert (case.acts, case.objections, case.withdrawal) == ({}, {}, None)
    assert len(case.ledger.entries) == 1
    assert verify(case.case_id, case.ledger.entries) == 1
    content = last(case).data["content"]
    assert isinstance(content, str)
    assert json.loads(content) == payload
