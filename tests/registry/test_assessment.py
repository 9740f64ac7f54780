"""The statement of a year for the assessment (F11), by county, city and office (F13)."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from activities.ledger import RegistryActivities
from models.case.ledger import EntryKind
from registry.database.engine import writing
from registry.desk import Registry
from registry.reports.assessment import HEADERS, Assessment, Statement, statement_rows
from registry.reports.records import Counted
from registry.tables import ObjectionRow
from registry.tables.columns import Source
from tests.activities.registry_cases import File, run
from tests.registry.places import county_leaves, put_village, village_leaves
from tests.registry.test_readiness import NOW, lists

pytestmark = pytest.mark.clause("F11")

JIA = "411523100201"


def act(decision: str, office: str, **more: Any) -> dict[str, Any]:
    return {"act": {"id": "a", "step": "C2", "decision": decision, "office": office} | more}


def upheld(number: int, finding: str) -> tuple[tuple[EntryKind, dict[str, Any]], ...]:
    """An objection, and what its investigation came to."""
    result = {
        "id": f"x{number}",
        "objection_id": f"o{number}",
        "finding": finding,
        "reason": "合成",
        "office": "A7/410000",
        "officer": "某庚",
    }
    said = {"objection": {"id": f"o{number}", "text": "合成"}, "as": "objection"}
    return (EntryKind.OBJECTION, said), (EntryKind.RESOLUTION, {"resolution": result})


@pytest.fixture
def year(registry: Registry, asked: RegistryActivities, engine: Engine) -> Assessment:
    """新县 in 2017: two villages planned, one out; and a case with one of everything."""
    for code in (JIA, "411523100202"):
        put_village(engine, code, 300)
        registry.add_plan(2017, code, "合成计划")
    village_leaves(engine, JIA, date(2017, 12, 20), 2017)
    county_leaves(engine, "411523", date(2018, 8, 2), 2017)
    file = File()
    file.open()
    entries: tuple[tuple[EntryKind, dict[str, Any]], ...] = (
        (EntryKind.BREACH, {"office": "A5/411523"}),
        (EntryKind.BREACH, {"office": "A6/411500"}),  # the city's own, and not the county's
        (EntryKind.ACT, act("approve", "A5/411523")),
        (EntryKind.LATE, {"entry": 4}),
        (EntryKind.ACT, act("approve", "A6/411500", overrides=["S3.incidence"], reason="合成")),
        (EntryKind.ACT, act("return", "A7/410000", reason="合成")),
        (EntryKind.RETURNED, {"to": "C1", "by": "A7/410000"}),
        (EntryKind.ACT, act("reject", "A7/410000", reason="合成")),
        *upheld(1, "upheld"),
        *upheld(2, "dismissed"),
    )
    for kind, data in entries:
        said = data.get("act")
        file.add(kind, data, **({"actor": f"{said['office']} 某乙"} if said else {}))
    run(asked.write_ledger, file.batch())
    other = File(year=2018)  # of another year
    other.open()
    other.add(EntryKind.BREACH, {"office": "A5/411523"})
    run(asked.write_ledger, other.batch())
    return registry.planning.assessment(2017, "411500")


def test_a_year_of_a_county_is_plan_exits_and_what_happened(year: Assessment) -> None:
    (xin,) = [each for each in year.counties if each.code == "411523"]
    assert xin == Statement(
        code="411523",
        name="新县",
        households=Counted(),
        villages=Counted(planned=2, exited=1),
        counties=Counted(planned=1, exited=1, under_way=1),
        breaches=1,
        late=1,
        overrides=1,
        returned=1,
        rejected=1,
        upheld=1,
    )
    (city,) = year.cities
    assert (city.code, city.name, city.breaches, city.villages) == (
        "411500",
        "信阳市",
        1,
        Counted(planned=2, exited=1),
    )
    assert city.counties.planned == year.total.counties.planned == len(year.counties)


@pytest.mark.clause("F13")
def test_what_happened_gathers_at_the_offices_that_did_it(year: Assessment) -> None:
    happened = {
        each.office: {
            field: number
            for field, number in each.model_dump(exclude={"office", "name"}).items()
            if number
        }
        for each in year.offices
    }
    assert happened == {
        "A5/411523": {"breaches": 1, "late": 1},
        "A6/411500": {"breaches": 1, "overrides": 1},
        "A7/410000": {"returned": 1, "rejected": 1, "upheld": 1},
    }
    assert year.offices[0].name == "新县"


@pytest.mark.clause("F13", "G1")
def test_what_was_upheld_gathers_at_who_published_or_dismissed_it(
    registry: Registry, engine: Engine
) -> None:
    case_id = lists(engine, "village", JIA, 2017)
    with writing(engine) as session:
        for id, review_of, finding, by in (
            ("o1", None, "upheld", "A6/411500"),
            ("o2", None, "dismissed", "A6/411500"),
            ("r2", "o2", "upheld", "A7/410000"),
        ):
            row = ObjectionRow(
                case_id=case_id,
                objection_id=id,
                kind=Source.OBJECTION,
                text="合成",
                review_of=review_of,
                received_at=NOW,
                finding=finding,
                resolved_by=by,
            )
            session.add(row)
    found = registry.planning.assessment(2017)
    assert {each.office: each.upheld for each in found.offices} == {
        "A5/411523": 1,
        "A6/411500": 1,
    }


def test_the_statement_is_a_sheet(year: Assessment) -> None:
    rows = list(statement_rows(year))
    assert {len(row) for row in rows} == {len(HEADERS)}
    (xin,) = [row for row in rows if row[0] == "411523"]
    named = dict(zip((name for name, _ in HEADERS), xin, strict=True))
    assert (named["村计划"], named["村退出"], named["异议成立"]) == (2, 1, 1)
    assert rows[-1][1] == "合计"


def test_nothing_of_another_region_is_told(registry: Registry, year: Assessment) -> None:
    elsewhere = registry.planning.assessment(2017, "410200")
    assert elsewhere.offices == ()
    assert "411523" not in [each.code for each in elsewhere.counties]
