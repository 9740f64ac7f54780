"""The list of poor counties: its columns, and what no single row of it shows."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict

from models.offices import Division, Tier
from registry.errors import LoadError
from registry.files import cells
from registry.files.columns import Cells, Header, columns_of, once
from registry.files.faults import Fault, RegisterFaults
from registry.files.sheet_cells import SheetRow
from registry.files.table import TableFile

_CODE, _CITY = Header("code", key=True), Header("city", key=True)


def _of_county(code: str) -> str:
    if code.startswith("0") or code.endswith("00"):
        raise ValueError("write the code of a county, not that of a city, for example 411523")
    return code


_Day = Annotated[date, BeforeValidator(lambda cell: cells.day(cell))]
_Count = Annotated[int, BeforeValidator(cells.whole(999_999_999, "16"))]


class CountyLine(Cells):
    """One county of the list, as of its exit."""

    model_config = ConfigDict(title="list of counties")

    code: Annotated[cells.CountyCode, AfterValidator(_of_county), AfterValidator(once), _CODE]
    name: Annotated[cells.ProperName, Header("name", key=True)]
    city: Annotated[cells.ProperName, _CITY]
    tier: Annotated[Tier, cells.OneOf({each.value: each for each in Tier}), Header("tier")]
    directly_administered: Annotated[
        bool, cells.OneOf({"true": True, "false": False}), Header("directly_administered")
    ]
    exit_year: Annotated[cells.Year, Header("exit_year")]
    approved_on: Annotated[_Day, Header("approved_on")]
    townships: Annotated[_Count, Header("townships")]
    villages: Annotated[_Count, Header("villages")]

    @property
    def city_code(self) -> str:
        """A city's code: the first four digits of its counties'."""
        return f"{self.code[:4]}00"


def read_counties(
    source: Path | Iterable[Mapping[str, str]], province: Division
) -> tuple[CountyLine, ...]:
    """Read a file, or rows that are read already.

    Raises:
        LoadError: with all faults of the list.
    """
    table = TableFile(source if isinstance(source, Path) else _rows(source), CountyLine)
    lines = tuple(table.lines())
    for fault in _contradictions(lines, province):
        table.add(fault)
    if table.faults:
        raise RegisterFaults(table.named, table.faults)
    if not lines:
        raise LoadError([f"{table.named} holds no county; write one in each row"])
    return lines


def _rows(rows: Iterable[Mapping[str, str]]) -> Iterator[SheetRow]:
    names = [column.header.name for column in columns_of(CountyLine)]
    yield SheetRow("", 0, [*names])
    for number, row in enumerate(rows, start=1):
        yield SheetRow("", number, [row.get(name, "") for name in names])


def _contradictions(lines: Iterable[CountyLine], province: Division) -> Iterator[Fault]:
    """What no single row shows: codes outside the province, one city with two names or codes."""
    city_of: dict[str, CountyLine] = {}
    code_of: dict[str, CountyLine] = {}
    for line in lines:
        if line.code[:2] != province.code[:2]:
            right = f"lies outside {province.name}; write a code that begins with "
            yield _fault(line, _CODE, line.code, right + province.code[:2])
            continue
        city = city_of.setdefault(line.city_code, line)
        other = code_of.setdefault(line.city, line)
        if city.city != line.city:
            right = f"row {city.row} calls {line.city_code} {city.city!r}; write one name for it"
            yield _fault(line, _CITY, line.city, right)
        elif other.city_code != line.city_code:
            right = f"has the code {other.city_code} in row {other.row}, {line.city_code} here; "
            yield _fault(line, _CITY, line.city, right + "correct the city or the county's code")


def _fault(line: CountyLine, header: Header, found: str, right: str) -> Fault:
    column = header.name
    return Fault(sheet=line.sheet, row=line.row, column=column, found=found, right=right)
