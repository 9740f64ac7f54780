"""Entries into the register on the stage: households that have left, or never were in it (F5)."""

from datetime import date, datetime
from itertools import count
from typing import Any, ClassVar

from sqlmodel import col, select

from models.case.messages import Receipt
from models.offices import Household
from models.periods import BEIJING
from models.policy import Policy
from models.reentry.messages import ReentryApplication, ReentryOpening
from models.register.households import Livelihood
from registry.database.engine import reading, writing
from registry.tables import EpisodeRow, Standing, StatusRow
from tests.play import Play
from tests.registry import places
from tests.roster_stage import livelihood, meeting, put_poverty_line
from tests.stage import YEAR, Stage
from workflows.reentry import ReentryWorkflow

LEFT_ON = date(YEAR - 2, 12, 20)
"""When the synthetic households and villages left, for the year before last."""

_villages, _households = count(1), count(1)


def poor(**changes: Any) -> Livelihood:
    """A synthetic livelihood of 8 100 yuan of wages: 2 700 a head of three, below the line."""
    return livelihood(**({"wages": 810_000} | changes))


def put_left_village(
    stage: Stage, county: str, *, population: int = 100, exited: bool = True, listed: bool = True
) -> str:
    """Put a synthetic village on the register that has left the list; return its code."""
    code = places.put_village(
        stage.settings.engine(),
        f"{county}300{next(_villages) % 1000:03d}",
        population,
        township_name="合成乡",
        population_as_of=date(YEAR - 1, 12, 31),
        poor_since=places.LISTED_SINCE if listed else None,
    )
    put_poverty_line(stage)
    if exited:
        places.village_leaves(stage.settings.engine(), code, LEFT_ON)
    return code


def county_leaves(stage: Stage, county: str) -> None:
    """A county left the list as its villages did."""
    with writing(stage.settings.engine()) as session:
        session.exec(select(StatusRow).where(StatusRow.code == county)).one().until = LEFT_ON
        session.add(
            StatusRow(code=county, since=LEFT_ON, status=Standing.EXITED, exit_year=YEAR - 2)
        )


def put_left(
    stage: Stage,
    village: str,
    *,
    size: int = 3,
    head: str = "张某某",
    lived: Livelihood | None = None,
    left_on: date | None = LEFT_ON,
    registered_on: date | None = places.REGISTERED_ON,
    code: str | None = None,
) -> str:
    """Put a synthetic household on the register that has left it; return its number.

    Args:
        left_on: None for one that is in it still.
        registered_on: None for one that never was.
        code: Its number, where it is known already: the register is told anew.
    """
    number = code or f"F{next(_households):06d}"
    places.register(
        stage.settings.engine(),
        village,
        {number: size},
        head=head,
        livelihood=lived or poor(),
        registered_on=registered_on,
    )
    if code is None and registered_on is not None and left_on is not None:
        places.leaves(stage.settings.engine(), number, left_on)
    return number


def put_new(stage: Stage, village: str, **changes: Any) -> str:
    """Put a household on the register that never was poor; return its number."""
    return put_left(stage, village, registered_on=None, **changes)


def episodes(stage: Stage, household: str) -> list[EpisodeRow]:
    """The household's episodes, the first before the second."""
    with reading(stage.settings.engine()) as session:
        rows = session.exec(
            select(EpisodeRow)
            .where(EpisodeRow.household_code == household)
            .order_by(col(EpisodeRow.number))
        ).all()
        session.expunge_all()
    return list(rows)


def reentry_application(household: str, **changes: Any) -> ReentryApplication:
    """A synthetic application."""
    values = {
        "household": household,
        "year": YEAR,
        "officer": "某甲",
        "reason": "突发重病致贫（合成）",
        "document_number": "合成〔R1〕号",
    }
    return ReentryApplication.model_validate(values | changes)


class ReentryPlay(Play):
    """One household's entry on the stage; ``code`` is the household's number."""

    first: ClassVar[str] = "R1"
    publicity: ClassVar[str] = "R3"
    investigated: ClassVar[str] = "R4"
    village: str = ""

    def office(self, step: str) -> str:
        """The office whose step it is."""
        return f"A5/{self.village[:6]}" if step == "R4" else f"A1/{self.village}"

    def message(self, step: str, decision: str = "approve", **fields: Any) -> dict[str, Any]:
        """An act as JSON: R4 with the number of its document."""
        given = super().message(step, decision)
        if (step, decision) == ("R4", "approve"):
            given["document_number"] = "合成〔R4〕号"
        return given | fields

    async def appraises(self, votes: int = 18, **fields: Any) -> Receipt:
        """The meeting of the day votes for it, 18 of 20 present of 30."""
        return await self.act("R2", appraisal=await self.vote(votes), **fields)

    async def vote(self, votes: int = 18, **changes: Any) -> dict[str, Any]:
        """A meeting of the day with its vote, as JSON."""
        today = (await self.now()).astimezone(BEIJING).date()
        record = meeting(**({"held_on": today.isoformat()} | changes))
        return {"meeting": record, "households": [{"household": self.code, "in_favour": votes}]}

    async def is_posted(self) -> None:
        """Voted on and posted."""
        await self.reaches("R2")
        await self.appraises()
        await self.reaches("R3")

    async def is_cleared(self) -> None:
        """Posted, and its publicity over: the county's turn."""
        await self.is_posted()
        await self.end_publicity()
        await self.reaches("R4")


async def opens_reentry(
    stage: Stage,
    household: str,
    village: str,
    begins: datetime,
    *,
    policy: Policy | None = None,
    **changes: Any,
) -> ReentryPlay:
    """Open the case of a household on the register at a moment of ``YEAR``."""
    return await stage.opens_by(
        reentry_application(household, **changes),
        begins,
        lambda case_id: _play(stage, case_id, household, village),
        policy=policy,
    )


def _play(stage: Stage, case_id: str, household: str, village: str) -> ReentryPlay:
    play = ReentryPlay(stage, case_id, household)
    play.village = village
    return play


async def opens_fallen_back(
    stage: Stage,
    begins: datetime,
    *,
    direct: bool = False,
    population: int = 100,
    policy: Policy | None = None,
    **household: Any,
) -> ReentryPlay:
    """Open the case of a new household that left, in a village that left."""
    village = put_left_village(stage, stage.county(direct=direct), population=population)
    code = put_left(stage, village, **household)
    return await opens_reentry(stage, code, village, begins, policy=policy)


async def opens_reentry_directly(
    stage: Stage, opening: ReentryOpening, begins: datetime
) -> ReentryPlay:
    """Start a case past the desk."""
    household = opening.subject
    play = _play(stage, opening.case_id, household.code, household.village.code)
    return await stage.opens_past_the_desk(play, ReentryWorkflow.run, opening, begins)


def known_household(stage: Stage, code: str) -> Household:
    """A household as the register has it."""
    facts = stage.registry.facts(reentry_application(code), date(YEAR, 6, 1))
    assert isinstance(facts.subject, Household)
    return facts.subject
