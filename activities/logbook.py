"""A log file of JSON lines in which every key stands once, whoever writes and however often."""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any


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
            OSError: if the file cannot be read or written.
        """
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                # Held until the file is closed: between looking and writing nobody else may write.
                fcntl.flock(file, fcntl.LOCK_EX)
                torn = self._catch_up(file.fileno())
                if line["key"] in self._keys:
                    return
                text = json.dumps(dict(line), ensure_ascii=False, separators=(",", ":"))
                file.write((b"\n" if torn else b"") + text.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())

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
