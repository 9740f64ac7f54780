"""Reading the list of poor counties: every fault, with its place and what would be right."""

import csv
from pathlib import Path

import pytest

from registry.errors import LoadError
from registry.files.sheet_cells import letter
from registry.register.counties_file import read_counties
from tests.activities.registry_cases import COUNTIES, PROVINCE, XIN, row_of, table


@pytest.mark.parametrize(
    ("column", "cell", "right"),
    [
        ("code", "41152", "a code of 6 digits"),
        ("code", "41152３²", "a code of 6 digits"),  # noqa: RUF001
        ("code", "411500", "not that of a city"),
        ("code", "421523", "lies outside 河南省; write a code that begins with 41"),
        ("name", "", "is empty; write it"),
        ("city", "", "is empty; write it"),
        ("city", "信阳", "row 33 calls 411500 '信阳市'"),
        ("tier", "国定", "write national or provincial"),
        ("directly_administered", "TRUE", "true or false"),
        ("exit_year", "2013", "a year from 2014 on"),
        ("exit_year", "2017.0", "a year from 2014 on"),
        ("approved_on", "2018年", "write a day as 2014-03-31"),
        ("approved_on", "2018-02-30", "write a day as 2014-03-31"),
        ("townships", "16镇", "write a whole number"),
        ("villages", "", "is empty; write it"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path: Path, column: str, cell: str, right: str) -> None:
    path = tmp_path / "counties.csv"
    changed = [row | ({column: cell} if row["code"] == XIN.code else {}) for row in table()]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(changed[0]))
        writer.writeheader()
        writer.writerows(changed)
    with pytest.raises(LoadError) as caught:
        read_counties(path, PROVINCE)
    at = list(changed[0]).index(column)
    (fault,) = caught.value.faults
    assert fault.startswith(f"{path}, row 35, column {column} ({letter(at)}): ")
    assert repr(cell) in fault or not cell
    assert right in fault


def test_every_fault_is_named_at_once() -> None:
    wrong = [
        row_of(XIN.code, tier="?", villages="-1"),
        row_of("411521"),
        row_of("411521"),
        row_of("411522", city="周口市"),
        row_of("411621"),
    ]
    with pytest.raises(LoadError) as caught:
        read_counties(wrong, PROVINCE)
    assert [fault.partition(";")[0] for fault in caught.value.faults] == [
        "rows, row 1, column tier (D): '?': write national or provincial",
        "rows, row 1, column villages (I): '-1': write a whole number, for example 16",
        "rows, row 3, column code (A): '411521': stands in row 2 already",
        "rows, row 4, column city (C): '周口市': row 2 calls 411500 '信阳市'",
        "rows, row 5, column city (C): '周口市': has the code 411500 in row 4, 411600 here",
    ]
    assert str(caught.value).splitlines() == list(caught.value.faults)


@pytest.mark.parametrize(
    ("content", "right"),
    [
        (b"", "is empty; the first row names the columns"),
        (b"code,name\n411523,x\n", "row 1: a list of counties lacks city、tier、"),
        ("编码".encode("gbk"), "no row names the columns of a list of counties (code、name、"),
        (b"\xff\xfe\xfd", "save it as CSV UTF-8"),
        (COUNTIES.read_bytes().splitlines()[0], "holds no county"),
        (COUNTIES.read_bytes() + b"411599,x\n", "row 55, column city (C): is empty; write it"),
        (COUNTIES.read_bytes().replace(b"\xe6\x96\xb0", b'"', 1), "holds"),
    ],
)
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, content: bytes, right: str) -> None:
    path = tmp_path / "counties.csv"
    path.write_bytes(content)
    with pytest.raises(LoadError) as caught:
        read_counties(path, PROVINCE)
    if right != "holds":
        assert right in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"no\.csv cannot be read: No such file"):
        read_counties(tmp_path / "no.csv", PROVINCE)


def test_a_spreadsheet_s_byte_order_mark_and_empty_rows_are_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "counties.csv"
    path.write_bytes(b"\xef\xbb\xbf" + COUNTIES.read_bytes().replace(b"\n", b"\r\n") + b",,,,,,,,")
    assert len(read_counties(path, PROVINCE)) == 53
