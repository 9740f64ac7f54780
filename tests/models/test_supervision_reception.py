"""J3, J4 (F6): the county ends its hearing, and the result comes in at the same moment."""

from datetime import timedelta
from typing import Any

import pytest

from models.case.state import Docket
from models.periods import LimitKind
from models.procedures import J3, J4, SUPERVISION
from models.supervision.reception import SupervisionReception
from models.supervision.rules import Inspection
from tests.models.document_samples import PROOF
from tests.models.receptions import refused
from tests.models.samples import DAY, HENAN, NOW, county, limit

pytestmark = pytest.mark.clause("F6")

COUNTY, PROVINCE = "A5/411523", "A7/410000"
SECOND = timedelta(seconds=1)


def at_hearing() -> tuple[Docket, SupervisionReception]:
    """The hearing runs until 24:00 of 8 January; nothing drawn waits for a finding."""
    case = Docket(
        case_id="supervision/411523/2018-q1",
        procedure=SUPERVISION,
        subject=county(),
        year=2018,
        policy=HENAN,
        route=SUPERVISION.steps,
        skipped={},
        step=J3,
        basis=NOW - 2 * DAY,
    )
    case.posted = limit("F6.hearing", NOW.replace(day=8, hour=16), LimitKind.MINIMUM)
    return case, SupervisionReception(case, Inspection())


def act(step: str, **changes: Any) -> dict[str, Any]:
    """The county ends its hearing; the province decides on the result."""
    given: dict[str, Any] = {"id": step, "step": step, "decision": "approve", "officer": "某乙"}
    given |= {"office": COUNTY} if step == "J3" else {"office": PROVINCE}
    if step == "J4":
        given["document_number"] = "合成〔4〕号"
    return given | changes


def test_both_are_taken_in_where_they_come_together() -> None:
    case, desk = at_hearing()
    desk.receive("act", act("J3"), NOW)
    desk.receive("act", act("J4"), NOW)
    assert [each.message.id for each in case.waiting_acts(J3)] == ["J3"]
    assert [each.message.id for each in case.waiting_acts(J4)] == ["J4"]


def test_the_result_does_not_come_first() -> None:
    case, desk = at_hearing()
    assert refused(desk, case, "act", act("J4")) == (
        "J4 is not open; J3 申诉举证 goes on until 24:00 on 2018-01-08 (F6)"
    )


def test_the_result_is_not_signed_before_the_county_had_done() -> None:
    case, desk = at_hearing()
    desk.receive("act", act("J3", at=(NOW - SECOND).isoformat()), NOW)
    early = act("J4", at=(NOW - 2 * SECOND).isoformat())
    assert refused(desk, case, "act", early) == (
        "at: 2018-01-05T00:59:58+00:00 lies before 2018-01-05T08:59:59+08:00, when that was done "
        "on which J4 结果认定 rests"
    )
    assert desk.receive("act", act("J4", at=(NOW - SECOND).isoformat()), NOW)


def test_the_county_ends_its_hearing_once_and_pleads_no_more() -> None:
    case, desk = at_hearing()
    desk.receive("act", act("J3"), NOW)
    assert refused(desk, case, "act", act("J3", id="again")) == (
        "J3: the county has ended its hearing already"
    )
    plea = {
        "id": "p-1",
        "office": COUNTY,
        "officer": "某甲",
        "about": "R000001",
        "text": "住房已验收（合成）",
        "evidence": [PROOF],
    }
    assert refused(desk, case, "plead", plea) == (
        "plead: the county has ended its hearing (J3) itself"
    )


def test_one_result_is_enough() -> None:
    case, desk = at_hearing()
    desk.receive("act", act("J3"), NOW)
    desk.receive("act", act("J4"), NOW)
    assert refused(desk, case, "act", act("J4", id="again")) == (
        "J4 结果认定 is already decided in round 1"
    )
