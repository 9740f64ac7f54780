"""Natural changes (动态调整) from files, and members without an ID number (无证件) in rosters."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from models.register.changes import ChangesLoaded
from registry.desk import Registry
from registry.errors import LoadError
from registry.files.fault_sheet import FileRefused
from registry.files.sheet_rows import rows_of
from registry.register.records import HouseholdRecord
from registry.tables import EpisodeRow, HouseholdRow, MemberRow
from tests.activities.registry_cases import rows
from tests.registry.changes import poor
from tests.rosters import PERSON_HEADER, TODAY, Write, household_rows, id_number, village_code

HERE, THERE = village_code(0), village_code(1)
HEADER = (
    *("变动类型", "户编号", "变动日期", "变动事由", "文号", "单位", "经办人"),
    *("姓名", "证件号码", "与户主关系", "无证件原因", "无证件者出生日期", "变动去向", "新户主"),
)
ON = "2018-06-01"
Row = tuple[str, ...]


def row(kind: str, code: str, *person: str, on: str = ON, to: str = "", head: str = "") -> Row:
    """A row of a list of changes."""
    said = (kind, code, on, f"{kind}，村上报", "合成动态〔2018〕2号", "A5/411523", "经办员甲")
    return (*said, *person, *[""] * (5 - len(person)), to, head)


@pytest.fixture
def register(settled: Registry, write: Write) -> Registry:
    """H0000007 with three people here, H0000008 with two there."""
    path = write(PERSON_HEADER, *household_rows(7, HERE, 3), *household_rows(8, THERE, 2))
    settled.register.import_file(path, TODAY)
    return settled


def loaded(registry: Registry, path: Path) -> ChangesLoaded:
    found = registry.register.import_file(path, TODAY)
    assert isinstance(found, ChangesLoaded)
    return found


@pytest.mark.clause("S5", "G7")
def test_a_list_of_changes_is_put_down_by_day(
    register: Registry, engine: Engine, write: Write
) -> None:
    names = [each["name"] for each in rows(engine, MemberRow)]
    of = {each["name"]: each["id_number"] for each in rows(engine, MemberRow)}
    second, third = [name for name in names if of[name] in (id_number(71), id_number(72))]
    path = write(
        HEADER,
        row("整户死亡", "H0000008", on="2018-07-01"),
        row("出生", "H0000008", "张某丙", "", "之子", "新生儿未落户", "2018-05-20"),
        row("分户", "H0000007", second, of[second], "户主", to="H0000009"),
        row("分户", "H0000007", third, of[third], "之子", to="H0000009"),
    )
    assert (loaded(register, path).new, loaded(register, path).unchanged) == (3, 3)
    sizes = {each["code"]: each["size"] for each in rows(engine, HouseholdRow)}
    assert sizes == {"H0000007": 1, "H0000008": 3, "H0000009": 2}
    days = (date(2018, 5, 31), date(2018, 6, 1), date(2018, 7, 1))
    assert [poor(engine, HERE, on) for on in days] == [3, 3, 3]
    assert [poor(engine, THERE, on) for on in days] == [2, 3, 0]


@pytest.mark.clause("G7")
def test_of_a_list_with_faults_nothing_is_put_down(
    register: Registry, engine: Engine, write: Write
) -> None:
    before = rows(engine, EpisodeRow), rows(engine, HouseholdRow)
    path = write(
        HEADER,
        row("整户死亡", "H0000008"),
        row("合户", "H0000007"),
        row("整户迁出", "H0000099"),
        row("出生", "H0000007", "张某丙", "", "之子"),
        row("死亡", "H0000007", "李某某"),
    )
    with pytest.raises(FileRefused) as caught:
        register.register.import_file(path, TODAY)
    said = [f"{each.row} {each.column}: {each.right}" for each in caught.value.found]
    assert [each.split("; ")[0] for each in said] == [
        "3 变动去向: joined (合户) needs the number of the household that it joins",
        "4 户编号: the register knows no household H0000099",
        "5 姓名: 张某丙 needs an ID number, or the reason why there is none",
        "6 姓名: 李某某 is no member of household H0000007",
    ]
    assert (rows(engine, EpisodeRow), rows(engine, HouseholdRow)) == before
    assert register.changes.listed(None, None) == ()


@pytest.mark.clause("G7")
def test_a_wrong_target_is_shown_with_its_column(register: Registry, write: Write) -> None:
    path = write(HEADER, row("合户", "H0000007", to="无"), row("合户", "H0000007", to="H0000099"))
    with pytest.raises(FileRefused) as caught:
        register.register.import_file(path, TODAY)
    assert [(each.row, each.column, each.found) for each in caught.value.found] == [
        (2, "变动去向", "无"),
        (3, "变动去向", "H0000099"),
    ]
    assert "write the number of a household" in caught.value.found[0].right


@pytest.mark.clause("S5")
def test_the_same_row_twice_counts_nobody_twice(
    register: Registry, engine: Engine, write: Write
) -> None:
    dead = row("死亡", "H0000008", "李某某", on="2018-07-01")
    with pytest.raises(FileRefused) as caught:
        register.register.import_file(write(HEADER, dead, dead), TODAY)
    assert [each.right for each in caught.value.found] == [
        "李某某 stands twice; name each person once"
    ]
    assert poor(engine, THERE, date(2018, 7, 1)) == 2


@pytest.mark.clause("S5")
def test_changes_are_put_down_in_the_order_of_their_days(
    register: Registry, engine: Engine, write: Write
) -> None:
    baby = ("之子", "新生儿未落户", "2018-05-20")
    path = write(
        HEADER,
        row("出生", "H0000008", "张某丁", "", *baby, on="2018-07-02"),
        row("整户死亡", "H0000008", on="2018-07-02"),
        row("出生", "H0000008", "张某乙", "", *baby, on="2018-07-01"),
        row("出生", "H0000007", "张某丙", "", *baby, on="2018-07-01"),
    )
    assert loaded(register, path).new == 4
    days = (date(2018, 6, 30), date(2018, 7, 1), date(2018, 7, 2))
    assert [poor(engine, THERE, on) for on in days] == [2, 3, 0]


# -- members without an ID number ---------------------------------------------------------------


def without_number(*said: str) -> list[Row]:
    """A household of two, the second of whom has no ID number."""
    head, child = household_rows(7, HERE, 2)
    number = PERSON_HEADER.index("证件号码")
    nobody = tuple("" if at == number else cell for at, cell in enumerate(child))
    return [(*head, "", ""), (*nobody, *said)]


_HEADER = (*PERSON_HEADER, "无证件原因", "无证件者出生日期")


def of_h7(registry: Registry) -> HouseholdRecord:
    return registry.register.household("H0000007", TODAY)


@pytest.mark.clause("S1")
def test_a_member_without_an_id_number_stands_with_the_reason(
    settled: Registry, engine: Engine, write: Write, tmp_path: Path
) -> None:
    path = write(_HEADER, *without_number("无户口", "2011-03-01"))
    settled.register.import_file(path, TODAY)
    settled.register.import_file(path, TODAY)
    (member,) = [each for each in rows(engine, MemberRow) if each["id_number"] is None]
    assert (member["without_id"], member["born"]) == ("无户口", date(2011, 3, 1))
    assert [each.without_id for each in of_h7(settled).members] == [None, "无户口"]
    out = tmp_path / "out.xlsx"
    settled.register.export(out, HERE)
    written = list(rows_of(out))
    assert list(written[-1].cells)[-2:] == ["无户口", date(2011, 3, 1)]
    again = settled.register.import_file(out, TODAY)
    assert (again.changed, again.unchanged) == (0, 1)  # type: ignore[union-attr]


@pytest.mark.clause("S1")
def test_a_roster_gives_the_number_to_who_had_none(
    settled: Registry, engine: Engine, write: Write
) -> None:
    settled.register.import_file(write(_HEADER, *without_number("无户口", "2011-03-01")), TODAY)
    settled.register.import_file(write(PERSON_HEADER, *household_rows(7, HERE, 2)), TODAY)
    assert {each["id_number"] for each in rows(engine, MemberRow)} == {id_number(70), id_number(71)}


@pytest.mark.parametrize(
    ("said", "right"),
    [
        (("", ""), "is empty; write it, or in 无证件原因 why there is none"),
        (("无户口", ""), "write the day of birth of who has no ID number"),
    ],
)
def test_who_has_no_number_needs_reason_and_birth(
    settled: Registry, write: Write, said: tuple[str, str], right: str
) -> None:
    with pytest.raises(LoadError, match=right):
        settled.register.import_file(write(_HEADER, *without_number(*said)), TODAY)
