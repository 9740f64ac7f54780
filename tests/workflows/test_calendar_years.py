"""Publicity over holidays of two years: published, not yet published, published meanwhile (T1)."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from models.case.ledger import EntryKind
from models.periods import Limit
from operators.desk.desk import Refused
from registry.errors import RegistryError
from registry.notices.folder import NoticeFolder
from tests.stage import YEAR, Stage, at, set_stage_on, settings_in
from tests.village_stage import opens_village
from tests.workflows.reckoning import clauses, last_day, midnight, quiet, shortly_after
from tests.workflows.test_postings import from_posting

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
POSTED_IN_WINTER, POSTED_IN_SPRING = date(YEAR, 12, 24), date(YEAR + 1, 2, 1)


def first(weekday: int, day: date) -> date:
    """The first such day of the week from a day on; Monday is 0."""
    return day + (weekday - day.weekday()) % 7 * DAY


def days(start: date, end: date) -> frozenset[date]:
    """All days from one to another."""
    return frozenset(start + number * DAY for number in range((end - start).days + 1))


# Synthetic: each holiday holds the seventh day of a publicity, and the weekend day after it is
# worked: the Saturday after New Year, the Sunday after the Spring Festival.
NEW_YEAR = date(YEAR, 12, 31)
SATURDAY = first(5, date(YEAR + 1, 1, 3))
SPRING = date(YEAR + 1, 2, 3)
SUNDAY = first(6, date(YEAR + 1, 2, 10))
OFF = days(NEW_YEAR, SATURDAY - DAY) | days(SPRING, SUNDAY - DAY)
WORKED = frozenset({SATURDAY, SUNDAY})
PUBLISHED = f"""
[{YEAR}]
source = "合成安排"
days_off = [{YEAR}-01-01]

[{YEAR + 1}]
source = "合成安排"
days_off = [
    {{ from = {NEW_YEAR}, to = {SATURDAY - DAY}, name = "元旦" }},
    {{ from = {SPRING}, to = {SUNDAY - DAY}, name = "春节" }},
]
workdays = [{SATURDAY}, {SUNDAY}]
"""


def full(*_: object) -> None:
    """Of a folder that takes no notice."""
    raise RegistryError("no space left on device")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An override file with the arrangements of both years."""
    path = tmp_path_factory.mktemp("calendar") / "workdays.toml"
    path.write_text(PUBLISHED, encoding="utf-8")
    return path


@pytest.fixture
async def informed(
    nightly_server: Client | None, published: Path, tmp_path: Path
) -> AsyncIterator[Stage]:
    """A stage whose worker knows the calendar of both years."""
    settings = settings_in(tmp_path, workdays=published)
    async with set_stage_on(nightly_server, settings) as stage:
        yield stage


def really(posted: date) -> date:
    """The last day of a publicity, over the published holidays."""
    return last_day(posted, 7, off=OFF, worked=WORKED)


def guessed(posted: date) -> date:
    """The same over weekends alone."""
    return last_day(posted, 7)


async def an_informed_worker_comes(stage: Stage, published: Path) -> None:
    """After the one that has gone, a worker that has the file."""
    informed = stage.settings.model_copy(update={"workdays": published})
    await stage.crew.comes(informed)


@pytest.mark.clause("T1", "C4")
async def test_publicity_over_holidays_ends_on_the_make_up_workday(informed: Stage) -> None:
    assert (really(POSTED_IN_WINTER), really(POSTED_IN_SPRING)) == (SATURDAY, SUNDAY)
    play = await informed.opens(at(12, 24), direct=True)
    await play.pass_until("C4")
    closes = await play.limit("T1")
    assert (closes.last_day, closes.due) == (SATURDAY, midnight(SATURDAY))
    assert not closes.provisional
    assert "（元旦假期），逢休息日，顺延至其后第一个工作日" in closes.zh
    assert "（周六，调休上班），当日24时届满。" in closes.zh
    assert "(New Year's Day holiday), a day off" in closes.en
    await play.until(closes.due - timedelta(minutes=1))
    with pytest.raises(Refused, match=f"goes on until 24:00 on {SATURDAY}"):
        await play.act("C5")
    await play.until(closes.due + SECOND)
    await play.reaches("C5")

    await play.until(at(2, 1, year=YEAR + 1))
    await play.act("C5", "return", reason="公告更正（合成）", return_to="C4")
    await play.reaches("C4", 2)
    closes = await play.limit("T1")
    assert (closes.last_day, closes.due) == (SUNDAY, midnight(SUNDAY))
    assert not closes.provisional
    assert "（春节假期），逢休息日" in closes.zh
    assert "a make-up workday" in closes.en
    await play.until(closes.due - timedelta(minutes=1))
    assert (await play.status()).step == "C4"
    await play.until(closes.due + SECOND)
    await play.reaches("C5", 2)
    done = [each for each in await play.entries(EntryKind.STEP_DONE) if each.step == "C4"]
    assert all(map(shortly_after, (midnight(SATURDAY), midnight(SUNDAY)), done))
    assert len(done) == 2
    assert not await play.entries(EntryKind.LIMIT_MOVED)


@pytest.mark.clause("T1")
async def test_without_a_published_calendar_the_end_is_provisional(stage: Stage) -> None:
    play = await stage.opens(at(12, 24), direct=True)
    await play.pass_until("C4")
    closes = await play.limit("T1")
    assert closes.provisional
    assert closes.last_day == guessed(POSTED_IN_WINTER)
    assert "节假日安排尚未公布，暂按周末推算" in closes.zh
    assert "weekends are assumed" in closes.en
    (notice,) = stage.registry.notices(play.case_id)
    assert "暂按周末推算" in notice.markdown


@pytest.mark.clause("T1", "T3", "C4")
async def test_a_guessed_end_is_looked_at_again_when_it_comes(
    own_stage: Stage, published: Path
) -> None:
    public = await own_stage.opens(at(12, 24), direct=True, policy=quiet(own_stage.policy))
    await public.pass_until("C4")
    held = await own_stage.opens(at(12, 24), policy=quiet(own_stage.policy))
    await held.reaches("C2")
    guesses = [(public, await public.limit("T1")), (held, await held.limit("T3"))]
    guess, real = guessed(POSTED_IN_WINTER), really(POSTED_IN_WINTER)
    assert guess < real
    for play, limit in guesses:
        assert (limit.last_day, limit.provisional) == (guess, True)
        await play.file()
        await play.until(midnight(guess) - timedelta(minutes=2))
    await own_stage.crew.goes()
    await an_informed_worker_comes(own_stage, published)
    for play, limit in guesses:
        await play.until(midnight(guess) + SECOND)
        seen = await play.waits(
            lambda seen: not any(each.limit.provisional for each in seen.limits)
        )
        assert not seen.overdue
        (moved,) = await play.entries(EntryKind.LIMIT_MOVED)
        assert shortly_after(midnight(guess), moved)
        now = Limit.model_validate(moved.data["limit"])
        assert (now.clause, now.due, now.provisional) == (limit.clause, midnight(real), False)
        assert f"原定{guess}，节假日安排公布后为" in moved.text
        assert now in [each.limit for each in seen.limits]
    with pytest.raises(Refused, match=f"goes on until 24:00 on {real}"):
        await public.act("C5")
    await public.until(midnight(real) - timedelta(minutes=1))
    assert (await public.status()).step == "C4"
    await public.until(midnight(real) + SECOND)
    await public.reaches("C5")
    assert len(await public.entries(EntryKind.NOTICE)) == 1
    assert await clauses(held, EntryKind.BREACH) == []
    await held.until(midnight(real) + SECOND)
    await held.waits(lambda seen: seen.overdue)
    assert await clauses(held, EntryKind.BREACH) == ["T3"]


@pytest.mark.clause("T3", "G5")
async def test_an_act_is_not_late_by_a_guess(own_stage: Stage, published: Path) -> None:
    play = await own_stage.opens(at(12, 24), policy=quiet(own_stage.policy))
    await play.reaches("C2")
    due = (await play.limit("T3")).due
    await play.file()
    await play.until(due - timedelta(minutes=1))
    await own_stage.crew.goes()
    await play.until(due + SECOND)
    await play.signal("act", play.message("C2"))
    await an_informed_worker_comes(own_stage, published)
    await play.reaches("C3")
    assert await clauses(play, EntryKind.LATE) == []
    assert await clauses(play, EntryKind.BREACH) == []


async def another_worker_comes(stage: Stage, published: Path) -> None:
    """In place of the one there is, which knows nothing of the coming year."""
    await stage.crew.goes()
    await an_informed_worker_comes(stage, published)


@pytest.mark.clause("T1", "C4")
async def test_a_notice_names_its_date_by_the_calendar_of_the_day(
    own_stage: Stage, published: Path
) -> None:
    play = await own_stage.opens(at(12, 24), direct=True)
    await play.reaches("C3")
    await play.file()
    await another_worker_comes(own_stage, published)
    await play.pass_until("C4")
    closes = await play.limit("T1")
    assert (closes.last_day, closes.provisional) == (really(POSTED_IN_WINTER), False)
    (notice,) = own_stage.registry.notices(play.case_id)
    assert notice.closes_at == closes.due
    assert not await play.entries(EntryKind.LIMIT_MOVED)


@pytest.mark.clause("T7", "G1")
@pytest.mark.parametrize(
    ("day", "guess", "real"),
    [
        pytest.param(17, date(YEAR + 1, 1, 3), SATURDAY, id="later"),
        pytest.param(24, date(YEAR + 1, 1, 10), SATURDAY, id="earlier"),
    ],
)
async def test_a_limit_over_an_older_calendar_is_moved_within_the_same_moment(
    own_stage: Stage, published: Path, day: int, guess: date, real: date
) -> None:
    """Fifteen days end on a holiday; or on a Saturday, which is worked."""
    posted = date(YEAR, 12, day)
    assert (last_day(posted, 15), last_day(posted, 15, off=OFF, worked=WORKED)) == (guess, real)
    play = await own_stage.opens(at(12, day), direct=True, policy=quiet(own_stage.policy))
    await play.pass_until("C4")
    closes = await play.limit("T1")
    await play.file()
    await another_worker_comes(own_stage, published)
    await play.object("举报（合成）")
    seen = await play.waits(
        lambda seen: any(each.limit.due == midnight(real) for each in seen.limits)
    )
    assert closes in [each.limit for each in seen.limits]  # of an earlier answer: it stands
    (moved,) = await play.entries(EntryKind.LIMIT_MOVED)
    was = [each for each in await play.entries(EntryKind.LIMIT_SET) if each.seq < moved.seq][-1]
    assert Limit.model_validate(was.data["limit"]).last_day == guess
    assert Limit.model_validate(moved.data["limit"]).last_day == real
    assert f"原定{guess}，节假日安排公布后为 T7" in moved.text
    assert moved.at - was.at < timedelta(minutes=1)


@pytest.mark.clause("T1", "V2")
async def test_no_publicity_ends_by_an_older_calendar(own_stage: Stage, published: Path) -> None:
    """Its days count from a posting that is reported when they would be over."""
    policy = quiet(from_posting(own_stage, "V2"))
    play = await opens_village(own_stage, at(12, 24), policy=policy)
    await play.is_surveyed()
    hung = await play.now()
    await play.until(midnight(guessed(POSTED_IN_WINTER)) + SECOND)
    await play.file()
    await another_worker_comes(own_stage, published)
    await play.posted(at=hung)
    await play.waits(
        lambda seen: midnight(really(POSTED_IN_WINTER)) in [each.limit.due for each in seen.limits]
    )
    assert (await play.status()).step == "V2"
    assert [each.text.split("：")[1][:2] for each in await play.entries(EntryKind.LIMIT_MOVED)] == [
        "公示", "原定"
    ]  # fmt: skip


@pytest.mark.clause("T7", "G1", "G4")
async def test_a_guess_that_comes_while_the_calendar_is_asked_for_is_looked_at_too(
    own_stage: Stage, published: Path
) -> None:
    """The publicity ends; the registry is away until fifteen days have passed by weekends alone."""
    posted, guess = date(YEAR, 12, 17), date(YEAR + 1, 1, 3)
    play = await own_stage.opens(at(12, 17), direct=True, policy=quiet(own_stage.policy))
    await play.pass_until("C4")
    await play.object("举报（合成）")
    seen = await play.waits(lambda seen: len(seen.limits) > 1)
    assert {(each.limit.last_day, each.limit.provisional) for each in seen.limits} >= {
        (last_day(posted, 7), True),
        (guess, True),
    }
    await play.file()
    own_stage.outages.begin(play.case_id, "calendar_now", again_in=timedelta(hours=1))
    await play.until(midnight(last_day(posted, 7)) + SECOND)
    await play.until(midnight(guess) + SECOND)
    assert own_stage.outages.felt(play.case_id, "calendar_now")
    await another_worker_comes(own_stage, published)
    own_stage.outages.end(play.case_id)
    await play.until(midnight(guess) + timedelta(hours=2))
    await play.waits(lambda seen: midnight(SATURDAY) in [each.limit.due for each in seen.limits])
    assert await clauses(play, EntryKind.BREACH) == []
    assert not (await play.status()).overdue


@pytest.mark.clause("T1", "C4")
async def test_a_worker_that_lacks_a_year_holds_no_notice_up(
    own_stage: Stage, published: Path, tmp_path: Path
) -> None:
    """One that knows less comes in place of one that knows more: what is published stays so."""
    await another_worker_comes(own_stage, published)
    play = await own_stage.opens(at(12, 24), direct=True)
    await play.reaches("C3")
    await play.file()
    await own_stage.crew.goes()
    await own_stage.crew.comes()
    await play.pass_until("C4")
    closes = await play.limit("T1")
    assert (closes.last_day, closes.provisional) == (really(POSTED_IN_WINTER), False)
    (notice,) = own_stage.registry.notices(play.case_id)
    assert notice.closes_at == closes.due


@pytest.mark.clause("T1", "C4")
async def test_a_notice_that_was_published_unheard_of_is_no_other_over_another_calendar(
    own_stage: Stage, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in the registry, and its folder cannot be written before the next day."""
    play = await own_stage.opens(at(12, 24), direct=True, policy=quiet(own_stage.policy))
    await play.reaches("C3")
    await play.file()

    await play.until(at(12, 24, 23, 57))
    with monkeypatch.context() as away:
        away.setattr(NoticeFolder, "put", full)
        await play.act("C3")
        await play.until(at(12, 24, 23, 58))
        assert len(own_stage.registry.notices(play.case_id)) == 1
        await another_worker_comes(own_stage, published)
        await play.until(at(12, 25, 0, 2))
    await play.until(at(12, 25, 0, 5))
    await play.reaches("C4")
    first, second = own_stage.registry.notices(play.case_id)
    assert first.closes_at == midnight(guessed(POSTED_IN_WINTER))
    closes = await play.limit("T1")  # of the next day: it was seen no earlier (T1)
    assert closes.due == second.closes_at == midnight(really(date(YEAR, 12, 25)))


@pytest.mark.clause("T1", "C4")
async def test_a_notice_of_an_older_calendar_that_another_worker_publishes_is_moved_at_once(
    own_stage: Stage, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its entries are kept, and it is published, before the one that knows more comes."""
    play = await own_stage.opens(at(12, 24), direct=True, policy=quiet(own_stage.policy))
    await play.reaches("C3")
    await play.file()
    with monkeypatch.context() as away:
        away.setattr(NoticeFolder, "put", full)
        await play.act("C3")
        await play.until(at(12, 24, 10, 1))
        await another_worker_comes(own_stage, published)
    await play.until(at(12, 24, 10, 4))
    await play.reaches("C4")
    await play.has_entered(EntryKind.LIMIT_MOVED)
    assert (await play.limit("T1")).due == midnight(really(POSTED_IN_WINTER))
