"""Who may order what of the registry: the case itself, and what its kept file carries."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import col, update
from temporalio.exceptions import ApplicationError

from activities.leaving import LeavingActivities
from activities.ledger import RegistryActivities
from activities.mending import Contradictions
from activities.notices import NoticeBoard
from activities.reentry import ReentryActivities
from activities.revocation import RevocationActivities
from activities.roster import RosterActivities
from models.case.ledger import EntryKind
from models.case.mending import KeptOrder
from models.case.messages import Ending
from models.case.orders import CaseState
from registry.database.engine import reading, writing
from registry.desk import Registry
from registry.tables import CaseRow, EntryRow, Table
from tests.activities import reentry_cases, roster_cases, village_cases
from tests.activities.admitted import (
    RUN,
    batch,
    called,
    carry,
    case_of,
    gate,
    registry_activities,
    run,
    token,
)
from tests.activities.registry_cases import File, admission, change, ended, rows
from tests.activities.test_notices import ORDER as NOTICE
from tests.models.carrying import CARRYING, Carrying
from tests.models.roster_samples import CODES
from tests.models.test_warrant import REVOCATION
from tests.unguarded import unguarded

pytestmark = [pytest.mark.clause("G7"), pytest.mark.usefixtures("registry")]

ORDERS: dict[str, Callable[[Engine, Path], tuple[Callable[..., Any], Any]]] = {
    "strike_off_county": lambda engine, folder: (
        LeavingActivities(engine, NoticeBoard(engine, folder), gate()).strike_off_county,
        change(File()),
    ),
    "publish_notice": lambda engine, folder: (
        NoticeBoard(engine, folder).publish_notice,
        NOTICE,
    ),
    "strike_off_village": lambda engine, folder: (
        LeavingActivities(engine, NoticeBoard(engine, folder), gate()).strike_off_village,
        village_cases.change(),
    ),
    "strike_off_households": lambda engine, folder: (
        RosterActivities(engine, NoticeBoard(engine, folder), gate()).strike_off_households,
        roster_cases.change(),
    ),
    "look_up_households": lambda engine, folder: (
        RosterActivities(engine, NoticeBoard(engine, folder), gate()).look_up_households,
        roster_cases.looking_up("H-01"),
    ),
    "publish_notice of a roster": lambda engine, folder: (
        NoticeBoard(engine, folder).publish_notice,
        roster_cases.posting(),
    ),
    "enter_household": lambda engine, _: (
        ReentryActivities(engine, gate()).enter_household,
        reentry_cases.entry(),
    ),
    "revoke_exit": lambda engine, _: (
        RevocationActivities(engine, gate()).revoke_exit,
        REVOCATION,
    ),
    "admit_county": lambda engine, _: (
        registry_activities(engine).admit_county,
        admission(),
    ),
    "write_ledger": lambda engine, _: (
        registry_activities(engine).write_ledger,
        _first_batch(),
    ),
}
"""What changes or tells something, with an order that its file would carry."""

ON_FILE = [name for name in ORDERS if name not in ("admit_county", "write_ledger")]
CHANGES = ["strike_off_county", "strike_off_village", "strike_off_households", "enter_household"]


def _first_batch() -> Any:
    file = File()
    file.open()
    return file.batch()


def refused(activity: Callable[..., Any], order: Any, by: str | None) -> ApplicationError:
    """How an order is refused."""
    with pytest.raises(ApplicationError) as raised:
        called(activity, order, by)
    return raised.value


def put_subjects(engine: Engine, name: str) -> None:
    """Put into the register what an order is about, besides the 53 counties."""
    match name:
        case "strike_off_village":
            village_cases.put_village(engine, poor=0)
        case "strike_off_households" | "look_up_households" | "publish_notice of a roster":
            roster_cases.put_village(engine)
            roster_cases.put_households(engine, {*CODES, "H-01"})
        case "enter_household":
            reentry_cases.put_left_village(engine)
            reentry_cases.put_household(engine)


def everything(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """What the registry holds, table by table."""
    with reading(engine) as session:
        return {
            name: [dict(row) for row in session.connection().execute(sa.select(table)).mappings()]
            for name, table in Table.metadata.tables.items()
        }


@contextmanager
def nothing_changes(engine: Engine, folder: Path) -> Iterator[None]:
    """Neither in the registry nor in the folder of notices."""
    before = everything(engine)
    yield
    assert everything(engine) == before
    assert not folder.exists()


@pytest.mark.parametrize("name", sorted(ORDERS.keys() - {"look_up_households", "revoke_exit"}))
def test_what_a_case_orders_and_its_file_carries_is_done(
    registry: Registry, engine: Engine, tmp_path: Path, name: str
) -> None:
    """So that what is refused below is not refused for another reason."""
    activity, order = ORDERS[name](engine, tmp_path / "notices")
    put_subjects(engine, name)
    if name in ON_FILE:
        carry(engine, CARRYING[type(order)](order))
    before = everything(engine)
    called(activity, order, case_of(order))
    after = everything(engine)
    assert len(after["journal"]) > len(before["journal"])
    assert [each for each in after if after[each] != before[each]] != ["journal"]


@pytest.mark.parametrize("by", [None, "county-exit/411524/2017", "a workflow of somebody's"])
@pytest.mark.parametrize("name", ORDERS)
def test_a_call_that_is_not_the_cases_own_is_refused_for_good(
    registry: Registry, engine: Engine, tmp_path: Path, name: str, by: str | None
) -> None:
    activity, order = ORDERS[name](engine, tmp_path / "notices")
    put_subjects(engine, name)
    if name in ON_FILE:
        carry(engine, CARRYING[type(order)](order))
    with nothing_changes(engine, tmp_path / "notices"):
        error = refused(activity, order, by)
    assert (error.type, error.non_retryable) == ("NotWarranted", True)
    assert "was not asked for by its case" in error.message


@pytest.mark.parametrize("name", ON_FILE)
def test_what_the_registry_has_no_file_of_waits_for_it(
    registry: Registry, engine: Engine, tmp_path: Path, name: str
) -> None:
    """It was restored from an older copy: the case is told how far it goes, and sends the rest."""
    activity, order = ORDERS[name](engine, tmp_path / "notices")
    put_subjects(engine, name)
    with nothing_changes(engine, tmp_path / "notices"):
        error = refused(activity, order, case_of(order))
    assert (error.type, list(error.details)) == ("Behind", [0])
    file = CARRYING[type(order)](order)
    carry(engine, replace(file, lines=file.lines[:2], seq=2))
    if order.seq > 2:
        with nothing_changes(engine, tmp_path / "notices"):
            error = refused(activity, order, case_of(order))
        assert (error.type, list(error.details)) == ("Behind", [2])


@pytest.mark.parametrize("name", ON_FILE)
def test_an_ended_case_orders_nothing(
    registry: Registry, engine: Engine, tmp_path: Path, name: str
) -> None:
    activity, order = ORDERS[name](engine, tmp_path / "notices")
    put_subjects(engine, name)
    carry(engine, CARRYING[type(order)](order))
    with writing(engine) as session:
        session.get_one(CaseRow, order.case_id).outcome = Ending.WITHDRAWN.value
    with nothing_changes(engine, tmp_path / "notices"):
        error = refused(activity, order, order.case_id)
    assert (error.type, error.non_retryable) == ("NotWarranted", False)  # waits, for all to see
    assert "has ended (withdrawn)" in error.message


@pytest.mark.parametrize("name", ON_FILE)
def test_a_file_that_was_touched_carries_nothing(
    registry: Registry, engine: Engine, tmp_path: Path, name: str
) -> None:
    activity, order = ORDERS[name](engine, tmp_path / "notices")
    put_subjects(engine, name)
    entries = carry(engine, CARRYING[type(order)](order))
    other = entries[0].model_copy(update={"actor": "某某"})
    with unguarded(engine) as connection:
        connection.execute(
            update(EntryRow)
            .where(col(EntryRow.case_id) == order.case_id, col(EntryRow.seq) == 1)
            .values(content=other.model_dump_json())
        )
    with nothing_changes(engine, tmp_path / "notices"):
        error = refused(activity, order, order.case_id)
    assert "entry 1 was altered after it was recorded" in error.message


def _without_the_last_act(file: Carrying) -> None:
    file.lines = [each for each in file.lines if each.kind is not EntryKind.ACT]


@pytest.mark.parametrize("name", CHANGES)
def test_what_the_file_does_not_carry_does_not_happen(
    registry: Registry, engine: Engine, tmp_path: Path, name: str
) -> None:
    activity, order = ORDERS[name](engine, tmp_path / "notices")
    file = CARRYING[type(order)](order)
    _without_the_last_act(file)
    put_subjects(engine, name)
    carry(engine, file)
    with nothing_changes(engine, tmp_path / "notices"):
        error = refused(activity, order, order.case_id)
    assert (error.type, error.non_retryable) == ("NotWarranted", False)
    assert "no approval of" in error.message


def _with_more(file: Carrying, *later: tuple[EntryKind, dict[str, Any]]) -> Carrying:
    """The file with entries behind the one that the order names."""
    last = file.lines[-1]
    spare = [replace(last, kind=EntryKind.NOTIFIED, data={})] * (file.seq - len(file.lines))
    more = [replace(last, kind=kind, data=data) for kind, data in later]
    return replace(file, lines=[*file.lines, *spare, *more])


@pytest.mark.clause("G2")
@pytest.mark.parametrize("name", CHANGES)
def test_what_was_reported_since_holds_up_a_change_that_was_not_made(
    registry: Registry, engine: Engine, tmp_path: Path, name: str
) -> None:
    activity, order = ORDERS[name](engine, tmp_path / "notices")
    file = CARRYING[type(order)](order)
    put_subjects(engine, name)
    report = EntryKind.OBJECTION, {"objection": {"id": "o-1", "text": "举报（合成）"}}
    carry(engine, _with_more(file, report))
    with nothing_changes(engine, tmp_path / "notices"):
        error = refused(activity, order, order.case_id)
    assert (error.type, error.non_retryable) == ("Disputed", True)
    assert error.message.endswith("o-1 was received since (G2)")
    for finding in ("upheld", "dismissed"):
        said = {"resolution": {"objection_id": "o-1", "finding": finding}}
        carry(engine, _with_more(file, report, (EntryKind.RESOLUTION, said)))
        if finding == "upheld":
            assert refused(activity, order, order.case_id).type == "Disputed"
    assert called(activity, order, order.case_id)


@pytest.mark.clause("G2", "G7")
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_is_on_file_is_made_again_whatever_was_reported_with_it(
    registry: Registry, engine: Engine, tmp_path: Path, name: str
) -> None:
    activity, order = ORDERS[name](engine, tmp_path / "notices")
    report = EntryKind.OBJECTION, {"objection": {"id": "o-1", "text": "举报（合成）"}}
    made = EntryKind.REGISTER_CHANGE, dict[str, Any]()
    put_subjects(engine, name)
    carry(engine, _with_more(CARRYING[type(order)](order), report, made))
    assert called(activity, order, order.case_id)


@pytest.mark.clause("G2", "H4")
def test_a_report_on_another_household_holds_up_nobody(
    registry: Registry, engine: Engine, tmp_path: Path
) -> None:
    activity, order = ORDERS["strike_off_households"](engine, tmp_path / "notices")
    put_subjects(engine, "strike_off_households")
    report = {"objection": {"id": "o-1", "text": "举报（合成）", "household": "H-99"}}
    carry(engine, _with_more(CARRYING[type(order)](order), (EntryKind.OBJECTION, report)))
    assert called(activity, order, order.case_id).households


@pytest.mark.clause("C7", "T1")
def test_a_county_stays_until_the_installations_clock_has_come_to_it(
    registry: Registry, engine: Engine, tmp_path: Path
) -> None:
    order = change(File())
    carry(engine, CARRYING[type(order)](order))
    act = datetime.fromisoformat("2018-08-02T10:00:00+08:00")
    now = [act - timedelta(minutes=6)]
    board = NoticeBoard(engine, tmp_path / "notices")
    leaves = LeavingActivities(engine, board, gate(clock=lambda: now[0])).strike_off_county
    assert "lies ahead of" in refused(leaves, order, order.case_id).message
    now[0] = act
    assert called(leaves, order, order.case_id).since == date(2018, 8, 2)


@pytest.mark.clause("C7")
def test_what_was_done_is_answered_again_after_the_end(
    registry: Registry, leaving: LeavingActivities
) -> None:
    """The first answer was lost, or the case was reset: it is done once all the same."""
    order = change(File())
    left = run(leaving.strike_off_county, order)
    assert registry.case_rows()[0].outcome == Ending.EXITED
    assert called(leaving.strike_off_county, order, order.case_id) == left
    later = order.model_copy(update={"posted_at": order.posted_at + timedelta(days=1)})
    assert called(leaving.strike_off_county, later, order.case_id) == left


# -- a file begins by an admission ---------------------------------------------------------------


def test_a_batch_alone_begins_no_file(asked: RegistryActivities, registry: Registry) -> None:
    file = File()
    file.open()
    others = {
        "no token": {"token": ""},
        "another case's": {"token": token("county-exit/411524/2017")},
        "another run's": {"token": token(file.case_id, "run-2")},
        "another run": {"run": "run-2"},
    }
    for changes in others.values():
        wrong = file.batch().model_copy(update=changes)
        error = refused(asked.write_ledger, wrong, file.case_id)
        assert "no admission of this registry begins such a file" in error.message
    assert registry.case_rows() == ()
    assert (
        run(asked.write_ledger, file.batch()).count == 1
    )  # also where it was restored without the case


def test_a_foreign_entry_does_not_freeze_a_case(asked: RegistryActivities) -> None:
    assert run(asked.admit_county, admission()).fault is None
    file, foreign = File(), File()
    file.open()
    foreign.add(EntryKind.STEP_OPENED)
    again = batch(foreign.case_id, foreign.ledger.entries, foreign.state()).model_copy(
        update={"run": "run-2", "token": token(foreign.case_id, "run-2")}
    )
    assert refused(asked.write_ledger, again, file.case_id).type == "NotWarranted"
    assert run(asked.write_ledger, file.batch()).count == 1


@pytest.mark.clause("G9")
def test_another_run_under_an_admitted_id_is_refused_a_reset_one_goes_on(
    asked: RegistryActivities,
) -> None:
    first = run(asked.admit_county, admission())
    assert first.token == token(admission().state.case_id, RUN)
    assert run(asked.admit_county, admission()) == first
    other = admission().model_copy(update={"run": "run-2"})
    refusal = run(asked.admit_county, other)
    assert (refusal.fault, refusal.token) == (
        "county-exit/411523/2017 is the id of a case that was admitted already (G9)",
        "",
    )


@pytest.mark.clause("G9")
def test_what_is_not_admitted_leaves_nothing(asked: RegistryActivities, engine: Engine) -> None:
    fault = run(asked.admit_county, admission(figures_reason="合成")).fault
    assert fault is not None
    assert rows(engine, CaseRow) == []
    assert run(asked.admit_county, admission()).fault is None  # its id can be used


@pytest.mark.parametrize(
    "changes",
    [
        {"subject_code": "411524"},
        {"procedure": "village"},
        {"region": ("410000", "411500", "411524")},
        {"outcome": "exited"},
    ],
)
def test_the_line_of_a_case_is_that_of_its_subject(
    asked: RegistryActivities, engine: Engine, changes: dict[str, Any]
) -> None:
    asking = admission()
    state = CaseState.model_validate({**dict(asking.state), **changes})
    fault = run(asked.admit_county, asking.model_copy(update={"state": state})).fault
    assert fault == "the line of county-exit/411523/2017 is not that of 新县"
    assert rows(engine, CaseRow) == []


@pytest.mark.parametrize(
    ("id", "section", "said"),
    [
        ("henan-2016", "standards", "(it differs in standards)"),
        ("elsewhere", None, "policy elsewhere: there is none"),
    ],
)
def test_a_case_is_admitted_under_the_installations_policy_alone(
    asked: RegistryActivities, engine: Engine, id: str, section: str | None, said: str
) -> None:
    asking = admission()
    policy = asking.opening.policy.model_copy(update={"id": id})
    if section is not None:
        rule = policy.standards.model_copy(update={"incidence_below_percent": 3})
        policy = policy.model_copy(update={section: rule})
    opening = asking.opening.model_copy(update={"policy": policy})
    fault = run(asked.admit_county, asking.model_copy(update={"opening": opening})).fault
    assert fault is not None
    assert said in fault
    assert rows(engine, CaseRow) == []


def test_the_line_says_what_the_file_says(asked: RegistryActivities, registry: Registry) -> None:
    """Not what a state beside it says: whether it has ended, its round, its subject."""
    run(asked.admit_county, admission())
    file = File()
    file.open()
    lying = file.state(outcome="exited", round=7, subject_code="411524", year=2018)
    run(asked.write_ledger, batch(file.case_id, file.ledger.entries, lying))
    (case,) = registry.case_rows()
    assert (case.outcome, case.round, case.subject_code, case.year) == (None, 1, "411523", 2017)
    run(asked.write_ledger, file.batch(first=2, **ended(Ending.WITHDRAWN)))
    assert registry.case_rows()[0].outcome == Ending.WITHDRAWN


def test_an_entry_of_a_time_to_come_is_not_kept(engine: Engine, registry: Registry) -> None:
    file = File()
    at = file.open().at
    now = [at - timedelta(minutes=6)]
    asked = registry_activities(engine, gate(clock=lambda: now[0]))
    error = refused(asked.write_ledger, file.batch(), file.case_id)
    assert "lies ahead of this installation's clock" in error.message
    assert error.non_retryable is False
    now[0] = at - timedelta(minutes=4)  # clocks may differ by five
    assert run(asked.write_ledger, file.batch()).count == 1


def test_the_kept_file_goes_to_its_own_case_alone(registry: Registry, engine: Engine) -> None:
    order = KeptOrder(case_id=File().case_id, heads=())
    error = refused(Contradictions(engine).kept_file, order, "county-exit/411524/2017")
    assert (error.type, error.non_retryable) == ("NotWarranted", True)
