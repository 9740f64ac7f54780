"""`exitflow check` as an operator uses it; what it finds is tested where it is found."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import Client

from models.checks.findings import CheckReport
from operators.commands.running import make_schedules
from operators.up import prepare_keys, prepare_registry
from tests.crew import apart as namespace
from tests.operators.conftest import Shell
from tests.played import Home
from tests.stage import at, set_stage, settings_in
from workers.keys import installation_of

pytestmark = pytest.mark.clause("G7")


@pytest.fixture
def apart(lonely: Shell, tmp_path: Path) -> Iterator[Home]:
    """A new home with no server, which nothing has touched but the program."""
    settings = settings_in(tmp_path / "home")
    prepare_keys(settings)
    prepare_registry(settings)
    home = Home(settings.home)
    yield home
    home.engine.dispose()


async def test_an_installation_is_checked_with_its_server(
    lonely: Shell, server: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, settings = await namespace(server), settings_in(tmp_path / "home")
    prepare_registry(settings)
    async with set_stage(client, settings) as stage:
        play = await stage.opens(at(11, 16))
        await play.reaches("C2")
        await play.rests()
        await make_schedules(stage.desk.client, stage.policy, stage.registry.overview())
        monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)
        monkeypatch.setenv("TEMPORAL_NAMESPACE", client.namespace)
        said = await lonely("check", "--json")
        report = CheckReport.model_validate(said.json)
        assert (report.total, report.findings) == (0, ())
        assert "1 open cases looked up" in report.server
        assert report.journal.number > 0
        last = await lonely("check", "--last", "--json")
        assert CheckReport.model_validate(last.json) == report


async def test_without_a_server_that_is_said_and_the_rest_is_checked(
    lonely: Shell, apart: Home
) -> None:
    said = await lonely("check")
    assert "not checked: no Temporal server answers at 127.0.0.1:1" in " ".join(said.out.split())
    assert said.status == 0
    assert "nothing is wrong" in said.out
    offline = await lonely("check", "--offline")
    assert "server    not checked (--offline)" in offline.out


async def test_a_finding_says_what_where_and_the_mend_and_is_shown_again(
    lonely: Shell, apart: Home
) -> None:
    apart.meddle("UPDATE poverty_lines SET yuan = 1 WHERE year = 2016")
    said = await lonely("check")
    assert said.status == 1
    assert "register: poverty_lines 2016" in said.out
    assert "it is not as line" in said.out
    assert "put the true rows back." in " ".join(said.out.split())
    assert "\n1 finding, " in said.out
    assert "0 cases with 0 entries" in said.out
    assert (await lonely("check", "--last")).out.startswith("register: poverty_lines 2016")
    assert "found 1: exitflow check --last" in (await lonely("cases")).out


async def test_what_is_planted_to_deceive_is_shown_harmless(lonely: Shell, apart: Home) -> None:
    apart.meddle(
        "INSERT INTO plans (year, subject_code, kind, source, addition) VALUES "
        "(2031, '\x1b[2K\nall is well', 'county', 'x', 1)"
    )
    said = await lonely("check", "--offline")
    assert said.status == 1
    assert "\x1b" not in said.out
    assert "\nall is well" not in said.out


async def test_an_installation_that_was_renamed_is_found(lonely: Shell, apart: Home) -> None:
    assert (await lonely("check", "--offline")).status == 0
    apart.meddle("UPDATE installation SET id = '0123456789ab'")
    said = await lonely("check", "--offline")
    assert said.status == 1
    assert "journal: installation 1, column id" in said.out
    own = installation_of(apart.folder / "keys")
    assert f"put {own} back" in " ".join(said.out.split())


async def test_a_head_that_was_kept_proves_the_journal(lonely: Shell, apart: Home) -> None:
    head = CheckReport.model_validate_json((await lonely("check", "--json")).out).journal
    kept = f"{head.number}:{head.hash}"
    assert (await lonely("check", "--offline", "--since", kept)).status == 0
    other = f"{head.number}:{'0' * 64}"
    said = await lonely("check", "--offline", "--since", other)
    assert said.status == 1
    assert f"journal: journal {head.number}" in said.out


async def test_what_is_given_wrongly_is_named(lonely: Shell, apart: Home) -> None:
    sentence = (await lonely("check", "--since", "yesterday")).fails(2)
    assert sentence.startswith("--since: write a head of the journal")
    apart.meddle("DELETE FROM check_results")
    assert (await lonely("check", "--last")).fails(2).startswith("--last: no check was kept yet")
