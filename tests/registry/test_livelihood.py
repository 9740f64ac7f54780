"""S1 in SQL: it finds whom the rule finds, demand by demand."""

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from models.household_standard import OF_A_HOUSEHOLD, household_findings
from models.policy import Demand
from models.register.households import PovertyLine
from registry.database.engine import reading
from registry.desk import Registry
from registry.facts.livelihood import meets
from registry.facts.roster import household_facts
from registry.tables import HouseholdRow, HouseholdYearRow
from tests.models.roster_samples import livelihood
from tests.models.samples import HENAN
from tests.registry.places import put_village, register

pytestmark = pytest.mark.clause("S1")

JIA = "411523100201"
LINE = PovertyLine(year=2017, yuan=3_000, source="合成标准")
INCOME = {
    "H-above": (3, 900_001),  # three heads at three thousand yuan are nine hundred thousand fen
    "H-at-the-line": (3, 900_000),
    "H-larger": (4, 900_001),
    "H-one": (1, 300_001),
}
UNMET = {f"H-{demand}": demand for demand, *_ in OF_A_HOUSEHOLD}
FIELDS = {demand: field for demand, field, *_ in OF_A_HOUSEHOLD}
NAMELESS = {"H-sources": "income_sources", "H-because": "stable_because"}


@pytest.fixture
def judged(registry: Registry, engine: Engine) -> Engine:
    """Households about the line, and some that lack one demand each."""
    put_village(engine, JIA, 300)
    for code, (size, wages) in INCOME.items():
        register(engine, JIA, {code: size}, livelihood=livelihood(wages=wages))
    register(engine, JIA, {"H-costs": 3}, livelihood=livelihood(wages=1_000_000, costs=100_000))
    for code, demand in UNMET.items():
        register(engine, JIA, {code: 3}, livelihood=livelihood(**{FIELDS[demand]: False}))
    for code, field in NAMELESS.items():
        register(engine, JIA, {code: 3}, livelihood=livelihood(**{field: None}))
    return engine


def meeting(engine: Engine, *demands: Demand) -> set[str]:
    query = (
        select(HouseholdRow.code)
        .join(HouseholdYearRow, col(HouseholdYearRow.household_code) == HouseholdRow.code)
        .where(meets(demands, LINE))
    )
    with reading(engine) as session:
        return set(session.exec(query))


def test_income_is_above_the_line_a_head_and_not_at_it(judged: Engine) -> None:
    about = {*INCOME, "H-costs"}
    assert meeting(judged, Demand.INCOME) & about == {"H-above", "H-one"}


def test_every_demand_is_one_by_itself(judged: Engine) -> None:
    everybody = {*INCOME, "H-costs", *UNMET, *NAMELESS}
    for code, demand in UNMET.items():
        assert everybody - meeting(judged, demand) == {code}
    assert everybody - meeting(judged, Demand.STABILITY) == set(NAMELESS)
    assert meeting(judged, *Demand) == {"H-above", "H-one"}


def test_it_finds_whom_the_rule_finds(judged: Engine) -> None:
    query = select(HouseholdRow, HouseholdYearRow).join(
        HouseholdYearRow, col(HouseholdYearRow.household_code) == HouseholdRow.code
    )
    found: dict[str, set[str]] = {f"S1.{demand}": set() for demand in Demand}
    with reading(judged) as session:
        for row, lived in session.exec(query):
            facts = household_facts(row, lived, ())
            assert facts is not None
            for each in household_findings(facts, LINE, HENAN.standards):
                if each.met:
                    found[each.id].add(row.code)
    for demand in HENAN.standards.household:
        assert meeting(judged, demand) == found[f"S1.{demand}"]
