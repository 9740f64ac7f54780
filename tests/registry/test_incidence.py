"""Incidence (S5), counted from the households of the register."""

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from models.offices import SubjectKind
from models.register.villages import Incidence
from registry.database.engine import reading
from registry.desk import Registry
from registry.errors import LoadError, RegistryError
from registry.facts.incidence import (
    Heads,
    county_counted,
    county_heads,
    county_incidence,
    incidences,
    village_heads,
    village_incidence,
)
from tests.registry.exits import revoked
from tests.registry.places import (
    falls_back,
    leaves,
    put_households,
    put_village,
    village_leaves,
)

JIA, YI = "411523100201", "411523100202"
DAY = date(2017, 10, 31)


def of_village(engine: Engine, code: str, on: date) -> Incidence | None:
    with reading(engine) as session:
        return village_incidence(session, code, on)


@pytest.fixture
def villages(registry: Registry, engine: Engine) -> list[str]:
    """甲 with 3 + 2 + 1 poor of 300, 乙 with 4 of 700: 10 of 1000 in the county."""
    put_village(engine, JIA, 300)
    put_village(engine, YI, 700)
    first = put_households(engine, JIA, [3, 2, 1])
    return [*first, *put_households(engine, YI, [4])]


@pytest.mark.clause("S5")
def test_the_poor_of_a_village_are_the_heads_of_its_households(
    villages: list[str], engine: Engine
) -> None:
    assert of_village(engine, JIA, DAY) == Incidence(poor=6, population=300, as_of=DAY)
    assert of_village(engine, YI, DAY) == Incidence(poor=4, population=700, as_of=DAY)


@pytest.mark.clause("S5", "H4", "F5")
def test_a_household_counts_from_its_first_day_in_to_the_day_before_its_first_day_out(
    villages: list[str], engine: Engine
) -> None:
    gone, back = date(2017, 12, 20), date(2018, 3, 1)
    leaves(engine, villages[0], gone)
    falls_back(engine, villages[0], back)
    one = timedelta(days=1)
    poor = {
        date(2014, 6, 1) - one: 0,
        date(2014, 6, 1): 6,
        gone - one: 6,
        gone: 3,
        back - one: 3,
        back: 6,
    }
    for on, heads in poor.items():
        found = of_village(engine, JIA, on)
        assert found == Incidence(poor=heads, population=300, as_of=on), on


@pytest.mark.clause("S5")
def test_a_county_is_the_sum_of_its_villages(
    villages: list[str], registry: Registry, engine: Engine
) -> None:
    put_village(engine, "411524100201", 50)
    assert registry.county_incidence("411523", DAY) == Incidence(
        poor=10, population=1000, as_of=DAY
    )
    assert registry.county_incidence("411524", DAY) == Incidence(poor=0, population=50, as_of=DAY)


@pytest.mark.clause("S3", "V3", "F7")
def test_of_a_county_its_poor_villages_are_counted_too(
    villages: list[str], registry: Registry, engine: Engine
) -> None:
    """The day itself counts: who leaves on it has left at its end, who is revoked is listed."""
    put_village(engine, "411523100209", 100, poor_since=None)
    put_village(engine, "411524100201", 50)

    def counted(on: date) -> tuple[int, int]:
        with reading(engine) as session:
            found = county_counted(session, "411523", on)
        return found.villages.listed, found.villages.exited

    assert counted(DAY) == (2, 0)
    village_leaves(engine, JIA, DAY)
    assert counted(DAY - timedelta(days=1)) == (2, 0)
    assert counted(DAY) == (1, 1)
    again = DAY + timedelta(days=30)
    revoked(engine, SubjectKind.VILLAGE, JIA, again)
    assert counted(again - timedelta(days=1)) == (1, 1)
    assert counted(again) == (2, 0)


@pytest.mark.clause("S5")
def test_nothing_is_counted_where_nobody_is_known(registry: Registry, engine: Engine) -> None:
    put_village(engine, JIA, 0)
    assert of_village(engine, JIA, DAY) is None
    assert of_village(engine, YI, DAY) is None
    assert registry.county_incidence("411523", DAY) is None
    assert registry.county_incidence("411524", DAY) is None
    assert registry.county_incidence("", DAY) is None


@pytest.mark.clause("S5")
def test_more_poor_than_people_are_a_fault_of_the_register(
    registry: Registry, engine: Engine
) -> None:
    put_village(engine, JIA, 5)
    put_households(engine, JIA, [3, 3])
    said = f"{JIA}: the register counts 6 poor people as of {DAY} among a population of 5; correct"
    with pytest.raises(RegistryError, match=said):
        of_village(engine, JIA, DAY)
    with reading(engine) as session:
        assert village_heads(session, DAY) == {JIA: Heads(6, 5)}
        with pytest.raises(RegistryError, match="411523: the register counts 6 poor people"):
            county_incidence(session, "411523", DAY)


@pytest.mark.clause("S5")
@pytest.mark.parametrize(
    ("region", "codes"),
    [
        (None, {JIA, YI, "411524100201", "410225100201"}),
        ("410000", {JIA, YI, "411524100201", "410225100201"}),
        ("411500", {JIA, YI, "411524100201"}),
        ("411523", {JIA, YI}),
        ("411523100", {JIA, YI}),
        (JIA, {JIA}),
        ("420000", set()),
    ],
)
def test_many_villages_are_counted_at_once(
    villages: list[str], engine: Engine, region: str | None, codes: set[str]
) -> None:
    put_village(engine, "411524100201", 50)
    put_village(engine, "410225100201", 60)
    with reading(engine) as session:
        found = incidences(session, DAY, region=region)
        assert found.keys() == codes
        for code, counted in found.items():
            assert counted == village_incidence(session, code, DAY)
        assert incidences(session, DAY, codes=[JIA, "411523999999"]).keys() == {JIA}


@pytest.mark.clause("S5", "F5")
def test_counts_equal_the_sum_of_the_households(registry: Registry, engine: Engine) -> None:
    """Against a count of every household by itself, on every day on which anything happens."""
    chance = random.Random(20)
    days = [date(2017, 1, 1) + timedelta(days=each) for each in range(30)]
    lived: list[tuple[str, int, list[tuple[date, date | None]]]] = []
    codes = [put_village(engine, f"41152{county}100201", 500) for county in (3, 4, 5)]
    for village in codes:
        for _ in range(8):
            first, out, back = sorted(chance.sample(days, 3))
            size = chance.randint(1, 6)
            (household,) = put_households(engine, village, [size], registered_on=first)
            episodes: list[tuple[date, date | None]] = [(first, None)]
            if chance.random() < 0.7:
                leaves(engine, household, out)
                episodes = [(first, out)]
                if chance.random() < 0.5:
                    falls_back(engine, household, back)
                    episodes.append((back, None))
            lived.append((village, size, episodes))
    for on in days:
        expected = dict.fromkeys(codes, 0)
        for village, size, episodes in lived:
            expected[village] += size * sum(
                begun <= on and (ended is None or on < ended) for begun, ended in episodes
            )
        with reading(engine) as session:
            found = village_heads(session, on)
            assert {code: heads.poor for code, heads in found.items()} == expected
            of_county = county_heads(session, on, region="410000")
            assert {code: heads.poor for code, heads in of_county.items()} == {
                code[:6]: poor for code, poor in expected.items()
            }


@pytest.mark.clause("S5", "G7")
def test_a_later_list_of_villages_leaves_the_days_before_it(
    villages: list[str], engine: Engine
) -> None:
    later = date(2018, 12, 31)
    put_village(engine, JIA, 250, population_as_of=later)
    put_village(engine, JIA, 240, population_as_of=later)
    one = timedelta(days=1)
    found = {on: of_village(engine, JIA, on) for on in (DAY, later - one, later)}
    assert {on: each.population for on, each in found.items() if each} == {
        DAY: 300,
        later - one: 300,
        later: 240,
    }


@pytest.mark.clause("S5")
def test_an_earlier_list_of_villages_is_not_taken_for_todays(
    villages: list[str], engine: Engine
) -> None:
    later = date(2018, 12, 31)
    put_village(engine, JIA, 250, population_as_of=later)
    with pytest.raises(LoadError, match=f"250 people in the village since {later}"):
        put_village(engine, JIA, 300, population_as_of=later - timedelta(days=1))
    counted = of_village(engine, JIA, later)
    assert counted is not None
    assert counted.population == 250
