"""H2 本户认可: what each household answers, and who may say it for it."""

from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.procedures import H1, H2, H3, H4
from tests.models.receptions import last, refused
from tests.models.roster_samples import (
    CODES,
    Sample,
    consents,
    verification,
    withdrawal,
)
from tests.models.samples import DAY, NOW
from tests.models.village_samples import village


@pytest.mark.clause("H2", "A4")
def test_households_agree_and_refuse_in_one_message() -> None:
    sample = Sample(place=village(work_team=False, first_secretary=False))
    sample.desk.receive("act", verification("A1"), NOW)
    answers = consents("H-01", "H-02")["answers"] + consents("H-03", agreed=False)["answers"]
    receipt = sample.desk.receive("consent", consents(answers=answers), NOW)
    assert receipt.text == "拟退出贫困户2户认可、1户不认可，未附签字材料"
    assert last(sample.docket).kind is EntryKind.CONSENTS
    assert last(sample.docket).data["courses"] == {
        "H-01": ["agreed", None],
        "H-02": ["agreed", None],
        "H-03": ["out", "本户不认可：收入不稳定（合成）"],
    }
    assert sample.states() == ["agreed", "agreed", "out"]


def _answer(**said: Any) -> dict[str, Any]:
    return consents(answers=[{"household": "H-01", "agreed": True, **said}])


@pytest.mark.clause("H2", "A4")
def test_who_is_no_member_signs_for_nobody() -> None:
    sample = Sample()
    said = (
        "signed_by: 路人 is no member of household H-01 whom the register names (张H-01); let a "
        "member sign, or give the agent_reason of who signs for it; if the register has changed, "
        "amend reads it again (H2)"
    )
    for answer in ({}, {"agreed": False, "reason": "不愿退出（合成）"}):
        payload = _answer(signed_by="路人", **answer)
        assert refused(sample.desk, sample.docket, "consent", payload) == said
    assert sample.states() == ["drafted"] * 3


@pytest.mark.clause("H2", "A4")
@pytest.mark.parametrize("member", ["张H-01", "李某甲", "张某乙"])
def test_every_member_whom_the_register_names_can_sign(member: str) -> None:
    sample = Sample()
    candidate = sample.roster["H-01"]
    candidate.facts = candidate.facts.model_copy(update={"members": ("李某甲", "张某乙")})
    sample.desk.receive("consent", _answer(signed_by=member), NOW)
    assert candidate.agreed


@pytest.mark.clause("H2", "A4")
def test_an_agent_signs_with_a_reason_and_both_stand_on_file() -> None:
    sample = Sample()
    agent = _answer(signed_by="路人", agent_reason="户主外出务工，电话委托（合成）")
    receipt = sample.desk.receive("consent", agent, NOW)
    assert receipt.text == "拟退出贫困户1户认可，其中1户由他人代签，未附签字材料"
    kept: Any = last(sample.docket).data["consents"]
    (answer,) = kept["answers"]
    assert (answer["signed_by"], answer["agent_reason"]) == (
        "路人",
        "户主外出务工，电话委托（合成）",
    )
    assert sample.roster["H-01"].agreed


@pytest.mark.clause("H2", "A4")
def test_the_signed_sheet_is_evidence() -> None:
    sample = Sample()
    sheet = {"name": "签字表.pdf", "sha256": "0" * 64}
    receipt = sample.desk.receive("consent", consents("H-01", evidence=[sheet]), NOW)
    assert receipt.text == "拟退出贫困户1户认可"


@pytest.mark.clause("H2", "A4")
def test_who_agrees_first_has_still_to_be_verified() -> None:
    sample = Sample()
    sample.desk.receive("consent", consents(), NOW)
    assert sample.states() == ["drafted"] * 3
    assert sample.roster.ready() == []


@pytest.mark.clause("H2", "A4")
def test_nobody_agrees_twice() -> None:
    sample = Sample()
    sample.desk.receive("consent", consents("H-01"), NOW)
    said = refused(sample.desk, sample.docket, "consent", consents("H-02", "H-01"))
    assert said == "household H-01 has agreed already (H2)"


@pytest.mark.clause("H2", "A4", "H4")
@pytest.mark.parametrize("step", [H2, H3, H4], ids=str)
def test_a_refusal_counts_until_the_household_is_struck_off(step: Any) -> None:
    sample = Sample(step)
    sample.is_agreed(*CODES)
    sample.desk.receive("consent", consents("H-01", agreed=False), NOW)
    assert sample.roster["H-01"].out == "本户不认可：收入不稳定（合成）"
    again = consents("H-01")
    assert refused(sample.desk, sample.docket, "consent", again) == (
        "household H-01 has left the roster: 本户不认可：收入不稳定（合成）"
    )


@pytest.mark.clause("H2", "H4")
def test_no_refusal_undoes_the_register() -> None:
    sample = Sample(H4)
    sample.roster["H-01"].being_struck_off = True
    assert refused(sample.desk, sample.docket, "consent", consents("H-01", agreed=False)) == (
        "household H-01: too late, it is being struck off; report it to the supervision of the "
        "provincial group"
    )
    sample.roster["H-01"].being_struck_off, sample.roster["H-01"].struck_off = False, True
    assert refused(sample.desk, sample.docket, "consent", consents("H-01", agreed=False)) == (
        "household H-01 is struck off already; report it to the supervision of the provincial group"
    )


@pytest.mark.clause("H2")
@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (
            consents("H-09"),
            "household H-09 is not on this roster; `exitflow case "
            "household-exit/411523100901/2017/1 --households` lists who is",
        ),
        (consents("H-01", "H-01"), "answers: household H-01 answers twice"),
        (
            consents(answers=[]),
            "answers: Tuple should have at least 1 item after validation, not 0",
        ),
        (
            consents(answers=[{"household": "H-01", "agreed": False, "signed_by": "张H-01"}]),
            "answers.0: reason: a household that refuses says why; answers: Tuple "
            "should have at least 1 item after validation, not 0",
        ),
        (
            consents(answers=[{"household": "H-01", "agreed": "yes", "signed_by": "张H-01"}]),
            "answers.0.agreed: Input should be a valid boolean; answers: Tuple "
            "should have at least 1 item after validation, not 0",
        ),
        (
            consents(answers=[{"household": "H-01", "agreed": True}]),
            "answers.0.signed_by: Field required; answers: Tuple should have at "
            "least 1 item after validation, not 0",
        ),
        (
            consents(at="2018-01-05T09:05:01+08:00"),
            "at: 2018-01-05T09:05:01+08:00 lies in the future",
        ),
        (
            consents(at="2017-12-06T08:59:59+08:00"),
            "at: 2017-12-06T08:59:59+08:00 lies before 2017-12-06T09:00:00+08:00, when household "
            "H-01 was drafted or returned",
        ),
    ],
)
def test_answers_that_count_for_nothing(payload: dict[str, Any], why: str) -> None:
    sample = Sample()
    assert refused(sample.desk, sample.docket, "consent", payload) == why


@pytest.mark.clause("H2", "G3")
def test_who_is_sent_back_agrees_anew() -> None:
    sample = Sample(H4)
    sample.roster["H-01"].begin_again(NOW - DAY)
    old = consents("H-01", at=(NOW - 2 * DAY).isoformat())
    assert "was drafted or returned" in refused(sample.desk, sample.docket, "consent", old)
    sample.desk.receive("consent", consents("H-01"), NOW)
    assert sample.roster["H-01"].agreed


@pytest.mark.clause("H1", "H2", "G3")
def test_before_a_renewed_appraisal_a_household_can_only_refuse() -> None:
    sample = Sample(H1)
    sample.docket.round = 2
    assert refused(sample.desk, sample.docket, "consent", consents()) == (
        f"H2 is not open; {sample.docket.case_id} is at H1 民主评议"
    )
    sample.desk.receive("consent", consents("H-01", agreed=False), NOW)
    assert sample.states() == ["out", "drafted", "drafted"]


@pytest.mark.clause("H2")
def test_after_a_withdrawal_nobody_is_asked_any_more() -> None:
    sample = Sample()
    sample.desk.receive("withdraw", withdrawal(), NOW)
    for kind, payload in (("consent", consents()), ("act", verification())):
        assert refused(sample.desk, sample.docket, kind, payload) == "the roster is withdrawn"
