"""The targets of F8 by year and by city: against values by hand, and against a second count."""

import random
from collections import defaultdict
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from models.offices import SubjectKind
from models.policy import Targets
from registry.database.engine import reading
from registry.desk import Registry
from registry.reports.targets import TargetReport, YearTowards
from registry.tables import (
    EpisodeRow,
    HouseholdRow,
    RevocationRow,
    Standing,
    StatusRow,
    VillageStatusRow,
)
from tests.activities.registry_cases import POLICY, table
from tests.registry.exits import place_leaves, revoked
from tests.registry.places import falls_back, leaves, put_households, put_village

TODAY = date(2026, 11, 22)
JIA, YI, BING = "411523100201", "411523100202", "410225100201"


def targets() -> Targets:
    assert POLICY.targets is not None
    return POLICY.targets


def report(registry: Registry, year: int, today: date = TODAY) -> TargetReport:
    return registry.planning.targets(year, POLICY, targets(), today)


def years(found: TargetReport, name: str) -> tuple[YearTowards, ...]:
    (measure,) = [each for each in found.measures if each.name == name]
    return measure.years


@pytest.mark.clause("F8")
def test_all_counties_of_henan_by_year_and_city(registry: Registry, engine: Engine) -> None:
    """By hand from data/henan-counties.csv: 2 + 4 + 33 + 14 counties; 8 of 信阳, 7 of 周口."""
    for row in table():
        approved = date.fromisoformat(row["approved_on"])
        place_leaves(engine, row["code"], approved, int(row["exit_year"]))
    of_2018 = report(registry, 2018)
    assert [
        (each.year, each.exited, each.cumulative, each.share) for each in years(of_2018, "counties")
    ] == [
        (2016, 2, 2, "3.7"),
        (2017, 4, 6, "11.3"),
        (2018, 33, 39, "73.5"),
    ]
    assert (of_2018.total.counties, of_2018.total.counties_listed) == (39, 14)
    whole = report(registry, 2019)
    assert years(whole, "counties")[-1] == YearTowards(
        year=2019, exited=14, revoked=0, back=0, cumulative=53, share="100.0"
    )
    by_city = {each.name: each for each in whole.cities}
    assert len(by_city) == 13
    assert (by_city["信阳市"].counties, by_city["周口市"].counties) == (8, 7)
    # 滑县 is directly administered, and lies in 安阳市.
    assert by_city["安阳市"].counties == 2
    assert (whole.total.counties, whole.total.listed) == (53, ())
    listed = {each.name: each.listed for each in of_2018.cities}
    assert listed["洛阳市"] == ("嵩县 410325", "汝阳县 410326")
    assert {each.name: each.missing for each in of_2018.targets}["provincial_counties"] == 0


@pytest.mark.clause("F8", "F5", "F7")
def test_who_fell_back_or_was_revoked_does_not_count(registry: Registry, engine: Engine) -> None:
    for code in (JIA, YI, BING):
        put_village(engine, code, 300)
    first, second, third = put_households(engine, JIA, [3, 2, 4])
    (fourth,) = put_households(engine, BING, [5])
    leaves(engine, first, date(2017, 12, 20), 2017)
    leaves(engine, second, date(2018, 1, 20), 2017)
    leaves(engine, third, date(2017, 12, 20), 2017)
    leaves(engine, fourth, date(2018, 12, 20), 2018)
    falls_back(engine, first, date(2018, 12, 31))
    leaves(engine, first, date(2019, 12, 20), 2019)
    revoked(engine, SubjectKind.HOUSEHOLD, third, date(2019, 5, 1))
    place_leaves(engine, JIA, date(2018, 12, 20), 2018)
    place_leaves(engine, YI, date(2018, 12, 20), 2018)
    revoked(engine, SubjectKind.VILLAGE, YI, date(2019, 5, 1))
    found = report(registry, 2019)
    assert [tuple(each.model_dump().values())[:5] for each in years(found, "people")] == [
        (2017, 3 + 2, 4, 0, 5),
        (2018, 5, 0, 3, 2 + 5),
        (2019, 3, 0, 0, 2 + 5 + 3),
    ]
    assert [tuple(each.model_dump().values())[:5] for each in years(found, "villages")] == [
        (2017, 0, 0, 0, 0),
        (2018, 1, 1, 0, 1),
        (2019, 0, 0, 0, 1),
    ]
    assert {each.name: (each.people, each.villages) for each in found.cities if each.people} == {
        "开封市": (5, 0),
        "信阳市": (5, 1),
    }


@pytest.mark.clause("F8")
def test_a_share_is_never_rounded_up_to_the_whole(registry: Registry, engine: Engine) -> None:
    put_village(engine, JIA, 3_000)
    codes = put_households(engine, JIA, [50] * 20)
    for code in codes[:-1]:
        leaves(engine, code, date(2017, 12, 20), 2017)
    wanted = targets().model_copy(update={"people": 951})
    found = registry.planning.targets(2017, POLICY, wanted, TODAY)
    # 950 of 951 are 99.89 %.
    assert [each.share for each in years(found, "people")] == ["99.8"]
    wanted = targets().model_copy(update={"people": 950})
    found = registry.planning.targets(2017, POLICY, wanted, TODAY)
    assert [each.share for each in years(found, "people")] == ["100.0"]


@pytest.mark.clause("F8")
def test_nothing_has_left_yet(registry: Registry) -> None:
    found = report(registry, 2016, date(2016, 7, 1))
    assert found.on == date(2016, 7, 1)
    assert [[each.year for each in measure.years] for measure in found.measures] == [[2016]] * 3
    assert (found.total.counties, found.total.counties_listed, found.total.people) == (0, 53, 0)
    assert report(registry, 2016).on == date(2016, 12, 31)


# -- the second way -----------------------------------------------------------------------------


def fill(engine: Engine, seed: int) -> None:
    """Some years of a province: who leaves, falls back, leaves again, and is revoked."""
    chance = random.Random(seed)
    for county in ("411523", "410225", "411624"):
        for number in range(1, 4):
            village = put_village(engine, f"{county}1002{number:02d}", 900)
            for code in put_households(engine, village, [chance.randrange(1, 7) for _ in range(6)]):
                on = date(2016, 11, 1) + timedelta(days=chance.randrange(900))
                year = on.year - (on.month == 1)
                if chance.random() < 0.8:
                    leaves(engine, code, on, year)
                    after = chance.random()
                    again = on + timedelta(days=chance.randrange(1, 500))
                    if after < 0.3:
                        falls_back(engine, code, again)
                        if chance.random() < 0.5:
                            later = again + timedelta(days=400)
                            leaves(engine, code, later, later.year)
                            if chance.random() < 0.5:
                                on = later + timedelta(days=50)
                                revoked(engine, SubjectKind.HOUSEHOLD, code, on)
                    elif after < 0.5:
                        revoked(engine, SubjectKind.HOUSEHOLD, code, again)
            if chance.random() < 0.8:
                on = date(2017, 11, 1) + timedelta(days=chance.randrange(700))
                place_leaves(engine, village, on, on.year)
                if chance.random() < 0.4:
                    revoked(engine, SubjectKind.VILLAGE, village, on + timedelta(days=200))
        on = date(2018, 2, 1) + timedelta(days=chance.randrange(700))
        place_leaves(engine, county, on, on.year - 1)
    revoked(engine, SubjectKind.COUNTY, "410225", date(2021, 3, 1))


def counted_by_hand(engine: Engine, year: int) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """What is out at the end of a year in all and by city, in plain Python over the rows."""
    with reading(engine) as session:
        gone = {
            (row.kind.value, row.subject_code, row.exited_on)
            for row in session.exec(select(RevocationRow))
        }
        households = {row.code: row for row in session.exec(select(HouseholdRow))}
        episodes = defaultdict(list)
        for row in session.exec(select(EpisodeRow).order_by(col(EpisodeRow.number))):
            episodes[row.household_code].append(row)
        villages = list(session.exec(select(VillageStatusRow)))
        counties = list(session.exec(select(StatusRow)))
    in_all = {"people": 0, "villages": 0, "counties": 0}
    by_city: dict[str, dict[str, int]] = defaultdict(
        lambda: {"people": 0, "villages": 0, "counties": 0}
    )

    def add(name: str, code: str, many: int) -> None:
        in_all[name] += many
        by_city[f"{code[:4]}00"][name] += many

    for code, rows in episodes.items():
        begun = [row for row in rows if row.registered_on <= date(year, 12, 31)]
        last = begun[-1]
        if last.exit_year is None or last.exit_year > year:
            continue
        if ("household", code, last.exited_on) not in gone:
            add("people", households[code].village_code, households[code].size)
    for name, kind, standings in (
        ("villages", "village", villages),
        ("counties", "county", counties),
    ):
        out = {
            row.code
            for row in standings
            if row.status is Standing.EXITED
            and row.exit_year is not None
            and row.exit_year <= year
            and (kind, row.code, row.since) not in gone
        }
        for code in out:
            add(name, code, 1)
    return in_all, by_city


@pytest.mark.clause("F8", "F5", "F7")
@pytest.mark.parametrize("seed", [1, 2])
def test_the_count_agrees_with_the_rows_and_with_progress(
    registry: Registry, engine: Engine, seed: int
) -> None:
    fill(engine, seed)
    found = report(registry, 2021)
    for place, year in enumerate(each.year for each in found.measures[0].years):
        in_all, by_city = counted_by_hand(engine, year)
        said = {each.name: each.years[place].cumulative for each in found.measures}
        assert said == in_all, year
        at_its_end = report(registry, year)
        cities = {
            each.code: {"people": each.people, "villages": each.villages, "counties": each.counties}
            for each in at_its_end.cities
        }
        assert {city: many for city, many in cities.items() if any(many.values())} == {
            city: many for city, many in by_city.items() if any(many.values())
        }
        progress = registry.planning.progress(year, POLICY)
        assert progress.targets is not None
        reached = {each.name: each.reached for each in progress.targets}
        assert {name: reached[name] for name in said} == said
        exited = {each.name: each.years[place].exited for each in found.measures}
        assert exited == {
            "people": progress.total.people.exited,
            "villages": progress.total.villages.exited,
            "counties": progress.total.county.exited,
        }
        assert progress.targets == at_its_end.targets
    for measure in found.measures:
        before = 0
        for each in measure.years:
            assert each.cumulative == before + each.exited - each.back
            assert each.back >= 0
            before = each.cumulative
