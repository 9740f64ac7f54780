"""What it costs to start a command that needs no server: processor seconds, the least of five."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from operators.up import prepare_registry
from tests.stage import settings_in

RUNS = 5

_CLI = ("-m", "operators.cli")
STARTED: dict[str, tuple[tuple[str, ...], float | None]] = {
    "python -c pass": (("-c", "pass"), None),
    "exitflow when": ((*_CLI, "when", "T1", "--from", "2019-04-24"), 0.4),
    "exitflow cases": ((*_CLI, "cases"), 0.8),
}
"""What is started, with the aim on an idle core; the first is the floor."""


def starts(home: Path) -> dict[str, float]:
    """Processor seconds of each, over a registry of the national counties without a case."""
    settings = settings_in(home)
    prepare_registry(settings)
    environment = {**os.environ, "EXITFLOW_HOME": str(settings.home)}
    return {
        name: min(_seconds(words, environment) for _ in range(RUNS))
        for name, (words, _) in STARTED.items()
    }


def _seconds(words: Sequence[str], environment: Mapping[str, str]) -> float:
    before = os.times()
    subprocess.run([sys.executable, *words], env=environment, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return (
        after.children_user - before.children_user + after.children_system - before.children_system
    )


def print_starts(console: Console, seconds: Mapping[str, float]) -> None:
    """One line."""
    said = (
        f"{name} {seconds[name]:.2f} s" + (f" (aim {aim})" if aim is not None else "")
        for name, (_, aim) in STARTED.items()
    )
    console.print(f"to start, of a processor, least of {RUNS}: {', '.join(said)}")
