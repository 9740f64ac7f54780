"""What a season is measured by: how long offices wait, and what each process uses."""

import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest

from operators.desk.desk import Desk
from tests.bench_measures import processor_seconds, thread_seconds
from tests.house import House, threads_file

SERVER, OFFICES = "server", "offices"
CASES, REGISTRY, LOOP, LIBRARY = (
    f"worker: {part}" for part in ("cases", "registry", "event loop", "library")
)
PARTS = (SERVER, CASES, REGISTRY, LOOP, LIBRARY, OFFICES)
"""Who uses a processor; a worker by what its threads do."""


@dataclass
class Acts:
    """How long offices waited for answers to their acts, in seconds."""

    waited: list[float] = field(default_factory=list)

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Look at every desk of this process, those of commands among them."""
        send = Desk.send
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Desk, "send", self._timed(send))
            yield

    def _timed(self, send: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(send)
        async def timed(*args: Any) -> Any:
            began = time.perf_counter()
            receipt = await send(*args)
            self.waited.append(time.perf_counter() - began)
            return receipt

        return timed


def p50_p99(seconds: Sequence[float]) -> tuple[float, float]:
    """The median, and what 99 of 100 keep below."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49], cuts[98]


class Processors:
    """Processor seconds of an installation and of its offices, which are this process."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._before = self._now()

    def used(self) -> dict[str, float]:
        """By part, since it was made."""
        now = self._now()
        return {part: now[part] - self._before[part] for part in PARTS}

    def _now(self) -> dict[str, float]:
        server, worker = self._house.pids
        names = json.loads(threads_file(self._house.settings.home).read_text())
        used = dict.fromkeys(PARTS, 0.0)
        used[SERVER], used[OFFICES] = processor_seconds(server), time.process_time()
        for thread, seconds in thread_seconds(worker).items():
            used[_part(names.get(str(thread), ""))] += seconds
        return used


def _part(thread: str) -> str:
    if thread == "MainThread":
        return LOOP
    if thread.startswith("registry"):
        return REGISTRY
    return CASES if thread.startswith("temporal_workflow") else LIBRARY


def bytes_of(*paths: Path) -> int:
    """Of files, with what a database keeps beside its own, and of all that lies in folders."""
    found = {each for path in paths for each in path.parent.glob(f"{path.name}*")}
    files = {each for path in found for each in (path.rglob("*") if path.is_dir() else [path])}
    return sum(each.stat().st_size for each in files if each.is_file())
