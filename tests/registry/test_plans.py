"""Yearly plans (G6): from files, by hand, listed."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import load_workbook
from sqlalchemy import Engine

from models.offices import SubjectKind
from registry.desk import Registry
from registry.errors import LoadError
from registry.files.fault_sheet import FileRefused
from registry.reports.records import PlanLine, PlanLoaded
from registry.tables import PlanRow
from tests.activities.registry_cases import at_once, rows
from tests.registry.places import put_households, put_village

JIA = "411523100201"
HEADER = ("年度", "类别", "编号", "文件依据")
BASIS = "合成〔2018〕1号"


@pytest.fixture
def household(registry: Registry, engine: Engine) -> str:
    """A village of 新县 and a household in it."""
    put_village(engine, JIA, 300)
    (code,) = put_households(engine, JIA, [3])
    return code


def csv(path: Path, *lines: tuple[object, ...]) -> Path:
    text = "\n".join(",".join(str(cell) for cell in line) for line in lines)
    path.write_text(text + "\n", encoding="utf-8-sig")
    return path


def excel(path: Path, **sheets: Sequence[tuple[object, ...]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name, lines in sheets.items():
            sheet = book.add_worksheet(name)
            for number, line in enumerate(lines):
                sheet.write_row(number, 0, line)
    return path


def planned(engine: Engine, year: int = 2018) -> dict[str, tuple[SubjectKind, str]]:
    found = [row for row in rows(engine, PlanRow) if row["year"] == year]
    return {row["subject_code"]: (row["kind"], row["source"]) for row in found}


@pytest.mark.clause("G6")
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_plans_households_villages_and_counties(
    registry: Registry, engine: Engine, household: str, tmp_path: Path, kind: str
) -> None:
    lines = [
        HEADER,
        (2018, "县", "411523", BASIS),
        (2018, "村", JIA, BASIS),
        ("2018年", "户", household, BASIS),
        (2019, "县", "411524", "合成〔2019〕1号"),
    ]
    path = tmp_path / f"plan.{kind}"
    file = csv(path, *lines) if kind == "csv" else excel(path, 计划=lines)
    assert registry.planning.load_plan(file) == PlanLoaded(
        households=1, villages=1, counties=2, there=0, otherwise=0
    )
    assert planned(engine) == {
        "411523": (SubjectKind.COUNTY, BASIS),
        JIA: (SubjectKind.VILLAGE, BASIS),
        household: (SubjectKind.HOUSEHOLD, BASIS),
        **{
            code: said
            for code, said in planned(engine).items()
            if said == (SubjectKind.COUNTY, "HN 二")
        },
    }
    assert registry.planning.load_plan(file) == PlanLoaded(
        households=0, villages=0, counties=0, there=4, otherwise=0
    )
    other = csv(tmp_path / "other.csv", HEADER, (2018, "村", JIA, "另一文件"), lines[1])
    assert registry.planning.load_plan(other) == PlanLoaded(
        households=0, villages=0, counties=0, there=2, otherwise=1
    )
    assert planned(engine)[JIA] == (SubjectKind.VILLAGE, BASIS)


@pytest.mark.clause("G6")
def test_every_fault_is_named_and_nothing_is_planned(
    registry: Registry, engine: Engine, household: str, tmp_path: Path
) -> None:
    before = planned(engine)
    file = excel(
        tmp_path / "plan.xlsx",
        一=[
            HEADER,
            (2018, "村", JIA, BASIS),
            (2018, "村", "411523999999", BASIS),
            (2018, "户", "S-999", BASIS),
            (2018, "县", "411599", BASIS),
            (2018, "村", JIA, BASIS),
            (2018, "户", JIA, BASIS),
            (2012, "乡", "", ""),
            (2018, "县", JIA, BASIS),
        ],
        二=[HEADER, (2018, "村", JIA, BASIS)],
    )
    with pytest.raises(FileRefused) as refused:
        registry.planning.load_plan(file)
    assert [str(fault).partition("; ")[0] for fault in refused.value.found] == [
        "sheet 一, row 3, column 编号: '411523999999': the register knows no village of this code",
        "sheet 一, row 4, column 编号: 'S-999': the register knows no household of this code",
        "sheet 一, row 5, column 编号: '411599': the register knows no county of this code",
        f"sheet 一, row 6, column 编号: '{JIA}': is in the plan of 2018 by row 2 too",
        f"sheet 一, row 7, column 编号: '{JIA}': is in the plan of 2018 by row 2 too",
        "sheet 一, row 8, column 年度 (A): '2012': write a year from 2014 on, for example 2018",
        "sheet 一, row 8, column 类别 (B): '乡': write 户、村 or 县",
        "sheet 一, row 8, column 文件依据 (D): is empty",
        f"sheet 一, row 9, column 编号 (C): '{JIA}': write a code of 6 digits",
        f"sheet 二, row 2, column 编号: '{JIA}': is in the plan of 2018 by row 2 of 一 too",
    ]
    assert refused.value.sheet is not None
    faults = load_workbook(refused.value.sheet).get_sheet_by_index(0).to_python()
    assert len(faults) == 1 + 10
    assert planned(engine) == before


@pytest.mark.clause("G6")
def test_a_subject_of_the_wrong_kind(
    registry: Registry, engine: Engine, household: str, tmp_path: Path
) -> None:
    file = csv(tmp_path / "plan.csv", HEADER, (2018, "户", JIA, BASIS))
    with pytest.raises(FileRefused, match=f"'户': {JIA} is a village in the register; write 村"):
        registry.planning.load_plan(file)


@pytest.mark.clause("G6")
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            [("年度", "类别", "编号"), (2018, "县", "411523")],
            "row 1: a plan lacks 文件依据; it has 年度、类别、编号",
        ),
        (
            [(*HEADER, "编号"), (2018, "县", "411523", "x", "411524")],
            r"column 编号 \(E\): stands in column C too",
        ),
        ([("甲", "乙")], r"no row names the columns of a plan \(年度、类别、编号、文件依据\)"),
        ([HEADER], "holds no subject of a plan"),
    ],
)
def test_a_file_that_is_no_plan(
    registry: Registry, tmp_path: Path, lines: list[tuple[object, ...]], said: str
) -> None:
    with pytest.raises(LoadError, match=said):
        registry.planning.load_plan(csv(tmp_path / "plan.csv", *lines))


@pytest.mark.clause("G6")
def test_one_by_one(registry: Registry, engine: Engine, household: str) -> None:
    for code, kind in (
        ("411523", SubjectKind.COUNTY),
        (JIA, SubjectKind.VILLAGE),
        (household, SubjectKind.HOUSEHOLD),
    ):
        assert registry.add_plan(2019, code, BASIS) is True
        assert registry.add_plan(2019, code, BASIS) is False
        assert planned(engine, 2019)[code] == (kind, BASIS)


@pytest.mark.clause("G6")
def test_a_plan_is_listed_by_year_and_region(
    registry: Registry, engine: Engine, household: str
) -> None:
    for code in ("411523", "411524", JIA, household):
        registry.add_plan(2024, code, BASIS)

    def line(kind: SubjectKind, code: str, name: str, village: str | None = None) -> PlanLine:
        return PlanLine(
            year=2024,
            kind=kind,
            code=code,
            name=name,
            village=village,
            source=BASIS,
            addition=False,
            reason=None,
            document=None,
        )

    xin = [
        line(SubjectKind.COUNTY, "411523", "新县"),
        line(SubjectKind.VILLAGE, JIA, "合成201村"),
        line(SubjectKind.HOUSEHOLD, household, "合成201村", JIA),
    ]
    assert list(registry.planning.plans(2024, "411523")) == xin
    assert list(registry.planning.plans(2024)) == [
        xin[0],
        line(SubjectKind.COUNTY, "411524", "商城县"),
        *xin[1:],
    ]
    assert list(registry.planning.plans(2024, "410200")) == []
    assert list(registry.planning.plans(2025)) == []


@pytest.mark.clause("G6")
def test_a_file_and_a_hand_at_once(
    registry: Registry, engine: Engine, household: str, tmp_path: Path
) -> None:
    file = csv(tmp_path / "plan.csv", HEADER, (2024, "村", JIA, BASIS))

    def by_file() -> bool:
        return registry.planning.load_plan(file).villages == 1

    def by_hand() -> bool:
        return registry.add_plan(2024, JIA, BASIS)

    assert sorted(at_once([by_file, by_hand, by_file, by_hand])) == [False, False, False, True]
