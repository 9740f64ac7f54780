"""Loading the register, and what the desk reads of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import gb2260  # type: ignore[import-untyped]
import pytest
from sqlalchemy import Engine, text

from activities.leaving import LeavingActivities
from activities.ledger import RegistryActivities
from models.case.ledger import EntryKind, LedgerError
from models.case.messages import Ending
from models.case.orders import LimitInForce
from models.offices import County, Division, Office, Tier
from models.periods import LimitRequest, compute
from models.policy import Body, Level
from registry.calendar import OfficialCalendar
from registry.database.engine import writing
from registry.desk import Registry, UnknownCounty
from registry.errors import LoadError, UnknownSubject
from registry.records import CaseFilter, ListFilter, Loaded
from registry.reports.filings import Filings
from registry.tables import DivisionRow, NoticeRow, PlanRow, Standing, StatusRow
from tests.activities.registry_cases import (
    APPLIED,
    COUNTIES,
    LISTED_SINCE,
    POLICY,
    PROVINCE,
    XIN,
    File,
    at_once,
    change,
    ended,
    row_of,
    rows,
    run,
)
from tests.registry.known import county_facts
from tests.unguarded import unguarded

HUA = County(
    code="410526",
    name="滑县",
    tier=Tier.NATIONAL,
    directly_administered=True,
    city=Division(code="410500", name="安阳市"),
    province=PROVINCE,
)
TABLES = (DivisionRow, StatusRow, PlanRow)


# -- loading ----------------------------------------------------------------------------------


@pytest.mark.clause("F8")
def test_the_53_counties_are_loaded_as_listed(engine: Engine) -> None:
    store = Registry(engine)
    loaded = store.load_counties(COUNTIES, LISTED_SINCE, "HN 二", PROVINCE)
    assert loaded == Loaded(divisions=1 + 13 + 53, counties=53, plans=53)
    overview = store.overview()
    assert (overview.listed, overview.exited, len(overview.counties)) == (53, 0, 53)
    tiers = [county.tier for county in overview.counties]
    assert (tiers.count(Tier.NATIONAL), tiers.count(Tier.PROVINCIAL)) == (38, 15)
    hua = next(county for county in overview.counties if county.code == HUA.code)
    assert (hua.name, hua.city, hua.directly_administered) == ("滑县", "安阳市", True)
    # 2017 is the year it was approved in, 2016 the one it exited for; neither is a status yet.
    assert (hua.status, hua.since, hua.exit_year) == (Standing.LISTED, LISTED_SINCE, None)
    assert [plan.year for plan in store.county_record(HUA.code).plans] == [2016]


def test_codes_and_names_are_those_of_the_national_standard(registry: Registry) -> None:
    for county in registry.overview().counties:
        official = gb2260.get(county.code, 2013)
        assert official.name == county.name
        assert official.prefecture.name == county.city


def test_loading_again_changes_nothing(registry: Registry, engine: Engine) -> None:
    before = [rows(engine, each) for each in TABLES]
    again = registry.load_counties(COUNTIES, LISTED_SINCE, "another source", PROVINCE)
    assert again == Loaded(divisions=0, counties=0, plans=0)
    assert [rows(engine, each) for each in TABLES] == before


def test_loading_from_two_programs_at_once_loads_once(engine: Engine) -> None:
    store = Registry(engine)
    loaded = at_once([lambda: store.load_counties(COUNTIES, LISTED_SINCE, "HN 二", PROVINCE)] * 4)
    assert sorted(each.counties for each in loaded) == [0, 0, 0, 53]


def test_loading_again_puts_no_county_back_on_the_list(
    registry: Registry, leaving: LeavingActivities, engine: Engine
) -> None:
    run(leaving.strike_off_county, change(File()))
    before = rows(engine, StatusRow)
    registry.load_counties(COUNTIES, LISTED_SINCE, "HN 二", PROVINCE)
    assert rows(engine, StatusRow) == before


def test_of_a_list_with_a_fault_nothing_is_loaded(engine: Engine) -> None:
    with pytest.raises(LoadError, match=r"row 2, column tier \(D\): '国定': write national or"):
        Registry(engine).load_counties(
            [row_of("411521"), row_of(XIN.code, tier="国定")], LISTED_SINCE, "HN 二", PROVINCE
        )
    assert [rows(engine, each) for each in TABLES] == [[], [], []]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"name": "新市"},
            "rows, row 1, name: the list says 新市 of 411523, the register has 新县",
        ),
        ({"tier": "provincial"}, "row 1, tier: the list says provincial of 411523"),
        ({"city": "信阳"}, "row 1, column city, name: the list says 信阳 of 411500"),
        ({"directly_administered": "true"}, "directly_administered: the list says True"),
    ],
)
def test_a_list_that_contradicts_the_register_is_refused(
    engine: Engine, changes: dict[str, str], fault: str
) -> None:
    registry = Registry(engine)
    registry.load_counties([row_of(XIN.code)], LISTED_SINCE, "HN 二", PROVINCE)
    before = [rows(engine, each) for each in TABLES]
    new = row_of("411524", city=changes.get("city", "信阳市"))
    with pytest.raises(LoadError) as caught:
        registry.load_counties([row_of(XIN.code, **changes), new], LISTED_SINCE, "HN 二", PROVINCE)
    assert len(caught.value.faults) == 1
    assert fault in caught.value.faults[0]
    assert [rows(engine, each) for each in TABLES] == before


def test_another_day_of_listing_is_refused(registry: Registry) -> None:
    with pytest.raises(LoadError, match="listed since 2012-03-19, not since 2014-01-01"):
        registry.load_counties(COUNTIES, date(2014, 1, 1), "HN 二", PROVINCE)


def test_a_code_that_expired_since_does_not_hinder_loading_again(
    registry: Registry, engine: Engine
) -> None:
    with writing(engine) as session:
        row = session.get(DivisionRow, ("411626", LISTED_SINCE))
        assert row is not None
        row.valid_until = date(2019, 12, 20)
    again = registry.load_counties(COUNTIES, LISTED_SINCE, "HN 二", PROVINCE)
    assert again == Loaded(divisions=0, counties=0, plans=0)


# -- plans, facts -----------------------------------------------------------------------------


@pytest.mark.clause("G6")
def test_a_county_is_planned_for_a_year(registry: Registry) -> None:
    assert not county_facts(registry, XIN.code, 2018, date(2018, 5, 1)).planned
    assert registry.add_plan(2018, XIN.code, "豫扶贫〔2018〕1号") is True
    assert registry.add_plan(2018, XIN.code, "another") is False
    assert county_facts(registry, XIN.code, 2018, date(2018, 5, 1)).planned
    plans = registry.county_record(XIN.code).plans
    assert [(plan.year, plan.source, plan.addition) for plan in plans] == [
        (2017, "HN 二", False),
        (2018, "豫扶贫〔2018〕1号", False),
    ]


@pytest.mark.parametrize("code", ["411599", "411500", "x"])
def test_only_who_is_in_the_register_is_planned(registry: Registry, code: str) -> None:
    known = (
        f"plan of 2018: the register knows no county, village or household with the code {code};"
    )
    with pytest.raises(UnknownSubject, match=known):
        registry.add_plan(2018, code, "x")


@pytest.mark.clause("C1")
def test_facts_name_the_county_as_it_is_on_the_day(registry: Registry) -> None:
    facts = county_facts(registry, XIN.code, 2017, date(2017, 11, 20))
    assert (facts.subject, facts.listed, facts.planned) == (XIN, True, True)
    hua = county_facts(registry, HUA.code, 2016, date(2016, 11, 20))
    assert hua.subject == HUA
    early = county_facts(registry, XIN.code, 2017, LISTED_SINCE - timedelta(days=1))
    assert early.subject is None
    assert early.code_note == "the code of 新县 is known from 2012-03-19 on, not on 2012-03-18"


def test_a_county_that_was_never_poor_is_not_on_the_register(
    registry: Registry, engine: Engine
) -> None:
    with writing(engine) as session:
        row = DivisionRow(
            code="411503",
            valid_from=LISTED_SINCE,
            name="平桥区",
            level=Level.COUNTY,
            parent="411500",
        )
        session.add(row)
    facts = county_facts(registry, "411503", 2017, date(2017, 11, 20))
    assert (facts.subject, facts.listed) == (None, False)
    assert "平桥区 was not on the register of poor counties" in facts.code_note


# -- cases ------------------------------------------------------------------------------------


def attempt_of(registry: Registry, code: str, year: int) -> int:
    """Which attempt the county's next case is."""
    return county_facts(registry, code, year, date(2017, 11, 20)).attempt


@pytest.mark.clause("G9")
def test_an_attempt_is_counted_after_a_withdrawal(
    registry: Registry, asked: RegistryActivities
) -> None:
    attempts = []
    endings = (Ending.WITHDRAWN, Ending.NOT_ADMITTED, Ending.NOT_EXITED)
    for attempt, ending in enumerate(endings, start=1):
        attempts.append(attempt_of(registry, XIN.code, 2017))
        file = File(attempt=attempt)
        file.open()
        run(asked.write_ledger, file.batch())
        attempts.append(attempt_of(registry, XIN.code, 2017))
        file.add(EntryKind.CLOSED)
        run(asked.write_ledger, file.batch(first=2, **ended(ending)))
    assert attempts == [1, 1, 2, 2, 3, 3]
    assert attempt_of(registry, XIN.code, 2017) == 3
    assert attempt_of(registry, XIN.code, 2018) == 1
    assert attempt_of(registry, HUA.code, 2017) == 1


def limit(clause: str, county: County) -> LimitInForce:
    """A limit of 2017 that the county group is held to."""
    request = LimitRequest(clause=clause, year=2017)
    return LimitInForce(
        limit=compute(request, POLICY, OfficialCalendar.from_file(None)),
        office=county.office(Body.COUNTY_GROUP),
        office_name=f"{county.name}扶贫开发领导小组",
        subject="县级申请",
        breached=clause == "T2",
    )


@pytest.fixture
def three_cases(registry: Registry, asked: RegistryActivities) -> Registry:
    """新县 2017 before the city, overdue; 滑县 2016 before the province; 新县 2016 ended."""
    xin, hua, past = File(), File(HUA, 2016), File(year=2016)
    for file in (xin, hua, past):
        file.open()
    run(asked.write_ledger, xin.batch(overdue=True, limits=(limit("T4", XIN), limit("T2", XIN))))
    soon = datetime(2017, 1, 25, tzinfo=UTC)
    run(
        asked.write_ledger,
        hua.batch(step="C3", waiting_for=A7, deadline=soon, limits=(limit("T6", HUA),)),
    )
    run(asked.write_ledger, past.batch(**ended(Ending.NOT_EXITED), limits=(limit("T2", XIN),)))
    return registry


A7 = Office.parse("A7/410000")
XIN_2017, HUA_2016, XIN_2016 = (
    "county-exit/411523/2017",
    "county-exit/410526/2016",
    "county-exit/411523/2016",
)


WANTED: list[tuple[dict[str, Any], list[str]]] = [
    ({}, [HUA_2016, XIN_2017, XIN_2016]),
    ({"year": 2016}, [HUA_2016, XIN_2016]),
    ({"subject": "411523"}, [XIN_2017, XIN_2016]),
    ({"region": "410000"}, [HUA_2016, XIN_2017, XIN_2016]),
    ({"region": "411500"}, [XIN_2017, XIN_2016]),
    ({"region": "4115"}, []),
    ({"region": "%"}, []),
    ({"step": "C3"}, [HUA_2016]),
    ({"office": A7}, [HUA_2016]),
    ({"outcome": Ending.NOT_EXITED}, [XIN_2016]),
    ({"open": True}, [HUA_2016, XIN_2017]),
    ({"open": False}, [XIN_2016]),
    ({"overdue": True}, [XIN_2017]),
    ({"overdue": False, "open": True}, [HUA_2016]),
]


def test_cases_are_listed_by_what_is_wanted_nearest_deadline_first(three_cases: Registry) -> None:
    listed = [
        (wanted, [case.case_id for case in three_cases.case_rows(CaseFilter(**wanted))])
        for wanted, _ in WANTED
    ]
    assert listed == WANTED


def test_deadlines_of_open_cases_are_listed_the_nearest_first(three_cases: Registry) -> None:
    filings = Filings(POLICY, OfficialCalendar.from_file(None), datetime.now(UTC))
    deadlines = three_cases.lists.deadlines(ListFilter(), filings)
    assert [(each.case_id, each.in_force) for each in deadlines] == [
        (XIN_2017, limit("T2", XIN)),
        (XIN_2017, limit("T4", XIN)),
        (HUA_2016, limit("T6", HUA)),
    ]
    narrowed = three_cases.lists.deadlines(ListFilter(region=HUA.code), filings)
    assert [each.subject_name for each in narrowed] == ["滑县"]


def test_everything_about_a_county(
    three_cases: Registry, leaving: LeavingActivities, engine: Engine
) -> None:
    run(leaving.strike_off_county, change(File()))
    record = three_cases.county_record(XIN.code)
    assert (record.code, record.name) == (XIN.code, XIN.name)
    assert [(each.valid_from, each.parent) for each in record.divisions] == [
        (LISTED_SINCE, XIN.city.code)
    ]
    assert [(each.status, each.since, each.until) for each in record.standings] == [
        (Standing.LISTED, LISTED_SINCE, date(2018, 8, 2)),
        (Standing.EXITED, date(2018, 8, 2), None),
    ]
    assert [case.case_id for case in record.cases] == [XIN_2017, XIN_2016]
    assert {(each.case_id, each.seq) for each in record.indicators} == {
        (XIN_2017, 1),
        (XIN_2016, 1),
    }


def test_an_unknown_code_is_named(registry: Registry) -> None:
    with pytest.raises(UnknownCounty, match="411599; write the six digits"):
        registry.county_record("411599")


def test_notices_come_in_the_order_of_posting(registry: Registry, engine: Engine) -> None:
    with writing(engine) as session:
        for seq in (12, 7):
            session.add(
                NoticeRow(
                    id=f"{XIN_2017}/notice-{seq}",
                    case_id=XIN_2017,
                    seq=seq,
                    title="关于新县拟退出贫困县的公示",
                    markdown="# 公示",
                    html="<h1>公示</h1>",
                    sha256="0" * 64,
                    posted_at=APPLIED,
                    closes_at=APPLIED + timedelta(days=7),
                )
            )
    first, second = registry.notices(XIN_2017)
    assert (first.seq, second.seq) == (7, 12)
    assert first.closes_at == APPLIED + timedelta(days=7)
    assert registry.notices(XIN_2016) == ()
    assert registry.ledger(XIN_2016) == []


@pytest.mark.clause("G7")
@pytest.mark.parametrize(
    "altered", ["text = 'x'", "kind = 'late'", "actor = 'x'", "step = 'C9'", "round = 9"]
)
def test_an_altered_column_of_the_file_is_found(
    registry: Registry, asked: RegistryActivities, engine: Engine, altered: str
) -> None:
    file = File()
    file.open()
    run(asked.write_ledger, file.batch())
    with unguarded(engine) as connection:
        connection.execute(text(f"UPDATE ledger_entries SET {altered} WHERE seq = 1"))
    with pytest.raises(LedgerError, match=f"column {altered.split()[0]} of entry 1 was altered"):
        registry.ledger(file.case_id)
