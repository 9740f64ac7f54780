"""The same message twice, a door that is shut, what is no message, and refusals on file."""

import json
from hashlib import sha256
from typing import Any

import pytest

from models.base import canonical
from models.case import bounds
from models.case.ledger import Entry, EntryKind, verify
from models.case.messages import Ending, Outcome
from models.procedures import C3, C7
from models.refusals import Refusal
from tests.models.receptions import CLOSES, NO_MESSAGES, at_publicity, last, refused
from tests.models.samples import (
    DAY,
    NOW,
    act_values,
    docket,
    objection_values,
    reception,
    resolution_values,
    snapshot,
    withdrawal_values,
)


def sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()


EVERYTHING: list[tuple[str, dict[str, Any]]] = [
    ("act", act_values("C7")),
    ("object", objection_values("o-2")),
    ("resolve", resolution_values("o-1")),
    ("withdraw", withdrawal_values()),
]


@pytest.mark.clause("G2", "C7")
@pytest.mark.parametrize(("kind", "payload"), EVERYTHING)
def test_while_the_register_changes_a_report_alone_stops_it(
    kind: str, payload: dict[str, Any]
) -> None:
    case = docket(C7)
    desk = reception(case)
    desk.receive("object", objection_values("o-1"), NOW)
    case.changing = True
    if kind in ("object", "resolve"):
        assert desk.receive(kind, payload, NOW)
    else:
        assert refused(desk, case, kind, payload) == (
            f"{kind}: too late, the register is being changed; what speaks against that comes as a "
            "report (G2)"
        )
    assert case.disputed is (kind == "object")


@pytest.mark.clause("G7", "C7")
@pytest.mark.parametrize(("kind", "payload"), EVERYTHING)
def test_an_ended_case_takes_nothing_in(kind: str, payload: dict[str, Any]) -> None:
    case = docket(C7)
    desk = reception(case)
    desk.receive("object", objection_values("o-1"), NOW)
    known = desk.receive("withdraw", withdrawal_values(id="known"), NOW)
    case.outcome = Outcome(
        ending=Ending.WITHDRAWN, by="A5/411523", step="C7", round=1, reason="合成", at=NOW
    )
    assert refused(desk, case, kind, payload) == (
        "county-exit/411523/2017 has ended; nothing can be added to it any more"
    )
    # Whoever missed the answer still gets it.
    assert desk.receive("withdraw", withdrawal_values(id="known"), NOW + DAY) == known


@pytest.mark.clause("G7")
@pytest.mark.parametrize(
    ("kind", "payload", "other"),
    [
        ("act", act_values("C3"), {"officer": "某丁"}),
        ("act", act_values("C3"), {"decision": "reject", "reason": "不符合"}),
        ("object", objection_values(), {"text": "另一件事"}),
        ("withdraw", withdrawal_values(), {"reason": "另一个理由"}),
        ("resolve", resolution_values("o-0"), {"finding": "upheld"}),
    ],
)
def test_the_same_message_twice_counts_once(
    kind: str, payload: dict[str, Any], other: dict[str, Any]
) -> None:
    case = docket(C3)
    desk = reception(case)
    desk.receive("object", objection_values("o-0"), NOW)
    first = desk.receive(kind, payload, NOW)
    before = snapshot(case)
    assert desk.check(kind, payload, NOW + DAY)
    assert desk.receive(kind, payload, NOW + DAY) == first
    assert desk.receive(kind, dict(reversed(payload.items())), NOW + DAY) == first
    assert snapshot(case) == before
    said = refused(desk, case, kind, payload | other)
    assert said == f"id: {payload['id']} was already used for a different content"


@pytest.mark.clause("G7")
def test_of_repeated_messages_so_many_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_REPEATED", 2)
    case, desk = at_publicity()
    sent = {"id": "o-1", "text": "道路未通（合成）"}
    receipt = desk.receive("object", sent, NOW)
    assert [desk.receive("object", sent, NOW) for _ in range(2)] == [receipt, receipt]
    said = refused(desk, case, "object", sent)
    assert said == f"object o-1 was received already, as entry {receipt.seq}"
    desk.receive("object", sent | {"id": "o-2"}, NOW)


@pytest.mark.clause("G7")
def test_an_id_serves_once_for_each_kind_of_message() -> None:
    case, desk = at_publicity()
    desk.receive("object", objection_values("same"), NOW)
    desk.receive("resolve", resolution_values("same", id="same"), NOW)
    desk.receive("act", act_values("C5", id="same"), CLOSES)
    desk.receive("withdraw", withdrawal_values(id="same"), CLOSES)
    assert len(case.ledger.entries) == 4


@pytest.mark.clause("G7")
def test_a_refused_id_can_be_used_again() -> None:
    case = docket(C3)
    desk = reception(case)
    refused(desk, case, "act", act_values("C3", office="A9/410000", id="a-1"))
    assert desk.receive("act", act_values("C3", id="a-1"), NOW)


@pytest.mark.clause("G7")
@pytest.mark.parametrize("kind", ["act", "object", "resolve", "withdraw"])
@pytest.mark.parametrize("payload", NO_MESSAGES)
def test_what_is_no_message(kind: str, payload: Any) -> None:
    case = docket(C3)
    said = refused(reception(case), case, kind, payload)
    if isinstance(payload, dict):
        assert "Field required" in said
    else:
        assert said == f"'{kind}' takes one JSON object with named fields"


@pytest.mark.clause("G7")
@pytest.mark.parametrize("payload", [*NO_MESSAGES, act_values("C3", office="A9/410000")])
def test_a_refused_signal_is_on_file(payload: Any) -> None:
    case = docket(C3)
    desk = reception(case)
    desk.refuse("act", payload, Refusal("so nicht"), NOW)
    entry = last(case)
    assert (entry.kind, entry.actor) == (EntryKind.REFUSED, "sender")
    assert entry.text == "不予接收（act）：so nicht"
    content = canonical(payload)
    kept = {"message": "act", "why": "so nicht", "content": content, "sha256": sha(content)}
    assert entry.data == kept
    assert json.loads(content) == payload
    assert case.stirred
    assert case.acts == {}
    again = Entry.model_validate_json(entry.model_dump_json())
    assert verify(case.case_id, [again]) == 1


@pytest.mark.clause("G7")
def test_of_a_huge_refused_signal_everything_is_kept_in_pieces() -> None:
    case = docket(C3)
    desk = reception(case)
    for length, pieces in ((99_990, 1), (100_100, 2), (10**6, 11)):
        payload, before = "x" * length, len(case.ledger.entries)
        desk.refuse("act", payload, Refusal("so nicht"), NOW)
        entries = case.ledger.entries[before:]
        assert len(entries) == pieces
        assert "".join(str(each.data["content"]) for each in entries) == canonical(payload)
        assert entries[0].data["sha256"] == sha(canonical(payload))
        assert all(each.data["continues"] == entries[0].seq for each in entries[1:])
        assert all(len(each.model_dump_json()) < 110_000 for each in entries)


@pytest.mark.clause("G7")
def test_refused_signals_fill_no_file() -> None:
    """What comes beyond the file's bound is counted: one entry for a thousand."""
    case = docket(C3)
    desk = reception(case)
    for number in range(bounds.MOST_REFUSED + 2_001):
        desk.refuse("act", {"number": number}, Refusal("so nicht"), NOW)
    assert case.unfiled == 2_001
    assert len(case.ledger.entries) == bounds.MOST_REFUSED + 3
    assert last(case).data == {"unfiled": 2_001}


@pytest.mark.clause("G7")
def test_refused_signals_fill_no_file_by_their_length_either() -> None:
    case = docket(C3)
    desk = reception(case)
    for _ in range(20):
        desk.refuse("act", "x" * 1_000_000, Refusal("so nicht"), NOW)
    assert case.unfiled == 20 - 7
    assert sum(len(each.model_dump_json()) for each in case.ledger.entries) < 8_200_000


@pytest.mark.clause("G7")
def test_whatever_is_sent_a_refusal_stays_short() -> None:
    case = docket(C3)
    many = act_values("C3") | {f"unknown-{n}": n for n in range(3_000)}
    for payload in (
        act_values("C3") | {"step": "C" * 5_000},
        many,
        act_values("C3", id="A" * 90_000),
    ):
        assert len(refused(reception(case), case, "act", payload)) <= 600
    said = refused(reception(case), case, "act", act_values("C3", officer="字" * 100_000))
    assert said.startswith("'act' takes at most 300,000 bytes, this has 300")
    reception(case).refuse("act" * 5_000, None, Refusal("nein" * 5_000), NOW)
    assert len(last(case).text) <= 700


def nested(depth: int) -> Any:
    inner: Any = 1
    for _ in range(depth):
        inner = [inner]
    return inner


@pytest.mark.clause("G7")
@pytest.mark.parametrize(
    "payload",
    [b"\x00\x01", float("nan"), {"id": float("inf")}, nested(199), "\ud800", {1: 2}],
    ids=["bytes", "NaN", "infinity", "nested", "half a pair", "no text for a key"],
)
def test_any_signal_can_be_refused(payload: Any) -> None:
    case = docket(C3)
    desk = reception(case)
    assert refused(desk, case, "act", payload)
    desk.refuse("act", payload, Refusal("so nicht"), NOW)
    stored = last(case).model_dump_json()
    assert verify(case.case_id, [Entry.model_validate_json(stored)]) == 1
