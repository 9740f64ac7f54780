"""All cases of a worker share the modules of ``workflows``: nothing there may change, or look out.

Replays of recorded histories run in a sandbox that refuses clocks and the like while they run; here
the text is read, so that a way that nobody has recorded is held to the same.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import workflows

MODULES = sorted(Path(workflows.__file__).parent.glob("*.py"))

KEPT = {("calls", "_ORDERS")}
"""What may change: the numbers of orders, by the workflow that gives them."""

CLOCKS = {f"{kind}.{ask}" for kind in ("date", "datetime") for ask in ("now", "today", "utcnow")}
"""Those that are not an import, which the contract of import-linter forbids."""

CHANGEABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MAKERS = {"list", "dict", "set", "deque", "Counter", "defaultdict", "count", "WeakKeyDictionary"}


def changeable(tree: ast.Module) -> Iterator[str]:
    """Names that a module, or a class in it, binds to what can be changed; and what it rebinds."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield from node.names
        if not isinstance(node, ast.Module | ast.ClassDef):
            continue
        for each in node.body:
            targets = each.targets if isinstance(each, ast.Assign) else []
            if isinstance(each, ast.AnnAssign) and not ast.unparse(each.annotation).startswith(
                "Mapping["  # mypy lets nobody change that
            ):
                targets = [each.target]
            value = getattr(each, "value", None)
            made = isinstance(value, ast.Call) and _last(value.func) in MAKERS
            if made or isinstance(value, CHANGEABLE):
                yield from (_last(target) for target in targets)


def clocks(tree: ast.Module) -> Iterator[str]:
    """Calls that ask what time it is, other than the case."""
    called = (ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))
    yield from (each for each in called if each in CLOCKS)


def _last(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_workflow_keeps_nothing_between_cases_and_asks_no_clock(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    assert {(module.stem, name) for name in changeable(tree)} <= KEPT
    assert [*clocks(tree)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("seen = {}", ["seen"]),
        ("seen: set[str] = set()", ["seen"]),
        ("class Case:\n    seen = []", ["seen"]),
        ("words: Mapping[str, type] = {}", []),
        ("def f():\n    global last\n    last = 1", ["last"]),
        ("names = ('a', 'b')\ndef f():\n    own = []", []),
    ],
)
def test_what_is_kept_between_cases_is_found(text: str, found: list[str]) -> None:
    assert [*changeable(ast.parse(text))] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("at = datetime.now(UTC)", ["datetime.now"]),
        ("on = date.today()", ["date.today"]),
        ("at = workflow.now()", []),
    ],
)
def test_a_clock_is_found(text: str, found: list[str]) -> None:
    assert [*clocks(ast.parse(text))] == found
