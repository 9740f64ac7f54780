"""The run-book, command by command: the life of one installation, with a case half way."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from models.periods import BEIJING
from registry.calendar import OfficialCalendar
from tests.test_readme import ROOT, RUN_BOOK, blocks

_STEP = re.compile(
    r"<!-- stop -->|<!-- run(?:: (?P<how>up))? -->\n```sh\n(?P<text>.*?)```", re.DOTALL
)
_WITHIN = 60


class Machine:
    """Folders that look like fresh checkouts after ``make lint``, and `exitflow up`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for checkout in (folder, folder / "new"):
            checkout.mkdir(exist_ok=True)
            (checkout / ".venv").symlink_to(sys.prefix)
        today = datetime.now(BEIJING).date()
        known = OfficialCalendar()
        following = next(
            year
            for year in range(today.year, today.year + 9)
            if not known.look_up(today.replace(year=year, month=6, day=1)).published
        )
        given = {name: value for name, value in os.environ.items() if "EXITFLOW" not in name}
        self.environment = given | {"YEAR": str(today.year), "NEXT": str(following)}
        self._up: subprocess.Popen[str] | None = None

    def run(self, script: str) -> str:
        """A block, as it stands on its page."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, (script, done.stdout, done.stderr)
        return done.stdout

    def start(self, script: str) -> None:
        """A block that goes on, on ports that are free."""
        assert self._up is None
        self._up = subprocess.Popen(
            ["bash", "-euc", script.replace("exitflow up", "exitflow up --port 0 --ui-port 0")],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._up.stdout is not None
        said = []
        for line in self._up.stdout:
            said.append(line)
            if address := re.search(r"TEMPORAL_ADDRESS=(\S+)", line):
                self.environment["TEMPORAL_ADDRESS"] = address[1]
            if line.startswith("worker ready"):
                return
        pytest.fail(f"exitflow up ended: {''.join(said)}")

    def stop(self) -> None:
        """Ctrl-C."""
        assert self._up is not None
        os.killpg(self._up.pid, signal.SIGINT)
        self._up.communicate(timeout=_WITHIN)
        self._up = None

    def end(self) -> None:
        """Whatever still runs."""
        if self._up is not None:
            os.killpg(self._up.pid, signal.SIGKILL)
            self._up.communicate()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    yield made
    made.end()


def of_the_tour(words: str) -> str:
    """A block of the README: a case is begun with one and goes on with the next."""
    (found,) = [each.text for each in blocks("README.md") if words in each.text]
    return found


@pytest.mark.timeout(600)  # each of its commands has a limit of its own
def test_the_life_of_an_installation(machine: Machine) -> None:
    for page in RUN_BOOK:
        for step in _STEP.finditer((ROOT / page).read_text(encoding="utf-8")):
            if step["text"] is None:
                machine.stop()
            elif step["how"] == "up":
                machine.start(step["text"])
            else:
                machine.run(step["text"])
        if page == "docs/configure.md":
            machine.run(of_the_tour("start county 411523"))
        if page == "docs/upgrades.md":  # restored once and upgraded, half way all the time
            assert "C3" in machine.run(of_the_tour("--step C2 --as A6/411500"))
        if page == "docs/move.md":
            moved = "cd new; .venv/bin/exitflow cases --json"
            assert '"step":"C3"' in machine.run(moved)
    assert sorted(os.listdir(machine.folder)) == ["application.toml", "copies", "safe"]
    assert sorted(os.listdir(machine.folder / "copies")) == [
        *("before-upgrade", "last", "monday", "moving"),
    ]
