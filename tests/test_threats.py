"""docs/threats.md names tests; each of them must be there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
THREATS = ROOT / "docs" / "threats.md"
_NAMED = re.compile(r"(tests/[\w/]+\.py)?(?:::(test_\w+|not_admitted))?")


def named() -> list[tuple[str, str]]:
    """Every file and test that the document names, a name alone in the file before it."""
    found, file = [], ""
    for match in _NAMED.finditer(THREATS.read_text(encoding="utf-8")):
        file = match[1] or file
        if match[0]:
            found.append((file, match[2] or ""))
    return found


def test_every_test_that_is_named_is_there() -> None:
    missing = []
    for file, name in named():
        path = ROOT / file
        if not path.is_file():
            missing.append(file)
        elif name and name not in _functions(path):
            missing.append(f"{file}::{name}")
    assert not missing
    assert len(named()) > 100


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
