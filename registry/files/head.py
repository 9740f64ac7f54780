"""The header of a sheet: what its columns are called, and what is wrong with that."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from models.texts.characters import fault
from registry.files.columns import NOT_KEPT, Cells, Header, Names, columns_of, names_in
from registry.files.faults import Fault
from registry.files.sheet_cells import Cell, SheetRow, letter

L = TypeVar("L", bound=Cells)


class Head(Generic[L]):
    """A row, or two together, as the header of a sheet, held against one model.

    Attributes:
        called: What stands in each cell that is not empty, by its place.
        places: The place of each column that it names, by the column's header.
    """

    def __init__(self, row: SheetRow, model: type[L], above: SheetRow | None = None) -> None:
        """Hold a row against a model.

        Args:
            above: The row above it, if that names groups of columns. A group is merged over its
                columns, or stands above the first of them: 户主, and under it 姓名 and 证件号码.
        """
        self.row, self.model = row, model
        called = _shown(row.cells)
        names = names_in(called, model)
        if above is not None:
            called, grouped = _with_groups(above, row)
            names = _first_known(names_in(grouped, model), names_in(called, model))
        self._said, self._columns = names
        self.called = {at: called[at] for at, name in enumerate(self._said) if name}
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
                free = [
                    each.header.name
                    for each in columns
                    if each.is_read and each.header not in self.places
                ]
                right = f"no column of a {title}; correct it or take it out. What is still free: "
                right += "、".join(free) or "none"
                found.append(self._fault(at, fault(self.called[at]) or right))
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


def _shown(cells: Sequence[Cell]) -> list[str]:
    return [str(cell).strip() for cell in cells]


def _with_groups(above: SheetRow, row: SheetRow) -> tuple[list[str], list[str]]:
    """What two rows call each column: by itself, and with its group before it."""
    called, grouped = [], []
    group = ""
    width = max(len(above.cells), len(row.cells))
    uppers, lowers = (
        said + [""] * (width - len(said)) for said in (_shown(above.cells), _shown(row.cells))
    )
    for upper, lower in zip(uppers, lowers, strict=True):
        group = upper or group
        # Merged downwards, a cell shows in both rows what it says.
        called.append(lower or upper)
        grouped.append(group + lower if lower and lower != upper else upper)
    return called, grouped


def _first_known(grouped: Names, alone: Names) -> Names:
    """What each column is called with its group, if that is one or is read over; or by itself."""
    said, columns = [], []
    for at, name in enumerate(grouped.said):
        names = grouped if grouped.columns[at] is not None or name in NOT_KEPT else alone
        said.append(names.said[at])
        columns.append(names.columns[at])
    return Names(said, columns)
