"""A table that an office keeps in a file (Excel or CSV), read as models of its rows.

Every reader of such files is this one. Titles may stand above the headers, in up to nine rows; each
visible sheet has headers of its own. What is wrong is a fault with its place, and reading goes on.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from registry.errors import LoadError
from registry.files.columns import NOT_KEPT, Cells, Column, Header, column_of, columns_of, names_in
from registry.files.faults import Fault
from registry.files.sheet_cells import (
    IS_SUM,
    MERGED,
    Cell,
    SheetRow,
    is_blank,
    letter,
    masked,
    shown_safely,
    sound,
    sum_in,
)
from registry.files.sheet_rows import rows_of

MOST_FAULTS = 10_000
_ROWS_BEFORE = 10
_SAID = 5

L = TypeVar("L", bound=Cells)
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
        self._heads: dict[str, _Head[L] | None] = {}
        self._found: list[Fault] = []
        self.first: dict[type[Cells], dict[Any, tuple[str, int]]] = {}
        """Where each value stands that may stand once, by what its sheet is."""

    def sheets(self) -> Iterator["Sheet[L]"]:
        """Every sheet whose headers are right.

        Raises:
            LoadError: if it is no such file.
        """
        for name, rows in groupby(self._rows, key=attrgetter("sheet")):
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
        above: list[SheetRow] = []
        for _, row in zip(range(_ROWS_BEFORE), rows, strict=False):
            above.append(row)
            # What it looks most like, so that what it lacks of that can be said.
            head = max((_Head(row, model) for model in self._models), key=_Head.likeness)
            if head.is_one:
                self._heads[row.sheet] = head
                for fault in head.faults():
                    self.add(fault)
                return None if head.faults() else Sheet(self, head, rows)
        right = self._no_header()
        self.add(Fault(sheet=above[0].sheet, row=above[0].number, right=right))
        return None

    def _no_header(self) -> str:
        wanted = []
        for model in self._models:
            names = (each.header.name for each in columns_of(model) if each.is_always_there)
            wanted.append(f"a {model.model_config.get('title')} ({'、'.join(names)})")
        right = f"no row names the columns of {' or '.join(wanted)}; correct the headers, or hide "
        return right + "a sheet that is something else"


class _Head(Generic[L]):
    """A row as the header of a sheet, held against one model.

    Attributes:
        called: What stands in each cell that is not empty, by its place.
        places: The place of each column that it names, by the column's header.
    """

    def __init__(self, row: SheetRow, model: type[L]) -> None:
        self.row, self.model = row, model
        self._said, self._columns = names_in(row.cells, model)
        self.called = {at: str(row.cells[at]).strip() for at, name in enumerate(self._said) if name}
        self.places: dict[Header, int] = {}
        for at, column in enumerate(self._columns):
            if column is not None:
                self.places.setdefault(column.header, at)

    @property
    def is_one(self) -> bool:
        """Whether it is a header of that model at all."""
        return any(header.key for header in self.places)

    def likeness(self) -> int:
        """How many columns of the model it names."""
        return len(self.places)

    def located(self, fault: Fault) -> Fault:
        """A fault with the name and the letter that its column has in this sheet."""
        for header, at in self.places.items():
            if not fault.letter and fault.column in header.names:
                where = {"column": self.called[at], "letter": letter(at)}
                return fault.model_copy(update=where)
        return fault

    def faults(self) -> list[Fault]:
        """What is wrong with it."""
        title = self.model.model_config.get("title")
        columns = columns_of(self.model)
        found = []
        for at, (name, column) in enumerate(zip(self._said, self._columns, strict=True)):
            if column is not None and self.places[column.header] != at:
                right = f"stands in column {letter(self.places[column.header])} too; keep one"
                found.append(self._fault(at, right))
            elif column is None and name and not self._is_read_over(name):
                free = [each.header.name for each in columns if each.header not in self.places]
                right = f"no column of a {title}; correct it or take it out. What is still free: "
                found.append(self._fault(at, right + ("、".join(free) or "none")))
        needed = [column for column in columns if column.required]
        begun = {column.group for column in needed if column.header in self.places}
        lacking = [
            column.header.name
            for column in needed
            if column.header not in self.places and (not column.group or column.group in begun)
        ]
        if lacking:
            names = "、".join(header.name for header in self.places)
            right = f"a {title} lacks {'、'.join(lacking)}; it has {names}"
            found.append(Fault(sheet=self.row.sheet, row=self.row.number, right=right))
        return found

    def _is_read_over(self, name: str) -> bool:
        if any(name in header.names for header in self.model.foreign):
            return False
        return self.model.model_config.get("extra") == "ignore" or name in NOT_KEPT

    def _fault(self, at: int, right: str) -> Fault:
        sheet, row = self.row.sheet, self.row.number
        return Fault(sheet=sheet, row=row, column=self.called[at], letter=letter(at), right=right)


class Sheet(Generic[L]):
    """A sheet under its header, which stands in the row ``begins``; its rows are read once."""

    def __init__(self, file: TableFile[Any], head: _Head[L], rows: Iterator[SheetRow]) -> None:
        self.name, self.begins, self.model = head.row.sheet, head.row.number, head.model
        self._file, self._head, self._rows = file, head, rows
        self._first = file.first.setdefault(head.model, {})
        self._columns: dict[type[Cells], list[tuple[Column, int]]] = {}

    @property
    def faults(self) -> int:
        """How many faults its file has so far."""
        return self._file.count

    def rows(self) -> Iterator[SheetRow]:
        """Its rows; those of sums are faults, and left out."""
        for row in self._rows:
            if self._file.is_full:
                return
            index = sum_in(row)
            if index is not None:
                self._fault_at(row, index, IS_SUM)
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
