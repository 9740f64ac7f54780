"""Putting villages and households into the register: new ones, known ones, contradictions."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from models.register.households import Cause, Livelihood
from models.register.villages import Survey
from registry.database.engine import writing
from registry.desk import Registry
from registry.errors import LoadError
from registry.facts.incidence import village_incidence
from registry.register.lines import HouseholdLine
from registry.register.loading import HouseholdsLoaded, VillagesLoaded
from registry.tables import (
    EpisodeRow,
    HouseholdRow,
    HouseholdYearRow,
    MemberRow,
    Standing,
    VillageRow,
    VillageStatusRow,
    VillageYearRow,
)
from tests.activities.registry_cases import rows
from tests.registry.register_samples import (
    FIRST,
    LIVED,
    SECOND,
    SINCE,
    SURVEY,
    household,
    households,
    members,
    village,
    villages,
)
from tests.rosters import id_number, village_code

IN_USE: dict[str, Any] = {"since": None, "gone_on": None, "successor": None}

# -- villages ---------------------------------------------------------------------------------


IN_USE = {"since": None, "gone_on": None, "successor": None}
"""Of a village whose code follows no other, and is followed by none."""


@pytest.mark.clause("S2", "S5", "H2")
def test_a_village_is_kept_with_its_standing_and_survey(registry: Registry, engine: Engine) -> None:
    line = village(poor_since=SINCE, survey=SURVEY, survey_year=2017)
    assert villages(engine, line, village(1)) == VillagesLoaded(
        new=2, changed=0, unchanged=0, listed=1
    )
    kept = {row["code"]: row for row in rows(engine, VillageRow)}
    assert kept[FIRST] == line.model_dump(include=set(kept[FIRST])) | IN_USE
    assert kept[FIRST]["population_as_of"] == date(2017, 10, 31)
    (status,) = rows(engine, VillageStatusRow)
    assert (status["code"], status["since"], status["status"]) == (FIRST, SINCE, Standing.LISTED)
    (year,) = rows(engine, VillageYearRow)
    assert (year["village_code"], year["year"], year["source"]) == (FIRST, 2017, "村.xlsx")
    assert Survey(**{name: year[name] for name in Survey.model_fields}) == SURVEY


def test_the_same_list_again_is_no_change(registry: Registry, engine: Engine) -> None:
    line = village(poor_since=SINCE, survey=SURVEY, survey_year=2017)
    villages(engine, line)
    assert villages(engine, line) == VillagesLoaded(new=0, changed=0, unchanged=1, listed=0)


def test_a_known_village_is_brought_up_to_date(registry: Registry, engine: Engine) -> None:
    villages(engine, village(survey=SURVEY, survey_year=2017, poor_since=SINCE))
    newer = village(
        name="合成新村",
        population=1_200,
        population_as_of=date(2018, 10, 31),
        work_team=False,
        first_secretary=True,
        survey=SURVEY.model_copy(update={"culture_centre": True}),
        survey_year=2017,
    )
    assert villages(engine, newer).changed == 1
    (kept,) = rows(engine, VillageRow)
    assert kept == newer.model_dump(include=set(kept)) | IN_USE
    (year,) = rows(engine, VillageYearRow)
    assert year["culture_centre"] is True
    assert len(rows(engine, VillageStatusRow)) == 1


def test_a_survey_of_another_year_stands_beside_the_first(
    registry: Registry, engine: Engine
) -> None:
    villages(engine, village(survey=SURVEY, survey_year=2017))
    assert villages(engine, village(survey=SURVEY, survey_year=2018)).changed == 1
    assert [row["year"] for row in rows(engine, VillageYearRow)] == [2017, 2018]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"county_code": "411599"}, "column 县代码: '411599': the register knows no county"),
        ({"county_code": "411500"}, "column 县代码: '411500': the register knows no county"),
        (
            {"township_code": "411524100"},
            "column 乡镇代码: '411524100': lies outside the county 411523",
        ),
        (
            {"township_code": "411523999"},
            f"column 行政村代码: '{FIRST}': lies outside the township 411523999",
        ),
        (
            {"township_name": "另乡"},
            "column 乡镇: '另乡': 411523100 is called 合成乡100 in row 3; write one name",
        ),
        ({"survey": SURVEY}, "column 年度: a survey and its year belong together"),
    ],
)
def test_a_line_that_cannot_be_is_named(
    registry: Registry, engine: Engine, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(LoadError) as caught:
        villages(engine, village(1), village(0, **changes))
    assert caught.value.faults[0].startswith(f"村.xlsx, row 2, {said}")
    assert rows(engine, VillageRow) == []


def test_a_village_moves_neither_on_the_map_nor_in_time(registry: Registry, engine: Engine) -> None:
    villages(engine, village(poor_since=SINCE))
    code = village_code(0)
    moved = village(
        township_code="411524100", county_code="411524", poor_since=date(2015, 1, 1), code=code
    )
    with pytest.raises(LoadError) as caught:
        villages(engine, moved, moved)
    assert [fault.partition(": ")[2] for fault in caught.value.faults] == [
        f"'{code}': lies outside the township 411524100; write a code that begins with it",
        "'2015-01-01': the register has the village on the list of poor villages since "
        f"{SINCE}; write that day",
        f"'411524100': the register has the village {code} in 411523100; correct the list",
        f"'411524': the register has the village {code} in 411523; correct the list",
        f"'{code}': stands in row 2 too; keep one",
    ]


# -- households -------------------------------------------------------------------------------


@pytest.mark.clause("S1", "S5")
def test_a_household_begins_its_first_episode(settled: Registry, engine: Engine) -> None:
    line = household("H-01", 1, 2, 3)
    assert households(engine, line) == HouseholdsLoaded(new=1, changed=0, unchanged=0, people=3)
    (kept,) = rows(engine, HouseholdRow)
    assert kept == {
        "code": "H-01",
        "village_code": FIRST,
        "village_group": "三组",
        "head": "张某1",
        "size": 3,
        "revision": 1,
        "gone_on": None,
        "gone_because": None,
    }
    assert members(engine) == {"H-01": {1, 2, 3}}
    (year,) = rows(engine, HouseholdYearRow)
    assert Livelihood(**{name: year[name] for name in Livelihood.model_fields}) == LIVED
    (episode,) = rows(engine, EpisodeRow)
    assert (
        episode["number"],
        episode["cause"],
        episode["registered_on"],
        episode["exited_on"],
    ) == (
        1,
        Cause.REGISTERED,
        SINCE,
        None,
    )
    with writing(engine) as session:
        counted = village_incidence(session, FIRST, date(2017, 12, 31))
    assert counted is not None
    assert (counted.poor, counted.population) == (3, 1_000)


def test_the_same_roster_again_is_no_change(settled: Registry, engine: Engine) -> None:
    lines = [household("H-01", 1, 2), household("H-02", 3, livelihood=None)]
    households(engine, *lines)
    assert households(engine, *lines) == HouseholdsLoaded(new=0, changed=0, unchanged=2, people=3)


def test_what_nobody_sees_is_no_change(settled: Registry, engine: Engine) -> None:
    said = LIVED.model_copy(update={"stable_because": "签有合同 三年"})
    plain = household("H-01", 1, 2, group="第1 组", livelihood=said)
    households(engine, plain)
    typed = plain.model_dump() | {
        "group": "第1\xa0组",
        "head": f"{plain.head[0]}\u3000{plain.head[1:]}",
    }
    typed["members"] = [each | {"name": f"{each['name']}\xa0"} for each in typed["members"]]
    typed["livelihood"] |= {"stable_because": "签有合同\xa0三年"}
    again = HouseholdLine.model_validate(typed)
    assert households(engine, again) == HouseholdsLoaded(new=0, changed=0, unchanged=1, people=2)


def test_a_known_household_is_brought_up_to_date(settled: Registry, engine: Engine) -> None:
    households(engine, household("H-01", 1, 2, 3))
    richer = LIVED.model_copy(update={"wages": 1, "housing": True})
    later = household("H-01", 2, 3, 4, 5, group="四组", livelihood=richer)
    assert households(engine, later).changed == 1
    (kept,) = rows(engine, HouseholdRow)
    assert (kept["village_group"], kept["head"], kept["size"]) == ("四组", "张某2", 4)
    assert members(engine) == {"H-01": {2, 3, 4, 5}}
    assert {row["id_number"]: row["relation"] for row in rows(engine, MemberRow)}[
        id_number(2)
    ] == "户主"
    (year,) = rows(engine, HouseholdYearRow)
    assert (year["wages"], year["housing"]) == (1, True)
    assert len(rows(engine, EpisodeRow)) == 1


@pytest.mark.clause("H4")
def test_what_has_exited_stays_exited_whatever_a_roster_says(
    settled: Registry, engine: Engine
) -> None:
    households(engine, household("H-01", 1, 2))
    with writing(engine) as session:
        episode = session.get_one(EpisodeRow, ("H-01", 1))
        episode.exited_on = date(2017, 12, 28)
        session.add(episode)
    assert households(engine, household("H-01", 1, 2, group="五组")).changed == 1
    (episode_now,) = rows(engine, EpisodeRow)
    assert episode_now["exited_on"] == date(2017, 12, 28)
    assert rows(engine, HouseholdRow)[0]["village_group"] == "五组"


@pytest.mark.clause("F5")
def test_a_household_known_to_have_fallen_back_keeps_both_its_days(
    settled: Registry, engine: Engine
) -> None:
    households(engine, household("H-01", 1))
    with writing(engine) as session:
        back = date(2018, 5, 2)
        first = session.get(EpisodeRow, ("H-01", 1))
        assert first is not None
        first.exited_on = date(2017, 12, 1)
        session.flush()
        session.add(
            EpisodeRow(household_code="H-01", number=2, cause=Cause.FALLEN_BACK, registered_on=back)
        )
    for day in (SINCE, back):
        assert households(engine, household("H-01", 1, registered_on=day)).unchanged == 1
    with pytest.raises(LoadError, match="registered on 2014-04-01 and 2018-05-02; write that day"):
        households(engine, household("H-01", 1, registered_on=date(2016, 1, 1)))


@pytest.mark.clause("F5")
def test_the_first_episode_can_be_that_of_falling_back(settled: Registry, engine: Engine) -> None:
    households(engine, household("H-01", 1, cause=Cause.FALLEN_BACK))
    assert rows(engine, EpisodeRow)[0]["cause"] is Cause.FALLEN_BACK


def test_people_move_between_households_of_one_roster_in_either_order(
    settled: Registry, engine: Engine
) -> None:
    households(engine, household("H-01", 1, 2), household("H-02", 3))
    households(engine, household("H-01", 1), household("H-02", 3, 2))
    assert members(engine) == {"H-01": {1}, "H-02": {2, 3}}
    households(engine, household("H-02", 3), household("H-01", 1, 2))
    assert members(engine) == {"H-01": {1, 2}, "H-02": {3}}
    households(engine, household("H-02", 3, 2), household("H-01", 1))
    assert members(engine) == {"H-01": {1}, "H-02": {2, 3}}


def test_people_move_even_when_hundreds_of_households_lie_between(
    settled: Registry, engine: Engine
) -> None:
    between = [household(f"B-{number:04}", livelihood=None) for number in range(600)]
    households(engine, household("H-01", 1, 2), *between, household("H-02", 3))
    households(engine, household("H-01", 1), *between, household("H-02", 3, 2))
    assert members(engine) == {"H-01": {1}, "H-02": {2, 3}}
    households(engine, household("H-01", 1, 2), *between, household("H-02", 3))
    assert members(engine) == {"H-01": {1, 2}, "H-02": {3}}


def test_nobody_moves_out_of_a_household_that_the_roster_does_not_name_whole(
    settled: Registry,
    engine: Engine,
) -> None:
    households(engine, household("H-01", 1, 2), household("H-02", 3))
    for others in ((), (household("H-01", 1, size=2),)):
        with pytest.raises(LoadError) as caught:
            households(engine, household("H-02", 3, 2, row=7), *others)
        shown = f"{id_number(2)[:6]}********{id_number(2)[-4:]}"
        assert caught.value.faults[0] == (
            f"户.xlsx, row 8, column 证件号码: '{shown}': belongs to the household H-01 in the "
            "register; correct the number, let the roster name all members of that household too, "
            "or put down that somebody has moved in (`exitflow registry change`)"
        )
    assert members(engine) == {"H-01": {1, 2}, "H-02": {3}}


def test_a_roster_of_heads_leaves_the_other_members_as_they_are(
    settled: Registry, engine: Engine
) -> None:
    households(engine, household("H-01", 1, 2, 3))
    assert households(engine, household("H-01", 1, size=3)).unchanged == 1
    assert members(engine) == {"H-01": {1, 2, 3}}
    for line in (household("H-01", 1, size=4), household("H-01", 9, size=3)):
        with pytest.raises(LoadError, match="the register names 3 people of this household"):
            households(engine, line)


def test_a_roster_of_heads_may_name_another_head_where_it_is_all_that_is_known(
    settled: Registry,
    engine: Engine,
) -> None:
    households(engine, household("H-01", 1, size=3))
    assert households(engine, household("H-01", 2, size=2)).changed == 1
    assert members(engine) == {"H-01": {2}}


def test_every_contradiction_is_named_at_once_and_nothing_is_kept(
    settled: Registry, engine: Engine
) -> None:
    households(engine, household("H-01", 1))
    with pytest.raises(LoadError) as caught:
        households(
            engine,
            household("H-09", 30, row=2),
            household("H-02", 2, row=3, village_code="411523100999"),
            household("H-01", 1, row=4, village_code=SECOND),
            household("H-09", 31, row=5),
            household("H-03", 30, row=6),
            household("H-04", 40, 41, row=7, size=1),
        )
    assert [fault.removeprefix("户.xlsx, ") for fault in caught.value.faults] == [
        "row 3, column 行政村代码: '411523100999': the register knows no village with this code; "
        "import the list of villages first, or correct it",
        f"row 4, column 行政村代码: '{SECOND}': the register has the household H-01 in {FIRST}; "
        "correct the village, or the number of the household; that it has moved is put down as "
        "易地搬迁 (`exitflow registry change`)",
        "row 5, column 户编号: 'H-09': stands in row 2 too; keep its rows together, or one",
        f"row 6, column 证件号码: '{id_number(30)[:6]}********{id_number(30)[-4:]}': stands in "
        "row 2 too; keep one",
        "row 7, column 家庭人口: '1': 2 people are named; write their number, or take out who is "
        "no member",
    ]
    assert members(engine) == {"H-01": {1}}
    assert len(rows(engine, HouseholdRow)) == 1
