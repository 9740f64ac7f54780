"""Rehearsals on a real server: every shipped scenario ends as it says, and no other way passes."""

import asyncio
import io
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.periods import beijing
from operators.desk.registry import utc_now
from operators.rehearsal.course import Course, disagreements
from operators.rehearsal.course_view import Narrator
from operators.rehearsal.rehearsal import rehearse
from operators.rehearsal.scenario import Scenario
from operators.rehearsal.scenario_files import load, load_scenario, parse, shipped
from operators.rehearsal.stage import Stage, set_stage
from registry.tables import Standing

WIDTH = 100
COUNTIES = [name for name in sorted(shipped()) if isinstance(load(name), Scenario)]


@dataclass(frozen=True)
class Shown:
    """A course, what was printed of it, and the moved scenario it was played from."""

    course: Course
    text: str
    scenario: Scenario


def altered(name: str, old: str, new: str, at: int = 1) -> Scenario:
    """A shipped scenario with the ``at``-th occurrence of something replaced."""
    parts = shipped()[name].read_text(encoding="utf-8").split(old)
    assert len(parts) > at
    text = old.join(parts[:at]) + new + old.join(parts[at:])
    read = parse(text, f"{name}, altered")
    assert isinstance(read, Scenario)
    return read


ALTERED: dict[str, Callable[[], Scenario]] = {
    "another refusal": lambda: altered("lankao-2016", "may not decide C3", "is not open"),
    "the wrong city": lambda: altered("xinxian-2017", "A6/411500", "A6/411600"),
    "no refusal": lambda: altered(
        "wuyang-2017", 'office = "A6/411100"', 'office = "A6/411100"\nrefused = "no"'
    ),
    "too early": lambda: altered("xinxian-2017", 'step = "C2"', 'step = "C5"'),
    "never open": lambda: altered("lankao-2016", 'until = "C5"', 'until = "C2"'),
    "another plan": lambda: altered("shenqiu-2017", "year = 2017", "year = 2016"),
}


@pytest.fixture(scope="module")
async def rehearsal_stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with set_stage(tmp_path_factory.mktemp("rehearsal")) as stage:
        yield stage


@pytest.fixture(scope="module")
async def played(rehearsal_stage: Stage) -> dict[str, Shown]:
    """Every shipped scenario and every altered one, at the same time; the latter a year later."""

    async def play(name: str, scenario: Scenario, later: int) -> Shown:
        out = Console(file=io.StringIO(), width=WIDTH, highlight=False, markup=False)
        years = scenario.years_ahead(utc_now()) + later
        course = await rehearse(rehearsal_stage, name, scenario, Narrator(out), years)
        assert isinstance(out.file, io.StringIO)
        return Shown(course, out.file.getvalue(), scenario.moved(years))

    names = [*COUNTIES, *ALTERED]
    shown = await asyncio.gather(
        *(play(name, load_scenario(name), 0) for name in COUNTIES),
        *(play(name, make(), later) for later, (name, make) in enumerate(ALTERED.items(), 1)),
    )
    return dict(zip(names, shown, strict=True))


def kinds(course: Course, kind: EntryKind) -> list[str]:
    return [entry.text for entry in course.entries if entry.kind is kind]


@pytest.mark.parametrize("name", COUNTIES)
def test_a_shipped_scenario_ends_as_it_says(played: dict[str, Shown], name: str) -> None:
    assert played[name].course.faults == ()
    assert "\nas the scenario says\n" in played[name].text


@pytest.mark.clause("C1", "C2", "C3", "C4", "C5", "C6", "C7")
def test_lankao_goes_without_its_city_and_is_out_on_the_day_of_its_approval(
    played: dict[str, Shown], rehearsal_stage: Stage
) -> None:
    course = played["lankao-2016"].course
    assert course.outcome is not None
    day = beijing(course.outcome.at).date()
    assert (course.outcome.ending, day.month, day.day) == (Ending.EXITED, 2, 27)
    assert len(kinds(course, EntryKind.STEP_SKIPPED)) == 1
    assert "may not decide C3" in course.answers[0].text
    last = rehearsal_stage.desk.registry.county_record("410225").standings[-1]
    assert (last.status, last.since, last.document) == (Standing.EXITED, day, "演练五号")


@pytest.mark.clause("T1")
def test_xinxian_is_published_on_the_real_day_and_for_the_days_of_the_policy(
    played: dict[str, Shown], rehearsal_stage: Stage
) -> None:
    course = played["xinxian-2017"].course
    assert course.case_id is not None
    (notice,) = rehearsal_stage.desk.registry.notices(course.case_id)
    posted = beijing(notice.posted_at).date()
    assert (posted.month, posted.day) == (1, 5)
    closes = beijing(notice.closes_at).date() - timedelta(days=1)
    assert closes >= posted + timedelta(days=7)
    done = [entry for entry in course.entries if entry.kind is EntryKind.STEP_DONE]
    over = next(entry.at for entry in done if entry.step == "C4")
    assert timedelta(0) <= over - notice.closes_at < timedelta(minutes=1)


@pytest.mark.clause("G1", "G3", "G4", "G5", "T3", "T7")
def test_wuyang_is_returned_misses_a_limit_and_answers_two_objections(
    played: dict[str, Shown],
) -> None:
    course = played["wuyang-2017"].course
    assert (course.round, course.breaches) == (3, ("C2 T3",))
    assert len(kinds(course, EntryKind.RETURNED)) == 2
    assert len(kinds(course, EntryKind.LATE)) == 1
    assert [("不成立" in text) for text in kinds(course, EntryKind.RESOLUTION)] == [False, True]
    assert len(kinds(course, EntryKind.NOTICE)) == 2


@pytest.mark.clause("G4")
def test_shenqiu_waits_on_after_its_limit(played: dict[str, Shown]) -> None:
    course = played["shenqiu-2017"].course
    assert (course.outcome, course.step, course.waiting_for) == (None, "C2", "A6/411600")
    told = [text for text in kinds(course, EntryKind.NOTIFIED) if "已逾期" in text]
    assert any("周口市" in text for text in told)
    assert any("河南省" in text for text in told)


@pytest.mark.clause("G6")
def test_the_plan_moves_with_its_scenario(played: dict[str, Shown], rehearsal_stage: Stage) -> None:
    years = played["xinxian-2017"].course.years
    plans = {
        plan.year: plan.source
        for plan in rehearsal_stage.desk.registry.county_record("411523").plans
    }
    assert plans[2017 + years] == f"the plan of 2017, moved by {years} years for a rehearsal"
    (fault,) = played["another plan"].course.faults
    assert "the application is refused: 沈丘县 (411624) is not in the plan of" in fault
    assert played["another plan"].course.case_id is None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("another refusal", "event 1, act C3 (expected to be refused: 'is not open'): it is refus"),
        ("the wrong city", "event 1, act C2: it is refused: A6/411600 may not decide C2"),
        ("no refusal", "event 2, act C2 (expected to be refused: 'no'): it is taken"),
        ("too early", "event 1, act C5: it is refused: C5 is not open"),
        ("never open", "event 3, wait: C2 does not open"),
    ],
)
def test_a_scenario_that_goes_otherwise_than_it_says_stops_there(
    played: dict[str, Shown], name: str, sentence: str
) -> None:
    (fault,) = played[name].course.faults
    assert fault.startswith(sentence)
    assert "NOT as the scenario says" in played[name].text
    assert played[name].course.outcome is None


@pytest.mark.parametrize("name", COUNTIES)
def test_no_other_end_passes_for_the_one_expected(played: dict[str, Shown], name: str) -> None:
    course, expected = played[name].course, played[name].scenario.expect
    assert disagreements(course, expected) == ()
    for field, wrong in {
        "ending": Ending.WITHDRAWN,
        "step": "C3",
        "on": date(2017, 1, 1),
        "rounds": 7,
        "breaches": ("C3 T5",),
    }.items():
        (said,) = disagreements(course, expected.model_copy(update={field: wrong}))
        assert said.startswith(f"expect.{field}: the scenario says ")


def test_the_course_is_readable_at_its_width(played: dict[str, Shown]) -> None:
    for shown in played.values():
        lines = shown.text.splitlines()
        assert max(cell_len(line) for line in lines) <= WIDTH
        for entry in shown.course.entries:
            if entry.kind in (EntryKind.ACT, EntryKind.LIMIT_SET, EntryKind.BREACH):
                assert f"{beijing(entry.at):%Y-%m-%d %H:%M}" in shown.text
    text = played["wuyang-2017"].text
    assert "T3 C2 市级初审逾期" in text
    assert "· real date: approved by the provincial government" in text
    assert "不予接收 refused: A6/411500 may not decide C2" in text
    assert "某村三户住房安全尚未达标" in text


def run_cli(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command as a process, in an installation that must stay as it is."""
    env = os.environ | {"EXITFLOW_HOME": str(folder / "home"), "TMPDIR": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "operators.cli", *words],
        env=env,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_command_prints_json_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = run_cli("rehearse", "shenqiu-2017", "--json", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    course = json.loads(done.stdout)
    assert (course["step"], course["breaches"], course["faults"]) == ("C2", ["C2 T3"], [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "status", "said"),
    [
        ('breaches = ["C2 T3"]', "breaches = []", 1, "expect.breaches: the scenario says none"),
        ('"411624"', '"411999"', 2, "application: county: 411999: the register knows no such code"),
    ],
)
def test_the_status_of_the_command_tells_what_was_wrong(
    tmp_path: Path, old: str, new: str, status: int, said: str
) -> None:
    text = shipped()["shenqiu-2017"].read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "mine.toml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    done = run_cli("rehearse", str(file), folder=tmp_path)
    assert done.returncode == status
    assert said in (done.stdout if status == 1 else done.stderr)
    assert list(tmp_path.iterdir()) == [file]
