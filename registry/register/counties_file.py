"""Reading the list of poor counties (CSV): every fault, each with row, column and what is right."""

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from models.base import Record
from models.offices import CountyCode, Division, Tier
from models.periods import Year
from models.texts.characters import fault, unified
from registry.errors import LoadError
from registry.files.cells import check_name
from registry.files.disk import read_text
from registry.files.sheet_cells import sound


class CountyLine(Record):
    """One county of the list, as of its exit; ``row`` is where it stands in the file."""

    row: int
    code: CountyCode
    name: str
    city: str
    tier: Tier
    directly_administered: bool
    exit_year: Year

    @property
    def city_code(self) -> str:
        """A city's code: the first four digits of its counties'."""
        return f"{self.code[:4]}00"


def read_counties(
    source: Path | Iterable[Mapping[str, str]], province: Division
) -> tuple[CountyLine, ...]:
    """Read a CSV file, or rows that are read already.

    Raises:
        LoadError: with all faults of the list.
    """
    named = str(source) if isinstance(source, Path) else "rows"
    rows = _file_rows(source) if isinstance(source, Path) else _given_rows(source)
    faults: list[str] = []
    lines: list[CountyLine] = []
    for number, cells in rows:
        where = f"{named}, row {number}"
        values = _values(cells, where, faults)
        if values is not None:
            lines.append(CountyLine(row=number, **values))
    faults += _contradictions(lines, named, province)
    if not lines and not faults:
        faults.append(
            f"{named}: holds no county; the first row names the columns, the next the first"
        )
    if faults:
        raise LoadError(faults)
    return tuple(lines)


def _code(cell: str) -> str:
    if not re.fullmatch(r"[1-9]\d{5}", cell, re.ASCII) or cell.endswith("00"):
        raise ValueError(
            "write the six digits of a county, not those of a city, for example 411523"
        )
    return cell


def _name(cell: str) -> str:
    wrong = fault(cell)
    if not cell or len(cell) > 50 or wrong is not None:
        raise ValueError(wrong or "write a name, for example 新县")
    check_name(cell)
    return unified(cell)


def _tier(cell: str) -> Tier:
    try:
        return Tier(cell)
    except ValueError:
        raise ValueError("write national (国定贫困县) or provincial (省定贫困县)") from None


def _switch(cell: str) -> bool:
    if cell not in ("true", "false"):
        raise ValueError("write true or false")
    return cell == "true"


def _year(cell: str) -> int:
    if not re.fullmatch(r"20\d\d", cell, re.ASCII) or int(cell) < 2014:
        raise ValueError("write a year from 2014 on, for example 2018")
    return int(cell)


def _day(cell: str) -> date:
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise ValueError("write a date as YYYY-MM-DD, for example 2018-08-02") from None


def _count(cell: str) -> int:
    if not re.fullmatch(r"\d{1,9}", cell, re.ASCII):
        raise ValueError("write a number, for example 16")
    return int(cell)


_COLUMNS: dict[str, Callable[[str], Any]] = {
    "code": _code,
    "name": _name,
    "city": _name,
    "tier": _tier,
    "directly_administered": _switch,
    "exit_year": _year,
    "approved_on": _day,
    "townships": _count,
    "villages": _count,
}
_NOT_KEPT = ("approved_on", "townships", "villages")


def _values(cells: Mapping[str, str], where: str, faults: list[str]) -> dict[str, Any] | None:
    values: dict[str, Any] = {}
    before = len(faults)
    for column, read in _COLUMNS.items():
        cell = str(cells.get(column) or "").strip()
        try:
            sound(cell)
            values[column] = read(cell)
        except ValueError as error:
            faults.append(f"{where}, column {column}: {cell!r} is wrong; {error}")
    if len(faults) > before:
        return None
    return {column: value for column, value in values.items() if column not in _NOT_KEPT}


def _given_rows(rows: Iterable[Mapping[str, str]]) -> Iterable[tuple[int, Mapping[str, str]]]:
    return enumerate(rows, start=1)


def _file_rows(path: Path) -> list[tuple[int, Mapping[str, str]]]:
    try:
        text = read_text(path)
    except OSError as error:
        raise LoadError([f"{path} cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise LoadError([f"{path} is not in UTF-8; save it as CSV UTF-8"]) from None
    reader = csv.reader(text.splitlines())
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise LoadError([f"{path}, row {reader.line_num}: is no CSV ({error})"]) from None
    header = rows[0][1] if rows else []
    if sorted(header) != sorted(_COLUMNS):
        raise LoadError(
            [f"{path}, row 1: the columns are {','.join(header)!r}; write {','.join(_COLUMNS)}"]
        )
    faults = [
        f"{path}, row {number}: has {len(row)} cells; write one for each of {len(header)} columns"
        for number, row in rows[1:]
        if any(row) and len(row) != len(header)
    ]
    if faults:
        raise LoadError(faults)
    return [(number, dict(zip(header, row, strict=True))) for number, row in rows[1:] if any(row)]


def _contradictions(lines: list[CountyLine], named: str, province: Division) -> list[str]:
    """What no single row shows: codes outside the province, or twice; one city with two names."""
    faults = []
    first_of: dict[str, CountyLine] = {}
    city_of: dict[str, CountyLine] = {}
    code_of: dict[str, CountyLine] = {}
    for line in lines:
        where = f"{named}, row {line.row}, column"
        if line.code[:2] != province.code[:2]:
            faults.append(
                f"{where} code: {line.code} lies outside {province.name}; write a code that begins "
                f"with {province.code[:2]}"
            )
            continue
        first = first_of.setdefault(line.code, line)
        if first is not line:
            faults.append(f"{where} code: {line.code} stands in row {first.row} already; keep one")
        city = city_of.setdefault(line.city_code, line)
        other = code_of.setdefault(line.city, line)
        if city.city != line.city:
            faults.append(
                f"{where} city: {line.city!r}, but row {city.row} calls {line.city_code} "
                f"{city.city!r}; write one name for one code"
            )
        elif other.city_code != line.city_code:
            faults.append(
                f"{where} city: {line.city!r} has the code {other.city_code} in row {other.row}, "
                f"{line.city_code} here; correct the city or the county's code"
            )
    return faults
