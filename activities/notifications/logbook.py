"""A log file of JSON lines in which every key stands once, whoever writes and however often."""

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

LOCKED_FOR = 10.0
"""Seconds to wait for another writer. One that hangs must not hold up a worker that is to end."""

_LOOK_EVERY = 0.02


class Logbook:
    """One log file, shared by the threads of a worker and by other workers of the machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: set[str] = set()
        self._file: int | None = None
        self._read_to = 0
        self._lock = Lock()

    def append(self, line: Mapping[str, Any]) -> None:
        """Write a line under its ``key``, unless that key is written already.

        Raises:
            OSError: if the file cannot be read or written, or another writer keeps it locked.
        """
        with self._alone():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                # Held until the file is closed: between looking and writing nobody else may write.
                _lock(file)
                torn = self._catch_up(file.fileno())
                if line["key"] in self._keys:
                    return
                text = json.dumps(dict(line), ensure_ascii=False, separators=(",", ":"))
                file.write((b"\n" if torn else b"") + text.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One thread at a time."""
        if not self._lock.acquire(timeout=LOCKED_FOR):
            raise _locked()
        try:
            yield
        finally:
            self._lock.release()

    def _catch_up(self, descriptor: int) -> bool:
        """Learn the keys written since the last look; tell whether the last line is unfinished."""
        state = os.fstat(descriptor)
        if state.st_ino != self._file or state.st_size < self._read_to:  # rotated away, or emptied
            self._keys.clear()
            self._file, self._read_to = state.st_ino, 0
        unread = os.pread(descriptor, state.st_size - self._read_to, self._read_to)
        whole = unread[: unread.rfind(b"\n") + 1]
        for text in unread.splitlines():
            try:
                self._keys.add(json.loads(text)["key"])
            except (ValueError, KeyError, TypeError):
                continue  # a line cut off by a crash, or one that somebody else wrote
        self._read_to += len(whole)
        return len(whole) < len(unread)


def _lock(file: BinaryIO) -> None:
    ends = time.monotonic() + LOCKED_FOR
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > ends:
                raise _locked() from None
            time.sleep(_LOOK_EVERY)
        else:
            return


def _locked() -> OSError:
    return OSError(errno.EWOULDBLOCK, "another writer keeps it locked")
