"""The faults of a file as a workbook beside it, for those who correct it."""

from collections.abc import Sequence
from pathlib import Path

from registry.errors import LoadError
from registry.files.faults import Fault
from registry.files.workbook_writing import write_workbook

COLUMNS = (
    ("工作表 sheet", 16),
    ("行 row", 8),
    ("列 column", 18),
    ("列号 letter", 8),
    ("单元格内容 found", 24),
    ("问题与应填内容 what is wrong, and what would be right", 90),
)
_SAID = 3


class FileRefused(LoadError):
    """A file with faults, of which nothing was kept.

    Attributes:
        found: All of them.
        sheet: The workbook that holds them, None if it could not be written.
    """

    def __init__(self, path: Path, found: Sequence[Fault]) -> None:
        self.found = tuple(found)
        said = [f"{path}, {fault}" for fault in self.found[:_SAID]]
        if len(self.found) > _SAID:
            said.append(f"and {len(self.found) - _SAID} more")
        self.sheet: Path | None = path.with_name(f"{path.stem}-faults.xlsx")
        try:
            _write(self.sheet, self.found)
            where = f"all of them are in {self.sheet}"
        except OSError as error:
            where = f"{self.sheet} cannot be written: {error.strerror or error}"
            self.sheet = None
        count = len(self.found)
        summary = f"{path} has {count} fault{'' if count == 1 else 's'}; nothing of it was kept"
        super().__init__([f"{summary}, and {where}", *said])


def _write(path: Path, found: Sequence[Fault]) -> None:
    rows = (
        (each.sheet, each.row or None, each.column, each.letter, each.found, each.right)
        for each in found
    )
    write_workbook(path, "faults", COLUMNS, rows)
