"""Every sentence of both documents, with its answer: whose clause it is, carried or not.

The sentences and their answers are docs/sentences.toml; docs/traceability.py puts them on its page.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

FILE = Path(__file__).with_name("sentences.toml")

Carried = Literal["yes", "partly", "no", "nothing"]

_SAID: dict[Carried, str] = {
    "yes": "Carried",
    "partly": "Partly carried",
    "no": "Not carried",
    "nothing": "Demands nothing",
}

_LINE = 50
"""Characters in a line of Chinese: each is as wide as two others."""


class SentenceError(ValueError):
    """docs/sentences.toml is not as it should be; says what is wrong where."""


@dataclass(frozen=True)
class Sentence:
    """A sentence and its answer.

    Attributes:
        part: The chapter and paragraph of the document in which it stands.
        how: How it is carried, or why it demands nothing of a program.
        missing: What of it is not carried.
        tests: Names of tests, without ``test_``, that show what ``how`` says.
    """

    id: str
    part: str
    text: str
    carried: Carried
    clauses: tuple[str, ...] = ()
    how: str = ""
    missing: str = ""
    tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """A document of the regulation, sentence by sentence, with the digest of its text."""

    id: str
    title: str
    sha256: str
    sentences: tuple[Sentence, ...]

    def digest(self) -> str:
        """The SHA-256 of the sentences as they stand here, without white space."""
        text = "".join(each.text for each in self.sentences)
        return sha256("".join(text.split()).encode()).hexdigest()


def documents() -> tuple[Document, ...]:
    """Both documents.

    Raises:
        SentenceError: if a sentence is not numbered through, or its entry is not complete.
    """
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(_document(id, table) for id, table in tables.items())


def _document(id: str, table: dict[str, Any]) -> Document:
    title, hashed = table.pop("title"), table.pop("sha256")
    if list(table) != [str(number + 1) for number in range(len(table))]:
        raise SentenceError(f"docs/sentences.toml, {id}: the sentences are not numbered through")
    return Document(id, title, hashed, tuple(_sentence(f"{id}{n}", table[n]) for n in table))


def _sentence(id: str, entry: dict[str, Any]) -> Sentence:
    said: dict[str, Any] = {
        key: tuple(each) if isinstance(each, list) else each for key, each in entry.items()
    }
    if said.get("carried") not in _SAID:
        raise SentenceError(f"docs/sentences.toml, {id}: carried is one of {', '.join(_SAID)}")
    try:
        return Sentence(id=id, **said)
    except TypeError as error:
        raise SentenceError(f"docs/sentences.toml, {id}: {error}") from None


def faults(
    sentence: Sentence, carried_out: Collection[str], marks: Mapping[str, Collection[str]]
) -> Iterator[str]:
    """What an answer claims and does not show.

    Args:
        carried_out: The clauses that have code and tests.
        marks: The clauses that each test is marked with, by the name of the test.
    """
    carried, clauses = sentence.carried, set(sentence.clauses)
    if carried == "nothing":
        if clauses or sentence.tests or sentence.missing or not sentence.how:
            yield "demands nothing: say why (how), and nothing else"
        return
    if not clauses:
        yield "names no clause"
    if (carried == "yes") == bool(sentence.missing):
        yield "missing: say it if the sentence is not wholly carried, and only then"
    if carried == "no":
        if sentence.tests or sentence.how:
            yield "not carried, and yet something shows it"
        return
    if not sentence.how:
        yield "how: say how it is carried"
    wanted = clauses if carried == "yes" else set()
    if not clauses & set(carried_out) or wanted - set(carried_out):
        yield f"carried by {', '.join(sorted(clauses))}, not all of which have code and tests"
    if not sentence.tests:
        yield "names no test"
    for test in sentence.tests:
        if not clauses & set(marks.get(f"test_{test}", ())):
            yield f"no test_{test} has the mark of {', '.join(sorted(clauses))}"


def section(
    known: tuple[Document, ...], link: Callable[[str], str], wrap: Callable[[str, str], str]
) -> list[str]:
    """The lines of the page.

    Args:
        link: Makes links of the clauses in a text.
        wrap: Breaks a text into lines, of which those after the first begin with an indent.
    """
    lines = []
    for document in known:
        many = Counter(each.carried for each in document.sentences)
        counted = ", ".join(f"{_SAID[each].lower()}: {many[each]}" for each in _SAID)
        said = f"{document.id}, {document.title}: {len(document.sentences)} sentences; {counted}."
        lines += [wrap(said, ""), ""]
    for document in known:
        for part, those in groupby(document.sentences, key=lambda each: each.part):
            lines += [f"### {document.id} {part}", ""]
            for sentence in those:
                lines += [*_entry(sentence, link, wrap), ""]
    return lines


def _entry(
    sentence: Sentence, link: Callable[[str], str], wrap: Callable[[str, str], str]
) -> Iterator[str]:
    first, *others = _broken(sentence.text)
    yield f"**{sentence.id}** {first}"
    yield from others
    yield ""
    head = ", ".join([_SAID[sentence.carried], *(link(each) for each in sentence.clauses)])
    yield wrap(f"- {head}. {link(sentence.how)}".rstrip(), "  ")
    if sentence.missing:
        yield wrap(f"- Missing: {link(sentence.missing)}", "  ")
    if sentence.tests:
        yield wrap(f"- Tests: {', '.join(f'`{each}`' for each in sentence.tests)}", "  ")


def _broken(text: str) -> list[str]:
    """A Chinese text in lines that end with a mark of punctuation, if there is one.

    >>> _broken("退" * 30 + "，" + "出" * 30 + "。") == ["退" * 30 + "，", "出" * 30 + "。"]
    True
    """
    lines = [""]
    for piece in re.findall(r"[^，；、。：]+[，；、。：]*", text):
        if lines[-1] and len(lines[-1]) + len(piece) > _LINE:
            lines.append("")
        lines[-1] += piece
    return lines
