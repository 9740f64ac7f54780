"""Where the rules can be broken: every place has one small fault that a person could make."""

import ast
from dataclasses import dataclass
from pathlib import Path

RULES = ("models/**/*.py", "registry/facts/*.py", "registry/reports/*.py", "workflows/*.py")
NO_RULES = {"workflows/calls.py"}
"""How activities are asked, and not what is asked."""

_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True, order=True)
class Mutant:
    """One fault in one file.

    Attributes:
        function: Qualified name of the function or class; "" on the module's own level.
        begin, end: The bytes of the file that ``after`` takes the place of.
    """

    file: str
    line: int
    function: str
    begin: int
    end: int
    before: str
    after: str

    def applied(self, source: bytes) -> bytes:
        """The file's bytes with the fault."""
        return source[: self.begin] + self.after.encode() + source[self.end :]

    @property
    def key(self) -> tuple[str, str, str]:
        """What names this mutant also after lines have moved: place, before, after."""
        return f"{self.file}:{self.function}", self.before, self.after

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.function}: {self.before}  ->  {self.after}"


def all_mutants(root: Path) -> list[Mutant]:
    """Every mutant of the rules under ``root``, in order."""
    found: set[Mutant] = set()
    for pattern in RULES:
        for path in root.glob(pattern):
            file = path.relative_to(root).as_posix()
            if file not in NO_RULES:
                found.update(mutants_of(file, path.read_bytes()))
    return sorted(found)


def mutants_of(file: str, source: bytes) -> list[Mutant]:
    """Every mutant of one file."""
    finder = _Finder(file, source)
    finder.visit(ast.parse(source))
    return finder.found


class _Finder(ast.NodeVisitor):
    def __init__(self, file: str, source: bytes) -> None:
        self.found: list[Mutant] = []
        self._file, self._source = file, source
        self._scope: list[str] = []
        self._begins = [0]
        for line in source.splitlines(keepends=True):
            self._begins.append(self._begins[-1] + len(line))

    # -- what is broken -----------------------------------------------------------------------

    def visit_Compare(self, node: ast.Compare) -> None:
        for number, operator in enumerate(node.ops):
            turned = [*node.ops]
            turned[number] = _TURNED[type(operator)]()
            self._add(node, ast.unparse(ast.Compare(node.left, turned, node.comparators)))
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self._add(node, f"({ast.unparse(ast.BoolOp(other, node.values))})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if type(node.value) is int:
            self._add(node, str(node.value + 1))

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        self._never(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._never(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for condition in node.ifs:
            if not _binds(condition):
                self._add(condition, "True")
        self.generic_visit(node)

    def visit_match_case(self, node: ast.match_case) -> None:
        if node.guard is not None:
            self._never(node.guard)
        else:
            text = ast.unparse(node.pattern)
            self._add(node.pattern, f"{text if text[0] in '([' else f'({text})'} if False")
        self.generic_visit(node)

    # -- what is left alone -------------------------------------------------------------------

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._inside(node.name, node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        self._inside(node.name, [*defaults, *node.body])

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - named by ast

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Before Python 3.12 nothing says where in a file a part of such a text stands."""

    # -----------------------------------------------------------------------------------------

    def _inside(self, name: str, nodes: list[ast.expr] | list[ast.stmt] | list[ast.AST]) -> None:
        self._scope.append(name)
        for node in nodes:
            self.visit(node)
        self._scope.pop()

    def _never(self, condition: ast.expr) -> None:
        if not _binds(condition):
            self._add(condition, "False")

    def _add(self, node: ast.expr | ast.pattern, after: str) -> None:
        begin, end = (
            self._begins[line - 1] + column
            for line, column in (
                (node.lineno, node.col_offset),
                (node.end_lineno or 0, node.end_col_offset or 0),
            )
        )
        before = " ".join(self._source[begin:end].decode().split())
        scope = ".".join(self._scope)
        self.found.append(Mutant(self._file, node.lineno, scope, begin, end, before, after))


def _binds(node: ast.expr) -> bool:
    """If the condition is gone, the name it binds is gone too: that is found by any test."""
    return any(isinstance(each, ast.NamedExpr) for each in ast.walk(node))
