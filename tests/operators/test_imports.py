"""A command imports what it needs and no more, so that it starts at once.

They run in processes of their own, as from a shell: here everything is imported already. Those of
one kind share one, and the first that imports too much is named.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from operators.up import prepare_registry
from tests.stage import settings_in

TEMPORAL = {"temporalio", "workflows"}
WORKBOOKS_AND_PAGES = {"xlsxwriter", "jinja2", "matplotlib"}
DATABASE = {"sqlalchemy", "sqlmodel", "registry.tables"}
OTHER_DATABASE = {"sqlalchemy.dialects.postgresql", "psycopg"}
OF_OTHERS = {
    "alembic",
    "httpx",
    "aiosmtplib",
    "cryptography",
    *TEMPORAL,
    *WORKBOOKS_AND_PAGES,
    *OTHER_DATABASE,
}
OF_A_CASE = {"asyncio", "models.case.messages"}

RUN = """
import sys
from operators.cli import execute
with open(sys.argv[1], "w") as file:
    for words in sys.argv[2:]:
        status = execute(words.split())
        print(status, *sys.modules, file=file)
"""

OFFLINE = ("--help", "--version", "when --help", "when T1 --from 2019-04-24", "when T2 --year 2027")
WRONG = ("when T9", "when T1 --from soon", "when --bogus", "cases --region 415")
FROM_THE_REGISTRY = (
    "cases",
    "cases --year 2027 --overdue --json",
    "deadlines",
    "registry list",
    "registry show 411523",
    "registry lines",
    "plan list --year 2018",
    "ready counties --year 2018",
    "progress --year 2018",
    "consequences --year 2018",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = settings_in(tmp_path_factory.mktemp("home"))
    prepare_registry(settings)
    return settings.home


def imported(commands: Sequence[str], home: Path, listed: Path, ends: int = 0) -> list[set[str]]:
    """Every module that is imported when each of some commands has done its work."""
    subprocess.run(
        [sys.executable, "-c", RUN, listed, *commands],
        env={**os.environ, "EXITFLOW_HOME": str(home)},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if ends else None,
        check=True,
    )
    found: list[set[str]] = []
    for line in listed.read_text().splitlines():
        status, *modules = line.split()
        assert int(status) == ends, commands[len(found)]
        found.append({each for each in modules if each in OF_OTHERS | DATABASE | OF_A_CASE})
    return found


def test_what_needs_neither_server_nor_registry_loads_neither(home: Path, tmp_path: Path) -> None:
    for words, modules in zip(OFFLINE, imported(OFFLINE, home, tmp_path / "listed"), strict=True):
        assert modules == set(), words


def test_what_is_typed_wrong_is_told_without_a_server(home: Path, tmp_path: Path) -> None:
    found = imported(WRONG, home, tmp_path / "listed", ends=2)
    for words, modules in zip(WRONG, found, strict=True):
        assert not modules & OF_OTHERS, words


def test_what_the_registry_answers_loads_nothing_of_temporal(home: Path, tmp_path: Path) -> None:
    found = imported(FROM_THE_REGISTRY, home, tmp_path / "listed")
    for words, modules in zip(FROM_THE_REGISTRY, found, strict=True):
        assert modules - OF_A_CASE == DATABASE, words
