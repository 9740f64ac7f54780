"""Two installations on one machine, and two versions of the program over one home."""

import signal
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio.client import Client

from operators.up import prepare_keys, prepare_registry
from registry.database.engine import upgrade
from registry.database.installation import PROGRAM
from tests.crew import apart
from tests.operators.conftest import THIS_YEAR, Shell, applies, as_toml
from tests.operators.test_up import on_linux, running
from tests.stage import settings_in
from workers.embedded import free_port
from workers.installation import own_id
from workers.server_check import server_part_at_night
from workers.settings import Settings


def installed(folder: Path) -> Settings:
    """An installation with keys and a registry of its own."""
    settings = settings_in(folder)
    prepare_keys(settings)
    prepare_registry(settings)
    return settings


def told(settings: Settings, statement: str, **values: object) -> None:
    """Change the registry behind the program's back."""
    engine = settings.engine()
    with engine.begin() as connection:
        connection.execute(text(statement), values)
    engine.dispose()


@on_linux
async def test_a_command_is_refused_by_the_server_of_another_folder(
    lonely: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    port = free_port()
    other = installed(second)
    told(other, "INSERT INTO plans (year, subject_code, kind, source, addition) "
         "VALUES (:year, '411523', 'county', 'synthetic', 0)", year=THIS_YEAR)  # fmt: skip
    (tmp_path / "application.toml").write_text(as_toml(applies("411523")), "utf-8")
    opening: tuple[object, ...] = ("start", "county", "411523", "--year", THIS_YEAR)
    opening += ("--application", "application.toml")
    async with running(first, "up", "--port", port, "--ui-port", 0) as up:
        await up.says("Ctrl-C")
        monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{port}")
        monkeypatch.setenv("EXITFLOW_HOME", str(second))
        ids = own_id(settings_in(first)), own_id(other)
        for words in (opening, ("schedules",), ("case", f"county-exit/411523/{THIS_YEAR}")):
            sentence = (await lonely(*words)).fails(3)
            assert sentence.startswith(
                f"the server at 127.0.0.1:{port}, namespace default, belongs to the installation "
                f"{ids[0]} of {first}, and this is {ids[1]} of {second}: set "
            )
        async with running(second, "worker", TEMPORAL_ADDRESS=f"127.0.0.1:{port}") as worker:
            _, said = await worker.process.communicate()
            assert worker.process.returncode == 3
            assert f"belongs to the installation {ids[0]} of {first}" in said.decode()
        # Without keys a folder is no installation at all; and the right one is not kept out.
        (second / "keys").unlink()
        unknown = (await lonely("schedules")).fails(3)
        assert "which has no keys and so is no installation yet" in unknown
        monkeypatch.setenv("EXITFLOW_HOME", str(first))
        assert "56 schedules" in (await lonely("schedules")).done()
        # Nor does one reach another's registry.
        monkeypatch.setenv("EXITFLOW_REGISTRY_URL", f"sqlite:///{second / 'registry.db'}")
        told(other, "UPDATE installation SET id = :id", id=ids[1])
        sentence = (await lonely("schedules")).fails(3)
        assert sentence.startswith(
            f"the registry {second / 'registry.db'} belongs to the installation {ids[1]}, and this "
            f"is {ids[0]} of {first}: set "
        )
        assert await up.ends(signal.SIGINT) == 0


async def test_a_namespace_is_claimed_by_who_sets_it_up(
    lonely: Shell, server: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = await apart(server)
    monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", client.namespace)
    first, second = installed(tmp_path / "first"), installed(tmp_path / "second")
    monkeypatch.setenv("EXITFLOW_HOME", str(first.home))
    for _ in range(2):
        (await lonely("setup", "namespace")).done()
    assert "0 schedules" in (await lonely("schedules")).done()
    monkeypatch.setenv("EXITFLOW_HOME", str(second.home))
    monkeypatch.setattr("workers.namespace.set_up", _set_up_anyway)
    for words in (("setup", "namespace"), ("setup", "schedules"), ("schedules",), ("check",)):
        sentence = (await lonely(*words)).fails(3)
        assert f"{own_id(first)} of {first.home}, and this is {own_id(second)} of" in sentence
    assert (await lonely("check", "--offline")).status == 0
    engine = second.engine()
    said, (finding,) = await server_part_at_night(client, second, engine)
    engine.dispose()
    assert said == "not checked: it is another installation's"
    assert f"{own_id(first)} of {first.home}" in finding.what
    assert finding.mend.startswith("set EXITFLOW_HOME to the home of the former")


async def _set_up_anyway(client: Client) -> list[str]:
    raise AssertionError(f"{client.namespace} is another's, and was not compared")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ("99.0.1", "which cannot go on from there: install exitflow 99.0.1 or a later one"),
        ("0.1.0", "let its cases end under exitflow 0.1.0, or begin with a new home"),
        ("nonsense", "which cannot go on from there: install exitflow nonsense or a later one"),
    ],
)
async def test_another_version_is_refused_by_a_sentence_that_names_both(
    lonely: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, found: str, said: str
) -> None:
    settings = installed(tmp_path / "home")
    monkeypatch.setenv("EXITFLOW_HOME", str(settings.home))
    both = f"was last used by exitflow {found}, and this is {PROGRAM}"
    told(settings, "UPDATE installation SET version = :version", version=found)
    for words in (("cases",), ("schedules",), ("worker",), ("setup", "registry")):
        sentence = (await lonely(*words)).fails(3)
        assert sentence.startswith(f"the registry {settings.home / 'registry.db'} {both}")
        assert said in sentence
    told(settings, "UPDATE installation SET version = :version", version=PROGRAM)
    assert (await lonely("cases")).done()
    (settings.home / "version").write_text(found, "utf-8")
    up = ("up", "--port", 0, "--ui-port", 0)
    commands: list[tuple[object, ...]] = [("schedules",), ("worker",), up, ("setup", "registry")]
    for command in commands:
        sentence = (await lonely(*command)).fails(3)
        assert sentence.startswith(f"the home {settings.home} {both}")
        assert said in sentence


async def test_a_registry_of_before_versions_were_noted(lonely: Shell, tmp_path: Path) -> None:
    settings = installed(tmp_path / "home")
    for table in ("installation", "contradictions", "ended_runs"):  # made since then
        told(settings, f"DROP TABLE {table}")
    told(settings, "UPDATE alembic_version SET version_num = '0005'")
    for words in (("setup", "registry"), ("up", "--port", 0, "--ui-port", 0), ("cases",)):
        sentence = (await lonely(*words)).fails(3)
        assert f"was set up by an exitflow older than 0.2.0, and this is {PROGRAM}, which" in (
            sentence
        )
        assert "begin with a new home" in sentence


def test_setting_up_again_is_no_change(tmp_path: Path) -> None:
    settings = installed(tmp_path / "home")
    engine = settings.engine()
    upgrade(engine)
    upgrade(engine)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT number, version, id FROM installation")).all()
    assert [tuple(row) for row in rows] == [(1, PROGRAM, None)]
    engine.dispose()
