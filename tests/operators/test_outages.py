"""Server or database not reachable: one sentence, status 3, nothing half written."""

import re
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from operators.desk.desk import NoCase
from operators.up import prepare_registry
from tests.operators.conftest import THIS_YEAR, Opener, Shell, applies, as_toml
from tests.stage import Stage, settings_in

NOWHERE = f"county-exit/411523/{THIS_YEAR}"
NO_ROSTER = f"household-exit/411523100001/{THIS_YEAR}/1"
SHORT = timedelta(seconds=1)
APPROVE = ("--step", "C2", "--as", "A6/411500", "--officer", "某乙", "--approve")


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """An application that the rules allow."""
    path = tmp_path / "application.toml"
    path.write_text(as_toml(applies("411523")), encoding="utf-8")
    return path


def sends(application: Path) -> list[tuple[object, ...]]:
    """Every command that sends something, or asks a case."""
    by = ("--as", "A7/410000", "--officer", "某乙", "--reason", "合成")
    return [
        ("start", "county", "411523", "--year", THIS_YEAR, "--application", application),
        ("act", NOWHERE, *APPROVE),
        ("act", NOWHERE, *APPROVE, "--signal"),
        ("object", NOWHERE, "--text", "x"),
        ("resolve", NOWHERE, "o-1", *by, "--dismissed", "--evidence", application),
        ("withdraw", NOWHERE, *by),
        ("consent", NO_ROSTER, "R000001", "--agreed", "--signed-by", "张某", "--officer", "某甲"),
        ("amend", NO_ROSTER, "--household", "R000001", *by),
        ("case", NOWHERE),
        ("case", NOWHERE, "--ledger", "--json"),
        ("case", NO_ROSTER, "--households"),
    ]


async def test_without_a_server(lonely: Shell, application: Path) -> None:
    (await lonely("setup", "registry")).done()
    (await lonely("setup", "key")).done()
    for words in [*sends(application), ("setup", "namespace"), ("worker",)]:
        sentence = (await lonely(*words)).fails(3)
        assert sentence == (
            "no Temporal server answers at 127.0.0.1:1; start one with 'exitflow up', or set "
            "TEMPORAL_ADDRESS (nothing listens there)"
        ), words


async def test_a_server_of_an_unknown_name(lonely: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (await lonely("setup", "registry")).done()
    monkeypatch.setenv("TEMPORAL_ADDRESS", "nowhere.invalid:7233")
    sentence = (await lonely("setup", "namespace")).fails(3)
    assert sentence.endswith("(no machine of that name is known)")


async def test_without_a_registry(lonely: Shell, application: Path, tmp_path: Path) -> None:
    file = tmp_path / "home" / "registry.db"
    for words in [
        *sends(application),
        ("cases",),
        ("deadlines", "--json"),
        ("registry", "list"),
        ("registry", "show", "411523"),
        ("plan", "add", "411523", "--year", "2026", "--source", "x"),
        ("worker",),
    ]:
        sentence = (await lonely(*words)).fails(3)
        assert sentence == (
            f"the registry {file} does not exist: run `exitflow setup registry`, or `exitflow up`, "
            "which sets up everything"
        )
    assert not file.parent.exists()


def make_read_only(database: Path) -> None:
    """Mark a SQLite file as one that only a newer SQLite may write; it holds for root too.

    Byte 18 of its header is the version of the format for writing, byte 19 for reading.
    """
    with database.open("r+b") as file:
        file.seek(18)
        file.write(bytes([3]))


def content(path: Path) -> bytes:
    return path.read_bytes()


@pytest.fixture
def read_only(tmp_path: Path) -> Path:
    """A registry with counties that cannot be written."""
    settings = settings_in(tmp_path / "home")
    prepare_registry(settings)
    database = tmp_path / "home" / "registry.db"
    make_read_only(database)
    return database


async def test_a_read_only_registry_is_read_but_never_written(
    lonely: Shell, read_only: Path, application: Path
) -> None:
    before = content(read_only)
    for words in [
        sends(application)[0],
        sends(application)[1],
        ("plan", "add", "411523", "--year", "2026", "--source", "x"),
        ("registry", "load", "data.csv", "--listed-since", "2012-03-19", "--plan-source", "x"),
        ("worker",),
    ]:
        said = await lonely(*words)
        if words[:2] == ("registry", "load"):
            assert "data.csv cannot be read" in said.fails(2)
        else:
            assert f"the registry {read_only} is read-only" in said.fails(3), words
    assert len((await lonely("registry", "list", "--json")).json["counties"]) == 53
    assert content(read_only) == before


async def test_a_read_only_registry_keeps_a_case_from_starting(
    cli: Shell,
    installation: Stage,
    read_only: Path,
    application: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EXITFLOW_HOME", str(read_only.parent))
    words = ("start", "county", "411523", "--year", THIS_YEAR, "--application", application)
    assert "is read-only" in (await cli(*words)).fails(3)
    with pytest.raises(NoCase):
        await installation.desk.status(NOWHERE)


async def test_a_database_that_is_none(lonely: Shell, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "registry.db").write_text("县,省\n" * 200, encoding="utf-8")
    assert "is no SQLite database" in (await lonely("cases")).fails(3)


async def test_a_database_server_that_is_down_is_named_without_its_password(
    lonely: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("EXITFLOW_REGISTRY_URL", f"postgresql://a:geheim@127.0.0.1:{port}/exitflow")
    for words in (("cases",), ("setup", "registry"), ("act", NOWHERE, *APPROVE)):
        sentence = (await lonely(*words)).fails(3)
        assert f"the registry at PostgreSQL 127.0.0.1:{port}" in sentence
        assert "geheim" not in sentence


async def test_a_case_without_a_worker_is_told_apart_from_a_missing_one(
    cli: Shell, opens: Opener, installation: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await opens()
    monkeypatch.setattr("operators.desk.desk.ANSWER_WITHIN", SHORT)
    await installation.crew.goes()
    try:
        for words in (("case", case.id), ("act", case.id, *APPROVE)):
            sentence = (await cli(*words)).fails(3)
            assert re.match(rf"{case.id} did not answer within .*start a worker", sentence)
    finally:
        await installation.crew.comes()
