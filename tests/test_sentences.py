"""docs/sentences.toml answers for every sentence of both documents, and claims nothing unshown."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from docs import sentences
from docs.sentences import FILE, Sentence, SentenceError, documents, faults
from docs.traceability import PAGE, clauses, code_places, proofs

HN, CN = documents()
ALL = {each.id: each for each in (*HN.sentences, *CN.sentences)}


@pytest.fixture(scope="module")
def marks() -> dict[str, set[str]]:
    """The clauses that each test is marked with."""
    found: dict[str, set[str]] = {}
    for clause, places in proofs().items():
        for place in places:
            found.setdefault(place.name, set()).add(clause)
    return found


@pytest.fixture(scope="module")
def carried_out(marks: dict[str, set[str]]) -> set[str]:
    """The clauses that have code and tests."""
    code = code_places()
    marked = set().union(*marks.values())
    return {id for id in clauses() if code[id] and id in marked}


def test_every_sentence_of_both_documents_is_here() -> None:
    assert (len(HN.sentences), len(CN.sentences)) == (95, 52)
    assert HN.digest() == HN.sha256
    assert CN.digest() == CN.sha256
    assert all(re.fullmatch("[^。]+。?", each.text) for each in ALL.values())


@pytest.mark.parametrize("id", ALL)
def test_no_sentence_is_without_an_answer_that_is_shown(
    id: str, carried_out: set[str], marks: dict[str, set[str]]
) -> None:
    assert list(faults(ALL[id], carried_out, marks)) == []


ANSWERED_AS = {
    id: re.findall(r"(?:HN|CN)\d+", found[0])
    for id, each in ALL.items()
    if (found := re.match(r"As (?:HN|CN)\d+(?:(?:, | and )(?:HN|CN)\d+)*", each.how))
}


@pytest.mark.parametrize("id", ANSWERED_AS)
def test_an_answer_is_no_better_than_the_ones_it_refers_to(id: str) -> None:
    others = {ALL[each].carried for each in ANSWERED_AS[id]}
    assert ALL[id].carried == ("yes" if others == {"yes"} else "partly")


def test_the_page_has_every_sentence() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^\*\*((?:HN|CN)\d+)\*\* ", text, re.MULTILINE) == list(ALL)


SOUND = Sentence(
    id="HN1",
    part="一",
    text="要退出。",
    carried="yes",
    clauses=("C1",),
    how="It does.",
    tests=("it_does",),
)
PARTLY = replace(SOUND, carried="partly", clauses=("C1", "F10"), missing="The rest.")
NOT = replace(SOUND, carried="no", clauses=("F10",), how="", missing="All of it.", tests=())
NOTHING = replace(SOUND, carried="nothing", clauses=(), tests=())


@pytest.mark.parametrize("sound", [SOUND, PARTLY, NOT, NOTHING])
def test_a_sound_answer(sound: Sentence) -> None:
    assert list(faults(sound, {"C1"}, {"test_it_does": {"C1"}})) == []


@pytest.mark.parametrize(
    "claim",
    [
        replace(SOUND, clauses=()),
        replace(SOUND, clauses=("C1", "F10")),
        replace(SOUND, missing="The rest."),
        replace(SOUND, how=""),
        replace(SOUND, tests=()),
        replace(SOUND, tests=("it_does", "it_does_more")),
        replace(SOUND, clauses=("C2",)),
        replace(PARTLY, missing=""),
        replace(PARTLY, clauses=("F10",)),
        replace(PARTLY, tests=()),
        replace(NOT, clauses=()),
        replace(NOT, missing=""),
        replace(NOT, tests=("it_does",)),
        replace(NOTHING, how=""),
        replace(NOTHING, clauses=("C1",)),
    ],
)
def test_an_answer_that_claims_more_than_is_shown(claim: Sentence) -> None:
    assert list(faults(claim, {"C1", "C2"}, {"test_it_does": {"C1"}}))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[HN.7]", "[HN.701]", "HN: the sentences are not numbered through"),
        (
            'carried = "partly"',
            'carried = "maybe"',
            "HN19: carried is one of yes, partly, no, noth",
        ),
        ("missing = ", "lacking = ", "HN19: .* unexpected keyword argument 'lacking'"),
    ],
)
def test_a_broken_file_is_named(
    old: str, new: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "sentences.toml"
    broken.write_text(FILE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(sentences, "FILE", broken)
    with pytest.raises(SentenceError, match=fault):
        documents()
