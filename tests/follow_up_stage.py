"""Follow-ups on the stage: a synthetic township whose households have exited, and its rounds."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Any

from sqlmodel import col, select
from temporalio.client import Client

from models.case.messages import Receipt
from models.follow_up.messages import FollowUpApplication, FollowUpOpening, RiskMark, Visits
from models.identity import follow_up_case
from models.offices import Township
from models.periods import BEIJING
from models.policy import Policy
from models.rounds import Round, RoundResult
from registry.database.engine import writing
from registry.tables import EpisodeRow
from tests.models.samples import POLICY_TEXT
from tests.play import PLAYED, Play
from tests.stage import YEAR, Stage, set_stage, settings_in
from tests.village_stage import put_households, put_village
from workers.catalogue import TASK_QUEUE
from workers.settings import Settings

EXITED_ON = date(YEAR - 1, 12, 20)
_rounds = count(1)


def settings_kept_up(
    folder: Path, *, support_until: str = f"{YEAR + 1}-12-31", opens: str = "01-05"
) -> Settings:
    """An installation whose policy keeps support up until a later day (F1)."""
    path = folder / "policy.toml"
    text = POLICY_TEXT.replace("2020-12-31", support_until)
    path.write_text(text.replace('opens = "01-05"', f'opens = "{opens}"'), encoding="utf-8")
    return settings_in(folder, policy=str(path))


@asynccontextmanager
async def follow_up_stage(client: Client, folder: Path, **options: Any) -> AsyncIterator[Stage]:
    """A stage on which support is kept up."""
    async with set_stage(client, settings_kept_up(folder), **options) as stage:
        yield stage


class FollowUpPlay(Play):
    """One township's follow-up on the stage; ``code`` is the township's."""

    def office(self, step: str) -> str:
        """The county's, at its one step."""
        return f"A5/{self.code[:6]}"

    async def visit(self, *households: str, **fields: Any) -> Receipt:
        """The county reports visits, all of them on the case's day and stable."""
        today = (await self.now()).astimezone(BEIJING).date()
        given = {
            "id": f"visits-{next(self.ids)}",
            "office": self.office("K1"),
            "officer": "某丙",
            "visits": [visited(code, today) for code in households],
        }
        message = Visits.model_validate(given | fields)
        return await self.stage.desk.visit(self.case_id, message)

    async def mark(self, household: str, **fields: Any) -> Receipt:
        """The county marks a risk."""
        given = {
            "id": f"mark-{next(self.ids)}",
            "household": household,
            "risk": "sudden_hardship",
            "reason": "户主患大病（合成）",
            "office": self.office("K1"),
            "officer": "某丙",
        }
        message = RiskMark.model_validate(given | fields)
        return await self.stage.desk.mark(self.case_id, message)


def visited(household: str, on: date, **fields: Any) -> dict[str, Any]:
    """A visit as JSON."""
    return {"household": household, "made_on": on.isoformat(), "stable": True} | fields


def leave(stage: Stage, households: Sequence[str], on: date = EXITED_ON) -> None:
    """Households are struck off on a day."""
    with writing(stage.settings.engine()) as session:
        mine = select(EpisodeRow).where(
            col(EpisodeRow.household_code).in_(households), col(EpisodeRow.exited_on).is_(None)
        )
        for episode in session.exec(mine).all():
            episode.exited_on, episode.exit_year = on, on.year


def put_exited(stage: Stage, village: str, number: int, on: date = EXITED_ON) -> list[str]:
    """Register households in a village that leave on a day; return their numbers."""
    codes = put_households(stage, village, [3] * number)
    leave(stage, codes, on)
    return codes


async def calls_round(
    stage: Stage, workflow: str, region: str, begins: datetime, id: str | None = None
) -> tuple[RoundResult, Any]:
    """Let a round's starter begin at a moment, as nothing scheduled it.

    Args:
        id: One that its schedule could give it.
    """
    wait = begins - datetime.now(BEIJING)
    with stage.skipper.with_time_skipping_disabled():
        handle = await stage.desk.client.start_workflow(
            workflow,
            Round(region=region),
            id=id or f"round-{next(_rounds)}/{region}",
            task_queue=TASK_QUEUE,
            start_delay=wait,
            result_type=RoundResult,
        )
    await stage.skip(handle, wait)
    return await handle.result(), handle


async def opens_follow_up(
    stage: Stage, begins: datetime, number: int = 2
) -> tuple[FollowUpPlay, list[str]]:
    """Open the follow-up of a new township with so many exited households in one village."""
    county = stage.county()
    village = put_village(stage, county, poor=0)
    households = put_exited(stage, village, number)
    return await follow_up_of(stage, village[:9], begins), households


async def follow_up_of(stage: Stage, township: str, begins: datetime) -> FollowUpPlay:
    """Open the follow-up of a township by the round of its county."""
    result, _ = await calls_round(stage, "FollowUpRound", township[:6], begins)
    case_id = follow_up_case(township, begins.year)
    assert case_id in result.started, result
    play = FollowUpPlay(stage, case_id, township)
    PLAYED.append(play)
    return play


async def starts_follow_up(
    stage: Stage,
    township: str,
    begins: datetime,
    *,
    policy: Policy | None = None,
    received_at: datetime | None = None,
) -> FollowUpPlay:
    """Start the follow-up of a township past its round, and let its clock stand at a moment."""
    place = Township(code=township, name="合成乡", county=stage.known(township[:6]))
    opening = FollowUpOpening(
        case_id=follow_up_case(township, begins.year),
        application=FollowUpApplication(year=begins.year, as_of=begins.date()),
        subject=place,
        policy=stage.under(policy),
        received_at=received_at,
    )
    play = FollowUpPlay(stage, opening.case_id, township)
    return await stage.opens_past_the_desk(play, "FollowUp", opening, begins)
