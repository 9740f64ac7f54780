"""Writes docs/regulation.md: how each clause is read, where it is carried out, what proves it.

    python -m docs.traceability             write the file
    python -m docs.traceability --check     end with status 1 where it is not up to date
    python -m docs.traceability C4 T1       list every place and test that names some clauses

The readings are docs/clauses.toml. Places in the code are found by their docstrings, comments and
texts, tests by the marker ``clause``.
"""

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "regulation.md"
COMMAND = "python -m docs.traceability"

CODE = ("models", "workflows", "activities", "workers", "operators", "policies")
GROUPS = {
    "C": ("A county's exit 贫困县退出", 7),
    "T": ("Time 期限", 8),
    "G": ("What all procedures share", 9),
    "S": ("Standards 退出标准", 7),
    "A": ("Who acts", 9),
    "H": ("A household's exit 贫困户退出", 4),
    "V": ("A village's exit 贫困村退出", 3),
    "F": ("After exit 退出后", 9),
}
"""Every group of clauses, in the order of the page, with how many there are."""

IDS = tuple(f"{letter}{n}" for letter, (_, many) in GROUPS.items() for n in range(1, many + 1))

_INTRODUCTION = f"""\
# The regulation, clause by clause

Generated: `{COMMAND}`. Readings are edited in [clauses.toml](clauses.toml).

Two documents are the source: **HN**, the measures of Henan (河南省贫困退出实施办法), and **CN**,
the central opinion that they carry out (关于建立贫困退出机制的意见, 厅字〔2016〕16号). Every clause
has an id, which code and tests cite. *Reading* says how a clause is understood where the documents
leave room; what another province could take differently is a value of the policy (`policies/`).
*Code* names what carries it out, *Tests* the files that prove it, with the number of tests.
`{COMMAND} C4` lists them with their lines. "Not yet" means that nothing carries it out.
"""

_ID = r"[ACFGHSTV][1-9]"
_RANGE = re.compile(rf"(?<![\w/.-])({_ID})(?:-|–| to )({_ID})(?![\w/])")
# ``A6/411500`` is an office and no clause; ``S3.income`` is a part of one.
_SINGLE = re.compile(rf"(?<![\w/.-])({_ID})(?![\w/])")


@dataclass(frozen=True)
class Clause:
    """A clause and its reading."""

    title: str
    reading: str
    later: bool


@dataclass(frozen=True, order=True)
class Place:
    """Something named that mentions a clause."""

    file: str
    line: int
    name: str


Index = dict[str, list[Place]]


class TraceabilityError(ValueError):
    """The page cannot be made; says what is wrong where."""


def clauses() -> dict[str, Clause]:
    """The readings, by clause id.

    Raises:
        TraceabilityError: if a clause is missing, unknown or incomplete.
    """
    tables = tomllib.loads((ROOT / "docs" / "clauses.toml").read_text(encoding="utf-8"))
    differing = set(tables) ^ set(IDS)
    if differing:
        raise TraceabilityError(f"docs/clauses.toml: missing or unknown: {sorted(differing)}")
    try:
        return {
            clause: Clause(later=tables[clause].pop("later", False), **tables[clause])
            for clause in IDS
        }
    except TypeError as error:
        raise TraceabilityError(f"docs/clauses.toml: title and reading, no more: {error}") from None


def mentioned(text: str) -> set[str]:
    """The clauses that a text names, also as a range.

    >>> sorted(mentioned("held against T1-T3 (G5), S3.income and A6/411500"))
    ['G5', 'S3', 'T1', 'T2', 'T3']
    """
    found = set(_SINGLE.findall(text))
    for first, last in _RANGE.findall(text):
        if first[0] == last[0]:
            found |= {f"{first[0]}{n}" for n in range(int(first[1]), int(last[1]) + 1)}
    return found & set(IDS)


# -- places in the code -----------------------------------------------------------------------


def code_places() -> Index:
    """Where code names a clause."""
    index: Index = {clause: [] for clause in IDS}
    for folder in CODE:
        for path in _files(folder, "*.py"):
            if "migrations" not in path.parts:
                _add(index, path, _python_mentions(path))
        for path in _files(folder, "*.toml") if folder == "policies" else ():
            _add(index, path, _toml_mentions(path))
    return index


def _add(index: Index, path: Path, mentions: Iterator[tuple[set[str], int, str]]) -> None:
    file = path.relative_to(ROOT).as_posix()
    for found, line, name in mentions:
        for clause in found:
            known = [place for place in index[clause] if (place.file, place.name) == (file, name)]
            if not known:
                index[clause].append(Place(file, line, name))


def _python_mentions(path: Path) -> Iterator[tuple[set[str], int, str]]:
    """What every text and comment of a module names, with its line and what it stands in."""
    source = path.read_text(encoding="utf-8")
    tree = _parsed(path, source)
    scopes = list(_scopes(tree, ""))
    texts = [
        (node.value, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    texts += [
        (token.string, token.start[0])
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    for text, line in texts:
        found = mentioned(text)
        if found:
            around = [each for each in scopes if each[0] <= line <= each[1]]
            yield found, line, max(around)[2] if around else ""


def _scopes(node: ast.AST, outer: str) -> Iterator[tuple[int, int, str]]:
    """First line, last line and name of everything that has a name: the innermost begins last."""
    body = list(getattr(node, "body", []))
    for position, child in enumerate(body):
        name = _name(child)
        if name is None:
            continue
        qualified = f"{outer}.{name}" if outer else name
        first = min([child.lineno, *(each.lineno for each in getattr(child, "decorator_list", []))])
        last = child.end_lineno or child.lineno
        following = body[position + 1] if position + 1 < len(body) else None
        if isinstance(child, ast.Assign | ast.AnnAssign) and _is_text(following):
            last = following.end_lineno or last  # the docstring of a name
        yield first, last, qualified
        if isinstance(child, ast.ClassDef):
            yield from _scopes(child, qualified)


def _name(node: ast.AST) -> str | None:
    match node:
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return node.name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return None


def _is_text(node: ast.AST | None) -> TypeGuard[ast.Expr]:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _toml_mentions(path: Path) -> Iterator[tuple[set[str], int, str]]:
    """What every line of a policy names, with the table it stands in."""
    table = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        header = re.match(r"\[+([\w.]+)\]+", line)
        table = f"[{header[1]}]" if header else table
        yield mentioned(line), number, "" if line.startswith("#") else table


# -- tests ------------------------------------------------------------------------------------


def proofs() -> Index:
    """Which tests carry the marker of a clause.

    Raises:
        TraceabilityError: if a marker names something that is no clause.
    """
    index: Index = {clause: [] for clause in IDS}
    for path in _files("tests", "test_*.py"):
        file = path.relative_to(ROOT).as_posix()
        tree = _parsed(path, path.read_text(encoding="utf-8"))
        for test, marks in _tests(tree, _module_marks(tree)):
            for clause in sorted(marks):
                if clause not in index:
                    raise TraceabilityError(f"{file}:{test.lineno}: {clause} is no clause")
                index[clause].append(Place(file, test.lineno, test.name))
    return index


def _tests(
    node: ast.Module | ast.ClassDef, around: set[str]
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, set[str]]]:
    for child in node.body:
        if isinstance(child, ast.ClassDef) and child.name.startswith("Test"):
            yield from _tests(child, around | _marks(child.decorator_list))
        if _is_function(child) and child.name.startswith("test"):
            yield child, around | _marks(child.decorator_list)


def _is_function(node: ast.AST) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef]:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _module_marks(tree: ast.Module) -> set[str]:
    """Marks of all the tests of a file: ``pytestmark = …``."""
    named = [node for node in tree.body if isinstance(node, ast.Assign)]
    return _marks([node.value for node in named if _name(node) == "pytestmark"])


def _marks(nodes: list[ast.expr]) -> set[str]:
    """Arguments of every ``….clause(…)``, also of one in the parameters of a test."""
    calls = [each for node in nodes for each in ast.walk(node) if isinstance(each, ast.Call)]
    return {
        argument.value
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "clause"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


# -- the page ---------------------------------------------------------------------------------


def page() -> str:
    """The whole of docs/regulation.md."""
    known, code, tests = clauses(), code_places(), proofs()
    lines = [_INTRODUCTION]
    for letter, (title, _) in GROUPS.items():
        lines += [f"## {title}", "", "| Clause | Reading | Code | Tests |", "| --- " * 4 + "|"]
        for clause in (each for each in IDS if each[0] == letter):
            said = known[clause]
            if said.later:
                places = proved = "not yet"
            else:
                places, proved = _named(code[clause]), _counted(tests[clause])
            reading = said.reading.replace("|", "\\|")
            lines.append(f"| **{clause}** {said.title} | {reading} | {places} | {proved} |")
        lines.append("")
    return "\n".join(lines)


def _named(places: list[Place]) -> str:
    return "<br>".join(
        ", ".join([_link(file), *(f"`{each.name}`" for each in sorted(there) if each.name)])
        for file, there in _by_file(places)
    )


def _counted(places: list[Place]) -> str:
    return "<br>".join(f"{_link(file)} ({len(there)})" for file, there in _by_file(places))


def _link(file: str) -> str:
    return f"[{file}](../{file})"


def _by_file(places: list[Place]) -> list[tuple[str, list[Place]]]:
    order = [*CODE, "tests"]
    files = sorted(
        {place.file for place in places}, key=lambda file: (order.index(file.split("/")[0]), file)
    )
    return [(file, [place for place in places if place.file == file]) for file in files]


def _files(folder: str, pattern: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob(pattern) if path.is_file())


def _parsed(path: Path, source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise TraceabilityError(f"{path}:{error.lineno}: not valid Python: {error.msg}") from None


def main(arguments: list[str]) -> int:
    """Write, check or list; return the exit status."""
    if arguments == ["--check"]:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page():
            return 0
        print(f"docs/regulation.md is not up to date; run: {COMMAND}", file=sys.stderr)
        return 1
    if not arguments:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if not set(arguments) <= set(IDS):
        print(__doc__, file=sys.stderr)
        return 2
    code, tests = code_places(), proofs()
    for clause in arguments:
        print(clause)
        for place in (*sorted(code[clause]), *sorted(tests[clause])):
            print(f"  {place.file}:{place.line} {place.name}".rstrip())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except TraceabilityError as error:
        sys.exit(str(error))
