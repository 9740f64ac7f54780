"""Recorded cases go the same way through today's code, and write the same file to the letter."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.record_histories import CLIENT, PATHS, WORKER
from tests.replays import Departed, Recording, check, recordings, replay
from tests.workflows.departures import OtherWords, ReportBeforePublicity, ReviewAfterCheck

RECORDED = [pytest.param(each, id=each.file.stem) for each in recordings()]


def first(path: str) -> Recording:
    """The oldest record of a path."""
    return next(each for each in recordings() if each.path == path)


def test_every_path_is_recorded() -> None:
    assert {each.path for each in recordings()} == set(PATHS)


@pytest.mark.clause("G7")
@pytest.mark.parametrize("recording", RECORDED)
async def test_a_recorded_case_goes_the_same_way_and_writes_the_same_file(
    recording: Recording,
) -> None:
    replayed = await check(recording)
    assert replayed.commands[-1] == "complete_workflow_execution"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (ReviewAfterCheck, "cannot be replayed|would read"),
        (ReportBeforePublicity, "cannot be replayed"),
        (OtherWords, "entry [0-9]+ would read .*C5 审定上报"),
    ],
)
async def test_the_net_holds(change: type, found: str) -> None:
    with pytest.raises(Departed, match=rf"national\.1\.json: ({found})") as caught:
        await check(first("national"), [change])
    lesson = str(caught.value)
    for word in ("workflow.patched", "python -m tests.record_histories national\n", "fingerprint"):
        assert word in lesson


async def test_other_words_alone_are_nothing_to_temporal() -> None:
    """Why the file is compared as well."""
    recording = first("national")
    kept = recording.fingerprint.read_text(encoding="utf-8")
    replayed = await replay(recording.history(), [OtherWords])
    assert replayed.commands == kept.splitlines()[1:]
    assert replayed.file != kept.splitlines()[0]


async def test_an_altered_fingerprint_is_found(tmp_path: Path) -> None:
    original = first("rejected")
    altered = Recording(tmp_path / original.file.name)
    altered.file.write_bytes(original.file.read_bytes())
    lines = original.fingerprint.read_text(encoding="utf-8").splitlines(keepends=True)
    altered.fingerprint.write_text("".join(lines[:-1]), encoding="utf-8")
    said = rf"line {len(lines)} of rejected\.1\.commands\.txt: \[\] became \['complete_workflow_"
    with pytest.raises(Departed, match=said):
        await check(altered)


@pytest.mark.parametrize("recording", RECORDED)
def test_no_record_names_a_machine(recording: Recording) -> None:
    content = json.loads(recording.file.read_text(encoding="utf-8"))
    found = {name for key, name in _texts(content) if key.endswith("dentity")}
    assert found <= {CLIENT, WORKER, "history-service"}
    root = str(Path(__file__).resolve().parents[2])
    for key, text in _texts(content):
        plain = b64decode(text).decode() if key == "data" else text
        assert root not in plain
        assert not re.search(r"\b\d+@[A-Za-z]|/(home|root|tmp|Users)/|Traceback", plain), key


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value, with the name of the field that holds it."""
    if isinstance(value, dict):
        for name, held in value.items():
            yield from _texts(held, name)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, key)
    elif isinstance(value, str):
        yield key, value
