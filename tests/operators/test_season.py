"""Season files: read strictly, moved by whole years, nobody in them real."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.rehearsal.scenario_files import (
    ScenarioError,
    load,
    load_scenario,
    load_season,
    parse,
    shipped,
)
from operators.rehearsal.season import Season
from operators.rehearsal.season_cast import household_lines
from operators.rehearsal.season_events import (
    ActOn,
    ChangeEvent,
    CountyEvent,
    ReadyEvent,
    RosterEvent,
)
from operators.rehearsal.season_order import Order, phases
from tests.operators.seasons import season_of, text_of

SEASONS = [name for name in sorted(shipped()) if isinstance(load(name), Season)]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'case = "first"\nstep',
            'case = "other"\nstep',
            "event 2: case other is not open; open be",
        ),
        ('case = "first"\nstep', 'case = "No 1"\nstep', "event 2: case: String should match"),
        ("at = 2017-10-11", "at = 2017-10-08", "event 3: 2017-10-08 10:00 lies before 2017-10-10"),
        ("at = 2017-10-11\nsynthetic = true", "at = 2017-10-11", "event 3: mark its date"),
        ('do = "consent"', 'do = "assent"', "event 3: Input tag 'assent'"),
        (
            'village = "one"\nofficer',
            'village = "two"\nofficer',
            "event 1: two is no village of th",
        ),
        (
            'village = "one"\ngroup',
            'village = "two"\ngroup',
            "households: S419901-1: two is no vil",
        ),
        ("NUMBER-1..NUMBER-3", "NUMBER-1..NUMBER-4", "event 1: household S419901-4 is none of th"),
        (
            "NUMBER-1..NUMBER-3",
            "NUMBER-3..NUMBER-1",
            "event 1: households: 'S419901-3..S419901-1' ",
        ),
        ("NUMBER-1..NUMBER-3", "NUMBER-1..OTHER-3", "is no range of numbers; write JIA-08..JIA-10"),
        (
            "refuse = {",
            'agree = ["NUMBER-2"]\nrefuse = {',
            "event 3: refuse: S419901-2 agrees as we",
        ),
        ("in_favour = 11", "in_favour = 21", "event 1: households: 21 votes for S419901-1 are mor"),
        ("in_favour = 11", "votes = {}", "event 1: in_favour: Field required"),
        (
            "count = 3",
            "count = 0",
            "households: 0: count: Input should be greater than or equal to",
        ),
        ('key = "one"', 'key = "county"', "villages: every village needs a key of its own"),
        ('synthetic = ["yuan"]', "", "line: source: say where yuan is from"),
        ("synthetic = true\nyear", "synthetic = false\nyear", "synthetic: Input should be True"),
        ('first = "exited"', 'second = "open"', "expect: endings: second is no case of the fil"),
        ('{ first = "exited" }', "{}", "expect: endings: say how first ends, or that it stays op"),
        ("after = { one =", "after = { two =", "expect: after: give the heads of one, county"),
        (
            "breaches = {}",
            'breaches = { first = ["late"] }',
            "expect: breaches: first: 0: String sh",
        ),
        ("held_on = 2017-10-09", "", "event 1: meeting: held_on: Field required"),
        ('do = "ready"', 'do = "ready"\nrefused = "no"\nwhen = 1', "event 5: when: Extra inputs"),
    ],
)
def test_a_fault_of_a_file_is_one_sentence_that_names_its_place(
    old: str, new: str, sentence: str
) -> None:
    with pytest.raises(ScenarioError) as error:
        parse(text_of("419901", (old, new)), "my.toml")
    assert str(error.value).startswith("my.toml: ")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_household_that_stands_in_two_groups_is_told() -> None:
    group = text_of("419901").partition("[[households]]")[2].partition("[[")[0]
    again = ("[[events]]", f"[[households]]{group}\n[[events]]")
    with pytest.raises(ScenarioError, match="S419901-1 stands there twice; keep one"):
        season_of("419901", again)


def test_a_case_is_opened_once() -> None:
    block = "[[events]]" + text_of("419901").split("[[events]]")[1]
    with pytest.raises(ScenarioError, match="event 6: case first is open already; name another"):
        season_of("419901", ("[expect]", f"{block.replace('10-09', '11-09')}[expect]"))


def test_which_kind_a_file_is_its_content_says() -> None:
    assert SEASONS == ["after-exit-2017", "township-2017"]
    with pytest.raises(ScenarioError, match="township-2017 is not a county's exit"):
        load_scenario("township-2017")
    with pytest.raises(ScenarioError, match="lankao-2016 is not a township's year"):
        load_season("lankao-2016")


@pytest.mark.parametrize("name", SEASONS)
def test_nobody_and_nothing_in_a_shipped_season_is_real(name: str) -> None:
    season = load_season(name)
    assert all(event.synthetic and event.source is None for event in season.events)
    assert "演练" in season.county.name
    heads = [line.head for line in household_lines(season)]
    assert all(head[1] == "某" for head in heads)
    for village in season.villages:
        assert village.code.startswith(season.county.township_code)
        here = [line.head for line in household_lines(season) if line.village_code == village.code]
        assert len(set(here)) == len(here)
    for event in season.events:
        assert getattr(event, "officer", "某").startswith("某")


@given(years=st.integers(0, 80))
def test_a_moved_season_is_the_same_course(years: int) -> None:
    season = load_season("township-2017")
    after = season.moved(years)
    assert after.year == season.year + years
    assert after.registered_on.year == season.registered_on.year + years
    for event, then in zip(season.events, after.events, strict=True):
        assert then.at == event.at.replace(year=event.at.year + years)
        if isinstance(event, RosterEvent) and isinstance(then, RosterEvent):
            assert then.meeting.held_on.year == event.meeting.held_on.year + years
            assert then.households == event.households
    before = {case: list(days) for case, days in season.expect.struck_off.items()}
    for case, days in after.expect.struck_off.items():
        assert [day.replace(year=day.year - years) for day in days] == before[case]
    assert after.expect.before == season.expect.before
    assert season.moved(0) == season


def test_households_are_counted_on_and_named_as_ranges() -> None:
    season = load_season("township-2017")
    codes = [line.code for line in household_lines(season)]
    assert len(codes) == len(set(codes)) == 50
    assert codes[:3] == ["JIA-01", "JIA-02", "JIA-03"]
    assert codes[-1] == "BING-14"
    overriding = [event for event in season.events if isinstance(event, ActOn) and event.overrides]
    assert [event.households for event in overriding] == [("JIA-08",)]
    assert season.expect.struck_off["yi-1"] == {
        date(2017, 10, 12): tuple(f"YI-{number:02}" for number in range(1, 13))
    }


def test_every_event_has_its_turn_and_what_counts_the_county_waits_for_all() -> None:
    season = load_season("township-2017")
    before: set[int] = set()
    for lanes in phases(season):
        here = [number for lane in lanes for number, _ in lane]
        assert min(here) == len(before) + 1
        for lane in lanes:
            numbers = [number for number, _ in lane]
            assert numbers == sorted(numbers)
            if any(isinstance(event, ReadyEvent | CountyEvent) for _, event in lane):
                assert len(here) == 1
        before |= set(here)
        assert before == set(range(1, len(before) + 1))
    assert len(before) == len(season.events)


def test_a_change_of_the_register_waits_for_what_happens_in_its_village() -> None:
    first, *_ = phases(load_season("township-2017"))
    (lane,) = [lane for lane in first if any(isinstance(event, ChangeEvent) for _, event in lane)]
    cases = {getattr(event, "case", None) for _, event in lane}
    assert cases == {"jia-1", "jia-2", None}


def test_what_goes_on_at_once_is_told_in_the_order_of_the_file() -> None:
    order, said = Order(), list[str]()

    def tell(number: int, what: str) -> None:
        order.tell(number, lambda: said.append(what))

    tell(2, "two")
    tell(1, "one")
    assert said == ["one"]
    tell(1, "one again")
    order.done(2)
    order.done(1)
    assert said == ["one", "one again", "two"]
    tell(5, "five")
    tell(4, "four")
    assert said == ["one", "one again", "two"]
    order.rest()
    assert said[3:] == ["four", "five"]
