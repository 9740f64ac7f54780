"""What a case takes in ends exactly at its bound: as much is accepted, one more is refused."""

from types import SimpleNamespace

import pytest

from models.case.bounds import check_number, check_size
from models.case.messages import Decision
from models.procedures import C3
from models.refusals import Refusal
from tests.models.document_samples import document
from tests.models.receptions import at_publicity, last, refused
from tests.models.samples import NOW, docket, objection_values, reception


@pytest.mark.clause("G7")
@pytest.mark.parametrize(
    ("kind", "most"),
    [
        ("object", 100_000),
        ("resolve", 100_000),
        ("withdraw", 100_000),
        ("file", 100_000),
        ("act", 300_000),
        ("consent", 300_000),
        ("amend", 300_000),
        ("check", 300_000),
        ("visit", 400_000),
    ],
)
def test_a_message_has_so_many_bytes(kind: str, most: int) -> None:
    check_size(kind, "x" * most)
    with pytest.raises(Refusal) as caught:
        check_size(kind, "x" * (most + 1))
    assert str(caught.value) == f"'{kind}' takes at most {most:,} bytes, this has {most + 1:,}"


@pytest.mark.clause("G7")
def test_a_character_of_chinese_has_three_bytes() -> None:
    check_size("object", "字" * 33_333 + "x")
    with pytest.raises(Refusal, match=r"this has 100,002$"):
        check_size("object", "字" * 33_334)


@pytest.mark.clause("G1")
def test_three_thousand_objections_are_taken_in_and_one_more_is_not() -> None:
    case, desk = at_publicity()
    for number in range(3_000):
        desk.receive("object", objection_values(f"o-{number}"), NOW)
    assert refused(desk, case, "object", objection_values("o-3000")) == (
        f"{case.case_id} has 3,000 objections and reports, as many as a case takes; hand it in to "
        "河南省扶贫开发领导小组 (A7/410000) on paper"
    )


@pytest.mark.clause("F9")
def test_a_thousand_documents_are_taken_in_and_one_more_is_not() -> None:
    case, desk = at_publicity()
    for number in range(1_000):
        desk.receive("file", document(id=f"d-{number}"), NOW)
    assert refused(desk, case, "file", document(id="d-1000")) == (
        f"file: {case.case_id} has 1,000 documents, as many as a case takes; file it when the case "
        "has ended, as a supplement (F9)"
    )


@pytest.mark.clause("G7")
@pytest.mark.parametrize(
    ("decision", "most"), [("return", 5_000), ("rectify", 5_000), ("approve", 5_500)]
)
def test_five_thousand_acts_are_taken_in_and_then_what_leads_to_the_end(
    decision: str, most: int
) -> None:
    act = SimpleNamespace(decision=Decision(decision))
    check_number("act", act, most - 1)
    with pytest.raises(Refusal) as caught:
        check_number("act", act, most)
    assert str(caught.value) == (
        f"act: the case has {most:,} messages, as many as it takes; approve or reject what is "
        "open, or withdraw the application"
    )


@pytest.mark.clause("T1", "G7")
def test_a_posting_is_reported_beyond_the_bound_so_that_a_publicity_can_begin_and_end() -> None:
    check_number("posted", SimpleNamespace(), 5_499)
    with pytest.raises(Refusal, match=r"^posted: the case has 5,500 messages"):
        check_number("posted", SimpleNamespace(), 5_500)


@pytest.mark.clause("G7")
def test_what_ends_a_case_or_has_a_bound_of_its_own_is_taken_beyond() -> None:
    check_number("act", SimpleNamespace(decision=Decision.REJECT), 9_999)
    for kind in ("withdraw", "object", "plead", "resolve", "inspect", "file"):
        check_number(kind, None, 9_999)


@pytest.mark.clause("G7")
def test_a_thousand_repeated_messages_are_answered_and_one_more_is_not() -> None:
    case, desk = at_publicity()
    for _ in range(1 + 1_000):
        receipt = desk.receive("object", objection_values(), NOW)
    assert receipt.seq == 1
    assert refused(desk, case, "object", objection_values()) == (
        "object o-1 was received already, as entry 1"
    )


@pytest.mark.clause("G7")
def test_two_hundred_refused_signals_stand_in_the_file_and_one_more_is_counted() -> None:
    case = docket(C3)
    desk = reception(case)
    for _ in range(200):
        desk.refuse("act", "x", Refusal("so nicht"), NOW)
    assert (case.unfiled, len(case.ledger.entries)) == (0, 200)
    desk.refuse("act", "x", Refusal("so nicht"), NOW)
    assert (case.unfiled, last(case).data) == (1, {"unfiled": 1})


@pytest.mark.clause("G7")
def test_of_those_beyond_a_thousand_are_told_of_in_one_entry() -> None:
    case = docket(C3)
    desk = reception(case)
    for _ in range(200 + 1_000):
        desk.refuse("act", "x", Refusal("so nicht"), NOW)
    assert len(case.ledger.entries) == 201
    desk.refuse("act", "x", Refusal("so nicht"), NOW)
    assert (len(case.ledger.entries), last(case).data) == (202, {"unfiled": 1_001})


@pytest.mark.clause("G7")
def test_eight_million_bytes_of_refused_signals_stand_in_the_file_and_one_more_does_not() -> None:
    case = docket(C3)
    desk = reception(case)
    for _ in range(8):
        desk.refuse("act", "x" * 999_998, Refusal("so nicht"), NOW)  # two quotes make the million
    assert case.unfiled == 0
    desk.refuse("act", None, Refusal("so nicht"), NOW)
    assert case.unfiled == 1
