"""Finding the row of a sheet that holds the headers (表头), and what each of them is called here.

A header may stand with blanks in it, with its unit behind it, 工资性收入（元）, or with 是否 before
it.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from registry.files.faults import Fault
from registry.files.register_columns import (
    HEAD_ID,
    HEAD_NAME,
    HOUSEHOLD_CODE,
    ID_NUMBER,
    LAYOUTS,
    NAME,
    NOT_KEPT,
    OTHER_NAMES,
    RELATION,
    VILLAGE,
    VILLAGE_CODE,
    Kind,
)
from registry.files.sheet_cells import Cell, SheetRow, letter

_UNITS = re.compile(r"\((元|人|万人|是/否|是否|年|岁|年月日)\)$")
_ROWS_BEFORE = 10


class Header(NamedTuple):
    """Where each column stands in a sheet, and what it is called there.

    ``headed`` are all that have a header, with those that are not kept.
    """

    sheet: str
    row: int
    kind: Kind
    places: dict[str, int]
    called: dict[str, str]
    headed: frozenset[int]

    def located(self, fault: Fault) -> Fault:
        """A fault with the sheet, and the column's letter and own name."""
        if fault.column not in self.places:
            return fault.model_copy(update={"sheet": self.sheet})
        return fault.model_copy(
            update={
                "sheet": self.sheet,
                "column": self.called[fault.column],
                "letter": letter(self.places[fault.column]),
            }
        )


def find_header(rows: Iterable[SheetRow]) -> tuple[Header | None, list[Fault]]:
    """The header of a sheet, read up to it; or the faults for which it is none.

    Titles and remarks may stand above it, in up to nine rows.
    """
    first: SheetRow | None = None
    for _, row in zip(range(_ROWS_BEFORE), rows, strict=False):
        first = first or row
        names = [_standard(cell) for cell in row.cells]
        if VILLAGE_CODE in names or HOUSEHOLD_CODE in names:
            return _header(row, names)
    return None, [
        Fault(
            sheet=first.sheet if first else "",
            row=first.number if first else 0,
            right=f"no row names the columns {VILLAGE_CODE} and {HOUSEHOLD_CODE} of a roster, or "
            f"{VILLAGE_CODE} and {VILLAGE['population']} of a list of villages; correct the "
            "headers, or hide a sheet that is neither",
        )
    ]


def _header(row: SheetRow, names: Sequence[str]) -> tuple[Header | None, list[Fault]]:
    kind = _kind(names)
    layout = LAYOUTS[kind]
    known = (*layout.required, *layout.optional, *layout.group)
    if kind is Kind.HOUSEHOLDS:
        names = [_of_the_head(name, names) for name in names]
    places: dict[str, int] = {}
    faults: list[Fault] = []

    def fault(index: int, right: str) -> None:
        column, at = str(row.cells[index]).strip(), letter(index)
        faults.append(Fault(sheet=row.sheet, row=row.number, column=column, letter=at, right=right))

    for index, name in enumerate(names):
        if name in places:
            fault(index, f"stands in column {letter(places[name])} too; keep one")
        elif name in known:
            places[name] = index
        elif name and not NOT_KEPT.fullmatch(name):
            missing = [each for each in known if each not in names]
            fault(
                index,
                f"no column of a {kind.value}; correct it or take it out. What is still free: "
                f"{'、'.join(missing) or 'none'}",
            )
    given = [name for name in layout.group if name in places]
    wanted = layout.required + (layout.group if given else ())
    lacking = [name for name in wanted if name not in places]
    if lacking:
        faults.append(
            Fault(
                sheet=row.sheet,
                row=row.number,
                right=f"a {kind.value} lacks {'、'.join(lacking)}; it has {'、'.join(places)}",
            )
        )
    called = {name: str(row.cells[index]).strip() for name, index in places.items()}
    headed = frozenset(index for index, name in enumerate(names) if name)
    return Header(row.sheet, row.number, kind, places, called, headed), faults


def _kind(names: Sequence[str]) -> Kind:
    """What a file most looks like, so that what it lacks of that can be said."""
    roster = Kind.PERSONS if RELATION in names else Kind.HOUSEHOLDS
    return max((roster, Kind.VILLAGES), key=lambda kind: len(_known(kind).intersection(names)))


def _known(kind: Kind) -> set[str]:
    return {name for columns in LAYOUTS[kind] for name in columns}


def _of_the_head(name: str, names: Sequence[str]) -> str:
    """In a row a household, name and number are the head's, whether or not the header says so."""
    heads = {NAME: HEAD_NAME, ID_NUMBER: HEAD_ID}
    return heads[name] if name in heads and heads[name] not in names else name


def _standard(cell: Cell) -> str:
    """What a header is called here; a name unknown here stays as it is, without its unit."""
    said = "".join(unicodedata.normalize("NFKC", str(cell)).split())
    said = _UNITS.sub("", said)
    for name in (said, said.removeprefix("是否")):
        if name in _KNOWN:
            return OTHER_NAMES.get(name, name)
    return said


_KNOWN = {*OTHER_NAMES, *(name for kind in Kind for name in _known(kind))}
