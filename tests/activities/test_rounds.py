"""What a round starts (F5, F6), read from the register as of the day it was called for."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlmodel import col

from activities.rounds import RoundActivities
from models.periods import BEIJING
from models.policy import Policy, PolicyError
from models.register.households import Cause
from models.rounds import Begun, FollowUpRoundOrder, RoundOrder, SupervisionRoundOrder
from registry.calendar import OfficialCalendar
from registry.cases.projections import list_case
from registry.database.engine import writing
from registry.tables import DivisionRow, EpisodeRow, Standing, VillageStatusRow
from tests.activities.follow_ups import exited, state
from tests.activities.registry_cases import run
from tests.models.samples import HENAN, county
from tests.registry import places

pytestmark = pytest.mark.usefixtures("registry")

Rounds = Callable[[Policy], RoundActivities]
PROVINCE = "410000"
NOT_LATE = timedelta(0)
WORKDAYS = OfficialCalendar()
XIN, GUANG = "411523", "411522"


@pytest.fixture
def rounds(engine: Engine) -> Rounds:
    """The activities, under a policy."""
    return lambda policy: RoundActivities(engine, lambda: policy, WORKDAYS)


def called(region: str, on: date, late: timedelta = NOT_LATE) -> RoundOrder[Any]:
    """What a province's or a county's round asks, begun at nine of its day or so much later."""
    nine = datetime(on.year, on.month, on.day, 9, tzinfo=BEIJING)
    kind: Any = SupervisionRoundOrder if region.endswith("0000") else FollowUpRoundOrder
    order: RoundOrder[Any] = kind(region=region, on=on, began=nine + late)
    return order


def village_exits(engine: Engine, code: str, on: date, status: Standing = Standing.EXITED) -> None:
    with writing(engine) as session:
        last = update(VillageStatusRow).where(
            col(VillageStatusRow.code) == code, col(VillageStatusRow.until).is_(None)
        )
        session.exec(last.values(until=on))
        session.add(VillageStatusRow(code=code, since=on, status=status))


@pytest.mark.clause("F6")
def test_every_county_with_an_exited_household_or_village_is_supervised(
    rounds: Rounds, engine: Engine
) -> None:
    asked, on = rounds(HENAN), called(PROVINCE, date(2019, 1, 1))
    assert run(asked.supervisions_due, on).counties == ()
    places.put_village(engine, f"{XIN}100001", 300)
    places.put_households(engine, f"{XIN}100001", [3])
    assert run(asked.supervisions_due, on).counties == ()  # nobody has left

    exited(engine, f"{XIN}100001", 2)
    places.put_village(engine, f"{GUANG}100001", 300)
    village_exits(engine, f"{GUANG}100001", date(2019, 1, 1))
    due = run(asked.supervisions_due, on)
    assert [each.code for each in due.counties] == [GUANG, XIN]
    assert due.counties[1] == county()
    assert due.policy == HENAN
    day_before = called(PROVINCE, date(2018, 12, 31))
    assert [each.code for each in run(asked.supervisions_due, day_before).counties] == [XIN]
    elsewhere = called("420000", date(2019, 1, 1))
    assert run(asked.supervisions_due, elsewhere).counties == ()


@pytest.mark.clause("F6", "F7")
def test_a_revoked_exit_alone_leaves_nothing_to_supervise(rounds: Rounds, engine: Engine) -> None:
    places.put_village(engine, f"{XIN}100001", 300)
    (revoked,) = exited(engine, f"{XIN}100001", 1)
    village_exits(engine, f"{XIN}100001", date(2018, 12, 1))
    village_exits(engine, f"{XIN}100001", date(2018, 12, 20), Standing.REVOKED)
    with writing(engine) as session:
        session.add(
            EpisodeRow(
                household_code=revoked,
                number=2,
                cause=Cause.REVOKED,
                registered_on=date(2018, 12, 25),
            )
        )
    order = called(PROVINCE, date(2019, 1, 1))
    assert run(rounds(HENAN).supervisions_due, order).counties == ()


@pytest.mark.clause("F6")
def test_a_county_that_the_register_does_not_know_on_the_day_is_named(
    rounds: Rounds, engine: Engine
) -> None:
    places.put_village(engine, f"{XIN}100001", 300)
    exited(engine, f"{XIN}100001", 1)
    with writing(engine) as session:
        expired = update(DivisionRow).where(col(DivisionRow.code) == XIN)
        session.exec(expired.values(valid_until=date(2019, 1, 1), successor="411599"))
    due = run(rounds(HENAN).supervisions_due, called(PROVINCE, date(2019, 1, 1)))
    assert due.counties == ()
    assert due.left_out == ("411523: the code of 新县 expired on 2019-01-01; use 411599",)


@pytest.mark.clause("F5", "F1")
def test_every_township_with_exited_households_is_followed_up_while_support_is_kept(
    rounds: Rounds, engine: Engine
) -> None:
    for village in (f"{XIN}200001", f"{XIN}100001", f"{XIN}100002", f"{GUANG}100001"):
        places.put_village(engine, village, 300)
        exited(engine, village, 1)
    places.put_village(engine, f"{XIN}300001", 300)
    places.put_households(engine, f"{XIN}300001", [3])
    asked = rounds(HENAN)
    due = run(asked.follow_ups_due, called(XIN, date(2020, 1, 5)))
    assert [(each.code, each.name) for each in due.townships] == [
        (f"{XIN}100", "合成100乡"),
        (f"{XIN}200", "合成200乡"),
    ]
    assert {each.county.code for each in due.townships} == {XIN}
    assert due.left_out == ()

    over = run(asked.follow_ups_due, called(XIN, date(2021, 1, 5)))
    assert over.townships == ()
    assert over.left_out == ("帮扶政策保持至2020-12-31，2021年无回访",)
    before = run(asked.follow_ups_due, called(XIN, date(2018, 1, 5)))
    assert before.left_out == ("截至2018-01-05，411523无已脱贫户",)


def test_a_policy_that_cannot_be_read_holds_the_round_up(engine: Engine) -> None:
    def broken() -> Policy:
        raise PolicyError("policy 'x': cannot be read")

    with pytest.raises(PolicyError, match="cannot be read"):
        run(
            RoundActivities(engine, broken, WORKDAYS).follow_ups_due,
            called(XIN, date(2019, 1, 5)),
        )


# -- ahead of its day, and long after it --------------------------------------------------------


@pytest.mark.clause("F5", "F6")
@pytest.mark.parametrize(
    ("on", "today", "late", "said"),
    [
        (date(2019, 1, 1), date(2018, 12, 31), 0, "尚未到来（今日2018-12-31），不提前启动"),
        (date(2019, 1, 1), date(2019, 1, 1), 0, None),
        (date(2019, 1, 1), date(2019, 6, 1), 60, None),
        (date(2019, 1, 1), date(2019, 6, 1), 61, "的启动至2019-03-03已超过补办期限（60日）"),
        # Begun on its day, and done when a worker came after months.
        (date(2019, 1, 1), date(2019, 6, 1), 0, None),
    ],
)
def test_a_round_of_a_day_that_has_not_come_or_is_long_past_begins_nothing(
    engine: Engine, on: date, today: date, late: int, said: str | None
) -> None:
    places.put_village(engine, f"{XIN}100001", 300)
    exited(engine, f"{XIN}100001", 1)
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=BEIJING)
    asked = RoundActivities(engine, lambda: HENAN, WORKDAYS, lambda: noon)
    order = called(PROVINCE, on, timedelta(days=late))
    due = run(asked.supervisions_due, order)
    if said is None:
        assert [each.code for each in due.counties] == [XIN]
        assert due.left_out == ()
    else:
        assert due.counties == ()
        assert due.left_out[0].startswith(f"{on}{said}")


@pytest.mark.clause("F5")
def test_a_follow_up_is_called_for_from_its_day_until_its_visits_are_due(engine: Engine) -> None:
    places.put_village(engine, f"{XIN}100001", 300)
    exited(engine, f"{XIN}100001", 1)
    clock = datetime(2020, 1, 4, 12, tzinfo=BEIJING)
    asked = RoundActivities(engine, lambda: HENAN, WORKDAYS, lambda: clock)
    ahead = run(asked.follow_ups_due, called(XIN, date(2020, 1, 5)))
    assert ahead.townships == ()
    assert ahead.left_out == ("2020-01-05尚未到来（今日2020-01-04），不提前启动",)
    clock = datetime(2020, 12, 31, 12, tzinfo=BEIJING)
    window = date(2020, 11, 30) - date(2020, 1, 5)
    assert run(asked.follow_ups_due, called(XIN, date(2020, 1, 5), window)).townships
    late = run(asked.follow_ups_due, called(XIN, date(2020, 1, 5), window + timedelta(days=1)))
    assert late.townships == ()
    (why,) = late.left_out
    assert "已超过补办期限（330日）" in why
    assert run(asked.follow_ups_due, called(XIN, date(2020, 12, 31))).townships  # by hand


def test_what_was_not_admitted_is_told_from_what_was(engine: Engine) -> None:
    admitted, not_admitted = state().case_id, "follow-up/411523100/2018"
    with writing(engine) as session:
        list_case(session, state(), datetime(2019, 1, 1, 9, tzinfo=BEIJING), "run-1")
    begun = Begun(case_ids=(not_admitted, admitted))
    asked = RoundActivities(engine, lambda: HENAN, WORKDAYS)
    assert run(asked.admitted_cases, begun) == (admitted,)
