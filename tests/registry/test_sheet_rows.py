"""Files that offices hand in, and files that are none: read, or refused in a sentence."""

import os
import time
import zipfile
from datetime import date
from pathlib import Path

import pytest
from xlsxwriter import Workbook

from registry.errors import LoadError
from registry.files.csv_rows import MAX_LINE, MAX_LINES
from registry.files.sheet_cells import Cell, letter
from registry.files.sheet_rows import MAX_ROWS, rows_of
from registry.files.workbook_rows import workbook_rows
from tests.old_workbook import write_xls
from tests.rosters import write_csv, write_xlsx

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
CHINESE = [["户编号", "姓名"], ["H-01", "张某"], ["H-02", "某甲"]]


def cells(path: Path) -> list[list[Cell]]:
    """What the rows of a file hold."""
    return [row.cells for row in rows_of(path)]


def refusal(path: Path) -> str:
    """Why a file is not read."""
    with pytest.raises(LoadError) as caught:
        list(rows_of(path))
    (sentence,) = caught.value.faults
    return sentence.removeprefix(str(path)).lstrip(",: ")


# -- what is read -----------------------------------------------------------------------------


def test_a_workbook_is_read_with_the_places_of_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "册.xlsx"
    workbook = Workbook(str(path))
    day = workbook.add_format({"num_format": "yyyy-mm-dd"})
    hidden = workbook.add_worksheet("下拉选项")
    hidden.write(0, 0, "是")
    hidden.hide()
    workbook.add_worksheet("空")
    sheet = workbook.add_worksheet("一村")
    sheet.activate()
    sheet.write_string(3, 2, "张某")
    sheet.write_number(3, 3, 0.1)
    sheet.write_datetime(5, 2, date(2014, 4, 1), day)
    sheet.write_formula(5, 3, "=1+1", None, 2)
    workbook.close()
    assert [(row.sheet, row.number, row.cells) for row in rows_of(path)] == [
        ("一村", 4, ["", "", "张某", 0.1]),
        ("一村", 6, ["", "", date(2014, 4, 1), 2.0]),
    ]


def test_an_old_workbook_is_read(tmp_path: Path) -> None:
    path = write_xls(tmp_path / "册.xls", [["户编号", "人口数"], ["H-01", 4]])
    assert [(row.sheet, row.number, row.cells) for row in rows_of(path)] == [
        ("表1", 1, ["户编号", "人口数"]),
        ("表1", 2, ["H-01", 4.0]),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_the_encodings_that_offices_use(tmp_path: Path, encoding: str) -> None:
    path = write_csv(tmp_path / "册.csv", CHINESE, encoding)
    assert cells(path) == CHINESE


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("册.csv", "户编号;姓名\r\nH-01;张某\r\nH-02;某甲\r\n", "gb18030"),
        ("册.csv", "户编号\t姓名\r\nH-01\t张某\r\nH-02\t某甲\r\n", "utf-8-sig"),
        ("册.tsv", "户编号\t姓名\nH-01\t张某\nH-02\t某甲\n", "utf-8"),
        ("册.txt", "户编号\t姓名\r\nH-01\t张某\r\nH-02\t某甲\r\n", "utf-16"),
        ("册.txt", "\ufeff户编号\t姓名\r\nH-01\t张某\r\nH-02\t某甲\r\n", "utf-16-be"),
    ],
)
def test_text_is_read_whatever_stands_between_its_columns(
    tmp_path: Path, name: str, text: str, encoding: str
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    assert cells(path) == CHINESE


def test_a_text_with_other_signs_divides_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "册.csv"
    path.write_text("户编号,内容\nH-01,走访;慰问;座谈;培训\n", encoding="utf-8")
    assert cells(path) == [["户编号", "内容"], ["H-01", "走访;慰问;座谈;培训"]]


def test_what_is_quoted_divides_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "册.csv"
    path.write_text('新县花名册\n户编号;姓名\nH-01;"张某,某乡,某村,某组"\n', encoding="utf-8")
    assert cells(path)[1:] == [["户编号", "姓名"], ["H-01", "张某,某乡,某村,某组"]]


def test_csv_may_begin_with_a_title_in_ascii(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "册.csv", [["2018"], *CHINESE], "gb18030")
    assert cells(path) == [["2018"], *CHINESE]


def test_the_rows_of_csv_are_counted_by_their_first_lines(tmp_path: Path) -> None:
    path = tmp_path / "册.csv"
    path.write_bytes(b'a,"b\r\nc"\r\n\r\n,\r\nd\r\n')
    assert [(row.number, row.cells) for row in rows_of(path)] == [(1, ["a", "b\r\nc"]), (5, ["d"])]


def test_letters_are_those_of_spreadsheet_programs() -> None:
    assert [letter(n) for n in (0, 25, 26, 51, 52, 701, 702, 16383)] == [
        *("A", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD"),
    ]


# -- what is not ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("册.xlsx", b"", "is empty"),
        ("册.csv", b"", "is empty"),
        ("册.xlsx", "户编号,姓名".encode(), "is no Excel workbook, whatever its name"),
        ("册.xlsx", b"%PDF-1.7", "is no Excel workbook, whatever its name"),
        ("册.xlsx", b"PK\x03\x04" + b"x" * 100, "is damaged ("),
        ("册.xlsx", OLE + b"x" * 1000, "holds an old .xls workbook"),
        ("册.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "is encrypted with a password"),
        ("册.xls", OLE + "EncryptedPackage".encode("utf-16-le"), "is encrypted with a password"),
        ("册.xls", OLE + b"x" * 1000, "is damaged ("),
        ("册.xls", b"PK\x03\x04", "holds an .xlsx workbook; name it so"),
        ("册.xls", b"\xef\xbb\xbf <html><table>", "is a web page under the name of a workbook"),
        ("册.xls", b"a\tb", "is no Excel workbook"),
        ("册.csv", b"PK\x03\x04", "is no CSV file, whatever its name"),
        ("册.csv", OLE, "is no CSV file, whatever its name"),
        ("册.csv", "户编号\t".encode("utf-16-le"), "is in UTF-16 without its mark, or no text at"),
        ("册.csv", b"a\x00b", "is in UTF-16 without its mark, or no text at all"),
        ("册.csv", "户编号".encode("utf-16")[:-1], "line 1: is damaged UTF-16; save it as CSV"),
        ("册.csv", b"a,b\n\xff\xfe\xfd\n", "line 2: is neither in UTF-8 nor in GB18030"),
        ("册.csv", b'a,"b\nc', "line 1: is no CSV (unexpected end of data)"),
        ("册.csv", b'a,"b"c\n', "line 1: is no CSV ("),
        ("册.doc", b"a,b", "is none of .xlsx, .xls, .csv, .txt, .tsv; save it as one of these"),
        ("册", b"a,b", "is none of .xlsx, .xls, .csv, .txt, .tsv; save it as one of these"),
    ],
)
def test_a_file_that_is_none_is_refused(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path).startswith(said)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "册.csv") == "cannot be read: No such file or directory"
    (tmp_path / "夹.xlsx").mkdir()
    assert refusal(tmp_path / "夹.xlsx") == "cannot be read: Is a directory"


@pytest.mark.parametrize("name", ["册.xlsx", "册.xls", "册.csv"])
def test_two_hundred_megabytes_are_refused_unread(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.touch()
    os.truncate(path, 200 * 2**20)
    began = time.process_time()
    assert refusal(path).startswith("has 200 MB, more than the 50 MB that are read; divide it")
    assert time.process_time() - began < 0.05


def test_another_archive_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "册.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    assert refusal(path).startswith("is an archive but no Excel workbook")


def changed(path: Path, part: str, old: bytes, new: bytes) -> Path:
    """A workbook with something else in one of its parts."""
    other = path.with_name("另.xlsx")
    with zipfile.ZipFile(path) as read, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as write:
        for each in read.namelist():
            content = read.read(each)
            assert each != part or old in content
            write.writestr(each, content.replace(old, new, 1) if each == part else content)
    return other


def test_an_archive_that_unpacks_to_too_much_is_refused_packed(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "册.xlsx", CHINESE)
    bomb = changed(path, "xl/worksheets/sheet1.xml", b"<sheetData>", b" " * 40 * 2**20)
    assert bomb.stat().st_size < 100_000
    assert refusal(bomb).startswith("would unpack to 40 MB in ")


def test_entities_that_multiply_are_refused(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "册.xlsx", CHINESE)
    entities = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % (each, *[each - 1] * 8)
        for each in range(ord("b"), ord("k"))
    )
    part = "xl/worksheets/sheet1.xml"
    with_types = changed(path, part, b"<worksheet ", entities + b"]><worksheet ")
    bomb = changed(with_types.rename(tmp_path / "三.xlsx"), part, "张某".encode(), b"&j;")
    assert refusal(bomb).startswith("is damaged (")


@pytest.mark.parametrize("content", ["", "x"])
def test_cells_in_opposite_corners_do_not_end_the_process(tmp_path: Path, content: str) -> None:
    path = tmp_path / "册.xlsx"
    workbook = Workbook(str(path))
    sheet = workbook.add_worksheet()
    sheet.write_string(0, 0, "户编号")
    sheet.write_string(1_048_575, 16_383, content)
    workbook.close()
    assert path.stat().st_size < 6_000
    assert refusal(path).startswith("takes more memory or time than a roster can: cells stand far")


def one_cell(path: Path, place: str, row: str, kind: str = "n") -> Path:
    """A workbook whose one cell stands at a place that its file merely claims."""
    written = write_xlsx(path.with_name("一.xlsx"), [["1"]])
    cell = f'<c r="{place}" t="{kind}"><v>{"#N/A" if kind == "e" else 1}</v></c>'
    sheet = f'<sheetData><row r="{row}">{cell}</row></sheetData>'.encode()
    with zipfile.ZipFile(written) as archive:
        whole = archive.read("xl/worksheets/sheet1.xml")
    begins, ends = whole.index(b"<sheetData"), whole.index(b"</sheetData>")
    there = whole[begins : ends + len(b"</sheetData>")]
    return changed(written, "xl/worksheets/sheet1.xml", there, sheet)


@pytest.mark.parametrize("kind", ["n", "e"])
@pytest.mark.parametrize("place", ["MWLQKWA1", "XFE1", "A1048577", "A4000000000"])
def test_a_cell_where_no_sheet_has_any_is_refused(tmp_path: Path, place: str, kind: str) -> None:
    path = one_cell(tmp_path / "册.xlsx", place, place.lstrip("MWLQKAXFE"), kind)
    assert refusal(path) == (
        f"sheet 表1: a cell stands as far out as {place}; a sheet ends with column XFD and row "
        "1048576; copy the table into a new workbook"
    )


def test_a_table_that_begins_in_the_last_columns_is_refused(tmp_path: Path) -> None:
    path = one_cell(tmp_path / "册.xlsx", "XFD1048576", "1048576")
    assert refusal(path) == (
        "sheet 表1: its first column that holds anything is XFD; move the table to A; copy the "
        "table into a new workbook"
    )


def test_a_million_blank_rows_are_no_work_of_the_reader(tmp_path: Path) -> None:
    path = one_cell(tmp_path / "册.xlsx", "B1048576", "1048576")
    (row,) = workbook_rows(path)
    assert (row.number, row.cells) == (1_048_576, ["", 1.0])


def test_lines_too_many_or_too_long_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "册.csv"
    path.write_bytes(b"1\n" + b"\n" * MAX_LINES)
    assert refusal(path) == (
        f"has more than {MAX_LINES} lines, blank ones counted in; delete the blank ones, or "
        "divide it"
    )
    path.write_bytes(b"1\n" + b"," * (2 * MAX_LINE) + b"\n")
    assert refusal(path).startswith("line 2: has 2048 KB, more than the 1024 KB that are read of")


def test_a_row_too_many_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "册.csv"
    path.write_bytes(b"1\n" * MAX_ROWS)
    assert sum(1 for _ in rows_of(path)) == MAX_ROWS
    path.write_bytes(b"1\n" * (MAX_ROWS + 1))
    assert refusal(path).startswith(f"has more than {MAX_ROWS} rows; divide it")


@pytest.mark.parametrize("other", ["H-03,某甲,是\n", "H-03,某甲,\n"])
@pytest.mark.parametrize(
    ("first", "second"), [("utf-8", "gb18030"), ("utf-8-sig", "gb18030"), ("gb18030", "utf-8")]
)
def test_mixed_encodings_are_refused_by_the_first_line_that_differs(
    tmp_path: Path, first: str, second: str, other: str
) -> None:
    # The shorter line in UTF-8 can be read as GB18030 too, but nobody is called 鏌愮敳.
    path = tmp_path / "册.csv"
    lines = ["户编号,姓名,吃穿不愁\n", "H-01,张某,是\n", "H-02,,\n"]
    content = "".join(lines).encode(first) + f"{other}H-04,某乙,否\n".encode(second)
    path.write_bytes(content)
    called = "UTF-8" if first.startswith("utf") else "GB18030"
    assert refusal(path) == (
        f"line 4: is not in {called}, as line 1 is; save the whole file as CSV UTF-8"
    )


def test_no_line_that_begins_with_a_common_character_is_taken_for_utf8(tmp_path: Path) -> None:
    common = [
        bytes((lead, trail)).decode("gb18030")
        for lead in range(0xB0, 0xD8)
        for trail in range(0xA1, 0xFF)
        if (lead, trail) < (0xD7, 0xFA)
    ]
    assert len(common) == 3755
    names = [first + second + "壬" for first, second in zip(common, reversed(common), strict=True)]
    path = write_csv(tmp_path / "册.csv", [["姓名"], *([name] for name in names)], "gb18030")
    assert [row[0] for row in cells(path)[1:]] == names
