"""Records of offices, outside the cases (台账): who may, about whom, and unaltered."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, text

from activities.ledger import RegistryActivities
from models.case.ledger import EntryKind
from models.errors import ExitflowError
from models.offices import Office
from models.register.office_records import OfficeRecord
from registry.checks.checks import Checks
from registry.desk import Registry
from registry.errors import LoadError
from registry.files.fault_sheet import FileRefused
from registry.files.workbook_writing import write_workbook
from registry.register.office_records import COLUMNS, sheet_row
from tests.activities.registry_cases import File, run
from tests.models.samples import HENAN
from tests.registry.places import county_leaves, put_households, put_village
from tests.unguarded import unguarded

JIA = "411523100201"
TODAY = date(2018, 11, 1)


def record(**changes: Any) -> OfficeRecord:
    """A county's measure about itself."""
    said: dict[str, Any] = {
        "kind": "measure",
        "subject": "411523",
        "year": 2018,
        "office": Office.parse("A5/411523"),
        "officer": "某乙",
        "day": TODAY,
        "text": "合成记录",
    }
    return OfficeRecord.model_validate(said | changes)


@pytest.mark.clause("F13")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"day": date(2018, 11, 2)}, "day: 2018-11-02 is still to come"),
        ({"office": "A4/411523100201"}, "is put down by A1, A2, A3, A5"),
        ({"office": "A5/411524"}, "office: A5/411524 does not act for 新县"),
        ({"office": "A6/410200", "subject": "410225"}, "is directly administered"),
        ({"subject": "411500"}, r"A5/411523 is not of 信阳市 \(411500\), nor of a place above it"),
        ({"subject": "411600", "office": "A6/411500"}, "A6/411500 is not of 周口市"),
        ({"subject": "410000", "office": "A6/411500"}, "A6/411500 is not of 河南省"),
        ({"subject": "411500", "office": "A1/411523100201"}, "is not of 信阳市"),
        ({"subject": "S-none"}, "subject S-none: the register knows no village"),
        ({"refers_to": "record-x"}, "refers_to: there is no record record-x"),
    ],
)
def test_what_no_office_can_put_down(
    registry: Registry, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ExitflowError, match=said):
        registry.office_records.put(record(**changes), TODAY)
    assert registry.office_records.listed() == ()


@pytest.mark.clause("A8", "F14")
def test_the_nation_registers_the_exit_of_a_county_that_has_left(
    registry: Registry, engine: Engine
) -> None:
    registration = record(
        kind="registration", office="A8/100000", text="准予备案", document="国开办〔2018〕1号"
    )
    with pytest.raises(LoadError, match="新县 has not left for 2018 by 2018-11-01"):
        registry.office_records.put(registration, TODAY)
    county_leaves(engine, "411523", date(2018, 8, 2), 2018)
    assert registry.office_records.put(registration, TODAY) is True
    bare = registration.model_copy(update={"document": None})
    with pytest.raises(LoadError, match=r"document: registration .* cannot do without it"):
        registry.office_records.put(bare, TODAY)


@pytest.mark.clause("F2")
def test_what_a_county_was_given_stands_beside_its_exit(registry: Registry, engine: Engine) -> None:
    reward = record(
        kind="reward",
        office="A7/410000",
        text="奖励资金一千万元（合成）",
        document="豫财〔2018〕1号",
    )
    with pytest.raises(LoadError, match="新县 has not left for 2018"):
        registry.office_records.put(reward, TODAY)
    county_leaves(engine, "411523", date(2018, 8, 2), 2018)
    with pytest.raises(LoadError, match="put down by A6, A7, A9, not by A5/411523"):
        registry.office_records.put(record(kind="reward"), TODAY)
    registry.office_records.put(reward, TODAY)
    (kept,) = registry.office_records.listed(subject="411523")
    assert (kept.name, kept.place, kept.document) == ("新县", "411523", "豫财〔2018〕1号")
    assert registry.office_records.listed(region="411600") == ()
    assert registry.office_records.listed(region="411500", year=2018) == (kept,)


@pytest.fixture
def breach(registry: Registry, asked: RegistryActivities) -> File:
    """新县's case, in whose second entry a limit was missed."""
    file = File()
    file.open()
    file.add(EntryKind.BREACH, {"office": "A5/411523"}, text="T2 逾期")
    run(asked.write_ledger, file.batch())
    return file


def called_to_account(**changes: Any) -> OfficeRecord:
    """The city calls a leader and a department of 新县 to account for a breach on file."""
    said = {
        "kind": "accountability",
        "office": "A6/411500",
        "fault": "violation",
        "leader": "某副县长（合成）",
        "department": "合成局",
        "text": "未按期提出申请，予以约谈",
        "document": "信扶贫〔2018〕9号",
        "case_id": "county-exit/411523/2017",
        "entry": 2,
    }
    return record(**(said | changes))


@pytest.mark.clause("F10")
def test_who_is_called_to_account_is_tied_to_the_entry_of_the_file(
    registry: Registry, breach: File
) -> None:
    said = called_to_account()
    registry.office_records.put(said, TODAY)
    (kept,) = registry.office_records.listed(case_id=breach.case_id)
    assert kept.entry_hash == breach.ledger.entries[1].hash
    assert (kept.fault, kept.leader, kept.department, kept.person) == (
        "violation",
        "某副县长（合成）",
        "合成局",
        None,
    )
    outcome = record(
        kind="outcome",
        office="A6/411500",
        text="诫勉谈话",
        refers_to=said.id,
        document="〔2018〕10号",
    )
    registry.office_records.put(outcome, TODAY)
    assert [each.replaced for each in registry.office_records.listed()] == [False, False]
    statement = registry.planning.assessment(2018, "411523").counties
    assert [(each.code, each.accounted) for each in statement] == [("411523", 1)]


@pytest.mark.clause("F10")
def test_without_a_case_somebody_is_called_to_account_too(registry: Registry) -> None:
    assert registry.office_records.put(called_to_account(case_id=None, entry=None), TODAY)


@pytest.mark.clause("F10")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"leader": None, "department": None}, "names the fault, and a leader, department or"),
        ({"fault": None}, "names the fault, and a leader, department or person"),
        ({"entry": None}, "name the case and the number of its entry, both or neither"),
        ({"kind": "measure"}, "nobody is called to account by measure"),
        ({"entry": 9}, "the registry keeps no entry 9 of county-exit/411523/2017"),
        ({"subject": "411524"}, "county-exit/411523/2017 is no case of 411524"),
        ({"office": "A1/411523100201"}, "put down by A5, A6, A7, A8, A9"),
    ],
)
def test_nobody_is_called_to_account_for_nothing(
    registry: Registry, breach: File, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises((ExitflowError, ValidationError), match=said):
        registry.office_records.put(called_to_account(**changes), TODAY)


@pytest.mark.clause("F10", "G7")
def test_a_file_that_was_changed_under_a_record_is_found(
    registry: Registry, engine: Engine, breach: File, tmp_path: Path
) -> None:
    registry.office_records.put(called_to_account(), TODAY)
    with unguarded(engine) as connection:
        connection.execute(text("UPDATE ledger_entries SET hash = 'x' WHERE seq = 2"))
    home = tmp_path / "home"
    report = Checks(engine, home, home / "notices", lambda: HENAN).run(("", ()))
    (key,) = [each.key for each in registry.office_records.listed()]
    assert f"office_records {key}" in [each.where for each in report.findings]


def document(kind: str, **changes: Any) -> OfficeRecord:
    """A plan, scheme or policy of the city for its own place."""
    said = {
        "kind": kind,
        "subject": "411500",
        "office": "A6/411500",
        "document": "信扶贫〔2018〕1号",
        "day": date(2018, 1, 10),
        "until": date(2020, 12, 31),
        "villages": 20,
    }
    return record(**(said | changes))


@pytest.mark.clause("F12")
def test_a_plan_has_body_number_date_validity_and_targets(registry: Registry) -> None:
    for kind in ("programme", "annual-plan", "scheme"):
        registry.office_records.put(document(kind), TODAY)
    county = document("scheme", subject="411523", office="A5/411523")
    registry.office_records.put(county, TODAY)
    kept = registry.office_records.listed(region="411500")
    assert {(each.kind.value, each.name, each.until, each.villages) for each in kept} == {
        (kind, name, date(2020, 12, 31), 20)
        for kind, name in (
            ("programme", "信阳市"),
            ("annual-plan", "信阳市"),
            ("scheme", "信阳市"),
            ("scheme", "新县"),
        )
    }
    assert [each.holds_in(2021) for each in kept] == [False] * 4
    assert all(each.holds_in(2019) for each in kept)


@pytest.mark.clause("F12")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"document": None}, "document: scheme .* cannot do without it"),
        ({"until": None}, "until: scheme .* cannot do without it"),
        ({"kind": "annual-plan", "villages": None}, "targets: annual-plan .* cannot do without"),
        ({"until": date(2018, 1, 9)}, "until: 2018-01-09 lies before 2018-01-10"),
        ({"subject": "411523"}, "is of the office's own place, and 411523 is"),
        ({"office": "A5/411500"}, "is of the office's own place"),
        ({"kind": "inspection"}, "until: inspection has no validity and no targets"),
    ],
)
def test_what_is_no_plan(registry: Registry, changes: dict[str, Any], said: str) -> None:
    with pytest.raises((ExitflowError, ValidationError), match=said):
        registry.office_records.put(document(**({"kind": "scheme"} | changes)), TODAY)


@pytest.mark.clause("F14", "F2")
def test_a_city_rewards_by_a_policy_of_its_own(registry: Registry, engine: Engine) -> None:
    county_leaves(engine, "411523", date(2018, 8, 2), 2018)
    reward = record(kind="reward", office="A6/411500", text="奖金", document="信财〔2018〕3号")
    with pytest.raises(LoadError, match=r"A6/411500 has no reward policy .* on 2018-11-01"):
        registry.office_records.put(reward, TODAY)
    policy = document("reward-policy", villages=None, until=date(2018, 10, 31))
    registry.office_records.put(policy, TODAY)
    with pytest.raises(LoadError, match="has no reward policy"):
        registry.office_records.put(reward, TODAY)
    longer = policy.model_copy(update={"until": date(2018, 11, 1), "refers_to": policy.id})
    registry.office_records.put(longer, TODAY)
    assert registry.office_records.put(reward, TODAY)


@pytest.mark.clause("F14")
def test_what_a_city_inspects_is_put_down_with_what_came_of_it(registry: Registry) -> None:
    inspection = record(kind="inspection", office="A6/411500", text="发现档案不全（合成）")
    registry.office_records.put(inspection, TODAY)
    with pytest.raises(LoadError, match="put down by A6, A7, A8, not by A5/411523"):
        registry.office_records.put(record(kind="inspection"), TODAY)
    outcome = record(kind="outcome", text="已整改（合成）", refers_to=inspection.id)
    with pytest.raises(LoadError, match="is of A6/411500; that office says what came of it, or"):
        registry.office_records.put(outcome, TODAY)
    for office in ("A6/411500", "A7/410000"):
        above = outcome.model_copy(update={"office": Office.parse(office)})
        assert registry.office_records.put(above, TODAY)
    measure = record(text="其他", refers_to=inspection.id)
    with pytest.raises(LoadError, match="measure refers to measure about its own subject"):
        registry.office_records.put(measure, TODAY)


@pytest.mark.clause("G7")
def test_a_record_that_was_altered_or_slipped_in_is_found(
    registry: Registry, engine: Engine, tmp_path: Path
) -> None:
    def findings() -> list[str]:
        home = tmp_path / "home"
        report = Checks(engine, home, home / "notices", lambda: HENAN).run(("", ()))
        return [each.where for each in report.findings if not each.where.startswith("role ")]

    registry.office_records.put(record(), TODAY)
    assert findings() == []
    with unguarded(engine) as connection:
        connection.execute(text("UPDATE office_records SET text = '另一内容'"))
    assert findings() == ["office_records 411523/2018"]


@pytest.mark.clause("F13")
def test_every_fault_of_a_file_is_named_and_nothing_of_it_is_kept(
    registry: Registry, engine: Engine, tmp_path: Path
) -> None:
    put_village(engine, JIA, 300)
    (code,) = put_households(engine, JIA, [3])
    file = tmp_path / "台账.csv"
    rows = (
        f"工作措施,{code},2018,A5/411523,某乙,2018-10-01,一",
        f"工作措施,{code},2018,A5/411524,某乙,2018-10-01,二",
        f"其他,{code},2018,A5/411523,某乙,2018-12-01,三",
    )
    header = "台账类别,对象编号,年度,单位,经办人,日期,内容"
    file.write_text("\n".join((header, *rows)), encoding="utf-8")
    with pytest.raises(FileRefused) as refused:
        registry.register.import_file(file, TODAY)
    said = [str(fault) for fault in refused.value.found]
    assert [each.partition(":")[0] for each in said] == [
        "row 3",
        "row 4, column 台账类别 (A)",
        "row 4, column 日期 (F)",
    ]
    assert registry.office_records.listed() == ()


@pytest.mark.clause("F11", "F13")
def test_a_file_of_kept_records_is_read_again_as_no_change(
    registry: Registry, tmp_path: Path
) -> None:
    proof = {"name": "statement.xlsx", "sha256": "0" * 64}
    statement = record(kind="assessment", office="A6/411500", evidence=(proof,))
    first = record(evidence=(proof,))
    for each in (statement, first, record(refers_to=first.id)):
        registry.office_records.put(each, TODAY)
    kept = registry.office_records.listed()
    file = tmp_path / "台账.xlsx"
    write_workbook(file, "台账", COLUMNS, map(sheet_row, kept))
    loaded = registry.register.import_file(file, TODAY)
    assert loaded.model_dump() == {"new": 0, "unchanged": 3}
    assert registry.office_records.listed() == kept
    altered = kept[0].model_copy(update={"text": "另一内容"})
    write_workbook(file, "台账", COLUMNS, [sheet_row(altered)])
    with pytest.raises(FileRefused, match="says something else, and is written once"):
        registry.register.import_file(file, TODAY)
    unknown = altered.model_copy(update={"key": "record-0"})
    write_workbook(file, "台账", COLUMNS, [sheet_row(unknown)])
    with pytest.raises(FileRefused, match="there is no record record-0, and this row is not it"):
        registry.register.import_file(file, TODAY)


@pytest.mark.clause("F13")
def test_a_file_of_records_is_put_down_elsewhere_in_whatever_order(
    registry: Registry, engine: Engine, tmp_path: Path
) -> None:
    first = record(text="一\n二")
    second = record(refers_to=first.id)
    third = record(refers_to=second.id, text="三")
    for each in (first, second, third):
        registry.office_records.put(each, TODAY)
    kept = {each.key: each for each in registry.office_records.listed()}
    with unguarded(engine) as connection:
        connection.execute(text("DELETE FROM office_records"))
    file = tmp_path / "台账.xlsx"
    order = [sheet_row(kept[each.id]) for each in (third, first, second)]
    write_workbook(file, "台账", COLUMNS, order)
    assert registry.register.import_file(file, TODAY).model_dump() == {"new": 3, "unchanged": 0}
    again = {each.key: each for each in registry.office_records.listed()}
    assert [(key, each.text) for key, each in again.items()] == [
        (key, each.text) for key, each in kept.items()
    ]


@pytest.mark.clause("F13")
def test_a_record_takes_the_place_of_one_of_its_own_subject_alone(registry: Registry) -> None:
    first = record()
    registry.office_records.put(first, TODAY)
    other = record(subject="411524", office="A5/411524", refers_to=first.id)
    with pytest.raises(LoadError, match="refers to measure about its own subject"):
        registry.office_records.put(other, TODAY)


@pytest.mark.clause("F10", "F13")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "another has taken the place of"),
        ({"office": "A5/411523"}, "is of A7/410000; that office corrects it, or one above it"),
        ({"office": "A6/411500"}, "is of A7/410000; that office corrects it, or one above it"),
        ({"day": date(2018, 10, 31)}, "day: 2018-10-31 lies before 2018-11-01, the day of"),
        ({"kind": "outcome", "office": "A6/411500"}, "that office says what came of it, or one"),
        ({"kind": "outcome", "day": date(2018, 10, 31)}, "2018-10-31 lies before 2018-11-01"),
    ],
)
def test_nobody_strikes_out_what_is_not_his(
    registry: Registry, changes: dict[str, Any], said: str
) -> None:
    blamed = {"kind": "accountability", "fault": "violation", "leader": "某副县长（合成）"}
    first = record(**blamed, office="A7/410000")
    registry.office_records.put(first, TODAY)
    kind = {} if changes.get("kind") == "outcome" else blamed
    follows = record(
        **({"office": "A7/410000", "refers_to": first.id, "text": "更正"} | kind | changes)
    )
    if not changes:
        registry.office_records.put(follows, TODAY)
        assert registry.office_records.put(follows, TODAY) is False
        follows = follows.model_copy(update={"text": "再更正"})
    with pytest.raises(LoadError, match=said):
        registry.office_records.put(follows, TODAY)


@pytest.mark.clause("F10", "F13", "A9")
@pytest.mark.parametrize(
    ("changes", "above"),
    [
        ({"office": "A7/410000"}, "A9/410000"),
        ({"office": "A7/410000"}, "A8/100000"),
        ({"office": "A6/411500", "kind": "inspection"}, "A9/410000"),
        ({"office": "A7/410000", "subject": "411500"}, "A9/410000"),
    ],
)
def test_whoever_stands_above_corrects(
    registry: Registry, changes: dict[str, Any], above: str
) -> None:
    first = record(**changes)
    registry.office_records.put(first, TODAY)
    assert registry.office_records.put(
        record(**(changes | {"office": above, "refers_to": first.id})), TODAY
    )
    assert [each.replaced for each in registry.office_records.listed()].count(True) == 1


@pytest.mark.clause("F12")
def test_a_plan_of_a_city_is_corrected_by_the_province_and_no_other(registry: Registry) -> None:
    plan = document("annual-plan")
    registry.office_records.put(plan, TODAY)
    for office, said in (
        ("A7/410000", None),
        ("A5/411523", "is of the office's own place"),
        ("A6/411600", "is of the office's own place"),
    ):
        other = document("annual-plan", office=office, villages=19, refers_to=plan.id)
        if said is not None:
            with pytest.raises(LoadError, match=said):
                registry.office_records.put(other, TODAY)
    assert registry.office_records.put(
        document("annual-plan", office="A7/410000", villages=19, refers_to=plan.id), TODAY
    )


@pytest.mark.clause("F10", "F11")
def test_a_city_and_a_province_are_called_to_account_and_assessed(registry: Registry) -> None:
    blamed = {"kind": "accountability", "fault": "serious-error", "department": "合成局"}
    of_city = record(**blamed, subject="411500", office="A7/410000")
    of_itself = record(**blamed, subject="411500", office="A6/411500", text="另一项（合成）")
    of_province = record(**blamed, subject="410000", office="A8/100000")
    of_county = record(**blamed, office="A6/411500")
    for each in (of_city, of_itself, of_province, of_county):
        assert registry.office_records.put(each, TODAY)
    outcome = record(kind="outcome", subject="411500", office="A7/410000", refers_to=of_city.id)
    assert registry.office_records.put(outcome, TODAY)

    def accounted(region: str | None) -> tuple[dict[str, int], dict[str, int], int]:
        found = registry.planning.assessment(2018, region)
        counties = {each.code: each.accounted for each in found.counties if each.accounted}
        cities = {each.code: each.accounted for each in found.cities if each.accounted}
        return counties, cities, found.total.accounted

    assert accounted(None) == ({"411523": 1}, {"411500": 3}, 4)
    assert accounted("411500") == ({"411523": 1}, {"411500": 3}, 3)
    assert accounted("411523") == ({"411523": 1}, {"411500": 1}, 1)
    assert accounted("411600") == ({}, {}, 0)


@pytest.mark.clause("F11", "F14")
def test_who_is_assessed_or_inspected_does_not_do_it_itself(registry: Registry) -> None:
    proof = {"name": "statement.xlsx", "sha256": "0" * 64}
    for kind in ("assessment", "inspection"):
        for subject, office, above in (
            ("411500", "A6/411500", "A7/410000"),
            ("410000", "A7/410000", "A8/100000"),
        ):
            said = {"kind": kind, "subject": subject, "evidence": (proof,)}
            with pytest.raises(LoadError, match="is put down by an office above it, not by"):
                registry.office_records.put(record(**said, office=office), TODAY)
            assert registry.office_records.put(record(**said, office=above), TODAY)
    reward = record(kind="reward", subject="411500", office="A7/410000", document="合成〔1〕号")
    with pytest.raises(LoadError, match="is about a county, and 信阳市 is none"):
        registry.office_records.put(reward, TODAY)


@pytest.mark.clause("F10")
def test_an_office_above_corrects_what_one_below_put_down(registry: Registry) -> None:
    first = record()
    registry.office_records.put(first, TODAY)
    assert registry.office_records.put(record(office="A6/411500", refers_to=first.id), TODAY)
