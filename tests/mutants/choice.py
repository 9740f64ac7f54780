"""Which tests have to find a mutant: near ones first, those on a server last."""

import ast
import re
from collections import deque
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FAR = 99
_NO_SUBJECT = {
    *("", "py", "test", "model", "registry", "activitie", "workflow", "operator", "report", "fact"),
    *("case", "course", "message", "reception", "rule", "sequence"),
}
"""Floors and kinds, as ``_words`` gives them."""

_RULES_ALONE = ("--noconftest", "--hypothesis-profile=ci", "--timeout=60")
"""What servers and registries need takes three times as long to import as a rule and its tests."""


@dataclass(frozen=True)
class Part:
    """Test files that run together.

    Attributes:
        words: What pytest is told besides.
        seconds: After so many the part is broken off and has found nothing.
    """

    files: tuple[str, ...]
    words: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Choice:
    """The tests under ``root``, and how far each is from a module by its imports."""

    root: Path

    def parts(self, mutated: str) -> list[Part]:
        """What runs in turn until something fails; each part has its nearest files first."""
        distance = self._distances(mutated)
        subject = _words(mutated)

        def nearness(test: str) -> tuple[int, int, str]:
            return -len(subject & _words(test)), distance.get(test, FAR), test

        def among(*folders: str) -> list[str]:
            found = [test for test in self._tests if test.startswith(folders)]
            return sorted((test for test in found if test in distance), key=nearness)

        def by_subject(tests: list[str]) -> list[str]:
            return [test for test in tests if subject & _words(test)]

        rules = among("tests/models/")
        kept = [
            test
            for test in among("tests/registry/", "tests/activities/")
            if distance[test] == 1 or subject & _words(test)
        ]
        replayed = among("tests/workflows/test_histories.py")
        played = [test for test in among("tests/workflows/") if test not in replayed]
        # What belongs to no subject is asked by every procedure.
        played = by_subject(played) or [test for test in played if "_course" in test]
        parts = [
            Part(tuple(rules), _RULES_ALONE, 180),
            Part(tuple(kept), ("--timeout=60", "-k", "not postgresql"), 120),
            Part(tuple(replayed), (), 120),
            Part(tuple(played), (), 180),
            Part(tuple(by_subject(among("tests/operators/"))), (), 60),
        ]
        return [part for part in parts if part.files]

    def _distances(self, mutated: str) -> dict[str, int]:
        """How many imports lie between a module and each file that reaches it."""
        distance, queue = {mutated: 0}, deque([mutated])
        while queue:
            nearest = queue.popleft()
            for importer in self._importers.get(nearest, ()):
                if importer not in distance:
                    distance[importer] = distance[nearest] + 1
                    queue.append(importer)
        return distance

    @cached_property
    def _tests(self) -> list[str]:
        return [file for file in self._files if Path(file).name.startswith("test_")]

    @cached_property
    def _files(self) -> dict[str, ast.Module]:
        folders = ("models", "registry", "activities", "workflows", "workers", "operators", "tests")
        return {
            path.relative_to(self.root).as_posix(): ast.parse(path.read_bytes())
            for folder in folders
            for path in (self.root / folder).rglob("*.py")
        }

    @cached_property
    def _importers(self) -> dict[str, set[str]]:
        importers: dict[str, set[str]] = {}
        for file, tree in self._files.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.module:
                    names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
                elif isinstance(node, ast.Import):
                    names = [each.name for each in node.names]
                else:
                    continue
                for name in names:
                    imported = f"{name.replace('.', '/')}.py"
                    if imported in self._files:
                        importers.setdefault(imported, set()).add(file)
        return importers


def _words(file: str) -> set[str]:
    """The subject, by the names of folder and file."""
    return {word.removesuffix("s") for word in re.split(r"[/_.]", file)} - _NO_SUBJECT
