"""The rows of a CSV file in UTF-8 or GB18030, whichever its first Chinese line is in."""

import csv
import re
from collections.abc import Iterator
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
    reader = csv.reader(_lines(path), strict=True)
    begins = 1
    try:
        for row in reader:
            yield SheetRow("", begins, list(row))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise LoadError([f"{path}, line {begins}: is no CSV ({error})"]) from None


def _lines(path: Path) -> Iterator[str]:
    """The text, line by line: no byte of a line's end is part of a Chinese character."""
    with path.open("rb") as file:
        encoding, began = "", 0
        for number, line in enumerate(file, start=1):
            if number > MAX_LINES:
                raise LoadError(
                    [
                        f"{path} has more than {MAX_LINES} lines, blank ones counted in; delete "
                        "the blank ones, or divide it"
                    ]
                )
            if len(line) > MAX_LINE:
                raise LoadError(
                    [
                        f"{path}, line {number}: has {len(line) // 1024} KB, more than the "
                        f"{MAX_LINE // 1024} KB that are read of a line; write each row on its own"
                    ]
                )
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


def _check_text(path: Path, first: bytes) -> None:
    if first.startswith(_BINARY):
        raise LoadError([f"{path} is no CSV file, whatever its name; save it as CSV UTF-8"])
    if first.startswith(_UTF16) or b"\x00" in first:
        raise LoadError([f"{path} is in UTF-16, or no text at all; save it as CSV UTF-8"])


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
