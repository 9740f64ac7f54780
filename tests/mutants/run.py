"""How many mutants of the rules the tests find: ``python -m tests.mutants.run --seed 1``."""

import argparse
import importlib.util
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.choice import Choice, Part
from tests.mutants.places import Mutant, all_mutants

ROOT = Path(__file__).parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
WITHIN = 60 * 60.0
"""Seconds in which mutants are begun; those that are left are counted as not tried."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    Attributes:
        killed_by: The test that failed.
        broken_off: Some tests were not run to their end: on a slow machine it proves nothing.
    """

    mutant: Mutant
    killed_by: str | None
    broken_off: bool = False


class Copy:
    """A copy of the tree, in which one mutant after the other lives."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._tree = folder
        ignored = shutil.ignore_patterns(".*", "__pycache__", "build", "dist")
        shutil.copytree(root, folder, ignore=ignored)

    def try_(
        self, mutant: Mutant, parts: list[Part], fails_anyway: Callable[["Copy", Part], bool]
    ) -> Verdict:
        """Run part after part until a test fails that passes without the mutant.

        Args:
            fails_anyway: Whether a test, a part of its own, is known to fail without a mutant.
        """
        path = self._tree / mutant.file
        whole, broken_off = path.read_bytes(), False
        for part in parts:
            failed = None
            try:
                self._write(path, mutant.applied(whole))
                failed = self.first_failure(part)
            except subprocess.TimeoutExpired:
                broken_off = True
            finally:
                self._write(path, whole)
            if failed is not None and not fails_anyway(self, replace(part, files=(failed,))):
                return Verdict(mutant, failed)
        return Verdict(mutant, None, broken_off)

    def _write(self, path: Path, content: bytes) -> None:
        """What was compiled goes: Python would take it for new, were it as long and as young."""
        path.write_bytes(content)
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)

    def first_failure(self, part: Part) -> str | None:
        """The first test that fails; None if all pass.

        Raises:
            subprocess.TimeoutExpired: if the part has no more time.
        """
        options = ("-q", "-x", "-n", "0", "--tb=no", "-rfE", "-p", "no:cacheprovider")
        with subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, *part.words, *part.files],
            cwd=self._tree,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as running:
            try:
                said, _ = running.communicate(timeout=part.seconds)
            except BaseException:
                os.killpg(running.pid, signal.SIGKILL)
                raise
        if running.returncode in (0, 5):  # all passed; none was chosen
            return None
        named = re.findall(r"^(?:FAILED|ERROR) (tests/.*?)(?: - .*)?$", said, re.MULTILINE)
        if named:
            return str(named[-1])
        if "while loading conftest" in said:
            return part.files[0]
        raise RuntimeError(f"pytest has ended with {running.returncode}:\n{said[-2000:]}")


def try_all(
    root: Path, mutants: list[Mutant], workers: int, said: Callable[[str], None] = print
) -> list[Verdict]:
    """Try mutants in copies of ``root``, as long as there is time."""
    choice, end = Choice(root), time.monotonic() + WITHIN
    known: dict[tuple[str, ...], bool] = {}
    copies: SimpleQueue[Copy] = SimpleQueue()

    def fails_anyway(copy: Copy, test: Part) -> bool:
        if test.files not in known:
            try:
                known[test.files] = copy.first_failure(test) is not None
            except subprocess.TimeoutExpired:
                known[test.files] = True
        return known[test.files]

    def tried(mutant: Mutant) -> Verdict | None:
        if time.monotonic() > end:
            return None
        copy = copies.get()
        try:
            verdict = copy.try_(mutant, choice.parts(mutant.file), fails_anyway)
        finally:
            copies.put(copy)
        said(f"{'killed  ' if verdict.killed_by else 'SURVIVED'} {mutant}")
        return verdict

    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for number in range(workers):
            copies.put(Copy(root, Path(folder) / str(number)))
        with ThreadPoolExecutor(workers) as pool:
            return [verdict for verdict in pool.map(tried, mutants) if verdict is not None]


def equivalents(file: Path = EQUIVALENT) -> dict[tuple[str, str, str], str]:
    """Mutants that change nothing anybody can see, each with the reason."""
    with file.open("rb") as opened:
        listed = tomllib.load(opened).get("equivalent", [])
    return {(each["where"], each["before"], each["after"]): each["why"] for each in listed}


def report(sample: list[Mutant], verdicts: list[Verdict]) -> str:
    """The share of mutants that were killed, and those that survived."""
    survived = [verdict for verdict in verdicts if verdict.killed_by is None]
    killed, left = len(verdicts) - len(survived), len(sample) - len(verdicts)
    share = f"{killed / len(verdicts):.0%}" if verdicts else "none"
    lines = [f"{killed} of {len(verdicts)} mutants killed ({share})"]
    if left:
        lines.append(f"{left} not tried: the time was over")
    for verdict in survived:
        slow = " (its tests were broken off: too slow)" if verdict.broken_off else ""
        lines.append(f"survived: {verdict.mutant}{slow}")
    return "\n".join(lines)


def main() -> int:
    """Try a sample; the status is 1 if a mutant survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.run")
    parser.add_argument("--seed", type=int, default=1, help="another one takes other mutants")
    parser.add_argument("--count", type=int, default=150, help="how many mutants")
    parser.add_argument("--workers", type=int, default=2, help="how many at a time")
    given = parser.parse_args()
    every, same = all_mutants(ROOT), equivalents()
    candidates = [mutant for mutant in every if mutant.key not in same]
    sample = random.Random(given.seed).sample(candidates, min(given.count, len(candidates)))
    print(f"{len(sample)} of {len(candidates)} mutants, seed {given.seed}; {len(same)} equivalent")
    verdicts = try_all(ROOT, sample, given.workers, partial(print, flush=True))
    print(report(sample, verdicts))
    return int(any(verdict.killed_by is None for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
