"""docs/regulation.md is up to date, and no clause that is carried out lacks code or tests."""

from pathlib import Path

import pytest

from docs import traceability
from docs.traceability import COMMAND, IDS, PAGE, Index, clauses, code_places, mentioned, proofs

LATER: set[str] = set()
"""What is not carried out yet."""

NOW = [each for each in IDS if each not in LATER]


def test_the_page_is_up_to_date() -> None:
    # As lists, so that a difference is shown line by line.
    found = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.is_file() else []
    assert found == traceability.page().splitlines(), f"run: {COMMAND}"


def test_nothing_is_put_off_but_what_comes_later() -> None:
    assert {clause for clause, said in clauses().items() if said.later} == LATER


@pytest.fixture(scope="module")
def here() -> tuple[Index, Index]:
    return code_places(), proofs()


@pytest.mark.parametrize("clause", NOW)
def test_every_clause_has_code_and_tests(here: tuple[Index, Index], clause: str) -> None:
    code, tests = here
    assert code[clause], f"no code names {clause}"
    assert tests[clause], f"no test has the marker clause({clause!r})"


def test_every_clause_of_the_regulation_is_listed() -> None:
    many = {"A": 9, "S": 7, "H": 4, "V": 3, "C": 7, "G": 9, "T": 8, "F": 9}
    assert set(IDS) == {f"{letter}{n}" for letter in many for n in range(1, many[letter] + 1)}
    rows = [line for line in traceability.page().splitlines() if line.startswith("| **")]
    assert sorted(row[4:6] for row in rows) == sorted(IDS)
    assert {row.count(" | ") for row in rows} == {3}


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("C4", "C4"),
        ("(C4 公告公示)", "C4"),
        ("T1-T3, S3–S5 and A1 to A2", "T1 T2 T3 S3 S4 S5 A1 A2"),
        ("S3.incidence", "S3"),
        ("A6/411500", ""),
        ("C10, C0, XC4, C4x, T9, abc", ""),
        ("G3.", "G3"),
    ],
)
def test_mentions(text: str, clauses: str) -> None:
    assert mentioned(text) == set(clauses.split())


MODULE = '''"""A module for C1."""

LIMIT = 7  # T1
"""Said of T3."""


class Case:
    """C2."""

    field = "G4"

    def act(self) -> str:
        """C3."""
        return f"refused ({LIMIT}, G5)"  # G6
'''

TESTS = """import pytest

pytestmark = pytest.mark.clause("A5")


class TestCase:
    @pytest.mark.clause("C1", "C2")
    @pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.clause("C3"))])
    async def test_act(self, x: int) -> None: ...


def test_other() -> None: ...


def helper() -> None: ...
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(traceability, "ROOT", tmp_path)
    for folder, name, text in (
        ("models", "case.py", MODULE),
        ("policies", "p.toml", "# S5\n[publicity] # T7\ndays = 7 # G1\n[x]\ny = 1 # G2\n"),
        ("tests", "test_case.py", TESTS),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_places_are_named_by_what_they_stand_in(tree: Path) -> None:
    found = {
        clause: [(place.file, place.line, place.name) for place in places]
        for clause, places in code_places().items()
        if places
    }
    assert found == {
        "C1": [("models/case.py", 1, "")],
        "T1": [("models/case.py", 3, "LIMIT")],
        "T3": [("models/case.py", 4, "LIMIT")],
        "C2": [("models/case.py", 8, "Case")],
        "G4": [("models/case.py", 10, "Case.field")],
        "C3": [("models/case.py", 13, "Case.act")],
        "G5": [("models/case.py", 14, "Case.act")],
        "G6": [("models/case.py", 14, "Case.act")],
        "S5": [("policies/p.toml", 1, "")],
        "T7": [("policies/p.toml", 2, "[publicity]")],
        "G1": [("policies/p.toml", 3, "[publicity]")],
        "G2": [("policies/p.toml", 5, "[x]")],
    }


def test_tests_are_found_by_their_marker(tree: Path) -> None:
    found = {
        clause: [place.name for place in places] for clause, places in proofs().items() if places
    }
    assert found == {
        "A5": ["test_act", "test_other"],
        "C1": ["test_act"],
        "C2": ["test_act"],
        "C3": ["test_act"],
    }


def test_a_marker_that_names_no_clause_is_found(tree: Path) -> None:
    text = TESTS.replace('"C2"', '"C8"')
    (tree / "tests" / "test_case.py").write_text(text, encoding="utf-8")
    with pytest.raises(traceability.TraceabilityError, match="C8 is no clause"):
        proofs()


def test_a_stale_page_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traceability, "PAGE", tmp_path / "regulation.md")
    assert traceability.main(["--check"]) == 1
    assert traceability.main([]) == 0
    assert traceability.main(["--check"]) == 0
    with (tmp_path / "regulation.md").open("a", encoding="utf-8") as file:
        file.write("by hand\n")
    assert traceability.main(["--check"]) == 1
    assert traceability.main(["C9"]) == 2
