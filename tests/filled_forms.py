"""Forms as somebody fills them in: cells typed into a workbook that is there."""

import re
import zipfile
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from python_calamine import load_workbook

from registry.files.sheet_cells import EXPLANATION, letter
from registry.forms.templates import Form, write_form


def rows_in(path: Path, sheet: str) -> list[list[Any]]:
    """What the rows of a sheet hold, its header first."""
    rows: list[list[Any]] = load_workbook(str(path)).get_sheet_by_name(sheet).to_python()
    return rows


def typed(path: Path, sheet: str, row: int, values: Mapping[str, Any]) -> Path:
    """A workbook with values typed into a row, by header; before them stands what was there."""
    book = load_workbook(str(path))
    part = f"xl/worksheets/sheet{book.sheet_names.index(sheet) + 1}.xml"
    header = rows_in(path, sheet)[0]
    cells = "".join(
        _cell(f"{letter(at)}{row}", values[str(name)])
        for at, name in enumerate(header)
        if values.get(str(name), "") != ""
    )
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    content = parts[part].decode()
    there = re.search(rf'<row r="{row}"[^>]*>', content)
    if there is None:
        content = content.replace("</sheetData>", f'<row r="{row}">{cells}</row></sheetData>')
    else:
        ends = content.index("</row>", there.end())
        content = content[:ends] + cells + content[ends:]
    parts[part] = content.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, each in parts.items():
            archive.writestr(name, each)
    return path


def filled(path: Path, form: Form, **changes: Any) -> Path:
    """An empty form with its examples typed in, and with changes by header."""
    write_form(path, form)
    examples: dict[str, dict[str, Any]] = {}
    for sheet, header, _, _, example in rows_in(path, EXPLANATION)[1:]:
        examples.setdefault(str(sheet), {})[str(header)] = changes.get(str(header), example)
    for sheet, values in examples.items():
        typed(path, sheet, 2, values)
    return path


def _cell(place: str, value: Any) -> str:
    if isinstance(value, (int, float)):
        return f'<c r="{place}"><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'
