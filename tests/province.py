"""A province of its own size, put into the tables as they are: for benchmarks and query plans.

As in Henan in 2018: 422 000 households on 38 900 rosters, and cases of villages. Of fifty
households one is in no plan and on no roster, though it meets every demand (F13).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from models.base import canonical
from models.case.orders import LimitInForce
from models.offices import Office, SubjectKind
from models.periods import BEIJING, LimitRequest, compute
from models.policy import Body
from models.procedures import HOUSEHOLD_EXIT, VILLAGE_EXIT, Procedure
from models.register.households import Cause
from registry.calendar import OfficialCalendar
from registry.cases.limits import columns_of
from registry.checks.values import table_of
from registry.tables import (
    CaseRow,
    EpisodeRow,
    HouseholdRow,
    HouseholdYearRow,
    LimitRow,
    PlanRow,
    RosterRow,
    Standing,
    Table,
    VillageRow,
    VillageStatusRow,
)
from tests.models.samples import HENAN

YEAR = 2018
NOW = datetime(2018, 12, 20, 12, tzinfo=BEIJING)
ROSTERS, VILLAGES, HOUSEHOLDS = 38_900, 1_100, 422_000
"""Open rosters, open cases of villages, and households, in as many villages as there are rosters.
"""
_AT_ONCE = 5_000
_FORGOTTEN = 50


def put_province(
    engine: Engine,
    *,
    rosters: int = ROSTERS,
    villages: int = VILLAGES,
    households: int = HOUSEHOLDS,
) -> None:
    """Fill a registry that has the counties of Henan."""
    with engine.begin() as connection:
        counties = _counties(connection)
        codes = [_village(number, counties) for number in range(rosters)]
        _put(connection, VillageRow, map(_village_row, codes))
        _put(connection, VillageStatusRow, (_listed(code) for _, code in codes[:villages]))
        numbers = range(households)
        _put(connection, HouseholdRow, (_household(each, codes) for each in numbers))
        _put(connection, HouseholdYearRow, map(_year, numbers))
        _put(connection, EpisodeRow, map(_episode, numbers))
        planned = [each for each in numbers if each % _FORGOTTEN]
        _put(connection, PlanRow, map(_plan, planned))
        cases = list(_cases(codes, villages))
        _put(connection, CaseRow, cases)
        _put(connection, LimitRow, (limit for each in cases for limit in _limits(each)))
        _put(connection, RosterRow, (_on_a_roster(each, codes) for each in planned))
    analyze(engine)


def end_all(engine: Engine) -> None:
    """A few weeks later: who is on a roster has left, and nothing is filed yet (F9)."""
    case, row, episode = table_of(CaseRow), table_of(RosterRow), table_of(EpisodeRow)
    roster = sa.select(row.c.case_id).where(row.c.household_code == episode.c.household_code)
    left = sa.select(row.c.household_code)
    rosters = case.c.procedure == HOUSEHOLD_EXIT.id
    held = table_of(LimitRow)
    with engine.begin() as connection:
        connection.execute(
            sa.update(episode)
            .where(episode.c.household_code.in_(left))
            .values(
                exited_on=date(2018, 12, 28),
                exit_year=YEAR,
                document="合成〔2018〕1号",
                case_id=roster.scalar_subquery(),
                seq=9,
            )
        )
        connection.execute(sa.update(row).values(state="struck_off"))
        connection.execute(
            sa.update(case).where(rosters).values(outcome="exited", deadline=None, waiting_for=None)
        )
        connection.execute(sa.delete(held).where(held.c.procedure == HOUSEHOLD_EXIT.id))
    analyze(engine)


def analyze(engine: Engine) -> None:
    """What the database does by itself in time, or is told to."""
    if engine.dialect.name == "sqlite":
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))


def _put(connection: Connection, row: type[Table], values: Iterable[dict[str, Any]]) -> None:
    rows = iter(values)
    while lot := list(islice(rows, _AT_ONCE)):
        connection.execute(sa.insert(table_of(row)), lot)


def _counties(connection: Connection) -> list[tuple[str, str]]:
    """Counties with their cities."""
    query = sa.text("SELECT code, parent FROM divisions WHERE level = 'county' ORDER BY code")
    return [(code, parent) for code, parent in connection.execute(query)]


def _village(number: int, counties: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The path down to a village, and its code."""
    place, county = divmod(number, len(counties))
    code, city = counties[county]
    township = f"{code}{100 + place // 200}"
    village = f"{township}{place % 200 + 1:03d}"
    return f"/410000/{city}/{code}/{township}/{village}/", village


def _village_row(village: tuple[str, str]) -> dict[str, Any]:
    _, code = village
    return {
        "code": code,
        "name": f"村{code[6:]}",
        "township_code": code[:9],
        "township_name": f"乡{code[6:9]}",
        "county_code": code[:6],
        "population": 1_500,
        "population_as_of": date(2017, 12, 31),
        "work_team": True,
        "first_secretary": True,
    }


def _listed(code: str) -> dict[str, Any]:
    return {"code": code, "since": date(2014, 1, 1), "status": Standing.LISTED}


def _code(number: int) -> str:
    return f"H{number:07d}"


def _household(number: int, villages: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "code": _code(number),
        "village_code": villages[number % len(villages)][1],
        "village_group": f"第{number % 7 + 1}村民小组",
        "head": f"张某{number}",
        "size": number % 5 + 1,
        "revision": 1,
    }


def _year(number: int) -> dict[str, Any]:
    judged = ("food_and_clothing", "schooling", "insurance", "illness_aid", "housing")
    return {
        "household_code": _code(number),
        "year": YEAR,
        "wages": 3_000_000,
        "business": 500_000,
        "assets": 0,
        "transfers": 100_000,
        "costs": 0,
        **dict.fromkeys((*judged, "livelihood", "no_dropouts", "housing_improved"), True),
        "income_sources": "务工",
        "stable_because": "合同三年",
        "source": "合成",
    }


def _episode(number: int) -> dict[str, Any]:
    return {
        "household_code": _code(number),
        "number": 1,
        "cause": Cause.REGISTERED,
        "registered_on": date(2014, 6, 1),
    }


def _plan(number: int) -> dict[str, Any]:
    kind = SubjectKind.HOUSEHOLD
    said = {"source": "合成", "addition": False}
    return {"year": YEAR, "subject_code": _code(number), "kind": kind, **said}


def _roster(code: str) -> str:
    return f"{HOUSEHOLD_EXIT.word}/{code}/{YEAR}/1"


def _on_a_roster(number: int, villages: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "case_id": _roster(villages[number % len(villages)][1]),
        "household_code": _code(number),
        "year": YEAR,
        "state": "posted",
        "since": 5,
    }


_CALENDAR = OfficialCalendar()
_LEAVING = compute(LimitRequest(clause="T6", year=YEAR), HENAN, _CALENDAR)


def _cases(codes: Sequence[tuple[str, str]], villages: int) -> Iterator[dict[str, Any]]:
    for number, (path, code) in enumerate(codes):
        yield _case(number, HOUSEHOLD_EXIT, _roster(code), path, code)
    for number, (path, code) in enumerate(codes[:villages]):
        yield _case(number, VILLAGE_EXIT, VILLAGE_EXIT.case_id(code, YEAR), path, code)


def _case(number: int, procedure: Procedure, id: str, path: str, code: str) -> dict[str, Any]:
    step = procedure.steps[number % len(procedure.steps)]
    office = f"{step.body.value}/{code if step.body is Body.VILLAGE_COMMITTEES else code[:6]}"
    return {
        "case_id": id,
        "procedure": procedure.id,
        "subject_code": code,
        "subject_name": f"村{code[6:]}",
        "year": YEAR,
        "region": path,
        "step": step.id,
        "round": 1,
        "waiting_for": office if step.decided else None,
        "deadline": _LEAVING.due,
        "overdue": number % 20 == 0,
        "open_objections": int(number % 30 == 0),
        "outcome": None,
        "entries": 12,
        "head": "0" * 64,
        "updated": NOW,
        "run": "run",
    }


def _limits(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Leaving in time, and a report or an objection that was to be answered by then."""
    number = int(case["subject_code"][6:]) % 40
    begun = NOW - timedelta(days=number % 25)
    answer = compute(LimitRequest(clause="T7", start=begun), HENAN, _CALENDAR)
    office = Office(body=Body.COUNTY_GROUP, place=case["subject_code"][:6])
    for place, limit in enumerate(sorted((_LEAVING, answer), key=lambda each: each.due)):
        held = LimitInForce(
            limit=limit,
            office=office,
            office_name=f"县{office.place}扶贫开发领导小组",
            subject=f"{case['step']} {limit.clause}",
            breached=limit.due <= NOW,
        )
        content = canonical(held.model_dump(mode="json"))
        yield columns_of(case, place, held) | {"content": content}
