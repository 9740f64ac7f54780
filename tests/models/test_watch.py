"""Limits in force: who is held to them, when they speak, what is overdue (G4, T8)."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.case.limits import Watch
from models.periods import LimitKind
from models.policy import Reminders
from tests.models.samples import CITY, COUNTY, DAY, NOW, limit

RULE = Reminders(before_days=(3, 1), after_every_days=3)
SECOND = timedelta(seconds=1)
distances = st.timedeltas(timedelta(days=-30), timedelta(days=60))


def watch_until(due: datetime, kind: LimitKind = LimitKind.MAXIMUM, armed: datetime = NOW) -> Watch:
    watch = Watch(RULE)
    watch.arm("C2 T3", limit(due=due, kind=kind), CITY, "C2 市级初审", armed)
    return watch


def hear(watch: Watch, now: datetime) -> list[str]:
    """What the case does with every limit that speaks: heard, and marked where missed."""
    spoke = watch.due(now)
    for each in spoke:
        watch.hear(each, now)
        if not each.binding:
            each.over = now >= each.limit.due
        elif now >= each.limit.due:
            watch.miss(each)
    return [each.key for each in spoke]


@pytest.mark.clause("T8", "G4")
def test_a_limit_speaks_before_at_and_after() -> None:
    due = NOW + 10 * DAY
    watch = watch_until(due)
    heard = []
    for _ in range(6):
        upcoming = watch.next_moment()
        assert upcoming is not None
        moment, watched = upcoming
        assert watch.due(moment - SECOND) == []
        assert watch.due(moment) == [watched]
        assert hear(watch, moment) == ["C2 T3"]
        assert watch.due(moment) == []
        heard.append((moment - due) / DAY)
    assert heard == [-3, -1, 0, 3, 6, 9]
    assert watch.overdue


@pytest.mark.clause("G4")
@pytest.mark.parametrize("kind", [LimitKind.MAXIMUM, LimitKind.FIXED])
def test_a_limit_is_missed_at_its_very_second(kind: LimitKind) -> None:
    due = NOW + 10 * DAY
    watch = watch_until(due, kind)
    hear(watch, due - DAY)
    assert hear(watch, due - SECOND) == []
    assert not watch.overdue
    assert hear(watch, due) == ["C2 T3"]
    assert watch.overdue


@pytest.mark.clause("G4")
@pytest.mark.parametrize("kind", [LimitKind.MAXIMUM, LimitKind.FIXED])
@pytest.mark.parametrize("days", [100, 1, 0])
def test_a_limit_that_had_passed_before_it_was_armed(kind: LimitKind, days: int) -> None:
    watch = watch_until(NOW - days * DAY, kind)
    assert [each.key for each in watch.due(NOW)] == ["C2 T3"]
    hear(watch, NOW)
    assert watch.overdue
    assert watch.due(NOW) == []
    upcoming = watch.next_moment()
    assert upcoming is not None
    assert NOW < upcoming[0] <= NOW + 3 * DAY


@pytest.mark.clause("T1", "G4")
def test_the_end_of_a_publicity_is_nobodys_to_miss() -> None:
    due = NOW + 7 * DAY
    watch = watch_until(due, LimitKind.MINIMUM)
    upcoming = watch.next_moment()
    assert upcoming is not None
    assert upcoming[0] == due  # and no reminder before it
    assert watch.due(due - SECOND) == []
    assert hear(watch, due) == ["C2 T3"]
    assert not watch.overdue
    assert watch.next_moment() is None
    assert watch.due(due + 100 * DAY) == []


@pytest.mark.clause("G4")
def test_silence_after_an_outage_is_broken_once() -> None:
    due = NOW + 10 * DAY
    watch = watch_until(due)
    assert hear(watch, due + 40 * DAY) == ["C2 T3"]
    upcoming = watch.next_moment()
    assert upcoming is not None
    assert upcoming[0] == due + 42 * DAY


@pytest.mark.clause("G4")
def test_the_nearest_limit_comes_first() -> None:
    watch = Watch(RULE)
    for key, days in (("C2 T4", 20), ("C2 T3", 5), ("异议 o-1", 8)):
        watch.arm(key, limit(due=NOW + days * DAY), CITY, key, NOW)
    upcoming = watch.next_moment()
    assert upcoming is not None
    assert (upcoming[0], upcoming[1].key) == (NOW + 2 * DAY, "C2 T3")
    passed = [each.key for each in watch.due(NOW + 30 * DAY)]
    assert passed == ["C2 T3", "异议 o-1", "C2 T4"]


@pytest.mark.clause("G4", "G3")
def test_what_is_done_is_out_of_force() -> None:
    watch = Watch(RULE)
    keys = ("C2 T3", "C2 T4", "C3 T5", "异议 o-1", "举报 C2")
    for key in keys:
        watch.arm(key, limit(due=NOW - DAY), CITY, key, NOW)
    hear(watch, NOW)
    watch.disarm("C2 T3")
    assert "C2 T3" not in watch
    assert watch["C2 T4"].breached
    watch.disarm("C2 T3")  # gone already: no fault
    watch.disarm_step("C2")
    assert [key for key in keys if key in watch] == ["C3 T5", "异议 o-1", "举报 C2"]
    assert len(watch) == 3
    overdue = [watch.overdue]
    watch.clear()
    overdue.append(watch.overdue)
    assert overdue == [True, False]
    assert len(watch) == 0
    assert watch.next_moment() is None


@pytest.mark.clause("G3", "G4")
def test_arming_again_begins_anew() -> None:
    watch = watch_until(NOW - DAY)
    hear(watch, NOW)
    overdue = [watch.overdue]
    again = watch.arm("C2 T3", limit(due=NOW + 7 * DAY), COUNTY, "C2 市级初审", NOW)
    overdue.append(watch.overdue)
    assert overdue == [True, False]
    assert len(watch) == 1
    assert watch["C2 T3"] is again
    assert again.office == COUNTY


@pytest.mark.clause("T8", "G4")
@given(distances, st.lists(st.timedeltas(timedelta(0), timedelta(days=20)), max_size=12))
def test_looking_at_any_time_misses_nothing_and_repeats_nothing(
    distance: timedelta, waits: list[timedelta]
) -> None:
    due, now = NOW + distance, NOW
    watch = watch_until(due)
    hear(watch, now)
    for wait in waits:
        before, now = now, now + wait
        expected = [due - 3 * DAY, due - DAY, *(due + 3 * n * DAY for n in range(200))]
        passed = any(before < moment <= now for moment in expected)
        assert bool(watch.due(now)) is passed
        hear(watch, now)
        assert watch.overdue is (now >= due)
        assert watch.due(now) == []
        upcoming = watch.next_moment()
        assert upcoming is not None
        assert upcoming[0] == min(moment for moment in expected if moment > now)
