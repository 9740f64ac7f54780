"""The demo as a process: it shows what it should, ends as it should, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from operators.rehearsal.scenario_files import shipped
from tests.operators.seasons import text_of

WAITS = 'do = "wait"\ncase = "first"\nuntil = "H4"\n'
DEMO = (sys.executable, "-m", "operators.demo")


def demo_of(scenario: str, township: str, *arguments: str) -> tuple[str, ...]:
    """The demo with one county, and a township of one's own, which is quicker."""
    code = (
        "import sys, operators.demo as demo\n"
        f"demo.SCENARIOS, demo.SEASONS = ({scenario!r},), {{{township!r}: '2 A township'}}\n"
        "sys.exit(demo.main(sys.argv[1:]))"
    )
    return (sys.executable, "-c", code, *arguments)


def processes_of(folder: Path) -> list[str]:
    """Command lines of the processes that have something in a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words:
            found.append(words)
    return found


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The demo's world; whatever it does, nothing of it may be left in the end."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    yield os.environ | {"TMPDIR": str(temporary), "COLUMNS": "110"}
    assert processes_of(temporary) == []
    assert list(temporary.iterdir()) == []


@pytest.fixture
def small(tmp_path: Path) -> str:
    """A township of one village, whose roster waits for the county in the end."""
    file = tmp_path / "small.toml"
    waits = (
        ('do = "act"\ncase = "first"\nstep = "H4"\ndecision = "approve"\n', WAITS),
        ('office = "A5/COUNTY"\nofficer = "某丙"\ndocument_number = "合成一号"\n', ""),
        ('ready = ["one"]', "ready = []"),
        ('first = "exited"', 'first = "open"'),
        ("{ first = { 2017-10-30 = [", "{} # "),
        ("after = { one = { poor = 2", "after = { one = { poor = 6"),
        ("county = { poor = 2", "county = { poor = 6"),
    )
    file.write_text(text_of("419921", *waits), encoding="utf-8")
    return str(file)


@pytest.mark.timeout(400)
def test_once_shows_counties_and_a_township_leaving_and_a_time_after_exit(
    env: dict[str, str],
) -> None:
    done = subprocess.run(
        [*DEMO, "--once"], env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    counties, seasons = done.stdout.split("2 A township 一个乡镇")
    township, after_exit = seasons.split("3 After exit 退出之后")
    before, after = counties.split("Registry after 演练后")
    assert "53 counties listed 在册 (38 国定 national, 15 省定 provincial), 0 exited" in before
    assert "50 counties listed 在册" in after
    for line in ("410225  兰考县", "411121  舞阳县", "411523  新县"):
        assert line in after
    assert before.count("\nas the scenario says") == 4
    assert "/namespaces/default/workflows?query=ExitOverdue%3Dtrue" in before
    assert "T3 C2 市级初审逾期" in before
    assert "8 cases, 7 ended, 1 open 在办" in township
    assert "\nas the scenario says\n" in township
    assert "2 of 3 poor villages could leave in" in township
    assert "58/3330 ≈ 1.74 %" in township
    assert "11 cases, 11 ended, 0 open 在办" in after_exit
    assert after_exit.endswith("\nas the scenario says\n")
    assert "no approval (C7) until a later supervision finds it" in after_exit


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (DEMO, "everything of it lies in"),  # the server is about to start
        (DEMO, "C2 同意"),
        (demo_of("shenqiu-2017", "township-2017"), "拟退出贫困户7户认可、1户不认可"),
    ],
)
def test_ctrl_c_stops_it_cleanly_at_any_time(
    env: dict[str, str], command: tuple[str, ...], shown: str
) -> None:
    with run_until(command, env, shown):
        pass


def test_the_last_screen_names_a_case_to_act_on(env: dict[str, str], small: str) -> None:
    with run_until(demo_of("shenqiu-2017", small), env, "Ctrl-C ends the demo") as screen:
        (act,) = [line for line in screen if " act household-exit/419921100201/" in line]
        (export,) = [line for line in screen if line.startswith("export TEMPORAL_ADDRESS=")]
        assert "--step H4 --as A5/419921 --officer 某乙 --approve" in act
        (shows,) = [line for line in screen if line.rstrip().endswith("--households")]
        script = f"{export}{act}{shows}"
        acted = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env=env,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert acted.returncode == 0, acted.stderr
        assert acted.stdout.count("已销号 struck_off") == 2


@contextmanager
def run_until(command: tuple[str, ...], env: dict[str, str], shown: str) -> Iterator[list[str]]:
    """The demo up to a line, with all that it said; then Ctrl-C, which must end it cleanly."""
    env = env | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        try:
            said = []
            for line in demo.stdout:
                said.append(line)
                if shown in line:
                    break
            else:
                raise AssertionError(f"the demo never said {shown!r}")
            yield said
            demo.send_signal(signal.SIGINT)
            rest = demo.stdout.read()
            assert demo.wait(40) == 0
        finally:
            demo.kill()
        assert rest.endswith("stopped; nothing is left behind\n")


def test_a_scenario_that_ends_otherwise_makes_the_demo_fail(
    env: dict[str, str], tmp_path: Path, small: str
) -> None:
    text = shipped()["shenqiu-2017"].read_text(encoding="utf-8")
    file = tmp_path / "wrong.toml"
    file.write_text(text.replace("rounds = 1", "rounds = 2"), encoding="utf-8")
    command = demo_of(str(file), small, "--once")
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 1
    assert "expect.rounds: the scenario says 2, it was 1" in done.stdout


def test_a_township_that_ends_otherwise_makes_the_demo_fail(
    env: dict[str, str], tmp_path: Path, small: str
) -> None:
    file = tmp_path / "wrong.toml"
    wrong = Path(small).read_text(encoding="utf-8").replace("poor = 6", "poor = 5", 1)
    file.write_text(wrong, encoding="utf-8")
    command = demo_of("shenqiu-2017", str(file), "--once")
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 1
    assert "expect.before.one: the scenario says 5 of 200, it was 6 of 200" in done.stdout
