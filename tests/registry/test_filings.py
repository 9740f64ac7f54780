"""What is missing behind an exit (F9): filing and data entry, by when, and who is reminded."""

from datetime import date

import pytest
from sqlalchemy import Engine

from models.case.documents import DocumentKind
from models.case.messages import Ending
from models.offices import Office
from models.periods import start_of
from models.policy import Level
from registry.calendar import OfficialCalendar
from registry.database.engine import reading, writing
from registry.desk import Registry
from registry.records import DeadlineRecord
from registry.reports.filings import filings_to_remind_of
from registry.tables import DivisionRow, DocumentRow, EpisodeRow, VillageStatusRow
from tests.activities.registry_cases import POLICY
from tests.registry.places import put_village, register, village_leaves
from tests.registry.test_readiness import lists

pytestmark = pytest.mark.clause("F9")

JIA = "411523100201"
LEFT_ON = date(2018, 8, 2)
CALENDAR = OfficialCalendar()


def left_by_case(engine: Engine, village: str = JIA) -> str:
    """A village leaves on 2 August 2018 by its case."""
    put_village(engine, village, 300)
    case_id = lists(engine, "village", village, 2018, outcome=Ending.EXITED.value)
    village_leaves(engine, village, LEFT_ON, 2018)
    with writing(engine) as session:
        row = session.get_one(VillageStatusRow, (village, LEFT_ON))
        row.case_id, row.seq = case_id, 9
    return case_id


def files(
    engine: Engine,
    case_id: str,
    kind: DocumentKind,
    seq: int,
    on: date = LEFT_ON,
    office: str = "A5/411523",
) -> None:
    with writing(engine) as session:
        session.add(
            DocumentRow(
                case_id=case_id,
                seq=seq,
                belongs_to=case_id,
                kind=kind.value,
                at=start_of(on),
                office=office,
                text="合成材料",
                evidence="[]",
            )
        )


def due(registry: Registry, on: date = LEFT_ON) -> list[DeadlineRecord]:
    return list(registry.planning.filings_due(POLICY, CALENDAR, start_of(on)))


def test_filing_and_data_entry_are_due_within_fifteen_days_of_an_exit(
    registry: Registry, engine: Engine
) -> None:
    assert due(registry) == []
    case_id = left_by_case(engine)
    (found,) = due(registry)
    assert (found.case_id, found.step) == (case_id, "F9")
    in_force = found.in_force
    assert in_force.limit.last_day == date(2018, 8, 17)
    assert str(in_force.office) == "A5/411523"
    assert in_force.office_name == "新县扶贫开发领导小组"
    assert in_force.subject == "备案、信息录入"
    assert not in_force.breached
    assert due(registry, date(2018, 8, 18))[0].in_force.breached
    files(engine, case_id, DocumentKind.FILING, 10)
    files(engine, case_id, DocumentKind.EVALUATION, 11)
    assert [each.in_force.subject for each in due(registry)] == ["信息录入"]
    files(engine, case_id, DocumentKind.DATA_ENTRY, 12)
    assert due(registry) == []


def test_neither_a_village_nor_who_files_before_the_exit_has_done_it(
    registry: Registry, engine: Engine
) -> None:
    case_id = left_by_case(engine)
    files(engine, case_id, DocumentKind.FILING, 10, office=f"A1/{JIA}")
    files(engine, case_id, DocumentKind.FILING, 11, on=date(2018, 8, 1))
    assert [each.in_force.subject for each in due(registry)] == ["备案、信息录入"]
    files(engine, case_id, DocumentKind.FILING, 12, office="A6/411500")
    assert [each.in_force.subject for each in due(registry)] == ["信息录入"]


def test_of_a_roster_the_last_striking_off_counts(registry: Registry, engine: Engine) -> None:
    put_village(engine, JIA, 300)
    case_id = lists(
        engine,
        "household",
        JIA,
        2018,
        case_id=f"household-exit/{JIA}/2018/1",
        outcome=Ending.EXITED.value,
    )
    for code, on in (("H-01", date(2018, 12, 20)), ("H-02", date(2018, 12, 28))):
        register(engine, JIA, {code: 3})
        with writing(engine) as session:
            row = session.get_one(EpisodeRow, (code, 1))
            row.exited_on, row.exit_year, row.case_id, row.seq = on, 2018, case_id, 9
    (found,) = due(registry, date(2019, 1, 1))
    # Saturday, 12 January 2019, is a day off: Monday.
    assert found.in_force.limit.last_day == date(2019, 1, 14)


@pytest.mark.clause("G4")
@pytest.mark.parametrize(
    ("code", "direct", "above"),
    [
        ("411599", False, "A6/411500 信阳市扶贫开发领导小组"),
        ("411599", True, "A7/410000 河南省扶贫开发领导小组"),
    ],
)
def test_the_office_above_is_told_of_a_village_in_whatever_county(
    registry: Registry, engine: Engine, code: str, direct: bool, above: str
) -> None:
    """The county itself never was on the list."""
    with writing(engine) as session:
        division = DivisionRow(
            code=code,
            valid_from=date(2014, 1, 1),
            name="合成县",
            level=Level.COUNTY,
            parent="411500",
            directly_administered=direct,
        )
        session.add(division)
    left_by_case(engine, f"{code}100201")
    with reading(engine) as session:
        (found,) = filings_to_remind_of(session, POLICY, CALENDAR, date(2018, 8, 18), "410000")
    assert [f"{to.office} {to.name}" for to in found.tell] == [
        f"A5/{code} 合成县扶贫开发领导小组",
        above,
    ]


@pytest.mark.clause("T8", "G4")
@pytest.mark.parametrize(
    ("day", "told"),
    [
        (14, None),
        (15, ["A5/411523"]),
        (16, None),
        (17, ["A5/411523"]),
        (18, ["A5/411523", "A6/411500"]),
        (19, None),
        (21, ["A5/411523", "A6/411500"]),
    ],
)
def test_a_county_is_reminded_before_and_behind_the_limit(
    registry: Registry, engine: Engine, day: int, told: list[str] | None
) -> None:
    case_id = left_by_case(engine)
    with reading(engine) as session:
        found = filings_to_remind_of(session, POLICY, CALENDAR, date(2018, 8, day), "410000")
        elsewhere = filings_to_remind_of(session, POLICY, CALENDAR, date(2018, 8, day), "410200")
    assert elsewhere == ()
    assert [[str(to.office) for to in each.tell] for each in found] == ([told] if told else [])
    for each in found:
        assert each.text == f"合成2018年度（{case_id}）缺备案、信息录入，期限2018-08-17 24:00"
        late = "，其中1项逾期" if day > 17 else ""
        assert each.subject == f"1项退出事项待备案、录入{late}"
        assert each.tell[0].office == Office.parse("A5/411523")
