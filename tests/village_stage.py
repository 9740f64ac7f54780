"""Villages on the stage: a synthetic township with villages and households, and their cases."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import count
from typing import Any, ClassVar

from sqlmodel import col, select

from models.case.messages import Receipt
from models.offices import Village
from models.policy import Policy
from models.village.messages import VillageApplication, VillageOpening
from registry.database.engine import writing
from registry.tables import EpisodeRow, HouseholdRow, VillageRow
from tests.play import Play
from tests.registry import places
from tests.registry.known import village_facts
from tests.stage import YEAR, Stage
from workflows.village_exit import VillageExitWorkflow

_numbers = count(1)

GROUND = "山路狭窄，公路尚未拓宽（合成）"
CONSIDERED = "茶叶产业有收益，集体经济收入稳定（合成）"


def survey(year: int = YEAR, **changes: Any) -> dict[str, Any]:
    """A synthetic survey of a year that meets every criterion of S2, as JSON."""
    ground = {"bus_ground": GROUND} if changes.get("bus") == "not_feasible" else {}
    return (
        {
            "departments": ["合成县扶贫办", "合成县交通局"],
            "surveyors": ["某甲", "某乙"],
            "began_on": f"{year}-01-04",
            "ended_on": f"{year}-01-05",
            "paved_road": True,
            "bus": "yes",
            "safe_water": True,
            "electricity": True,
            "broadcasting": True,
            "culture_centre": True,
            "clinic": True,
            "doctor": True,
            "broadband": True,
        }
        | ground
        | changes
    )


def village_application(code: str, **changes: Any) -> VillageApplication:
    """A synthetic application."""
    values = {"village": code, "year": YEAR, "officer": "某甲", "document_number": "合成〔1〕号"}
    return VillageApplication.model_validate(values | changes)


class VillagePlay(Play):
    """One village's case on the stage."""

    first: ClassVar[str] = "V1"
    publicity: ClassVar[str] = "V2"
    investigated: ClassVar[str] = "V2"

    @property
    def county(self) -> str:
        """Code of its county."""
        return self.code[:6]

    def office(self, step: str) -> str:
        """The office whose step it is; the report before V3 is the county's as well."""
        approves = "A7/410000" if self.direct else f"A6/{self.code[:4]}00"
        return {"V3": approves}.get(step, f"A5/{self.county}")

    def message(self, step: str, decision: str = "approve", **fields: Any) -> dict[str, Any]:
        """An act as JSON: V1 with a survey that meets S2, V3 as the approval with its number."""
        given = super().message(step, decision)
        if decision == "approve":
            given["consideration"] = CONSIDERED
        if (step, decision) == ("V1", "approve"):
            given["survey"] = survey(int(self.case_id.split("/")[2]))
        if (step, decision) == ("V3", "approve"):
            given["document_number"] = "合成〔3〕号"
        return given | fields

    async def report(self, **fields: Any) -> Receipt:
        """The county reports to the body that approves."""
        return await self.act("V3", **({"office": self.office("V1")} | fields))

    async def is_surveyed(self, **fields: Any) -> None:
        """Approve V1, and wait until the notice is out."""
        await self.reaches("V1")
        await self.act("V1", **fields)
        await self.reaches("V2")

    async def is_reported(self, **fields: Any) -> None:
        """Come to where the approval is awaited."""
        await self.is_surveyed(**fields)
        await self.is_posted_and_reported()

    async def is_posted_and_reported(self) -> None:
        """The same from the publicity on."""
        await self.end_publicity()
        await self.reaches("V3")
        await self.report()
        await self.waits(lambda seen: seen.waiting_for == self.office("V3"))


def put_village(
    stage: Stage,
    county: str,
    *,
    poor: int = 4,
    population: int = 300,
    listed: bool = True,
    planned: bool = True,
    year: int = YEAR,
) -> str:
    """Put a new synthetic village on the register, with poor people in it; return its code."""
    engine, number = stage.settings.engine(), next(_numbers)
    code = places.put_village(
        engine,
        f"{county}100{number % 1000:03d}",
        population,
        name=f"合成{number}村",
        township_name="合成乡",
        poor_since=places.LISTED_SINCE if listed else None,
    )
    if planned:
        stage.registry.add_plan(year, code, "合成计划")
    if poor:
        put_household(stage, code, poor)
    return code


def put_household(
    stage: Stage, village: str, size: int, *, registered_on: date = places.REGISTERED_ON
) -> str:
    """Register a synthetic poor household; return its number."""
    (code,) = put_households(stage, village, [size], registered_on=registered_on)
    return code


def put_households(stage: Stage, village: str, sizes: Sequence[int], **changes: Any) -> list[str]:
    """Register synthetic poor households of so many heads each; return their numbers."""
    numbered = {f"H{next(_numbers):06d}": size for size in sizes}
    return places.register(stage.settings.engine(), village, numbered, **changes)


def leaves_the_register(stage: Stage, village: str, on: date) -> None:
    """All poor households of a village are struck off on a day."""
    with writing(stage.settings.engine()) as session:
        mine = select(HouseholdRow.code).where(HouseholdRow.village_code == village)
        episodes = select(EpisodeRow).where(col(EpisodeRow.household_code).in_(mine))
        for episode in session.exec(episodes).all():
            episode.exited_on = on


def counts_people(stage: Stage, village: str, population: int) -> None:
    """The register counts other people in a village from now on."""
    with writing(stage.settings.engine()) as session:
        row = session.get(VillageRow, village)
        assert row is not None
        row.population = population


async def opens_village(
    stage: Stage,
    begins: datetime,
    *,
    direct: bool = False,
    poor: int = 4,
    population: int = 300,
    listed: bool = True,
    planned: bool = True,
    policy: Policy | None = None,
    **changes: Any,
) -> VillagePlay:
    """Open a new village's case at a moment of ``YEAR`` and let its clock stand there."""
    code = put_village(
        stage,
        stage.county(direct=direct),
        poor=poor,
        population=population,
        listed=listed,
        planned=planned,
    )
    return await opens_for_village(stage, code, begins, direct=direct, policy=policy, **changes)


async def opens_for_village(
    stage: Stage,
    code: str,
    begins: datetime,
    *,
    direct: bool = False,
    policy: Policy | None = None,
    **changes: Any,
) -> VillagePlay:
    """Open a case of a village that is on the register."""
    return await stage.opens_by(
        village_application(code, **changes),
        begins,
        lambda case_id: VillagePlay(stage, case_id, code, direct),
        policy=policy,
    )


async def opens_village_directly(
    stage: Stage, opening: VillageOpening, begins: datetime
) -> VillagePlay:
    """Start a case past the desk."""
    play = VillagePlay(stage, opening.case_id, opening.subject.code)
    return await stage.opens_past_the_desk(play, VillageExitWorkflow.run, opening, begins)


def known_village(stage: Stage, code: str) -> Village:
    """A village as the register has it."""
    village = village_facts(stage.registry, code, YEAR, date(YEAR, 6, 1)).subject
    assert village is not None
    return village
