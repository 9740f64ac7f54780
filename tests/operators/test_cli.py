"""The command line itself: help, usage, statuses, and what no command answers for."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import BaseModel
from temporalio.service import RPCError, RPCStatusCode

from models.case.ledger import LedgerError
from models.policy import PolicyError
from operators.cli import BUG, COMMANDS, FAMILIES
from operators.commands.words import InputError
from operators.desk.desk import NoAnswer, NoCase, Refused
from operators.verdicts import verdict
from registry.calendar import CalendarError
from registry.desk import UnknownCounty
from registry.errors import LoadError, RegistryError
from tests.operators.conftest import Shell
from workers.connection import Unreachable
from workers.embedded import ServerError
from workers.settings import SettingsError

EXITFLOW = Path(sys.executable).parent / "exitflow"
CALLABLE = [(words, *entry) for group in COMMANDS.values() for words, entry in group.items()]


async def test_help_names_every_command(lonely: Shell) -> None:
    out = (await lonely("--help")).done()
    for title, commands in COMMANDS.items():
        assert title in out
        assert all(words.split()[0] in out for words in commands)
    assert "0 done, 1 refused by the rules, 2 wrong usage or input, 3 server or database" in out
    assert (await lonely()).done() == out
    for family, summary in FAMILIES.items():
        assert summary in (await lonely(family, "--help")).done()


async def test_help_names_the_records_that_import_takes_and_what_writes_them(
    lonely: Shell,
) -> None:
    async def said(words: str) -> str:
        out = (await lonely("registry", words, "--help")).done()
        return " ".join(out.replace("│", " ").split())

    imported = await said("import")
    assert "records of offices (台账)" in imported
    assert "台账类别, 对象编号, 年度, 单位, 经办人, 日期, 内容" in imported
    assert "of records, see registry records" in await said("export")
    assert "see registry import" in await said("record")
    assert "as import reads it" in await said("records")


@pytest.mark.parametrize(("words", "path", "summary"), CALLABLE, ids=[each[0] for each in CALLABLE])
async def test_every_command_has_help_for_all_it_takes(
    lonely: Shell, words: str, path: str, summary: str
) -> None:
    out = " ".join((await lonely(*words.split(), "--help")).done().replace("│", " ").split())
    assert " ".join(summary.split()) in out
    module, name = path.split(":")
    assert callable(getattr(import_module(module), name))
    assert "STR --" not in out.partition("╭")[2]  # an option without a word of help


async def test_the_version_is_that_of_the_package(lonely: Shell) -> None:
    assert (await lonely("--version")).done().strip().count(".") == 2


class Model(BaseModel):
    year: int


def invalid() -> Exception:
    try:
        Model.model_validate({"year": "soon"})
    except ValueError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("x"), 1),
        (NoCase("x"), 1),
        (UnknownCounty("x"), 1),
        (LedgerError("x"), 1),
        (invalid(), 2),
        (InputError("x"), 2),
        (CalendarError("x"), 2),
        (PolicyError("x"), 2),
        (SettingsError("x"), 2),
        (LoadError(["x"]), 2),
        (Unreachable("x"), 3),
        (NoAnswer("x"), 3),
        (RegistryError("x"), 3),
        (ServerError("x"), 3),
        (RPCError("x", RPCStatusCode.UNAVAILABLE, b""), 3),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_the_status_of_an_error(error: Exception, status: int) -> None:
    judged = verdict(error)
    assert judged is not None
    assert judged[0] == status
    assert judged[1].endswith(("x", "unable to parse string as an integer"))


async def test_a_fault_of_the_program_is_no_refusal(
    lonely: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("operators.commands.when.compute", broken)
    said = await lonely("when", "T1", "--from", "2018-01-05")
    assert (said.status, said.out) == (BUG, "")
    assert "ZeroDivisionError: a bug" in said.err
    assert said.err.endswith("exitflow: this is a fault of exitflow itself\n")


def test_as_a_process_it_says_one_sentence_and_ends_with_the_status(tmp_path: Path) -> None:
    done = subprocess.run(
        [EXITFLOW, "when", "T9"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "exitflow: CLAUSE: 'T9' names no limit; the limits are T1 to T7, T1.posting, G1, G3, F5, "
        "F6, F6.hearing and F9\n"
    )


def test_a_reader_that_has_seen_enough_gets_no_traceback(tmp_path: Path) -> None:
    command = f"{EXITFLOW} --help | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == ["Usage: exitflow COMMAND", "0"]
    assert done.stderr == ""
