"""The township's year against numbers worked by hand from its file."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from models.case.ledger import Entry, EntryKind
from models.periods import beijing
from models.roster.households import Course, State
from operators.rehearsal.stage import Stage
from registry.tables import Standing
from tests.operators.rehearsals import WIDTH, Shown, set_stage_in_memory, shown
from tests.played import Home

VILLAGES = {"jia": "419821100201", "yi": "419821100202", "bing": "419821100203"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("township")


@pytest.fixture(scope="module")
async def stage(folder: Path) -> AsyncIterator[Stage]:
    async with set_stage_in_memory(folder) as stage:
        yield stage


@pytest.fixture(scope="module")
async def township(stage: Stage) -> Shown:
    """The shipped scenario."""
    return await shown(stage, "township-2017")


@pytest.fixture(scope="module")
async def households(township: Shown, stage: Stage) -> dict[str, dict[str, Course]]:
    """How every household of every roster stands, by roster and number."""
    return {
        case_id: {each.household: each for each in await stage.desk.households(case_id)}
        for case_id in township.course.files
        if case_id.startswith("household-exit/")
    }


def roster(township: Shown, village: str, batch: int) -> str:
    return f"household-exit/{VILLAGES[village]}/{2017 + township.course.years}/{batch}"


def struck_off(township: Shown, case_id: str) -> dict[date, list[str]]:
    """Who left by a roster, by the first day off the register."""
    found: dict[date, list[str]] = {}
    for entry in township.entries(case_id, EntryKind.REGISTER_CHANGE):
        data: Any = entry.data
        found[date.fromisoformat(data["effective_on"])] = data["households"]
    return found


def test_the_township_ends_as_its_file_says(township: Shown) -> None:
    assert township.course.faults == ()
    assert township.text.endswith("as the scenario says\n")
    assert len(township.course.files) == 8
    still_open = [
        case_id
        for case_id in township.course.files
        if not township.entries(case_id, EntryKind.CLOSED)
    ]
    assert still_open == [roster(township, "bing", 2)]


@pytest.mark.clause("S5")
def test_incidence_before_and_after_is_what_hand_and_pencil_give(
    township: Shown, stage: Stage
) -> None:
    # 甲庄村: 8 x 4 + 6 x 3 + 4 x 2 + 2 x 3 = 64, one is born, 23 and 21 leave.
    # 乙庄村: 10 x 4 + 4 x 3 + 2 x 2 = 56, 10 x 4 + 2 x 3 = 46 leave. 丙庄村: 14 x 3 = 42, 15 leave.
    registry = stage.desk.registry
    day = township.day
    for village, population, before, after in (
        ("jia", 1420, 64, 21),
        ("yi", 1150, 56, 10),
        ("bing", 760, 42, 27),
    ):
        for on, poor in ((day(2017, 9, 4), before), (day(2018, 8, 2), after)):
            counted = registry.register.village(VILLAGES[village], on).incidence
            assert counted is not None
            # One is born on 19 September; the register knows no other size of a household.
            born = village == "jia" and poor == before
            assert (counted.poor, counted.population) == (poor + born, population)
    assert "64    1,420" in township.outputs("ready villages")[0]
    for moment, poor in (
        (day(2017, 9, 21), 65 + 56 + 42),
        (day(2017, 9, 22), 65 - 23 + 56 + 42),
        (day(2017, 9, 27), 65 - 23 - 15 + 56 + 42),
        (day(2017, 9, 30), 65 - 23 - 15 - 3 + 56 + 42),
        (day(2017, 10, 11), 65 - 23 - 15 - 3 - 3 + 56 + 42),
        (day(2017, 10, 12), 65 - 23 - 15 - 3 - 3 + 10 + 27),
    ):
        of_county = registry.county_incidence("419821", moment)
        assert of_county is not None
        assert (of_county.poor, of_county.population) == (poor, 3330)


@pytest.mark.clause("H1")
def test_a_household_without_a_majority_leaves_its_roster(
    township: Shown, households: dict[str, dict[str, Course]]
) -> None:
    out = households[roster(township, "jia", 1)]["JIA-07"]
    assert (out.state, out.reason) == (State.OUT, "民主评议未通过：11/24票")


@pytest.mark.clause("S1", "H2", "S6")
def test_a_failed_standard_takes_one_out_and_another_is_overridden(
    township: Shown, households: dict[str, dict[str, Course]]
) -> None:
    known = households[roster(township, "jia", 1)]
    assert known["JIA-03"].state is State.OUT
    assert [finding.id for finding in known["JIA-03"].findings if not finding.met] == ["S1.housing"]
    assert known["JIA-08"].state is State.STRUCK_OFF
    assert known["JIA-08"].overrides == ("S1.insurance",)
    assert "理由：户主随子女在邻县参保" in township.words


@pytest.mark.clause("H2")
def test_a_refusal_takes_one_household_out_and_no_other(
    township: Shown, households: dict[str, dict[str, Course]]
) -> None:
    known = households[roster(township, "jia", 1)]
    refused = known["JIA-09"]
    assert (refused.state, refused.agreed) == (State.OUT, False)
    assert refused.reason == "本户不认可：担心退出后孩子的助学金停发"
    left = [code for code, each in known.items() if each.state is State.STRUCK_OFF]
    assert left == ["JIA-01", "JIA-04", "JIA-05", "JIA-06", "JIA-08", "JIA-10"]


@pytest.mark.clause("H2")
def test_a_village_without_team_and_secretary_verifies_alone(
    township: Shown, households: dict[str, dict[str, Course]]
) -> None:
    alone, three = roster(township, "bing", 1), roster(township, "yi", 1)
    assert {each.verified_by for each in households[alone].values()} == {("A1",)}
    assert {each.verified_by for each in households[three].values()} == {("A1", "A2", "A3")}
    assert "A2/419821100203 may not decide H2" in township.refusals[0]


@pytest.mark.clause("H3", "T1", "G1")
def test_whoever_is_struck_off_stood_in_a_notice_for_its_days(township: Shown) -> None:
    checked = 0
    for village, batch in (("jia", 1), ("jia", 2), ("yi", 1), ("bing", 1)):
        case_id = roster(township, village, batch)
        posted: dict[str, Entry] = {}
        for entry in township.entries(case_id, EntryKind.NOTICE):
            data: Any = entry.data
            posted |= dict.fromkeys(data["households"], entry)
        for day, codes in struck_off(township, case_id).items():
            for code in codes:
                assert day > beijing(posted[code].at).date() + timedelta(days=7)
                checked += 1
    assert checked == 31


@pytest.mark.clause("G1")
def test_a_changed_entry_is_posted_anew_and_leaves_after_its_own_seven_days(
    township: Shown, households: dict[str, dict[str, Course]]
) -> None:
    case_id = roster(township, "jia", 2)
    first, second = township.entries(case_id, EntryKind.NOTICE)
    notices: Any = [first.data["households"], second.data["households"]]
    assert len(notices[0]) == 8
    assert [*notices[1]] == ["JIA-15"]
    assert households[case_id]["JIA-15"].size == 3
    days = struck_off(township, case_id)
    assert days[township.day(2017, 9, 30)] == ["JIA-15"]
    assert "JIA-15" not in days[township.day(2017, 9, 27)]


@pytest.mark.clause("G1", "G4", "T7")
def test_one_objection_takes_its_household_out_and_one_holds_it_back(
    township: Shown, stage: Stage, households: dict[str, dict[str, Course]]
) -> None:
    first, second = roster(township, "jia", 1), roster(township, "jia", 2)
    out = households[first]["JIA-02"]
    assert out.state is State.OUT
    assert out.reason == "异议成立：经入户核查，该户收入不稳定，情况属实"
    assert struck_off(township, second)[township.day(2017, 10, 11)] == ["JIA-12"]
    (breach,) = township.texts(second, EntryKind.BREACH)
    assert "T7 异议 yiyi-2逾期" in breach
    register = stage.desk.registry.register
    later, others = (
        register.household(code, township.day(2017, 12, 31)).episodes[-1].exited_on
        for code in ("JIA-12", "JIA-11")
    )
    assert (later, others) == (township.day(2017, 10, 11), township.day(2017, 9, 27))


@pytest.mark.clause("H4")
def test_the_register_has_off_whom_the_rosters_struck_off_and_nobody_else(
    township: Shown, stage: Stage
) -> None:
    left = {
        code: day
        for case_id in township.course.files
        if case_id.startswith("household-exit/")
        for day, codes in struck_off(township, case_id).items()
        for code in codes
    }
    registry, on = stage.desk.registry, township.day(2018, 8, 2)
    everybody = [f"{stem}-{number:02}" for stem, many in (("JIA", 20), ("YI", 16), ("BING", 14))
                 for number in range(1, many + 1)]  # fmt: skip
    for code in everybody:
        (episode,) = registry.register.household(code, on).episodes
        assert episode.exited_on == left.get(code)
    assert len(left) == 31
    policy, year = stage.desk.policy, 2017 + township.course.years
    progress = registry.planning.progress(year, policy, "419821").total
    assert (progress.households.planned, progress.households.exited) == (50, 31)
    assert (progress.people.planned, progress.people.exited) == (163, 105)
    assert (progress.villages.exited, progress.county.exited) == (2, 1)


@pytest.mark.clause("S2", "S5")
def test_the_register_shows_which_villages_could_leave_and_what_one_lacks(township: Shown) -> None:
    year = 2017 + township.course.years
    before, after = township.outputs("ready villages")
    assert f"0 of 3 poor villages could leave in {year}" in before
    # 15 of 760 are below 2 % (15.2), 16 are not: 27 - 15.
    assert "12 more of the poor would have to" in after
    assert f"2 of 3 poor villages could leave in {year}" in after


@pytest.mark.clause("V1", "V2", "V3")
def test_two_villages_leave_by_the_city_s_approval_and_one_stays(
    township: Shown, stage: Stage
) -> None:
    register, on = stage.desk.registry.register, township.day(2018, 8, 2)
    for village, left in (("jia", True), ("yi", True), ("bing", False)):
        last = register.village(VILLAGES[village], on).standings[-1]
        assert last.status is (Standing.EXITED if left else Standing.LISTED)
        left_on = (last.since, last.document)
        assert not left or left_on == (township.day(2017, 11, 20), "演练十号")
    assert "A5/419821 may not decide V3" in township.refusals[1]
    for village in ("jia", "yi"):
        case_id = f"village-exit/{VILLAGES[village]}/{2017 + township.course.years}"
        done = [entry.step for entry in township.entries(case_id, EntryKind.STEP_DONE)]
        assert done == ["V1", "V2", "V3"]


@pytest.mark.clause("C1", "S3", "S5")
def test_the_county_applies_with_the_register_s_own_count(township: Shown) -> None:
    case_id = f"county-exit/419821/{2017 + township.course.years}"
    (opened,) = township.entries(case_id, EntryKind.OPENED)
    application: Any = opened.data["application"]
    figures = application["figures"]
    assert (figures["poor"], figures["population"]) == (58, 3330)
    assert figures["as_of"] == str(township.day(2017, 11, 24))
    assert "figures_reason" not in application
    assert "villages still on the list of poor villages: 1" in township.outputs("ready counties")[1]


@pytest.mark.clause("C1", "C2", "C3", "C4", "C5", "C6", "C7")
def test_the_county_passes_its_seven_steps(township: Shown, stage: Stage) -> None:
    case_id = f"county-exit/419821/{2017 + township.course.years}"
    done = [entry.step for entry in township.entries(case_id, EntryKind.STEP_DONE)]
    assert done == ["C1", "C2", "C3", "C4", "C5", "C6", "C7"]
    last = stage.desk.registry.county_record("419821").standings[-1]
    assert (last.status, last.since) == (Standing.EXITED, township.day(2018, 8, 2))


async def test_one_roster_stays_open_for_whoever_looks_on(
    township: Shown, stage: Stage, households: dict[str, dict[str, Course]]
) -> None:
    case_id = roster(township, "bing", 2)
    status = await stage.desk.status(case_id)
    assert (status.step, str(status.waiting_for)) == ("H4", "A5/419821")
    # Others went on for months; it is not late on their account.
    assert not township.entries(case_id, EntryKind.BREACH)
    states = {code: each.state for code, each in households[case_id].items()}
    assert states.pop("BING-09") is State.HELD
    assert states.pop("BING-10") is State.OUT
    assert set(states.values()) == {State.POSTED}


@pytest.mark.clause("G6", "S7")
def test_plan_and_poverty_line_are_said_to_have_been_moved(township: Shown, stage: Stage) -> None:
    planning, years = stage.desk.registry.planning, township.course.years
    said = f"moved by {years} years for a rehearsal"
    sources = {line.source for line in planning.plans(2017 + years, "419821")}
    assert sources == {f"the plan of 2017, {said}"}
    (line,) = [each for each in planning.lines() if each.year == 2017 + years]
    assert line.yuan == 3_000
    assert line.source.endswith(said)


def test_the_course_is_readable_at_its_width(township: Shown) -> None:
    lines = township.text.splitlines()
    said = [line for line in lines if not line.startswith("/")]  # where a file was written
    assert max(cell_len(line.rstrip()) for line in said) <= WIDTH
    for part in (
        f"  $ exitflow act {roster(township, 'jia', 1)} --step H2",
        "· JIA-07 得11票，未过到会24人的半数",
        "不予接收 refused: A2/419821100203 may not decide H2",
        "H2 拟退出贫困户7户认可、1户不认可，未附签字材料",
        "发布《关于甲庄村",
        "1 of 1 poor counties could apply in",
        "227 entries; 8 cases, 7 ended, 1 open 在办",
    ):
        assert part in township.text


@pytest.mark.clause("G7")
def test_a_check_finds_nothing_wrong_with_what_was_played(folder: Path, township: Shown) -> None:
    report = Home(folder).check()
    assert report.findings == ()
    assert report.cases >= len(township.course.files)
