"""Sentences that an operator reads: words for patterns, Beijing's clock, values that differ."""

from datetime import UTC, datetime
from typing import Any

import pytest

from operators.verdicts import in_words
from registry.checks.values import column_differences, table_of
from registry.tables import CaseRow, HouseholdRow, NoticeRow, Table
from tests.operators.conftest import Shell

ONE, OTHER = "a" * 64, "b" * 64
LONG = "公示内容（合成）" * 40


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "at: 2026-03-05T02:01:05.426235+00:00 lies in the future",
            "at: 2026-03-05 10:01 (Beijing time) lies in the future",
        ),
        ("from 2026-03-05 02:01:05+00:00 on", "from 2026-03-05 10:01 (Beijing time) on"),
        ("write it as 2018-01-05T10:00+08:00", "write it as 2018-01-05T10:00+08:00"),
        ("at: 2026-99-05T02:01:05Z is none", "at: 2026-99-05T02:01:05Z is none"),
    ],
)
def test_a_moment_is_shown_by_the_clock_in_beijing(said: str, shown: str) -> None:
    assert in_words(said) == shown


@pytest.mark.parametrize(
    ("row", "column", "kept", "told", "what"),
    [
        (CaseRow, "head", ONE, OTHER, ("aaaaaaaaaaaa… is kept", "it is bbbbbbbbbbbb…")),
        (HouseholdRow, "head", "张某", "李某", ("a value that is not shown (G8) is kept",)),
        (
            NoticeRow,
            "markdown",
            LONG,
            f"{LONG[:100]}改{LONG[101:]}",
            ("from character 89 of 320 on is kept", "改"),
        ),
        (NoticeRow, "markdown", LONG, LONG + "完", ("of 320 on is kept", "of 321 on")),
        (
            CaseRow,
            "updated",
            datetime(2026, 3, 5, 2, 1, tzinfo=UTC),
            datetime(2026, 3, 5, 3, 1, tzinfo=UTC),
            ("2026-03-05 10:01 (Beijing time) is kept", "2026-03-05 11:01 (Beijing time)"),
        ),
        (
            CaseRow,
            "updated",
            datetime(2026, 3, 5, 2, 1, tzinfo=UTC),
            datetime(2026, 3, 5, 2, 1, 7, tzinfo=UTC),
            ("02:01:00+00:00 is kept", "02:01:07+00:00"),
        ),
    ],
)
def test_two_values_are_shown_by_what_differs(
    row: type[Table], column: str, kept: Any, told: Any, what: tuple[str, ...]
) -> None:
    table = table_of(row)
    key = {each.name: "x" for each in table.primary_key}
    (found,) = column_differences(table, {**key, column: told}, {**key, column: kept}, "a case")
    for each in what:
        assert each in found.what
    assert len(found.what) < 250
    assert "张某" not in found.what


async def test_an_empty_folder_names_both_ways_to_begin(lonely: Shell) -> None:
    sentence = (await lonely("cases")).fails(3)
    assert "run `exitflow setup registry`, or `exitflow up`, which sets up everything" in sentence
