"""A synthetic village in the register, and what its case orders, for the tests of activities."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine

from models.identity import village_case
from models.offices import Office, SubjectKind, Village
from models.policy import Body
from models.village.admission import AdmitVillage
from models.village.messages import VillageOpening
from models.village.orders import VillageRegisterChange
from registry.database.engine import writing
from registry.register.lines import HouseholdLine, VillageLine
from registry.register.loading import load_households, load_villages
from registry.tables import PlanRow
from tests.activities.admitted import RUN, GrowingFile
from tests.models import village_samples
from tests.models.carrying import leaves_village
from tests.models.samples import HENAN

VILLAGE = village_samples.village()
LISTED_SINCE = date(2014, 1, 1)
APPLIED = datetime(2017, 11, 20, 1, 0, tzinfo=UTC)


def put_village(
    engine: Engine, *, poor: int = 4, listed: bool = True, planned: bool = True, **changes: Any
) -> None:
    """Put the village on the register, with poor people in it."""
    values: dict[str, Any] = {
        "code": VILLAGE.code,
        "name": VILLAGE.name,
        "township_code": VILLAGE.township.code,
        "township_name": VILLAGE.township.name,
        "county_code": VILLAGE.county.code,
        "population": 300,
        "population_as_of": date(2016, 12, 31),
        "work_team": True,
        "first_secretary": True,
        "poor_since": LISTED_SINCE if listed else None,
    }
    household = HouseholdLine(
        code="H000001",
        village_code=VILLAGE.code,
        group="一组",
        head="张某",
        size=poor or 1,
        registered_on=date(2014, 6, 1),
    )
    with writing(engine) as session:
        load_villages(session, [VillageLine.model_validate(values | changes)], "合成名单")
        if poor:
            load_households(session, [household], "合成花名册")
        if planned:
            session.add(
                PlanRow(
                    year=2017,
                    subject_code=VILLAGE.code,
                    kind=SubjectKind.VILLAGE,
                    source="合成计划",
                )
            )


class VillageFile(GrowingFile):
    """A village's case file."""

    procedure, step, body = "village", "V1", Body.COUNTY_GROUP

    def __init__(self, year: int = 2017, attempt: int = 1) -> None:
        super().__init__(village_case(VILLAGE.code, year, attempt), VILLAGE, year, APPLIED)


def admission(
    *,
    village: Village = VILLAGE,
    now: datetime = APPLIED,
    case_id: str | None = None,
    **changes: Any,
) -> AdmitVillage:
    """The question whether the village's application opens a case."""
    applied = village_samples.application(village=village.code, **changes)
    opening = VillageOpening(
        case_id=case_id or village_case(village.code, applied.year),
        application=applied,
        subject=village,
        policy=HENAN,
    )
    state = VillageFile(applied.year).state(case_id=opening.case_id)
    return AdmitVillage(opening=opening, now=now, state=state, run=RUN)


def change(seq: int = 20, year: int = 2017, **changes: Any) -> VillageRegisterChange:
    """The order to strike the village off."""
    given: dict[str, Any] = {
        "case_id": village_case(VILLAGE.code, year),
        "seq": seq,
        "village": VILLAGE,
        "year": year,
        "effective_on": date(2017, 12, 20),
        "document_number": "信扶贫〔2017〕88号",
        "approved_by": Office(body=Body.CITY_GROUP, place="411500"),
    }
    return leaves_village(given | changes)
