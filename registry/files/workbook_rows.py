"""The rows of a workbook: first whether it is one that can be read, then row by row.

Reading is done by a process of its own with bounds on memory and time; see
``registry.files.workbook_child``.
"""

import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import IO, Any

from registry.errors import LoadError
from registry.files.sheet_cells import Cell, SheetRow, letter
from registry.files.workbook_child import MOST_COLUMNS, MOST_ROWS, NO_MEMORY

MAX_UNPACKED = 1024 * 1024 * 1024
MAX_RATIO = 200
"""Sheets of text and numbers shrink to a tenth, at most to a fortieth."""
MAX_PARTS = 2_000

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_RATIO_FROM = 10 * 1024 * 1024
_BEYOND_BOUNDS = (-signal.SIGABRT, -signal.SIGKILL, -signal.SIGXCPU, NO_MEMORY)


def workbook_rows(path: Path) -> Iterator[SheetRow]:
    """Every row of every visible sheet; most blank ones are left out.

    Raises:
        LoadError: in one sentence, if it is no workbook, is encrypted, unpacks to too much, or has
            cells where no sheet has any.
    """
    _check(path)
    command = [sys.executable, "-P", "-m", "registry.files.workbook_child", str(path.absolute())]
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert child.stdout is not None
    try:
        yield from _rows(path, child.stdout)
        status = child.wait()
        if status in _BEYOND_BOUNDS:
            raise LoadError(
                [
                    f"{path} takes more memory or time than a roster can: cells stand far outside "
                    "its table, or it is damaged; copy the table into a new workbook"
                ]
            )
        if status != 0:
            raise RuntimeError(f"the process that reads {path} ended with the status {status}")
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def _rows(path: Path, lines: IO[bytes]) -> Iterator[SheetRow]:
    sheet, blank, number = "", 0, 0
    for line in lines:
        said = json.loads(line)
        if isinstance(said, list):
            for row in said:
                if isinstance(row, int):
                    number += row
                    continue
                number += 1
                yield _row(sheet, number, blank, row)
        elif "sheet" in said:
            sheet, blank, number = said["sheet"], said["blank_columns"], 0
            if said["hidden"]:
                raise LoadError([_hidden(path, sheet, said["hidden"])])
        elif "far" in said:
            raise LoadError([_far(path, said)])
        elif said["error"] == "password":
            raise LoadError([_encrypted(path)])
        else:
            raise LoadError(
                [f"{path} is damaged ({said['error']}); open it and save it as .xlsx again"]
            )


def _row(sheet: str, number: int, blank: int, row: Any) -> SheetRow:
    merged: dict[int, bool] = {}
    if isinstance(row, dict):
        merged |= {blank + place: False for place in row["across"]}
        merged |= {blank + place: True for place in row["down"]}
        row = row["cells"]
    cells: list[Cell] = [""] * blank
    cells += [date.fromisoformat(cell[0]) if isinstance(cell, list) else cell for cell in row]
    return SheetRow(sheet, number, cells, merged)


def _far(path: Path, said: dict[str, str]) -> str:
    if "cell" in said:
        what = (
            f"a cell stands as far out as {said['cell']}; a sheet ends with column "
            f"{letter(MOST_COLUMNS - 1)} and row {MOST_ROWS}"
        )
    else:
        what = f"its first column that holds anything is {said['begins']}; move the table to A"
    return f"{path}, sheet {said['far']}: {what}; copy the table into a new workbook"


def _hidden(path: Path, sheet: str, what: str) -> str:
    return (
        f"{path}, sheet {sheet}: hidden or filtered out, but not empty: {what}; show all rows and "
        "columns, or delete what is not meant: nothing is read that nobody sees"
    )


def _check(path: Path) -> None:
    with path.open("rb") as file:
        begins = file.read(512)
    if path.suffix.lower() == ".xls":
        _check_xls(path, begins)
    else:
        _check_xlsx(path, begins)


def _check_xls(path: Path, begins: bytes) -> None:
    if begins.startswith(_ZIP):
        raise LoadError([f"{path} holds an .xlsx workbook; name it so"])
    if not begins.startswith(_OLE):
        kind = "a web page" if begins.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") else "no"
        named = f"{kind} under the name of a workbook" if kind != "no" else "no Excel workbook"
        raise LoadError([f"{path} is {named}; open it and save it as .xlsx"])
    if _ENCRYPTED in path.read_bytes():
        raise LoadError([_encrypted(path)])


def _check_xlsx(path: Path, begins: bytes) -> None:
    if begins.startswith(_OLE):
        if _ENCRYPTED in path.read_bytes():
            raise LoadError([_encrypted(path)])
        raise LoadError([f"{path} holds an old .xls workbook; save it as .xlsx"])
    if not begins.startswith(_ZIP):
        raise LoadError([f"{path} is no Excel workbook, whatever its name; save it as .xlsx"])
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, UnicodeDecodeError, ValueError, NotImplementedError) as error:
        raise LoadError([f"{path} is damaged ({error}); open it and save it again"]) from None
    if not any(part.filename.startswith("xl/") for part in parts):
        raise LoadError([f"{path} is an archive but no Excel workbook; save it as .xlsx"])
    unpacked = sum(part.file_size for part in parts)
    packed = path.stat().st_size
    too_dense = unpacked > _RATIO_FROM and unpacked > MAX_RATIO * packed
    if unpacked > MAX_UNPACKED or too_dense or len(parts) > MAX_PARTS:
        raise LoadError(
            [
                f"{path} would unpack to {unpacked // 2**20} MB in {len(parts)} parts, which no "
                "roster does; copy the table into a new workbook"
            ]
        )


def _encrypted(path: Path) -> str:
    return f"{path} is encrypted with a password; save it without one"
