"""What a roster's case must bear: objections to nobody it knows, long reasons, queues (G1, G7)."""

import pytest

from models.appraisals import MOST_HOUSEHOLDS
from models.case import bounds
from models.procedures import H3
from models.refusals import Refusal
from models.roster.households import State
from tests.models.roster_samples import Sample, act, amendment, meeting
from tests.models.samples import NOW


@pytest.mark.clause("G1")
def test_an_objection_before_the_roster_is_open_may_name_anybody() -> None:
    """The register has answered, and the reception is not open yet: nobody is asked who that is."""
    sample = Sample(open_=False)
    sample.desk.hear("object", {"id": "o-1", "text": "漏评（合成）", "household": "H-77"}, NOW)
    assert [each.report for each in sample.docket.objections.values()] == [True]
    assert [entry.kind for entry in sample.docket.ledger.entries] == ["objection"]


@pytest.mark.clause("G1")
def test_before_the_roster_is_open_no_more_are_taken_than_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounds, "MOST_OBJECTIONS", 2)
    sample = Sample(open_=False)
    for number in range(4):
        sample.desk.hear("object", {"id": f"o-{number}", "text": "漏评（合成）"}, NOW)
    assert list(sample.docket.objections) == ["o-0", "o-1"]


@pytest.mark.clause("G7")
def test_a_reason_is_told_in_short_with_every_household() -> None:
    sample = Sample()
    sample.desk.receive("act", act("H2", "reject", reason="某甲" * 1_950), NOW)
    assert {len(each.out or "") for each in sample.roster.candidates.values()} == {200}
    (entry,) = sample.docket.ledger.entries
    assert "某甲" * 1_950 in str(entry.data["act"])


@pytest.mark.clause("G1")
def test_amendments_that_wait_count_as_well() -> None:
    sample = Sample(H3)
    there = len(sample.roster.candidates)
    half = [f"A-{number:04}" for number in range((MOST_HOUSEHOLDS - there) // 2 + 1)]
    message = amendment(*half, id="m-1", meeting=meeting())
    sample.desk.receive("amend", message, NOW)
    others = [f"B-{number:04}" for number in range(len(half))]
    with pytest.raises(Refusal, match=f"a roster has at most {MOST_HOUSEHOLDS}"):
        sample.desk.receive("amend", amendment(*others, id="m-2", meeting=meeting()), NOW)
    assert len(sample.roster.amendments) == 1


@pytest.mark.clause("G1", "G2")
def test_who_is_held_is_found_once_for_all() -> None:
    sample = Sample(H3)
    sample.desk.receive("object", {"id": "o-1", "text": "收入不实", "household": "H-02"}, NOW)
    assert sample.states() == ["posted", "held", "posted"]
    sample.desk.receive("object", {"id": "o-2", "text": "会议未召开"}, NOW)
    assert sample.roster.counts()[State.HELD] == 3
