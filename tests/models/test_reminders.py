"""T8: when a limit makes itself heard."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.case.reminders import next_after
from models.policy import Reminders

DUE = datetime(2018, 1, 12, 16, tzinfo=UTC)
HENAN = Reminders(before_days=(3, 1), after_every_days=3)
rules = st.builds(
    Reminders,
    before_days=st.lists(st.integers(1, 60), max_size=5).map(tuple),
    after_every_days=st.integers(1, 30),
)
distances = st.timedeltas(timedelta(days=-90), timedelta(days=400))


def days(count: float) -> timedelta:
    return timedelta(days=count)


def reminders(rule: Reminders, number: int) -> list[timedelta]:
    """The first reminders of a limit, each as far from its end as it is."""
    heard = [next_after(DUE - days(1000), DUE, rule)]
    while len(heard) < number:
        heard.append(next_after(heard[-1], DUE, rule))
    return [moment - DUE for moment in heard]


@pytest.mark.clause("T8", "G4")
def test_a_limit_is_heard_before_it_at_it_and_after_it() -> None:
    heard = reminders(HENAN, 6)
    assert heard == [days(-3), days(-1), days(0), days(3), days(6), days(9)]


@pytest.mark.clause("T8")
@pytest.mark.parametrize(
    ("now", "following"),
    [
        pytest.param(-30, -3, id="long before"),
        pytest.param(-3, -1, id="at the first: the second"),
        pytest.param(-2, -1, id="between"),
        pytest.param(-0.001, 0, id="just before it ends"),
        pytest.param(0, 3, id="at its end"),
        pytest.param(2.999, 3, id="just before the first after it"),
        pytest.param(3, 6, id="after the first"),
        pytest.param(22, 24, id="after an outage of weeks: once, not seven times"),
    ],
)
def test_the_next_reminder(now: float, following: float) -> None:
    assert next_after(DUE + days(now), DUE, HENAN) == DUE + days(following)


@pytest.mark.clause("T8")
def test_the_order_in_a_policy_file_does_not_matter() -> None:
    scrambled = Reminders(before_days=(1, 7, 3, 7), after_every_days=2)
    heard = reminders(scrambled, 5)
    assert heard == [days(-7), days(-3), days(-1), days(0), days(2)]


@pytest.mark.clause("T8")
def test_a_policy_without_early_reminders() -> None:
    only_after = Reminders(before_days=(), after_every_days=1)
    assert next_after(DUE - days(100), DUE, only_after) == DUE


@pytest.mark.clause("T8")
@given(rules, distances)
def test_the_next_reminder_is_the_first_there_is(rule: Reminders, distance: timedelta) -> None:
    now = DUE + distance
    found = next_after(now, DUE, rule)
    offset = found - DUE
    assert found > now
    # A reminder by the text of T8, and none between now and it.
    every = days(rule.after_every_days)
    allowed = {-days(before) for before in rule.before_days}
    assert offset in allowed or (offset >= days(0) and offset % every == days(0))
    assert not [early for early in allowed if distance < early < offset]
    if offset > days(0):
        assert distance >= days(0)
        assert offset - distance <= every


@pytest.mark.clause("T8", "G4")
@given(rules, distances)
def test_reminders_never_end(rule: Reminders, distance: timedelta) -> None:
    now, heard = DUE + distance, []
    for _ in range(10):
        now = next_after(now, DUE, rule)
        heard.append(now)
    assert heard == sorted(set(heard))
