"""Villages, townships and counties that are renamed, recoded or merged (区划变动).

淮阳县 (411626) has become 淮阳区 (411603); the day here is synthetic, and so are the villages.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlmodel import select

from models.checks.journal import JournalKind
from models.offices import Office
from models.register.changes import ChangeKind, ChangesLoaded, DivisionChange, DivisionKind
from models.register.counties import PoorVillages
from registry.checks.register import RegisterCheck
from registry.database.engine import reading, writing
from registry.desk import Registry
from registry.errors import LoadError
from registry.facts.county import known_county
from registry.facts.incidence import Heads, county_heads, poor_villages, village_heads
from registry.facts.village import known_village
from registry.journal import note
from registry.places import region_paths
from registry.register.changing import Changes
from registry.tables import CaseRow, HouseholdRow, VillageRow
from tests.registry.changes import put
from tests.registry.places import county_leaves, put_households, put_village, village_leaves
from tests.rosters import Write

TODAY, DAY, ONE = date(2020, 12, 31), date(2020, 1, 10), timedelta(days=1)
OLD, NEW = "411626", "411603"
JIA, YI, BING = f"{OLD}100201", f"{OLD}100202", f"{OLD}101201"


def division(kind: DivisionKind, code: str, to: str | None = None, **said: Any) -> DivisionChange:
    given: dict[str, Any] = {
        "on": DAY,
        "reason": "行政区划调整",
        "document": "合成区划〔2020〕1号",
        "office": Office.parse("A6/411600"),
        "officer": "经办员甲",
    }
    return DivisionChange(kind=kind, code=code, to=to, **(given | said))


def changes(engine: Engine, *args: Any, **said: Any) -> ChangesLoaded:
    return Changes(engine).put_division(division(*args, **said), TODAY)


@pytest.fixture
def huaiyang(registry: Registry, engine: Engine) -> list[str]:
    """甲 has 3 and 2 poor of 300, 乙 4 of 700 in one township; 丙 1 of 100 in another."""
    for code, population in ((JIA, 300), (YI, 700), (BING, 100)):
        put_village(engine, code, population)
    first = put_households(engine, JIA, [3, 2])
    return [*first, *put_households(engine, YI, [4]), *put_households(engine, BING, [1])]


def counted(engine: Engine, on: date) -> dict[str, Heads]:
    with reading(engine) as session:
        found = county_heads(session, on, region="411600") | village_heads(session, on)
    return {code: heads for code, heads in found.items() if code[:6] in (OLD, NEW)}


def nothing_amiss(engine: Engine) -> None:
    with reading(engine) as session:
        check = RegisterCheck(session)
        found = [*check.journal([]), *check.parts(lambda *_: None), *check.changes()]
        assert [*found, *check.standings()] == []


def case_row(code: str, outcome: str | None) -> CaseRow:
    return CaseRow(
        case_id=f"village-exit/{code}/2020",
        procedure="village",
        subject_code=code,
        subject_name="合成村",
        year=2020,
        region=f"/410000/411600/{OLD}/{code[:9]}/{code}/",
        step="V2",
        round=1,
        overdue=False,
        open_objections=0,
        outcome=outcome,
        entries=1,
        head="0" * 64,
        updated=datetime(2020, 1, 1, tzinfo=UTC),
    )


BEFORE = {JIA: Heads(5, 300), YI: Heads(4, 700), BING: Heads(1, 100), OLD: Heads(10, 1100)}


@pytest.mark.clause("S5", "G7")
def test_a_county_gets_a_new_code_and_its_villages_with_it(
    huaiyang: list[str], registry: Registry, engine: Engine
) -> None:
    village_leaves(engine, JIA, date(2018, 12, 20))
    county_leaves(engine, OLD, date(2019, 5, 8), 2018)
    changes(engine, DivisionKind.RECODED, OLD, NEW, name="淮阳区")
    assert counted(engine, DAY - ONE) == BEFORE
    after = {f"{NEW}{code[6:]}": heads for code, heads in BEFORE.items()}
    assert counted(engine, DAY) == after
    with reading(engine) as session:
        old, note = known_county(session, OLD, DAY)
        assert (old, note) == (None, f"the code of 淮阳县 expired on {DAY}; use {NEW}")
        before, _ = known_county(session, OLD, DAY - ONE)
        county, _ = known_county(session, NEW, DAY)
        village, _ = known_village(session, f"{NEW}100201", DAY)
        gone, why = known_village(session, JIA, DAY)
        paths = region_paths(session, NEW)
    assert before is not None
    assert county is not None
    assert (before.name, county.name, county.tier) == ("淮阳县", "淮阳区", before.tier)
    assert village is not None
    assert village.full_name == "淮阳区合成100乡合成201村"
    assert (gone, why) == (None, f"the code of 合成201村 expired on {DAY}; use {NEW}100201")
    assert paths == [f"/410000/411600/{NEW}/", f"/410000/411600/{OLD}/"]
    standing = registry.county_record(NEW).standings[-1]
    assert (standing.status, standing.since, standing.exit_year) == ("exited", DAY, None)
    exited = registry.register.village(f"{NEW}100201", DAY).standings[-1]
    assert (exited.status, exited.since) == ("exited", DAY)


@pytest.mark.clause("G7")
def test_no_check_finds_a_place_that_has_followed_another(
    huaiyang: list[str], engine: Engine
) -> None:
    changes(engine, DivisionKind.MERGED, JIA, YI)
    changes(engine, DivisionKind.RECODED, OLD, NEW, on=DAY + ONE, name="淮阳区")
    changes(engine, DivisionKind.RENAMED, f"{NEW}100202", on=DAY + ONE, name="合成新村")
    nothing_amiss(engine)


@pytest.mark.clause("S5")
def test_a_village_is_merged_into_another(huaiyang: list[str], engine: Engine) -> None:
    changes(engine, DivisionKind.MERGED, JIA, YI)
    assert counted(engine, DAY - ONE) == BEFORE
    rest = {BING: Heads(1, 100), OLD: Heads(10, 1100)}
    assert counted(engine, DAY) == {YI: Heads(9, 1000)} | rest
    with reading(engine) as session:
        homes = session.exec(select(HouseholdRow.village_code).distinct()).all()
    assert sorted(homes) == [YI, BING]


@pytest.mark.clause("S5")
def test_a_township_is_merged_once_no_code_is_in_the_way(
    huaiyang: list[str], engine: Engine
) -> None:
    with pytest.raises(LoadError, match=f"{BING} would be {JIA}, which the register has"):
        changes(engine, DivisionKind.MERGED, BING[:9], JIA[:9])
    changes(engine, DivisionKind.RECODED, BING, f"{OLD}101301")
    changes(engine, DivisionKind.MERGED, BING[:9], JIA[:9], on=DAY + ONE)
    with reading(engine) as session:
        row = session.get_one(VillageRow, f"{OLD}100301")
    assert (row.name, row.township_code, row.township_name) == ("合成201村", JIA[:9], "合成100乡")
    assert counted(engine, DAY - ONE) == BEFORE
    assert counted(engine, DAY + ONE)[OLD] == Heads(10, 1100)
    nothing_amiss(engine)


@pytest.mark.clause("G7")
@pytest.mark.parametrize("code", [YI, YI[:9], OLD])
def test_a_place_gets_a_new_name_under_its_code(
    huaiyang: list[str], engine: Engine, code: str
) -> None:
    changes(engine, DivisionKind.RENAMED, code, name="合成新名")
    with reading(engine) as session:
        village, _ = known_village(session, YI, DAY)
        assert village is not None
        assert (village.name, village.township.name, village.county.name)[
            {12: 0, 9: 1, 6: 2}[len(code)]
        ] == "合成新名"
    assert counted(engine, DAY) == BEFORE


@pytest.mark.clause("G7")
def test_a_list_of_changes_of_divisions_is_put_down(
    huaiyang: list[str], registry: Registry, engine: Engine, write: Write
) -> None:
    header = (
        "区划变动",
        "原代码",
        "变动日期",
        "变动事由",
        "文号",
        "单位",
        "经办人",
        "后续代码",
        "新名称",
    )
    said = ("村庄撤并", "合成区划〔2020〕2号", "A5/411626", "经办员甲")
    path = write(
        header,
        ("并入", JIA, "2020-01-10", *said, YI, ""),
        ("更名", YI, "2020-01-11", *said, "", "合成新村"),
    )
    loaded = registry.register.import_file(path, TODAY)
    assert isinstance(loaded, ChangesLoaded)
    assert loaded.new == 2
    assert [each.subject for each in registry.changes.listed(OLD, 2020)] == [JIA, YI]


@pytest.mark.parametrize(
    ("args", "said", "right"),
    [
        ((DivisionKind.MERGED, JIA, f"{OLD}999999"), {}, "no village 411626999999 in use"),
        ((DivisionKind.RECODED, f"{OLD}999999", YI), {}, "no village in use under 411626999999"),
        ((DivisionKind.RECODED, JIA, YI), {}, "or merge the two"),
        ((DivisionKind.RECODED, OLD, "411625"), {}, "the register has a division 411625"),
        ((DivisionKind.RECODED, JIA, "410000100201"), {}, "knows no county 410000"),
        ((DivisionKind.RENAMED, JIA), {"name": "合计"}, "name: '合计' is no name"),
        ((DivisionKind.MERGED, JIA, YI), {"on": TODAY + ONE}, "is still to come"),
        (
            (DivisionKind.MERGED, JIA, YI),
            {"office": Office.parse("A6/411500")},
            "A6/411500 changes no division here; A5/411626, A6/411600, A7/410000 may",
        ),
    ],
)
def test_what_contradicts_the_register_is_refused(
    huaiyang: list[str], engine: Engine, args: tuple[Any, ...], said: dict[str, Any], right: str
) -> None:
    with pytest.raises(LoadError, match=right):
        changes(engine, *args, **said)
    assert counted(engine, TODAY) == BEFORE


@pytest.mark.clause("G1", "V3")
def test_open_cases_of_a_code_that_has_ended_are_named(huaiyang: list[str], engine: Engine) -> None:
    with writing(engine) as session:
        for code, outcome in ((JIA, None), (YI, None), (BING, "exited")):
            session.add(case_row(code, outcome))
        note(session, JournalKind.CHANGED, f"village-exit/{JIA}/2020", {})
    assert changes(engine, DivisionKind.RENAMED, YI, name="合成新村").stale == ()
    found = changes(engine, DivisionKind.MERGED, JIA, YI, on=DAY + ONE)
    assert found.stale == (f"village-exit/{JIA}/2020",)


@pytest.mark.clause("V3", "C7")
def test_no_standing_ends_before_it_began(huaiyang: list[str], engine: Engine) -> None:
    village_leaves(engine, JIA, date(2018, 12, 20))
    county_leaves(engine, OLD, date(2019, 5, 8), 2018)
    with pytest.raises(LoadError, match="a change in these villages on 2018-12-20"):
        changes(engine, DivisionKind.MERGED, JIA, YI, on=date(2018, 12, 19))
    with pytest.raises(LoadError, match="on 2019-05-08; write that day or a later one"):
        changes(engine, DivisionKind.RECODED, OLD, NEW, on=date(2019, 5, 7))
    changes(engine, DivisionKind.MERGED, JIA, YI, on=date(2018, 12, 20))


@pytest.mark.clause("G7")
def test_nothing_goes_on_under_a_code_that_has_ended(huaiyang: list[str], engine: Engine) -> None:
    changes(engine, DivisionKind.MERGED, JIA, YI)
    said = f"to: the code {JIA} ended on {DAY}, and {YI} followed; "
    with pytest.raises(LoadError, match=f"{said}write one that is in use"):
        changes(engine, DivisionKind.MERGED, YI, JIA, on=DAY + ONE)
    with pytest.raises(LoadError, match=f"{said}write one that was never in use"):
        changes(engine, DivisionKind.RECODED, YI, JIA, on=DAY + ONE)


@pytest.mark.clause("S3")
def test_no_poor_village_leaves_the_list_by_a_merger(huaiyang: list[str], engine: Engine) -> None:
    never = put_village(engine, f"{OLD}101202", 100, poor_since=None)
    changes(engine, DivisionKind.MERGED, JIA, never)
    with reading(engine) as session:
        listed = [poor_villages(session, on)[OLD] for on in (DAY - ONE, DAY)]
    assert listed == [PoorVillages(listed=3), PoorVillages(listed=3)]
    with reading(engine) as session:
        assert list(RegisterCheck(session).standings()) == []


def test_a_place_stays_in_its_province() -> None:
    with pytest.raises(ValidationError, match="a place stays in its own"):
        division(DivisionKind.RECODED, OLD, "420101")


@pytest.mark.clause("S5")
def test_days_before_a_later_change_stay_as_they_were(huaiyang: list[str], engine: Engine) -> None:
    on = date(2018, 12, 1)
    put(engine, ChangeKind.LEFT, huaiyang[0], on, office=Office.parse(f"A5/{OLD}"))
    changes(engine, DivisionKind.MERGED, YI, BING, on=on - ONE)
    with pytest.raises(LoadError, match=f"a change in these villages on {on}"):
        changes(engine, DivisionKind.MERGED, JIA, BING, on=on - ONE)
