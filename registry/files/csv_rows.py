"""The rows of a text file: CSV in UTF-8 or GB18030, whichever its first Chinese line is in.

Between its columns stand commas, semicolons or tabs. Excel's Unicode text is in UTF-16, with tabs.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from registry.errors import LoadError
from registry.files.sheet_cells import SheetRow

MAX_LINES = 1_048_576
"""As many as a sheet has rows: what has more was never saved by a spreadsheet program."""
MAX_LINE = 1024 * 1024
"""Bytes of a line: a member of a household takes some hundreds."""

_UTF8, _GB = "UTF-8", "GB18030"
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BETWEEN = ",\t;"
_LINES_LOOKED_AT = 10
_QUOTED = re.compile(r'"[^"]*"')
_BINARY = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")
_CHINESE = re.compile(
    r"[\x00-\x7f]*[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"
    r"[\x00-\x7f\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]*"
)


def csv_rows(path: Path) -> Iterator[SheetRow]:
    """Every row, blank ones too; a row has the number of its first line in the file.

    Raises:
        LoadError: in one sentence, naming the first line that is in another encoding, is no CSV,
            or is too long; or if there are too many lines.
    """
    lines = _lines(path)
    first = list(islice(lines, _LINES_LOOKED_AT))
    reader = csv.reader(chain(first, lines), delimiter=_between(first), strict=True)
    begins = 1
    try:
        for row in reader:
            yield SheetRow("", begins, list(row))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise LoadError([f"{path}, line {begins}: is no CSV ({error})"]) from None


def _between(lines: Sequence[str]) -> str:
    """What stands between the columns: of the signs that may, the one that most lines have.

    A title has none of them, and a text may have any.
    """
    bare = [_QUOTED.sub("", line) for line in lines]

    def weight(sign: str) -> tuple[int, int]:
        counts = [line.count(sign) for line in bare]
        return sum(map(bool, counts)), max(counts, default=0)

    return max(_BETWEEN, key=weight)


def _lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        mark = file.read(2)
    return _of_utf16(path) if mark in _UTF16 else _of_bytes(path)


def _of_utf16(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-16", newline="") as file:
        for number in range(1, MAX_LINES + 2):
            try:
                line = file.readline(MAX_LINE + 1)
            except UnicodeError:
                raise LoadError(
                    [f"{path}, line {number}: is damaged UTF-16; save it as CSV UTF-8"]
                ) from None
            if not line:
                return
            _check_bounds(path, number, len(line))
            yield line


def _of_bytes(path: Path) -> Iterator[str]:
    """The text, line by line: no byte of a line's end is part of a Chinese character."""
    with path.open("rb") as file:
        encoding, began = "", 0
        for number, line in enumerate(file, start=1):
            _check_bounds(path, number, len(line))
            if number == 1:
                _check_text(path, line)
                line = line.removeprefix(_BOM)
            if not encoding and not line.isascii():
                encoding, began = _encoding(path, number, line), number
            try:
                text = line.decode(encoding or "ascii")
            except UnicodeDecodeError:
                raise LoadError([_mixed(path, number, encoding, began)]) from None
            if encoding == _GB and _is_utf8(line):
                raise LoadError([_mixed(path, number, encoding, began)])
            yield text


def _check_bounds(path: Path, number: int, length: int) -> None:
    if number > MAX_LINES:
        raise LoadError(
            [
                f"{path} has more than {MAX_LINES} lines, blank ones counted in; delete the blank "
                "ones, or divide it"
            ]
        )
    if length > MAX_LINE:
        raise LoadError(
            [
                f"{path}, line {number}: has {length // 1024} KB, more than the "
                f"{MAX_LINE // 1024} KB that are read of a line; write each row on its own"
            ]
        )


def _check_text(path: Path, first: bytes) -> None:
    if first.startswith(_BINARY):
        raise LoadError([f"{path} is no CSV file, whatever its name; save it as CSV UTF-8"])
    if b"\x00" in first:
        raise LoadError(
            [f"{path} is in UTF-16 without its mark, or no text at all; save it as CSV UTF-8"]
        )


def _encoding(path: Path, number: int, line: bytes) -> str:
    for encoding in (_UTF8, _GB):
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise LoadError(
        [f"{path}, line {number}: is neither in UTF-8 nor in GB18030; save it as CSV UTF-8"]
    )


def _is_utf8(line: bytes) -> bool:
    """Whether a line that can be read as GB18030 is Chinese in UTF-8: no real line is both.

    是 and 否 in GB18030 are no UTF-8, and what would be is no Chinese in it.
    """
    try:
        return _CHINESE.fullmatch(line.decode(_UTF8)) is not None
    except UnicodeDecodeError:
        return False


def _mixed(path: Path, number: int, encoding: str, began: int) -> str:
    return (
        f"{path}, line {number}: is not in {encoding}, as line {began} is; save the whole file as "
        "CSV UTF-8"
    )
