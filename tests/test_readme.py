"""What README and guides tell to type, word for word, on a real installation in an empty folder."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from models.periods import BEIJING

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(
    r"<!-- run(?:: (?P<how>[^>]*?))? -->\n```(?:sh|console)\n(?P<text>.*?)```", re.S
)
_UP_WITHIN = 60


@dataclass(frozen=True)
class Block:
    """A block of commands: how it is run, and what it says."""

    how: str
    text: str


TOUR = ("README.md", "docs/offices.md")
"""The pages of the tour, in the order in which they are read."""

RUN_BOOK = (
    *("docs/install.md", "docs/configure.md", "docs/backup.md", "docs/upgrades.md"),
    *("docs/move.md", "docs/uninstall.md"),
)
"""Those of who runs an installation, in the order of its life (``tests.test_run_book``)."""

CHINESE = ("README.zh-CN.md",)


def blocks(*pages: str) -> list[Block]:
    """The blocks that some pages promise, in order."""
    text = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in pages)
    return [Block(found["how"] or "", found["text"]) for found in _BLOCK.finditer(text)]


def test_every_shell_block_is_run_or_is_known_to_be_run_elsewhere() -> None:
    # test_demo and test_makefile; test_compose; test_checking; test_mutual_tls
    elsewhere = (
        *("make demo", "make lint", "docker compose", "exitflow check\n", "TEMPORAL_TLS"),
        "tests.kept_homes",
    )
    for page in (*TOUR, *RUN_BOOK, "docs/auditing.md", "docs/operations.md", *CHINESE):
        text = (ROOT / page).read_text(encoding="utf-8")
        promised = re.findall(r"```(?:sh|console)\n(.*?)```", text, re.S)
        run = [block.text for block in blocks(page)]
        for block in promised:
            assert block in run or any(name in block for name in elsewhere), block


def test_both_languages_tour_alike() -> None:
    assert blocks(*CHINESE) == blocks(*TOUR)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder that looks like a fresh checkout after ``make``."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    return tmp_path


@pytest.fixture
def environment(folder: Path) -> Iterator[dict[str, str]]:
    """``exitflow up``, on free ports, in that folder."""
    given = {key: value for key, value in os.environ.items() if "EXITFLOW" not in key}
    given |= {"YEAR": str(datetime.now(BEIJING).year), "COLUMNS": "100"}
    command = [str(folder / ".venv/bin/exitflow"), "up", "--port", "0", "--ui-port", "0"]
    with subprocess.Popen(
        command, cwd=folder, env=given, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            address = re.search(r"TEMPORAL_ADDRESS=(\S+)", line)
            if address:
                break
        else:
            pytest.fail(f"exitflow up ended: {''.join(said)}")
        try:
            yield given | {"TEMPORAL_ADDRESS": address[1]}
        finally:
            process.send_signal(signal.SIGINT)
            try:
                assert process.wait(_UP_WITHIN) == 0
            finally:
                process.kill()


@pytest.mark.timeout(600)  # each of its commands has a limit of its own
def test_the_tour(folder: Path, environment: dict[str, str]) -> None:
    tour = blocks(*TOUR)
    assert tour[0].how == "up"
    for block in tour[1:]:
        script = re.sub(r"^\$ (.*)\n(.|\n)*", r"\1", block.text)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        status = int(found[1]) if (found := re.search(r"status (\d)", block.how)) else 0
        assert done.returncode == status, (script, done.stdout, done.stderr)
        if "output" in block.how:
            shown = re.sub(r"^\$ .*\n", "", block.text, flags=re.M)
            assert done.stdout.split() == shown.split()
