"""Writes a workbook of the old kind (.xls, BIFF8 in a compound file), as small as can be read."""

import struct
from collections.abc import Sequence
from pathlib import Path

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


class Error(str):
    """A cell that shows this in place of a value."""


_ERRORS = {
    "#NULL!": 0x00,
    "#DIV/0!": 0x07,
    "#VALUE!": 0x0F,
    "#REF!": 0x17,
    "#NAME?": 0x1D,
    "#NUM!": 0x24,
    "#N/A": 0x2A,
}


def write_xls(
    path: Path,
    rows: Sequence[Sequence[str | float]],
    *,
    hidden: Sequence[int] = (),
    low: Sequence[int] = (),
    hidden_columns: Sequence[int] = (),
) -> Path:
    """One sheet, 表1, of texts, numbers and errors.

    Args:
        hidden, low: Rows that are hidden, or of no height; counted from 0, as hidden columns.
    """
    sheet = _bof(0x0010)
    for number in hidden_columns:
        sheet += _record(0x007D, struct.pack("<HHHHHH", number, number, 2304, 0, 1, 0))
    for number in (*hidden, *low):
        height, flags = (0, 0x100) if number in low else (255, 0x120)
        sheet += _record(0x0208, struct.pack("<HHHHHHHH", number, 0, 1, height, 0, 0, flags, 0))
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            where = struct.pack("<HHH", number, place, 0)
            if isinstance(value, Error):
                sheet += _record(0x0205, where + struct.pack("<BB", _ERRORS[value], 1))
            elif isinstance(value, str):
                text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
                sheet += _record(0x0204, where + text)
            else:
                sheet += _record(0x0203, where + struct.pack("<d", value))
    sheet += _record(0x000A)
    name = struct.pack("<BB", 2, 1) + "表1".encode("utf-16-le")
    begins = len(_bof(0x0005)) + 4 + 6 + len(name) + 4
    book = _bof(0x0005) + _record(0x0085, struct.pack("<IH", begins, 0) + name) + _record(0x000A)
    path.write_bytes(_compound("Workbook", book + sheet))
    return path


def _record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _bof(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0x0600))


def _compound(name: str, stream: bytes) -> bytes:
    """A compound file with one stream: table of sectors, directory, then the stream."""
    # Below 4096 bytes a stream would have to lie among the small ones.
    stream = stream.ljust(4096, b"\0")
    stream += b"\0" * (-len(stream) % _SECTOR)
    sectors = len(stream) // _SECTOR
    assert sectors + 2 <= _SECTOR // 4, "one sector of the table must do"
    chain = [_FAT, _END, *range(3, sectors + 2), _END]
    table = struct.pack("<128I", *(chain + [_FREE] * (128 - len(chain))))
    entries = _entry("Root Entry", 5, 1, _END, 0) + _entry(name, 2, _FREE, 2, len(stream))
    header = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 16
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    return header + table + entries.ljust(_SECTOR, b"\0") + stream


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    coded = name.encode("utf-16-le") + b"\0\0"
    entry = coded.ljust(64, b"\0") + struct.pack("<HBB", len(coded), kind, 1)
    entry += struct.pack("<III", _FREE, _FREE, child) + b"\0" * 36
    return entry + struct.pack("<IQ", start, size)
