"""Revoked exits in the register (F7): once, by the file of the exit, and counted for no year."""

import json
import re
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.exceptions import ApplicationError

from activities.revocation import RevocationActivities
from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.offices import Household
from models.orders import REGISTER_CONFLICT
from models.periods import BEIJING
from models.policy import Body
from models.register.households import HouseholdState
from models.revocation.admission import AdmitRevocation, RevocationFacts
from models.revocation.messages import Revocable, RevocationApplication, RevocationOpening
from models.revocation.orders import RevocationChange
from models.roster.households import State
from registry.database.engine import writing
from registry.desk import Registry
from registry.errors import RegistryError
from registry.tables import (
    AlarmRow,
    CaseRow,
    EpisodeRow,
    RevocationRow,
    RosterRow,
    StatusRow,
    VillageStatusRow,
)
from tests.activities.admitted import RUN, gate, known
from tests.activities.exit_files import ExitFile, county_exits, households_exit, village_exits
from tests.activities.registry_cases import XIN, at_once, rows, run
from tests.activities.village_cases import VILLAGE
from tests.models.document_samples import PROOF
from tests.models.samples import HENAN
from tests.registry.known import county_facts, village_facts
from tests.registry.places import falls_back, put_households, put_village

pytestmark = pytest.mark.clause("F7")

LEFT_ON = date(2017, 12, 20)
SIGNED = datetime(2018, 6, 1, 10, tzinfo=BEIJING)
SIGNED_ON = date(2018, 6, 1)


@pytest.fixture
def acts(engine: Engine, registry: Registry) -> RevocationActivities:
    """What a revocation asks, of a register with a village of 300 people in 新县."""
    put_village(engine, VILLAGE.code, 300, name=VILLAGE.name, township_name=VILLAGE.township.name)
    return RevocationActivities(engine, gate())


def order(
    subject: Revocable, case_id: str | None = None, now: datetime = SIGNED, **changes: Any
) -> AdmitRevocation:
    """The question whether an exit of 2017 can be revoked."""
    kinds = {6: "county", 12: "village"}
    office = {"county": "A9/410000", "village": "A6/411500", "household": "A5/411523"}
    kind = kinds.get(len(subject.code), "household")
    values: dict[str, Any] = {
        "subject": subject.code,
        "kind": kind,
        "year": 2017,
        "office": office[kind],
        "officer": "某己",
        "document_number": "合成〔X1〕号",
        "reason": "弄虚作假（合成）",
        "responsible": [{"seq": 2}],
        "evidence": [PROOF],
    }
    application = RevocationApplication.model_validate(values | changes)
    case_id = case_id or f"revocation/{subject.code}/{application.year}"
    opening = RevocationOpening(
        case_id=case_id, application=application, subject=subject, policy=HENAN
    )
    state = {
        "case_id": case_id,
        "procedure": "revocation",
        "subject_code": subject.code,
        "subject_name": subject.name,
        "year": application.year,
        "region": subject.region_path,
        "step": "X1",
        "round": 1,
        "waiting_for": None,
        "deadline": None,
        "overdue": False,
        "open_objections": 0,
        "outcome": None,
    }
    return AdmitRevocation.model_validate(
        {"opening": opening, "now": now, "state": state, "run": RUN}
    )


def change(subject: Revocable, file: ExitFile, admitted: RevocationFacts) -> RevocationChange:
    """The order to put a subject on the list again."""
    assert admitted.exit is not None
    assert admitted.exit.approved_by is not None
    return RevocationChange(
        case_id=f"revocation/{subject.code}/2017",
        seq=2,
        subject=subject,
        year=2017,
        exited_on=LEFT_ON,
        exit_case=file.case_id,
        exit_document=admitted.exit.document,
        effective_on=SIGNED_ON,
        counted_on=SIGNED_ON,
        document_number="合成〔X1〕号",
        office=admitted.exit.approved_by,
        reason="弄虚作假（合成）",
        responsible=admitted.named,
        policy=HENAN,
    )


def revoke(acts: RevocationActivities, subject: Revocable, file: ExitFile) -> RevocationChange:
    """Admit a revocation and carry it out."""
    ordered = change(subject, file, known(run(acts.admit_revocation, order(subject))))
    run(acts.revoke_exit, ordered)
    return ordered


def refused(acts: RevocationActivities, asked: AdmitRevocation) -> str:
    """Why a revocation is not admitted."""
    fault = run(acts.admit_revocation, asked).fault
    assert fault is not None
    return fault


# -- what the file of the exit says -----------------------------------------------------------


@pytest.mark.clause("V3", "A6", "G7")
def test_the_exit_is_known_by_its_file(acts: RevocationActivities, engine: Engine) -> None:
    file = village_exits(engine, VILLAGE, 2017, LEFT_ON)
    admitted = known(run(acts.admit_revocation, order(VILLAGE)))
    assert admitted.exit is not None
    # V3 is reported by the county first: who approved is whose act came last.
    assert str(admitted.exit.approved_by) == "A6/411500"
    assert (admitted.exit.document, admitted.exit.exited_on) == ("合成〔V3〕号", LEFT_ON)
    assert [str(office) for office in admitted.concerned] == ["A5/411523", "A6/411500"]
    (named,) = admitted.named
    entry = file.ledger.entries[1]
    assert (named.seq, named.hash, named.text) == (2, entry.hash, entry.text)
    assert (str(named.office), named.officer) == ("A5/411523", "某乙")
    assert [row["case_id"] for row in rows(engine, CaseRow)][-1].startswith("revocation/")
    # Its own listing must not stop it: the question may be asked again.
    assert known(run(acts.admit_revocation, order(VILLAGE))) == admitted
    second = refused(acts, order(VILLAGE, f"revocation/{VILLAGE.code}/2017/2"))
    assert f"open case on the same: revocation/{VILLAGE.code}/2017" in second


@pytest.mark.clause("V3", "A6", "A7")
@pytest.mark.parametrize(
    ("by", "right", "wrong"),
    [
        (Body.CITY_GROUP, "A6/411500", "A7/410000"),
        (Body.PROVINCIAL_GROUP, "A7/410000", "A6/411500"),
    ],
)
def test_who_approved_is_who_revokes(
    acts: RevocationActivities, engine: Engine, by: Body, right: str, wrong: str
) -> None:
    village_exits(engine, VILLAGE, 2017, LEFT_ON, by)
    assert f"({right}) approved it (合成〔V3〕号)" in refused(acts, order(VILLAGE, office=wrong))
    assert run(acts.admit_revocation, order(VILLAGE, office=right)).fault is None


def test_what_is_nobodys_act_cannot_be_named(acts: RevocationActivities, engine: Engine) -> None:
    file = village_exits(engine, VILLAGE, 2017, LEFT_ON)
    last = len(file.ledger.entries)
    said = refused(acts, order(VILLAGE, responsible=[{"seq": last}]))
    assert f"entry {last} of {file.case_id} (closed) is nobody's act" in said
    said = refused(acts, order(VILLAGE, responsible=[{"seq": last + 1}]))
    assert f"{file.case_id} has no entry {last + 1}" in said
    # The application is the county's act.
    named = known(run(acts.admit_revocation, order(VILLAGE, responsible=[{"seq": 1}]))).named
    assert [(str(each.office), each.officer) for each in named] == [("A5/411523", "某甲")]


@pytest.mark.clause("H2", "H4")
def test_acts_of_the_villages_of_a_county_can_be_named(
    acts: RevocationActivities, registry: Registry, engine: Engine
) -> None:
    county_exits(engine, XIN, 2017, LEFT_ON)
    (household,) = put_households(engine, VILLAGE.code, [3])
    roster = households_exit(engine, VILLAGE, [household], 2017, date(2017, 12, 1))
    other = county_facts(registry, "410225", 2017, LEFT_ON).subject
    assert other is not None
    elsewhere = county_exits(engine, other, 2017, LEFT_ON).case_id
    named = [{"seq": 1, "case_id": roster.case_id}, {"seq": 2}]
    admitted = known(run(acts.admit_revocation, order(XIN, responsible=named)))
    assert [(each.case_id, str(each.office)) for each in admitted.named] == [
        (roster.case_id, f"A1/{VILLAGE.code}"),
        ("county-exit/411523/2017", "A6/411500"),
    ]
    said = refused(acts, order(XIN, responsible=[{"seq": 1, "case_id": elsewhere}]))
    assert f"{elsewhere} is neither the case of the exit (county-exit/411523/2017) nor" in said


@pytest.mark.clause("H2")
def test_consents_and_resolutions_are_acts_too(acts: RevocationActivities, engine: Engine) -> None:
    (household,) = put_households(engine, VILLAGE.code, [3])
    file = households_exit(engine, VILLAGE, [household], 2017, LEFT_ON)
    consents = file.add(EntryKind.CONSENTS, {"consents": {"officer": "某甲"}})
    resolution = file.add(
        EntryKind.RESOLUTION, {"resolution": {"office": f"A1/{VILLAGE.code}", "officer": "某丙"}}
    )
    file.keep(Ending.EXITED)
    subject = Household(code=household, village=VILLAGE)
    named = [{"seq": consents.seq}, {"seq": resolution.seq}]
    admitted = known(run(acts.admit_revocation, order(subject, responsible=named)))
    assert [(str(each.office), each.officer) for each in admitted.named] == [
        (f"A1/{VILLAGE.code}", "某甲"),
        (f"A1/{VILLAGE.code}", "某丙"),
    ]


# -- an exit that is none ---------------------------------------------------------------------


def test_what_never_left_cannot_be_revoked(acts: RevocationActivities, engine: Engine) -> None:
    assert "合成村 (411523100901) never left" in refused(acts, order(VILLAGE))
    assert "新县 (411523) never left" in refused(acts, order(XIN))
    (household,) = put_households(engine, VILLAGE.code, [3])
    subject = Household(code=household, village=VILLAGE)
    assert f"({household}) never left" in refused(acts, order(subject))
    village_exits(engine, VILLAGE, 2017, LEFT_ON)
    said = refused(acts, order(VILLAGE, f"revocation/{VILLAGE.code}/2016", year=2016))
    assert "did not leave in 2016 but in 2017" in said
    unknown = VILLAGE.model_copy(update={"code": "411523100999"})
    assert "knows no village with this code" in refused(acts, order(unknown))
    assert "knows no household with this number" in refused(
        acts, order(Household(code="nobody-1", village=VILLAGE))
    )


@pytest.mark.clause("F5")
def test_who_fell_back_since_has_no_exit_to_revoke(
    acts: RevocationActivities, engine: Engine
) -> None:
    (household,) = put_households(engine, VILLAGE.code, [3])
    households_exit(engine, VILLAGE, [household], 2017, LEFT_ON)
    falls_back(engine, household, date(2018, 3, 1))
    said = refused(acts, order(Household(code=household, village=VILLAGE)))
    assert "is in the register again from 2018-03-01 (F5)" in said


@pytest.mark.clause("H4")
def test_a_roster_that_goes_on_has_to_end_first(acts: RevocationActivities, engine: Engine) -> None:
    (household,) = put_households(engine, VILLAGE.code, [3])
    file = households_exit(engine, VILLAGE, [household], 2017, LEFT_ON)
    with writing(engine) as session:
        session.get_one(CaseRow, file.case_id).outcome = None
    said = refused(acts, order(Household(code=household, village=VILLAGE)))
    assert said.startswith(f"{file.case_id} has not ended")


@pytest.mark.clause("G9")
def test_another_roster_of_the_household_has_to_end_first(
    acts: RevocationActivities, engine: Engine
) -> None:
    (household,) = put_households(engine, VILLAGE.code, [3])
    households_exit(engine, VILLAGE, [household], 2017, LEFT_ON)
    other = ExitFile(engine, VILLAGE, f"household-exit/{VILLAGE.code}/2018/1", 2018, [], SIGNED_ON)
    other.keep(None)
    row: dict[str, Any] = {"case_id": other.case_id, "household_code": household, "since": 1}
    with writing(engine) as session:
        session.add(RosterRow(**row, year=2018, state=State.DRAFTED.value))
    said = refused(acts, order(Household(code=household, village=VILLAGE)))
    assert f"has an open case on the same: {other.case_id}" in said


def test_a_subject_other_than_the_registers_is_refused(
    acts: RevocationActivities, engine: Engine
) -> None:
    village_exits(engine, VILLAGE, 2017, LEFT_ON)
    other = VILLAGE.model_copy(update={"name": "别村"})
    assert "name '别村' for '合成村'" in refused(acts, order(other))
    asked = order(VILLAGE)
    swapped = asked.opening.model_copy(update={"subject": XIN})
    said = refused(acts, asked.model_copy(update={"opening": swapped}))
    assert f"the case was opened for {XIN.code}, its application names {VILLAGE.code}" in said


# -- on the list again ------------------------------------------------------------------------


@pytest.mark.clause("C7", "V3")
@pytest.mark.parametrize("kind", ["county", "village"])
def test_a_place_is_on_the_list_again_once(
    acts: RevocationActivities, registry: Registry, engine: Engine, kind: str
) -> None:
    file: ExitFile
    subject: Revocable
    table: type[StatusRow] | type[VillageStatusRow]
    if kind == "county":
        subject, table, document = XIN, StatusRow, "合成〔C7〕号"
        file = county_exits(engine, XIN, 2017, LEFT_ON)
    else:
        subject, table, document = VILLAGE, VillageStatusRow, "合成〔V3〕号"
        file = village_exits(engine, VILLAGE, 2017, LEFT_ON)
    ordered = change(subject, file, known(run(acts.admit_revocation, order(subject))))
    done = at_once([lambda: run(acts.revoke_exit, ordered)] * 8)
    done.append(run(acts.revoke_exit, ordered))
    assert {each.since for each in done} == {SIGNED_ON}
    mine = [row for row in rows(engine, table) if row["code"] == subject.code]
    _, left, again = sorted(mine, key=lambda row: str(row["since"]))
    assert (left["status"], left["until"], left["document"]) == ("exited", SIGNED_ON, document)
    assert (again["status"], again["since"], again["until"]) == ("revoked", SIGNED_ON, None)
    assert (again["document"], again["case_id"], again["seq"]) == (
        "合成〔X1〕号", ordered.case_id, 2
    )  # fmt: skip
    (row,) = rows(engine, RevocationRow)
    assert (row["exit_case"], row["exit_document"], row["exited_on"]) == (
        file.case_id, document, LEFT_ON
    )  # fmt: skip
    assert (row["revoked_on"], row["document"]) == (SIGNED_ON, "合成〔X1〕号")
    assert json.loads(row["responsible"])[0]["hash"] == file.ledger.entries[1].hash
    facts: Any = (
        county_facts(registry, subject.code, 2018, SIGNED_ON)
        if kind == "county"
        else village_facts(registry, subject.code, 2018, SIGNED_ON)
    )
    assert (facts.listed, facts.exited_on, facts.revoked_case) == (True, None, None)


@pytest.mark.clause("F5", "H4", "S5")
def test_a_household_is_in_the_register_again_once(
    acts: RevocationActivities, registry: Registry, engine: Engine
) -> None:
    struck, other = put_households(engine, VILLAGE.code, [3, 2])
    file = households_exit(engine, VILLAGE, [struck, other], 2017, LEFT_ON)
    subject = Household(code=struck, village=VILLAGE)
    ordered = change(subject, file, known(run(acts.admit_revocation, order(subject))))
    done = at_once([lambda: run(acts.revoke_exit, ordered)] * 8)
    assert {(each.since, each.alarms) for each in done} == {(SIGNED_ON, ())}
    first, again = sorted(
        (row for row in rows(engine, EpisodeRow) if row["household_code"] == struck),
        key=lambda row: int(row["number"]),
    )
    assert (first["exited_on"], first["exit_year"], first["document"]) == (
        LEFT_ON, 2017, "合成〔H4〕号"
    )  # fmt: skip
    assert (again["cause"], again["registered_on"], again["exited_on"]) == (
        "exit_revoked", SIGNED_ON, None
    )  # fmt: skip
    assert (again["opening_document"], again["opened_by"], again["opened_seq"]) == (
        "合成〔X1〕号", ordered.case_id, 2
    )  # fmt: skip
    record = registry.register.household(struck, SIGNED_ON)
    assert record.state is HouseholdState.REGISTERED
    # Until the day before the revocation was signed nobody of the village is poor.
    poor = [registry.register.village(VILLAGE.code, day) for day in (date(2018, 5, 31), SIGNED_ON)]
    assert [each.incidence.poor for each in poor if each.incidence] == [0, 3]


@pytest.mark.clause("F5", "S5")
@pytest.mark.parametrize(("size", "alarmed"), [(5, False), (6, True), (7, True)])
def test_an_exited_village_hears_of_it_at_the_threshold(
    acts: RevocationActivities, engine: Engine, size: int, alarmed: bool
) -> None:
    # 6 of 300 are 2 %, which S2 wants to be below.
    (household,) = put_households(engine, VILLAGE.code, [size])
    file = households_exit(engine, VILLAGE, [household], 2017, LEFT_ON)
    village_exits(engine, VILLAGE, 2017, LEFT_ON)
    subject = Household(code=household, village=VILLAGE)
    ordered = change(subject, file, known(run(acts.admit_revocation, order(subject))))
    for _ in range(2):
        revoked = run(acts.revoke_exit, ordered)
        assert [each.code for each in revoked.alarms] == ([VILLAGE.code] if alarmed else [])
    assert rows(engine, AlarmRow) == []  # they come with the entries of the case


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exited_on": date(2016, 12, 20)}, "has not left since 2016-12-20"),
        ({"effective_on": LEFT_ON}, "left on 2017-12-20, which does not lie before 2017-12-20"),
    ],
)
def test_what_the_register_says_otherwise_is_left_alone(
    acts: RevocationActivities, engine: Engine, changes: dict[str, Any], said: str
) -> None:
    file = village_exits(engine, VILLAGE, 2017, LEFT_ON)
    ordered = change(VILLAGE, file, known(run(acts.admit_revocation, order(VILLAGE))))
    before = rows(engine, VillageStatusRow)
    with pytest.raises(ApplicationError, match=re.escape(said)) as caught:
        run(acts.revoke_exit, ordered.model_copy(update=changes))
    assert (caught.value.type, caught.value.non_retryable) == (REGISTER_CONFLICT, True)
    assert (rows(engine, VillageStatusRow), rows(engine, RevocationRow)) == (before, [])


@pytest.mark.clause("H4")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exited_on": date(2016, 12, 20)}, "has not left since 2016-12-20"),
        ({"effective_on": LEFT_ON}, "left on 2017-12-20, which does not lie before 2017-12-20"),
    ],
)
def test_a_household_comes_back_after_the_day_on_which_it_left(
    acts: RevocationActivities, engine: Engine, changes: dict[str, Any], said: str
) -> None:
    (household,) = put_households(engine, VILLAGE.code, [3])
    file = households_exit(engine, VILLAGE, [household], 2017, LEFT_ON)
    subject = Household(code=household, village=VILLAGE)
    ordered = change(subject, file, known(run(acts.admit_revocation, order(subject))))
    with pytest.raises(ApplicationError, match=re.escape(said)) as caught:
        run(acts.revoke_exit, ordered.model_copy(update=changes))
    assert (caught.value.type, caught.value.non_retryable) == (REGISTER_CONFLICT, True)
    assert len(rows(engine, EpisodeRow)) == 1
    assert rows(engine, RevocationRow) == []


def test_impossible_heads_leave_everything_undone(
    acts: RevocationActivities, engine: Engine
) -> None:
    (household,) = put_households(engine, VILLAGE.code, [40])
    file = households_exit(engine, VILLAGE, [household], 2017, LEFT_ON)
    subject = Household(code=household, village=VILLAGE)
    ordered = change(subject, file, known(run(acts.admit_revocation, order(subject))))
    put_village(engine, VILLAGE.code, 39, name=VILLAGE.name, township_name=VILLAGE.township.name)
    with pytest.raises(RegistryError, match="correct the population"):
        run(acts.revoke_exit, ordered)
    assert len(rows(engine, EpisodeRow)) == 1
    assert rows(engine, RevocationRow) == []


# -- what follows -----------------------------------------------------------------------------


def test_the_year_of_a_revoked_exit_is_closed(
    acts: RevocationActivities, registry: Registry, engine: Engine
) -> None:
    (household,) = put_households(engine, VILLAGE.code, [3])
    for subject, file in (
        (XIN, county_exits(engine, XIN, 2017, LEFT_ON)),
        (VILLAGE, village_exits(engine, VILLAGE, 2017, LEFT_ON)),
        (
            Household(code=household, village=VILLAGE),
            households_exit(engine, VILLAGE, [household], 2017, LEFT_ON),
        ),
    ):
        revoke(acts, subject, file)
    for year, case in ((2017, "revocation/{}/2017"), (2018, None)):
        county = county_facts(registry, XIN.code, year, SIGNED_ON)
        village = village_facts(registry, VILLAGE.code, year, SIGNED_ON)
        _, there = registry.known_households(VILLAGE.code, year, SIGNED_ON, [household])
        found = [county.revoked_case, village.revoked_case, there[household].revoked_case]
        codes = (XIN.code, VILLAGE.code, household)
        assert found == [case.format(code) if case else None for code in codes]
        assert there[household].registered


@pytest.mark.clause("F8", "G6")
def test_a_revoked_exit_counts_for_no_year(
    acts: RevocationActivities, registry: Registry, engine: Engine
) -> None:
    (household,) = put_households(engine, VILLAGE.code, [3])
    subjects: list[tuple[Revocable, ExitFile]] = [
        (XIN, county_exits(engine, XIN, 2017, LEFT_ON)),
        (VILLAGE, village_exits(engine, VILLAGE, 2017, LEFT_ON)),
        (
            Household(code=household, village=VILLAGE),
            households_exit(engine, VILLAGE, [household], 2017, LEFT_ON),
        ),
    ]

    def exited() -> tuple[int, int, int, int]:
        total = registry.planning.progress(2017, HENAN).total
        return (
            total.county.exited,
            total.villages.exited,
            total.households.exited,
            total.people.exited,
        )

    assert exited() == (1, 1, 1, 3)
    for subject, file in subjects:
        revoke(acts, subject, file)
    assert exited() == (0, 0, 0, 0)
    targets = registry.planning.progress(2018, HENAN).targets
    assert targets is not None
    assert [each.reached for each in targets[:3]] == [0, 0, 0]


@pytest.mark.clause("G3", "G9")
def test_what_it_lacks_for_its_exit(
    acts: RevocationActivities, registry: Registry, engine: Engine
) -> None:
    revoke(acts, XIN, county_exits(engine, XIN, 2017, LEFT_ON))
    revoke(acts, VILLAGE, village_exits(engine, VILLAGE, 2017, LEFT_ON))
    for year, closed in ((2017, True), (2018, False)):
        (village,) = registry.planning.ready_villages(year, HENAN, SIGNED_ON)
        counties = registry.planning.ready_counties(year, HENAN, SIGNED_ON)
        county = next(each for each in counties if each.code == XIN.code)
        for found in (village, county):
            said = f"its exit of 2017 was revoked (revocation/{found.code}/2017)"
            assert any(lack.startswith(said) for lack in found.lacks) is closed


def test_the_overview_shows_it_listed_again(
    acts: RevocationActivities, registry: Registry, engine: Engine
) -> None:
    before = registry.overview()
    revoke(acts, XIN, county_exits(engine, XIN, 2017, LEFT_ON))
    after = registry.overview()
    assert (after.listed, after.exited) == (before.listed, before.exited) == (53, 0)
    (xin,) = [each for each in after.counties if each.code == XIN.code]
    assert (xin.status.value, xin.since) == ("revoked", SIGNED_ON)
