"""A synthetic roster in the register, and what its case orders, for the tests of activities."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine

from activities.notices import NoticeBoard
from activities.roster import RosterActivities
from models.identity import household_case, notice
from models.notices import NoticeLine, NoticeOrder
from models.offices import SubjectKind, Village
from models.periods import LimitRequest, compute
from models.policy import Body
from models.roster.admission import AdmitRoster
from models.roster.messages import LookUpOrder, RosterChange, RosterOpening, StrikingOff
from registry.calendar import OfficialCalendar
from registry.database.engine import writing
from registry.desk import Registry
from registry.register.lines import HouseholdLine, VillageLine
from registry.register.loading import load_households, load_villages
from registry.register.poverty_lines import add_line
from registry.tables import PlanRow
from tests.activities.admitted import RUN, GrowingFile, gate
from tests.models import roster_samples
from tests.models.roster_samples import CODES, LINE, livelihood
from tests.models.samples import HENAN
from tests.models.village_samples import village

VILLAGE = village()
OTHER = village(code="411523100902", name="合成二村")
REGISTERED_ON = date(2014, 6, 1)
APPLIED = datetime(2017, 12, 5, 1, 0, tzinfo=UTC)
LEFT_ON = date(2017, 12, 20)
POSTED = datetime.fromisoformat("2017-12-08T09:00:00+08:00")


def put_village(engine: Engine, place: Village = VILLAGE, **changes: Any) -> None:
    """Put a village on the register, and the line of the year."""
    values: dict[str, Any] = {
        "code": place.code,
        "name": place.name,
        "township_code": place.township.code,
        "township_name": place.township.name,
        "county_code": place.county.code,
        "population": 300,
        "population_as_of": date(2016, 12, 31),
        "work_team": True,
        "first_secretary": True,
    }
    with writing(engine) as session:
        load_villages(session, [VillageLine.model_validate(values | changes)], "合成名单")
        add_line(session, LINE)


def put_households(
    engine: Engine,
    codes: Iterable[str] = CODES,
    *,
    place: Village = VILLAGE,
    planned: bool = True,
    **changes: Any,
) -> None:
    """Register poor households of three, or tell the register anew of them."""
    values: dict[str, Any] = {
        "village_code": place.code,
        "group": "一组",
        "size": 3,
        "livelihood": livelihood(),
        "registered_on": REGISTERED_ON,
    }
    lines = [
        HouseholdLine.model_validate({"code": code, "head": f"张{code}"} | values | changes)
        for code in codes
    ]
    with writing(engine) as session:
        load_households(session, lines, "合成花名册")
        if planned:
            put_on_plan(session, [line.code for line in lines])


def put_on_plan(session: Any, codes: Iterable[str]) -> None:
    """Name households in the plan of 2017, where it does not yet."""
    for code in codes:
        if session.get(PlanRow, (2017, code)) is None:
            session.add(
                PlanRow(year=2017, subject_code=code, kind=SubjectKind.HOUSEHOLD, source="合成计划")
            )


def activities(engine: Engine, folder: Path) -> RosterActivities:
    """What a roster's case asks of a register."""
    return RosterActivities(engine, NoticeBoard(engine, folder), gate())


class RosterFile(GrowingFile):
    """A roster's case file."""

    procedure, step, body = "household", "H1", Body.VILLAGE_COMMITTEES

    def __init__(self, batch: int = 1, place: Village = VILLAGE, year: int = 2017) -> None:
        super().__init__(household_case(place.code, year, batch), place, year, APPLIED)

    def going_on(self, engine: Engine) -> Self:
        """The file as the registry has it, to go on from."""
        self.ledger.entries = Registry(engine).ledger(self.case_id)
        return self


def admission(
    *codes: str,
    batch: int = 1,
    place: Village = VILLAGE,
    now: datetime = APPLIED,
    **changes: Any,
) -> AdmitRoster:
    """The question whether a roster opens a case."""
    applied = roster_samples.application(*codes, village=place.code, **changes)
    file = RosterFile(batch, place, applied.year)
    opening = RosterOpening(case_id=file.case_id, application=applied, subject=place, policy=HENAN)
    return AdmitRoster(opening=opening, now=now, state=file.state(), run=RUN)


def looking_up(*codes: str, added: Sequence[dict[str, Any]] = (), batch: int = 1) -> LookUpOrder:
    """The question what the register says of households now."""
    return LookUpOrder.model_validate(
        {
            "case_id": household_case(VILLAGE.code, 2017, batch),
            "seq": 8,
            "village": VILLAGE,
            "year": 2017,
            "now": APPLIED,
            "households": codes,
            "added": added,
        }
    )


def striking_off(code: str, **changes: Any) -> StrikingOff:
    """A household as it was posted."""
    values = {"code": code, "revision": 1, "group": "一组", "size": 3}
    return StrikingOff.model_validate({"shown_as": f"张{code}"} | values | changes)


def change(*codes: str, seq: int = 20, batch: int = 1, **changes: Any) -> RosterChange:
    """The order to strike households off."""
    case_id = household_case(VILLAGE.code, 2017, batch)
    given: dict[str, Any] = {
        "case_id": case_id,
        "seq": seq,
        "notice_id": notice(case_id, seq),
        "village": VILLAGE,
        "year": 2017,
        "effective_on": LEFT_ON,
        "basis": HENAN.basis,
        "publisher": "合成村“两委”",
        "ordered_by": "新县扶贫开发领导小组",
        "document_number": "新扶贫〔2017〕88号",
        "households": tuple(striking_off(code) for code in codes or CODES),
        "posted_at": datetime.fromisoformat("2017-12-20T10:00:00+08:00"),
    }
    return RosterChange.model_validate(given | changes)


def posting(**changes: Any) -> NoticeOrder:
    """A roster's notice."""
    case_id = household_case(VILLAGE.code, 2017, 1)
    values: dict[str, Any] = {
        "notice_id": notice(case_id, 8),
        "case_id": case_id,
        "seq": 8,
        "year": 2017,
        "publisher": "合成村“两委”",
        "basis": HENAN.basis,
        "posted_at": POSTED,
        "closes": compute(LimitRequest(clause="T1", start=POSTED), HENAN, OfficialCalendar()),
    }
    shows: dict[str, Any] = {
        "kind": "roster",
        "village": VILLAGE,
        "number": 1,
        "households": tuple(NoticeLine(name=f"张{code}", group="一组", size=3) for code in CODES),
    }
    shows |= {key: changes.pop(key) for key in list(changes) if key in shows}
    return NoticeOrder.model_validate(values | changes | {"shows": shows})
