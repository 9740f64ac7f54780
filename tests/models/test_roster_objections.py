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
    OFFICERS,
    TEAM,
    Sample,
    act,
    amendment,
    consents,
    meeting,
    objection,
    resolution,
    verification,
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
@pytest.mark.parametrize(
    ("whom", "stops"), [("H-01", True), ("H-02", True), ("H-03", False), (None, True)]
)
def test_an_objection_stops_those_whom_the_register_is_told_of(
    whom: str | None, stops: bool
) -> None:
    sample = Sample(H4)
    for code in ("H-01", "H-02"):
        sample.roster[code].being_struck_off = True
    sample.desk.receive("object", objection(whom), NOW)
    assert sample.docket.disputed is stops
    sample.docket.reopen()
    held = CODES if whom is None else (whom,)
    assert [each.code for each in sample.roster.over(NOW)] == [
        code for code in CODES if code not in held
    ]


@pytest.mark.clause("G1", "H4")
def test_the_whole_roster_is_objected_to_until_all_are_struck_off() -> None:
    sample = Sample(H4)
    for code in CODES:
        sample.roster[code].struck_off = True
    assert refused(sample.desk, sample.docket, "object", objection()) == (
        f"too late, all that were left are struck off; {SUPERVISION}"
    )


# -- resolutions ------------------------------------------------------------------------------


@pytest.mark.clause("G1", "A1")
@pytest.mark.parametrize("office", [COMMITTEES, TEAM, "A5/411524", "A6/411500", "A7/410000"])
def test_the_county_investigates_and_not_who_is_objected_to(office: str) -> None:
    sample = Sample(H3)
    sample.desk.receive("object", objection("H-01"), NOW)
    said = refused(sample.desk, sample.docket, "resolve", resolution("H-01", office=office))
    assert said == f"{office} may not resolve o-H-01 here; 新县扶贫开发领导小组 ({COUNTY}) may"
    assert sample.desk.receive("resolve", resolution("H-01"), NOW)


@pytest.mark.clause("G1")
@pytest.mark.parametrize("officer", [*OFFICERS.values(), "某庚", "某壬"])
def test_who_decided_something_in_the_case_does_not_investigate(officer: str) -> None:
    """Verified, collected consent, chaired the meeting that voted on who was added."""
    sample = Sample()
    for body in ("A1", "A2", "A3"):
        sample.desk.receive("act", verification(body), NOW)
    sample.desk.receive("consent", consents("H-01", officer="某庚"), NOW)
    added = amendment("H-04", meeting=meeting(chair="某壬"))
    sample.desk.receive("amend", added, NOW)
    sample.desk.receive("object", objection("H-01"), NOW)
    said = refused(sample.desk, sample.docket, "resolve", resolution("H-01", officer=officer))
    assert said.startswith(f"officer: {officer} has decided in this case (H2); somebody investi")
    assert sample.desk.receive("resolve", resolution("H-01"), NOW)


@pytest.mark.clause("G1")
def test_no_result_without_what_it_rests_on() -> None:
    sample = Sample(H3)
    sample.desk.receive("object", objection("H-01"), NOW)
    bare = resolution("H-01", evidence=[])
    assert refused(sample.desk, sample.docket, "resolve", bare) == (
        "evidence: Tuple should have at least 1 item after validation, not 0"
    )


# -- reviews ----------------------------------------------------------------------------------

CITY = "A6/411500"
WHO = {"objector": "某癸", "contact": "合成村一组"}


def review(code: str | None = "H-01", **changes: Any) -> dict[str, Any]:
    """Who objected asks the body above for the review of the objection above, as JSON."""
    return {
        "id": f"f-{code}",
        "text": "调查未入户（合成）",
        **WHO,
        "review_of": f"o-{code or 'all'}",
    } | changes


def reviewed(finding: str = "dismissed", **changes: Any) -> dict[str, Any]:
    """The city ends its review, as JSON."""
    given = {"id": "r-f", "objection_id": "f-H-01", "office": CITY, "officer": "某子"}
    return resolution("H-01", finding) | given | changes


def dismissed() -> Sample:
    """Everybody's publicity is over, and an objection to the first of them was dismissed."""
    sample = Sample(H4)
    sample.desk.receive("object", objection("H-01", **WHO), NOW)
    sample.desk.receive("resolve", resolution("H-01"), NOW)
    return sample


@pytest.mark.clause("G1", "A6")
def test_a_review_by_the_body_above_holds_up_the_final_change() -> None:
    sample = dismissed()
    receipt = sample.desk.receive("object", review(), NOW)
    assert receipt.text == "收到实名复核申请 f-H-01（举报 o-H-01）"
    assert last(sample.docket).data["as"] == "review"
    assert sample.docket.objections["f-H-01"].received.message.household == "H-01"
    assert [each.code for each in sample.roster.over(NOW)] == ["H-02", "H-03"]
    assert str(sample.docket.waiting_for) == CITY
    said = refused(sample.desk, sample.docket, "resolve", reviewed(office=COUNTY))
    assert said == f"{COUNTY} may not resolve f-H-01 here; 信阳市扶贫开发领导小组 ({CITY}) may"
    said = refused(sample.desk, sample.docket, "resolve", reviewed(officer="某辛"))
    assert said == "officer: 某辛 has investigated o-H-01; somebody else reviews it (G1)"
    receipt = sample.desk.receive("resolve", reviewed(), NOW)
    assert receipt.text == (
        "信阳市扶贫开发领导小组：复核 f-H-01 维持原调查结论，理由：经实地调查（合成）"
    )
    assert [each.code for each in sample.roster.over(NOW)] == list(CODES)


@pytest.mark.clause("G1")
def test_a_review_may_find_that_the_objection_was_right() -> None:
    sample = dismissed()
    sample.desk.receive("object", review(), NOW)
    receipt = sample.desk.receive("resolve", reviewed("upheld", return_to="H2"), NOW)
    assert "复核 f-H-01 认定原调查结论不当，予以纠正" in receipt.text
    assert [each.code for each in sample.roster.over(NOW)] == ["H-02", "H-03"]


@pytest.mark.clause("G1")
def test_what_is_reviewed_is_a_dismissal_and_once() -> None:
    sample = Sample(H4)

    def why(**changes: Any) -> str:
        return refused(sample.desk, sample.docket, "object", review(**changes))

    assert why() == "review_of: o-H-01 was not received here; known: none"
    sample.desk.receive("object", objection("H-01", **WHO), NOW)
    assert why() == "review_of: o-H-01 is being investigated; there is no result to review"
    sample.desk.receive("resolve", resolution("H-01"), NOW)
    assert why(household="H-02") == "household: o-H-01 is about H-01; leave it out"
    sample.desk.receive("object", review(), NOW)
    assert why(id="f-2") == "review_of: o-H-01 has its one review already, f-H-01 (G1)"
    sample.desk.receive("resolve", reviewed(), NOW)
    assert why(id="f-2", review_of="f-H-01") == (
        "review_of: f-H-01 is a review itself; there is one, and no second (G1)"
    )
    sample.desk.receive("object", objection("H-02"), NOW)
    sample.desk.receive("resolve", resolution("H-02", "upheld"), NOW)
    assert why(id="f-3", review_of="o-H-02") == (
        "review_of: o-H-02 was upheld; what is reviewed is a dismissal (G1)"
    )


@pytest.mark.clause("G1", "G8")
@pytest.mark.parametrize(
    ("who", "asking", "said"),
    [
        (WHO, {"objector": None}, "objector: who objected in o-H-01 asks for its review"),
        (WHO, {"objector": "某甲"}, "objector: who objected in o-H-01 asks for its review"),
        (WHO, {"contact": None}, "objector: who objected in o-H-01 asks for its review"),
        ({}, {}, "review_of: o-H-01 gives no name, so nobody can show that it is his"),
        (WHO, {}, None),
        ({"objector": "某癸"}, {}, None),
    ],
    ids=["nobody", "another", "no contact", "without a name", "the same", "contact given later"],
)
def test_who_objected_asks_for_the_review(
    who: dict[str, str], asking: dict[str, Any], said: str | None
) -> None:
    sample = Sample(H4)
    sample.desk.receive("object", objection("H-01", **who), NOW)
    sample.desk.receive("resolve", resolution("H-01"), NOW)
    if said is None:
        assert sample.desk.receive("object", review(**asking), NOW)
        return
    assert refused(sample.desk, sample.docket, "object", review(**asking)).startswith(said)
    assert sample.docket.objections["o-H-01"].reviewed_by is None


@pytest.mark.clause("G1", "H4", "A5", "A6")
def test_who_investigated_or_reviewed_decides_nothing_more() -> None:
    sample = dismissed()
    for officer, objection_id in (("某辛", "o-H-01"), ("某子", "f-H-01")):
        said = refused(sample.desk, sample.docket, "act", act("H4", officer=officer))
        assert said == (
            f"officer: {officer} has investigated {objection_id} in this case; somebody else "
            "decides in it (G1)"
        )
        if objection_id == "o-H-01":
            sample.desk.receive("object", review(), NOW)
            sample.desk.receive("resolve", reviewed(), NOW)
    assert sample.desk.receive("act", act("H4"), NOW)


@pytest.mark.clause("G1", "H4")
def test_too_late_for_a_review() -> None:
    sample = dismissed()
    sample.roster["H-01"].struck_off = True
    said = refused(sample.desk, sample.docket, "object", review())
    assert said.startswith("household H-01 is struck off already; ")


@pytest.mark.clause("G1")
def test_no_review_before_the_roster_is_there() -> None:
    sample = Sample(open_=False)
    sample.docket.own = None
    said = refused(sample.desk, sample.docket, "object", review())
    assert said == "the roster is being looked up in the register; send it again"


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
