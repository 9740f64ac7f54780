"""Lists of cases and of limits in force: the database narrows, orders, counts and cuts them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import col, select

from activities.ledger import RegistryActivities
from models.case.messages import Ending
from models.case.orders import LimitInForce
from models.checks.findings import Finding
from models.offices import County, Office
from models.periods import LimitRequest, beijing, compute
from models.policy import Body
from registry.checks.checks import Checks
from registry.database.engine import reading, writing
from registry.desk import Registry
from registry.records import By, CaseFilter, ListFilter
from registry.reports.filings import Filings
from registry.tables import DivisionRow, LimitRow
from tests.activities.admitted import run
from tests.activities.registry_cases import POLICY, XIN, File, ended
from tests.models.samples import HENAN
from tests.registry.test_desk import HUA
from tests.registry.test_filings import CALENDAR, left_by_case
from tests.unguarded import unguarded

DAY = timedelta(days=1)


def moment(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2018, month, day, hour, tzinfo=UTC)


JANUARY = moment(1, 11)


def limit(clause: str, body: Body, county: County, breached: bool = False) -> LimitInForce:
    """A limit of 2017 that an office of a county is held to."""
    start = moment(1, 4) if clause in ("T1", "T7") else None
    office = county.office(body)
    return LimitInForce(
        limit=compute(LimitRequest(clause=clause, start=start, year=2017), POLICY, CALENDAR),
        office=office,
        office_name=f"{office}的名称",
        subject=f"{clause}事项",
        breached=breached,
    )


CITY_RESULT = limit("T4", Body.CITY_GROUP, XIN)  # until 10 January 24:00
PUBLICITY = limit("T1", Body.PROVINCIAL_GROUP, XIN)  # 5 January, seven days: nobody can miss it
OBJECTION = limit("T7", Body.COUNTY_GROUP, HUA)  # 4 January and fifteen days, a Friday
APPLICATION = limit("T2", Body.COUNTY_GROUP, HUA, breached=True)  # until 31 December 24:00
XIN_2017, HUA_2017, XIN_2016 = (
    "county-exit/411523/2017",
    "county-exit/410526/2017",
    "county-exit/411523/2016",
)


@pytest.fixture
def listed(registry: Registry, asked: RegistryActivities) -> Registry:
    """新县 2017 before the city, 滑县 2017 in publicity and overdue, 新县 2016 ended."""
    xin, hua, past = File(), File(HUA, 2017), File(year=2016)
    for file in (xin, hua, past):
        file.open()
    run(
        asked.write_ledger,
        xin.batch(step="C2", deadline=CITY_RESULT.limit.due, limits=(CITY_RESULT, PUBLICITY)),
    )
    run(
        asked.write_ledger,
        hua.batch(
            step="C4",
            overdue=True,
            waiting_for=HUA.office(Body.COUNTY_GROUP),
            deadline=APPLICATION.limit.due,
            limits=(APPLICATION, OBJECTION),
        ),
    )
    run(asked.write_ledger, past.batch(**ended(Ending.WITHDRAWN), limits=(CITY_RESULT,)))
    return registry


def filings(now: datetime = JANUARY) -> Filings:
    return Filings(POLICY, CALENDAR, now)


T1, T4, T2, T7 = ((XIN_2017, "T1"), (XIN_2017, "T4"), (HUA_2017, "T2"), (HUA_2017, "T7"))


@pytest.mark.clause("T8")
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [T2, T4, T1, T7]),
        ({"office": Office.parse("A6/411500")}, [T4]),
        ({"office": Office.parse("A6/410500")}, []),
        ({"region": "411523"}, [T4, T1]),
        ({"region": "411500"}, [T4, T1]),
        ({"region": "410526"}, [T2, T7]),
        ({"region": "410000"}, [T2, T4, T1, T7]),
        ({"region": "4115"}, []),
        ({"region": "%"}, []),
        ({"year": 2016}, []),
        ({"year": 2017, "step": "C4"}, [T2, T7]),
        ({"procedure": "county"}, [T2, T4, T1, T7]),
        ({"procedure": "village"}, []),
        ({"until": CITY_RESULT.limit.due}, [T2, T4]),
        ({"until": CITY_RESULT.limit.due - timedelta(seconds=1)}, [T2]),
        # T4 ended on 10 January, 24:00 in Beijing; T2 was put on file as missed.
        ({"overdue": True}, [T2, T4]),
        ({"overdue": False}, [T1, T7]),
    ],
)
def test_limits_are_narrowed_and_counted_the_nearest_first(
    listed: Registry, wanted: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    narrowed = ListFilter(**wanted)
    found = list(listed.lists.deadlines(narrowed, filings()))
    assert [(each.case_id, each.in_force.limit.clause) for each in found] == expected
    count = listed.lists.count_deadlines(narrowed, filings())
    assert count.many == len(expected)
    assert count.overdue == len([each for each in expected if each in (T2, T4)])
    first = listed.lists.deadlines(narrowed, filings(), 1)
    assert [(each.case_id, each.in_force.limit.clause) for each in first] == expected[:1]


def test_a_limit_is_given_back_whole(listed: Registry) -> None:
    found = {
        each.in_force.limit.clause: each for each in listed.lists.deadlines(ListFilter(), filings())
    }
    assert found["T1"].in_force == PUBLICITY
    assert (found["T2"].subject_name, found["T2"].year, found["T2"].step) == ("滑县", 2017, "C4")


@pytest.mark.clause("G4")
def test_nobody_can_miss_the_end_of_a_publicity(listed: Registry) -> None:
    late = filings(PUBLICITY.limit.due + 30 * DAY)
    missed = listed.lists.deadlines(ListFilter(overdue=True), late)
    assert [each.in_force.limit.clause for each in missed] == ["T2", "T4", "T7"]


@pytest.mark.clause("F9")
def test_what_is_due_behind_an_exit_stands_among_the_limits(
    listed: Registry, engine: Engine
) -> None:
    case_id = left_by_case(engine)  # on 2 August 2018: until the 17th, 24:00
    august = filings(moment(8, 10))
    found = list(listed.lists.deadlines(ListFilter(region="411523"), august))
    assert [each.in_force.limit.clause for each in found] == ["T4", "T1", "F9"]
    wanted: list[tuple[dict[str, Any], int]] = [
        ({"step": "F9"}, 1),
        ({"step": "C3"}, 0),
        ({"office": Office.parse("A5/411523"), "step": "F9"}, 1),
        ({"office": Office.parse("A6/411500"), "step": "F9"}, 0),
        ({"region": "410526", "step": "F9"}, 0),
        ({"year": 2018, "procedure": "village", "step": "F9"}, 1),
        ({"year": 2016, "step": "F9"}, 0),
        ({"until": datetime(2018, 8, 17, 16, tzinfo=UTC), "step": "F9"}, 1),
        ({"until": datetime(2018, 8, 17, 15, 59, tzinfo=UTC), "step": "F9"}, 0),
        ({"overdue": True, "step": "F9"}, 0),
        ({"overdue": False, "step": "F9"}, 1),
    ]
    for narrowed, many in wanted:
        ids = [each.case_id for each in listed.lists.deadlines(ListFilter(**narrowed), august)]
        assert (narrowed, ids) == (narrowed, [case_id] * many)
        assert listed.lists.count_deadlines(ListFilter(**narrowed), august).many == many
    over = listed.lists.deadlines(ListFilter(overdue=True, step="F9"), filings(moment(8, 18)))
    assert [each.in_force.breached for each in over] == [True]


TOTALS: list[tuple[By, list[tuple[str, str, int, int]]]] = [
    (By.CITY, [("410500", "安阳市", 2, 1), ("411500", "信阳市", 2, 1)]),
    (By.COUNTY, [("410526", "滑县", 2, 1), ("411523", "新县", 2, 1)]),
    (By.STEP, [("C2", "市级初审", 2, 1), ("C4", "公告公示", 2, 1)]),
    (
        By.OFFICE,
        [
            ("A5/410526", "滑县", 2, 1),
            ("A6/411500", "信阳市", 1, 1),
            ("A7/410000", "河南省", 1, 0),
        ],
    ),
]


@pytest.mark.parametrize(("by", "expected"), TOTALS)
def test_limits_are_added_up(
    listed: Registry, by: By, expected: list[tuple[str, str, int, int]]
) -> None:
    found = listed.lists.total_deadlines(ListFilter(), filings(), by)
    assert [(each.code, each.name, each.many, each.overdue) for each in found] == expected
    assert min(each.next for each in found if each.next) == APPLICATION.limit.due


def test_what_is_due_behind_exits_is_added_up_with_the_limits(
    listed: Registry, engine: Engine
) -> None:
    left_by_case(engine)
    august = filings(moment(8, 18))  # all are over but the publicity
    found = listed.lists.total_deadlines(ListFilter(), august, By.COUNTY)
    assert [(each.code, each.many, each.overdue) for each in found] == [
        ("411523", 3, 2),
        ("410526", 2, 2),
    ]
    steps = listed.lists.total_deadlines(ListFilter(), august, By.STEP)
    assert [(each.code, each.many) for each in steps] == [("C4", 2), ("C2", 2), ("F9", 1)]


def test_cases_are_counted_cut_and_added_up(listed: Registry) -> None:
    wanted = CaseFilter(region="410000")
    assert [each.case_id for each in listed.lists.cases(wanted)] == [HUA_2017, XIN_2017, XIN_2016]
    assert [each.case_id for each in listed.lists.cases(wanted, 2)] == [HUA_2017, XIN_2017]
    count = listed.lists.count_cases(wanted)
    assert (count.many, count.overdue) == (3, 1)
    found = listed.lists.total_cases(wanted, By.CITY)
    assert [(each.code, each.name, each.many, each.overdue) for each in found] == [
        ("410500", "安阳市", 1, 1),
        ("411500", "信阳市", 2, 0),
    ]
    until = CaseFilter(until=CITY_RESULT.limit.due - timedelta(seconds=1))
    assert [each.case_id for each in listed.lists.cases(until)] == [HUA_2017]


def test_a_county_is_found_under_each_city_that_it_ever_had(
    listed: Registry, engine: Engine
) -> None:
    """Its case keeps the path of the day on which it began."""
    later = date(2019, 1, 1)
    with writing(engine) as session:
        before = session.exec(select(DivisionRow).where(DivisionRow.code == XIN.code)).one()
        session.add(DivisionRow(**before.model_dump() | {"valid_from": later, "parent": "411700"}))
    wanted = CaseFilter(region=XIN.code)
    assert [each.case_id for each in listed.lists.cases(wanted)] == [XIN_2017, XIN_2016]


# -- rows -----------------------------------------------------------------------------------------


def rows(engine: Engine) -> list[LimitRow]:
    with reading(engine) as session:
        query = select(LimitRow).order_by(col(LimitRow.case_id), col(LimitRow.place))
        return list(session.exec(query))


def test_limits_are_replaced_with_each_state_and_go_with_the_end(
    registry: Registry, asked: RegistryActivities, engine: Engine
) -> None:
    file = File()
    file.open()
    run(asked.write_ledger, file.batch(limits=(CITY_RESULT, PUBLICITY)))
    file.steps(1)
    run(asked.write_ledger, file.batch(step="C3", limits=(PUBLICITY,)))
    (row,) = rows(engine)
    assert (row.place, row.due, row.office) == (0, PUBLICITY.limit.due, "A7/410000")
    assert (row.step, row.binding, beijing(row.due).date()) == ("C3", False, date(2018, 1, 12))
    file.steps(1)
    run(asked.write_ledger, file.batch(**ended(Ending.WITHDRAWN), limits=(PUBLICITY,)))
    assert rows(engine) == []


@pytest.fixture
def findings(listed: Registry, engine: Engine, tmp_path: Path) -> Callable[[], set[Finding]]:
    """What a check finds since the test began."""

    def found() -> set[Finding]:
        report = Checks(engine, tmp_path, tmp_path / "notices", lambda: HENAN).run(("", ()))
        return set(report.findings)

    before = found()
    return lambda: found() - before


AN_ENTRY = "UPDATE limits_in_force SET {} WHERE case_id = 'county-exit/411523/2017' AND place = 0"


@pytest.mark.clause("G7")
@pytest.mark.parametrize(
    ("statement", "where", "what"),
    [
        (AN_ENTRY.format("due = '2031-01-01 00:00:00+00'"), ", column due", "is kept, and"),
        (AN_ENTRY.format("office = 'A5/413121'"), ", column office", "A5/413121 is kept"),
        (AN_ENTRY.format("binding = NOT binding"), ", column binding", "False is kept"),
        (AN_ENTRY.format("breached = NOT breached"), ", column breached", "True is kept"),
        (AN_ENTRY.format("region = '/410000/'"), ", column region", "/410000/ is kept"),
        (AN_ENTRY.format("year = 2030"), ", column year", "2030 is kept"),
        (AN_ENTRY.format("step = 'C9'"), ", column step", "C9 is kept"),
        (AN_ENTRY.format("procedure = 'x'"), ", column procedure", "x is kept"),
        (AN_ENTRY.format("subject_name = '某县'"), ", column subject_name", "某县 is kept"),
        (AN_ENTRY.format("content = replace(content, 'T4', 'T5')"), ", column content", "saw"),
        (AN_ENTRY.format("content = 'x'"), ", column content", "it is not what line"),
        (
            "DELETE FROM limits_in_force WHERE case_id = 'county-exit/411523/2017' AND place = 0",
            "",
            "the limit is missing",
        ),
    ],
)
def test_a_limit_that_was_changed_or_taken_out_is_found(
    findings: Callable[[], set[Finding]], engine: Engine, statement: str, where: str, what: str
) -> None:
    sqlite = engine.dialect.name == "sqlite"
    with unguarded(engine) as connection:
        connection.execute(text(statement.replace("00+00'", "00.000000'") if sqlite else statement))
    (finding,) = findings()
    assert finding.where == f"limits_in_force {XIN_2017} 0{where}"
    assert what in finding.what
    assert finding.mend.endswith(".")


@pytest.mark.clause("G7")
def test_a_limit_that_the_journal_has_not_seen_is_found(
    findings: Callable[[], set[Finding]], engine: Engine
) -> None:
    columns = "due, office, binding, breached, procedure, year, region, step, subject_name, content"
    with unguarded(engine) as connection:
        connection.execute(
            text(
                f"INSERT INTO limits_in_force (case_id, place, {columns}) SELECT case_id, 9, "
                f"{columns} FROM limits_in_force WHERE place = 0 AND case_id = '{XIN_2017}'"
            )
        )
    (finding,) = findings()
    assert finding.where == f"limits_in_force {XIN_2017} 9"
