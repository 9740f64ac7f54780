"""How the databases find what lists ask for: by an index, if one is meant for the question."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert

from models.offices import Office
from models.register.households import PovertyLine
from registry.checks.values import table_of
from registry.database.engine import reading
from registry.desk import Registry
from registry.records import By, CaseFilter, ListFilter
from registry.reports.filings import Filings
from registry.reports.gauges import gauges
from registry.tables import DeliveryRow, EntryRow
from tests.models.samples import HENAN
from tests.province import NOW, YEAR, analyze, end_all, put_province
from tests.registry.test_filings import CALENDAR

ROSTERS, VILLAGES, HOUSEHOLDS = 2_000, 60, 4_000
KINDS, ERRORS = ("act", "refused"), (None, "no such mailbox")
FILINGS = Filings(HENAN, CALENDAR, NOW)
COUNTY, COUNTY_GROUP = "411523", Office.parse("A5/411523")


@pytest.fixture
def province(registry: Registry, engine: Engine) -> Registry:
    """A small one: enough for a planner to leave the whole of a table alone."""
    put_province(engine, rosters=ROSTERS, villages=VILLAGES, households=HOUSEHOLDS)
    return registry


@contextmanager
def asked(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are carried out meanwhile, with their values."""
    said: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, _x: Any, _many: bool) -> None:
        said.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def plans(engine: Engine, of: str, question: Callable[[], object]) -> str:
    """How the statements of a question find rows of a table."""
    with asked(engine) as said:
        question()
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    found = []
    with reading(engine) as session:
        for statement, values in said:
            if f"FROM {of}" in statement:
                rows = session.connection().exec_driver_sql(f"{explain} {statement}", values)
                found += [str(row[-1]) for row in rows]
    assert found, said
    return "\n".join(found)


def is_scanned(plan: str, table: str) -> bool:
    """Whether all of a table is read; all of an index is read for an order, or for a count."""
    lines = [line.strip() for line in plan.splitlines()]
    return any(
        f"Seq Scan on {table}" in line or (line.startswith(f"SCAN {table}") and "USING" not in line)
        for line in lines
    )


BY_DUE = "ix_limits_in_force_due_case_id_place_binding_breached"


@pytest.mark.parametrize(
    ("narrowed", "index"),
    [
        ({}, BY_DUE),
        ({"until": NOW}, BY_DUE),
        ({"year": 2018}, BY_DUE),
        ({"step": "H3"}, BY_DUE),
        ({"office": COUNTY_GROUP}, "ix_limits_in_force_office_due_binding_breached"),
        ({"region": COUNTY}, "ix_limits_in_force_region_due_binding_breached"),
    ],
)
def test_the_nearest_limits_are_found_by_an_index(
    province: Registry, engine: Engine, narrowed: dict[str, Any], index: str
) -> None:
    def nearest() -> int:
        return len(list(province.lists.deadlines(ListFilter(**narrowed), FILINGS, 50)))

    assert nearest() == 50
    plan = plans(engine, "limits_in_force", nearest)
    assert index in plan
    assert not is_scanned(plan, "limits_in_force")
    if index == BY_DUE:
        sorted_ = "TEMP B-TREE" if engine.dialect.name == "sqlite" else "Sort  "
        assert sorted_ not in plan


@pytest.mark.parametrize(
    "narrowed", [{}, {"until": NOW}, {"office": COUNTY_GROUP}, {"region": COUNTY}]
)
def test_limits_are_counted_in_an_index_alone(
    province: Registry, engine: Engine, narrowed: dict[str, Any]
) -> None:
    def count() -> object:
        return province.lists.count_deadlines(ListFilter(**narrowed), FILINGS)

    plan = plans(engine, "limits_in_force", count)
    if engine.dialect.name == "sqlite":
        assert "USING COVERING INDEX ix_limits_in_force_" in plan
    elif narrowed:  # the whole it may count as it likes
        assert "ix_limits_in_force_" in plan
        assert not is_scanned(plan, "limits_in_force")


@pytest.mark.parametrize(
    ("narrowed", "index"),
    [
        ({}, "ix_cases_deadline_case_id"),
        ({"until": NOW}, "ix_cases_"),
        ({"office": Office.parse("A5/411523")}, "ix_cases_waiting_for_deadline"),
        ({"region": COUNTY}, "ix_cases_region"),
        ({"subject": "411523100001"}, "ix_cases_subject_code_year"),
    ],
)
def test_cases_are_found_by_an_index(
    province: Registry, engine: Engine, narrowed: dict[str, Any], index: str
) -> None:
    def nearest() -> object:
        return list(province.lists.cases(CaseFilter(**narrowed), 50))

    plan = plans(engine, "cases", nearest)
    assert index in plan
    assert not is_scanned(plan, "cases")


@pytest.mark.clause("F9")
def test_what_is_due_behind_exits_is_looked_up_case_by_case(
    province: Registry, engine: Engine
) -> None:
    """A province has more households that have left than cases that ended lately."""
    questions: list[Callable[[], object]] = [
        lambda: list(province.lists.deadlines(ListFilter(), FILINGS, 50)),
        lambda: province.lists.count_deadlines(ListFilter(), FILINGS),
        lambda: province.lists.total_deadlines(ListFilter(), FILINGS, By.CITY),
    ]
    for question in questions:
        plan = plans(engine, "left_by_case", question)
        assert "ix_household_episodes_case_id_exited_on" in plan
        if engine.dialect.name == "sqlite":  # PostgreSQL knows that there are none
            assert "ix_case_documents_belongs_to" in plan
        assert not is_scanned(plan, "household_episodes")


def test_numbers_for_a_monitor_read_neither_all_entries_nor_all_deliveries(
    province: Registry, engine: Engine
) -> None:
    case_id = next(iter(province.lists.cases(CaseFilter(), 1))).case_id
    told = {"case_id": case_id, "at": NOW}
    entry = {"step": "H1", "round": 1, "actor": "case", "text": "合成", "previous": "", "hash": ""}
    with engine.begin() as connection:
        connection.execute(
            insert(table_of(EntryRow)),
            [
                {**told, **entry, "seq": seq, "content": "{}", "kind": KINDS[seq % 100 == 0]}
                for seq in range(1, 5_001)
            ],
        )
        connection.execute(
            insert(table_of(DeliveryRow)),
            [
                {**told, "seq": seq, "number": 1, "channel": "log", "error": ERRORS[seq % 100 == 0]}
                for seq in range(1, 5_001)
            ],
        )
    analyze(engine)
    found = gauges(engine)
    assert (found.refused, found.given_up) == (50, 50)
    for table, index in (("ledger_entries", "refused"), ("deliveries", "given_up")):
        plan = plans(engine, table, lambda: gauges(engine))
        assert f"ix_{table}_{index}" in plan
        assert not is_scanned(plan, table)


@pytest.mark.clause("F13")
def test_who_should_leave_is_judged_where_the_rows_are(province: Registry, engine: Engine) -> None:
    """Plans and rosters are looked up, household by household, and never read whole."""
    province.planning.add_line(PovertyLine(year=YEAR, yuan=3_535, source="合成标准"))

    def nearest() -> None:
        with province.planning.should_leave(YEAR, HENAN, NOW.date()) as found:
            assert found.count().many == HOUSEHOLDS // 50
            assert len(list(found.each(50))) == 50

    with asked(engine) as said:
        nearest()
    of_households = [each for each, _ in said if "household_years" in each]
    assert len(of_households) == 2  # one counts, one lists
    plan = plans(engine, "households", nearest)
    if engine.dialect.name == "sqlite":  # PostgreSQL joins plans and rosters as it likes
        assert "SEARCH plans USING " in plan
        assert "SEARCH roster_households USING INDEX ix_roster_households_household_code" in plan
        assert "SEARCH household_episodes USING " in plan


@pytest.mark.clause("F13", "S5")
def test_poor_people_are_counted_once_for_villages_and_counties(
    province: Registry, engine: Engine
) -> None:
    province.planning.add_line(PovertyLine(year=YEAR, yuan=3_535, source="合成标准"))
    end_all(engine)

    def question() -> None:
        with province.planning.should_come_in(YEAR, HENAN, NOW.date()) as found:
            found.count()

    with asked(engine) as said:
        question()
    assert len([each for each, _ in said if "GROUP BY anon_" in each and "heads" in each]) == 1
    if engine.dialect.name == "sqlite":
        # Not by an index of the households: it would jump for each of them to its row.
        plan = plans(engine, "villages LEFT OUTER JOIN", question)
        assert "ix_households_village_code" not in plan
        assert "AUTOMATIC" in plan  # people are found by village, and not looked for in a list


def test_what_is_streamed_is_planned_for_its_whole(engine: Engine) -> None:
    """PostgreSQL would plan for the first tenth, which is the wrong plan of a province."""
    if engine.dialect.name == "postgresql":
        with reading(engine) as session:
            said = session.connection().exec_driver_sql("SHOW cursor_tuple_fraction")
            assert said.scalar_one() == "1"
        with engine.connect() as connection:  # and nobody else finds it changed
            said = connection.exec_driver_sql("SHOW cursor_tuple_fraction")
            assert said.scalar_one() == "0.1"
