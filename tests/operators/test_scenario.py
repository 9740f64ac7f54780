"""Scenario files: read strictly, moved by whole years, shipped with their real dates."""

import csv
import re
from datetime import date, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.periods import BEIJING
from operators.rehearsal.scenario import (
    ScenarioError,
    differences,
    filled_in,
    load,
    parse,
    parsed,
    shipped,
    value_at,
)
from tests.operators.conftest import Shell

NAMES = sorted(shipped())
shipped_scenario = cache(load)
HOUSEHOLDS = {
    "after-exit-2017": 16,
    "against-register-2017": 5,
    "late-2017": 2,
    "signatures-2017": 2,
    "standard-2017": 6,
    "township-2017": 50,
}
MADE_UP = list(HOUSEHOLDS)
DATES = st.datetimes(datetime(2014, 1, 1), datetime(2095, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=BEIJING)
)
TEXT = """
title = "合成县退出"
about = "the shortest"

[[do]]
on = 2017-10-09
run = 'plan add 411624 --year {2017} --source "a plan"'

[[do]]
on = 2017-10-10T16:30:00
run = '''
act county-exit/411624/{2017}
  --step C2 --as A6/411600 --officer 某乙 --approve
'''
files."a.toml" = "officer = '某甲'"

[[expect]]
run = "case county-exit/411624/{2017}"
has = { step = "C2" }
"""


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("on = 2017-10-09", 'on = "2017-10-09"', "do 1 (line 5): on: write a date without quotes"),
        ("on = 2017-10-09", "on = 2017-02-30", "is not valid TOML: Invalid date"),
        ("on = 2017-10-09", "on = 2017-10-09T10:00:00Z", "do 1 (line 5): on: write the time in B"),
        ("on = 2017-10-09", "on = 2017-10-11", "do 2: 2017-10-10 16:30 lies before 2017-10-11 10:"),
        ("on = 2017-10-09", "at = 2017-10-09", "do 1 (line 5): on: Field required"),
        ("plan add", "plan and", 'do 1 (line 5): run: Unknown command "and"'),
        ("--step C2", "--stepp C2", 'do 2 (line 9): run: Command "act" parameter --step req'),
        ("--year {2017}", "--year {17}", "do 1 (line 5): run: --year: '{17}' is no year"),
        ('"a plan"', '"a plan', "do 1 (line 5): run: No closing quotation"),
        ("plan add", "rehearse", "do 1 (line 5): run: write a command that ends by itself"),
        ("run = 'plan", "begins = 'plan", ""),
        ("run = 'plan", "begins = 'x'\nrun = 'plan", "do 1 (line 5): give one of 'run' and 'begi"),
        ("run = 'plan", "refused = 'x'\nbegins = 'plan", "do 1 (line 5): begins: 'until', 'refus"),
        ("run = 'plan", "until = 'C9'\nrun = 'plan", "do 1 (line 5): until: String should match"),
        ('files."a.toml"', 'files."../a"', "do 2 (line 9): files: ../a: [key]: String should m"),
        ("[[expect]]", "[[expected]]", "expected: Extra inputs are not permitted"),
        ("[[expect]]\nrun", "[[expect]]\nrum", "expect 1 (line 17): run: Field required"),
        ('run = "case', 'run = "cafe', 'expect 1 (line 17): run: Unknown command "cafe"'),
        ("title", "titel", "title: Field required"),
        ('about = "the shortest"', 'about = "x"\nsynthetic = false', "synthetic: Input should be"),
        (
            'about = "the shortest"\n\n[[do]]',
            'about = "x"\nsynthetic = true\n\n[[do]]\nsource = "the gazette"',
            "do 1: source: the whole scenario says it is synthetic",
        ),
    ],
)
def test_a_fault_of_a_file_is_one_sentence_that_names_its_place(
    old: str, new: str, sentence: str
) -> None:
    assert parse(TEXT, "my.toml").do[1].run == (
        "act county-exit/411624/{2017} --step C2 --as A6/411600 --officer 某乙 --approve"
    )
    if not sentence:
        parse(changed(old, new), "my.toml")
        return
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


# -- moving -------------------------------------------------------------------------------------


@given(now=DATES, name=st.sampled_from(NAMES))
def test_a_scenario_moves_by_the_fewest_whole_years_into_the_future(
    now: datetime, name: str
) -> None:
    scenario = shipped_scenario(name)
    years = scenario.years_ahead(now)
    begins = scenario.moved(years).do[0].on
    assert begins > now
    assert years == 0 or scenario.moved(years - 1).do[0].on <= now
    assert begins - now <= timedelta(days=366) or years == 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("years", [0, 3, 77])
def test_a_moved_scenario_is_the_same_course(name: str, years: int) -> None:
    scenario = shipped_scenario(name)
    after = scenario.moved(years)
    for step, then in zip(scenario.do, after.do, strict=True):
        assert then.on == step.on.replace(year=step.on.year + years)
        assert (then.run, then.files) == (
            step.run and filled_in(step.run, years),
            {file: filled_in(text, years) for file, text in step.files.items()},
        )
    # No year was forgotten: each that stands there is a moved one, or one of those in a source.
    told = re.sub(r"moved by \d+ years|\d{4}-06-01|plan of \d{4}", "", str(after.model_dump()))
    assert years == 0 or "{2" not in told


ON_29_FEBRUARY = parse(changed("on = 2017-10-09", "on = 2016-02-29"), "x.toml")


@given(years=st.integers(0, 80))
def test_29_february_falls_back_to_the_28th(years: int) -> None:
    leap = (date(2016 + years, 3, 1) - timedelta(days=1)).day == 29
    day = f"{2016 + years}-02-{29 if leap else 28}"
    assert filled_in("{2016-02-29} {2016} {years} {x}", years) == (
        f"{day} {2016 + years} {years} {{x}}"
    )
    assert f"{ON_29_FEBRUARY.moved(years).do[0].on:%Y-%m-%d}" == day


# -- what is shipped ----------------------------------------------------------------------------


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
    scenario = shipped_scenario(name)
    assert {str(step.on.date()) for step in scenario.do if step.source} == real
    assert scenario.synthetic is None


@pytest.mark.clause("S5")
def test_the_known_figures_of_lankao_are_the_real_ones() -> None:
    scenario = shipped_scenario("lankao-2016")
    application, *_ = [text for step in scenario.do for text in step.files.values()]
    assert "poor = 3555\npopulation = 772900\n" in application
    assert f"{3_555 * 100 / 772_900:.2f}" == "0.46"
    rates = [run for step in scenario.do if "--recognition" in (run := str(step.run))]
    assert len(rates) == 2
    assert all("--incidence 0.46" in run and "--recognition 98.5" in run for run in rates)


@pytest.mark.parametrize("name", NAMES)
def test_nobody_in_a_shipped_scenario_is_real(name: str) -> None:
    scenario = shipped_scenario(name)
    for step in scenario.do:
        given = parsed(filled_in(step.run, 0)).given if step.run else {}
        for word in ("officer", "name"):
            assert str(given.get(word, "某")).startswith("某")
        for text in step.files.values():
            for officer in re.findall(r'(?:officer|chair|recorder) = "(.+)"', text):
                assert officer.startswith("某")
    assert (scenario.synthetic is True) == (name in MADE_UP)


@pytest.mark.parametrize("name", MADE_UP)
def test_people_of_households_are_made_up_and_each_is_one_person(name: str) -> None:
    files = {file: text for step in shipped_scenario(name).do for file, text in step.files.items()}
    people = list(csv.DictReader(files["households.csv"].strip().splitlines()))
    assert all(each.get("户主姓名", each.get("姓名", ""))[1] == "某" for each in people)
    numbers = {each.get("户主证件号码") or each["证件号码"] for each in people}
    assert len(numbers) == len(people)
    assert "演练" in files["counties.csv"]
    assert len({each["户编号"] for each in people}) == HOUSEHOLDS[name]


# -- what a command's JSON holds ----------------------------------------------------------------

SHOWN = {
    "step": "C2",
    "round": 1,
    "open": True,
    "outcome": None,
    "steps": [{"id": "C1", "done": True, "seq": [1]}, {"id": "C2", "done": False, "seq": []}],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("step", "C2"),
        ("steps.0.id", "C1"),
        ("steps.-1.id", "C2"),
        ("steps.id", ["C1", "C2"]),
        ("steps.done=true.id", ["C1"]),
        ("steps.id=C2.0.done", False),
        ("steps.id=C7", []),
    ],
)
def test_a_value_is_found_by_its_path(path: str, value: object) -> None:
    assert value_at(SHOWN, path) == value


@pytest.mark.parametrize("path", ["stepp", "steps.2", "steps.ids", "step.id", "outcome.ending"])
def test_a_path_that_leads_nowhere_is_told(path: str) -> None:
    (fault,) = differences(SHOWN, {path: "C2"})
    assert fault == f"{path}: there is no {path.rpartition('.')[2]!r}"


@pytest.mark.parametrize(
    ("path", "wanted", "fault"),
    [
        ("step", "C2", None),
        ("step", "C3", "step: the scenario says C3, it was C2"),
        ("round", 2, "round: the scenario says 2, it was 1"),
        ("open", 1, "open: the scenario says 1, it was True"),
        ("outcome", "exited", "outcome: the scenario says exited, it was nothing"),
        ("steps.0", {"id": "C1"}, None),
        ("steps.0", {"id": "C1", "no": 1}, "steps.0: the scenario says id C1, no 1, it was id C1,"),
        ("steps", [{"id": "C1"}, {"id": "C2"}], None),
        ("steps", [{"id": "C1"}], "steps: the scenario says id C1, it was id C1, done True"),
        ("steps.id=C7", [], None),
        ("steps.id", [], "steps.id: the scenario says nothing, it was C1; C2"),
        ("steps.seq", [[1], []], None),
        ("steps.seq", [[1], [2]], "steps.seq: the scenario says 1; 2, it was 1; nothing"),
    ],
)
def test_what_is_otherwise_than_expected_is_told(
    path: str, wanted: object, fault: str | None
) -> None:
    found = list(differences(SHOWN, {path: wanted}))
    assert found == [] if fault is None else found[0].startswith(fault)
    assert len(found) == (fault is not None)
