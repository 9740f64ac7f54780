"""A synthetic village, and its case, that the tests of the pure rules share."""

from typing import Any

from models.case.mailbox import Expectation
from models.case.state import Docket
from models.offices import Division, Office, Village
from models.policy import Policy
from models.procedures import VILLAGE_EXIT, Step, village_steps
from models.register.villages import FieldSurvey, Incidence
from models.village.messages import VillageApplication
from tests.models.samples import DAY, HENAN, NOW

COUNTY, CITY, PROVINCE = "A5/411523", "A6/411500", "A7/410000"


def village(*, direct: bool = False, **changes: Any) -> Village:
    """An invented village of 新县."""
    values: dict[str, Any] = {
        "code": "411523100901",
        "name": "合成村",
        "township": Division(code="411523100", name="合成乡"),
        "county": Division(code="411523", name="新县"),
        "city": Division(code="411500", name="信阳市"),
        "province": Division(code="410000", name="河南省"),
        "directly_administered": direct,
        "work_team": True,
        "first_secretary": True,
    }
    return Village.model_validate(values | changes)


def survey(**changes: Any) -> FieldSurvey:
    """A synthetic survey that meets every criterion of S2."""
    values: dict[str, Any] = {
        "departments": ["新县扶贫办（合成）", "新县交通局（合成）"],
        "surveyors": ["某甲", "某乙"],
        "began_on": "2017-11-15",
        "ended_on": "2017-11-17",
        "paved_road": True,
        "bus": "yes",
        "safe_water": True,
        "electricity": True,
        "broadcasting": True,
        "culture_centre": True,
        "clinic": True,
        "doctor": True,
        "broadband": True,
    }
    if changes.get("bus") == "not_feasible":
        values["bus_ground"] = "山路狭窄，公路尚未拓宽（合成）"
    return FieldSurvey.model_validate(values | changes)


def incidence(poor: int = 5, population: int = 300) -> Incidence:
    """So many poor people of so many."""
    return Incidence.model_validate({"poor": poor, "population": population, "as_of": "2017-11-20"})


def application(**changes: Any) -> VillageApplication:
    """The county takes the village up for 2017."""
    values = {
        "village": "411523100901",
        "year": 2017,
        "officer": "某甲",
        "document_number": "合成〔1〕号",
    }
    return VillageApplication.model_validate(values | changes)


def docket(
    step: Step, *, direct: bool = False, policy: Policy = HENAN, awaits: str | None = None
) -> Docket:
    """A village's case at a step; where an office decides it, one is awaited there.

    Args:
        awaits: Which office; the step's first where none is named.
    """
    place = village(direct=direct)
    route = village_steps(place, policy)
    case = Docket(
        case_id="village-exit/411523100901/2017",
        procedure=VILLAGE_EXIT,
        subject=place,
        year=2017,
        policy=policy,
        route=route,
        skipped={},
        step=route[VILLAGE_EXIT.steps.index(step)],
        basis=NOW - DAY,
    )
    if step.decided:
        first = place.office(step.reported_by or step.body)
        office = Office.parse(awaits) if awaits else first
        case.expected = Expectation(case.step, office, step.decisions)
    return case
