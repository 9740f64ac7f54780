"""The register's side of a roster: admitted, looked up, struck off, once however often asked."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from activities.ledger import RegistryActivities
from activities.roster import RosterActivities
from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.offices import SubjectKind
from models.roster.households import State
from registry.database.engine import reading, writing
from registry.desk import Registry
from registry.errors import RegistryError
from registry.facts.incidence import village_incidence
from registry.tables import (
    CaseRow,
    EpisodeRow,
    HouseholdRow,
    HouseholdYearRow,
    NoticeRow,
    PlanRow,
    RosterRow,
)
from tests.activities.admitted import known
from tests.activities.registry_cases import at_once, ended, rows, run
from tests.activities.roster_cases import (
    LEFT_ON,
    OTHER,
    VILLAGE,
    RosterFile,
    activities,
    admission,
    change,
    looking_up,
    put_households,
    put_village,
    striking_off,
)
from tests.models.roster_samples import CODES, LINE, household, livelihood, meeting, votes
from tests.registry.places import falls_back
from tests.registry.register_samples import people

ADDITION = {"reason": "应退则退（合成）", "document_number": "合成〔2〕号"}
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "notices"


@pytest.fixture
def rosters(engine: Engine, registry: Registry, folder: Path) -> RosterActivities:
    """The activities of a register that holds the village, three households, and Henan."""
    put_village(engine)
    put_households(engine)
    return activities(engine, folder)


def listed(engine: Engine) -> dict[tuple[str, str], str]:
    """Where every household of every roster is, by the registry's list."""
    return {
        (row["case_id"], row["household_code"]): row["state"] for row in rows(engine, RosterRow)
    }


def gone(engine: Engine) -> dict[str, tuple[date, int]]:
    """Who has been struck off: since when, and by which entry."""
    return {
        row["household_code"]: (row["exited_on"], row["seq"])
        for row in rows(engine, EpisodeRow)
        if row["exited_on"] is not None
    }


def refused(rosters: RosterActivities, *codes: str, **changes: Any) -> str:
    """Why a roster is not admitted."""
    answer = run(rosters.admit_roster, admission(*codes, **changes))
    assert answer.fault is not None
    assert answer.known is None
    return answer.fault


# -- admission --------------------------------------------------------------------------------


@pytest.mark.clause("H1", "S1", "S7", "G6", "G9")
def test_an_admitted_roster_is_listed_with_its_households(
    rosters: RosterActivities, engine: Engine
) -> None:
    facts = known(run(rosters.admit_roster, admission("H-03", "H-01")))
    assert facts.line == LINE
    assert {each.code: each for each in facts.households} == {
        code: household(code) for code in ("H-03", "H-01")
    }
    assert facts.unplanned == ()
    case_id = RosterFile().case_id
    assert listed(engine) == {(case_id, "H-03"): "drafted", (case_id, "H-01"): "drafted"}
    assert [row["case_id"] for row in rows(engine, CaseRow)] == [case_id]


@pytest.mark.clause("S1", "G8")
def test_a_case_is_told_the_children_of_school_age_and_no_id_number(
    rosters: RosterActivities, engine: Engine
) -> None:
    members = [
        {"id_number": "411523197901010013", "name": "合成甲", "relation": "户主"},
        {"id_number": "41152320090301002X", "name": "合成乙", "relation": "之女"},
        {"id_number": "411523200003010032", "name": "合成丙", "relation": "之子"},
    ]
    put_households(engine, ["H-10"], head="合成甲", members=members)
    told = run(rosters.admit_roster, admission("H-10", "H-01"))
    assert {each.code: each.children for each in known(told).households} == {
        "H-10": "合成乙2009年生",
        "H-01": None,
    }
    assert not any(each["id_number"] in told.model_dump_json() for each in members)


@pytest.mark.clause("G9")
def test_the_same_case_asked_again_is_no_change(rosters: RosterActivities, engine: Engine) -> None:
    first = run(rosters.admit_roster, admission())
    before = listed(engine), rows(engine, CaseRow)
    assert run(rosters.admit_roster, admission()) == first
    assert (listed(engine), rows(engine, CaseRow)) == before


@pytest.mark.clause("G9")
def test_a_household_is_on_one_open_roster(rosters: RosterActivities, engine: Engine) -> None:
    run(rosters.admit_roster, admission("H-01"))
    case_id = RosterFile().case_id
    said = refused(rosters, "H-01", "H-02", batch=2)
    assert said == f"household H-01 is on an open roster of 2017 already: {case_id} (G9)"
    assert listed(engine) == {(case_id, "H-01"): "drafted"}
    assert len(rows(engine, CaseRow)) == 1
    assert run(rosters.admit_roster, admission("H-02", batch=2)).fault is None


@pytest.mark.clause("G9")
@pytest.mark.parametrize("state", list(State))
def test_who_has_left_a_roster_may_be_on_another(
    rosters: RosterActivities, asked: RegistryActivities, state: State
) -> None:
    run(rosters.admit_roster, admission("H-01", "H-02"))
    file = RosterFile()
    file.add(EntryKind.ROSTER_CHANGED, {"courses": {"H-01": [state.value, None]}})
    run(asked.write_ledger, file.batch())
    second = run(rosters.admit_roster, admission("H-01", batch=2))
    free = state in (State.OUT, State.STRUCK_OFF)
    assert (second.fault is None) is free


@pytest.mark.clause("G9")
def test_an_ended_roster_holds_nobody(rosters: RosterActivities, asked: RegistryActivities) -> None:
    run(rosters.admit_roster, admission())
    file = RosterFile()
    file.add(EntryKind.CLOSED)
    run(asked.write_ledger, file.batch(**ended(Ending.NOT_EXITED)))
    assert run(rosters.admit_roster, admission(batch=2)).fault is None


@pytest.mark.clause("G9")
@pytest.mark.parametrize("batch", [2, 3])
def test_rosters_of_a_village_and_year_are_numbered_through(
    rosters: RosterActivities, batch: int
) -> None:
    said = refused(rosters, batch=batch)
    mine, first = RosterFile(batch).case_id, RosterFile().case_id
    assert said == f"the id of this case is not {mine} but {first} (G9)"


@pytest.mark.clause("G9")
def test_two_rosters_at_once_never_share_a_household(
    rosters: RosterActivities, engine: Engine
) -> None:
    answers = at_once(
        [
            lambda: run(rosters.admit_roster, admission("H-01", batch=1)),
            lambda: run(rosters.admit_roster, admission("H-01", "H-02", batch=2)),
            lambda: run(rosters.admit_roster, admission("H-01", "H-03", batch=1)),
        ]
    )
    assert sum(answer.fault is None for answer in answers) >= 1
    holders = {case for case, code in listed(engine) if code == "H-01"}
    assert len(holders) == 1


@pytest.mark.clause("G9")
def test_nobody_is_added_here_and_admitted_there(rosters: RosterActivities, engine: Engine) -> None:
    codes = [f"A-{number:02}" for number in range(15)]
    put_households(engine, codes, size=1)
    run(rosters.admit_roster, admission("H-01"))
    batch = 2
    for code in codes:
        added = looking_up(added=votes(code))
        applied = admission(code, batch=batch)
        at_once(
            [
                lambda order=added: run(rosters.look_up_households, order),  # type: ignore[misc]
                lambda order=applied: run(rosters.admit_roster, order),  # type: ignore[misc]
            ]
        )
        (holder,) = [case for case, listed_code in listed(engine) if listed_code == code]
        batch += holder != RosterFile().case_id


@pytest.mark.clause("G9")
def test_the_first_roster_is_the_first_of_its_village_and_year(
    rosters: RosterActivities, asked: RegistryActivities
) -> None:
    of_the_village = RosterFile()
    of_the_village.case_id = of_the_village.ledger.case_id = "village-exit/411523100901/2017"
    for file, procedure in (
        (RosterFile(place=OTHER), "household"),
        (RosterFile(year=2016), "household"),
        (of_the_village, "village"),
    ):
        file.add(EntryKind.OPENED)
        assert run(asked.write_ledger, file.batch(procedure=procedure)).count == 1
    answer = run(rosters.admit_roster, admission("H-02"))
    assert answer.fault is None


@pytest.mark.clause("G9")
def test_an_open_roster_of_another_year_holds_nobody(
    rosters: RosterActivities, asked: RegistryActivities
) -> None:
    file = RosterFile(year=2016)
    file.add(EntryKind.OPENED, {"courses": {"H-01": ["drafted", None]}})
    run(asked.write_ledger, file.batch())
    assert run(rosters.admit_roster, admission("H-01")).fault is None


@pytest.mark.clause("G6", "S1")
def test_plan_and_livelihood_are_those_of_the_year(
    rosters: RosterActivities, engine: Engine
) -> None:
    put_households(engine, ["H-10"], planned=False)
    put_households(engine, ["H-11"], livelihood=livelihood(year=2016))
    with writing(engine) as session:
        session.add(
            PlanRow(year=2018, subject_code="H-10", kind=SubjectKind.HOUSEHOLD, source="合成计划")
        )
    assert "household H-10 is not in the plan of 2017" in refused(rosters, "H-10")
    assert "household H-11 has no livelihood of 2017" in refused(rosters, "H-11")


@pytest.mark.clause("H1", "G6")
def test_the_register_itself_is_asked_for_every_household(
    rosters: RosterActivities, engine: Engine
) -> None:
    put_village(engine, OTHER)
    put_households(engine, ["H-04"], place=OTHER)
    put_households(engine, ["H-05"], livelihood=None)
    put_households(engine, ["H-06"], planned=False)
    put_households(engine, ["H-07"], registered_on=date(2017, 12, 5))
    put_households(engine, ["H-08"], registered_on=date(2017, 12, 6))
    with writing(engine) as session:
        episode = session.get(EpisodeRow, ("H-03", 1))
        assert episode is not None
        episode.exited_on = date(2017, 12, 5)
    assert refused(rosters, "H-04") == (
        f"household H-04 is registered in the village {OTHER.code}, not in {VILLAGE.code}"
    )
    assert refused(rosters, "H-05") == (
        "household H-05 has no livelihood of 2017 in the register (S1); import it first"
    )
    assert "household H-06 is not in the plan of 2017 (G6)" in refused(rosters, "H-06")
    assert "H-08 is not in the register as poor: that begins later" in refused(rosters, "H-08")
    assert "not in the register as poor: it left on 2017-12-05" in refused(rosters, "H-03")
    assert "household H-99 is not in the register" in refused(rosters, "H-99")
    assert listed(engine) == {}
    # As of the day of the case, which in Beijing begins at 16:00 of the day before.
    fifth = datetime(2017, 12, 4, 16, tzinfo=UTC)
    assert "H-07 is not in the register as poor: that begins later" in refused(
        rosters, "H-07", now=fifth - timedelta(seconds=1)
    )
    assert run(rosters.admit_roster, admission("H-07", now=fifth)).fault is None


@pytest.mark.clause("H1")
def test_who_fell_back_may_leave_again(rosters: RosterActivities, engine: Engine) -> None:
    with writing(engine) as session:
        episode = session.get(EpisodeRow, ("H-01", 1))
        assert episode is not None
        episode.exited_on = date(2016, 12, 20)
    assert "it left on 2016-12-20" in refused(rosters, "H-01")
    falls_back(engine, "H-01", date(2017, 3, 1))
    assert run(rosters.admit_roster, admission("H-01")).fault is None


@pytest.mark.clause("G6")
def test_those_outside_the_plan_are_told_of(rosters: RosterActivities, engine: Engine) -> None:
    put_households(engine, ["H-06"], planned=False)
    record = {"meeting": meeting(), "households": votes("H-06", "H-01", plan_addition=ADDITION)}
    facts = known(run(rosters.admit_roster, admission("H-06", "H-01", appraisal=record)))
    assert facts.unplanned == ("H-06",)


@pytest.mark.clause("H1", "H2")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "别村"}, "name '别村' for '合成村'"),
        ({"work_team": False}, "work_team False for True"),
        ({"first_secretary": False}, "first_secretary False for True"),
        ({"code": "411523100999"}, "knows no village with this code"),
    ],
)
def test_a_village_other_than_the_registers_is_refused(
    rosters: RosterActivities, changes: dict[str, Any], said: str
) -> None:
    place = VILLAGE.model_copy(update=changes)
    assert said in refused(rosters, place=place)


@pytest.mark.clause("S7")
def test_no_line_no_roster(engine: Engine, registry: Registry, folder: Path) -> None:
    put_village(engine)
    put_households(engine)
    record = {"meeting": meeting(held_on="2018-12-01"), "households": votes()}
    order = admission(year=2018, appraisal=record, now=admission().now + 365 * DAY)
    answer = run(activities(engine, folder).admit_roster, order)
    assert str(answer.fault).startswith("year: no national poverty line of 2018 is loaded (S7)")


@pytest.mark.clause("H2", "G1")
def test_the_case_is_told_whom_the_register_names_as_members(
    rosters: RosterActivities, engine: Engine
) -> None:
    put_households(engine, ["H-01"], members=people(1, 2))
    facts = known(run(rosters.admit_roster, admission("H-01", "H-02")))
    assert [each.members for each in facts.households] == [("张某1", "张某2"), ()]
    put_households(engine, ["H-01"], members=people(1, 3, 4))
    found = run(rosters.look_up_households, looking_up("H-01"))
    assert [(each.members, each.revision) for each in found.households] == [
        (("张某1", "张某3", "张某4"), 1)
    ]


# -- looking up -------------------------------------------------------------------------------


@pytest.mark.clause("G1", "H2")
def test_what_does_not_fit_into_an_answer_is_left_out_with_a_reason(
    rosters: RosterActivities, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(rosters.admit_roster, admission())
    two = 2 * (len(household("H-01").model_dump_json().encode()) + 1)
    monkeypatch.setattr("models.roster.admission.MOST_TOLD", two)
    found = run(rosters.look_up_households, looking_up("H-02", "H-01", "H-03"))
    assert [each.code for each in found.households] == ["H-02", "H-01"]
    assert found.faults == {"H-03": "登记内容过多，一次不能取完；请另列名单"}


@pytest.mark.clause("G1")
def test_what_the_register_says_now(rosters: RosterActivities, engine: Engine) -> None:
    run(rosters.admit_roster, admission())
    put_households(engine, ["H-02"], size=4, group="二组")
    found = run(rosters.look_up_households, looking_up("H-02", "H-01"))
    assert [(each.code, each.size, each.group) for each in found.households] == [
        ("H-02", 4, "二组"),
        ("H-01", 3, "一组"),
    ]
    assert (found.faults, found.unplanned) == ({}, ())


@pytest.mark.clause("G1", "G6", "G9", "H1")
def test_who_is_added_is_held_against_the_same_rules(
    rosters: RosterActivities, engine: Engine
) -> None:
    run(rosters.admit_roster, admission("H-01"))
    put_households(engine, ["H-05"], livelihood=None)
    put_households(engine, ["H-06", "H-07"], planned=False)
    run(rosters.admit_roster, admission("H-03", batch=2))
    added = [
        *votes("H-02", "H-03", "H-05", "H-06", "H-99"),
        *votes("H-07", plan_addition=ADDITION),
    ]
    found = run(rosters.look_up_households, looking_up("H-01", added=added))
    assert [each.code for each in found.households] == ["H-01", "H-02", "H-07"]
    assert found.unplanned == ("H-07",)
    assert list(found.faults) == ["H-03", "H-05", "H-06", "H-99"]
    assert found.faults["H-03"].endswith(f"另一在办名单（{RosterFile(2).case_id}）")
    first = RosterFile().case_id
    assert {code for case, code in listed(engine) if case == first} == {"H-01", "H-02", "H-07"}
    # Asked again, by a worker that did not hear the answer.
    assert run(rosters.look_up_households, looking_up("H-01", added=added)) == found
    # From now on no other roster can have it.
    assert "H-02 is on an open roster" in refused(rosters, "H-02", batch=3)


@pytest.mark.clause("G1", "G9")
def test_who_can_no_longer_be_added_is_on_no_list(
    rosters: RosterActivities, engine: Engine, asked: RegistryActivities
) -> None:
    """The first answer was lost on its way, and the register has changed before the second."""
    run(rosters.admit_roster, admission("H-01"))
    added = votes("H-02", "H-03")
    assert run(rosters.look_up_households, looking_up(added=added)).faults == {}
    file = RosterFile().going_on(engine)
    file.add(EntryKind.ROSTER_CHANGED, {"courses": {"H-03": ["drafted", None]}})
    run(asked.write_ledger, file.batch(first=8))
    with writing(engine) as session:
        for code in ("H-02", "H-03"):
            lived = session.get(HouseholdYearRow, (code, 2017))
            assert lived is not None
            session.delete(lived)
    assert set(run(rosters.look_up_households, looking_up(added=added)).faults) == {"H-02", "H-03"}
    # Only the file itself takes off who has entered it.
    assert {code for _, code in listed(engine)} == {"H-01", "H-03"}


@pytest.mark.clause("G1")
def test_who_is_not_there_any_more(rosters: RosterActivities, engine: Engine) -> None:
    run(rosters.admit_roster, admission())
    put_village(engine, OTHER)
    put_households(engine, ["H-10"])
    with writing(engine) as session:
        lived = session.get(HouseholdYearRow, ("H-10", 2017))
        assert lived is not None
        session.delete(lived)
        moved = session.get(HouseholdRow, "H-01")
        left = session.get(EpisodeRow, ("H-02", 1))
        assert moved is not None
        assert left is not None
        moved.village_code, left.exited_on = OTHER.code, date(2017, 12, 1)
    found = run(rosters.look_up_households, looking_up(*CODES, "H-10"))
    assert [each.code for each in found.households] == ["H-03"]
    gone_from_here = {
        "H-01": f"登记中已不在本村（现属{OTHER.code}）",
        "H-02": "登记中已不是本村建档立卡贫困户",
    }
    assert found.faults == gone_from_here | {"H-10": "登记中没有2017年的收入情况"}


# -- striking off -----------------------------------------------------------------------------


@pytest.mark.clause("H4", "S5", "F1")
def test_households_are_struck_off_and_announced_together(
    rosters: RosterActivities, engine: Engine, folder: Path
) -> None:
    answer = run(rosters.strike_off_households, change("H-01", "H-02"))
    assert answer.households == ("H-01", "H-02")
    assert (answer.changed, answer.conflicts) == ((), {})
    assert answer.notice is not None
    assert answer.notice.title == "关于合成村2017年度贫困户脱贫退出的公告"
    assert gone(engine) == {"H-01": (LEFT_ON, 20), "H-02": (LEFT_ON, 20)}
    episode = next(row for row in rows(engine, EpisodeRow) if row["household_code"] == "H-01")
    assert (episode["exit_year"], episode["document"], episode["case_id"]) == (
        2017, "新扶贫〔2017〕88号", RosterFile().case_id
    )  # fmt: skip
    (row,) = rows(engine, NoticeRow)
    assert (row["id"], row["seq"], row["closes_at"]) == (
        answer.notice.notice_id, 20, row["posted_at"]
    )  # fmt: skip
    assert sorted(path.suffix for path in folder.iterdir()) == [".html", ".md"]
    with reading(engine) as session:
        before = village_incidence(session, VILLAGE.code, LEFT_ON - DAY)
        after = village_incidence(session, VILLAGE.code, LEFT_ON)
    assert before is not None
    assert after is not None
    assert (before.poor, after.poor) == (9, 3)


@pytest.mark.clause("H4")
def test_the_same_order_again_is_the_same_answer(rosters: RosterActivities, engine: Engine) -> None:
    first = run(rosters.strike_off_households, change())
    before = rows(engine, EpisodeRow), rows(engine, NoticeRow)
    for _ in range(2):
        assert run(rosters.strike_off_households, change()) == first
    assert (rows(engine, EpisodeRow), rows(engine, NoticeRow)) == before


@pytest.mark.clause("H4")
def test_the_same_order_at_once_is_done_once(rosters: RosterActivities, engine: Engine) -> None:
    answers = at_once([lambda: run(rosters.strike_off_households, change())] * 4)
    assert len({answer.model_dump_json() for answer in answers}) == 1
    assert len(rows(engine, NoticeRow)) == 1


@pytest.mark.clause("H4")
@pytest.mark.parametrize("other", [{"seq": 21}, {"batch": 2}])
def test_nobody_is_struck_off_by_two_orders(
    rosters: RosterActivities, engine: Engine, other: dict[str, Any]
) -> None:
    run(rosters.strike_off_households, change("H-01"))
    answer = run(rosters.strike_off_households, change("H-01", "H-02", **other))
    assert answer.households == ("H-02",)
    assert answer.conflicts == {"H-01": "登记中已销号"}
    assert gone(engine)["H-01"] == (LEFT_ON, 20)
    nobody = run(rosters.strike_off_households, change("H-01", seq=22))
    assert (nobody.households, nobody.notice) == ((), None)
    assert len(rows(engine, NoticeRow)) == 2


@pytest.mark.clause("H4", "G1")
@pytest.mark.parametrize(
    "changed",
    [{"head": "张某"}, {"group": "二组"}, {"size": 4}, {"livelihood": livelihood(housing=False)}],
)
def test_an_entry_that_is_not_the_posted_one_stays(
    rosters: RosterActivities, engine: Engine, changed: dict[str, Any]
) -> None:
    put_households(engine, ["H-02"], **changed)
    answer = run(rosters.strike_off_households, change())
    assert answer.households == ("H-01", "H-03")
    assert (answer.changed, answer.conflicts) == (("H-02",), {})
    assert set(gone(engine)) == {"H-01", "H-03"}
    (notice,) = rows(engine, NoticeRow)
    assert "H-02" not in notice["markdown"]
    assert "2户6人脱贫退出" in notice["markdown"]
    # The same order again, when the entry is as it was posted after all: it is not this order's.
    assert run(rosters.strike_off_households, change()) == answer


@pytest.mark.clause("H4")
@pytest.mark.parametrize(
    ("registered_on", "conflict"),
    [
        (LEFT_ON - DAY, None),
        (LEFT_ON, f"{LEFT_ON}方登记，不能自{LEFT_ON}销号"),
        (LEFT_ON + DAY, f"{LEFT_ON + DAY}方登记，不能自{LEFT_ON}销号"),
    ],
)
def test_nobody_leaves_before_having_been_there(
    rosters: RosterActivities, engine: Engine, registered_on: date, conflict: str | None
) -> None:
    put_households(engine, ["H-09"], registered_on=registered_on)
    answer = run(rosters.strike_off_households, change("H-09"))
    assert answer.conflicts == ({} if conflict is None else {"H-09": conflict})
    assert answer.households == (("H-09",) if conflict is None else ())


@pytest.mark.clause("H4")
def test_who_is_not_of_the_village_stays(rosters: RosterActivities, engine: Engine) -> None:
    put_village(engine, OTHER)
    put_households(engine, ["H-04"], place=OTHER)
    answer = run(rosters.strike_off_households, change("H-04", "H-99", "H-01"))
    assert answer.households == ("H-01",)
    assert answer.conflicts == dict.fromkeys(["H-04", "H-99"], "登记中不在本村")


@pytest.mark.clause("H4", "F5")
def test_only_the_present_episode_ends(rosters: RosterActivities, engine: Engine) -> None:
    with writing(engine) as session:
        episode = session.get(EpisodeRow, ("H-01", 1))
        assert episode is not None
        episode.exited_on = date(2016, 12, 20)
    falls_back(engine, "H-01", date(2017, 3, 1))
    run(rosters.strike_off_households, change("H-01"))
    ends = {
        row["number"]: row["exited_on"]
        for row in rows(engine, EpisodeRow)
        if row["household_code"] == "H-01"
    }
    assert ends == {1: date(2016, 12, 20), 2: LEFT_ON}


@pytest.mark.clause("H4")
def test_who_is_struck_off_is_announced_as_soon_as_that_can_be_shown(
    rosters: RosterActivities, engine: Engine, folder: Path
) -> None:
    folder.write_text("not a folder", encoding="utf-8")
    with pytest.raises(RegistryError, match="cannot be written"):
        run(rosters.strike_off_households, change())
    (row,) = rows(engine, NoticeRow)
    folder.unlink()
    assert run(rosters.strike_off_households, change()).households == CODES
    assert len(list(folder.iterdir())) == 2
    assert rows(engine, NoticeRow) == [row]


@pytest.mark.clause("H4", "S5")
def test_a_thousand_households_at_once(
    rosters: RosterActivities, engine: Engine, asked: RegistryActivities
) -> None:
    codes = tuple(f"M-{number:04}" for number in range(1_000))
    put_households(engine, codes, size=1)
    record = {"meeting": meeting(), "households": votes(*codes)}
    assert run(rosters.admit_roster, admission(*codes, appraisal=record)).fault is None
    ordered = change(households=tuple(striking_off(code, size=1) for code in codes))
    assert run(rosters.strike_off_households, ordered).households == codes
    file = RosterFile().going_on(engine)
    courses = {code: ["struck_off", None] for code in codes}
    file.add(EntryKind.REGISTER_CHANGE, {"courses": courses})
    run(asked.write_ledger, file.batch(first=20))
    assert set(listed(engine).values()) == {"struck_off"}
    assert len(gone(engine)) == 1_000


# -- the lists --------------------------------------------------------------------------------


@pytest.mark.clause("G7")
def test_the_list_follows_the_file(
    rosters: RosterActivities, engine: Engine, asked: RegistryActivities
) -> None:
    run(rosters.admit_roster, admission("H-01", "H-02"))
    file = RosterFile()
    file.add(EntryKind.ROSTER_CHANGED, {"courses": {"H-01": ["out", "本户不认可：无"]}})
    file.add(EntryKind.ACT, {"courses": {"H-02": ["verified", None], "H-03": ["drafted", None]}})
    run(asked.write_ledger, file.batch())
    assert {
        row["household_code"]: (row["state"], row["reason"], row["since"], row["year"])
        for row in rows(engine, RosterRow)
    } == {
        "H-01": ("out", "本户不认可：无", 1, 2017),
        "H-02": ("verified", None, 2, 2017),
        "H-03": ("drafted", None, 2, 2017),
    }


@pytest.mark.clause("G7")
@pytest.mark.parametrize(
    "courses",
    [None, "text", [], {"H-01": "out"}, {"H-01": ["out"]}, {"H-01": None}, {"H-01": [None, 5]}],
)
def test_no_entry_holds_up_its_case(
    rosters: RosterActivities, engine: Engine, asked: RegistryActivities, courses: Any
) -> None:
    run(rosters.admit_roster, admission("H-01"))
    file = RosterFile()
    file.add(EntryKind.ROSTER_CHANGED, {"courses": courses})
    assert run(asked.write_ledger, file.batch()).count == 1


@pytest.mark.clause("G6")
def test_households_join_the_plan_one_by_one(
    rosters: RosterActivities, engine: Engine, asked: RegistryActivities
) -> None:
    put_households(engine, ["H-06", "H-07"], planned=False)
    run(rosters.admit_roster, admission("H-01"))
    file = RosterFile()
    added = dict.fromkeys(["H-06", "H-07", "H-01"], ADDITION)
    file.add(EntryKind.PLAN_ADDITION, {"households": added})
    run(asked.write_ledger, file.batch())
    plan = {row["subject_code"]: row for row in rows(engine, PlanRow)}
    for code in ("H-06", "H-07"):
        row = plan[code]
        assert (row["year"], row["kind"].value, row["addition"]) == (2017, "household", True)
        assert (row["reason"], row["document"]) == tuple(ADDITION.values())
        assert row["source"] == f"{file.case_id}, entry 1"
    assert (plan["H-01"]["source"], plan["H-01"]["addition"]) == ("合成计划", False)
    assert VILLAGE.code not in plan
