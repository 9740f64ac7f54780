"""Synthetic case files, openings and changes for the tests of the registry."""

import csv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from typing import Any, TypeVar

from pydantic import JsonValue
from sqlalchemy import Engine
from sqlmodel import SQLModel, select

from models.case.ledger import Entry, EntryKind
from models.case.messages import Ending
from models.case.orders import CaseState, Notification, Recipient, Telling
from models.case.parts import PlanAddition
from models.county.admission import AdmitCounty
from models.county.messages import CountyApplication, CountyOpening
from models.county.orders import RegisterChange
from models.identity import county_case
from models.offices import County, Office, province_of
from models.policy import Body
from models.register.counties import CountyCounted, CountyFigures, Judgement, PoorVillages
from models.register.villages import Incidence
from registry.database.engine import reading
from tests.activities.admitted import RUN, GrowingFile
from tests.activities.admitted import run as run
from tests.models import samples
from tests.models.carrying import leaves_county

ROOT = Path(__file__).resolve().parents[2]
COUNTIES = ROOT / "data" / "henan-counties.csv"
LISTED_SINCE = date(2012, 3, 19)
POLICY = samples.HENAN
PROVINCE = province_of(POLICY)
APPLIED = datetime(2017, 11, 20, 1, 0, tzinfo=UTC)

XIN = samples.county()
AT_MEAN = Judgement(met=True, statement="主要指标接近全省平均水平")
FIGURES = CountyFigures(
    poor=3_300,
    population=300_000,
    as_of=date(2017, 10, 31),
    income_growth_percent=Decimal("9.8"),
    education=AT_MEAN,
    culture=AT_MEAN,
    health=AT_MEAN,
)
ADDITION = PlanAddition(reason="应退则退", document_number="信扶贫〔2017〕9号")

T = TypeVar("T")
Row = TypeVar("Row", bound=SQLModel)


def table() -> list[dict[str, str]]:
    """The list of counties as it is delivered, row by row."""
    with COUNTIES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def row_of(code: str, **changes: str) -> dict[str, str]:
    """One row of it, with changes."""
    return next(row for row in table() if row["code"] == code) | changes


def application(**changes: Any) -> CountyApplication:
    """新县's application for 2017."""
    given: dict[str, Any] = {
        "county": XIN.code,
        "year": 2017,
        "tier": XIN.tier,
        "figures": FIGURES,
        "officer": "某甲",
        "document_number": "新扶贫〔2017〕1号",
    }
    return CountyApplication(**(given | changes))


def admission(
    *,
    county: County = XIN,
    now: datetime = APPLIED,
    case_id: str | None = None,
    **changes: Any,
) -> AdmitCounty:
    """The question whether that application opens a case."""
    applied = application(county=county.code, tier=county.tier, **changes)
    opening = CountyOpening(
        case_id=case_id or county_case(county.code, applied.year),
        application=applied,
        subject=county,
        policy=POLICY,
    )
    file = File(county, applied.year)
    state = file.state(case_id=opening.case_id)
    return AdmitCounty(opening=opening, now=now, state=state, run=RUN)


class File(GrowingFile):
    """A county's case file."""

    procedure, step, body = "county", "C2", Body.CITY_GROUP

    def __init__(self, county: County = XIN, year: int = 2017, attempt: int = 1) -> None:
        super().__init__(county_case(county.code, year, attempt), county, year, APPLIED)
        self.county = county

    def add(self, kind: EntryKind, data: dict[str, JsonValue] | None = None, **more: Any) -> Entry:
        """Record an entry, a minute after the one before."""
        at = APPLIED + timedelta(minutes=len(self.ledger.entries))
        return super().add(kind, data, at=at, **more)

    def open(self, **changes: Any) -> Entry:
        """Record the application."""
        applied = application(county=self.county.code, year=self.year, **changes)
        return self.add(EntryKind.OPENED, {"application": applied.model_dump(mode="json")})

    def tell(self, *whom: Recipient, days: float = 3, **changes: Any) -> Entry:
        """Record who is told, and what."""
        seq = len(self.ledger.entries) + 1
        several = tuple(
            Notification(
                case_id=self.case_id,
                seq=seq,
                number=number,
                topic="办理",
                recipient=recipient,
                subject="C2 市级初审待办",
                text="请办理（合成）",
            )
            for number, recipient in enumerate(whom, start=1)
        )
        self.tellings.append(Telling(notifications=several, tried_for=timedelta(days=days)))
        said: list[JsonValue] = [each.on_file for each in several]
        return self.add(EntryKind.NOTIFIED, {"told": said} | changes)

    def steps(self, count: int) -> None:
        """Record entries that no list but the cases' takes anything from."""
        for _ in range(count):
            self.add(EntryKind.STEP_OPENED)

    def state(self, **changes: Any) -> CaseState:
        """How the case stands."""
        return super().state(**({"deadline": datetime(2017, 11, 28, tzinfo=UTC)} | changes))


def of_hundred(poor: int, *, listed: int = 0, exited: int = 0) -> CountyCounted:
    """The register's count of a county: so many of 100 poor, so many poor villages."""
    incidence = Incidence(poor=poor, population=100, as_of=date(2018, 8, 1))
    return CountyCounted(incidence=incidence, villages=PoorVillages(listed=listed, exited=exited))


def ended(ending: Ending) -> dict[str, Any]:
    """What changes in a state when its case ends."""
    return {"outcome": ending.value, "waiting_for": None, "deadline": None}


def change(file: File, seq: int = 40, **changes: Any) -> RegisterChange:
    """The order to strike a file's county off."""
    given: dict[str, Any] = {
        "case_id": file.case_id,
        "seq": seq,
        "county": file.county,
        "year": file.year,
        "effective_on": date(2018, 8, 2),
        "document_number": "豫政文〔2018〕88号",
        "approved_by": Office(body=Body.PROVINCIAL_GOVERNMENT, place="410000"),
    }
    return leaves_county(given | changes)


def at_once(calls: list[Callable[[], T]]) -> list[T]:
    """Make calls at the same moment, each from a thread of its own; raises what they raise."""
    barrier = Barrier(len(calls))

    def call(each: Callable[[], T]) -> T:
        barrier.wait()
        return each()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


def rows(engine: Engine, table: type[Row]) -> list[dict[str, Any]]:
    """Everything a table holds."""
    with reading(engine) as session:
        return [row.model_dump() for row in session.exec(select(table)).all()]
