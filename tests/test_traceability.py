"""docs/regulation.md is up to date, and no clause that is carried out lacks code or tests."""

import re
from pathlib import Path

import pytest

from docs import traceability
from docs.traceability import (
    COMMAND,
    IDS,
    PAGE,
    WIDTH,
    Clause,
    Index,
    TraceabilityError,
    clauses,
    code_places,
    decided_by,
    mentioned,
    proofs,
)


def test_the_page_is_up_to_date() -> None:
    # As lists, so that a difference is shown line by line.
    found = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.is_file() else []
    assert found == traceability.page().splitlines(), f"run: {COMMAND}"


@pytest.fixture(scope="module")
def here() -> tuple[Index, Index]:
    return code_places(), proofs()


@pytest.mark.parametrize("clause", IDS)
def test_every_clause_has_code_and_tests(here: tuple[Index, Index], clause: str) -> None:
    code, tests = here
    assert code[clause], f"no code names {clause}"
    assert tests[clause], f"no test has the marker clause({clause!r})"


def test_every_clause_of_the_regulation_is_listed() -> None:
    many = {"A": 9, "S": 7, "H": 4, "V": 3, "C": 7, "G": 9, "T": 8, "F": 15}
    assert set(IDS) == {f"{letter}{n}" for letter in many for n in range(1, many[letter] + 1)}
    assert re.findall(r"^### (\w\d+) ", PAGE.read_text(encoding="utf-8"), re.MULTILINE) == list(IDS)


def test_the_page_can_be_read() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    listed = ("- Code: ", "- Tests: ", "[")
    assert max(len(line) for line in lines if not line.startswith(listed)) <= WIDTH
    assert max(map(len, lines)) <= 120
    assert not any(line.startswith("|") for line in lines)


def test_every_link_of_the_page_leads_somewhere() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (PAGE.parent / target).is_file(), target
    targets = dict(re.findall(r"^\[(\w\d+)\]: #(.+)$", text, re.MULTILINE))
    assert list(targets) == list(IDS)
    assert targets["C4"] == "c4-公告公示-publicity"
    assert targets["A1"] == "a1-村两委-village-two-committees"
    assert targets["G3"] == "g3-return-and-rectification-退回整改"


def test_every_clause_names_one_or_two_places() -> None:
    assert {len(said.code) for said in clauses().values()} <= {1, 2}


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("C4", "C4"),
        ("(C4 公告公示)", "C4"),
        ("T1-T3, S3–S5 and A1 to A2", "T1 T2 T3 S3 S4 S5 A1 A2"),
        ("S3.incidence", "S3"),
        ("F1, F9 to F11", "F1 F9 F10 F11"),
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


def deciding(*names: str) -> list[str]:
    """The files of the names that decide C3."""
    known = {"C3": Clause("核查", [*names], "")}
    return [place.file for place in decided_by(known, code_places())["C3"]]


def test_a_deciding_place_is_found_wherever_its_file_lies(tree: Path) -> None:
    assert deciding("Case.act", "LIMIT") == ["models/case.py", "models/case.py"]
    (tree / "workflows").mkdir()
    (tree / "models" / "case.py").rename(tree / "workflows" / "county.py")
    assert deciding("Case.act") == ["workflows/county.py"]


def test_of_two_places_with_a_name_the_one_that_cites_the_clause_decides(tree: Path) -> None:
    other = tree / "models" / "another.py"
    other.write_text(MODULE.replace("C3", "C5"), encoding="utf-8")
    assert deciding("Case.act") == ["models/case.py"]
    other.write_text(MODULE, encoding="utf-8")
    with pytest.raises(TraceabilityError, match=r"C3: Case\.act stands for 2 places"):
        deciding("Case.act")


def test_a_deciding_place_that_is_gone_is_named_with_those_that_could_be(tree: Path) -> None:
    fault = r"C3: Case\.decide stands for 0 places .*; C3 is cited in: Case\.act$"
    with pytest.raises(TraceabilityError, match=fault):
        deciding("Case.decide")


@pytest.mark.parametrize(
    ("many", "said"), [(0, 0), (1, 1), (4, 2), (5, 5), (49, 20), (50, 50), (3000, 200)]
)
def test_the_page_gives_the_number_of_tests_in_steps(
    many: int, said: int, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {each: Clause(each, [], "Read.") for each in IDS}
    monkeypatch.setattr(traceability, "clauses", lambda: known)
    marked = '@pytest.mark.clause("C6")\n' + "def test_{}() -> None: ...\n"
    text = "\n".join(marked.format(number) for number in range(many))
    (tree / "tests" / "test_case.py").write_text(text, encoding="utf-8")
    assert f"### C6 C6\n\nRead.\n\n- Tests: at least {said}\n" in traceability.page()


def test_a_reading_links_to_other_clauses(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {each: Clause(each, [], "C6 rests on G3 (S1.income).\n\nNot A6/41.") for each in IDS}
    monkeypatch.setattr(traceability, "clauses", lambda: known)
    assert "C6 rests on [G3] ([S1].income).\n\nNot A6/41.\n" in traceability.page()


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
    with pytest.raises(TraceabilityError, match="C8 is no clause"):
        proofs()


def test_a_stale_page_is_found(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = {each: Clause("a title", [], "") for each in IDS}
    monkeypatch.setattr(traceability, "clauses", lambda: known)
    monkeypatch.setattr(traceability, "PAGE", tree / "regulation.md")
    assert traceability.main(["--check"]) == 1
    assert capsys.readouterr().err == f"docs/regulation.md is not up to date; run: {COMMAND}\n"
    assert traceability.main([]) == 0
    assert traceability.main(["--check"]) == 0
    with (tree / "regulation.md").open("a", encoding="utf-8") as file:
        file.write("by hand\n")
    assert traceability.main(["--check"]) == 1
    assert traceability.main(["C9"]) == 2


def test_places_and_tests_are_listed(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = {each: Clause("a title", [], "") for each in IDS}
    monkeypatch.setattr(traceability, "clauses", lambda: known)
    assert traceability.main(["C3"]) == 0
    listed = (
        "C3 a title: 1 places, 1 tests\n  models/case.py:13 Case.act\n"
        "  tests/test_case.py:9 test_act\n"
    )
    assert capsys.readouterr().out == listed
    assert traceability.main(["--all"]) == 0
    everything = capsys.readouterr().out
    assert listed in everything
    assert everything.count("a title") == len(IDS)
