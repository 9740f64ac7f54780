"""The township's year on a real server, against numbers worked by hand from its file."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from models.case.ledger import Entry, EntryKind
from models.case.messages import Ending
from models.periods import beijing
from models.roster.households import Course, State
from operators.desk.registry import utc_now
from operators.rehearsal.scenario_files import ScenarioError, load_season
from operators.rehearsal.season import Heads, Season
from operators.rehearsal.season_course import CaseWent, SeasonCourse, UnseenSeason, disagreements
from operators.rehearsal.season_rehearsal import rehearse_season
from operators.rehearsal.season_view import SeasonNarrator
from operators.rehearsal.stage import Stage, set_stage
from registry.tables import Standing
from tests.operators.seasons import ALTERED, Change, season_of, text_of
from tests.operators.test_rehearsal import run_cli
from tests.played import Home

WIDTH = 100
_AT_ONCE = 5
"""Seasons on the stage: one worker plays them all, and has to answer each in time."""


@dataclass(frozen=True)
class Shown:
    """A course, and what was printed of it."""

    course: SeasonCourse
    text: str

    def case(self, key: str) -> CaseWent:
        """A case by its key."""
        return next(went for went in self.course.cases if went.case.key == key)

    def entries(self, key: str, kind: EntryKind) -> list[Entry]:
        """Its entries of a kind."""
        return [entry for entry in self.case(key).course.entries if entry.kind is kind]

    def households(self, *keys: str) -> dict[str, Course]:
        """Households of rosters, by number."""
        return {each.household: each for key in keys for each in self.case(key).households}

    def day(self, month: int, day: int, *, next_year: bool = False) -> date:
        """A day of the moved year, or of the one after it."""
        return date(self.course.year + next_year, month, day)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("season")


@pytest.fixture(scope="module")
async def season_stage(folder: Path) -> AsyncIterator[Stage]:
    async with set_stage(folder) as stage:
        yield stage


@pytest.fixture(scope="module")
async def played(season_stage: Stage) -> dict[str, Shown]:
    """The shipped season and every altered one, a few side by side, each in its own county."""

    few = asyncio.Semaphore(_AT_ONCE)

    async def play(name: str, season: Season) -> Shown:
        out = Console(file=io.StringIO(), width=WIDTH, highlight=False, markup=False)
        narrator = SeasonNarrator(out, season_stage.desk.policy.standards)
        async with few:
            course = await rehearse_season(season_stage, name, season, narrator)
        assert isinstance(out.file, io.StringIO)
        return Shown(course, out.file.getvalue())

    seasons = {"township-2017": load_season("township-2017")}
    for number, (name, (changes, _)) in enumerate(ALTERED.items()):
        seasons[name] = season_of(f"4199{21 + number}", *changes)
    shown = await asyncio.gather(*(play(*each) for each in seasons.items()))
    return dict(zip(seasons, shown, strict=True))


@pytest.fixture
def township(played: dict[str, Shown]) -> Shown:
    return played["township-2017"]


def test_the_township_ends_as_its_file_says(township: Shown) -> None:
    assert township.course.faults == ()
    assert township.text.endswith("as the scenario says\n")
    ends = {
        went.case.key: went.course.outcome.ending if went.course.outcome else None
        for went in township.course.cases
    }
    assert [key for key, ending in ends.items() if ending is not Ending.EXITED] == ["bing-2"]
    assert len(ends) == 8


@pytest.mark.clause("S5")
def test_incidence_before_and_after_is_what_hand_and_pencil_give(
    township: Shown, season_stage: Stage
) -> None:
    # 甲庄村: 8 x 4 + 6 x 3 + 4 x 2 + 2 x 3 = 64, one is born, 23 and 21 leave.
    # 乙庄村: 10 x 4 + 4 x 3 + 2 x 2 = 56, 10 x 4 + 2 x 3 = 46 leave. 丙庄村: 14 x 3 = 42, 15 leave.
    def heads(poor: int, population: int) -> Heads:
        return Heads(poor=poor, population=population)

    assert township.course.before.heads == {
        "jia": heads(64, 1420),
        "yi": heads(56, 1150),
        "bing": heads(42, 760),
        "county": heads(162, 3330),
    }
    assert township.course.after.heads == {
        "jia": heads(21, 1420),
        "yi": heads(10, 1150),
        "bing": heads(27, 760),
        "county": heads(58, 3330),
    }
    registry = season_stage.desk.registry
    for moment, poor in (
        (township.day(9, 21), 65 + 56 + 42),
        (township.day(9, 22), 65 - 23 + 56 + 42),
        (township.day(9, 27), 65 - 23 - 15 + 56 + 42),
        (township.day(9, 30), 65 - 23 - 15 - 3 + 56 + 42),
        (township.day(10, 11), 65 - 23 - 15 - 3 - 3 + 56 + 42),
        (township.day(10, 12), 65 - 23 - 15 - 3 - 3 + 10 + 27),
    ):
        counted = registry.county_incidence("419821", moment)
        assert counted is not None
        assert (counted.poor, counted.population) == (poor, 3330)
    printed = " ".join(township.text.split())
    for said in (
        "甲庄村 64/1420 ≈ 4.51 % 21/1420 ≈ 1.48 % met 达标",
        "丙庄村 42/760 ≈ 5.53 % 27/760 ≈ 3.55 % not met 未达标 在册 listed",
    ):
        assert said in printed


@pytest.mark.clause("H1")
def test_a_household_without_a_majority_leaves_its_roster(township: Shown) -> None:
    (out,) = [each for each in township.households("jia-1").values() if each.household == "JIA-07"]
    assert (out.state, out.reason) == (State.OUT, "民主评议未通过：11/24票")


@pytest.mark.clause("S1", "H2", "S6")
def test_a_failed_standard_takes_one_out_and_another_is_overridden(township: Shown) -> None:
    known = township.households("jia-1")
    assert known["JIA-03"].state is State.OUT
    assert [finding.id for finding in known["JIA-03"].findings if not finding.met] == ["S1.housing"]
    assert known["JIA-08"].state is State.STRUCK_OFF
    assert known["JIA-08"].overrides == ("S1.insurance",)
    assert "理由：户主随子女在邻县参保" in township.text.replace("\n", "").replace(" ", "")


@pytest.mark.clause("H2")
def test_a_refusal_takes_one_household_out_and_no_other(township: Shown) -> None:
    known = township.households("jia-1")
    refused = known["JIA-09"]
    assert (refused.state, refused.agreed) == (State.OUT, False)
    assert refused.reason == "本户不认可：担心退出后孩子的助学金停发"
    struck_off = [code for code, each in known.items() if each.state is State.STRUCK_OFF]
    assert struck_off == ["JIA-01", "JIA-04", "JIA-05", "JIA-06", "JIA-08", "JIA-10"]


@pytest.mark.clause("H2")
def test_a_village_without_team_and_secretary_verifies_alone(township: Shown) -> None:
    known = township.households("bing-1")
    assert {each.verified_by for each in known.values()} == {("A1",)}
    assert {each.verified_by for each in township.households("yi-1").values()} == {
        ("A1", "A2", "A3")
    }
    (refused,) = [answer for answer in township.case("bing-1").course.answers if answer.seq is None]
    assert "A2/419821100203 may not decide H2" in refused.text


@pytest.mark.clause("H3", "T1", "G1")
def test_whoever_is_struck_off_stood_in_a_notice_for_its_days(township: Shown) -> None:
    checked = 0
    for key in ("jia-1", "jia-2", "yi-1", "bing-1"):
        posted: dict[str, Entry] = {}
        for entry in township.entries(key, EntryKind.NOTICE):
            data: Any = entry.data
            posted |= dict.fromkeys(data["households"], entry)
        for day, codes in township.case(key).struck_off.items():
            for code in codes:
                assert day > beijing(posted[code].at).date() + timedelta(days=7)
                checked += 1
    assert checked == 31


@pytest.mark.clause("G1")
def test_a_changed_entry_is_posted_anew_and_leaves_after_its_own_seven_days(
    township: Shown,
) -> None:
    first, second = township.entries("jia-2", EntryKind.NOTICE)
    notices: Any = [first.data["households"], second.data["households"]]
    assert len(notices[0]) == 8
    assert [*notices[1]] == ["JIA-15"]
    assert township.households("jia-2")["JIA-15"].size == 3
    days = township.case("jia-2").struck_off
    assert days[township.day(9, 30)] == ("JIA-15",)
    assert "JIA-15" not in days[township.day(9, 27)]


@pytest.mark.clause("G1", "G4", "T7")
def test_one_objection_takes_its_household_out_and_one_holds_it_back(
    township: Shown, season_stage: Stage
) -> None:
    known = township.households("jia-1", "jia-2")
    assert known["JIA-02"].state is State.OUT
    assert known["JIA-02"].reason == "异议成立：经入户核查，该户收入不稳定，情况属实"
    assert township.case("jia-2").struck_off[township.day(10, 11)] == ("JIA-12",)
    assert township.case("jia-2").course.breaches == ("H4 T7",)
    register = season_stage.desk.registry.register
    later, others = (
        register.household(code, township.day(12, 31)).episodes[-1].exited_on
        for code in ("JIA-12", "JIA-11")
    )
    assert (later, others) == (township.day(10, 11), township.day(9, 27))


@pytest.mark.clause("H4")
def test_the_register_has_off_whom_the_rosters_struck_off_and_nobody_else(
    township: Shown, season_stage: Stage
) -> None:
    struck_off = {
        code: day
        for went in township.course.cases
        for day, codes in went.struck_off.items()
        for code in codes
    }
    register = season_stage.desk.registry.register
    everybody = [code for group in load_season("township-2017").households for code in group.codes]
    assert len(everybody) == 50
    for code in everybody:
        (episode,) = register.household(code, township.course.after.on).episodes
        assert episode.exited_on == struck_off.get(code)
    assert len(struck_off) == 31
    progress = township.course.progress.total
    assert (progress.households.planned, progress.households.exited) == (50, 31)
    assert (progress.people.planned, progress.people.exited) == (163, 105)
    assert (progress.villages.exited, progress.county.exited) == (2, 1)


@pytest.mark.clause("S2", "S5")
def test_the_register_shows_which_villages_could_leave_and_what_one_lacks(township: Shown) -> None:
    villages = {each.name: each for each in township.course.looks[0].villages}
    assert {name: each.ready for name, each in villages.items()} == {
        "甲庄村": True,
        "乙庄村": True,
        "丙庄村": False,
    }
    heads = villages["丙庄村"].heads
    assert heads is not None
    # 15 of 760 are below 2 % (15.2), 16 are not.
    assert (heads.poor, heads.must_leave) == (27, 27 - 15)
    assert "12 more of the poor would have to" in township.text


@pytest.mark.clause("V1", "V2", "V3")
def test_two_villages_leave_by_the_city_s_approval_and_one_stays(
    township: Shown, season_stage: Stage
) -> None:
    register = season_stage.desk.registry.register
    for village, left in (("201", True), ("202", True), ("203", False)):
        last = register.village(f"419821100{village}", township.course.after.on).standings[-1]
        assert last.status is (Standing.EXITED if left else Standing.LISTED)
        assert not left or (last.since, last.document) == (township.day(11, 20), "演练十号")
    (refused,) = [answer for answer in township.case("jia").course.answers if answer.seq is None]
    assert "A5/419821 may not decide V3" in refused.text
    for key in ("jia", "yi"):
        done = [entry.step for entry in township.entries(key, EntryKind.STEP_DONE)]
        assert done == ["V1", "V2", "V3"]


@pytest.mark.clause("C1", "S3", "S5")
def test_the_county_applies_with_the_register_s_own_count(township: Shown) -> None:
    (opened,) = township.entries("county", EntryKind.OPENED)
    application: Any = opened.data["application"]
    figures = application["figures"]
    assert (figures["poor"], figures["population"]) == (58, 3330)
    assert figures["as_of"] == str(township.day(11, 24))
    assert "figures_reason" not in application
    (ready,) = township.course.looks[1].counties
    assert (ready.ready, ready.poor_villages) == (True, 1)


@pytest.mark.clause("C1", "C2", "C3", "C4", "C5", "C6", "C7")
def test_the_county_passes_its_seven_steps(township: Shown, season_stage: Stage) -> None:
    done = [entry.step for entry in township.entries("county", EntryKind.STEP_DONE)]
    assert done == ["C1", "C2", "C3", "C4", "C5", "C6", "C7"]
    last = season_stage.desk.registry.county_record("419821").standings[-1]
    left = (Standing.EXITED, township.day(8, 2, next_year=True))
    assert (last.status, last.since) == left


def test_one_roster_stays_open_for_whoever_looks_on(township: Shown) -> None:
    went = township.course.open_case()
    assert went is not None
    assert (went.case.key, went.course.step) == ("bing-2", "H4")
    assert went.course.waiting_for == "A5/419821"
    states = {code: each.state for code, each in township.households("bing-2").items()}
    assert states.pop("BING-09") is State.HELD
    assert states.pop("BING-10") is State.OUT
    assert set(states.values()) == {State.POSTED}


@pytest.mark.clause("G6", "S7")
def test_plan_and_poverty_line_are_said_to_have_been_moved(
    township: Shown, season_stage: Stage
) -> None:
    planning, years = season_stage.desk.registry.planning, township.course.years
    said = f"moved by {years} years for a rehearsal"
    sources = {line.source for line in planning.plans(township.course.year, "419821")}
    assert sources == {f"the plan of 2017, {said}"}
    (line,) = [each for each in planning.lines() if each.year == township.course.year]
    assert line.yuan == 3_000
    assert line.source.endswith(said)


@pytest.mark.parametrize("name", ALTERED)
def test_no_other_course_passes_for_the_one_expected(played: dict[str, Shown], name: str) -> None:
    faults = played[name].course.faults
    _, sentence = ALTERED[name]
    if not sentence:
        assert faults == ()
        return
    (fault,) = faults
    assert fault.startswith(sentence)
    assert "NOT as the scenario says" in played[name].text


def test_a_course_that_is_as_expected_disagrees_in_nothing(township: Shown) -> None:
    expected = load_season("township-2017").moved(township.course.years).expect
    assert disagreements(township.course, expected) == ()
    others = expected.model_copy(update={"breaches": {}})
    (said,) = disagreements(township.course, others)
    assert said == "expect.breaches.jia-2: the scenario says none, it was H4 T7"


def test_the_course_is_readable_at_its_width(played: dict[str, Shown]) -> None:
    for shown in played.values():
        assert max(cell_len(line.rstrip()) for line in shown.text.splitlines()) <= WIDTH
    text = played["township-2017"].text
    for said in (
        "甲庄村 jia-1  H1 收到甲庄村",
        "· JIA-07 得11票，未过到会24人的半数",
        "不予接收 refused: A2/419821100203 may not decide H2",
        "登记变更 JIA-15",
        "exitflow ready villages",
        "2 of 3 poor villages could leave in",
        "1 of 1 poor counties could apply in",
        "JIA-01 JIA-04..JIA-06 JIA-08 JIA-10",
        "H4 waits for 待办 A5/419821",
        "8 cases, 7 ended, 1 open 在办",
    ):
        assert said in text


async def test_a_season_that_contradicts_the_register_is_refused(season_stage: Stage) -> None:
    outside = season_of("419961", ('code = "COUNTY100201"', 'code = "411523100201"'))
    with pytest.raises(ScenarioError, match=r"^mine: .*411523100201"):
        await rehearse_season(season_stage, "mine", outside, UnseenSeason())


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ((), 0, "as the scenario says"),
        ((("poor = 2", "poor = 1"),), 1, "expect.after.one: the scenario says 1 of 200, it was 2"),
    ],
)
def test_the_status_of_the_command_tells_whether_it_went_as_expected(
    tmp_path: Path, changes: tuple[Change, ...], status: int, said: str
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text_of("419901", *changes), encoding="utf-8")
    done = run_cli("rehearse", str(file), folder=tmp_path)
    assert (done.returncode, done.stderr) == (status, "")
    assert said in done.stdout
    assert list(tmp_path.iterdir()) == [file]


def test_the_command_prints_a_season_as_json(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text_of("419901"), encoding="utf-8")
    done = run_cli("rehearse", str(file), "--json", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    course = json.loads(done.stdout)
    assert course["after"]["heads"]["one"] == {"poor": 2, "population": 200}
    (went,) = course["cases"]
    assert [each["state"] for each in went["households"]] == ["struck_off", "out", "struck_off"]
    assert utc_now().year <= course["year"]


@pytest.mark.clause("G7")
def test_a_check_finds_nothing_wrong_with_what_was_played(
    folder: Path, played: dict[str, Shown]
) -> None:
    report = Home(folder).check()
    assert report.findings == ()
    assert report.cases >= sum(len(each.course.cases) for each in played.values())
