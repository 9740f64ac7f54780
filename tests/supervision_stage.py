"""Supervision on the stage: a county from which somebody has left, and its inspections."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar

from models.case.messages import Receipt
from models.policy import Policy
from models.supervision.messages import (
    Findings,
    Plea,
    SupervisionApplication,
    SupervisionOpening,
)
from tests.play import Play
from tests.registry import places
from tests.stage import YEAR, Stage
from tests.village_stage import leaves_the_register, put_households, put_village
from workflows.supervision import SupervisionWorkflow

PROVINCE = "A7/410000"
EVIDENCE = [{"name": "证明.pdf", "sha256": "0" * 64}]
LEFT_ON = date(YEAR, 1, 10)


@dataclass
class Exited:
    """A county with what has left in it."""

    county: str
    households: list[str] = field(default_factory=list)
    villages: list[str] = field(default_factory=list)


@dataclass
class SupervisionPlay(Play):
    """One supervision on the stage."""

    first: ClassVar[str] = "J1"
    publicity: ClassVar[str] = "J3"
    investigated: ClassVar[str] = "J3"
    by: str = PROVINCE

    def office(self, step: str) -> str:
        """The office whose step it is, who inspects; the hearing is ended by the county."""
        return self.by

    def message(self, step: str, decision: str = "approve", **fields: Any) -> dict[str, Any]:
        """An act as JSON: J3 as the county's word that it has done, J4 with its number."""
        given = super().message(step, decision)
        if step == "J3":
            given["office"] = f"A5/{self.code}"
        if step == "J4":
            given["document_number"] = "合成〔4〕号"
        return given | fields

    def findings(self, **fields: Any) -> dict[str, Any]:
        """Findings as JSON; nobody is found on unless named."""
        given = {"id": f"check-{next(self.ids)}", "office": self.by, "officer": "某乙"}
        return given | fields

    async def check(self, **fields: Any) -> Receipt:
        """Who inspects hands in findings."""
        message = Findings.model_validate(self.findings(**fields))
        return await self.stage.desk.check(self.case_id, message)

    def plea(self, about: str, **fields: Any) -> dict[str, Any]:
        """A plea as JSON."""
        given = {
            "id": f"plea-{next(self.ids)}",
            "office": f"A5/{self.code}",
            "officer": "某甲",
            "about": about,
            "text": "住房已于退出前验收（合成）",
            "evidence": EVIDENCE,
        }
        return given | fields

    async def plead(self, about: str, **fields: Any) -> str:
        """The county pleads; returns the plea's id."""
        message = Plea.model_validate(self.plea(about, **fields))
        await self.stage.desk.plead(self.case_id, message)
        return message.id

    async def drawn(self) -> tuple[list[str], list[str]]:
        """Who was drawn, households and villages."""
        await self.reaches("J2")
        sample = self.stage.registry.supervision.sample(self.case_id).sample
        return [each.code for each in sample.households], [each.code for each in sample.villages]

    async def checks_all(self, **wrong: Any) -> None:
        """Everybody drawn is checked; a household named by its code fails the criteria given."""
        households, villages = await self.drawn()
        await self.check(
            households=[household(code, *wrong.get(code, ())) for code in households],
            villages=[village(code) for code in villages],
        )

    async def is_checked(self, **wrong: Any) -> None:
        """Come to the hearing."""
        await self.checks_all(**wrong)
        await self.act("J2")
        await self.hears()

    async def hears(self) -> None:
        """Wait until the hearing has begun, and the county is told."""
        await self.waits(lambda seen: "申诉举证中" in seen.waiting_text)

    async def is_heard(self, **wrong: Any) -> None:
        """Come to where the result is awaited; the county has nothing to say."""
        await self.is_checked(**wrong)
        await self.act("J3")
        await self.reaches("J4")


def household(code: str, *failed: str, **fields: Any) -> dict[str, Any]:
    """A finding on a household: rightly exited, unless it fails something."""
    return {
        "household": code,
        "wrongly_exited": bool(failed),
        "failed": list(failed),
        "recognises": True,
    } | fields


def village(code: str, **fields: Any) -> dict[str, Any]:
    """A finding on a village: nobody omitted, nine of ten recognise."""
    return {
        "village": code,
        "omitted_people": 0,
        "omitted_households": 0,
        "asked": 10,
        "recognising": 9,
    } | fields


def put_exited(
    stage: Stage,
    *,
    villages: int = 1,
    households: int = 3,
    size: int = 4,
    population: int = 1000,
    county: str | None = None,
    on: date = LEFT_ON,
    **of_county: Any,
) -> Exited:
    """Villages that have left, each with so many households that have left."""
    made = Exited(county or stage.county(**of_county))
    for _ in range(villages):
        code = put_village(stage, made.county, poor=0, population=population)
        made.villages.append(code)
        made.households += put_households(stage, code, [size] * households)
        leaves_the_register(stage, code, on)
        places.village_leaves(stage.settings.engine(), code, on)
    return made


async def inspects(
    stage: Stage,
    county: str,
    begins: datetime,
    *,
    direct: bool = False,
    policy: Policy | None = None,
    **fields: Any,
) -> SupervisionPlay:
    """Begin a special inspection at a moment of ``YEAR`` and let its clock stand there."""
    given: dict[str, Any] = {"county": county, "year": begins.year, "reason": "专项检查（合成）"}
    return await stage.opens_by(
        SupervisionApplication.model_validate(given | fields),
        begins,
        lambda case_id: SupervisionPlay(
            stage, case_id, county, direct, by=fields.get("office", PROVINCE)
        ),
        policy=policy,
    )


async def inspects_directly(
    stage: Stage, opening: SupervisionOpening, begins: datetime
) -> SupervisionPlay:
    """Start one past the desk, as the quarterly Schedule does."""
    play = SupervisionPlay(stage, opening.case_id, opening.subject.code)
    return await stage.opens_past_the_desk(play, SupervisionWorkflow.run, opening, begins)


def opening(stage: Stage, county: str, begins: datetime, **changes: Any) -> SupervisionOpening:
    """The opening of a quarterly round."""
    values: dict[str, Any] = {
        "case_id": f"supervision/{county}/{YEAR}-q2",
        "application": {"county": county, "year": YEAR, "quarter": 2},
        "subject": stage.known(county),
        "policy": stage.policy,
    }
    return SupervisionOpening.model_validate(values | changes)
