"""Rehearsals on a real server: counties leave as their scenarios say, and no other way passes."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from models.case.ledger import EntryKind
from models.periods import beijing
from operators.desk.registry import ahead, rehearsed_at, utc_now
from operators.rehearsal.scenario import ScenarioError, parse, shipped
from operators.rehearsal.stage import Stage
from registry.tables import Standing
from tests.operators.rehearsals import WIDTH, Shown, set_stage_in_memory, shown

COUNTIES = {
    "lankao-2016": "county-exit/410225/2027",
    "xinxian-2017": "county-exit/411523/2027",
    "wuyang-2017": "county-exit/411121/2027",
    "shenqiu-2017": "county-exit/411624/2027",
}
STANDARD = "standard-2017"
"""Households, held against the standard of S1."""

HEAD = 'title = "合成"\nabout = "few commands"\n'
DO = "[[do]]\non = 2017-10-09\n"
# Another county of the same city.
OPENS = shipped()["shenqiu-2017"].read_text("utf-8").replace("411624", "411625")
OPENS = OPENS[OPENS.index("[[do]]") :]
LOOKS = "[[do]]\non = 2017-12-08\nrun = 'case county-exit/411625/{2017}'\n"

OTHERWISE = {
    "nothing": (f"{DO}run = 'plan list --year {{2017}}'", ()),
    "refused": (
        f"{DO}run = 'registry show NOBODY-1'",
        ("do 1, registry show NOBODY-1: it is refused: ",),
    ),
    "refused for another reason": (
        f"{DO}run = 'registry show NOBODY-1'\nrefused = 'too early'",
        ("(expected to be refused: 'too early')",),
    ),
    "wrong, and not refused by a rule": (
        f"{DO}run = 'progress --year 2017 --picture a.svg'\nrefused = 'targets'",
        (
            "do 1, progress --year 2017 --picture a.svg: it is refused: --picture: draws the",
            "(expected to be refused: 'targets')",
        ),
    ),
    "taken": (
        f"{DO}run = 'plan list --year {{2017}}'\nrefused = 'too early'",
        ("it is taken (expected to be refused: 'too early')",),
    ),
    "another value": (
        f"{DO}run = 'registry show 411523'\nhas = {{ name = '旧县' }}",
        ("do 1, registry show 411523: name: the scenario says 旧县, it was 新县",),
    ),
    "other values in the end": (
        f"{DO}run = 'registry show 411523'\n"
        "[[expect]]\nrun = 'registry show 411523'\nhas = { name = '旧县', code = '1' }\n"
        "[[expect]]\nrun = 'registry show NOBODY-1'\n",
        (
            "expect 1, registry show 411523: name: the scenario says 旧县, it was 新县",
            "expect 1, registry show 411523: code: the scenario says 1, it was 411523",
            "expect 2, registry show NOBODY-1: ",
        ),
    ),
    "a step that does not open": (
        f"{OPENS[: OPENS.index('[[expect]]')]}{LOOKS}until = 'C3'",
        ("do 5, case county-exit/411625/2027: C3 does not open",),
    ),
    "not in the plan": (
        OPENS[OPENS.index("[[do]]", 5) :].replace("411625", "410324"),
        ("do 2, start county 410324 --year ", "is not in the plan of"),
    ),
    "nobody to visit": (
        f"{DO}begins = 'follow-up/411523'",
        ("do 1, follow-up/411523: nothing begins: ",),
    ),
}
"""Scenarios that go otherwise than they say; and what is said of it."""


@pytest.fixture(scope="module")
async def rehearsal_stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with set_stage_in_memory(tmp_path_factory.mktemp("rehearsal")) as stage:
        yield stage


@pytest.fixture(scope="module")
async def played(rehearsal_stage: Stage) -> dict[str, Shown]:
    """Every county's scenario, that of the households, and every one that goes otherwise."""
    found = {name: await shown(rehearsal_stage, name) for name in (*COUNTIES, STANDARD)}
    for name, (text, _) in OTHERWISE.items():
        scenario = parse(f"{HEAD}{text}", name)
        found[name] = await shown(rehearsal_stage, name, scenario)
    return found


def case_of(shown: Shown) -> str:
    (case_id,) = shown.course.files
    return case_id


@pytest.mark.parametrize("name", [*COUNTIES, STANDARD])
def test_a_shipped_scenario_ends_as_it_says(played: dict[str, Shown], name: str) -> None:
    assert played[name].course.faults == ()
    assert played[name].text.endswith("\nas the scenario says\n")


@pytest.mark.clause("C1", "C2", "C3", "C4", "C5", "C6", "C7")
def test_lankao_goes_without_its_city_and_is_out_on_the_day_of_its_approval(
    played: dict[str, Shown], rehearsal_stage: Stage
) -> None:
    lankao = played["lankao-2016"]
    assert len(lankao.entries(case_of(lankao), EntryKind.STEP_SKIPPED)) == 1
    (refused,) = lankao.refusals
    assert "may not decide C3" in refused
    last = rehearsal_stage.desk.registry.county_record("410225").standings[-1]
    assert (last.status, last.document) == (Standing.EXITED, "演练五号")
    assert last.since == lankao.day(2017, 2, 27)


@pytest.mark.clause("S1", "H1", "H2")
def test_one_household_of_each_kind_does_not_meet_the_standard(played: dict[str, Shown]) -> None:
    """All six have more than 9 000 yuan for three; two meet every demand."""
    standard = played[STANDARD]
    drafted, *_ = standard.entries(case_of(standard), EntryKind.ROSTER_CHANGED)
    data: Any = drafted.data
    assert data["not_met"] == {
        "XIN-02": ["适龄儿童（王某丙2018年生）接受九年义务教育：否"],
        "XIN-03": ["家庭无因贫辍学学生：否"],
        "XIN-04": ["住房条件有明显改善：否"],
        "XIN-05": [
            "稳定超过国家扶贫标准：否（增收渠道和收入来源：低保金、养老金；转移性收入占纯收入100%；"
            "未写明稳定增收依据）"
        ],
    }
    told = {each["code"]: each for each in data["households"]}
    # XIN-03's son is above that age, and what he left was senior middle school.
    named = {code: each["children"] for code, each in told.items() if "children" in each}
    assert named == {
        "XIN-01": "张某丙2019年生",
        "XIN-02": "王某丙2018年生",
        "XIN-06": "陈某丙2020年生",
    }
    assert told["XIN-06"]["livelihood"]["deferral"].startswith("演练五乡人民政府〔")
    (left,) = standard.entries(case_of(standard), EntryKind.REGISTER_CHANGE)
    assert left.data["households"] == ["XIN-01", "XIN-06"]
    for code in ("XIN-02", "XIN-03", "XIN-04", "XIN-05"):
        assert f"\n{code} " in standard.text
    assert standard.text.count("未退出 out") == 4


@pytest.mark.clause("T1")
def test_xinxian_is_published_on_the_real_day_and_for_the_days_of_the_policy(
    played: dict[str, Shown], rehearsal_stage: Stage
) -> None:
    xinxian = played["xinxian-2017"]
    notice, announcement = rehearsal_stage.desk.registry.notices(case_of(xinxian))
    assert announcement.title == "关于新县退出贫困县的公告"
    assert beijing(announcement.posted_at).date() == xinxian.day(2018, 8, 2)
    posted = beijing(notice.posted_at).date()
    assert posted == xinxian.day(2018, 1, 5)
    closes = beijing(notice.closes_at).date() - timedelta(days=1)
    assert closes >= posted + timedelta(days=7)
    done = xinxian.entries(case_of(xinxian), EntryKind.STEP_DONE)
    over = next(entry.at for entry in done if entry.step == "C4")
    assert timedelta(0) <= over - notice.closes_at < timedelta(minutes=1)


@pytest.mark.clause("G1", "G3", "G4", "G5", "T3", "T7")
def test_wuyang_is_returned_misses_a_limit_and_answers_two_objections(
    played: dict[str, Shown],
) -> None:
    wuyang = played["wuyang-2017"]
    case_id = case_of(wuyang)
    (breach,) = wuyang.texts(case_id, EntryKind.BREACH)
    assert "T3 C2 市级初审逾期" in breach
    assert wuyang.course.files[case_id][-1].round == 3
    assert len(wuyang.entries(case_id, EntryKind.RETURNED)) == 2
    assert len(wuyang.entries(case_id, EntryKind.LATE)) == 1
    results = wuyang.texts(case_id, EntryKind.RESOLUTION)
    assert [("不成立" in text) for text in results] == [False, True]
    assert len(wuyang.entries(case_id, EntryKind.NOTICE)) == 2


@pytest.mark.clause("G4")
async def test_shenqiu_waits_on_after_its_limit(
    played: dict[str, Shown], rehearsal_stage: Stage
) -> None:
    shenqiu = played["shenqiu-2017"]
    status = await rehearsal_stage.desk.status(case_of(shenqiu))
    assert (status.outcome, status.step, status.waiting_for) == (None, "C2", "A6/411600")
    told = [
        text for text in shenqiu.texts(case_of(shenqiu), EntryKind.NOTIFIED) if "已逾期" in text
    ]
    assert any("周口市" in text for text in told)
    assert any("河南省" in text for text in told)


@pytest.mark.clause("G6")
def test_the_plan_moves_with_its_scenario(played: dict[str, Shown], rehearsal_stage: Stage) -> None:
    years = played["xinxian-2017"].course.years
    record = rehearsal_stage.desk.registry.county_record("411523")
    plans = {plan.year: plan.source for plan in record.plans}
    assert plans[2017 + years] == f"the plan of 2017, moved by {years} years for a rehearsal"
    # It is the shipped register that has it in the plan of the year it really left in.
    assert 2017 in plans


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_scenario_that_goes_otherwise_than_it_says_is_told(
    played: dict[str, Shown], name: str
) -> None:
    faults, (_, told) = played[name].course.faults, OTHERWISE[name]
    assert len(faults) == (len(told) if "end" in name else bool(told))
    for number, sentence in enumerate(told):
        year = str(2017 + played[name].course.years)
        assert sentence.replace("2027", year) in faults[number if "end" in name else 0]
    assert ("NOT as the scenario says" in played[name].text) == bool(told)


async def test_a_round_of_no_schedule_is_a_fault_of_the_file(rehearsal_stage: Stage) -> None:
    scenario = parse(f"{HEAD}{DO}begins = 'follow-up/999999'", "mine")
    with pytest.raises(ScenarioError, match="begins: there is no schedule follow-up/999999"):
        await shown(rehearsal_stage, "mine", scenario)


def test_the_course_is_readable_at_its_width(played: dict[str, Shown]) -> None:
    for each in played.values():
        assert max(cell_len(line.rstrip()) for line in each.text.splitlines()) <= WIDTH
    wuyang = played["wuyang-2017"].text
    for said in (
        "2027-11-10 16:00\n  $ exitflow act county-exit/411121/2027 --step C2",
        "不予接收 refused: A6/411500 may not decide C2",
        "· real date: approved by the provincial government",
        "T3 C2 市级初审逾期",
    ):
        assert said.replace("2027", str(2017 + played["wuyang-2017"].course.years)) in wuyang
    assert "某村三户住房安全尚未达标" in played["wuyang-2017"].words


def test_a_command_of_a_rehearsal_has_the_time_of_the_rehearsal_and_no_other_has() -> None:
    moment = utc_now() + timedelta(days=400)
    assert not ahead()
    with rehearsed_at(moment):
        assert utc_now() == moment
        assert timedelta(days=399) < ahead() <= timedelta(days=400)
    assert utc_now() < moment
    with rehearsed_at(moment - timedelta(days=800)):
        assert not ahead()


def test_the_command_tells_by_its_status_what_was_otherwise_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    text = shipped()["shenqiu-2017"].read_text(encoding="utf-8")
    file = tmp_path / "mine.toml"
    file.write_text(text.replace('"kind=breach.step" = ["C2"]', '"kind=breach.step" = []'), "utf-8")
    # In an installation that must stay as it is.
    env = os.environ | {"EXITFLOW_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "operators.cli", "rehearse", str(file), "--json"],
        env=env,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    course = json.loads(done.stdout)
    (fault,) = course["faults"]
    assert fault.endswith("kind=breach.step: the scenario says nothing, it was C2")
    assert [step["said"]["status"] for step in course["steps"]] == [0] * 4
    ((case_id, entries),) = course["files"].items()
    assert case_id == f"county-exit/411624/{2017 + course['years']}"
    assert [entry["step"] for entry in entries if entry["kind"] == "breach"] == ["C2"]
    assert list(tmp_path.iterdir()) == [file]
