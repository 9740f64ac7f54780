"""The time after an exit on a real server, against numbers worked by hand from its file."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from models.case.ledger import Entry, EntryKind
from models.case.messages import Ending
from models.periods import beijing
from models.ratios import ExactRates, Ratio
from models.register.households import HouseholdState, Risk
from operators.desk.registry import utc_now
from operators.rehearsal.scenario_files import ScenarioError, load_season
from operators.rehearsal.season import Season
from operators.rehearsal.season_after_course import alarms_of, result_of, sample_of
from operators.rehearsal.season_course import CaseWent, SeasonCourse, disagreements
from operators.rehearsal.season_rehearsal import rehearse_season
from operators.rehearsal.season_view import SeasonNarrator
from operators.rehearsal.stage import Stage, set_stage
from registry.tables import Standing
from tests.operators.seasons import Change
from tests.operators.seasons_after import ALTERED, season_of, text_of
from tests.played import Home

WIDTH = 100
SHIPPED = "after-exit-2017"
COUNTY, DING, WU = "419831", "419831100201", "419831100202"


def first_by_rank(seed: str, codes: list[str]) -> str:
    """Who is drawn first, as anybody can work it out."""
    return min(codes, key=lambda code: sha256(f"{seed}:household:{code}".encode()).hexdigest())


def words_of(county: str) -> dict[str, str]:
    """Two seeds that draw different households of the two that leave."""
    codes = [f"S{county}-1", f"S{county}-3"]
    drawn = first_by_rank("seed", codes)
    other = next(f"seed-{n}" for n in count() if first_by_rank(f"seed-{n}", codes) != drawn)
    second = first_by_rank(other, codes)
    return {"SEED": "seed", "OTHER": other, "DRAWN": drawn, "SECOND": second}


@dataclass(frozen=True)
class Shown:
    """A course, and what was printed of it."""

    course: SeasonCourse
    text: str

    @property
    def words(self) -> str:
        """The text without its line breaks."""
        return "".join(self.text.split())

    def case(self, key: str) -> CaseWent:
        return next(went for went in self.course.cases if went.case.key == key)

    def entries(self, key: str, kind: EntryKind) -> list[Entry]:
        return [entry for entry in self.case(key).course.entries if entry.kind is kind]

    def day(self, year: int, month: int, day: int) -> date:
        """A day of the file, moved."""
        return date(year + self.course.years, month, day)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("after")


@pytest.fixture(scope="module")
async def after_stage(folder: Path) -> AsyncIterator[Stage]:
    years = load_season(SHIPPED).years_ahead(utc_now())
    async with set_stage(folder, years) as stage:
        yield stage


@pytest.fixture(scope="module")
async def played(after_stage: Stage) -> dict[str, Shown]:
    """The shipped season and every altered one, a few side by side, each in its own county."""
    few = asyncio.Semaphore(5)

    async def play(name: str, season: Season) -> Shown:
        out = Console(file=io.StringIO(), width=WIDTH, highlight=False, markup=False)
        narrator = SeasonNarrator(out, after_stage.desk.policy.standards)
        async with few:
            course = await rehearse_season(after_stage, name, season, narrator)
        assert isinstance(out.file, io.StringIO)
        return Shown(course, out.file.getvalue())

    seasons = {SHIPPED: load_season(SHIPPED)}
    for number, (name, (changes, _)) in enumerate(ALTERED.items()):
        county = f"4199{71 + number}"
        seasons[name] = season_of(county, words_of(county), *changes)
    shown = await asyncio.gather(*(play(*each) for each in seasons.items()))
    return dict(zip(seasons, shown, strict=True))


@pytest.fixture
def shipped(played: dict[str, Shown]) -> Shown:
    return played[SHIPPED]


def test_the_time_after_exit_ends_as_its_file_says(shipped: Shown) -> None:
    assert shipped.course.faults == ()
    assert shipped.text.endswith("as the scenario says\n")
    assert len(shipped.course.cases) == 11
    assert shipped.course.open_case() is None


@pytest.mark.clause("F6")
def test_the_samples_are_those_that_anybody_draws_again(shipped: Shown) -> None:
    left = [f"DING-{n:02}" for n in range(1, 10)] + [f"WU-{n:02}" for n in range(1, 6)]

    def ranked(seed: str, kind: str, codes: list[str]) -> list[str]:
        return sorted(codes, key=lambda code: sha256(f"{seed}:{kind}:{code}".encode()).hexdigest())

    for key, seed, households in (
        ("ducha-1", "yanlian-2", left),
        ("ducha-2", "fucha-4", [code for code in left if code != "DING-03"]),
    ):
        sample = sample_of(shipped.case(key).course)
        assert sample is not None
        assert sample.seed == seed
        drawn = [each.code for each in sample.households]
        assert drawn == ranked(seed, "household", households)[:8]
        assert [each.code for each in sample.villages] == ranked(seed, "village", [DING, WU])[:1]


@pytest.mark.clause("F6", "S4")
def test_the_rates_are_what_hand_and_pencil_give(shipped: Shown) -> None:
    # 4 x 3 + 4 x 2 = 20 people were checked; DING-03 (3) stays wrong, WU-02 (2) was pleaded away.
    # 7 of 8 households and 30 of 32 villagers. 5 poor and 3/20 of the 37 who left, of 600.
    first = result_of(shipped.case("ducha-1").course)
    assert first is not None
    assert first.rates == ExactRates(
        incidence=Ratio(part=5 * 20 + 3 * 37, whole=20 * 600),
        wrongly_exited=Ratio(part=3, whole=4 * 3 + 4 * 2),
        omitted=Ratio(part=0, whole=350 - 29),
        recognition=Ratio(part=7 + 30, whole=8 + 32),
    )
    assert first.failed == ("S4.wrong",)
    (before, *_) = shipped.entries("ducha-1", EntryKind.RATES)
    rates: Any = before.data["rates"]
    assert rates["wrongly_exited"] == {"part": 3 + 2, "whole": 20}
    second = result_of(shipped.case("ducha-2").course)
    assert second is not None
    assert (second.failed, second.rates.wrongly_exited) == ((), Ratio(part=0, whole=5 * 3 + 3 * 2))


@pytest.mark.clause("F6", "S4", "C7")
def test_a_failed_rate_blocks_the_approval_until_a_later_inspection_finds_it_met(
    shipped: Shown, after_stage: Stage
) -> None:
    county = shipped.case("xian").course
    (refused,) = [answer for answer in county.answers if answer.seq is None]
    assert "S4.wrong failed in supervision/419831/" in refused.text
    entries = shipped.entries("xian", EntryKind.SUPERVISION)
    told = [entry.data["supervision"] for entry in entries]
    failed: list[Any] = [result.get("failed", []) for result in told if isinstance(result, dict)]
    assert failed == [["S4.wrong"], []]
    # Every case has a clock of its own: the county's had come to the day on which it was told.
    days = [beijing(entry.at).date() for entry in entries]
    assert days == [shipped.day(2018, 3, 30), shipped.day(2018, 5, 31)]
    assert county.outcome is not None
    assert county.outcome.ending is Ending.EXITED
    last = after_stage.desk.registry.county_record(COUNTY).standings[-1]
    assert (last.status, last.since) == (Standing.EXITED, shipped.day(2018, 6, 14))


@pytest.mark.clause("F7")
def test_revoked_exits_stand_with_both_documents_and_the_acts_that_carried_the_fault(
    shipped: Shown, after_stage: Stage
) -> None:
    register = after_stage.desk.registry.register
    first, again = register.household("DING-03", shipped.day(2018, 4, 20)).episodes
    assert (first.exited_on, first.document) == (shipped.day(2017, 9, 22), "演练二〔1〕号")
    assert (again.registered_on, again.opening_document) == (
        shipped.day(2018, 4, 20),
        "演练二〔14〕号",
    )
    village = register.village(DING, shipped.day(2019, 6, 21)).standings
    assert [(each.status, each.document) for each in village] == [
        (Standing.LISTED, None),
        (Standing.EXITED, "演练二〔5〕号"),
        (Standing.REVOKED, "演练二〔19〕号"),
    ]
    for said in (
        "责任行为：household-exit/419831100201/2027/1第8条（丁庄村“两委”某甲：未入户核实收入）",
        "领导小组某戊：饮水安全一项弄虚作假",
        "不予接收refused:A5/419831maynotrevoketheexitof丁庄村",
        "2019-06-21撤销退出（演练二〔19〕号）".replace("2019", str(shipped.day(2019, 1, 1).year)),
    ):
        assert said.replace("/2027/", f"/{shipped.course.year}/") in shipped.words


@pytest.mark.clause("F1", "F2", "F3", "F4")
def test_the_year_that_turns_over_changes_what_is_in_force_and_nobody_acts(shipped: Shown) -> None:
    def in_force(of: str, on: date) -> list[str]:
        (looked,) = [
            each for each in shipped.course.following if (each.of, each.at.date()) == (of, on)
        ]
        (exit,) = looked.exits
        return [fact.clause for fact in exit.consequences if fact.in_force]

    # Approved in 2018, so out of the assessment from 2019; support until the end of 2020.
    assert in_force("county", shipped.day(2018, 12, 31)) == ["F1", "F2", "F3"]
    assert in_force("county", shipped.day(2019, 1, 1)) == ["F1", "F2", "F3", "F4"]
    assert in_force("county", shipped.day(2021, 1, 1)) == ["F2", "F3", "F4"]
    assert in_force("ding", shipped.day(2019, 6, 21)) == []


@pytest.mark.clause("F5")
def test_a_household_falls_back_and_the_village_above_the_threshold_is_an_alarm_and_no_more(
    shipped: Shown, after_stage: Stage
) -> None:
    registry, day = after_stage.desk.registry, shipped.day(2019, 4, 26)
    household = registry.register.household("DING-07", day)
    assert household.state is HouseholdState.FALLEN_BACK
    assert [each.registered_on for each in household.episodes][1] == day
    # 2 who never left, DING-03 and DING-07: 8 of 350 are above 2 %, which is 7.
    (alarm,) = alarms_of(shipped.case("fanpin").course)
    assert (alarm.code, alarm.incidence.poor, alarm.incidence.population) == (DING, 8, 350)
    assert [str(office) for office in alarm.tell] == ["A5/419831", "A6/419800"]
    assert registry.register.village(DING, day).standings[1].until == shipped.day(2019, 6, 21)
    county = registry.county_incidence(COUNTY, day)
    assert county is not None
    assert (county.poor, county.population) == (11, 600)


@pytest.mark.clause("F5")
def test_the_round_of_the_year_visits_who_has_left_and_marks_a_risk(
    shipped: Shown, after_stage: Stage
) -> None:
    year = shipped.day(2019, 1, 1).year
    assert shipped.case("huifang").case.case_id == f"follow-up/419831100/{year}"
    assert "13户列入本年度回访名单" in shipped.words
    household = after_stage.desk.registry.register.household("DING-07", shipped.day(2019, 3, 12))
    assert [mark.risk for mark in household.risks] == [Risk.SUDDEN_HARDSHIP]


@pytest.mark.clause("F9")
def test_an_evaluation_lies_with_the_case_that_it_belongs_to(
    shipped: Shown, after_stage: Stage
) -> None:
    (filed,) = after_stage.desk.registry.documents.of(f"county-exit/{COUNTY}/{shipped.course.year}")
    assert filed.document.document_number == "演练二〔10〕号"
    assert [each.name for each in filed.document.evidence] == ["第三方评估报告.pdf"]


@pytest.mark.parametrize("name", ALTERED)
def test_no_other_course_passes_for_the_one_expected(played: dict[str, Shown], name: str) -> None:
    faults = played[name].course.faults
    _, sentence = ALTERED[name]
    if not sentence:
        assert faults == ()
        return
    (fault,) = faults
    county = f"4199{71 + list(ALTERED).index(name)}"
    for word, meant in (*words_of(county).items(), ("NUMBER", f"S{county}")):
        sentence = sentence.replace(word, meant)
    assert fault.startswith(sentence)
    assert "NOT as the scenario says" in played[name].text


@pytest.mark.parametrize(
    ("field", "key", "said"),
    [
        (
            "drawn",
            "ducha-1",
            "expect.drawn.ducha-1: the scenario says nobody, it was DING-03 WU-",
        ),
        (
            "rates",
            "ducha-2",
            "expect.rates.ducha-2: the scenario says none, it was incidence 8/",
        ),
        (
            "alarms",
            "fanpin",
            "expect.alarms.fanpin: the scenario says none, it was village 8/350 to A5/419831 ",
        ),
    ],
)
def test_what_the_file_does_not_expect_is_told(
    shipped: Shown, field: str, key: str, said: str
) -> None:
    expected = load_season(SHIPPED).moved(shipped.course.years).expect
    assert disagreements(shipped.course, expected) == ()
    without = {name: value for name, value in getattr(expected, field).items() if name != key}
    (fault,) = disagreements(shipped.course, expected.model_copy(update={field: without}))
    assert fault.startswith(said)


def test_the_course_is_readable_at_its_width(played: dict[str, Shown]) -> None:
    for shown in played.values():
        assert max(cell_len(line.rstrip()) for line in shown.text.splitlines()) <= WIDTH
    text = played[SHIPPED].text
    for said in (
        "种子 yanlian-2",
        "what follows from its exit 退出后续政策 (F1-F4)",
        "Alarms 预警 (F5)",
        "退出撤销，重新在册 revoked",
        "返贫 fallen back",
        "11 cases, 11 ended, 0 open 在办",
    ):
        assert said in text


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('case = "first", act', 'case = "other", act', "event 8: case other is not open; open be"),
        ('of = "NUMBER-1"\nyear', 'of = "two"\nyear', "event 8: two is no village, county or hou"),
        ('of = "NUMBER-3"', 'of = "NUMBER-9"', "event 10: S419971-9 is no village, county or ho"),
        ("wrong = { DRAWN", "wrong = { NUMBER-9", "event 7: household S419971-9 is none of the f"),
        ("wrong = {", "villages = { two = {} }\nwrong = {", "event 7: villages: two: omitted_peop"),
        ('seed = "SEED"', 'seed = "a b"', "event 6: seed: String should match"),
        ("drawn = { look", "drawn = { other", "expect: drawn: other is no case of the file"),
        ("[expect.stood]\nNUMBER-1", "[expect.stood]\nthree", "expect: stood: three is no village"),
        ('in_force = ["F1"]', 'in_force = ["F5"]', "event 10: in_force: 0: String should match"),
    ],
)
def test_a_fault_of_a_file_is_one_sentence_that_names_its_place(
    old: str, new: str, sentence: str
) -> None:
    change: Change = (old, new)
    with pytest.raises(ScenarioError) as error:
        season_of("419971", words_of("419971"), change)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)
    assert text_of("419971", words_of("419971"))


@pytest.mark.clause("G7")
def test_a_check_finds_nothing_wrong_with_what_was_played(
    folder: Path, played: dict[str, Shown]
) -> None:
    report = Home(folder).check()
    assert report.findings == ()
    assert report.cases >= sum(len(each.course.cases) for each in played.values())
