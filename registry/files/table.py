"""A table that an office keeps in a file (Excel or CSV), read as models of its rows.

Every reader of such files is this one. Titles may stand above the headers, in up to nine rows; each
visible sheet has headers of its own, in one row or in two. What is wrong is a fault with its place,
and reading goes on.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from registry.errors import LoadError
from registry.files.columns import Cells, Column, Header, column_of, columns_of
from registry.files.faults import Fault
from registry.files.head import Head, L
from registry.files.sheet_cells import (
    EXPLANATION,
    IS_SUM,
    MERGED,
    SIGNS,
    Cell,
    SheetRow,
    is_blank,
    is_explanation,
    letter,
    masked,
    shown_safely,
    signed_in,
    sound,
    sum_in,
)
from registry.files.sheet_rows import rows_of

MOST_FAULTS = 10_000
_ROWS_BEFORE = 10
_SAID = 5

_log = logging.getLogger(__name__)

M = TypeVar("M", bound=Cells)

WRONG: Any = object()
"""Stands for the value of a cell that is wrong."""
_NOWHERE: Mapping[Header, SheetRow] = {}


class TableFile(Generic[L]):
    """A file, and what is wrong with it as far as it was read.

    Args:
        source: The file, or rows that are read already.
        models: What a sheet may be; its headers tell which.
        context: What cells are held against, as ``today``.
    """

    def __init__(self, source: Path | Iterable[SheetRow], *models: type[L], **context: Any) -> None:
        self.named = str(source) if isinstance(source, Path) else "rows"
        self.context = context
        self._rows = rows_of(source) if isinstance(source, Path) else source
        self._models = models
        self._heads: dict[str, Head[L] | None] = {}
        self._found: list[Fault] = []
        self.first: dict[type[Cells], dict[Any, tuple[str, int]]] = {}
        """Where each value stands that may stand once, by what its sheet is."""

    def sheets(self) -> Iterator["Sheet[L]"]:
        """Every sheet whose headers are right.

        Raises:
            LoadError: if it is no such file.
        """
        for name, rows in groupby(self._rows, key=attrgetter("sheet")):
            if name == EXPLANATION:
                continue
            if is_explanation(name):
                _log.warning(
                    "%s, sheet %s: explains, by its name; it is not read", self.named, name
                )
                continue
            self._heads[name] = None
            sheet = self._sheet(rows)
            if sheet is not None:
                yield sheet
            if self.is_full:
                return
        if not self._heads:
            self.add(Fault(right=self._no_header()))

    def lines(self) -> Iterator[L]:
        """Every row of every sheet; one with a fault is left out.

        Raises:
            LoadError: if it is no such file.
        """
        for sheet in self.sheets():
            for _, line in sheet.lines():
                yield line

    @property
    def count(self) -> int:
        """How many faults there are so far."""
        return len(self._found)

    @property
    def is_full(self) -> bool:
        """Whether there are so many faults that no more is read."""
        return self.count >= MOST_FAULTS

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All faults so far, in the order of the file."""
        order = {name: number for number, name in enumerate(self._heads)}
        found = sorted(self._found, key=lambda each: (order.get(each.sheet, 0), each.row))
        if self.is_full:
            more = "there may be more: reading ended here; correct these first"
            found.append(Fault(right=more))
        return tuple(found)

    def add(self, fault: Fault) -> None:
        """Add a fault; its column gets the name and the letter that it has in the file."""
        if not self.is_full:
            head = self._heads.get(fault.sheet)
            self._found.append(head.located(fault) if head is not None else fault)

    def refuse(self) -> None:
        """Raise what is wrong with the file, if anything is.

        Raises:
            LoadError: naming the first faults, and how many more there are.
        """
        if self._found:
            said = [f"{self.named}, {fault}" for fault in self.faults[:_SAID]]
            if self.count > _SAID:
                said.append(f"{self.named}: and {self.count - _SAID} more")
            raise LoadError(said)

    def _sheet(self, rows: Iterator[SheetRow]) -> "Sheet[L] | None":
        """A sheet that is read up to its header; None with the faults of that."""
        first: SheetRow | None = None
        above: SheetRow | None = None
        wrong: Head[L] | None = None
        for _, row in zip(range(_ROWS_BEFORE), rows, strict=False):
            first = first or row
            may_be = [self._head(row)]
            if above is not None:
                may_be.append(self._head(row, above))
            heads = [head for head in may_be if head.is_one]
            for head in heads:
                if not head.faults():
                    self._heads[row.sheet] = head
                    return Sheet(self, head, rows)
            if heads and wrong is None:
                wrong = min(heads, key=lambda head: len(head.faults()))
            elif wrong is not None:  # the row after it does not belong to the headers either
                wrong = min([wrong, *heads], key=lambda head: len(head.faults()))
                break
            above = row
        assert first is not None
        if wrong is None:
            self.add(Fault(sheet=first.sheet, row=first.number, right=self._no_header()))
            return None
        self._heads[first.sheet] = wrong
        for fault in wrong.faults():
            self.add(fault)
        return None

    def _head(self, row: SheetRow, above: SheetRow | None = None) -> Head[L]:
        """A row as a header of what it looks most like, so that what it lacks can be said."""
        return max((Head(row, model, above) for model in self._models), key=Head.likeness)

    def _no_header(self) -> str:
        wanted = []
        for model in self._models:
            names = (each.header.name for each in columns_of(model) if each.is_always_there)
            wanted.append(f"a {model.model_config.get('title')} ({'、'.join(names)})")
        right = f"no row names the columns of {' or '.join(wanted)}; correct the headers, or hide "
        return right + "a sheet that is something else"


class Sheet(Generic[L]):
    """A sheet under its header, which stands in the row ``begins``; its rows are read once."""

    def __init__(self, file: TableFile[Any], head: Head[L], rows: Iterator[SheetRow]) -> None:
        self.name, self.begins, self.model = head.row.sheet, head.row.number, head.model
        self._file, self._head, self._rows = file, head, rows
        self._first = file.first.setdefault(head.model, {})
        self._columns: dict[type[Cells], list[tuple[Column, int]]] = {}

    @property
    def faults(self) -> int:
        """How many faults its file has so far."""
        return self._file.count

    def rows(self) -> Iterator[SheetRow]:
        """Its rows; those of sums, and those that sign it, are faults and left out."""
        for row in self._rows:
            if self._file.is_full:
                return
            index = sum_in(row)
            if index is not None:
                self._fault_at(row, index, IS_SUM)
                continue
            index = signed_in(row)
            if index is not None:
                self._fault_at(row, index, SIGNS)
                continue
            for index, cell in enumerate(row.cells):
                if index not in self._head.called and not is_blank(cell):
                    # In CSV, what an unquoted comma has moved.
                    right = f"stands in column {letter(index)}, which has no header; name the "
                    self._fault_at(row, index, right + "column, or take it out")
            yield row

    def lines(self, *filled: Column) -> Iterator[tuple[SheetRow, L]]:
        """Its rows as models; one with a fault is left out.

        Args:
            filled: A row in which all of these are empty is passed over.
        """
        before = self.faults
        for row in self.rows():
            if not filled or not self.is_blank(row, *filled):
                self.check_merged(row)
                line = self.read(row, self.model)
                if line is not None and self.faults == before:
                    yield row, line
            before = self.faults

    def read(
        self, row: SheetRow, model: type[M], elsewhere: Mapping[Header, SheetRow] = _NOWHERE
    ) -> M | None:
        """A row as a model, all of whose columns the sheet may have; None with its faults.

        Args:
            elsewhere: The columns that are read from another row.
        """
        before = self.faults
        values = self._values(row, model, elsewhere)
        try:
            line = model.model_validate(values, context=self._context(row))
            return line if self.faults == before else None
        except ValidationError as error:
            for path, right in _wrong(error):
                column = column_of(model, *path)
                self.fault(elsewhere.get(column.header, row), column, right)
            return None

    def value(self, row: SheetRow, column: Column, *, quiet: bool = False) -> Any:
        """What one cell says by itself; ``WRONG``, with a fault unless it is ``quiet``."""
        cell = self.cell(row, column.header)
        if column.required and column.may_be_empty and is_blank(cell):
            return None
        try:
            return column.value.validate_python(sound(cell), context=self._context(row))
        except ValidationError as error:
            right = next(right for _, right in _wrong(error))
        except ValueError as error:
            right = str(error)
        if not quiet:
            self.fault(row, column, right)
        return WRONG

    def cell(self, row: SheetRow, header: Header) -> Cell:
        """What stands in a column; empty if the sheet lacks it, or the row ends before."""
        place = self._head.places.get(header)
        return row.cells[place] if place is not None and place < len(row.cells) else ""

    def is_blank(self, row: SheetRow, *columns: Column) -> bool:
        """Whether nothing stands in any of these columns."""
        return all(is_blank(self.cell(row, column.header)) for column in columns)

    def check_merged(self, row: SheetRow, *, down: bool = True) -> None:
        """Find cells that are one with others: of what each row says, nobody can be sure.

        Args:
            down: Also those that are one with the cell above.
        """
        for index in sorted(row.merged):
            if index in self._head.called and (down or not row.merged[index]):
                self._fault_at(row, index, MERGED)

    def fault(self, row: SheetRow, column: Column, right: str) -> None:
        """Say that a cell is wrong."""
        place = self._head.places.get(column.header)
        if place is not None:
            self._fault_at(row, place, right)
            return
        name = column.header.name
        self._file.add(Fault(sheet=row.sheet, row=row.number, column=name, right=right))

    def _values(
        self, row: SheetRow, model: type[Cells], elsewhere: Mapping[Header, SheetRow]
    ) -> dict[str, Any]:
        """The cells of a row as a model takes them: an empty one is left out if it may be."""
        values: dict[str, Any] = {"sheet": row.sheet, "row": row.number}
        groups: dict[str, dict[str, Any]] = {}
        begun: set[str] = set()
        alone = []
        for column, place in self._placed(model):
            cells = elsewhere.get(column.header, row).cells
            cell = cells[place] if place < len(cells) else ""
            if is_blank(cell):
                if column.required:
                    within = groups.setdefault(column.group, {}) if column.group else values
                    within[column.field] = None if column.may_be_empty else cell
            elif not column.group:
                values[column.field] = cell
            else:
                groups.setdefault(column.group, {})[column.field] = cell
                if column.required:
                    begun.add(column.group)
                else:
                    alone.append(column)
        for column in alone:
            if column.group not in begun:
                first = next(each for each in columns_of(model) if each.group == column.group)
                right = f"belongs to {first.header.name} and the columns with it; fill them in too"
                self.fault(row, column, right)
        return values | {name: groups[name] for name in begun}

    def _placed(self, model: type[Cells]) -> list[tuple[Column, int]]:
        """The columns of a model that the sheet has and that are read, each with its place."""
        if model not in self._columns:
            places = self._head.places
            self._columns[model] = [
                (column, places[column.header])
                for column in columns_of(model)
                if column.is_read and column.header in places
            ]
        return self._columns[model]

    def _context(self, row: SheetRow) -> dict[str, Any]:
        return self._file.context | {"place": (row.sheet, row.number), "first": self._first}

    def _fault_at(self, row: SheetRow, place: int, right: str) -> None:
        cell = row.cells[place] if place < len(row.cells) else ""
        private = any(each.private for each, at in self._head.places.items() if at == place)
        self._file.add(
            Fault(
                sheet=row.sheet,
                row=row.number,
                column=self._head.called.get(place, ""),
                letter=letter(place),
                found=_masked(cell) if private else shown_safely(cell),
                right=right,
            )
        )


def _wrong(error: ValidationError) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong, each with the field whose cell it is."""
    for each in error.errors(include_url=False):
        raised = each.get("ctx", {}).get("error")
        path = tuple(str(part) for part in each["loc"])
        yield getattr(raised, "path", path), str(raised or each["msg"])


def _masked(id_number: Cell) -> str:
    if is_blank(id_number):
        return ""
    return masked(id_number.strip()) if isinstance(id_number, str) else "a number"
