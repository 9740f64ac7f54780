"""A record (台账) goes through Excel and comes back as it was, whatever its form permits."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from models.base import Line, Text
from models.offices import Office
from models.register.office_records import EARLIEST, Fault, KeptRecord, OfficeRecord, RecordKind
from registry.files.table import TableFile
from registry.files.workbook_writing import write_workbook
from registry.register.office_records import COLUMNS, RecordCells, sheet_row

pytestmark = pytest.mark.clause("F13", "G7")

_ODD = ("=", "'", "'=", "-", "@", "+", "＝", "#N/A", "####", "合计", "'合 计:", "#=?", "_x000D_")
_LINES = TypeAdapter[str](Text)
_LINE = TypeAdapter[str](Line)


def _permitted(form: TypeAdapter[str], said: str) -> str | None:
    try:
        return form.validate_python(said)
    except ValidationError:
        return None


def _texts(form: TypeAdapter[str], between: Sequence[str]) -> st.SearchStrategy[str]:
    """Texts that a form permits, as it keeps them."""
    piece = st.one_of(
        st.sampled_from(_ODD),
        st.text(max_size=12),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12),
        st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FEF), max_size=4),
        st.sampled_from(between),
    )
    said = st.lists(piece, min_size=1, max_size=5).map("".join)
    return said.map(lambda each: _permitted(form, each) or "一")


_SAID = _texts(_LINES, ("\n", "\n\n", "\t", "\r\n", " "))
_NAMED = _texts(_LINE, (" ", "　"))
_MANY = st.integers(0, 10_000_000_000)


@st.composite
def records(draw: st.DrawFn) -> OfficeRecord:
    """Any record that its form permits, without evidence: no file holds that."""
    kind = draw(st.sampled_from(RecordKind))
    day = draw(st.dates(EARLIEST, date(2100, 12, 31)))
    more: dict[str, Any] = {
        "document": draw(st.none() | _NAMED),
        "refers_to": draw(st.none() | st.just("record-2f0a")),
    }
    if kind is RecordKind.ACCOUNTABILITY:
        more |= {"fault": draw(st.sampled_from(Fault)), "department": draw(st.none() | _NAMED)}
        more |= {"leader": draw(_NAMED), "person": draw(st.none() | _NAMED)}
    if kind in (RecordKind.PROGRAMME, RecordKind.ANNUAL_PLAN):
        more |= {"until": draw(st.none() | st.dates(day)), "villages": draw(st.none() | _MANY)}
        more |= {"households": draw(st.none() | _MANY), "counties": draw(st.none() | _MANY)}
    if draw(st.booleans()):
        more |= {"case_id": draw(_NAMED), "entry": draw(st.integers(1, 2**31 - 1))}
    return OfficeRecord(
        kind=kind,
        subject=draw(st.sampled_from(("411500", "411523", "411523100201", "SL-0001"))),
        year=draw(st.integers(2014, 2100)),
        office=draw(st.sampled_from((Office.parse("A5/411523"), Office.parse("A8/100000")))),
        officer=draw(_NAMED),
        day=day,
        text=draw(_SAID),
        **more,
    )


def read_back(written: Sequence[OfficeRecord]) -> list[OfficeRecord]:
    """What import reads of what export wrote."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "台账.xlsx")
        kept: dict[str, Any] = {
            "name": "新县",
            "place": "411523",
            "replaced": False,
            "entry_hash": None,
        }
        rows = (
            sheet_row(KeptRecord(**dict(each), **kept, key=each.id, source=None))
            for each in written
        )
        write_workbook(file, "台账", COLUMNS, rows)
        table = TableFile(file, RecordCells, today=date(2100, 12, 31))
        found = [line.record() for line in table.lines()]
        assert table.faults == ()
        return found


@settings(max_examples=25, deadline=None)
@given(st.lists(records(), min_size=1, max_size=20))
def test_any_record_is_read_as_it_was_written(written: list[OfficeRecord]) -> None:
    found = read_back(written)
    assert found == written
    assert [each.id for each in found] == [each.id for each in written]


def test_a_text_of_several_lines_is_read_as_it_was_written() -> None:
    said = "一、发现档案不全：\n\t（一）缺会议记录；\n\n二、限期整改。"
    longest = f"{'长' * 3998}\n完"
    one: dict[str, Any] = {
        "subject": "411523",
        "year": 2018,
        "office": Office.parse("A5/411523"),
        "officer": "某乙",
        "day": date(2018, 11, 1),
    }
    written = [
        OfficeRecord(kind=RecordKind.MEASURE, text=text, **one)
        for text in (said, longest, "=1+1\n二", "'=1", "合计", "'合计", "#N/A", "'", "-\n-")
    ]
    assert [each.text for each in read_back(written)] == [each.text for each in written]
