"""Orders that bring along what the registry lacks of the file of their case."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.ledger import RegistryActivities
from models.calendar import Calendar
from models.case.ledger import Entry
from models.case.orders import LedgerBatch
from models.county.orders import CountyCount
from registry.desk import Registry
from tests.activities.admitted import CALENDAR, CLOCK, registry_activities
from tests.activities.registry_cases import File

pytestmark = pytest.mark.clause("G7")

TODAY = CALENDAR.part(2017, CLOCK.date())
"""The calendar of a case of that year, by the tests' clock."""

GIVEN = datetime(2017, 11, 20, 10, tzinfo=UTC)


class Office:
    """Carries an order out, and looks at what is kept when it does."""

    def __init__(self, registry: Registry, case_id: str) -> None:
        self._registry, self._case_id = registry, case_id
        self.found: list[list[Entry]] = []

    def carry_out(self, _: CountyCount) -> str:
        self.found.append(self._registry.ledger(self._case_id))
        return "done"


@pytest.fixture
def asked(engine: Engine) -> RegistryActivities:
    return registry_activities(engine)


@pytest.fixture
def file() -> File:
    file = File()
    file.open()
    file.steps(3)
    return file


def order(batch: LedgerBatch, **changes: Any) -> CountyCount:
    count = CountyCount(county="411523", on=date(2017, 11, 20))
    return count.bringing(batch.model_copy(update={"known": TODAY.known, **changes}))


def given(activity: Callable[..., str], order: CountyCount, by: str, **info: Any) -> str:
    """An order as a workflow gives it, and a worker gets it."""
    environment = ActivityEnvironment()
    usual = {"workflow_id": by, "scheduled_time": GIVEN, "started_time": GIVEN}
    environment.info = replace(environment.info, **{**usual, **info})
    return environment.run(activity, order)


def refused(
    office: Office, asked: RegistryActivities, order: CountyCount, by: str, **info: Any
) -> Any:
    with pytest.raises(ApplicationError) as refusal:
        given(asked.keeping_first(office.carry_out), order, by, **info)
    assert not office.found
    return refusal.value


def test_what_an_order_brings_along_is_kept_before_it_is_carried_out(
    asked: RegistryActivities, registry: Registry, file: File
) -> None:
    office = Office(registry, file.case_id)
    do = asked.keeping_first(office.carry_out)
    for _ in range(2):  # the second attempt brings the same
        assert given(do, order(file.batch()), file.case_id) == "done"
    assert office.found == [file.ledger.entries] * 2


def test_one_that_brings_nothing_is_carried_out(
    asked: RegistryActivities, registry: Registry, file: File
) -> None:
    office = Office(registry, file.case_id)
    nothing = CountyCount(county="411523", on=date(2017, 11, 20))
    assert given(asked.keeping_first(office.carry_out), nothing, file.case_id) == "done"
    assert office.found == [[]]


def test_an_order_behind_a_gap_is_not_carried_out(
    asked: RegistryActivities, registry: Registry, file: File
) -> None:
    """The registry was restored from an older copy: the case sends the rest, and asks again."""
    office = Office(registry, file.case_id)
    error = refused(office, asked, order(file.batch(first=3)), file.case_id)
    assert (error.type, list(error.details)) == ("Behind", [0])
    assert registry.ledger(file.case_id) == []


@pytest.mark.parametrize(
    "late",
    [{"attempt": 2}, {"started_time": GIVEN + timedelta(seconds=31)}],
    ids=["tried before", "has waited"],
)
def test_an_order_that_comes_late_is_given_anew_once_its_entries_are_kept(
    asked: RegistryActivities, registry: Registry, file: File, late: dict[str, Any]
) -> None:
    """Whoever has said otherwise in an outage is heard before it is carried out."""
    office = Office(registry, file.case_id)
    error = refused(office, asked, order(file.batch()), file.case_id, **late)
    assert error.type == "KeptLate"
    assert registry.ledger(file.case_id) == file.ledger.entries
    do = asked.keeping_first(office.carry_out)
    assert given(do, order(file.batch()), file.case_id, **late) == "done"  # what was kept is late


@pytest.mark.clause("T1")
def test_an_order_over_an_older_calendar_is_not_carried_out_and_its_entries_are_kept(
    asked: RegistryActivities, registry: Registry, file: File
) -> None:
    office = Office(registry, file.case_id)
    older = Calendar(since=2017)
    error = refused(office, asked, order(file.batch(), known=older.known), file.case_id)
    assert (error.type, list(error.details)) == ("OtherCalendar", [TODAY])
    assert registry.ledger(file.case_id) == file.ledger.entries


def test_what_another_workflow_brings_is_not_kept(
    asked: RegistryActivities, registry: Registry, file: File
) -> None:
    office = Office(registry, file.case_id)
    error = refused(office, asked, order(file.batch()), "county-exit/411525/2017")
    assert error.type == "NotWarranted"
    assert registry.ledger(file.case_id) == []
