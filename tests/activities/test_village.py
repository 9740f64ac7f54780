"""The register of villages: admitted, counted and struck off, once however often asked."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, text
from temporalio.exceptions import ApplicationError

from activities.leaving import LeavingActivities
from activities.ledger import RegistryActivities
from activities.village import VillageActivities
from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.offices import Village
from models.register.villages import Incidence
from models.village.orders import VillageCount
from registry.database.engine import writing
from registry.desk import Registry
from registry.errors import RegistryError
from registry.tables import (
    CaseRow,
    DivisionRow,
    NoticeRow,
    Standing,
    VillageRow,
    VillageStatusRow,
    VillageYearRow,
)
from tests.activities.admitted import gate, known
from tests.activities.registry_cases import at_once, ended, rows, run
from tests.activities.village_cases import (
    LISTED_SINCE,
    VILLAGE,
    VillageFile,
    admission,
    change,
    put_village,
)
from tests.models.village_samples import survey
from tests.registry.known import village_facts


@pytest.fixture
def villages(engine: Engine, registry: Registry) -> VillageActivities:
    """The activities of a register that holds the village and Henan's counties."""
    put_village(engine)
    return VillageActivities(engine, gate())


def refused(villages: VillageActivities, **changes: Any) -> str:
    """Why an application is not admitted."""
    fault = run(villages.admit_village, admission(**changes)).fault
    assert fault is not None
    return fault


# -- admission --------------------------------------------------------------------------------


@pytest.mark.clause("V1", "G6", "S5")
def test_what_the_register_knows_of_a_village(
    villages: VillageActivities, registry: Registry
) -> None:
    facts = village_facts(registry, VILLAGE.code, 2017, date(2017, 11, 20))
    assert facts.subject == VILLAGE
    assert (facts.listed, facts.exited_on, facts.planned, facts.attempt) == (True, None, True, 1)
    assert facts.incidence is not None
    assert (facts.incidence.poor, facts.incidence.population) == (4, 300)
    assert facts.incidence.as_of == date(2017, 11, 20)
    before = village_facts(registry, VILLAGE.code, 2018, date(2013, 12, 31))
    assert (before.listed, before.exited_on, before.planned) == (False, None, False)


@pytest.mark.clause("V1", "G6", "G9")
def test_an_admitted_village_is_listed_as_a_case_and_a_second_one_refused(
    villages: VillageActivities, engine: Engine
) -> None:
    assert known(run(villages.admit_village, admission())).planned
    assert [row["case_id"] for row in rows(engine, CaseRow)] == [VillageFile().case_id]
    # Its own listing must not stop it: the question may be asked again.
    assert run(villages.admit_village, admission()).fault is None
    second = refused(villages, case_id=f"{VillageFile().case_id}/2")
    assert f"already has an open case for 2017: {VillageFile().case_id} (G9)" in second


@pytest.mark.clause("G9")
def test_a_withdrawn_case_is_followed_by_a_second_attempt(
    villages: VillageActivities, asked: RegistryActivities
) -> None:
    file = VillageFile()
    file.add(EntryKind.WITHDRAWAL)
    run(asked.write_ledger, file.batch(**ended(Ending.WITHDRAWN)))
    said = refused(villages)
    assert said == f"the id of this case is not {file.case_id} but {file.case_id}/2 (G9)"
    assert run(villages.admit_village, admission(case_id=f"{file.case_id}/2")).fault is None


@pytest.mark.clause("G9")
def test_a_case_of_the_county_or_of_a_roster_is_no_case_of_the_village(
    villages: VillageActivities, asked: RegistryActivities
) -> None:
    file = VillageFile()
    file.add(EntryKind.STEP_OPENED)
    for procedure in ("household", "county"):
        other = f"{procedure}-exit/{VILLAGE.code}/2017/1"
        file.case_id = file.ledger.case_id = other
        file.ledger.entries.clear()
        file.add(EntryKind.STEP_OPENED)
        run(asked.write_ledger, file.batch(case_id=other, procedure=procedure))
    assert run(villages.admit_village, admission()).fault is None


@pytest.mark.clause("V1")
@pytest.mark.parametrize(
    ("village", "said"),
    [
        (VILLAGE.model_copy(update={"name": "别村"}), "name '别村' for '合成村'"),
        (VILLAGE.model_copy(update={"directly_administered": True}), "directly_administered True"),
        (VILLAGE.model_copy(update={"code": "411523100999"}), "knows no village with this code"),
    ],
)
def test_a_village_other_than_the_registers_is_refused(
    villages: VillageActivities, village: Village, said: str
) -> None:
    assert said in refused(villages, village=village)


@pytest.mark.clause("V1")
def test_a_village_whose_county_has_gone_is_refused(
    villages: VillageActivities, engine: Engine
) -> None:
    with writing(engine) as session:
        row = session.get(DivisionRow, (VILLAGE.county.code, date(2012, 3, 19)))
        assert row is not None
        row.valid_until = date(2017, 11, 20)
    # Midnight in Beijing, not in UTC: 15:59:59 is still the 19th, 16:00 the 20th.
    still = datetime(2017, 11, 19, 15, 59, 59, tzinfo=UTC)
    assert run(villages.admit_village, admission(now=still)).fault is None
    said = refused(villages, now=datetime(2017, 11, 19, 16, tzinfo=UTC))
    assert "its county 411523 was no county of a city and province in the register on" in said


@pytest.mark.clause("V3", "A7")
def test_direct_administration_is_the_countys(
    villages: VillageActivities, registry: Registry, engine: Engine
) -> None:
    with writing(engine) as session:
        row = session.get(DivisionRow, (VILLAGE.county.code, date(2012, 3, 19)))
        assert row is not None
        row.directly_administered = True
    village = village_facts(registry, VILLAGE.code, 2017, date(2017, 11, 20)).subject
    assert village is not None
    assert village.directly_administered


# -- counting ---------------------------------------------------------------------------------


@pytest.mark.clause("S5")
def test_the_poor_are_counted_as_of_a_day(villages: VillageActivities) -> None:
    for on, poor in ((date(2014, 5, 31), 0), (date(2014, 6, 1), 4), (date(2017, 11, 20), 4)):
        found = run(villages.village_incidence, VillageCount(village=VILLAGE.code, on=on))
        assert (found.poor, found.population, found.as_of) == (poor, 300, on)


@pytest.mark.clause("S5")
def test_without_a_population_the_case_waits_for_the_mending(
    engine: Engine, registry: Registry
) -> None:
    put_village(engine, poor=0, population=0)
    villages = VillageActivities(engine, gate())
    count = VillageCount(village=VILLAGE.code, on=date(2017, 11, 20))
    with pytest.raises(RegistryError, match="the register has no population for 411523100901"):
        run(villages.village_incidence, count)


# -- striking off -----------------------------------------------------------------------------


@pytest.mark.clause("V3")
@pytest.mark.usefixtures("villages")
def test_a_village_leaves_the_list_once(
    leaving: LeavingActivities, registry: Registry, engine: Engine
) -> None:
    order = change()
    answers = at_once([lambda: run(leaving.strike_off_village, order)] * 8)
    answers.append(run(leaving.strike_off_village, order))
    (left,) = set(answers)
    assert left.since == date(2017, 12, 20)
    (posted,) = rows(engine, NoticeRow)
    assert (posted["id"], posted["markdown"]) == (left.notice.notice_id, left.notice.markdown)
    assert posted["closes_at"] == posted["posted_at"]  # it is no publicity
    listed, exited = sorted(rows(engine, VillageStatusRow), key=lambda row: str(row["since"]))
    assert (listed["status"], listed["since"], listed["until"]) == (
        Standing.LISTED, LISTED_SINCE, date(2017, 12, 20)
    )  # fmt: skip
    assert (exited["status"], exited["since"], exited["until"]) == (
        Standing.EXITED, date(2017, 12, 20), None
    )  # fmt: skip
    assert (exited["exit_year"], exited["document"]) == (2017, "信扶贫〔2017〕88号")
    assert (exited["case_id"], exited["seq"]) == (order.case_id, order.seq)
    assert village_facts(registry, VILLAGE.code, 2017, date(2017, 12, 19)).listed
    facts = village_facts(registry, VILLAGE.code, 2017, date(2017, 12, 20))
    assert (facts.listed, facts.exited_on) == (False, date(2017, 12, 20))


def told(poor: int) -> Incidence:
    """So many of 200 were told to who approved."""
    return Incidence(poor=poor, population=200, as_of=date(2017, 12, 19))


@pytest.mark.clause("V3", "S2", "S6", "F5")
@pytest.mark.parametrize(
    ("poor", "stays"), [(3, True), (4, False), (5, False)], ids=["better", "the same", "worse"]
)
@pytest.mark.usefixtures("villages")
def test_a_village_leaves_at_no_more_than_was_told(
    leaving: LeavingActivities, engine: Engine, poor: int, stays: bool
) -> None:
    """4 of 200 people are 2 %, which is not below it: who approved was told of 3, 4 or 5."""
    with writing(engine) as session:
        session.get_one(VillageRow, VILLAGE.code).population = 200
    order = change(told=told(poor))
    if not stays:
        assert run(leaving.strike_off_village, order).since == date(2017, 12, 20)
        return
    with pytest.raises(ApplicationError, match=r"S2\.incidence is not met \(.*4/200 = 2") as said:
        run(leaving.strike_off_village, order)
    assert (said.value.type, said.value.non_retryable) == ("NoMoreMet", True)
    assert said.value.details == ("S2.incidence",)
    (listed,) = rows(engine, VillageStatusRow)
    assert listed["until"] is None
    assert rows(engine, NoticeRow) == []


@pytest.mark.clause("V3", "S2", "F5")
@pytest.mark.usefixtures("villages")
def test_more_than_was_told_is_no_matter_below_the_threshold_or_once_it_has_left(
    leaving: LeavingActivities, engine: Engine
) -> None:
    """4 of 201 people are 1.99 %."""
    order = change(told=told(3))
    for population in (201, 200):  # asked again, it is done
        with writing(engine) as session:
            session.get_one(VillageRow, VILLAGE.code).population = population
        assert run(leaving.strike_off_village, order).since == date(2017, 12, 20)


@pytest.mark.clause("V3")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seq": 21}, "already left on 2017-12-20 by village-exit/411523100901/2017, entry 20"),
        ({"year": 2018, "effective_on": date(2018, 12, 1)}, "already left on 2017-12-20"),
    ],
)
@pytest.mark.usefixtures("villages")
def test_a_village_that_left_cannot_leave_again(
    leaving: LeavingActivities, engine: Engine, changes: dict[str, Any], said: str
) -> None:
    run(leaving.strike_off_village, change())
    before = rows(engine, VillageStatusRow)
    with pytest.raises(ApplicationError, match=re.escape(said)) as caught:
        run(leaving.strike_off_village, change(**changes))
    assert (caught.value.type, caught.value.non_retryable) == ("RegisterConflict", True)
    assert rows(engine, VillageStatusRow) == before


@pytest.mark.clause("V3")
def test_only_a_listed_village_can_leave(
    engine: Engine, registry: Registry, leaving: LeavingActivities
) -> None:
    put_village(engine, listed=False)
    with pytest.raises(ApplicationError, match="is not on the register as poor"):
        run(leaving.strike_off_village, change())


@pytest.mark.clause("V3")
@pytest.mark.usefixtures("villages")
def test_a_village_does_not_leave_on_the_day_it_was_listed(leaving: LeavingActivities) -> None:
    with pytest.raises(ApplicationError, match="it is listed since 2014-01-01"):
        run(leaving.strike_off_village, change(effective_on=LISTED_SINCE))


def test_an_outage_is_tried_again(
    villages: VillageActivities, leaving: LeavingActivities, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE village_status RENAME TO away"))
    for ask, order in (
        (leaving.strike_off_village, change()),
        (villages.admit_village, admission()),
    ):
        with pytest.raises(RegistryError) as caught:
            run(ask, order)
        assert not isinstance(caught.value, ApplicationError)


# -- what the lists take from the file --------------------------------------------------------


@pytest.mark.clause("V1", "S2")
def test_the_survey_of_a_case_stands_for_the_year(
    villages: VillageActivities, asked: RegistryActivities, engine: Engine
) -> None:
    put_village(engine, poor=0, planned=False, survey=survey(doctor=False), survey_year=2017)
    file = VillageFile()
    found = survey(bus="not_feasible", industry="合成产业", collective_income_yuan=9 * 10**9)
    file.add(EntryKind.ACT, {"act": {"step": "V1", "survey": found.content()}})
    run(asked.write_ledger, file.batch())
    run(asked.write_ledger, file.batch())
    (row,) = rows(engine, VillageYearRow)
    assert (row["doctor"], row["bus"], row["industry"]) == (True, "not_feasible", "合成产业")
    assert (row["collective_income_yuan"], row["source"]) == (
        9 * 10**9, f"{file.case_id}, entry 1"
    )  # fmt: skip
    file.add(EntryKind.ACT, {"act": {"step": "V1", "survey": survey(clinic=False).content()}})
    file.add(EntryKind.ACT, {"act": {"step": "V1", "survey": {"paved_road": "maybe"}}})
    file.add(EntryKind.ACT, {"act": {"step": "V3"}})
    run(asked.write_ledger, file.batch(first=2))
    (row,) = rows(engine, VillageYearRow)
    assert (row["clinic"], row["bus"], row["source"]) == (False, "yes", f"{file.case_id}, entry 2")


@pytest.mark.clause("V1")
def test_a_survey_in_another_procedure_is_none_of_the_village(
    villages: VillageActivities, asked: RegistryActivities, engine: Engine
) -> None:
    file = VillageFile()
    file.add(EntryKind.ACT, {"act": {"survey": survey().content()}})
    run(asked.write_ledger, file.batch(procedure="household"))
    assert rows(engine, VillageYearRow) == []
