"""A log in which every key stands once."""

import fcntl
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from activities.notifications.logbook import Logbook


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_many_writers_at_once(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    books = [Logbook(file) for _ in range(4)]  # as many workers
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: books[n % 4].append({"key": n // 8}), range(160)))
    assert sorted(line["key"] for line in lines(file)) == list(range(20))


@pytest.mark.parametrize("end", [b'{"key":"b","te', b'{"key":"b"}', b"not json\n[1]\n{}\n"])
def test_a_log_that_was_cut_off_goes_on(tmp_path: Path, end: bytes) -> None:
    file = tmp_path / "log.jsonl"
    book = Logbook(file)
    book.append({"key": "a"})
    with file.open("ab") as cut:
        cut.write(end)
    for key in ("a", "b", "c"):
        book.append({"key": key})
    whole = [line for line in file.read_bytes().splitlines() if line.endswith(b'"}')]
    assert whole == [b'{"key":"a"}', b'{"key":"b"}', b'{"key":"c"}']


@pytest.mark.parametrize(
    ("moved", "new"),
    [
        pytest.param(True, b"", id="moved away"),
        pytest.param(True, b'{"key":"x"}\n' * 9, id="moved away, and the new one grew"),
        pytest.param(False, b"", id="emptied"),
    ],
)
def test_a_log_that_was_rotated_begins_anew(tmp_path: Path, new: bytes, *, moved: bool) -> None:
    file = tmp_path / "log.jsonl"
    book = Logbook(file)
    for key in ("a", "b", "c"):
        book.append({"key": key})
    if moved:
        file.rename(tmp_path / "log.1")
    file.write_bytes(new)
    book.append({"key": "a"})
    assert lines(file)[-1] == {"key": "a"}


def test_nobody_else_writes_between_looking_and_writing(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    with file.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        waiting = Thread(target=Logbook(file).append, args=({"key": "a"},))
        waiting.start()
        waiting.join(timeout=0.1)
        assert waiting.is_alive()
        other.write(b'{"key":"a"}\n')
    waiting.join()
    assert lines(file) == [{"key": "a"}]


@pytest.mark.clause("G7")
def test_a_program_that_keeps_it_locked_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.notifications.logbook.LOCKED_FOR", 0.1)
    file = tmp_path / "log.jsonl"
    book = Logbook(file)
    with file.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        for _ in range(2):  # the first one has let go of what it waited with
            with pytest.raises(OSError, match="another writer keeps it locked"):
                book.append({"key": "a"})
    book.append({"key": "a"})
    assert lines(file) == [{"key": "a"}]
