"""TOML and JSON that would end a reader: one sentence, in little time and memory."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.texts.notation import MOST, from_json, toml


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a." * 50_000 + "b = 1", "it has a key of more than 20 parts"),
        ("a . " * 25_000 + "b = 1", "it has a key of more than 20 parts"),
        ('"a".' * 25_000 + "b = 1", "it has a key of more than 20 parts"),
        (f"[{'a.' * 50_000}b]", "it has a key of more than 20 parts"),
        (f"a = {{{'a.' * 40_000}b = 1}}", "it has a key of more than 20 parts"),
        (('"' + "x" * 150 + '".') * 600 + "b = 1", "it has a key of more than 20 parts"),
        ("a = " + "1" * 100_000, "it has a number of too many digits"),
        ("a = 0x" + "f" * 100_000, "it has a number of too many digits"),
        ("a = 9223372036854775808", "it has a number of too many digits"),
        ("a = " + "[" * 50_000, "it is nested too deeply"),
        ("a = " + "{a = " * 20_000, "it is nested too deeply"),
        ("#" * (MOST + 1), "at most 1000000 are read"),
        ('\\"' * 400_000, "Invalid statement"),
    ],
    ids=lambda value: value[:12],
)
def test_a_toml_that_would_end_its_reader_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        toml(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "it is nested too deeply"),
        ('{"a":' * 100_000, "it is nested too deeply"),
        ("1" * 100_000, "it has a number of too many digits"),
        ("1" * 400, "it has a number of too many digits"),
        ('{"a": NaN}', "NaN is no number"),
        ("-Infinity", "-Infinity is no number"),
    ],
    ids=lambda value: value[:12],
)
def test_a_json_that_would_end_its_reader_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        from_json(text)


def test_what_people_write_is_read() -> None:
    assert toml('a.b.c = 1\n[d."e.f"]\ntext = "1.2.3 see www.example.org. So. It. Is."') == {
        "a": {"b": {"c": 1}},
        "d": {"e.f": {"text": "1.2.3 see www.example.org. So. It. Is."}},
    }


@given(st.recursive(st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5), st.lists, max_leaves=9))
def test_all_other_json_is_read_as_it_is(value: object) -> None:
    assert from_json(json.dumps(value)) == value


def test_a_small_file_takes_little_memory() -> None:
    """Where this took eight gigabytes a process of 600 MB ends with a sentence."""
    code = """
import resource
from models.texts.notation import toml
resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))
try:
    toml("a." * 50_000 + "b = 1")
except ValueError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "it has a key of more than 20 parts\n"
