"""The exits of the register with what follows from each (F1-F4): read, counted, and as Excel."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import Engine, update

from activities.leaving import LeavingActivities
from models.consequences import ExitState
from models.offices import SubjectKind
from registry.database.engine import writing
from registry.desk import Registry
from registry.errors import UnknownSubject
from registry.files.workbook_writing import MOST_ROWS
from registry.reports import consequence_lists
from registry.reports.consequence_records import ExitFacts, ExitTotal
from registry.tables import HouseholdRow
from tests.activities import village_cases
from tests.activities.registry_cases import POLICY, XIN, File, change, run
from tests.registry.exits import place_leaves, revoked
from tests.registry.places import falls_back, leaves, put_households, put_village

LANKAO, HUA = "410225", "410526"
JIA, YI = "411523100201", "411523100202"
ON = date(2019, 6, 1)
AFTER_EXIT = POLICY.after_exit


def each(registry: Registry, year: int, on: date = ON, **narrowed: Any) -> list[ExitFacts]:
    return list(registry.consequences.each(year, AFTER_EXIT, on, **narrowed))


def clauses(found: ExitFacts) -> str:
    return " ".join(fact.clause for fact in found.consequences if fact.in_force)


@pytest.mark.clause("F1", "F2", "F3", "F4", "C7")
def test_what_a_case_strikes_off_has_its_consequences(
    registry: Registry, leaving: LeavingActivities
) -> None:
    """新县: of 2017, approved on 2018-08-02 (data/henan-counties.csv)."""
    assert registry.consequences.of(SubjectKind.COUNTY, XIN.code, AFTER_EXIT, ON) == ()
    run(leaving.strike_off_county, change(File(XIN, 2017)))
    (found,) = registry.consequences.of(
        SubjectKind.COUNTY, XIN.code, AFTER_EXIT, date(2018, 12, 31)
    )
    assert (found.name, found.city, found.state) == ("新县", "信阳市", ExitState.EXITED)
    assert (found.exit.year, found.exit.since) == (2017, date(2018, 8, 2))
    assert (found.exit.document, found.case_id) == ("豫政文〔2018〕88号", File(XIN, 2017).case_id)
    assert clauses(found) == "F1 F2 F3"
    (turned,) = registry.consequences.of(SubjectKind.COUNTY, XIN.code, AFTER_EXIT, date(2019, 1, 1))
    assert clauses(turned) == "F1 F2 F3 F4"


@pytest.mark.clause("F1", "V3")
def test_a_village_that_was_struck_off_keeps_its_support(
    registry: Registry, engine: Engine, leaving: LeavingActivities
) -> None:
    village_cases.put_village(engine)
    run(leaving.strike_off_village, village_cases.change())
    code = village_cases.VILLAGE.code
    (found,) = registry.consequences.of(SubjectKind.VILLAGE, code, AFTER_EXIT, date(2020, 12, 31))
    assert (found.exit.year, found.exit.since, clauses(found)) == (2017, date(2017, 12, 20), "F1")
    (over,) = registry.consequences.of(SubjectKind.VILLAGE, code, AFTER_EXIT, date(2021, 1, 1))
    assert clauses(over) == ""


@pytest.mark.clause("F2", "F4")
def test_a_county_is_listed_under_its_exit_year(registry: Registry, engine: Engine) -> None:
    """兰考 and 滑县 are both of 2016, approved in February and in October of 2017."""
    place_leaves(engine, LANKAO, date(2017, 2, 27), 2016)
    place_leaves(engine, HUA, date(2017, 10, 31), 2016)
    place_leaves(engine, XIN.code, date(2018, 8, 2), 2017)
    of_2016 = each(registry, 2016, date(2017, 12, 31))
    assert [(found.code, clauses(found)) for found in of_2016] == [
        (LANKAO, "F1 F2 F3"),
        (HUA, "F1 F2 F3"),
    ]
    turned = each(registry, 2016, date(2018, 1, 1))
    assert [clauses(found) for found in turned] == ["F1 F2 F3 F4"] * 2
    assert [found.code for found in each(registry, 2017)] == [XIN.code]
    assert [found.code for found in each(registry, 2016, region="410500")] == [HUA]
    assert each(registry, 2016, kinds=("village", "household")) == []


@pytest.fixture
def year(registry: Registry, engine: Engine) -> dict[str, str]:
    """新县 with two villages: 甲 has left, 乙 was revoked; five households that left for 2018."""
    for code in (JIA, YI):
        put_village(engine, code, 300)
    stays, left, back, wrong = put_households(engine, JIA, [1, 2, 3, 4])
    late, another = put_households(engine, YI, [5, 6])
    for code in (left, back, wrong):
        leaves(engine, code, date(2018, 12, 20), 2018)
    leaves(engine, late, date(2019, 1, 15), 2018)
    leaves(engine, another, date(2019, 12, 1), 2019)
    falls_back(engine, back, date(2019, 4, 1))
    revoked(engine, SubjectKind.HOUSEHOLD, wrong, date(2019, 5, 1))
    place_leaves(engine, JIA, date(2018, 12, 28), 2018)
    place_leaves(engine, YI, date(2018, 12, 29), 2018)
    revoked(engine, SubjectKind.VILLAGE, YI, date(2019, 5, 10))
    place_leaves(engine, XIN.code, date(2018, 8, 2), 2017)
    revoked(engine, SubjectKind.COUNTY, XIN.code, date(2019, 5, 20))
    return {"stays": stays, "left": left, "back": back, "wrong": wrong, "late": late}


@pytest.mark.clause("F1", "F5", "F7")
def test_each_exit_of_a_year_stands_as_the_register_has_it(
    year: dict[str, str], registry: Registry
) -> None:
    found = each(registry, 2018)
    assert [(one.exit.kind, one.code, one.state, clauses(one)) for one in found] == [
        ("village", JIA, ExitState.EXITED, "F1"),
        ("village", YI, ExitState.REVOKED, ""),
        ("household", year["left"], ExitState.EXITED, "F1"),
        ("household", year["back"], ExitState.FALLEN_BACK, "F1"),
        ("household", year["wrong"], ExitState.REVOKED, ""),
        ("household", year["late"], ExitState.EXITED, "F1"),
    ]
    wrong = found[4]
    assert (wrong.exit.revoked_on, wrong.exit.revoked_by) == (date(2019, 5, 1), "合成撤〔2019〕1号")
    assert (wrong.people, wrong.village, wrong.county) == (4, "合成201村", "新县")
    before = each(registry, 2018, date(2019, 3, 31))
    assert {one.state for one in before} == {ExitState.EXITED}
    assert {clauses(one) for one in before} == {"F1"}


@pytest.mark.clause("F7", "F2", "F3", "F4")
def test_a_revoked_county_loses_what_it_had(year: dict[str, str], registry: Registry) -> None:
    (found,) = each(registry, 2017, date(2019, 5, 19))
    assert (found.state, clauses(found)) == (ExitState.EXITED, "F1 F2 F3 F4")
    (found,) = each(registry, 2017, date(2019, 5, 20))
    assert (found.state, clauses(found)) == (ExitState.REVOKED, "")
    assert found.exit.revoked_by == "合成撤〔2019〕1号"


@pytest.mark.clause("F1", "F5")
def test_a_household_that_left_twice_has_two_exits(
    year: dict[str, str], registry: Registry, engine: Engine
) -> None:
    leaves(engine, year["back"], date(2020, 12, 1), 2020)
    on = date(2020, 12, 31)
    first, second = registry.consequences.of(SubjectKind.HOUSEHOLD, year["back"], AFTER_EXIT, on)
    assert [one.exit.year for one in (first, second)] == [2018, 2020]
    assert [one.state for one in (first, second)] == [ExitState.FALLEN_BACK, ExitState.EXITED]
    assert [clauses(one) for one in (first, second)] == ["F1", "F1"]
    assert registry.consequences.of(SubjectKind.HOUSEHOLD, year["stays"], AFTER_EXIT, on) == ()


def totals_by_hand(found: list[ExitFacts]) -> tuple[ExitTotal, ...]:
    """The second way: plain Python over what is told one by one."""
    totals = []
    for kind in tuple(SubjectKind):
        of_kind = [one for one in found if one.exit.kind == kind]
        if not of_kind:
            continue
        facts = [(fact.clause, fact.in_force) for one in of_kind for fact in one.consequences]
        applies = Counter(clause for clause, _ in facts)
        holds = Counter(clause for clause, in_force in facts if in_force)
        totals.append(
            ExitTotal(
                kind=kind,
                exits=len(of_kind),
                people=sum(one.people or 0 for one in of_kind) if kind == "household" else None,
                states=dict(Counter(one.state for one in of_kind)),
                facts=dict(applies),
                in_force={clause: holds[clause] for clause in applies},
            )
        )
    return tuple(totals)


@pytest.mark.clause("F1", "F2", "F3", "F4")
@pytest.mark.parametrize("on", [date(2018, 12, 27), ON, date(2021, 1, 1)])
def test_households_are_counted_by_village(
    year: dict[str, str], registry: Registry, on: date
) -> None:
    listed = registry.consequences.listed(2018, AFTER_EXIT, on)
    assert listed.totals == totals_by_hand(each(registry, 2018, on))
    assert [one.code for one in listed.villages] == [JIA, YI]
    jia, yi = listed.households
    assert (jia.code, jia.households, jia.people) == (JIA, 3, 9)
    assert (yi.code, yi.households, yi.people) == (YI, 1, 5)
    if on == ON:
        states = {ExitState.EXITED: 1, ExitState.FALLEN_BACK: 1, ExitState.REVOKED: 1}
        assert (jia.states, jia.supported) == (states, 2)
        assert (jia.first, jia.last) == (date(2018, 12, 20), date(2018, 12, 20))
    narrow = registry.consequences.listed(2018, AFTER_EXIT, on, YI, (SubjectKind.HOUSEHOLD,))
    assert [one.code for one in narrow.households] == [YI]
    assert narrow.villages == ()


@pytest.mark.clause("F1", "F2", "F3", "F4")
def test_the_workbook_holds_every_fact_and_the_totals(
    year: dict[str, str], registry: Registry, engine: Engine, tmp_path: Path
) -> None:
    with writing(engine) as session:
        renamed = update(HouseholdRow).where(HouseholdRow.code == year["left"])  # type: ignore[arg-type]
        session.connection().execute(renamed.values(head="=1+1"))
    path = tmp_path / "后续.xlsx"
    totals = registry.consequences.write_excel(path, 2018, AFTER_EXIT, ON)
    assert totals == totals_by_hand(each(registry, 2018))
    assert path.stat().st_mode & 0o777 == 0o600
    header, *lines = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert header[:3] == ["级别", "编码", "名称（户主）"]
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    facts = rows[:6]
    assert [row["级别"] for row in facts] == ["贫困村"] * 2 + ["贫困户"] * 4
    assert facts[2]["名称（户主）"] == "'=1+1"
    assert [row["是否有效"] for row in facts] == ["有效", "撤销", "有效", "有效", "撤销", "有效"]
    assert facts[0]["至（含当日）"] == date(2020, 12, 31)
    assert facts[1]["至（含当日）"] == date(2019, 5, 9)
    assert [row["状态"] for row in facts[2:]] == ["已退出", "返贫", "已撤销", "已退出"]
    assert (facts[3]["返贫或撤销日期"], facts[3]["撤销文号"]) == (date(2019, 4, 1), "")
    assert facts[4]["撤销文号"] == "合成撤〔2019〕1号"
    assert set(lines[6]) == {""}
    assert [
        (row["级别"], row["名称（户主）"], row["状态"], row["后续政策"]) for row in rows[7:]
    ] == [
        ("贫困村", "合计2", "已退出1、已撤销1", ""),
        ("贫困村", "合计2", "", "适用2，有效1"),
        ("贫困户", "合计4", "已退出2、返贫1、已撤销1", ""),
        ("贫困户", "合计4", "", "适用4，有效3"),
    ]
    assert rows[9]["人口"] == 2 + 3 + 4 + 5


@pytest.mark.clause("F1")
def test_an_exit_without_consequences_is_on_the_list(
    registry: Registry, engine: Engine, tmp_path: Path
) -> None:
    put_village(engine, JIA, 300)
    (late,) = put_households(engine, JIA, [3])
    leaves(engine, late, date(2021, 1, 5), 2020)
    (found,) = each(registry, 2020, date(2021, 2, 1))
    assert (found.code, found.consequences) == (late, ())
    path = tmp_path / "后续.xlsx"
    registry.consequences.write_excel(path, 2020, AFTER_EXIT, date(2021, 2, 1))
    line = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[1]
    assert (line[1], line[16]) == (late, "无")


def test_more_rows_than_a_sheet_holds_are_refused_whole(
    year: dict[str, str], registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_ROWS < 1_048_576 - 100
    monkeypatch.setattr(consequence_lists, "MOST_ROWS", 5)
    with pytest.raises(UnknownSubject, match="narrow them by --region or --level"):
        registry.consequences.write_excel(tmp_path / "x.xlsx", 2018, AFTER_EXIT, ON)
    assert list(tmp_path.glob("*.xlsx")) == []
