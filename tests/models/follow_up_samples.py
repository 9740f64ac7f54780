"""A synthetic township's follow-up that the tests of the pure rules share."""

from datetime import date
from typing import Any

from models.case.mailbox import Expectation
from models.case.state import Docket
from models.follow_up.orders import DueVillage, FollowUpDue, MarkInForce
from models.follow_up.reception import FollowUpReception
from models.offices import Township
from models.policy import Body
from models.procedures import FOLLOW_UP, K1
from models.register.households import Risk
from tests.models.samples import DAY, HENAN, NOW, county

COUNTY = "A5/411523"
FIRST, SECOND = "411523100901", "411523100902"
COMMITTEES, TEAM, SECRETARY = f"A1/{FIRST}", f"A2/{FIRST}", f"A3/{FIRST}"


def township() -> Township:
    """An invented township of 新县."""
    return Township(code="411523100", name="合成乡", county=county())


def due() -> FollowUpDue:
    """Two households of a village with team and secretary, one of a village without."""
    with_team = DueVillage(
        code=FIRST,
        name="合成村",
        work_team=True,
        first_secretary=True,
        households=("SL-1001", "SL-1002"),
    )
    without = DueVillage(
        code=SECOND,
        name="示例村",
        work_team=False,
        first_secretary=False,
        households=("SL-2001",),
    )
    return FollowUpDue(
        due_on=date(2018, 11, 30),
        villages=(with_team, without),
        marks=(MarkInForce(household="SL-2001", risk=Risk.MARGINAL),),
    )


def docket() -> Docket:
    """The follow-up of 2018, at nine o'clock of its first day, 5 January."""
    place = township()
    case = Docket(
        case_id="follow-up/411523100/2018",
        procedure=FOLLOW_UP,
        subject=place,
        year=2018,
        policy=HENAN,
        route=FOLLOW_UP.steps,
        skipped={},
        step=K1,
        basis=NOW - DAY,
    )
    case.expected = Expectation(K1, place.office(Body.COUNTY_GROUP), K1.decisions)
    return case


def desk(case: Docket) -> FollowUpReception:
    """Its reception, once the list is drawn up."""
    reception = FollowUpReception(case)
    reception.draw_up(due(), date(2018, 1, 5))
    return reception


def visit(household: str = "SL-1001", made_on: str = "2018-01-05", **more: Any) -> dict[str, Any]:
    """One visit, as JSON."""
    return {"household": household, "made_on": made_on, "stable": True} | more


def visits(*those: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A report of the county, as JSON."""
    return {
        "id": "v-1",
        "office": COUNTY,
        "officer": "某丙",
        "visits": list(those or (visit(),)),
    } | changes


def mark(household: str = "SL-1001", **changes: Any) -> dict[str, Any]:
    """A risk mark of the county, as JSON."""
    return {
        "id": "m-1",
        "household": household,
        "risk": "sudden_hardship",
        "reason": "户主患大病（合成）",
        "office": COUNTY,
        "officer": "某丙",
    } | changes


def closing(**changes: Any) -> dict[str, Any]:
    """The county's act, as JSON."""
    return {
        "id": "k-1",
        "step": "K1",
        "decision": "approve",
        "office": COUNTY,
        "officer": "某甲",
    } | changes
