"""Wrapping text that may be Chinese, and the words for how long a limit still runs."""

import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from models.periods import Limit, LimitKind, LimitRequest
from operators.views.printing import is_over, left, paragraph, table, urgency

SENTENCE = "T3 7日内：2026年11月22日收到申请（市级），第7日为2026年11月30日，当日24时届满。"
DUE = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize("width", range(12, 90))
def test_a_chinese_sentence_is_wrapped_anywhere_but_before_a_closing_mark(width: int) -> None:
    lines = paragraph(SENTENCE, width, indent=2).plain.splitlines()
    assert "".join(line.strip() for line in lines).replace(" ", "") == SENTENCE.replace(" ", "")
    for line in lines:
        assert cell_len(line) <= width
        assert line.startswith("  ")
        assert line.strip()[0] not in "，。：）"
        assert not line.endswith("（")
    # No line is left short that the next piece would have fitted on.
    assert all(cell_len(line) >= width - 12 for line in lines[:-1])


@given(st.text(alphabet="ab1 县期，（）。", max_size=60), st.integers(min_value=20, max_value=60))
def test_wrapping_loses_nothing_but_blanks(text: str, width: int) -> None:
    wrapped = paragraph(text, width).plain
    assert "".join(wrapped.split()) == "".join(text.split())


def limit(kind: LimitKind = LimitKind.MAXIMUM) -> Limit:
    return Limit(
        clause="T3",
        kind=kind,
        due=DUE,
        last_day=date(2026, 11, 30),
        provisional=False,
        zh="期限",
        en="limit",
        request=LimitRequest(clause="T3"),
    )


@pytest.mark.parametrize(
    ("before", "said", "style"),
    [
        (timedelta(days=4, hours=5), "4 d 5 h left", ""),
        (timedelta(days=3), "3 d 0 h left", "yellow"),
        (timedelta(minutes=61), "1 h 1 min left", "yellow"),
        (timedelta(seconds=1), "0 h 0 min left", "yellow"),
        (timedelta(0), "overdue 0 h 0 min", "bold red"),
        (-timedelta(days=2, hours=1), "overdue 2 d 1 h", "bold red"),
    ],
)
@pytest.mark.clause("T3")
def test_how_long_a_limit_runs(before: timedelta, said: str, style: str) -> None:
    assert left(limit(), DUE - before) == said
    assert urgency(limit(), False, DUE - before) == style


@pytest.mark.clause("T1", "G4")
def test_nobody_misses_the_end_of_a_publicity() -> None:
    after = DUE + timedelta(hours=2)
    assert not is_over(limit(LimitKind.MINIMUM), False, after)
    assert left(limit(LimitKind.MINIMUM), after) == "ended 2 h 0 min ago"
    assert is_over(limit(), False, after)
    assert is_over(limit(), True, DUE - timedelta(hours=2))


@pytest.mark.parametrize("width", [30, 60, 100, 200])
def test_a_table_cuts_no_value(width: int) -> None:
    """Half an office's code is another office's: what is too wide is folded."""
    values = ("supplement/county-exit/411523/2026/1", "A5/411523", "2026-11-22 10:30", "说明" * 9)
    shown = table("Case", "Waits for", "When", "Note", wrap=["Note"])
    shown.add_row(*values)
    out = Console(width=width, file=io.StringIO())
    out.print(shown)
    assert isinstance(out.file, io.StringIO)
    printed = Counter("".join(out.file.getvalue().split()))
    assert printed == Counter("".join(("CaseWaitsforWhenNote", *values)).replace(" ", ""))
