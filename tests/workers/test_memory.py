"""A worker keeps as many open cases in memory as its settings say."""

from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.worker import Worker

from tests.stage import settings_in
from workers import catalogue
from workers.catalogue import build_worker
from workers.settings import Settings, SettingsError, load_settings


async def test_the_cache_of_a_worker_is_the_setting(
    server: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[dict[str, Any]] = []

    class Seen(Worker):
        def __init__(self, client: Client, **options: Any) -> None:
            made.append(options)
            super().__init__(client, **options)

    monkeypatch.setattr(catalogue, "Worker", Seen)
    async with build_worker(server, settings_in(tmp_path, cases_in_memory=7)):
        pass
    assert {options["max_cached_workflows"] for options in made if "workflows" in options} == {7}


def test_a_worker_without_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXITFLOW_CASES_IN_MEMORY", "0")
    with pytest.raises(SettingsError, match="cases_in_memory"):
        load_settings()
    assert Settings().cases_in_memory == 1_000
