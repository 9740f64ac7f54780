"""The demo as a process: it shows what it should, ends as it should, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from operators.scenario import shipped

DEMO = (sys.executable, "-m", "operators.demo")


def demo_of(scenario: str, *arguments: str) -> tuple[str, ...]:
    """The demo with one scenario alone, which is quicker."""
    code = (
        "import sys, operators.demo as demo\n"
        f"demo.SCENARIOS = ({scenario!r},)\n"
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


def test_once_shows_three_counties_leaving_the_list(env: dict[str, str]) -> None:
    done = subprocess.run(
        [*DEMO, "--once"], env=env, capture_output=True, text=True, timeout=110, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    before, after = done.stdout.split("Registry after 演练后")
    assert "53 counties listed 在册 (38 国定 national, 15 省定 provincial), 0 exited" in before
    assert "50 counties listed 在册" in after
    for line in ("410225  兰考县", "411121  舞阳县", "411523  新县"):
        assert line in after
    assert before.count("\nas the scenario says") == 4
    assert "/namespaces/default/workflows?query=ExitOverdue%3Dtrue" in before
    assert "T3 C2 市级初审逾期" in before


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (DEMO, "everything of it lies in"),  # the server is about to start
        (DEMO, "C2 同意"),
        (demo_of("shenqiu-2017"), "Ctrl-C ends the demo"),
    ],
)
def test_ctrl_c_stops_it_cleanly_at_any_time(
    env: dict[str, str], command: tuple[str, ...], shown: str
) -> None:
    env = env | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if shown in line:
                break
        else:
            raise AssertionError(f"the demo never said {shown!r}")
        demo.send_signal(signal.SIGINT)
        rest = demo.stdout.read()
        assert demo.wait(40) == 0
        assert rest.endswith("stopped; nothing is left behind\n")


def test_a_scenario_that_ends_otherwise_makes_the_demo_fail(
    env: dict[str, str], tmp_path: Path
) -> None:
    text = shipped()["shenqiu-2017"].read_text(encoding="utf-8")
    file = tmp_path / "wrong.toml"
    file.write_text(text.replace("rounds = 1", "rounds = 2"), encoding="utf-8")
    command = demo_of(str(file), "--once")
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 1
    assert "expect.rounds: the scenario says 2, it was 1" in done.stdout
