"""Who should leave and who should come in (F13), and what was done about it."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from activities.ledger import RegistryActivities
from models.case.ledger import EntryKind, Ledger
from models.offices import Office, SubjectKind
from models.register.households import PovertyLine
from models.register.office_records import OfficeRecord, RecordKind
from models.roster.households import State
from registry.database.engine import writing
from registry.desk import Registry
from registry.errors import UnknownSubject
from registry.reports.watching import Watched
from registry.tables import RosterRow
from tests.activities.admitted import batch as kept_batch
from tests.activities.admitted import run
from tests.activities.registry_cases import POLICY
from tests.activities.test_supervision import NOW, RESULT, state
from tests.models.roster_samples import livelihood
from tests.registry.places import leaves, put_households, put_village, register, village_leaves
from tests.registry.test_readiness import lists
from tests.supervision_stage import village

pytestmark = pytest.mark.clause("F13")

JIA = "411523100201"
ON = date(2018, 2, 1)


@pytest.fixture
def judged(registry: Registry, engine: Engine) -> Engine:
    """A village of 300 whose households are judged by 2017."""
    registry.planning.add_line(PovertyLine(year=2017, yuan=3_000, source="合成标准"))
    put_village(engine, JIA, 300)
    return engine


def lives(engine: Engine, code: str, size: int = 3, **lived: object) -> str:
    """A household of four thousand yuan a head, if nothing else is said."""
    register(engine, JIA, {code: size}, livelihood=livelihood(**lived))
    return code


def leaving(registry: Registry, region: str | None = None) -> dict[str, Watched]:
    with registry.planning.should_leave(2017, POLICY, ON, region) as found:
        return {each.code: each for each in found.each()}


def coming(registry: Registry, region: str | None = None) -> dict[str, Watched]:
    with registry.planning.should_come_in(2017, POLICY, ON, region) as found:
        return {each.code: each for each in found.each()}


def measure(subject: str, text: str, day: date = ON, refers_to: str | None = None) -> OfficeRecord:
    return OfficeRecord(
        kind=RecordKind.MEASURE,
        subject=subject,
        year=2017,
        office=Office.parse("A5/411523"),
        officer="某乙",
        day=day,
        text=text,
        refers_to=refers_to,
    )


def test_who_meets_the_standard_in_no_plan_and_on_no_roster_should_leave(
    registry: Registry, judged: Engine
) -> None:
    lives(judged, "H-meets")
    lives(judged, "H-at-the-line", wages=900_000)  # three thousand yuan a head, and not above it
    lives(judged, "H-unsafe", housing=False)
    put_households(judged, JIA, [3])  # nothing is known of its year
    lives(judged, "H-planned")
    registry.add_plan(2017, "H-planned", "合成计划")
    lives(judged, "H-on-a-roster")
    case_id = lists(judged, "household", JIA, 2017, case_id=f"household-exit/{JIA}/2017/1")
    for code, stands in (("H-on-a-roster", State.VERIFIED), ("H-meets", State.OUT)):
        with writing(judged) as session:
            row = RosterRow(
                case_id=case_id, household_code=code, year=2017, state=stands.value, since=0
            )
            session.add(row)
    leaves(judged, lives(judged, "H-left"), date(2017, 12, 20))
    assert leaving(registry) == {
        "H-meets": Watched(
            kind=SubjectKind.HOUSEHOLD,
            code="H-meets",
            name="张某",
            place="新县合成100乡合成201村",
            people=3,
            why="2017年人均纯收入4000元，退出标准各项均达到",
            measure=None,
        )
    }
    assert leaving(registry, "410200") == {}


def test_who_has_left_and_falls_below_should_come_in(registry: Registry, judged: Engine) -> None:
    for code, year, lived in (
        ("H-below", 2016, {"wages": 600_000, "housing": False}),
        ("H-above", 2016, {}),
        ("H-of-the-year", 2017, {"housing": False}),  # judged when it left
    ):
        leaves(judged, lives(judged, code, **lived), date(year, 12, 20))
    lives(judged, "H-inside", housing=False)
    found = coming(registry)
    assert list(found) == ["H-below"]
    assert found["H-below"].why == (
        "未达到：2017年家庭纯收入6000元÷3人，标准为人均高于3000元；有安全住房：否"
    )
    assert found["H-below"].measure is None
    case = "reentry/H-below/2018"
    lists(judged, "village", JIA, 2018, case_id=case, procedure="reentry", subject_code="H-below")
    assert coming(registry)["H-below"].measure == case


def test_who_is_poor_and_was_never_registered_should_come_in(
    registry: Registry, judged: Engine
) -> None:
    for code, lived in (("H-poor", {"wages": 600_000}), ("H-unsafe", {"housing": False})):
        register(judged, JIA, {code: 3}, registered_on=None, livelihood=livelihood(**lived))
    found = coming(registry)
    assert {code: each.why for code, each in found.items()} == {
        "H-poor": "从未建档立卡：2017年家庭纯收入6000元÷3人，标准为人均高于3000元"
    }
    assert leaving(registry) == coming(registry, "410200") == {}


def test_an_exited_village_over_the_threshold_stands_on_the_list(
    registry: Registry, judged: Engine
) -> None:
    village_leaves(judged, JIA, date(2017, 1, 1), 2016)
    lives(judged, "H-five", size=5, housing=False)
    assert coming(registry) == {}  # 5 of 300 are below 2 %
    lives(judged, "H-one", size=1, housing=False)
    assert coming(registry, "411523") == {
        JIA: Watched(
            kind=SubjectKind.VILLAGE,
            code=JIA,
            name="合成201村",
            place="新县合成100乡",
            people=6,
            why="退出后贫困发生率2%（6人/300人）",
            measure=None,
        )
    }


@pytest.mark.clause("F6")
def test_a_village_in_which_supervision_found_people_left_out_stands_on_the_list(
    registry: Registry, judged: Engine, asked: RegistryActivities
) -> None:
    case_id = "supervision/411523/2017-s1"
    ledger = Ledger(case_id)
    ledger.record(EntryKind.OPENED, NOW, text="启动督导")
    for omitted in (5, 2):  # a later finding replaces an earlier one
        check = village(JIA, omitted_people=omitted, omitted_households=1)
        checks: dict[str, Any] = {"id": f"c-{omitted}", "office": "A7/410000", "officer": "某乙"}
        said = checks | {"villages": [check]}
        ledger.record(EntryKind.CHECKS, NOW, text="核查", data={"checks": said})
    result: dict[str, Any] = {"supervision": RESULT}
    ledger.record(EntryKind.SUPERVISION, NOW, text="督导结果", data=result)
    run(asked.write_ledger, kept_batch(case_id, ledger.entries, state(case_id)))
    found = coming(registry, "411500")
    assert found[JIA].why == f"督导发现漏评1户2人（{case_id}）"
    assert found[JIA].people == 2
    assert coming(registry, "410200") == {}
    (xin,) = registry.planning.assessment(2017, "411523").counties
    assert (xin.omitted, xin.wrongly_exited) == (2, 0)


def test_what_an_office_did_about_it_stands_beside_it(registry: Registry, judged: Engine) -> None:
    lives(judged, "H-meets")
    first = measure("H-meets", "列入2018年度计划")
    assert registry.office_records.put(first, ON) is True
    assert registry.office_records.put(first, ON) is False
    assert leaving(registry)["H-meets"].measure == "2018-02-01 A5/411523: 列入2018年度计划"
    again = measure("H-meets", "入户复核后列入2018年度计划", refers_to=first.id)
    registry.office_records.put(again, ON)
    assert leaving(registry)["H-meets"].measure == f"2018-02-01 A5/411523: {again.text}"
    kept = registry.office_records.listed(subject="H-meets")
    assert {each.text: each.replaced for each in kept} == {first.text: True, again.text: False}


def test_a_year_without_a_line_judges_nobody(registry: Registry, judged: Engine) -> None:
    judged_by_it = registry.planning.should_leave(2018, POLICY, ON)
    said = r"no national line of 2018.*exitflow registry line"
    with pytest.raises(UnknownSubject, match=said), judged_by_it:
        pass


def test_a_list_of_measures_is_imported_and_exported(
    registry: Registry, judged: Engine, tmp_path: Path
) -> None:
    lives(judged, "H-meets")
    file = tmp_path / "台账.csv"
    file.write_text(
        "台账类别,对象编号,年度,单位,经办人,日期,内容\n"
        f"工作措施,H-meets,2017,A1/{JIA},某甲,2018-01-31,入户核实\n",
        encoding="utf-8",
    )
    loaded = registry.register.import_file(file, ON)
    assert loaded.model_dump() == {"new": 1, "unchanged": 0}
    assert registry.register.import_file(file, ON).model_dump() == {"new": 0, "unchanged": 1}
    assert leaving(registry)["H-meets"].measure == f"2018-01-31 A1/{JIA}: 入户核实"
