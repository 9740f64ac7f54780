"""What a township's follow-up takes in: visits, risk marks, the county's closing act (F5)."""

from datetime import date, timedelta
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.follow_up.messages import MOST_VISITS
from models.follow_up.orders import Back
from models.follow_up.reception import F5, FollowUpReception
from models.offices import Office
from models.refusals import Refusal
from models.register.households import Cause
from tests.models.follow_up_samples import (
    COMMITTEES,
    SECOND,
    SECRETARY,
    TEAM,
    closing,
    desk,
    docket,
    mark,
    visit,
    visits,
)
from tests.models.receptions import last, refused
from tests.models.samples import DAY, HOUR, NOW, limit

pytestmark = pytest.mark.clause("F5")

MONTHS_LATER = NOW + 60 * DAY
"""6 March 2018, nine o'clock in Beijing."""


@pytest.mark.parametrize("office", ["A5/411523", COMMITTEES, TEAM, SECRETARY])
def test_a_visit_by_village_or_county_is_put_on_file_and_counted(office: str) -> None:
    case = docket()
    case.watch.arm(F5, limit("F5"), Office.parse("A5/411523"), "", NOW)
    reception = desk(case)
    receipt = reception.receive("visit", visits(visit("SL-1001"), office=office), NOW)
    entry = last(case)
    assert (entry.kind, entry.seq, entry.hash) == (EntryKind.CHECKS, receipt.seq, receipt.hash)
    assert entry.text.endswith("回访1户，尚有2户待访")
    assert entry.data["due_on"] == "2018-11-30"
    assert entry.actor == f"{office} 某丙"
    assert case.watch[F5].subject == "K1 跟踪回访（尚有2户待访）"
    more = visits(visit("SL-1002"), visit("SL-2001"), id="v-2")
    reception.receive("visit", more, NOW)
    assert case.watch[F5].subject == "K1 跟踪回访（均已回访，待办结）"


def test_offices_of_a_village_are_called_by_its_name() -> None:
    case = docket()
    desk(case).receive("visit", visits(office=COMMITTEES), NOW)
    assert last(case).text.startswith("合成村“两委”回访1户")


def test_an_unstable_household_is_kept_for_the_county_and_may_carry_a_risk() -> None:
    case = docket()
    reception = desk(case)
    found = visit("SL-1001", stable=False, note="务工中断（合成）", risk="unstable")
    reception.receive("visit", visits(found, visit("SL-1002")), NOW)
    assert last(case).text.endswith("回访2户，其中1户不稳定，尚有1户待访")
    assert reception.list is not None
    assert reception.list.unstable == ["SL-1001"]
    again = mark("SL-1001", risk="unstable")
    assert "marked as unstable already" in refused(reception, case, "mark", again)


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (
            visits(visit("SL-9999")),
            "household SL-9999 is not due in 新县合成乡 in 2018 (F5); "
            "`exitflow follow-up due` lists who is",
        ),
        (
            visits(visit("SL-2001"), office=COMMITTEES),
            f"{COMMITTEES} may not report a visit to household SL-2001 of 示例村; its village may "
            f"(A1/{SECOND}; its work team and first secretary, where they are), or A5/411523",
        ),
        (visits(visit("SL-2001"), office=f"A2/{SECOND}"), f"A2/{SECOND} may not report a visit"),
        (visits(visit("SL-2001"), office=f"A3/{SECOND}"), f"A3/{SECOND} may not report a visit"),
        (visits(office="A5/411522"), "A5/411522 may not report a visit"),
        (visits(office="A6/411500"), "A6/411500 may not report a visit"),
        (visits(office=f"A4/{SECOND}"), "may not report a visit"),
        (
            visits(visit(made_on="2018-01-06")),
            "made_on: 2018-01-06 of household SL-1001 lies in the future",
        ),
        (
            visits(visit(made_on="2018-01-04")),
            "made_on: 2018-01-04 of household SL-1001 lies before 2018-01-05, when the visits of "
            "2018 began",
        ),
        (
            visits(visit(correction="笔误")),
            "correction: no visit to household SL-1001 is on file yet; leave it out",
        ),
        (
            visits(visit(stable=False)),
            "household SL-1001 is not stable; say what was found",
        ),
        (visits(visit(risk="marginal")), "household SL-1001 has a risk; say what was found"),
        (visits(visit(), visit()), "household SL-1001 stands there twice; report one visit"),
        (visits() | {"visits": []}, "at least 1 item"),
        (visits(visit(stable="是")), "visits.0.stable"),
        (visits(visit(risk="poor")), "visits.0.risk"),
        (
            visits(at="2018-01-05T10:00:00+08:00"),
            "at: 2018-01-05T10:00:00+08:00 lies in the future",
        ),
    ],
)
def test_a_visit_that_cannot_be_is_refused(report: dict[str, Any], said: str) -> None:
    case = docket()
    assert said in refused(desk(case), case, "visit", report)


def test_of_a_report_with_one_fault_nothing_is_taken() -> None:
    case = docket()
    reception = desk(case)
    refused(reception, case, "visit", visits(visit("SL-1001"), visit("SL-9999")))
    assert reception.list is not None
    assert reception.list.left == ["SL-1001", "SL-1002", "SL-2001"]


def test_a_second_visit_replaces_the_first_with_a_reason_alone() -> None:
    case = docket()
    reception = desk(case)
    reception.receive("visit", visits(), NOW)
    entry = last(case).seq
    twice = visits(visit(stable=False, note="复核（合成）"), id="v-2")
    assert refused(reception, case, "visit", twice) == (
        f"household SL-1001 was visited already (entry {entry}); to replace that, say why in "
        "correction"
    )
    right = visits(visit(stable=False, note="复核（合成）", correction="误报（合成）"), id="v-2")
    reception.receive("visit", right, NOW)
    assert last(case).text.endswith("回访1户，其中1户不稳定，尚有2户待访")


@pytest.mark.parametrize(("opened", "first"), [("2018-03-01", "01-05"), ("2018-01-03", "01-03")])
def test_visits_count_from_the_day_of_the_policy_or_of_an_earlier_case(
    opened: str, first: str
) -> None:
    """A round that was caught up with in March takes the visits made since January."""
    case = docket()
    reception = desk(case)
    assert reception.list is not None
    reception.draw_up(reception.list.due, date.fromisoformat(opened))
    assert f"lies before 2018-{first}" in refused_at(reception, visits(visit(made_on="2018-01-02")))
    reception.receive("visit", visits(visit(made_on=f"2018-{first}")), MONTHS_LATER)


def refused_at(reception: FollowUpReception, report: dict[str, Any]) -> str:
    with pytest.raises(Refusal) as refusal:
        reception.check("visit", report, MONTHS_LATER)
    return str(refusal.value)


def test_the_day_of_a_visit_is_one_in_beijing() -> None:
    case = docket()
    reception = desk(case)
    tomorrow = visits(visit(made_on="2018-01-06"))
    assert "lies in the future" in refused(reception, case, "visit", tomorrow)
    reception.receive("visit", tomorrow, NOW + 16 * HOUR)  # one o'clock of the 6th in Beijing


def test_a_thousand_visits_fit_into_one_report_and_one_more_does_not() -> None:
    case = docket()
    reception = desk(case)
    many = [visit(f"X-{number:04}", note="合成" * 20) for number in range(MOST_VISITS)]
    assert "household X-0000 is not due" in refused(reception, case, "visit", visits(*many))
    many.append(visit("X-1000"))
    assert "at most 1000 items" in refused(reception, case, "visit", visits(*many))


# -- marks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("office", ["A5/411523", COMMITTEES, TEAM, SECRETARY])
def test_a_risk_is_marked_and_lifted(office: str) -> None:
    case = docket()
    reception = desk(case)
    reception.receive("mark", mark(office=office), NOW)
    assert last(case).kind is EntryKind.RISK
    assert last(case).text.endswith("标注SL-1001户风险：突发困难户，理由：户主患大病（合成）")
    lift = mark(id="m-2", lifted=True, reason="医疗救助到位（合成）", office=office)
    reception.receive("mark", lift, NOW)
    assert "解除SL-1001户风险：突发困难户" in last(case).text
    assert "is not marked as sudden_hardship" in refused(
        reception, case, "mark", lift | {"id": "x"}
    )
    reception.receive("mark", mark(id="m-3", office=office), NOW)


def test_a_mark_of_an_earlier_year_is_known_and_can_be_lifted() -> None:
    case = docket()
    reception = desk(case)
    there = mark("SL-2001", risk="marginal")
    assert "household SL-2001 is marked as marginal already" in refused(
        reception, case, "mark", there
    )
    reception.receive("mark", there | {"lifted": True}, NOW)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (mark("SL-9999"), "household SL-9999 is not due in 新县合成乡 in 2018"),
        (mark("SL-2001", office=COMMITTEES), f"{COMMITTEES} may not mark household SL-2001"),
        (
            mark("SL-2001", office=COMMITTEES, lifted=True),
            "may not lift a mark of household SL-2001",
        ),
        (mark(lifted=True), "is not marked as sudden_hardship; there is no mark to lift"),
        (mark(reason=""), "reason"),
    ],
)
def test_a_mark_that_cannot_be_is_refused(wrong: dict[str, Any], said: str) -> None:
    case = docket()
    assert said in refused(desk(case), case, "mark", wrong)


# -- the end ----------------------------------------------------------------------------------


@pytest.mark.clause("G4")
def test_the_year_is_closed_when_all_are_visited_or_with_a_reason() -> None:
    case = docket()
    reception = desk(case)
    reception.receive("visit", visits(), NOW)
    assert refused(reception, case, "act", closing()) == (
        "reason: 2 of 3 households are not visited yet (SL-1002, SL-2001); visit them, or say why "
        "the year is closed without"
    )
    reception.check("act", closing(reason="户主外出（合成）"), NOW)
    reception.receive("visit", visits(visit("SL-1002"), visit("SL-2001"), id="v-2"), NOW)
    reception.receive("act", closing(), NOW)
    for kind, late in (("visit", visits(visit("SL-1002"), id="v-3")), ("mark", mark())):
        said = refused(reception, case, kind, late)
        assert said == "K1 跟踪回访 is closed already; nothing can be added"


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (closing(office=COMMITTEES), f"{COMMITTEES} may not decide K1 跟踪回访"),
        (closing(office="A6/411500"), "A6/411500 may not decide K1 跟踪回访"),
        (
            closing(decision="reject", reason="合成"),
            "'reject' is no decision of K1 跟踪回访 now",
        ),
        (
            closing(households=["SL-1001"], reason="合成"),
            "households: no act of this case carries it",
        ),
    ],
)
def test_the_county_closes_it_and_nobody_else(act: dict[str, Any], said: str) -> None:
    case = docket()
    assert said in refused(desk(case), case, "act", act)


@pytest.mark.parametrize("kind", ["object", "resolve", "withdraw", "consent"])
def test_what_belongs_to_other_procedures_is_refused(kind: str) -> None:
    case = docket()
    assert f"{kind}: this case takes act, visit, mark" in refused(desk(case), case, kind, {})


@pytest.mark.clause("F7")
def test_who_is_in_the_register_again_is_left_out_of_what_is_due() -> None:
    case = docket()
    case.watch.arm(F5, limit("F5"), Office.parse("A5/411523"), "", NOW)
    reception = desk(case)
    back = Back(household="SL-1002", since=date(2018, 3, 2), cause=Cause.FALLEN_BACK)
    revoked = Back(household="SL-2001", since=date(2018, 3, 5), cause=Cause.REVOKED)
    reception.leave_out([back, revoked], MONTHS_LATER)
    entry = last(case)
    assert entry.kind is EntryKind.CHECKS
    assert entry.text == (
        "2户已重新登记为扶贫对象，本年度不再回访：SL-1002（2018-03-02返贫）、"
        "SL-2001（2018-03-05撤销退出），尚有1户待访"
    )
    assert entry.data["back"] == [back.content(), revoked.content()]
    assert case.watch[F5].subject == "K1 跟踪回访（尚有1户待访）"
    # Asked again it is nothing new, and who is visited is not left out.
    reception.receive("visit", visits(visit("SL-1001")), MONTHS_LATER)
    before = len(case.ledger.entries)
    visited = Back(household="SL-1001", since=date(2018, 3, 6), cause=Cause.FALLEN_BACK)
    reception.leave_out([back, revoked, visited], MONTHS_LATER)
    assert len(case.ledger.entries) == before
    # Nobody is left: the county closes the year without a reason.
    reception.receive("act", closing(), MONTHS_LATER)


def test_before_the_list_is_drawn_up_a_signal_waits_and_an_update_is_told() -> None:
    case = docket()
    case.preparing = True
    reception = FollowUpReception(case)
    said = refused(reception, case, "visit", visits())
    assert said == "the list of households is being drawn up; send it again"
    reception.hear("visit", visits(), NOW)
    assert case.ledger.entries == []
    reception.draw_up(desk(docket()).list.due, (NOW + timedelta(hours=8)).date())  # type: ignore[union-attr]
    case.preparing = False
    reception.hear_early()
    assert last(case).kind is EntryKind.CHECKS
    assert last(case).at == NOW < NOW + HOUR
