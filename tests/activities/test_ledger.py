"""The registry's activities: once however often asked, and never against what is kept."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, text
from temporalio.exceptions import ApplicationError

from activities.leaving import LeavingActivities
from activities.ledger import RegistryActivities
from models.case.ledger import EntryKind, verify
from models.case.messages import Ending
from models.case.orders import LedgerBatch, Recipient
from models.offices import County, Office, Tier
from registry.database.engine import writing
from registry.desk import Registry
from registry.errors import RegistryError
from registry.tables import (
    CaseRow,
    DivisionRow,
    EntryRow,
    IndicatorRow,
    NoticeRow,
    ObjectionRow,
    OutboxRow,
    Standing,
    StatusRow,
)
from tests.activities.admitted import batch as kept_batch
from tests.activities.admitted import known
from tests.activities.registry_cases import (
    ADDITION,
    APPLIED,
    FIGURES,
    XIN,
    File,
    admission,
    at_once,
    change,
    ended,
    of_hundred,
    rows,
    run,
)
from tests.models import carrying
from tests.models.samples import HENAN
from tests.registry.known import county_facts
from tests.registry.places import put_households, put_village, village_leaves


def conflict(asked: RegistryActivities, batch: LedgerBatch) -> str:
    """What is said when a batch contradicts the kept file."""
    with pytest.raises(ApplicationError) as caught:
        run(asked.write_ledger, batch)
    assert caught.value.type == "LedgerConflict"
    assert not caught.value.non_retryable  # the case waits for the mending, and is not lost
    return str(caught.value)


# -- the case file ----------------------------------------------------------------------------


@pytest.mark.clause("G7")
def test_a_file_comes_back_as_it_was_recorded(
    asked: RegistryActivities, registry: Registry
) -> None:
    file = File()
    file.open()
    file.add(
        EntryKind.ACT, {"act": {"nul": "a\x00b", "big": 2**70, "nothing": None}}, text="同\x00意"
    )
    file.ledger.record(
        EntryKind.LATE, datetime(2017, 11, 21, 9, tzinfo=timezone(timedelta(hours=8))), text="晚"
    )
    run(asked.write_ledger, file.batch())

    kept = registry.ledger(file.case_id)
    assert kept == file.ledger.entries
    assert verify(file.case_id, kept) == 3


@pytest.mark.clause("G7")
def test_the_same_batch_again_changes_nothing(asked: RegistryActivities, engine: Engine) -> None:
    file = File()
    file.open()
    file.add(EntryKind.OBJECTION, {"objection": {"id": "o1", "text": "不实"}, "as": "objection"})
    file.tell(Recipient(name="市", office=Office.parse("A6/411500")))
    tables = (CaseRow, EntryRow, ObjectionRow, OutboxRow, IndicatorRow)
    run(asked.write_ledger, file.batch())
    before = [rows(engine, table) for table in tables]
    run(asked.write_ledger, file.batch())
    run(asked.write_ledger, file.batch(first=2))
    assert [rows(engine, table) for table in tables] == before
    assert [len(held) for held in before] == [1, 3, 1, 1, 1]
    file.steps(1)
    run(asked.write_ledger, file.batch())  # old entries with a new one
    assert [len(rows(engine, table)) for table in tables] == [1, 4, 1, 1, 1]


@pytest.mark.clause("G7")
def test_the_same_batch_from_many_workers_at_once_is_kept_once(
    asked: RegistryActivities, engine: Engine, registry: Registry
) -> None:
    file = File()
    file.open()
    file.steps(20)
    batch = file.batch()
    at_once([lambda: run(asked.write_ledger, batch)] * 8)
    assert registry.ledger(file.case_id) == file.ledger.entries
    assert len(rows(engine, IndicatorRow)) == 1


def test_many_cases_write_at_once(
    asked: RegistryActivities, engine: Engine, registry: Registry
) -> None:
    files = [File(year=year) for year in range(2014, 2022)]
    for file in files:
        file.steps(10)

    def write_all(file: File) -> None:
        for seq in range(1, 11):
            run(asked.write_ledger, file.batch(first=seq, last=seq))

    at_once([lambda file=file: write_all(file) for file in files])  # type: ignore[misc]
    assert {row["entries"] for row in rows(engine, CaseRow)} == {10}
    assert all(len(registry.ledger(file.case_id)) == 10 for file in files)


@pytest.mark.clause("G7")
def test_a_batch_continues_the_file(asked: RegistryActivities, registry: Registry) -> None:
    file = File()
    file.steps(5)
    run(asked.write_ledger, file.batch(last=2))
    run(asked.write_ledger, file.batch(first=2, last=4))  # overlaps
    run(asked.write_ledger, file.batch(first=5))
    assert registry.ledger(file.case_id) == file.ledger.entries


@pytest.mark.clause("G7")
def test_what_contradicts_the_kept_file_is_refused_for_good(
    asked: RegistryActivities, registry: Registry
) -> None:
    file, forged = File(), File()
    file.steps(3)
    forged.steps(2)
    forged.add(EntryKind.STEP_OPENED, text="another third")
    forged.steps(1)
    run(asked.write_ledger, file.batch(last=3))

    assert "is kept already with another content" in conflict(asked, forged.batch(last=3))
    assert "is kept already with another content" in conflict(asked, forged.batch())
    assert "does not follow entry 3" in conflict(asked, forged.batch(first=4))
    file.steps(2)
    altered = file.ledger.entries[3].model_copy(update={"text": "altered"})
    batch = file.batch(first=4)
    batch = batch.model_copy(update={"entries": (altered, *batch.entries[1:])})
    assert "was altered" in conflict(asked, batch)
    reordered = file.batch(first=4)
    reordered = reordered.model_copy(update={"entries": reordered.entries[::-1]})
    conflict(asked, reordered)
    assert registry.ledger(file.case_id) == file.ledger.entries[:3]


@pytest.mark.clause("G7")
def test_behind_a_gap_nothing_is_kept_until_the_file_is_sent_again(
    asked: RegistryActivities, registry: Registry
) -> None:
    """As after a restore from an older copy: the registry says how far its file goes."""
    file = File()
    file.steps(6)
    assert run(asked.write_ledger, file.batch(last=3)).count == 3
    assert run(asked.write_ledger, file.batch(first=5)).count == 3
    assert registry.ledger(file.case_id) == file.ledger.entries[:3]
    assert run(asked.write_ledger, file.batch(first=4)).count == 6
    assert registry.ledger(file.case_id) == file.ledger.entries


@pytest.mark.clause("G7")
def test_a_file_of_another_case_is_refused(asked: RegistryActivities) -> None:
    file = File()
    file.steps(1)
    other = "county-exit/411523/2018"
    batch = kept_batch(other, file.batch().entries, file.state())
    assert "does not follow entry 0" in conflict(asked, batch)


def test_a_batch_is_kept_whole_or_not_at_all(
    asked: RegistryActivities, engine: Engine, registry: Registry
) -> None:
    file = File()
    file.open()
    file.steps(1)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE indicators RENAME TO indicators_away"))
    with pytest.raises(RegistryError):
        run(asked.write_ledger, file.batch())
    assert registry.ledger(file.case_id) == []
    assert registry.case_rows() == ()
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE indicators_away RENAME TO indicators"))
    run(asked.write_ledger, file.batch())
    assert len(registry.ledger(file.case_id)) == 2


# -- admission --------------------------------------------------------------------------------


@pytest.mark.clause("C1", "G6")
def test_a_planned_county_is_admitted(asked: RegistryActivities, registry: Registry) -> None:
    assert known(run(asked.admit_county, admission())).planned
    added = run(
        asked.admit_county,
        admission(
            year=2018,
            now=APPLIED.replace(year=2018),
            figures=FIGURES.model_copy(update={"as_of": date(2018, 10, 31)}),
            plan_addition=ADDITION,
        ),
    )
    assert not known(added).planned


@pytest.mark.clause("G9")
def test_one_open_case_per_county_and_year(asked: RegistryActivities, registry: Registry) -> None:
    file = File()
    file.open()
    run(asked.write_ledger, file.batch())
    # Its own entries must not stop it: the answer may be asked for again after they are kept.
    assert run(asked.admit_county, admission()).fault is None
    second = run(asked.admit_county, admission(case_id=f"{file.case_id}/2")).fault
    assert second is not None
    assert file.case_id in second
    assert county_facts(registry, XIN.code, 2018, date(2018, 1, 1)).open_case is None
    file.steps(1)
    run(asked.write_ledger, file.batch(first=2, **ended(Ending.WITHDRAWN)))
    assert run(asked.admit_county, admission(case_id=f"{file.case_id}/2")).fault is None


@pytest.mark.clause("C1")
@pytest.mark.parametrize(
    ("county", "said"),
    [
        (XIN.model_copy(update={"name": "新市"}), "name '新市' for '新县'"),
        (XIN.model_copy(update={"directly_administered": True}), "directly_administered True"),
        (XIN.model_copy(update={"tier": Tier.PROVINCIAL}), "is a national county"),
        (XIN.model_copy(update={"code": "411599"}), "knows no such code"),
        (XIN.model_copy(update={"code": "411500"}), "is no county"),
    ],
)
def test_a_county_other_than_the_register_s_is_refused(
    asked: RegistryActivities, registry: Registry, county: County, said: str
) -> None:
    refused = run(asked.admit_county, admission(county=county)).fault
    assert refused is not None
    assert said in refused


HUAIYANG = County(
    code="411626",
    name="淮阳县",
    tier=Tier.NATIONAL,
    directly_administered=False,
    city={"code": "411600", "name": "周口市"},  # type: ignore[arg-type]
    province=XIN.province,
)


def expire(engine: Engine, on: date) -> None:
    """What happened to 淮阳县 in 2019: its code ended, 淮阳区 411603 followed."""
    with writing(engine) as session:
        row = session.get(DivisionRow, ("411626", date(2012, 3, 19)))
        assert row is not None
        row.valid_until, row.successor = on, "411603"


@pytest.mark.clause("C1")
def test_a_code_is_looked_up_as_of_the_case_s_day(
    asked: RegistryActivities, registry: Registry, engine: Engine
) -> None:
    expire(engine, date(2018, 11, 20))
    figures = FIGURES.model_copy(update={"as_of": date(2018, 10, 31)})

    def ask(now: datetime) -> str | None:
        order = admission(county=HUAIYANG, year=2018, figures=figures, now=now)
        return run(asked.admit_county, order).fault

    # Midnight in Beijing, not in UTC: 15:59:59 is still the 19th, 16:00 the 20th.
    assert ask(datetime(2018, 11, 19, 15, 59, 59, tzinfo=UTC)) is None
    expired = ask(datetime(2018, 11, 19, 16, 0, tzinfo=UTC))
    assert expired is not None
    assert "expired on 2018-11-20; use 411603" in expired


@pytest.mark.clause("C2")
def test_direct_administration_holds_from_one_day_to_another(
    registry: Registry, engine: Engine
) -> None:
    change_on = date(2018, 1, 1)
    with writing(engine) as session:
        before = session.get(DivisionRow, (XIN.code, date(2012, 3, 19)))
        assert before is not None
        before.valid_until = change_on
        after = before.model_dump() | {
            "valid_from": change_on,
            "valid_until": None,
            "directly_administered": True,
        }
        session.add(DivisionRow(**after))
    for on, expected in ((date(2017, 12, 31), False), (change_on, True)):
        county = county_facts(registry, XIN.code, 2017, on).subject
        assert county is not None
        assert county.directly_administered is expected


# -- striking off -----------------------------------------------------------------------------


def standings(engine: Engine) -> list[dict[str, Any]]:
    return [row for row in rows(engine, StatusRow) if row["code"] == XIN.code]


@pytest.mark.clause("C7")
def test_a_county_leaves_the_list_once(
    leaving: LeavingActivities, registry: Registry, engine: Engine
) -> None:
    order = change(File())
    answers = at_once([lambda: run(leaving.strike_off_county, order)] * 8)
    answers.append(run(leaving.strike_off_county, order))
    (left,) = set(answers)
    assert left.since == date(2018, 8, 2)
    (posted,) = rows(engine, NoticeRow)
    assert (posted["id"], posted["markdown"]) == (left.notice.notice_id, left.notice.markdown)
    assert posted["closes_at"] == posted["posted_at"]  # it is no publicity
    listed, exited = sorted(standings(engine), key=lambda row: str(row["since"]))
    assert (listed["status"], listed["until"]) == (Standing.LISTED, date(2018, 8, 2))
    assert (exited["status"], exited["since"], exited["until"]) == (
        Standing.EXITED,
        date(2018, 8, 2),
        None,
    )
    assert (exited["exit_year"], exited["document"]) == (2017, "豫政文〔2018〕88号")
    assert (exited["case_id"], exited["seq"]) == (order.case_id, order.seq)

    assert county_facts(registry, XIN.code, 2017, date(2018, 8, 1)).listed
    facts = county_facts(registry, XIN.code, 2017, date(2018, 8, 2))
    assert (facts.listed, facts.exited_on) == (False, date(2018, 8, 2))
    overview = registry.overview()
    assert (overview.listed, overview.exited) == (52, 1)


@pytest.mark.clause("C7", "S3", "S6")
@pytest.mark.usefixtures("registry")
def test_a_county_leaves_at_no_more_than_was_told(
    leaving: LeavingActivities, engine: Engine
) -> None:
    """2 of 100 are 2 %, which is not below it: of 1 was told, then of 2."""
    village = put_village(engine, f"{XIN.code}100001", 100)
    put_households(engine, village, [2])
    before = standings(engine)
    with pytest.raises(ApplicationError, match=r"S3\.incidence is not met") as said:
        run(leaving.strike_off_county, change(File(), told=of_hundred(1, listed=1)))
    assert (said.value.type, said.value.non_retryable) == ("NoMoreMet", True)
    assert said.value.details == ("S3.incidence",)
    assert standings(engine) == before
    assert rows(engine, NoticeRow) == []
    order = change(File(), told=of_hundred(2, listed=1))
    assert run(leaving.strike_off_county, order).since == date(2018, 8, 2)
    put_households(engine, village, [1])  # asked again, it is done
    assert run(leaving.strike_off_county, order).since == date(2018, 8, 2)


@pytest.mark.clause("C7", "S3")
@pytest.mark.usefixtures("registry")
def test_a_county_leaves_with_the_share_of_villages_that_was_told(
    leaving: LeavingActivities, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1 of 2 poor villages has left, and 90 % are asked for: of 2 was told, then of 1."""
    asked = HENAN.standards.model_copy(update={"exited_villages_at_least_percent": 90})
    monkeypatch.setattr(carrying, "HENAN", HENAN.model_copy(update={"standards": asked}))
    for number in (1, 2):
        put_village(engine, f"{XIN.code}10000{number}", 50)
    village_leaves(engine, f"{XIN.code}100001", date(2018, 1, 10))
    with pytest.raises(ApplicationError, match=r"S3\.villages is not met") as said:
        run(leaving.strike_off_county, change(File(), told=of_hundred(0, exited=2)))
    assert said.value.details == ("S3.villages",)
    order = change(File(), told=of_hundred(0, listed=1, exited=1))
    assert run(leaving.strike_off_county, order).since == date(2018, 8, 2)


@pytest.mark.clause("C7")
def test_a_county_that_left_cannot_leave_again(
    asked: RegistryActivities, leaving: LeavingActivities, registry: Registry, engine: Engine
) -> None:
    run(leaving.strike_off_county, change(File()))
    before = standings(engine)
    for order in (change(File(year=2018), effective_on=date(2019, 1, 1)), change(File(), seq=41)):
        with pytest.raises(
            ApplicationError, match=r"already left on 2018-08-02 by .*2017, entry 40"
        ) as caught:
            run(leaving.strike_off_county, order)
        assert caught.value.type == "RegisterConflict"
        assert caught.value.non_retryable
    assert standings(engine) == before
    refused = run(asked.admit_county, admission(year=2018, now=APPLIED.replace(year=2018))).fault
    assert refused is not None
    assert "it left on 2018-08-02" in refused


@pytest.mark.clause("C7")
def test_two_cases_cannot_both_strike_a_county_off(
    leaving: LeavingActivities, registry: Registry, engine: Engine
) -> None:
    orders = [change(File(year=year)) for year in range(2014, 2022)]

    def strike(order: Any) -> str:
        try:
            return str(run(leaving.strike_off_county, order).since)
        except ApplicationError as error:
            return str(error.type)

    answers = at_once([lambda order=order: strike(order) for order in orders])  # type: ignore[misc]
    assert sorted(answers) == ["2018-08-02"] + ["RegisterConflict"] * 7
    assert len(standings(engine)) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"county": XIN.model_copy(update={"code": "411599"})}, "is not on the register"),
        ({"effective_on": date(2012, 3, 19)}, "it is listed since 2012-03-19"),
    ],
)
def test_only_a_listed_county_can_leave(
    leaving: LeavingActivities, registry: Registry, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ApplicationError, match=re.escape(said)):
        run(leaving.strike_off_county, change(File(), **changes))


def test_an_outage_is_tried_again(leaving: LeavingActivities, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE county_status RENAME TO away"))
    with pytest.raises(RegistryError) as caught:
        run(leaving.strike_off_county, change(File()))
    assert not isinstance(caught.value, ApplicationError)
    assert caught.value.__cause__ is None
