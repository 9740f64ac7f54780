"""`make test-compose`: the production topology for real, built and run by a Docker engine.

It is a project of its own with volumes of its own, publishes no port, and is taken down in the end.
No part of the suite: it fetches images, and few machines of tests have an engine.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.test_compose import LONG_RUNNING, ONE_SHOTS, PASSWORDS, WORKERS, compose

pytestmark = pytest.mark.timeout(3600)

PROJECT = "exitflow-live-test"
METRICS = (
    "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9464/metrics').read().decode())"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Compose on the whole topology, which is up; what it prints, once it has ended with 0."""
    # What is published would be in the way of an installation that runs on this machine.
    quiet = tmp_path_factory.mktemp("compose") / "no-ports.yml"
    names = [name for name in LONG_RUNNING if not name.endswith("-db")]
    quiet.write_text(
        "services:\n" + "".join(f"  {name}:\n    ports: !override []\n" for name in names), "utf-8"
    )

    def ask(*arguments: str) -> str:
        options = ("--file", str(quiet), "--project-name", PROJECT, "--progress", "quiet")
        done = compose(*options, *arguments, **PASSWORDS)
        assert done.returncode == 0, f"{arguments}: {done.stderr[-3000:]}\n{done.stdout[-3000:]}"
        return done.stdout

    engine = compose("ls", **PASSWORDS)
    if engine.returncode:
        pytest.skip(f"no Docker engine answers: {engine.stderr.strip()}")
    try:
        ask("up", "--build", "--detach", "--wait")
        yield ask
    finally:
        ask("down", "--volumes", "--timeout", "130")


def states(run: Callable[..., str]) -> dict[str, tuple[str, str, int]]:
    """State, health and exit status of each service, of those that have ended too."""
    lines = run("ps", "--all", "--format", "json").splitlines()
    seen = [json.loads(line) for line in lines]
    return {each["Service"]: (each["State"], each["Health"], each["ExitCode"]) for each in seen}


def well(run: Callable[..., str], worker: str) -> None:
    """The program in a worker's container finds nothing wrong with the whole of it."""
    run("exec", "-T", worker, "exitflow", "doctor")


def test_all_of_it_comes_up_and_both_workers_serve_their_numbers(run: Callable[..., str]) -> None:
    seen = states(run)
    assert {seen[name] for name in ONE_SHOTS} == {("exited", "", 0)}
    assert {seen[name] for name in LONG_RUNNING} == {("running", "healthy", 0)}
    for worker in WORKERS:
        well(run, worker)
        said = run("exec", "-T", worker, "python", "-c", METRICS)
        assert "exitflow_registry_up 1" in said


def test_one_worker_is_restarted_and_the_other_works_on(run: Callable[..., str]) -> None:
    for gone, stays in (WORKERS, WORKERS[::-1]):
        began = time.monotonic()
        run("stop", gone)
        assert time.monotonic() - began < 100, "it was killed, or hangs"
        assert states(run)[gone][2] == 0
        well(run, stays)
        run("up", "--detach", "--wait", "--no-deps", gone)
        run("restart", gone)
        run("up", "--detach", "--wait", "--no-deps", gone)
        assert states(run)[gone][:2] == ("running", "healthy")


def test_what_runs_once_may_run_again(run: Callable[..., str]) -> None:
    for name in sorted(ONE_SHOTS):
        run("run", "--rm", "--no-deps", name)


def test_files_that_are_laid_over_publish_no_port(tmp_path: Path) -> None:
    quiet = tmp_path / "no-ports.yml"
    quiet.write_text("services:\n  worker:\n    ports: !override []\n", "utf-8")
    said = compose("--file", str(quiet), "config", "--format", "json", **PASSWORDS)
    assert "ports" not in json.loads(said.stdout)["services"]["worker"]
