"""A mutant is one small fault; it counts as found if a test fails because of it."""

import ast
import random
from pathlib import Path

import pytest

from tests.mutants.choice import Choice, Part
from tests.mutants.places import all_mutants, mutants_of
from tests.mutants.run import ROOT, equivalents, report, try_all

RULE = """
from typing import Annotated

DAYS: Annotated[int, 5] = 5

def is_over(day: int) -> bool:
    if day < 0:
        return False
    return day > DAYS
"""
PROOF = """
from models.limits import is_over

def test_over():
    assert not is_over(5)
    assert is_over(6)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with one rule and its test."""
    for name, content in {
        "models/__init__.py": "",
        "models/limits.py": RULE,
        "tests/__init__.py": "",
        "tests/models/__init__.py": "",
        "tests/models/test_limits.py": PROOF,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


@pytest.mark.parametrize(
    ("rule", "after"),
    [
        ("a <= b < c", ["a < b < c", "a <= b <= c"]),
        ("a is not b", ["a is b"]),
        ("a and (b or c)", ["(a or (b or c))", "a and ((b and c))"]),
        ("x[7]", ["x[8]"]),
        (
            "if a: pass\nelif b: pass",
            ["if False: pass\nelif b: pass", "if a: pass\nelif False: pass"],
        ),
        ("a if b else c", ["a if False else c"]),
        ("[a for a in b if a]", ["[a for a in b if True]"]),
        (
            "match a:\n  case 'é' if b: pass\n  case B(): pass",
            [
                "match a:\n  case 'é' if False: pass\n  case B(): pass",
                "match a:\n  case 'é' if b: pass\n  case (B()) if False: pass",
            ],
        ),
        (
            "def f(a: Literal[1] = 2) -> Literal[3]: ...",
            ["def f(a: Literal[1] = 3) -> Literal[3]: ..."],
        ),
        ("if TYPE_CHECKING: import a", []),
        ("if a := b: pass", []),
        ("f'{a}: {1}'", []),
    ],
)
def test_a_mutant_has_one_fault(rule: str, after: list[str]) -> None:
    source = rule.encode()
    assert [each.applied(source).decode() for each in mutants_of("models/a.py", source)] == after


def test_every_mutant_can_be_read_by_python() -> None:
    for mutant in random.Random(1).sample(all_mutants(ROOT), 100):
        ast.parse(mutant.applied((ROOT / mutant.file).read_bytes()))


def test_what_no_test_finds_survives(tree: Path) -> None:
    wanted = {"5", "day < 0", "day > DAYS"}
    mutants = [
        each for each in all_mutants(tree) if each.before in wanted and each.after != "False"
    ]
    assert len(mutants) == 3
    said: list[str] = []
    verdicts = try_all(tree, mutants, 1, said.append)
    found = "tests/models/test_limits.py::test_over"
    assert [each.killed_by for each in verdicts] == [found, None, found]
    assert len(said) == 3
    assert report(mutants, verdicts).splitlines() == [
        "2 of 3 mutants killed (67%)",
        "survived: models/limits.py:7 is_over: day < 0  ->  day <= 0",
    ]
    assert (tree / "models/limits.py").read_text() == RULE


def test_a_test_that_fails_anyway_finds_nothing(tree: Path) -> None:
    proof = tree / "tests/models/test_limits.py"
    proof.write_text(PROOF.replace("is_over(6)", "not is_over(6)"))
    (verdict,) = try_all(tree, [each for each in all_mutants(tree) if each.before == "5"], 1)
    assert verdict.killed_by is None


def test_a_mutant_whose_tests_have_no_time_is_said_to_be_one(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Part(("tests/models/test_limits.py",), (), 0)
    monkeypatch.setattr(Choice, "parts", lambda self, file: [part])
    mutants = [each for each in all_mutants(tree) if each.before == "5"]
    assert report(mutants, try_all(tree, mutants, 1)).endswith(
        "5  ->  6 (its tests were broken off: too slow)"
    )


def test_who_is_named_as_equivalent_is_a_mutant_still() -> None:
    assert set(equivalents()) <= {each.key for each in all_mutants(ROOT)}
