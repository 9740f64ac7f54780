"""Scenario files: read strictly, moved by whole years, shipped with their real dates."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.case.messages import Act, Ending, Objection
from models.periods import BEIJING
from operators.rehearsal.events import ActEvent, WaitEvent, message_of
from operators.rehearsal.scenario import Scenario, application_of
from operators.rehearsal.scenario_files import ScenarioError, load, load_scenario, parse, shipped
from tests.operators.conftest import Shell

NAMES = [name for name in sorted(shipped()) if isinstance(load(name), Scenario)]
TEXT = shipped()["xinxian-2017"].read_text(encoding="utf-8")
DATES = st.datetimes(datetime(2014, 1, 1), datetime(2095, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=BEIJING)
)


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def on_29_february() -> Scenario:
    """A scenario that begins the day before 29 February, with figures of that day."""
    text = TEXT.split("[[events]]")[0]
    text = text.replace("at = 2017-11-20T09:00:00", "at = 2016-02-28T16:00:00")
    text = text.replace("as_of = 2017-10-31", "as_of = 2016-02-29").replace("2017\n", "2016\n")
    event = '[[events]]\nsynthetic = true\ndo = "wait"\nat = 2016-02-29\n'
    read = parse(
        f'{text}{event}[expect]\nstep = "C2"\non = 2016-02-29\nrounds = 1\nbreaches = []\n',
        "x.toml",
    )
    assert isinstance(read, Scenario)
    return read


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_is_complete(name: str) -> None:
    scenario = load_scenario(name)
    assert application_of(scenario).year == scenario.application.year
    messages = [
        message_of(event, number)
        for number, event in enumerate(scenario.events, 1)
        if not isinstance(event, WaitEvent)
    ]
    ids = [message.id for message in messages]
    assert len(ids) == len(set(ids))
    for message in messages:
        assert message.at is None
        assert not isinstance(message, Act) or message.officer.startswith("某")
        assert not isinstance(message, Objection) or (message.objector or "某").startswith("某")


@pytest.mark.parametrize(
    ("name", "real"),
    [
        ("lankao-2016", {"2017-01-15", "2017-02-24", "2017-02-27"}),
        ("xinxian-2017", {"2018-01-05", "2018-01-11", "2018-06-15", "2018-06-30", "2018-08-02"}),
        ("wuyang-2017", {"2018-04-08"}),
        ("shenqiu-2017", set()),
    ],
)
def test_the_known_dates_are_the_real_ones_and_no_other_claims_to_be(
    name: str, real: set[str]
) -> None:
    scenario = load_scenario(name)
    dated = (scenario.application, *scenario.events)
    assert {str(each.at.date()) for each in dated if each.source} == real
    assert all(each.synthetic for each in dated if each.source is None)


@pytest.mark.clause("S5")
def test_the_known_figures_of_lankao_are_the_real_ones() -> None:
    scenario = load_scenario("lankao-2016")
    figures = scenario.application.figures
    assert figures.population == 772_900
    assert f"{figures.poor * 100 / figures.population:.2f}" == "0.46"
    assert not {"poor", "population"} & set(figures.synthetic)
    rates = [event.rates for event in scenario.events if isinstance(event, ActEvent)]
    assert {f"{each.recognition} {each.incidence}" for each in rates if each} == {"98.5 0.46"}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("at = 2018-01-22\n", 'at = "2018-01-22"\n', "event 4: at: write a date without quotes"),
        ("at = 2018-01-22\n", "at = 2018-02-30\n", "is not valid TOML: Invalid date"),
        ("at = 2018-01-22\n", "at = 2018-01-22T10:00:00Z\n", "event 4: at: write the time in Bei"),
        ("at = 2018-01-22\n", "at = 2018-01-02\n", "event 4: 2018-01-02 10:00 lies before 2018-01"),
        ("at = 2018-01-22\nsynthetic = true\n", "at = 2018-01-22\n", "event 4: mark its date"),
        ("at = 2018-01-22\n", 'at = 2018-01-22\nsource = "x"\n', "event 4: mark its date"),
        ("synthetic = true", "synthetic = false", "application: synthetic: Input should be True"),
        ('do = "wait"', 'do = "sleep"', "event 3: Input tag 'sleep'"),
        ('step = "C5"', 'step = "C9"', "event 4: step: String should match"),
        ('document_number = "演练四号"', 'number = "四"', "event 4: number: Extra inputs"),
        ('officer = "某乙"', 'officer = ""', "event 1: officer: String should have at least 1"),
        ('decision = "approve"', 'decision = "reject"', "event 1: reason: 'reject' needs a reason"),
        ("[expect]", "[expected]", "expect: Field required"),
        ("rounds = 1", "rounds = 0", "expect: rounds: Input should be greater than or equal to 1"),
        ("breaches = []", 'breaches = ["late"]', "expect: breaches: 0: String should match"),
        ("on = 2018-08-02", 'on = "August"', "expect: on: Input should be a valid date"),
        ("poor = 4_310", "poor = 400_000", "poor: 400000 people still poor cannot be more than"),
        ('"poor", "population"', '"poor"', "application: figures: source: say where population"),
        ('"poor", "population"', '"poor", "people"', "figures: synthetic: people is no value of"),
        ("year = 2017", "year = 1999", "application: year: Input should be greater than or equal"),
        (
            "year = 2017",
            "year = 2017\napplied_at = 2017-11-20T09:00:00+08:00",
            "application: applied_at: the date of the application is its 'at'",
        ),
    ],
)
def test_a_fault_of_a_file_is_one_sentence_that_names_its_place(
    old: str, new: str, sentence: str
) -> None:
    with pytest.raises(ScenarioError) as error:
        parse(changed(old, new), "my.toml")
    assert str(error.value).startswith("my.toml")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


async def test_an_unknown_scenario_is_answered_with_the_shipped_ones(capsys, tmp_path) -> None:  # type: ignore[no-untyped-def]
    said = (await Shell(capsys)("rehearse", "nowhere-1949")).fails(2)
    assert said == (
        f"there is no scenario 'nowhere-1949'; name one of {', '.join(shipped())}, or a .toml file"
    )
    broken = tmp_path / "broken.toml"
    broken.write_text("title = ", encoding="utf-8")
    assert "is not valid TOML" in (await Shell(capsys)("rehearse", broken)).fails(2)
    broken.write_bytes(b"\xff\xfe")
    assert "is not UTF-8 text" in (await Shell(capsys)("rehearse", broken)).fails(2)


@given(now=DATES, name=st.sampled_from(NAMES))
def test_a_scenario_moves_by_the_fewest_whole_years_into_the_future(
    now: datetime, name: str
) -> None:
    scenario = load_scenario(name)
    years = scenario.years_ahead(now)
    begins = scenario.moved(years).application.at
    assert begins > now
    assert years == 0 or scenario.moved(years - 1).application.at <= now
    assert begins - now <= timedelta(days=366) or years == 0


@given(years=st.integers(0, 80), name=st.sampled_from(NAMES))
def test_a_moved_scenario_is_the_same_course(years: int, name: str) -> None:
    scenario = load_scenario(name)
    after = scenario.moved(years)
    assert after.application.year == scenario.application.year + years
    assert after.application.figures.as_of.year == scenario.application.figures.as_of.year + years
    for event, then in zip(scenario.events, after.events, strict=True):
        assert then.at == event.at.replace(year=event.at.year + years)
        assert then.model_copy(update={"at": event.at, **figures_of(event)}) == event
    if scenario.expect.on is not None and after.expect.on is not None:
        assert after.expect.on.year == scenario.expect.on.year + years


def figures_of(event: object) -> dict[str, object]:
    return {"figures": event.figures} if isinstance(event, ActEvent) else {}


@given(now=DATES)
def test_29_february_falls_back_to_the_28th(now: datetime) -> None:
    scenario = on_29_february()
    years = scenario.years_ahead(now)
    after = scenario.moved(years)
    year = 2016 + years
    day = 29 if (date(year, 3, 1) - timedelta(days=1)).day == 29 else 28
    assert after.events[0].at.date() == after.expect.on == date(year, 2, day)
    assert after.application.figures.as_of == date(year, 2, day)
    assert after.application.at > now


def test_a_scenario_without_an_ending_expects_the_case_to_be_open() -> None:
    assert load_scenario("shenqiu-2017").expect.ending is None
    assert load_scenario("wuyang-2017").expect.ending is Ending.EXITED
