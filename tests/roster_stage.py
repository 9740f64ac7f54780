"""Rosters on the stage: synthetic households of a village, and the case of their exit."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any, ClassVar

from models.appraisals import MOST_HOUSEHOLDS
from models.case.messages import Receipt
from models.case.status import CaseStatus
from models.periods import BEIJING
from models.policy import Policy
from models.register.households import Livelihood, PovertyLine
from models.roster.households import Course
from models.roster.messages import Amendment, Consents, RosterApplication
from registry.database.engine import writing
from registry.register.poverty_lines import add_line
from tests.models import roster_samples
from tests.play import Play
from tests.registry import places
from tests.stage import YEAR, Stage

LINE = 3_000
"""The synthetic national line of ``YEAR``, in yuan a head."""

_villages = count(500)
_households = count(1)


def livelihood(**changes: Any) -> Livelihood:
    """A synthetic livelihood: 12 000 yuan of wages, and every criterion of S1 met."""
    return roster_samples.livelihood(**({"year": YEAR} | changes))


def put_village(
    stage: Stage, county: str, *, team: bool = True, secretary: bool = True, population: int = 5_000
) -> str:
    """Put a synthetic village on the register, without households; return its code."""
    engine, number = stage.settings.engine(), next(_villages)
    code = places.put_village(
        engine,
        f"{county}200{number % 1000:03d}",
        population,
        name=f"合成{number}村",
        township_name="合成镇",
        population_as_of=date(YEAR - 1, 12, 31),
        work_team=team,
        first_secretary=secretary,
    )
    put_poverty_line(stage)
    return code


def put_poverty_line(stage: Stage) -> None:
    """The register knows the national line of ``YEAR``."""
    with writing(stage.settings.engine()) as session:
        add_line(session, PovertyLine(year=YEAR, yuan=LINE, source="合成标准"))


def put_households(
    stage: Stage,
    village: str,
    number: int,
    *,
    size: int = 3,
    planned: bool = True,
    lived: Livelihood | None = None,
    codes: Sequence[str] = (),
) -> list[str]:
    """Register synthetic poor households that can exit; return their numbers.

    Args:
        codes: Their numbers, where they are known already: the register is told anew.
    """
    those = list(codes) or [f"R{next(_households):06d}" for _ in range(number)]
    lived = lived or livelihood()
    sizes = dict.fromkeys(those, size)
    places.register(stage.settings.engine(), village, sizes, head="张{code}", livelihood=lived)
    if planned and not codes:
        for code in those:
            stage.registry.add_plan(YEAR, code, "合成计划")
    return those


def meeting(**changes: Any) -> dict[str, Any]:
    """A synthetic meeting of 20 of 30 representatives: the quorum, exactly."""
    return {
        "held_on": f"{YEAR}-11-10",
        "place": "合成村委会",
        "chair": "某甲",
        "recorder": "某乙",
        "entitled": 30,
        "present": 20,
        "minutes": "逐户评议并表决（合成）",
    } | changes


def roster_application(
    village: str, households: Iterable[str], *, votes: int = 18, **changes: Any
) -> RosterApplication:
    """A synthetic roster, everybody with the same votes."""
    values: dict[str, Any] = {
        "village": village,
        "year": YEAR,
        "appraisal": {
            "meeting": meeting(),
            "households": [{"household": code, "in_favour": votes} for code in households],
        },
        "officer": "某甲",
        "document_number": "合成〔H1〕号",
    }
    return RosterApplication.model_validate(values | changes)


class RosterPlay(Play):
    """One roster's case on the stage; ``code`` is the village's."""

    investigated: ClassVar[str] = "H4"
    households: Sequence[str] = ()

    def office(self, step: str) -> str:
        """The office that decides a step; H2 is the committees' first of all."""
        return f"A5/{self.code[:6]}" if step == "H4" else f"A1/{self.code}"

    def message(self, step: str, decision: str = "approve", **fields: Any) -> dict[str, Any]:
        """An act as JSON; striking off bears the number of its document."""
        given = super().message(step, decision)
        if (step, decision) == ("H4", "approve"):
            given["document_number"] = "合成〔H4〕号"
        return given | fields

    async def verify(self, *bodies: str, **fields: Any) -> None:
        """Committees, team and secretary verify, or those that are named."""
        for body, officer in (("A1", "某甲"), ("A2", "某丙"), ("A3", "某丁")):
            if body in (bodies or ("A1", "A2", "A3")):
                office = f"{body}/{self.code}"
                await self.act("H2", **({"office": office, "officer": officer} | fields))

    async def consent(self, *households: str, agreed: bool = True, **fields: Any) -> Receipt:
        """Households answer; all of them where none is named."""
        reason = None if agreed else "收入不稳定（合成）"
        message = Consents.model_validate(
            {
                "id": f"consent-{next(self.ids)}",
                "officer": "某甲",
                "answers": [
                    {
                        "household": code,
                        "agreed": agreed,
                        "signed_by": f"张{code}",
                        "reason": reason,
                    }
                    for code in households or self.households
                ],
            }
            | fields
        )
        return await self.stage.desk.consent(self.case_id, message)

    async def amend(self, *households: str, **fields: Any) -> Receipt:
        """The committees add households, or take their entries anew."""
        message = Amendment.model_validate(
            {
                "id": f"amendment-{next(self.ids)}",
                "office": f"A1/{self.code}",
                "officer": "某甲",
                "reason": "登记内容更正（合成）",
                "households": [{"household": code, "in_favour": 18} for code in households],
            }
            | fields
        )
        return await self.stage.desk.amend(self.case_id, message)

    async def votes_again(self, *households: str, **fields: Any) -> Receipt:
        """A renewed meeting, on the day; all of the roster where none is named."""
        today = (await self.now()).astimezone(BEIJING).date()
        votes = [{"household": code, "in_favour": 18} for code in households or self.households]
        record = {"meeting": meeting(held_on=today.isoformat()), "households": votes}
        return await self.act("H1", **({"appraisal": record, "officer": "某甲"} | fields))

    async def courses(self) -> dict[str, Course]:
        """How every household stands."""
        return {each.household: each for each in await self.stage.desk.households(self.case_id)}

    async def states(self) -> list[str]:
        """The states of the households, in the order of the roster."""
        courses = await self.courses()
        return [courses[code].state.value for code in self.households]

    async def is_posted(self) -> None:
        """Verified, agreed to and posted."""
        await self.reaches("H2")
        await self.verify()
        await self.consent()
        await self.reaches("H3")

    async def closes(self) -> datetime:
        """When the next notice ends."""
        seen = await self.waits(lambda seen: bool(seen.households and seen.households.closes))
        assert seen.households is not None
        assert seen.households.closes is not None
        return seen.households.closes

    async def end_notice(self) -> datetime:
        """Let the next notice end; returns its closing moment."""
        closes = await self.closes()
        await self.until(closes + timedelta(seconds=1))
        return closes

    async def is_cleared(self) -> None:
        """Posted, and its publicity over: the county's turn."""
        await self.is_posted()
        await self.end_notice()
        await self.waits(lambda seen: seen.waiting_for == self.office("H4"))

    def standing(self) -> dict[str, date | None]:
        """Since when the register has each household off, from the register itself."""
        _, known = self.stage.registry.known_households(
            self.code, YEAR, date(YEAR + 2, 1, 1), list(self.households)
        )
        return {code: known[code].exited_on for code in self.households}


async def opens_roster(
    stage: Stage,
    begins: datetime,
    number: int = 2,
    *,
    team: bool = True,
    secretary: bool = True,
    votes: int = 18,
    policy: Policy | None = None,
    lived: Livelihood | None = None,
    direct: bool = False,
    **changes: Any,
) -> RosterPlay:
    """Open the case of a new village's roster at a moment of ``YEAR``."""
    assert number <= MOST_HOUSEHOLDS
    county = stage.county(direct=direct)
    village = put_village(stage, county, team=team, secretary=secretary)
    households = put_households(stage, village, number, lived=lived)
    return await opens_roster_of(
        stage, village, households, begins, votes=votes, policy=policy, **changes
    )


async def opens_roster_of(
    stage: Stage,
    village: str,
    households: Sequence[str],
    begins: datetime,
    *,
    votes: int = 18,
    policy: Policy | None = None,
    **changes: Any,
) -> RosterPlay:
    """Open a case of households that are on the register."""
    application = roster_application(village, households, votes=votes, **changes)
    play, wait = await starts_roster(stage, application, begins, policy=policy)
    return await stage.begun(play, wait)


async def starts_roster(
    stage: Stage, application: RosterApplication, begins: datetime, *, policy: Policy | None = None
) -> tuple[RosterPlay, timedelta]:
    """Start a case, and say how long it waits until it begins."""

    def made(case_id: str) -> RosterPlay:
        play = RosterPlay(stage, case_id, application.village)
        play.households = [each.household for each in application.appraisal.households]
        return play

    return await stage.starts_by(application, begins, made, policy=policy)


async def stands(case: RosterPlay, **counts: int) -> CaseStatus:
    """Wait until so many households are where they are said to be."""
    return await case.waits(
        lambda seen: (
            seen.households is not None and counts.items() <= seen.households.counts.items()
        )
    )


async def strikes_off(case: RosterPlay, number: int, **fields: Any) -> None:
    """The county strikes off whoever can be, so many in all."""
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    await case.act("H4", **fields)
    await stands(case, struck_off=number)
