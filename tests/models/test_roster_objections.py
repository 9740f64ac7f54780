"""G1, G2 in a roster: an objection stops one household and no other; H3 by an act."""

from datetime import timedelta
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.procedures import H1, H2, H3, H4, Step
from tests.models.receptions import last, refused
from tests.models.roster_samples import (
    CODES,
    COMMITTEES,
    COUNTY,
    DRAFTED,
    TEAM,
    Sample,
    act,
    objection,
    resolution,
)
from tests.models.samples import DAY, NOW

SUPERVISION = "report it to the supervision of the provincial group"


# -- posting ----------------------------------------------------------------------------------


@pytest.mark.clause("H3", "A1")
def test_the_committees_post_who_is_ready() -> None:
    sample = Sample()
    sample.is_agreed("H-02")
    sample.desk.receive("act", act("H3"), NOW)
    assert sample.roster.publish_now
    assert [each.code for each in sample.roster.ready()] == ["H-02"]
    assert last(sample.docket).text == "合成村“两委”先行公示已核实认可的1户"


@pytest.mark.clause("H3")
@pytest.mark.parametrize(
    ("step", "ready", "payload", "why"),
    [
        (
            H2,
            False,
            act("H3"),
            "no household is verified and agrees yet: there is nobody to post (H3)",
        ),
        (
            H2,
            True,
            act("H3", office=TEAM),
            "A2/411523100901 may not post H3 公告公示 here; 合成村“两委” (A1/411523100901) may",
        ),
        (
            H2,
            True,
            act("H3", office=COUNTY),
            "A5/411523 may not post H3 公告公示 here; 合成村“两委” (A1/411523100901) may",
        ),
        (
            H2,
            True,
            act("H3", "reject"),
            "H3 公告公示 takes nothing but 'approve' for all who are ready",
        ),
        (
            H2,
            True,
            act("H3", households=["H-01"]),
            "households: only an act of H2 or H4 carries it",
        ),
        (
            H2,
            True,
            act("H3", at=(DRAFTED - timedelta(seconds=1)).isoformat()),
            "at: 2017-12-06T00:59:59+00:00 lies before 2017-12-06T09:00:00+08:00, when that was "
            "done on which H3 公告公示 rests",
        ),
        (
            H3,
            True,
            act("H3"),
            "H3 is not waiting to be posted; household-exit/411523100901/2017/1 is at H3 公告公示",
        ),
    ],
)
def test_what_posts_nobody(step: Step, ready: bool, payload: dict[str, Any], why: str) -> None:
    sample = Sample(step)
    if ready:
        sample.is_agreed(*CODES)
    assert refused(sample.desk, sample.docket, "act", payload) == why


# -- objections -------------------------------------------------------------------------------


@pytest.mark.clause("G1", "H3")
def test_an_objection_to_one_holds_it_and_nobody_else() -> None:
    sample = Sample(H3)
    receipt = sample.desk.receive("object", objection("H-02"), NOW)
    assert receipt.text == "收到匿名异议 o-H-02"
    assert last(sample.docket).data["as"] == "objection"
    assert sample.states() == ["posted", "held", "posted"]
    assert sample.roster.course(sample.roster["H-02"]).reason == "异议 o-H-02"
    assert sample.roster.summary().held == ("H-02",)


@pytest.mark.clause("G1", "H3")
def test_an_objection_to_the_roster_holds_everybody() -> None:
    sample = Sample(H3)
    sample.desk.receive("object", objection(), NOW)
    assert sample.states() == ["held"] * 3


@pytest.mark.clause("G1", "G2", "H3", "H4")
def test_after_its_notice_it_is_a_report_and_holds_as_well() -> None:
    sample = Sample(H4)
    sample.is_posted("H-01", closes=NOW + DAY, key="H3 2")
    for code, kind in (("H-01", "objection"), ("H-02", "report")):
        sample.desk.receive("object", objection(code), NOW)
        assert last(sample.docket).data["as"] == kind
    # Of the whole roster, as long as a notice stands.
    sample.desk.receive("object", objection(), NOW)
    assert last(sample.docket).data["as"] == "objection"
    assert sample.roster.over(NOW) == []


@pytest.mark.clause("G1", "G2", "T1")
@pytest.mark.parametrize(
    ("late", "kind"), [(timedelta(seconds=-1), "objection"), (timedelta(0), "report")]
)
def test_a_notice_stands_until_24_00_of_its_last_day(late: timedelta, kind: str) -> None:
    sample = Sample(H4)
    sample.is_posted("H-01", closes=NOW + DAY, key="H3 2")
    sample.desk.receive("object", objection("H-01"), NOW + DAY + late)
    assert last(sample.docket).data["as"] == kind


@pytest.mark.clause("G2")
def test_once_every_notice_is_over_the_whole_roster_is_reported() -> None:
    sample = Sample(H4)
    sample.desk.receive("object", objection(), NOW)
    assert last(sample.docket).data["as"] == "report"


@pytest.mark.clause("G1", "T1")
def test_while_a_notice_is_being_published_it_may_have_been_read() -> None:
    sample = Sample(H3)
    for candidate in sample.roster.candidates.values():
        candidate.posting, candidate.being_posted = None, True
    sample.desk.receive("object", objection("H-01"), NOW)
    assert last(sample.docket).data["as"] == "objection"


@pytest.mark.clause("G1")
@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"struck_off": True}, f"household H-01 is struck off already; {SUPERVISION}"),
        (
            {"being_struck_off": True},
            f"household H-01: too late, it is being struck off; {SUPERVISION}",
        ),
        ({"out": "本户不认可：无"}, "household H-01 has left the roster: 本户不认可：无"),
    ],
)
def test_an_objection_to_whom_it_comes_too_late(state: dict[str, Any], why: str) -> None:
    sample = Sample(H4)
    for name, value in state.items():
        setattr(sample.roster["H-01"], name, value)
    assert refused(sample.desk, sample.docket, "object", objection("H-01")) == why
    assert sample.desk.receive("object", objection("H-02"), NOW)


@pytest.mark.clause("G1")
def test_an_objection_to_nobody_here() -> None:
    sample = Sample(H3)
    said = refused(sample.desk, sample.docket, "object", objection("H-09"))
    assert said.startswith("household H-09 is not on this roster; ")


@pytest.mark.clause("G1", "G2", "H4")
def test_the_whole_roster_is_objected_to_as_long_as_somebody_can_be_stopped() -> None:
    sample = Sample(H4)
    for code in ("H-01", "H-02"):
        sample.roster[code].being_struck_off = True
    sample.desk.receive("object", objection(id="in-time"), NOW)
    sample.roster["H-03"].being_struck_off = True
    assert refused(sample.desk, sample.docket, "object", objection()) == (
        f"too late, all that are left are being struck off; {SUPERVISION}"
    )


# -- resolutions ------------------------------------------------------------------------------


@pytest.mark.clause("G1", "A1")
@pytest.mark.parametrize("office", [COUNTY, TEAM, "A1/411523100902", "A7/410000"])
def test_the_committees_investigate(office: str) -> None:
    sample = Sample(H3)
    sample.desk.receive("object", objection("H-01"), NOW)
    said = refused(sample.desk, sample.docket, "resolve", resolution("H-01", office=office))
    assert said == (f"{office} may not resolve objections here; 合成村“两委” ({COMMITTEES}) may")
    assert sample.desk.receive("resolve", resolution("H-01"), NOW)


@pytest.mark.clause("G1")
def test_a_dismissed_objection_holds_nobody() -> None:
    sample = Sample(H4)
    sample.desk.receive("object", objection("H-01"), NOW)
    assert [each.code for each in sample.roster.over(NOW)] == ["H-02", "H-03"]
    sample.desk.receive("resolve", resolution("H-01"), NOW)
    assert [each.code for each in sample.roster.over(NOW)] == list(CODES)


@pytest.mark.clause("G1")
def test_an_upheld_one_holds_until_the_case_has_acted_on_it() -> None:
    sample = Sample(H4)
    sample.desk.receive("object", objection("H-01"), NOW)
    sample.desk.receive("resolve", resolution("H-01", "upheld"), NOW)
    assert [each.code for each in sample.roster.over(NOW)] == ["H-02", "H-03"]
    sample.docket.objections["o-H-01"].answered = True
    assert [each.code for each in sample.roster.over(NOW)] == list(CODES)


@pytest.mark.clause("G1", "G3")
@pytest.mark.parametrize(
    ("return_to", "in_order"),
    [(None, True), ("H2", True), ("H3", True), ("H1", False), ("H4", False)],
)
def test_where_a_household_goes_back_to(return_to: str | None, in_order: bool) -> None:
    sample = Sample(H4)
    sample.desk.receive("object", objection("H-01"), NOW)
    back = {"return_to": return_to} if return_to else {}
    payload = resolution("H-01", "upheld", **back)
    if in_order:
        assert sample.desk.receive("resolve", payload, NOW)
        return
    assert refused(sample.desk, sample.docket, "resolve", payload) == (
        f"return_to: {return_to} is no step to send a household back to; H2 verifies it again, H3 "
        "posts it again"
    )


@pytest.mark.clause("G1", "G3", "H3")
@pytest.mark.parametrize(
    ("step", "allowed"),
    [(H1, []), (H2, ["H1"]), (H3, ["H1", "H2", "H3"]), (H4, ["H1", "H2", "H3"])],
    ids=str,
)
def test_where_the_whole_roster_goes_back_to(step: Step, allowed: list[str]) -> None:
    for target in ("H1", "H2", "H3", "H4", "C1"):
        sample = Sample(step)
        sample.desk.receive("object", objection(), NOW)
        payload = resolution(None, "upheld", return_to=target)
        if target in allowed:
            assert sample.desk.receive("resolve", payload, NOW)
            continue
        choice = f"one of {', '.join(allowed)}" if allowed else "there is none before it"
        assert refused(sample.desk, sample.docket, "resolve", payload) == (
            f"return_to: {target} is no step to go back to from here; {choice}"
        )


@pytest.mark.clause("G1")
@pytest.mark.parametrize("code", ["H-01", None])
def test_a_result_is_given_once_and_not_before_the_objection(code: str | None) -> None:
    sample = Sample(H3)
    sample.desk.receive("object", objection(code), NOW)
    early = resolution(code, at=(NOW - timedelta(seconds=1)).isoformat())
    assert "lies before the objection itself" in refused(
        sample.desk, sample.docket, "resolve", early
    )
    sample.desk.receive("resolve", resolution(code), NOW)
    said = refused(sample.desk, sample.docket, "resolve", resolution(code, "upheld"))
    assert said == f"objection o-{code or 'all'} is already resolved: dismissed"
    unknown = resolution(code, id="r-x", objection_id="o-x")
    said = refused(sample.desk, sample.docket, "resolve", unknown)
    assert said == f"objection_id: o-x was not received here; known: o-{code or 'all'}"


@pytest.mark.clause("G1", "H3")
def test_what_is_on_file_of_an_objection() -> None:
    sample = Sample(H3)
    sample.desk.receive("object", objection("H-01", objector="钱某某", contact="示例"), NOW)
    entry = last(sample.docket)
    assert (entry.kind, entry.actor, entry.text) == (
        EntryKind.OBJECTION,
        "objector",
        "收到实名异议 o-H-01",
    )
    assert entry.data["objection"]["household"] == "H-01"  # type: ignore[index,call-overload]
