"""Synthetic lists of villages and rosters (花名册), as lines, rows and files."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook

from models.texts.id_numbers import check_character

COUNTY = "411523"
TODAY = date(2018, 12, 1)

VILLAGE_HEADER = (
    *("行政村代码", "行政村", "乡镇代码", "乡镇", "县代码", "农村户籍人口", "统计日期"),
    *("驻村工作队", "第一书记", "贫困村", "列入日期", "年度", "通村公路硬化", "客运班车"),
    *("饮用水安全", "生产生活用电", "广播电视户户通", "文化服务中心", "标准化卫生室", "合格医生"),
    *("宽带", "产业", "集体经济收入（元）", "不具备条件理由"),
)
PERSON_HEADER = (
    *("行政村代码", "户编号", "村民小组", "姓名", "证件号码", "与户主关系", "家庭人口", "识别时间"),
    *("年度", "工资性收入", "生产经营性收入", "财产性收入", "转移性收入", "生产经营性支出"),
    *("增收渠道和收入来源", "收入来源稳定", "稳定增收依据", "吃穿不愁", "适龄儿童接受义务教育"),
    *("无因贫辍学学生", "参加新农合", "大病有救助", "住房条件明显改善", "住房安全"),
)
HOUSEHOLD_HEADER = (
    *("行政村代码", "户编号", "户主姓名", "户主证件号码", "村民小组", "家庭人口"),
    *PERSON_HEADER[7:],
)
_SIGNS = "甲乙丙丁戊己庚辛壬癸"
_RELATIONS = ("户主", "配偶", "之子", "之女", "之父")

Row = Sequence[Any]
Write = Callable[..., Path]
"""Writes rows to a file and returns its path: the fixture ``write``."""


def id_number(number: int) -> str:
    """The ID number of the invented person with a number; its check character is right."""
    born = date(1940, 1, 1) + timedelta(days=number // 1000 % 25_000)
    first = f"{411500 + number // 25_000_000}{born:%Y%m%d}{number % 1000:03}"
    return first + check_character(first)


def village_code(number: int) -> str:
    """The code of a synthetic village of 新县, counted from 0."""
    return f"{COUNTY}{100 + number // 100}{200 + number % 100}"


def village_row(number: int, **changes: Any) -> Row:
    """A village of the list."""
    code = village_code(number)
    said = (
        *(
            code,
            f"合成村{number}",
            code[:9],
            f"合成乡{code[6:9]}",
            COUNTY,
            2000,
            date(2017, 12, 31),
        ),
        *("是", "是", "是", date(2014, 4, 1), 2018, "是", "是", "是", "是", "是", "是", "是", "是"),
        *("是", "茶叶", 50000, ""),
    )
    return _changed(VILLAGE_HEADER, said, changes)


def household_rows(number: int, village: str, size: int) -> list[Row]:
    """A household's rows, one a person; what is said of the household stands in the head's."""
    head = _of_household(number)
    rows: list[Row] = []
    for place in range(size):
        person = number * 10 + place
        row = (
            *(village, f"H{number:07}", f"{number % 9 + 1}组", _name(person), id_number(person)),
            *(_RELATIONS[min(place, 4)], size if place == 0 else ""),
            *(head if place == 0 else [""] * len(head)),
        )
        rows.append(row)
    return rows


def household_row(number: int, village: str, size: int, **changes: Any) -> Row:
    """The same in one row, with its head alone."""
    first = household_rows(number, village, size)[0]
    said = (*first[:2], first[3], first[4], first[2], size, *first[7:])
    return _changed(HOUSEHOLD_HEADER, said, changes)


def person_row(row: Row, **changes: Any) -> Row:
    """A row a person with changes, by the header."""
    return _changed(PERSON_HEADER, row, changes)


def person_rows(people: int, villages: int = 250) -> Iterator[Row]:
    """Rows of households of two to five, so many people or a few more, over so many villages."""
    written = 0
    for number in count():
        if written >= people:
            return
        size = 2 + number % 4
        village = village_code(number // (people // 3 // villages + 1))
        yield from household_rows(number, village, size)
        written += size


def write_csv(path: Path, rows: Iterable[Row], encoding: str = "utf-8-sig") -> Path:
    """A CSV file as an office's program saves it."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def write_xlsx(path: Path, *sheets: Iterable[Row]) -> Path:
    """A workbook with sheets 表1, 表2 and so on; its texts are texts, its days days."""
    workbook = Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False})
    day = workbook.add_format({"num_format": "yyyy-mm-dd"})
    for which, rows in enumerate(sheets, start=1):
        sheet = workbook.add_worksheet(f"表{which}")
        for number, row in enumerate(rows):
            for place, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, place, value)
                elif isinstance(value, date):
                    sheet.write_datetime(number, place, value, day)
                else:
                    sheet.write(number, place, value)
    workbook.close()
    return path


def _changed(header: Sequence[str], row: Row, changes: dict[str, Any]) -> Row:
    said = dict(zip(header, row, strict=True)) | changes
    assert len(said) == len(header), changes
    return tuple(said[name] for name in header)


def _of_household(number: int) -> Row:
    return (
        *(date(2014, 4, 1) + timedelta(days=number % 900), 2018),
        *(8000 + number % 9973, 2500.5, 0, 1200.25, 300),
        *("务工、种植", "是", "固定岗位务工", *["是"] * 7),
    )


def _name(person: int) -> str:
    return f"某{_SIGNS[person % 10]}{_SIGNS[person // 10 % 10]}"
