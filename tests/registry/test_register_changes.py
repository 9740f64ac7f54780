"""Natural changes (动态调整): people come and go, households split, join, move and end."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, text
from sqlmodel import col, select

from models.case.ledger import Entry, verify
from models.checks.journal import JournalKind
from models.offices import Office
from models.register.changes import ChangeKind, DivisionChange, DivisionKind, Gone, Person
from models.register.households import HouseholdState
from registry.checks.register import RegisterCheck
from registry.database.engine import reading, writing
from registry.desk import Registry
from registry.errors import LoadError
from registry.journal import note
from registry.tables import CaseRow, EpisodeRow, HouseholdRow, RegisterEntryRow
from tests.registry.changes import TODAY, change, poor, put
from tests.registry.places import leaves
from tests.registry.register_samples import (
    FIRST,
    SECOND,
    SINCE,
    household,
    households,
    members,
    village,
    villages,
)
from tests.rosters import COUNTY, id_number

DAY, ONE = date(2018, 3, 1), timedelta(days=1)
BABY = Person(name="张某丙", relation="之子", without_id="新生儿未落户", born=date(2018, 2, 20))


@pytest.fixture
def register(registry: Registry, engine: Engine) -> Engine:
    """H-01 with three people and H-02 with two, in the first of two villages."""
    villages(engine, village(0), village(1))
    households(engine, household("H-01", 1, 2, 3), household("H-02", 4, 5))
    return engine


def person(number: int, relation: str | None = None) -> Person:
    return Person(name=f"张某{number}", id_number=id_number(number), relation=relation)


def wrong_number() -> Person:
    """Somebody of whose ID number the last digit is another."""
    right = id_number(9)
    last = "1" if right[-1] != "1" else "2"
    return Person(name="张某丁", id_number=right[:-1] + last, relation="之子")


def row(engine: Engine, code: str) -> HouseholdRow:
    with reading(engine) as session:
        return session.get_one(HouseholdRow, code)


def episode(engine: Engine, code: str) -> EpisodeRow:
    with reading(engine) as session:
        return session.get_one(EpisodeRow, (code, 1))


@pytest.mark.clause("S5", "G7")
@pytest.mark.parametrize(
    ("kind", "why"),
    [(ChangeKind.DIED_OUT, Gone.DIED_OUT), (ChangeKind.LEFT, Gone.LEFT)],
)
def test_a_household_that_is_gone_counts_no_more_from_its_day_on(
    register: Engine, kind: ChangeKind, why: Gone
) -> None:
    put(register, kind, "H-01", DAY)
    counted = {on: poor(register, FIRST, on) for on in (SINCE - ONE, SINCE, DAY - ONE, DAY)}
    assert counted == {SINCE - ONE: 0, SINCE: 5, DAY - ONE: 5, DAY: 2}
    ended = episode(register, "H-01")
    assert (ended.exited_on, ended.gone_because) == (DAY, why)
    assert (ended.exit_year, ended.case_id) == (None, None)
    assert members(register) == {"H-02": {4, 5}}


@pytest.mark.clause("S5", "G7")
def test_members_come_and_go(register: Engine) -> None:
    put(register, ChangeKind.BORN, "H-01", DAY, BABY)
    assert (poor(register, FIRST, DAY - ONE), poor(register, FIRST, DAY)) == (5, 6)
    put(register, ChangeKind.DIED, "H-01", DAY + ONE, person(2))
    put(register, ChangeKind.MARRIED_IN, "H-02", DAY + ONE, person(9, relation="儿媳"))
    assert poor(register, FIRST, DAY + ONE) == 6
    assert members(register) == {"H-01": {1, 3}, "H-02": {4, 5, 9}}


@pytest.mark.clause("S5")
def test_who_moves_in_from_another_household_leaves_it(register: Engine) -> None:
    put(register, ChangeKind.MARRIED_IN, "H-02", DAY, person(3, relation="儿媳"))
    assert (row(register, "H-01").size, row(register, "H-02").size) == (2, 3)
    assert poor(register, FIRST, DAY) == 5
    assert members(register) == {"H-01": {1, 2}, "H-02": {3, 4, 5}}


@pytest.mark.clause("S5")
def test_a_household_splits_and_its_part_is_poor_as_it_is(register: Engine) -> None:
    parted = [person(2, relation="户主"), person(3, relation="之子")]
    put(register, ChangeKind.SPLIT, "H-01", DAY, *parted, to="H-11", group="五组")
    new = row(register, "H-11")
    assert (new.head, new.size, new.village_group) == ("张某2", 2, "五组")
    assert episode(register, "H-11").registered_on == DAY
    assert (poor(register, FIRST, DAY - ONE), poor(register, FIRST, DAY)) == (5, 5)
    assert members(register) == {"H-01": {1}, "H-02": {4, 5}, "H-11": {2, 3}}


@pytest.mark.clause("S5", "F5")
def test_a_part_of_an_exited_household_never_was_poor_and_is_followed_up(
    register: Engine, registry: Registry
) -> None:
    leaves(register, "H-01", date(2017, 12, 20))
    put(register, ChangeKind.SPLIT, "H-01", DAY, person(2, relation="户主"), to="H-11")
    parted = episode(register, "H-11")
    assert (parted.registered_on, parted.exited_on, parted.exit_year) == (DAY, DAY, None)
    assert [poor(register, FIRST, on) for on in (DAY - ONE, DAY, DAY + ONE)] == [2, 2, 2]
    assert registry.register.household("H-11", DAY).state is HouseholdState.EXITED


@pytest.mark.clause("S5")
def test_two_households_join(register: Engine) -> None:
    put(register, ChangeKind.JOINED, "H-01", DAY, to="H-02")
    assert row(register, "H-02").size == 5
    assert row(register, "H-01").gone_because is Gone.JOINED
    assert (poor(register, FIRST, DAY - ONE), poor(register, FIRST, DAY)) == (5, 5)
    assert members(register) == {"H-02": {1, 2, 3, 4, 5}}


@pytest.mark.clause("S5")
def test_a_household_moves_to_another_village_with_its_history(register: Engine) -> None:
    put(register, ChangeKind.RESETTLED, "H-01", DAY, to=SECOND, group="安置区")
    assert [poor(register, each, DAY - ONE) for each in (FIRST, SECOND)] == [5, 0]
    assert [poor(register, each, DAY) for each in (FIRST, SECOND)] == [2, 3]
    assert episode(register, "H-01").registered_on == SINCE


@pytest.mark.clause("S5")
def test_the_head_is_followed_by_a_member(register: Engine) -> None:
    with pytest.raises(LoadError, match="head: the head leaves; say who is it from now on"):
        put(register, ChangeKind.DIED, "H-01", DAY, person(1))
    put(register, ChangeKind.DIED, "H-01", DAY, person(1), head="张某2")
    assert row(register, "H-01").head == "张某2"
    put(register, ChangeKind.HEAD, "H-01", DAY + ONE, Person(name="张某3"))
    assert row(register, "H-01").head == "张某3"


@pytest.mark.clause("S1")
def test_a_member_without_an_id_number_gets_one(register: Engine, registry: Registry) -> None:
    put(register, ChangeKind.BORN, "H-01", DAY, BABY)
    shown = registry.register.household("H-01", DAY).members
    assert [each.without_id for each in shown if not each.id_number] == ["新生儿未落户"]
    numbered = Person(name="张某丙", id_number=id_number(7))
    put(register, ChangeKind.NUMBERED, "H-01", DAY + ONE, numbered)
    assert row(register, "H-01").size == 4
    assert members(register)["H-01"] == {1, 2, 3, 7}


@pytest.mark.clause("G7")
def test_the_same_change_is_put_down_once(register: Engine) -> None:
    assert put(register, ChangeKind.BORN, "H-01", DAY, BABY).new == 1
    assert put(register, ChangeKind.BORN, "H-01", DAY, BABY).new == 0
    assert row(register, "H-01").size == 4


@pytest.mark.clause("G7")
def test_the_ledger_of_a_county_is_a_chain_that_names_nobody(
    register: Engine, registry: Registry
) -> None:
    put(register, ChangeKind.BORN, "H-01", DAY, BABY)
    put(register, ChangeKind.JOINED, "H-01", DAY, to="H-02")
    with reading(register) as session:
        kept = session.exec(select(RegisterEntryRow).order_by(col(RegisterEntryRow.seq))).all()
    assert verify(f"register/{COUNTY}", [Entry.model_validate_json(x.content) for x in kept]) == 2
    assert kept[0].text == (
        "户H-01自2018-03-01起出生1人，3人变为4人：出生，村上报（合成动态〔2018〕1号）"
    )
    assert [each.seq for each in registry.changes.of("H-02")] == [2]
    assert len(registry.changes.listed("411500", 2018)) == 2


@pytest.mark.clause("G7")
@pytest.mark.parametrize(
    "altered", ["day = '2018-02-01'", "subject_code = 'H-02'", "key = 'change-0'"]
)
def test_an_entry_of_another_day_or_household_is_found(register: Engine, altered: str) -> None:
    put(register, ChangeKind.LEFT, "H-01", DAY)
    with register.begin() as connection:
        drop = "DROP TRIGGER register_entries_no_update"
        if connection.dialect.name == "postgresql":
            drop = "DROP TRIGGER register_entries_kept ON register_entries"
        connection.execute(text(drop))
        connection.execute(text(f"UPDATE register_entries SET {altered}"))
    with reading(register) as session:
        (found,) = RegisterCheck(session).changes()
    assert "the row of entry 1 says something else" in found.what


@pytest.mark.clause("G7")
def test_what_was_changed_past_the_ledger_is_found(register: Engine) -> None:
    put(register, ChangeKind.LEFT, "H-01", DAY)
    with reading(register) as session:
        check = RegisterCheck(session)
        assert [*check.journal([]), *check.parts(lambda *_: None), *check.changes()] == []
    with register.begin() as connection:
        for name in ("register_entries", "household_past"):
            drop = f"DROP TRIGGER {name}_no_update"
            if connection.dialect.name == "postgresql":
                drop = f"DROP TRIGGER {name}_kept ON {name}"
            connection.execute(text(drop))
        connection.execute(text("UPDATE register_entries SET text = '从未迁出'"))
        connection.execute(text("UPDATE household_past SET size = 1"))
    with reading(register) as session:
        check = RegisterCheck(session)
        list(check.journal([]))
        found = [*check.parts(lambda *_: None), *check.changes()]
    assert [each.where for each in found] == [
        f"villages {FIRST}",
        f"register_entries register/{COUNTY}",
    ]
    assert "household_past" in found[0].what


@pytest.mark.parametrize(
    ("kind", "code", "said", "right"),
    [
        (ChangeKind.LEFT, "H-99", {}, "household: the register knows no household H-99"),
        (ChangeKind.DIED, "H-01", {"people": (person(9),)}, "张某9 is no member of household H-01"),
        (ChangeKind.JOINED, "H-01", {"to": "H-01"}, "to: a household cannot join itself"),
        (ChangeKind.RESETTLED, "H-01", {"to": FIRST}, f"lives in {FIRST} already"),
        (ChangeKind.RESETTLED, "H-01", {"to": "411523999999"}, "import the list of villages"),
        (
            ChangeKind.SPLIT,
            "H-01",
            {"people": (person(2, relation="户主"),), "to": "H-02"},
            "write a number that is free",
        ),
        (
            ChangeKind.DIED,
            "H-02",
            {"people": (person(4), person(5))},
            "nobody would be left in household H-02; put down its end",
        ),
        (ChangeKind.BORN, "H-01", {"people": (person(5, relation="之子"),)}, "has moved in"),
        (
            ChangeKind.LEFT,
            "H-01",
            {"office": Office.parse("A5/411522")},
            "puts down no change here",
        ),
        (ChangeKind.LEFT, "H-01", {"on": TODAY + ONE}, "is still to come"),
        (ChangeKind.LEFT, "H-01", {"on": SINCE - ONE}, f"on {SINCE}; write that day or a later"),
        (
            ChangeKind.DIED,
            "H-01",
            {"people": (person(4),)},
            "张某4 is no member of household H-01; name a member",
        ),
        (
            ChangeKind.MOVED_IN,
            "H-01",
            {"people": (person(4, relation="之子"),)},
            "张某4 is the head of household H-02; put down first who is it from now on",
        ),
        (
            ChangeKind.BORN,
            "H-01",
            {"people": (BABY.model_copy(update={"name": "合计"}),)},
            "people: '合计' is no name",
        ),
        (
            ChangeKind.MOVED_IN,
            "H-01",
            {"people": (wrong_number(),)},
            "the number of 张某丁: its check digit is wrong",
        ),
    ],
)
def test_what_contradicts_the_register_is_refused(
    register: Engine, kind: ChangeKind, code: str, said: dict[str, object], right: str
) -> None:
    before = row(register, "H-01").revision, poor(register, FIRST, TODAY)
    with pytest.raises(LoadError, match=right):
        Registry(register).changes.put(change(kind, code, **({"on": DAY} | said)), TODAY)  # type: ignore[arg-type]
    assert (row(register, "H-01").revision, poor(register, FIRST, TODAY)) == before


@pytest.mark.parametrize(
    ("kind", "said", "right"),
    [
        (ChangeKind.LEFT, {"document": "无"}, "document\n.*says nothing"),
        (ChangeKind.DIED, {"people": (person(2), person(2))}, "张某2 stands twice"),
        (
            ChangeKind.BORN,
            {"people": (BABY,), "on": date(2018, 2, 19)},
            "before the birth on 2018-02-20",
        ),
        (
            ChangeKind.MOVED_IN,
            {"people": (person(9, relation="之子"),), "on": date(1939, 12, 31)},
            "before the birth on 1940-01-01",
        ),
        (
            ChangeKind.SPLIT,
            {"people": (person(2, relation="户主"),), "to": id_number(2)},
            "to: this is the number of an identity card",
        ),
    ],
)
def test_what_no_change_can_say_is_refused(
    kind: ChangeKind, said: dict[str, object], right: str
) -> None:
    with pytest.raises(ValidationError, match=f"(?s){right}"):
        change(kind, "H-01", **({"on": DAY} | said))  # type: ignore[arg-type]


@pytest.mark.clause("S5", "H4")
def test_a_poor_household_leaves_the_register_by_no_joining(
    register: Engine,
) -> None:
    leaves(register, "H-02", DAY)
    with pytest.raises(LoadError, match="let H-02 join H-01: nobody leaves the register"):
        put(register, ChangeKind.JOINED, "H-01", DAY + ONE, to="H-02")
    put(register, ChangeKind.JOINED, "H-02", DAY + ONE, to="H-01")
    assert [poor(register, FIRST, DAY + ONE * days) for days in (-1, 0, 1)] == [5, 3, 5]


@pytest.mark.clause("S5")
def test_nobody_moves_to_a_village_that_has_ended_since(register: Engine) -> None:
    merged = DivisionChange(
        kind=DivisionKind.MERGED,
        code=SECOND,
        to=FIRST,
        on=DAY + ONE,
        reason="村庄撤并",
        document="合成区划〔2018〕1号",
        office=Office.parse(f"A5/{COUNTY}"),
        officer="经办员甲",
    )
    Registry(register).changes.put_division(merged, TODAY)
    with pytest.raises(LoadError, match=f"ended on {DAY + ONE}; write {FIRST}"):
        put(register, ChangeKind.RESETTLED, "H-01", DAY, to=SECOND)
    assert poor(register, FIRST, DAY + ONE) == 5


@pytest.mark.clause("G1", "F5")
def test_an_open_case_of_a_household_that_has_ended_is_named(register: Engine) -> None:
    with writing(register) as session:
        session.add(
            CaseRow(
                case_id="reentry/H-01/2018/1",
                procedure="reentry",
                subject_code="H-01",
                subject_name="合成户",
                year=2018,
                region=f"/410000/411500/{COUNTY}/{FIRST[:9]}/{FIRST}/",
                step="R2",
                round=1,
                overdue=False,
                open_objections=0,
                entries=1,
                head="0" * 64,
                updated=datetime(2018, 1, 1, tzinfo=UTC),
            )
        )
        note(session, JournalKind.CHANGED, "reentry/H-01/2018/1", {})
    assert put(register, ChangeKind.DIED, "H-01", DAY, person(2)).stale == ()
    ended = put(register, ChangeKind.LEFT, "H-01", DAY)
    assert ended.stale == ("reentry/H-01/2018/1",)


@pytest.mark.clause("S5")
def test_whom_the_register_does_not_name_leaves_once_and_from_one_household(
    register: Engine,
) -> None:
    with writing(register) as session:
        session.get_one(HouseholdRow, "H-02").size = 5
    put(register, ChangeKind.DIED, "H-02", DAY, Person(name="李某某"))
    with pytest.raises(LoadError, match=f"李某某 has left household H-02 on {DAY} already"):
        put(register, ChangeKind.MOVED_OUT, "H-02", DAY + ONE, Person(name="李某某"))
    with pytest.raises(LoadError, match="张某2 is in household H-01 of the register, not in H-02"):
        put(register, ChangeKind.DIED, "H-02", DAY + ONE, person(2))
    assert row(register, "H-02").size == 4


@pytest.mark.clause("S5", "H4")
def test_nothing_happens_to_who_is_gone(register: Engine, registry: Registry) -> None:
    put(register, ChangeKind.DIED_OUT, "H-01", DAY)
    with pytest.raises(LoadError, match="H-01 ended on 2018-03-01 \\(整户死亡\\)"):
        put(register, ChangeKind.LEFT, "H-01", DAY + ONE)
    with pytest.raises(LoadError, match="整户死亡\\); take its rows out"):
        households(register, household("H-01", 1, 2, 3))
    assert registry.register.household("H-01", DAY).state is HouseholdState.GONE
    assert registry.register.village(FIRST, DAY).households == {
        HouseholdState.REGISTERED: 1,
        HouseholdState.GONE: 1,
    }
