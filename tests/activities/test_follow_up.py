"""Whom a township's follow-up visits, and what the registry lists of its visits and marks (F5)."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from activities.follow_up import FollowUpActivities
from activities.ledger import RegistryActivities
from models.case.admission import Admission
from models.follow_up.orders import Back, BackOrder, FollowUpDue
from models.identity import follow_up_case
from models.periods import BEIJING
from models.register.households import Cause, Risk
from registry.database.engine import writing
from registry.desk import Registry
from registry.tables import CaseRow, CheckRow, DivisionRow, EpisodeRow, HouseholdRow, RiskRow
from tests.activities.admitted import gate, known
from tests.activities.follow_ups import (
    ELSEWHERE,
    FIRST,
    NOW,
    SECOND,
    TOWNSHIP,
    FollowUpFile,
    exited,
    kept_up,
    order,
    visit,
)
from tests.activities.registry_cases import at_once, rows, run
from tests.models.samples import county
from tests.registry import places

pytestmark = [pytest.mark.clause("F5"), pytest.mark.usefixtures("registry")]


@pytest.fixture
def opens(engine: Engine) -> FollowUpActivities:
    """The activity, over two villages of the township and one elsewhere."""
    for code in (FIRST, SECOND, ELSEWHERE):
        places.put_village(engine, code, 300)
    return FollowUpActivities(engine, gate())


def drawn(admission: Admission[FollowUpDue]) -> list[str]:
    return known(admission).households


def test_exited_households_of_the_township_are_due_and_no_others(
    opens: FollowUpActivities, engine: Engine
) -> None:
    (first, *_), second = exited(engine, FIRST, 1), exited(engine, SECOND, 2)
    exited(engine, ELSEWHERE, 1)
    places.put_households(engine, FIRST, [2])  # still poor
    (back,) = exited(engine, FIRST, 1)
    places.falls_back(engine, back, date(2019, 1, 2))
    (later,) = exited(engine, FIRST, 1, on=date(2019, 1, 6))
    on_the_day = exited(engine, FIRST, 1, on=date(2019, 1, 5))
    (revoked,) = exited(engine, FIRST, 1)
    with writing(engine) as session:
        session.add(
            EpisodeRow(
                household_code=revoked,
                number=2,
                cause=Cause.REVOKED,
                registered_on=date(2018, 12, 20),
            )
        )
    due = known(run(opens.open_follow_up, order()))
    assert due.households == sorted([first, *second, *on_the_day])
    assert later not in due.households
    assert [(each.code, each.name, len(each.households)) for each in due.villages] == [
        (FIRST, "合成001村", 2),
        (SECOND, "合成002村", 2),
    ]
    assert due.due_on == date(2019, 11, 30)
    kept = {row["household_code"]: row for row in rows(engine, CheckRow)}
    assert sorted(kept) == due.households
    assert {(row["year"], row["case_id"], row["due_on"], row["seq"]) for row in kept.values()} == {
        (2019, "follow-up/411523100/2019", date(2019, 11, 30), None)
    }
    assert [row["case_id"] for row in rows(engine, CaseRow)] == ["follow-up/411523100/2019"]


def test_who_fell_back_and_left_again_is_due_again(
    opens: FollowUpActivities, engine: Engine
) -> None:
    (again,) = exited(engine, FIRST, 1, on=date(2016, 12, 20))
    places.falls_back(engine, again, date(2017, 3, 1))
    places.leaves(engine, again, date(2018, 12, 1))
    assert drawn(run(opens.open_follow_up, order())) == [again]


def test_asked_again_the_list_is_the_same_whatever_has_happened_since(
    opens: FollowUpActivities, engine: Engine
) -> None:
    exited(engine, FIRST, 2)
    first = run(opens.open_follow_up, order())
    exited(engine, FIRST, 1)
    places.falls_back(engine, drawn(first)[0], date(2019, 1, 6))
    assert run(opens.open_follow_up, order()) == first
    assert len(rows(engine, CheckRow)) == 2


def test_asked_twice_at_once_it_is_drawn_up_once(opens: FollowUpActivities, engine: Engine) -> None:
    exited(engine, FIRST, 3)
    first, second = at_once([lambda: run(opens.open_follow_up, order())] * 2)
    assert first == second
    assert len(rows(engine, CheckRow)) == 3


@pytest.mark.clause("F1")
@pytest.mark.parametrize(
    ("until", "year", "is_due"),
    [
        (date(2020, 12, 31), 2020, True),
        (date(2020, 12, 31), 2021, False),
        (date(2021, 1, 1), 2021, True),  # on its first day support is still kept
    ],
)
def test_there_are_visits_as_long_as_support_is_kept(
    opens: FollowUpActivities, engine: Engine, until: date, year: int, is_due: bool
) -> None:
    exited(engine, FIRST, 1)
    policy = kept_up(until)
    opens = FollowUpActivities(engine, gate(lambda _: policy))
    due = run(opens.open_follow_up, order(year, date(year, 1, 5), policy=policy))
    assert (due.fault is None) is is_due
    if not is_due:
        assert due.fault == f"support was kept until {until} (F1); there is no follow-up in {year}"
        assert rows(engine, CheckRow) == []


@pytest.mark.clause("F5")
@pytest.mark.parametrize(
    ("now", "begins"),
    [
        (datetime(2019, 1, 4, 23, 50, tzinfo=BEIJING), False),
        (datetime(2019, 1, 4, 23, 56, tzinfo=BEIJING), True),  # clocks may differ by five minutes
    ],
)
def test_a_follow_up_does_not_begin_before_its_day(
    opens: FollowUpActivities, engine: Engine, now: datetime, begins: bool
) -> None:
    exited(engine, FIRST, 1)
    opens = FollowUpActivities(engine, gate(clock=lambda: now))
    due = run(opens.open_follow_up, order())
    assert (due.fault is None) is begins
    if not begins:
        assert due.fault == (
            "year: the visits of 2019 are called for on 2019-01-05, these on 2019-01-05, and it is "
            "2019-01-04; the follow-up begins then (F5)"
        )
        assert rows(engine, CheckRow) == rows(engine, CaseRow) == []


def test_what_cannot_be_opened_is_said_and_lists_nothing(
    opens: FollowUpActivities, engine: Engine
) -> None:
    none = run(opens.open_follow_up, order())
    assert none.fault == (
        "no household of 新县合成100乡 that had exited by 2019-01-05 is due in 2019 (F5)"
    )
    exited(engine, FIRST, 1)
    wrong_id = order(case_id=follow_up_case(TOWNSHIP.code, 2020))
    assert run(opens.open_follow_up, wrong_id).fault == (
        "the id of this case is not follow-up/411523100/2020 but follow-up/411523100/2019"
    )
    other = TOWNSHIP.model_copy(update={"county": county(direct=True)})
    said = run(opens.open_follow_up, order(subject=other)).fault
    assert said is not None
    assert "directly_administered True for False" in said
    unknown = county().model_copy(update={"code": "411599"})
    other = TOWNSHIP.model_copy(update={"county": unknown})
    said = run(opens.open_follow_up, order(subject=other)).fault
    assert said is not None
    assert "the register knows no such code" in said
    assert rows(engine, CheckRow) == rows(engine, CaseRow) == []


def test_a_county_that_was_renamed_since_the_round_was_called_for_is_the_round_s(
    opens: FollowUpActivities, engine: Engine
) -> None:
    """The round named it as of its nominal day; its case, under an id of its own, is begun late."""
    (first,) = exited(engine, FIRST, 1)
    with writing(engine) as session:
        here = col(DivisionRow.code) == "411523"
        before = session.exec(select(DivisionRow).where(here)).one()
        before.valid_until = date(2019, 1, 10)
        after = before.model_dump() | {"name": "新市", "valid_from": date(2019, 1, 10)}
        session.add(DivisionRow(**(after | {"valid_until": None})))
    late = order().model_copy(update={"now": NOW + timedelta(days=15)})
    assert drawn(run(opens.open_follow_up, late)) == [first]


def test_who_is_in_the_register_again_is_not_due_any_more(
    opens: FollowUpActivities, engine: Engine, asked: RegistryActivities, registry: Registry
) -> None:
    back, revoked, visited, stays = exited(engine, FIRST, 4)
    run(opens.open_follow_up, order())
    file, case_id = FollowUpFile(), follow_up_case(TOWNSHIP.code, 2019)
    file.visits(visit(visited))
    run(asked.write_ledger, file.batch())
    assert run(opens.back_in_register, BackOrder(case_id=case_id, on=date(2019, 3, 1))) == ()
    for code in (back, visited):
        places.falls_back(engine, code, date(2019, 3, 2))
    with writing(engine) as session:
        session.add(
            EpisodeRow(
                household_code=revoked,
                number=2,
                cause=Cause.REVOKED,
                registered_on=date(2019, 3, 1),
            )
        )
    found = run(opens.back_in_register, BackOrder(case_id=case_id, on=date(2019, 3, 1)))
    assert found == (Back(household=revoked, since=date(2019, 3, 1), cause=Cause.REVOKED),)
    found = run(opens.back_in_register, BackOrder(case_id=case_id, on=date(2019, 3, 2)))
    assert [(each.household, each.cause) for each in found] == [
        (back, Cause.FALLEN_BACK),
        (revoked, Cause.REVOKED),
    ]
    due = {each.household: each for each in registry.follow_ups.due(2019)}
    assert (due[back].back_on, due[stays].back_on) == (date(2019, 3, 2), None)
    assert [code for code, each in due.items() if each.is_left] == [stays]


def test_a_household_that_moved_within_the_year_stays_on_its_first_list(
    opens: FollowUpActivities, engine: Engine
) -> None:
    moved, stays = exited(engine, FIRST, 2)
    run(opens.open_follow_up, order())
    exited(engine, ELSEWHERE, 1)
    with writing(engine) as session:
        session.get_one(HouseholdRow, moved).village_code = ELSEWHERE
    there = TOWNSHIP.model_copy(update={"code": "411523200", "name": "合成200乡"})
    case_id = follow_up_case(there.code, 2019)
    due = run(opens.open_follow_up, order(subject=there, case_id=case_id))
    assert moved not in drawn(due)
    assert len(drawn(due)) == 1
    assert stays not in drawn(due)


# -- what is listed of the file -----------------------------------------------------------------


@pytest.fixture
def listed(opens: FollowUpActivities, engine: Engine) -> list[str]:
    """Three households on the list of 2019."""
    exited(engine, FIRST, 2)
    exited(engine, SECOND, 1)
    return drawn(run(opens.open_follow_up, order()))


def test_visits_are_listed_and_a_correction_replaces(
    listed: list[str], engine: Engine, asked: RegistryActivities, registry: Registry
) -> None:
    file, (first, second, third) = FollowUpFile(), listed
    file.visits(visit(first), visit(second, stable=False, note="失业（合成）"))
    run(asked.write_ledger, file.batch())
    entry = file.visits(visit(first, "2019-04-01", stable=False, note="病", correction="误"))
    run(asked.write_ledger, file.batch(2))
    found = {each.household: each for each in registry.follow_ups.due(2019)}
    assert [found[code].stable for code in listed] == [False, False, None]
    assert (found[first].made_on, found[first].note) == (date(2019, 4, 1), "病")
    assert found[first].office == "A5/411523"
    assert (found[second].head, found[second].size) == ("张某", 3)
    assert found[third].made_on is None
    (check,) = registry.register.household(first, date(2019, 5, 1)).visits
    assert (check.seq, check.case_id) == (entry.seq, "follow-up/411523100/2019")
    assert registry.follow_ups.due(2018) == ()
    assert len(registry.follow_ups.due(2019, "411523")) == 3
    assert registry.follow_ups.due(2019, "411522") == ()
    assert registry.follow_ups.case_of(first) == "follow-up/411523100/2019"
    assert registry.follow_ups.case_of("SL-none") is None


def test_a_risk_is_listed_once_until_it_is_lifted(
    listed: list[str],
    opens: FollowUpActivities,
    engine: Engine,
    asked: RegistryActivities,
    registry: Registry,
) -> None:
    file, first = FollowUpFile(), listed[0]
    file.visits(visit(first, "2019-03-01", note="收入下降（合成）", risk="marginal"))
    file.mark(first)  # in force already
    file.mark(first, risk="unstable", at=NOW + timedelta(days=70))
    run(asked.write_ledger, file.batch())
    assert registry.follow_ups.due(2019)[0].risks == (Risk.MARGINAL, Risk.UNSTABLE)
    # 2019-01-05 02:00 UTC and eighty days: 26 March in Beijing.
    file.mark(first, lifted=True, reason="已就业（合成）", at=NOW + timedelta(days=80))
    run(asked.write_ledger, file.batch(4))
    marked = registry.register.household(first, date(2019, 5, 1)).risks
    assert [(each.risk, each.since, each.until) for each in marked] == [
        (Risk.MARGINAL, date(2019, 3, 1), date(2019, 3, 26)),
        (Risk.UNSTABLE, date(2019, 3, 16), None),
    ]
    # The next year begins with the marks in force.
    due = known(run(opens.open_follow_up, order(2020, date(2020, 1, 5))))
    assert [(mark.household, mark.risk) for mark in due.marks] == [(first, Risk.UNSTABLE)]


@pytest.mark.clause("G7")
def test_what_a_list_cannot_take_is_kept_in_the_file_all_the_same(
    listed: list[str], engine: Engine, asked: RegistryActivities
) -> None:
    file = FollowUpFile()
    file.visits(visit("SL-nowhere"))
    file.visits({"household": listed[0]})
    file.mark("SL-nowhere")
    file.mark(listed[0], risk="poor")
    file.mark(listed[0], lifted=True)
    assert run(asked.write_ledger, file.batch()).count == 5
    assert {row["seq"] for row in rows(engine, CheckRow)} == {None}
    assert rows(engine, RiskRow) == []


def test_a_mark_is_not_lifted_before_it_was_set(
    listed: list[str], engine: Engine, asked: RegistryActivities, registry: Registry
) -> None:
    file, first = FollowUpFile(), listed[0]
    file.visits(visit(first, "2019-03-01", note="收入下降（合成）", risk="marginal"))
    file.mark(first, lifted=True, at=NOW)  # signed on 5 January
    run(asked.write_ledger, file.batch())
    (mark,) = registry.register.household(first, date(2019, 5, 1)).risks
    assert (mark.since, mark.until) == (date(2019, 3, 1), date(2019, 3, 1))


def test_a_registry_restored_from_before_the_opening_lists_who_is_due_again(
    engine: Engine, asked: RegistryActivities, registry: Registry
) -> None:
    places.put_village(engine, FIRST, 300)
    first, second = exited(engine, FIRST, 2)
    file = FollowUpFile()
    file.due(first, second, "SL-nowhere")
    file.visits(visit(first))
    run(asked.write_ledger, file.batch())
    found = {each.household: each for each in registry.follow_ups.due(2019)}
    assert sorted(found) == sorted([first, second])
    assert (found[first].made_on, found[second].made_on) == (date(2019, 3, 1), None)
    assert (found[second].case_id, found[second].due_on) == (
        "follow-up/411523100/2019",
        date(2019, 11, 30),
    )


def test_a_registry_restored_from_an_older_copy_lists_the_visits_again(
    engine: Engine, asked: RegistryActivities, registry: Registry
) -> None:
    places.put_village(engine, FIRST, 300)
    (first,) = exited(engine, FIRST, 1)
    file = FollowUpFile()
    file.visits(visit(first))
    run(asked.write_ledger, file.batch())
    (check,) = registry.follow_ups.due(2019)
    assert (check.due_on, check.made_on) == (date(2019, 11, 30), date(2019, 3, 1))
