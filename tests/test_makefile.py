"""make sets itself up from Python alone, says in a sentence what is missing, ends on Ctrl-C."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# A make above would hand down its own flags and variables.
ENV = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A checkout that was never set up."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "operators/foreground.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments], cwd=checkout, env=ENV, capture_output=True, text=True, timeout=60
    )


def python_that_runs_first(folder: Path, statement: str) -> Path:
    """A Python in which the statement has changed the world before any code of `-c` runs."""
    fake = folder / "fake-python"
    fake.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit\n'
        f'exec "{sys.executable}" -c "import sys; {statement}; exec(sys.argv[1])" "$2"\n'
    )
    fake.chmod(0o755)
    return fake


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0
    assert done.stdout == ""
    sentence, verdict = done.stderr.splitlines()
    assert verdict.startswith("make: ***")
    assert "make PYTHON=" in sentence
    return sentence


@pytest.mark.parametrize(
    "target", ["demo", "quick", "test", "mutants", "season", "bench", "bench-lists", "lint", "lock"]
)
def test_a_missing_python_is_named(fresh: Path, target: str) -> None:
    sentence = refusal(make(fresh, target, "PYTHON=no-such-python"))
    assert "needs Python 3.11 or newer and finds no 'no-such-python'" in sentence
    assert not (fresh / ".venv").exists()


def test_an_old_python_is_refused_with_its_version(fresh: Path) -> None:
    fake = python_that_runs_first(fresh, "sys.version_info = (3, 9, 2)")
    sentence = refusal(make(fresh, "test", f"PYTHON={fake}"))
    assert f"needs Python 3.11 or newer and '{fake}' is Python 3.9.2" in sentence
    assert not (fresh / ".venv").exists()


def test_a_python_without_venv_is_refused_with_the_package_to_install(fresh: Path) -> None:
    fake = python_that_runs_first(fresh, "sys.modules['ensurepip'] = None")
    sentence = refusal(make(fresh, "test", f"PYTHON={fake}"))
    assert "apt install python3-venv" in sentence
    assert not (fresh / ".venv").exists()


DEMO = """
import sys, time
try:
    print("demo", *sys.argv[1:], flush=True)
    while True:  # a pause could miss a signal that comes just before it
        time.sleep(0.05)
finally:
    print("tidied up", flush=True)
"""


def test_ctrl_c_ends_the_demo_and_make_with_success(fresh: Path) -> None:
    (fresh / "operators" / "demo.py").write_text(DEMO)
    (fresh / ".venv" / "bin").mkdir(parents=True)
    (fresh / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (fresh / ".venv" / ".installed").touch()

    # A process of its own: forking one with threads, as a test runner is, may lock up.
    on_terminal = (
        "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", on_terminal, "make", "demo", "ONCE=1"],
        cwd=fresh,
        env=ENV,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as terminal:
        assert terminal.stdout is not None
        assert terminal.stdout.readline() == "demo --once\n"
        rest, _ = terminal.communicate("\x03", timeout=30)
    assert rest == "^Ctidied up\n"
    assert terminal.returncode == 0
