"""A command imports what it needs and no more, so that it starts at once.

Each runs in a process of its own, as from a shell: here everything is imported already.
"""

import os
import subprocess
import sys
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
status = execute(sys.argv[2:])
with open(sys.argv[1], "w") as file:
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


def imported(words: str, home: Path, listed: Path, ends: int = 0) -> set[str]:
    """Every module that a command has imported when it has done its work, with its packages."""
    subprocess.run(
        [sys.executable, "-c", RUN, listed, *words.split()],
        env={**os.environ, "EXITFLOW_HOME": str(home)},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if ends else None,
        check=True,
    )
    status, *modules = listed.read_text().split()
    assert int(status) == ends
    return {module for module in modules if module in OF_OTHERS | DATABASE | OF_A_CASE}


@pytest.mark.parametrize("words", OFFLINE)
def test_what_needs_neither_server_nor_registry_loads_neither(
    words: str, home: Path, tmp_path: Path
) -> None:
    assert imported(words, home, tmp_path / "listed") == set()


@pytest.mark.parametrize("words", WRONG)
def test_what_is_typed_wrong_is_told_without_a_server(
    words: str, home: Path, tmp_path: Path
) -> None:
    assert not imported(words, home, tmp_path / "listed", ends=2) & OF_OTHERS


@pytest.mark.parametrize("words", FROM_THE_REGISTRY)
def test_what_the_registry_answers_loads_nothing_of_temporal(
    words: str, home: Path, tmp_path: Path
) -> None:
    assert imported(words, home, tmp_path / "listed") - OF_A_CASE == DATABASE
