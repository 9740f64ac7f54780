"""Importing lists of villages and rosters (花名册): what is kept of them, or that nothing is."""

import stat
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from models.register.households import Livelihood
from models.register.villages import Bus
from registry.database.engine import reading
from registry.desk import Registry
from registry.errors import LoadError
from registry.files.fault_sheet import FileRefused
from registry.files.sheet_rows import rows_of
from registry.files.table import MOST_FAULTS
from registry.register.loading import HouseholdsLoaded, VillagesLoaded
from registry.tables import (
    EpisodeRow,
    HouseholdRow,
    HouseholdYearRow,
    MemberRow,
    Table,
    VillageRow,
    VillageStatusRow,
    VillageYearRow,
)
from tests.activities.registry_cases import at_once, rows
from tests.old_workbook import write_xls
from tests.rosters import (
    HOUSEHOLD_HEADER,
    PERSON_HEADER,
    TODAY,
    VILLAGE_HEADER,
    Write,
    household_row,
    household_rows,
    id_number,
    person_row,
    village_code,
    village_row,
    write_csv,
    write_xlsx,
)

HERE, THERE = village_code(0), village_code(1)


def refused(registry: Registry, path: Path) -> list[str]:
    """The faults for which a file is not kept, each without the name of sheet or file."""
    with pytest.raises(FileRefused) as caught:
        registry.register.import_file(path, TODAY)
    return [str(fault).removeprefix("sheet 表1, ") for fault in caught.value.found]


def everything(engine: Engine) -> str:
    """Every value that the registry holds, in one text."""
    found = []
    with reading(engine) as session:
        for table in Table.metadata.sorted_tables:
            found += [str(tuple(row)) for row in session.connection().execute(table.select())]
    return "\n".join(found)


# -- rosters ----------------------------------------------------------------------------------


@pytest.mark.clause("S1")
def test_a_roster_with_a_row_a_person_is_kept(
    settled: Registry, engine: Engine, write: Write
) -> None:
    path = write(PERSON_HEADER, *household_rows(7, HERE, 3), *household_rows(8, THERE, 2))
    loaded = settled.register.import_file(path, TODAY)
    assert loaded == HouseholdsLoaded(new=2, changed=0, unchanged=0, people=5, counties=("411523",))
    first, second = rows(engine, HouseholdRow)
    assert (first["code"], first["village_code"], first["village_group"], first["size"]) == (
        *("H0000007", HERE, "8组", 3),
    )
    assert first["head"] == household_rows(7, HERE, 3)[0][3]
    members = [row for row in rows(engine, MemberRow) if row["household_code"] == "H0000007"]
    assert {(row["id_number"], row["relation"]) for row in members} == {
        (id_number(70), "户主"),
        (id_number(71), "配偶"),
        (id_number(72), "之子"),
    }
    year = rows(engine, HouseholdYearRow)[0]
    assert (year["year"], year["source"]) == (2018, path.name)
    assert Livelihood(**{name: year[name] for name in Livelihood.model_fields}) == Livelihood(
        year=2018,
        wages=800_700,
        business=250_050,
        assets=0,
        transfers=120_025,
        costs=30_000,
        income_sources="务工、种植",
        livelihood=True,
        stable_because="固定岗位务工",
        food_and_clothing=True,
        schooling=True,
        no_dropouts=True,
        insurance=True,
        illness_aid=True,
        housing_improved=True,
        housing=True,
    )
    assert {row["registered_on"] for row in rows(engine, EpisodeRow)} == {
        date(2014, 4, 8),
        date(2014, 4, 9),
    }
    assert second["village_code"] == THERE
    again = settled.register.import_file(path, TODAY)
    assert again == HouseholdsLoaded(new=0, changed=0, unchanged=2, people=5, counties=("411523",))


@pytest.mark.clause("S1")
def test_a_roster_with_a_row_a_household_names_its_head(
    settled: Registry, engine: Engine, write: Write
) -> None:
    path = write(HOUSEHOLD_HEADER, household_row(7, HERE, 4), household_row(8, HERE, 1))
    assert settled.register.import_file(path, TODAY) == HouseholdsLoaded(
        new=2, changed=0, unchanged=0, people=5, counties=("411523",)
    )
    assert [row["size"] for row in rows(engine, HouseholdRow)] == [4, 1]
    assert [(row["id_number"], row["relation"]) for row in rows(engine, MemberRow)] == [
        (id_number(70), "户主"),
        (id_number(80), "户主"),
    ]
    assert len(rows(engine, HouseholdYearRow)) == 2


def test_an_old_workbook_is_imported(settled: Registry, engine: Engine, tmp_path: Path) -> None:
    texts = [
        [each.isoformat() if isinstance(each, date) else each for each in row]
        for row in (HOUSEHOLD_HEADER, household_row(7, HERE, 4))
    ]
    settled.register.import_file(write_xls(tmp_path / "册.xls", texts), TODAY)
    assert [row["code"] for row in rows(engine, HouseholdRow)] == ["H0000007"]


@pytest.mark.clause("G8")
def test_headers_are_read_as_offices_write_them_and_phone_numbers_are_not_kept(
    settled: Registry, engine: Engine, write: Write
) -> None:
    title = ["合成县建档立卡贫困户花名册"]
    header = [
        *("序号", "村代码", " 户 编码", "组", "家庭成员姓名", "身份证号", "与户主的关系", "人口数"),
        *("建档立卡时间", "年 份", "工资性收入（元）", "生产经营性收入(元)", "财产性收入"),
        *("转移性收入", "生产经营性支出", "收入来源", "是否有稳定收入来源", "稳定超过标准依据"),
        *("不愁吃穿", "义务教育", "是否家庭无因贫辍学学生", "是否参加新农合", "大病救助"),
        *("住房条件有明显改善", "住房安全有保障", "联系电话", "银行账号", "备注"),
    ]
    said = household_rows(7, HERE, 1)[0]
    private = ["13800000000", "6222000000000000000", "家住村东"]
    path = write(title, [], header, ["1", *said, *private])
    settled.register.import_file(path, TODAY)
    kept = everything(engine)
    assert id_number(70) in kept
    assert not any(each in kept for each in private)
    assert rows(engine, HouseholdYearRow)[0]["wages"] == 800_700


def test_what_is_said_of_a_household_may_be_repeated_and_its_number_left_out(
    settled: Registry, engine: Engine, write: Write
) -> None:
    head, *others = household_rows(7, HERE, 3)
    repeated = [(*head[:3], *other[3:6], *head[6:]) for other in others]
    left_out = [(("",) * 3 + tuple(other[3:])) for other in household_rows(8, HERE, 3)[1:]]
    path = write(
        PERSON_HEADER, repeated[0], head, repeated[1], household_rows(8, HERE, 3)[0], *left_out
    )
    loaded = settled.register.import_file(path, TODAY)
    assert loaded == HouseholdsLoaded(new=2, changed=0, unchanged=0, people=6, counties=("411523",))


def test_a_roster_needs_no_income(settled: Registry, engine: Engine, write: Write) -> None:
    path = write(PERSON_HEADER[:8], *(row[:8] for row in household_rows(7, HERE, 2)))
    settled.register.import_file(path, TODAY)
    assert rows(engine, HouseholdYearRow) == []


def test_sheets_of_one_workbook_are_one_roster(
    settled: Registry, engine: Engine, tmp_path: Path
) -> None:
    turned = [*PERSON_HEADER[1:], PERSON_HEADER[0]]
    second = [(*row[1:], row[0]) for row in household_rows(8, THERE, 2)]
    path = write_xlsx(
        tmp_path / "册.xlsx", [PERSON_HEADER, *household_rows(7, HERE, 2)], [turned, *second]
    )
    assert settled.register.import_file(path, TODAY).new == 2
    second[1] = (*second[1][:3], id_number(70), *second[1][4:])
    path = write_xlsx(
        tmp_path / "册.xlsx", [PERSON_HEADER, *household_rows(7, HERE, 2)], [turned, *second]
    )
    shown = f"{id_number(70)[:6]}********{id_number(70)[-4:]}"
    assert refused(settled, path) == [
        f"sheet 表2, row 3, column 证件号码 (D): {shown!r}: stands in sheet 表1, row 2 too; keep "
        "one"
    ]


# -- faults of a roster -----------------------------------------------------------------------


@pytest.mark.parametrize("cell", [" {} ", "'{}", "\t{}"])
def test_an_id_number_as_text_is_read_with_what_keeps_it_text(
    settled: Registry, engine: Engine, write: Write, cell: str
) -> None:
    number = next(each for n in range(20) if (each := id_number(n)).endswith("X"))
    head = person_row(household_rows(7, HERE, 1)[0], 证件号码=cell.format(number.lower()))
    settled.register.import_file(write(PERSON_HEADER, head), TODAY)
    assert [row["id_number"] for row in rows(engine, MemberRow)] == [number]


def test_codes_may_be_numbers_as_long_as_none_is_damaged(
    settled: Registry, engine: Engine, tmp_path: Path
) -> None:
    head = household_rows(7, HERE, 1)[0]
    numbers = person_row(
        head, 行政村代码=int(HERE), 户编号=4115230001, 村民小组=3, 识别时间=20140401
    )
    path = write_xlsx(tmp_path / "册.xlsx", [PERSON_HEADER, numbers])
    settled.register.import_file(path, TODAY)
    (kept,) = rows(engine, HouseholdRow)
    assert (kept["code"], kept["village_group"]) == ("4115230001", "3")
    damaged = person_row(head, 户编号=4115231002000001)
    path = write_xlsx(tmp_path / "册.xlsx", [PERSON_HEADER, damaged])
    assert "of more than 15 digits, which a workbook does not keep" in refused(settled, path)[0]


def test_a_file_with_headers_alone_is_refused(settled: Registry, write: Write) -> None:
    path = write(PERSON_HEADER)
    with pytest.raises(LoadError, match="names columns and nothing else; write a row below them"):
        settled.register.import_file(path, TODAY)


def test_a_sheet_that_is_no_roster_is_named(settled: Registry, tmp_path: Path) -> None:
    roster = [PERSON_HEADER, *household_rows(7, HERE, 1)]
    notes = [["填表说明"]]
    path = write_xlsx(tmp_path / "册.xlsx", roster, notes, [VILLAGE_HEADER, village_row(0)])
    found = refused(settled, path)
    assert found[0].startswith("sheet 表2, row 1: no row names the columns")
    assert found[1] == (
        "sheet 表3, row 1: is a list of villages, the first sheet a roster with one row a person; "
        "divide them"
    )


@pytest.mark.clause("S5")
def test_more_poor_people_than_people_are_refused(
    settled: Registry, engine: Engine, write: Write
) -> None:
    path = write(VILLAGE_HEADER, village_row(0, 农村户籍人口=3), name="村")
    settled.register.import_file(path, TODAY)
    path = write(PERSON_HEADER, *household_rows(7, HERE, 2), *household_rows(8, HERE, 2))
    assert refused(settled, path) == [
        f"the village {HERE} would have 4 poor people among a population of 3; correct the one or "
        "the other (S5)"
    ]
    settled.register.import_file(write(PERSON_HEADER, *household_rows(7, HERE, 3)), TODAY)
    path = write(VILLAGE_HEADER, village_row(0, 农村户籍人口=2), name="村")
    assert "would have 3 poor people among a population of 2" in refused(settled, path)[0]


def test_what_stands_twice_is_named_with_both_rows(settled: Registry, write: Write) -> None:
    first, second, third = household_rows(7, HERE, 3)
    path = write(
        PERSON_HEADER,
        first,
        second,
        person_row(third, 证件号码=first[4]),
        *household_rows(8, HERE, 1),
        person_row(household_rows(7, HERE, 1)[0], 证件号码=id_number(99)),
        *household_rows(9, village_code(99), 1),
    )
    shown = f"{first[4][:6]}********{first[4][-4:]}"
    assert refused(settled, path) == [
        f"row 4, column 证件号码 (E): {shown!r}: stands in row 2 too; keep one",
        "row 6, column 户编号 (B): 'H0000007': stands in row 2 too; keep its rows together, or one",
        f"row 7, column 行政村代码 (A): '{village_code(99)}': the register knows no village with "
        "this code; import the list of villages first, or correct it",
    ]


def test_no_row_is_left_of_a_refused_file(settled: Registry, engine: Engine, write: Write) -> None:
    good = [row for number in range(600) for row in household_rows(number, HERE, 1)]
    path = write(PERSON_HEADER, *good, person_row(household_rows(700, HERE, 1)[0], 吃穿不愁="?"))
    assert len(refused(settled, path)) == 1
    with reading(engine) as session:
        assert session.exec(select(HouseholdRow).order_by(col(HouseholdRow.code))).first() is None


def test_one_file_imported_twice_at_the_same_time_is_kept_once(
    settled: Registry, engine: Engine, tmp_path: Path
) -> None:
    people = [row for number in range(200) for row in household_rows(number, HERE, 2)]
    path = write_csv(tmp_path / "册.csv", [PERSON_HEADER, *people])
    loaded = at_once([lambda: settled.register.import_file(path, TODAY)] * 3)
    assert sorted(each.new for each in loaded) == [0, 0, 200]
    assert sorted(each.unchanged for each in loaded) == [0, 200, 200]
    assert len(rows(engine, MemberRow)) == 400


# -- the sheet of faults ----------------------------------------------------------------------


@pytest.mark.clause("G8")
def test_all_faults_are_in_a_workbook_that_evaluates_nothing(
    settled: Registry, engine: Engine, write: Write
) -> None:
    bomb = '=HYPERLINK("http://localhost/?"&A1)'
    wrong = [
        person_row(household_rows(number, HERE, 1)[0], 姓名=bomb, 吃穿不愁="?", 证件号码="1" * 18)
        for number in range(40)
    ]
    before = everything(engine)
    path = write(PERSON_HEADER, *wrong)
    with pytest.raises(FileRefused) as caught:
        settled.register.import_file(path, TODAY)
    assert everything(engine) == before
    sheet = path.with_name("册-faults.xlsx")
    assert caught.value.sheet == sheet
    first, *rest = str(caught.value).splitlines()
    assert first == f"{path} has 120 faults; nothing of it was kept, and all of them are in {sheet}"
    assert len(rest) == 4
    assert rest[-1] == "and 117 more"
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    header, *found = rows_of(sheet)
    assert [str(cell).split()[-1] for cell in header.cells[:3]] == ["sheet", "row", "column"]
    assert len(found) == 120
    named = [row.cells for row in found if row.cells[2] == "姓名"]
    assert named[0][:5] == ["表1" if path.suffix == ".xlsx" else "", 2, "姓名", "D", f"'{bomb}"]
    assert all(not str(cell).startswith("=") for row in found for cell in row.cells)
    assert "1" * 18 not in str(found)


def test_a_folder_that_cannot_hold_the_workbook_is_said(settled: Registry, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "册.csv", [PERSON_HEADER, ["x"]])
    path.with_name("册-faults.xlsx").mkdir()
    with pytest.raises(FileRefused) as caught:
        settled.register.import_file(path, TODAY)
    assert f"and {tmp_path / '册-faults.xlsx'} cannot be written: Is a directory" in str(
        caught.value
    )
    assert caught.value.sheet is None


def test_a_file_of_nothing_but_faults_is_not_read_to_its_end(
    settled: Registry, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "册.csv", [HOUSEHOLD_HEADER, *([["x"]] * MOST_FAULTS)])
    found = refused(settled, path)
    assert len(found) == MOST_FAULTS + 1
    assert found[-1] == "there may be more: reading ended here; correct these first"


# -- villages ---------------------------------------------------------------------------------


@pytest.mark.clause("S2", "S5")
def test_a_list_of_villages_is_kept(registry: Registry, engine: Engine, write: Write) -> None:
    plain = dict.fromkeys(VILLAGE_HEADER[9:], "") | {"驻村工作队": "否", "第一书记": "否"}
    path = write(
        VILLAGE_HEADER,
        village_row(0, 客运班车="不具备条件", 不具备条件理由="山路狭窄", 宽带="否"),
        village_row(1, 贫困村="否", **{k: v for k, v in plain.items() if k != "贫困村"}),
    )
    loaded = registry.register.import_file(path, TODAY)
    assert loaded == VillagesLoaded(new=2, changed=0, unchanged=0, listed=1, counties=("411523",))
    first, second = rows(engine, VillageRow)
    assert first == {
        "code": HERE,
        "name": "合成村0",
        "township_code": HERE[:9],
        "township_name": "合成乡100",
        "county_code": "411523",
        "population": 2000,
        "population_as_of": date(2017, 12, 31),
        "work_team": True,
        "first_secretary": True,
        **dict.fromkeys(["since", "gone_on", "successor"]),
    }
    assert (second["work_team"], second["first_secretary"]) == (False, False)
    (status,) = rows(engine, VillageStatusRow)
    assert (status["code"], status["since"]) == (HERE, date(2014, 4, 1))
    (year,) = rows(engine, VillageYearRow)
    assert (year["year"], year["bus"], year["broadband"]) == (2018, Bus.NOT_FEASIBLE, False)
    assert year["bus_ground"] == "山路狭窄"
    assert (year["industry"], year["collective_income_yuan"]) == ("茶叶", 50_000)
    again = registry.register.import_file(path, TODAY)
    assert again == VillagesLoaded(new=0, changed=0, unchanged=2, listed=0, counties=("411523",))


def test_a_village_twice_in_a_list_is_named_with_both_rows(
    registry: Registry, write: Write
) -> None:
    path = write(VILLAGE_HEADER, village_row(0), village_row(1), village_row(0, 行政村="另村"))
    assert refused(registry, path) == [
        f"row 4, column 行政村代码 (A): {HERE!r}: stands in row 2 too; keep one"
    ]
