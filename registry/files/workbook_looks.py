"""What a workbook shows that its values do not tell: cells with errors, rows and columns hidden.

The library that reads the values gives an error (#N/A) as an empty cell, and says nothing of what
is hidden or filtered out. So both are looked for in the file itself. Rows and columns are counted
from 0 here. It runs in the process that reads one workbook; see ``registry.files.workbook_child``.
"""

import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO
from xml.etree import ElementTree
from xml.parsers import expat

from registry.files.sheet_cells import NOT_CALCULATED

_PIECE = 1024 * 1024
_OVERLAP = 64
_WORTH_A_LOOK = re.compile(
    rb"""hidden|zeroHeight|<(?:\w+:)?f[\s/>]|\bt\s*=\s*["']e["']|\b(?:ht|width)\s*=\s*["']0""",
)
_TRUE = ("1", "true", "on")


@dataclass
class Looks:
    """How one sheet looks.

    Attributes:
        errors: What cells show in place of a value, by row and column.
        rows, columns: Spans that are hidden, both ends counted in.
    """

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    rows: list[tuple[int, int]] = field(default_factory=list)
    columns: list[tuple[int, int]] = field(default_factory=list)

    def hide_row(self, row: int) -> None:
        """Note one more hidden row."""
        if self.rows and self.rows[-1][1] == row - 1:
            self.rows[-1] = (self.rows[-1][0], row)
        else:
            self.rows.append((row, row))


def looks_of(path: Path) -> Iterator[Looks]:
    """How each sheet of a workbook looks, in the order of the workbook.

    Raises:
        ValueError, LookupError, OSError: if the file is damaged.
    """
    if path.suffix.lower() == ".xls":
        yield from _old(_stream(path.read_bytes()))
    else:
        with zipfile.ZipFile(path) as archive:
            for name in _parts(archive):
                yield _of_part(archive, name)


# -- .xlsx ------------------------------------------------------------------------------------


def _parts(archive: zipfile.ZipFile) -> Iterator[str]:
    """The part of each sheet."""
    book = _the_workbook(archive)
    targets = {}
    folder = PurePosixPath(book).parent
    for each in _xml(archive, str(folder / "_rels" / f"{PurePosixPath(book).name}.rels")):
        target = each.get("Target", "")
        # As an archive names its parts: from its root, without a slash.
        whole = target.lstrip("/") if target.startswith("/") else str(folder / target)
        targets[each.get("Id", "")] = _normal(whole)
    there = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
    for each in _xml(archive, book).iter():
        if _local(each.tag) == "sheet":
            ids = (
                value for key, value in each.attrib.items() if _local(key) == "id" and "}" in key
            )
            yield there[targets[next(ids, "")].lower()]


def _the_workbook(archive: zipfile.ZipFile) -> str:
    for each in _xml(archive, "_rels/.rels"):
        if each.get("Type", "").endswith("/officeDocument"):
            return _normal(each.get("Target", "").lstrip("/"))
    return "xl/workbook.xml"


def _normal(name: str) -> str:
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _xml(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(archive.read(name))
    except ElementTree.ParseError as error:
        raise ValueError(f"{name}: {error}") from None


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _of_part(archive: zipfile.ZipFile, name: str) -> Looks:
    with archive.open(name) as part:
        if not _is_worth_a_look(part):
            return Looks()
    sheet = _Sheet()
    with archive.open(name) as part:
        sheet.read(part)
    return sheet.looks


def _is_worth_a_look(part: IO[bytes]) -> bool:
    """Whether anything of it may be there: most sheets have none, and are large."""
    before = b""
    while piece := part.read(_PIECE):
        if b"\x00" in piece or _WORTH_A_LOOK.search(before + piece):
            return True
        before = piece[-_OVERLAP:]
    return False


class _Sheet:
    """Reads the part of one sheet, element by element."""

    def __init__(self) -> None:
        self.looks = Looks()
        self._row = self._column = -1
        self._formula = self._is_error = self._is_text = False
        self._text: list[str] | None = None

    def read(self, part: IO[bytes]) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._begins
        parser.EndElementHandler = self._ends
        parser.CharacterDataHandler = self._says
        try:
            while piece := part.read(_PIECE):
                parser.Parse(piece)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise ValueError(str(error)) from None

    def _begins(self, name: str, given: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "c":
                self._cell(given)
            case "v" if self._is_error or self._formula:
                self._text = []
            case "f":
                self._formula = True
            case "row":
                self._begin_row(given)
            case "col":
                self._hide_columns(given)

    def _cell(self, given: dict[str, str]) -> None:
        place = given.get("r", "").rstrip("0123456789")
        self._column = _number(place) if place else self._column + 1
        self._is_error, self._is_text = given.get("t") == "e", given.get("t") == "str"
        self._formula = False

    def _begin_row(self, given: dict[str, str]) -> None:
        self._row = int(given["r"]) - 1 if "r" in given else self._row + 1
        self._column = -1
        if given.get("hidden") in _TRUE or _is_nothing(given.get("ht")):
            self.looks.hide_row(self._row)

    def _hide_columns(self, given: dict[str, str]) -> None:
        if given.get("hidden") in _TRUE or _is_nothing(given.get("width")):
            self.looks.columns.append((int(given["min"]) - 1, int(given["max"]) - 1))

    def _says(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _ends(self, name: str) -> None:
        if name.rpartition(":")[2] != "c":
            return
        said = "".join(self._text or ()).strip()
        if self._is_error:
            self.looks.errors[self._row, self._column] = said or "#N/A"
        elif self._formula and not said and not self._is_text:
            self.looks.errors[self._row, self._column] = NOT_CALCULATED
        self._text = None


def _is_nothing(length: str | None) -> bool:
    try:
        return length is not None and float(length) == 0
    except ValueError:
        return False


def _number(letters: str) -> int:
    """A column of a spreadsheet program: A is 0."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


# -- .xls: BIFF8 in a compound file -----------------------------------------------------------

_FREE = 0xFFFFFFFA
"""Numbers of sectors from here on are none."""
_ROW, _COLUMNS, _BOOL_OR_ERROR, _FORMULA = 0x0208, 0x007D, 0x0205, 0x0006
_SHEET, _BEGIN, _END = 0x0085, 0x0809, 0x000A
_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}


def _stream(content: bytes) -> bytes:
    """The stream of the workbook in a compound file (MS-CFB)."""
    if len(content) < 512:
        raise ValueError("the file is cut off")
    size = 1 << struct.unpack_from("<H", content, 30)[0]
    small = 1 << struct.unpack_from("<H", content, 32)[0]
    first_folder, _, least, first_small, _, first_list, lists = struct.unpack_from(
        "<7I", content, 48
    )

    def sector(number: int) -> bytes:
        return content[(number + 1) * size : (number + 2) * size]

    tables = list(struct.unpack_from("<109I", content, 76))
    for _ in range(lists):
        if first_list >= _FREE:
            break
        more = struct.unpack(f"<{size // 4}I", sector(first_list))
        tables += more[:-1]
        first_list = more[-1]
    after: list[int] = []
    for table in tables:
        if table < _FREE:
            after += struct.unpack(f"<{size // 4}I", sector(table))

    def chain(number: int, after: list[int]) -> Iterator[int]:
        for _ in range(len(after) + 1):
            if number >= _FREE:
                return
            yield number
            number = after[number]
        raise ValueError("its sectors go round in a circle")

    folder = b"".join(map(sector, chain(first_folder, after)))
    entries = {}
    for at in range(0, len(folder) - 127, 128):
        length = struct.unpack_from("<H", folder, at + 64)[0]
        name = folder[at : at + max(0, length - 2)].decode("utf-16-le", "replace")
        entries[name] = struct.unpack_from("<II", folder, at + 116)
    begins, length = entries.get("Workbook") or entries["Book"]
    if length >= least:
        return b"".join(map(sector, chain(begins, after)))[:length]
    inside = b"".join(map(sector, chain(entries["Root Entry"][0], after)))
    smalls = b"".join(map(sector, chain(first_small, after)))
    after_small = list(struct.unpack(f"<{len(smalls) // 4}I", smalls))
    pieces = (inside[each * small : (each + 1) * small] for each in chain(begins, after_small))
    return b"".join(pieces)[:length]


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The records from a place on, to the end of that part."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length
        depth += (kind == _BEGIN) - (kind == _END)  # a chart within a sheet has an end too
        if kind == _END and depth <= 0:
            return


def _old(stream: bytes) -> Iterator[Looks]:
    sheets = [
        struct.unpack_from("<I", said)[0] for kind, said in _records(stream, 0) if kind == _SHEET
    ]
    for begins in sheets:
        looks = Looks()
        for kind, said in _records(stream, begins):
            _look(looks, kind, said)
        yield looks


def _look(looks: Looks, kind: int, said: bytes) -> None:
    if kind == _ROW and len(said) >= 16:
        row, height, flags = *struct.unpack_from("<H", said), *struct.unpack_from("<6xH4xH", said)
        if flags & 0x20 or height & 0x7FFF == 0:
            looks.hide_row(row)
    elif kind == _COLUMNS and len(said) >= 10:
        first, last, width, _, flags = struct.unpack_from("<5H", said)
        if flags & 1 or width == 0:
            looks.columns.append((first, last))
    elif kind == _BOOL_OR_ERROR and len(said) >= 8 and said[7]:
        _add_error(looks, said, said[6])
    elif kind == _FORMULA and len(said) >= 14 and said[12:14] == b"\xff\xff" and said[6] == 2:
        _add_error(looks, said, said[8])


def _add_error(looks: Looks, said: bytes, code: int) -> None:
    row, column = struct.unpack_from("<HH", said)
    looks.errors[row, column] = _ERRORS.get(code, "#N/A")
