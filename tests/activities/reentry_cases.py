"""Households that left a village which left, and what their cases order, for activity tests."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine

from models.case.orders import CaseState
from models.identity import reentry_case
from models.offices import Household
from models.reentry.admission import AdmitReentry
from models.reentry.messages import ReentryApplication, ReentryOpening
from models.reentry.orders import EntryOrder
from models.register.households import Livelihood, PovertyLine
from registry.database.engine import writing
from registry.register.lines import HouseholdLine
from registry.register.loading import load_households
from registry.register.poverty_lines import add_line
from registry.tables import EpisodeRow, Standing, StatusRow, VillageStatusRow
from tests.activities.admitted import RUN
from tests.activities.village_cases import LISTED_SINCE, VILLAGE, put_village
from tests.models.roster_samples import livelihood
from tests.models.samples import HENAN

APPLIED = datetime(2018, 11, 20, 1, 0, tzinfo=UTC)
LEFT_ON = date(2016, 12, 20)
ON = date(2018, 12, 3)
"""The day of the confirmation."""


def poor(**changes: Any) -> Livelihood:
    """No safe house in 2018, and income enough."""
    return livelihood(**({"year": 2018, "housing": False} | changes))


def put_left_village(
    engine: Engine, *, population: int = 100, exited: bool = True, county: bool = False
) -> None:
    """The village of ``village_cases``, without poor people, having left; the county too."""
    put_village(engine, poor=0, population=population)
    with writing(engine) as session:
        add_line(session, PovertyLine(year=2018, yuan=3_000, source="合成标准"))
        if exited:
            listed = session.get_one(VillageStatusRow, (VILLAGE.code, LISTED_SINCE))
            listed.until = LEFT_ON
            session.add(VillageStatusRow(code=VILLAGE.code, since=LEFT_ON, status=Standing.EXITED))
        if county:
            before = session.get_one(StatusRow, (VILLAGE.county.code, date(2012, 3, 19)))
            before.until = LEFT_ON
            code = VILLAGE.county.code
            session.add(StatusRow(code=code, since=LEFT_ON, status=Standing.EXITED))


def put_household(
    engine: Engine,
    code: str = "F000001",
    *,
    size: int = 2,
    lived: Livelihood | None = None,
    registered_on: date | None = date(2014, 6, 1),
    exited_on: date | None = LEFT_ON,
) -> str:
    """A household of the village that has left, or never was registered; or its correction."""
    line = HouseholdLine(
        code=code,
        village_code=VILLAGE.code,
        group="一组",
        head="张某某",
        size=size,
        livelihood=lived or poor(),
        registered_on=registered_on,
    )
    with writing(engine) as session:
        known = session.get(EpisodeRow, (code, 1)) is not None
        load_households(session, [line], "合成花名册")
        if registered_on is not None and not known:
            session.get_one(EpisodeRow, (code, 1)).exited_on = exited_on
    return code


def state(case_id: str, household: str, year: int = 2018, **changes: Any) -> CaseState:
    """How a household's case stands."""
    subject = Household(code=household, village=VILLAGE)
    values: dict[str, Any] = {
        "case_id": case_id,
        "procedure": "reentry",
        "subject_code": household,
        "subject_name": subject.name,
        "year": year,
        "region": subject.region_path,
        "step": "R2",
        "round": 1,
        "waiting_for": None,
        "deadline": None,
        "overdue": False,
        "open_objections": 0,
        "outcome": None,
    }
    return CaseState.model_validate(values | changes)


def admission(
    household: str = "F000001", *, case_id: str | None = None, now: datetime = APPLIED, **said: Any
) -> AdmitReentry:
    """The question whether the household's application opens a case."""
    values = {"household": household, "year": 2018, "officer": "某甲", "reason": "大病（合成）"}
    applied = ReentryApplication.model_validate(values | said)
    opening = ReentryOpening(
        case_id=case_id or reentry_case(household, applied.year),
        application=applied,
        subject=Household(code=household, village=VILLAGE),
        policy=HENAN,
    )
    listed = state(opening.case_id, household, applied.year)
    return AdmitReentry(opening=opening, now=now, state=listed, run=RUN)


def entry(household: str = "F000001", seq: int = 14, **changes: Any) -> EntryOrder:
    """The order to put it into the register."""
    values: dict[str, Any] = {
        "case_id": reentry_case(household, 2018),
        "seq": seq,
        "household": Household(code=household, village=VILLAGE),
        "revision": 1,
        "effective_on": ON,
        "counted_on": ON,
        "document_number": "合成〔R4〕号",
        "policy": HENAN,
    }
    return EntryOrder.model_validate(values | changes)
