"""The register's side of an entry: admitted, begun once, and the alarms it raises (F5)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.exceptions import ApplicationError

from activities.reentry import ReentryActivities
from models.case.ledger import EntryKind, Ledger
from models.case.messages import Ending
from models.offices import SubjectKind
from models.reentry.orders import Entered, ReentryLookUp
from models.register.households import Cause, HouseholdState
from models.roster.households import State
from registry.cases.projections import keep_state, list_case, project
from registry.database.engine import writing
from registry.desk import Registry
from registry.errors import RegistryError
from registry.facts.alarms import alarms_of
from registry.tables import (
    AlarmRow,
    CaseRow,
    DivisionRow,
    EpisodeRow,
    MemberRow,
    RosterRow,
    VillageRow,
)
from tests.activities.admitted import RUN, gate, known
from tests.activities.admitted import batch as kept_batch
from tests.activities.reentry_cases import (
    APPLIED,
    LEFT_ON,
    ON,
    admission,
    entry,
    poor,
    put_household,
    put_left_village,
    state,
)
from tests.activities.registry_cases import at_once, rows, run
from tests.activities.village_cases import VILLAGE
from tests.models.samples import HENAN


@pytest.fixture
def entering(engine: Engine, registry: Registry) -> ReentryActivities:
    """The activities of a register with one household that left a village that left."""
    put_left_village(engine)
    put_household(engine)
    return ReentryActivities(engine, gate())


def refused(entering: ReentryActivities, household: str = "F000001", **changes: Any) -> str:
    """Why an application is not admitted."""
    said = run(entering.admit_reentry, admission(household, **changes)).fault
    assert said is not None
    return said


def enters(entering: ReentryActivities, household: str = "F000001", **changes: Any) -> Entered:
    """The household is put into the register."""
    found: Entered = run(entering.enter_household, entry(household, **changes))
    return found


def episodes(engine: Engine, household: str = "F000001") -> list[dict[str, Any]]:
    mine = [row for row in rows(engine, EpisodeRow) if row["household_code"] == household]
    return sorted(mine, key=lambda row: row["number"])


# -- admission --------------------------------------------------------------------------------


@pytest.mark.clause("F5", "S1", "G9")
def test_an_admitted_household_is_listed_and_a_second_case_refused(
    entering: ReentryActivities, engine: Engine
) -> None:
    admitted = known(run(entering.admit_reentry, admission()))
    assert admitted.cause is Cause.FALLEN_BACK
    failed = [each.id for each in admitted.findings(HENAN.standards) if not each.met]
    assert failed == ["S1.housing"]
    assert [row["case_id"] for row in rows(engine, CaseRow)] == ["reentry/F000001/2018"]
    # Its own listing must not stop it: the question may be asked again.
    assert run(entering.admit_reentry, admission()).fault is None
    said = refused(entering, case_id="reentry/F000001/2018/2")
    assert said == "household F000001 already has an open case: reentry/F000001/2018 (G9)"
    # One that was opened the year before, and is open still, stops it as well.
    said = refused(entering, year=2017, case_id="reentry/F000001/2017")
    assert said.endswith("already has an open case: reentry/F000001/2018 (G9)")


@pytest.mark.clause("F5", "S1")
def test_a_child_out_of_school_is_named(entering: ReentryActivities, engine: Engine) -> None:
    put_household(engine, "F000009", lived=poor(housing=True, schooling=False))
    with writing(engine) as session:
        session.add(
            MemberRow(
                key="41152320090301002X",
                id_number="41152320090301002X",
                household_code="F000009",
                name="合成乙",
                relation="之女",
            )
        )
    told = known(run(entering.admit_reentry, admission("F000009")))
    unmet = [each.zh for each in told.findings(HENAN.standards) if not each.met]
    assert unmet == ["适龄儿童（合成乙2009年生）接受九年义务教育：否"]


@pytest.mark.clause("F5", "G9")
@pytest.mark.parametrize("ending", [Ending.NOT_ENTERED, Ending.WITHDRAWN, Ending.NOT_ADMITTED])
def test_another_attempt_of_the_year_follows_on_one_that_ended(
    entering: ReentryActivities, engine: Engine, ending: Ending
) -> None:
    with writing(engine) as session:
        ended = state("reentry/F000001/2018", "F000001", outcome=ending.value)
        list_case(session, ended, APPLIED, RUN)
    assert refused(entering) == (
        "the id of this case is not reentry/F000001/2018 but reentry/F000001/2018/2 (G9)"
    )
    assert run(entering.admit_reentry, admission(case_id="reentry/F000001/2018/2")).fault is None


@pytest.mark.clause("F5", "G9")
@pytest.mark.parametrize(
    ("stands", "outcome", "stops"),
    [
        (State.VERIFIED, None, True),
        (State.STRUCK_OFF, None, False),
        (State.OUT, None, False),
        (State.VERIFIED, Ending.NOT_EXITED.value, False),
    ],
)
def test_who_is_on_its_way_on_a_roster_waits_for_the_end_of_that(
    entering: ReentryActivities, engine: Engine, stands: State, outcome: str | None, stops: bool
) -> None:
    case_id = "household-exit/411523100901/2017/1"
    with writing(engine) as session:
        of_roster: Any = {"procedure": "household", "subject_code": VILLAGE.code}
        listed = state(case_id, "F000001", 2017, outcome=outcome, **of_roster)
        list_case(session, listed, APPLIED, RUN)
        session.add(
            RosterRow(
                case_id=case_id, household_code="F000001", year=2017, state=stands.value, since=1
            )
        )
    said = run(entering.admit_reentry, admission()).fault
    expected = f"household F000001 already has an open case: {case_id} (G9)"
    assert said == (expected if stops else None)


@pytest.mark.clause("F5")
def test_a_place_that_has_the_number_of_a_household_is_no_case_of_it(
    entering: ReentryActivities, engine: Engine
) -> None:
    put_household(engine, "411523")
    with writing(engine) as session:
        of_county: Any = {"procedure": "county", "subject_code": "411523"}
        list_case(session, state("county-exit/411523/2018", "411523", **of_county), APPLIED, RUN)
    assert run(entering.admit_reentry, admission("411523")).fault is None


@pytest.mark.clause("F5", "S1")
def test_whether_it_is_poor_is_asked_of_the_register_itself(
    entering: ReentryActivities, engine: Engine
) -> None:
    put_household(engine, "F000002", exited_on=None)
    assert "as poor already, since 2014-06-01" in refused(entering, "F000002")
    put_household(engine, "F000003", lived=poor(year=2017))
    assert "has no livelihood of 2018 in the register (S1)" in refused(entering, "F000003")
    put_household(engine, "F000004", lived=poor(housing=True))
    assert "it meets every criterion of S1 in 2018" in refused(entering, "F000004")


@pytest.mark.clause("F5")
def test_who_is_unknown_or_lives_nowhere_is_refused(
    entering: ReentryActivities, engine: Engine
) -> None:
    said = refused(entering, "F999999")
    assert said.startswith("household F999999: the register knows no household with this number")
    with writing(engine) as session:
        county = session.get_one(DivisionRow, (VILLAGE.county.code, date(2012, 3, 19)))
        county.valid_until = date(2018, 1, 1)
    assert "household F000001: its village 411523100901: its county 411523" in refused(entering)


@pytest.mark.clause("F5", "S1")
def test_a_household_is_looked_up_as_of_a_day(entering: ReentryActivities, engine: Engine) -> None:
    def found(on: date) -> tuple[date | None, int]:
        asked = ReentryLookUp(case_id="reentry/F000001/2018", household="F000001", year=2018, on=on)
        known = run(entering.look_up_reentry, asked)
        return known.registered_on, known.episodes

    assert found(date(2014, 5, 31)) == (None, 0)
    assert found(date(2016, 12, 19)) == (date(2014, 6, 1), 1)
    assert found(LEFT_ON) == (None, 1)


# -- the episode ------------------------------------------------------------------------------


@pytest.mark.clause("F5", "S5")
def test_an_episode_begins_once_however_often_it_is_ordered(
    entering: ReentryActivities, engine: Engine, registry: Registry
) -> None:
    answers = at_once([lambda: enters(entering)] * 8)
    answers.append(enters(entering))
    assert {(each.number, each.cause) for each in answers} == {(2, Cause.FALLEN_BACK)}
    assert len({each.model_dump_json() for each in answers}) == 1
    first, second = episodes(engine)
    assert (first["number"], first["exited_on"]) == (1, LEFT_ON)
    assert (second["registered_on"], second["exited_on"]) == (ON, None)
    assert (second["opening_document"], second["opened_by"], second["opened_seq"]) == (
        "合成〔R4〕号", "reentry/F000001/2018", 14
    )  # fmt: skip
    for on, state_, poor_people in (
        (date(2018, 12, 2), HouseholdState.EXITED, 0),
        (ON, HouseholdState.FALLEN_BACK, 2),
    ):
        assert registry.register.household("F000001", on).state is state_
        incidence = registry.register.village(VILLAGE.code, on).incidence
        assert incidence is not None
        assert incidence.poor == poor_people


@pytest.mark.clause("F5")
def test_two_cases_at_once_begin_one_episode(entering: ReentryActivities, engine: Engine) -> None:
    def enter(case_id: str) -> str:
        try:
            enters(entering, case_id=case_id)
        except ApplicationError as error:
            return f"{error.type} {error.non_retryable} {error.message.partition(': ')[2]}"
        return ""

    said = at_once([lambda n=n: enter(f"reentry/F000001/2018/{n}") for n in range(2, 6)])  # type: ignore[misc]
    assert sorted(map(bool, said)) == [False, True, True, True]
    (done,) = [n for n, each in zip(range(2, 6), said, strict=True) if not each]
    assert {each for each in said if each} == {
        "RegisterConflict True household F000001 is in the register as poor already, since "
        f"{ON}, by reentry/F000001/2018/{done}"
    }
    assert len(episodes(engine)) == 2


@pytest.mark.clause("F5")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"effective_on": date(2016, 12, 19)}, "cannot enter on 2016-12-19: it left 2016-12-20"),
        ({"effective_on": LEFT_ON}, None),
    ],
)
def test_an_episode_begins_after_the_last_has_ended(
    entering: ReentryActivities, engine: Engine, changes: dict[str, Any], said: str | None
) -> None:
    if said is None:
        assert enters(entering, **changes).number == 2
        return
    with pytest.raises(ApplicationError, match=said):
        enters(entering, **changes)
    assert len(episodes(engine)) == 1


@pytest.mark.clause("F5")
def test_an_entry_that_is_not_the_posted_one_is_left_as_it_is(
    entering: ReentryActivities, engine: Engine
) -> None:
    put_household(engine, size=3)
    assert enters(entering).number is None
    assert len(episodes(engine)) == 1
    assert enters(entering, revision=2, seq=20).number == 2


@pytest.mark.clause("F5")
def test_who_never_was_in_the_register_begins_the_first_episode(
    entering: ReentryActivities, engine: Engine
) -> None:
    put_household(engine, "F000002", registered_on=None)
    assert episodes(engine, "F000002") == []
    admitted = known(run(entering.admit_reentry, admission("F000002")))
    assert admitted.cause is Cause.REGISTERED
    entered = enters(entering, "F000002")
    assert (entered.number, entered.cause) == (1, Cause.REGISTERED)
    (episode,) = episodes(engine, "F000002")
    assert (episode["cause"], episode["registered_on"]) == (Cause.REGISTERED, ON)


@pytest.mark.clause("F5", "S5")
def test_more_poor_people_than_live_there_wait_for_the_mending(
    entering: ReentryActivities, engine: Engine
) -> None:
    def lives(people: int) -> None:
        with writing(engine) as session:
            session.get_one(VillageRow, VILLAGE.code).population = people

    lives(1)
    with pytest.raises(RegistryError, match="counts 2 poor people as of 2018-12-03 among"):
        enters(entering)
    assert len(episodes(engine)) == 1
    lives(100)
    assert enters(entering).number == 2


# -- alarms -----------------------------------------------------------------------------------


@pytest.mark.clause("F5", "S5")
def test_an_alarm_from_two_percent_on_and_not_below(engine: Engine, registry: Registry) -> None:
    """1 of 100 is 1 %; 2 of 100 are 2 %, not below 2 %; 2 of 101 are 1.98 %, below it."""
    put_left_village(engine)
    entering = ReentryActivities(engine, gate())
    for code in ("F000001", "F000002"):
        put_household(engine, code, size=1)
    assert enters(entering).alarms == ()
    (alarm,) = enters(entering, "F000002").alarms
    assert (alarm.kind, alarm.code) == ("village", VILLAGE.code)
    assert (alarm.incidence.poor, alarm.incidence.population, alarm.incidence.as_of) == (2, 100, ON)
    assert [str(office) for office in alarm.tell] == ["A5/411523", "A6/411500"]
    with writing(engine) as session:
        session.get_one(VillageRow, VILLAGE.code).population = 101
    # Asked again, it says what the register counts then.
    assert enters(entering, "F000002").alarms == ()
    loose = HENAN.standards.model_copy(update={"incidence_strict": False})
    with writing(engine) as session:
        session.get_one(VillageRow, VILLAGE.code).population = 100
    policy = HENAN.model_copy(update={"standards": loose})
    assert enters(entering, "F000002", policy=policy).alarms == ()


@pytest.mark.clause("F5")
def test_of_households_that_enter_at_once_the_later_one_raises_the_alarm(
    engine: Engine, registry: Registry
) -> None:
    """Each of them is 1 of 100, both are 2 %: one that is not kept yet is waited for."""
    put_left_village(engine)
    entering = ReentryActivities(engine, gate())
    for code in ("F000001", "F000002"):
        put_household(engine, code, size=1)
    with ThreadPoolExecutor(1) as pool:
        with writing(engine) as session:
            session.add(
                EpisodeRow(
                    household_code="F000001", number=2, cause=Cause.FALLEN_BACK, registered_on=ON
                )
            )
            session.flush()
            assert alarms_of(session, VILLAGE.code, ON, HENAN) == ()
            later = pool.submit(enters, entering, "F000002")
            with pytest.raises(TimeoutError):
                later.result(timeout=1)
        (alarm,) = later.result().alarms
    assert (alarm.kind, alarm.incidence.poor) == ("village", 2)


@pytest.mark.clause("F5")
def test_who_is_told_of_a_village_and_of_a_county(engine: Engine, registry: Registry) -> None:
    put_left_village(engine, county=True)
    put_household(engine)
    of_village, of_county = enters(ReentryActivities(engine, gate())).alarms
    assert (of_county.kind, of_county.code, of_county.name) == ("county", "411523", "新县")
    assert [str(office) for office in of_village.tell] == ["A5/411523", "A6/411500"]
    assert [str(office) for office in of_county.tell] == ["A6/411500", "A7/410000"]


@pytest.mark.clause("F5", "A7")
def test_of_a_directly_administered_county_the_province_alone_is_told(
    engine: Engine, registry: Registry
) -> None:
    put_left_village(engine, county=True)
    put_household(engine)
    with writing(engine) as session:
        county = session.get_one(DivisionRow, (VILLAGE.county.code, date(2012, 3, 19)))
        county.directly_administered = True
    of_village, of_county = enters(ReentryActivities(engine, gate())).alarms
    assert [str(office) for office in of_village.tell] == ["A5/411523", "A7/410000"]
    assert [str(office) for office in of_county.tell] == ["A7/410000"]


@pytest.mark.clause("F5")
def test_a_village_that_is_on_the_list_still_raises_none(
    engine: Engine, registry: Registry
) -> None:
    put_left_village(engine, exited=False)
    put_household(engine)
    assert enters(ReentryActivities(engine, gate())).alarms == ()


@pytest.mark.clause("F5", "G7")
def test_an_alarm_is_listed_from_the_file_of_its_case(
    entering: ReentryActivities, engine: Engine, registry: Registry
) -> None:
    (alarm,) = enters(entering).alarms
    case_id = "reentry/F000001/2018"
    ledger = Ledger(case_id)
    ledger.record(EntryKind.ALARM, APPLIED, text="预警", data={"alarm": alarm.content()})
    ledger.record(EntryKind.ALARM, APPLIED, text="另一回事", data={"alarm": "?"})
    batch = kept_batch(case_id, ledger.entries, state(case_id, "F000001"))
    with writing(engine) as session:
        keep_state(session, batch, ledger.entries)
        project(session, batch, ledger.entries)
    (row,) = rows(engine, AlarmRow)
    assert row == {
        "case_id": case_id, "seq": 1, "subject_code": VILLAGE.code, "kind": SubjectKind.VILLAGE,
        "poor": 2, "population": 100, "as_of": ON, "ended": False,
    }  # fmt: skip
    (shown,) = registry.register.village(VILLAGE.code, ON).alarms
    assert (shown.name, shown.poor, shown.population) == (VILLAGE.name, 2, 100)
    assert registry.county_record(VILLAGE.county.code).alarms == (shown,)
    assert registry.county_record("411524").alarms == ()


# -- what else counts it ----------------------------------------------------------------------


@pytest.mark.clause("F5", "G9", "F8")
def test_an_open_entry_is_no_case_of_the_village_and_no_exit_of_the_year(
    engine: Engine, registry: Registry
) -> None:
    put_left_village(engine, exited=False)
    put_household(engine)
    entering = ReentryActivities(engine, gate())
    run(entering.admit_reentry, admission())
    (village,) = registry.planning.ready_villages(2018, HENAN, date(2018, 11, 21))
    assert (village.open_case, village.open_rosters) == (None, ())
    progress = registry.planning.progress(2018, HENAN)
    assert progress.total.households.under_way == 0
    assert progress.targets is not None
    with writing(engine) as session:
        session.get_one(EpisodeRow, ("F000001", 1)).exit_year = 2016

    def people(year: int) -> int:
        targets = registry.planning.progress(year, HENAN).targets
        assert targets is not None
        return next(each.reached for each in targets if each.name == "people")

    enters(entering)
    # Two people left in 2016, and are back since December 2018.
    assert (people(2016), people(2017), people(2018)) == (2, 2, 0)


@pytest.mark.clause("F5", "H1")
def test_who_came_in_is_on_a_roster_of_a_later_year(
    entering: ReentryActivities, registry: Registry, engine: Engine
) -> None:
    run(entering.admit_reentry, admission())
    enters(entering)

    def there(year: int) -> tuple[bool, str | None]:
        on = date(2019, 11, 1)
        _, found = registry.known_households(VILLAGE.code, year, on, ["F000001"])
        return found["F000001"].registered, found["F000001"].entered_by

    assert there(2017) == (True, "reentry/F000001/2018")
    assert there(2018) == (True, "reentry/F000001/2018")
    assert there(2019) == (True, None)
    put_household(engine, lived=poor(year=2019))
    assert there(2019) == (True, None)
