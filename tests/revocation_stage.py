"""Revocations on the stage: exits that were approved, and the acts that revoke them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from sqlmodel import col, select

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.revocation.messages import RevocationApplication, RevocationOpening
from registry.database.engine import reading
from registry.tables import StatusRow, VillageStatusRow
from tests.activities.exit_files import county_exits, households_exit, village_exits
from tests.play import Play
from tests.roster_stage import RosterPlay, opens_roster, put_households, strikes_off
from tests.roster_stage import put_village as put_roster_village
from tests.stage import YEAR, Stage, at
from tests.village_stage import VillagePlay, known_village, opens_village, put_village
from workflows.revocation import RevocationWorkflow

S = TypeVar("S", StatusRow, VillageStatusRow)

PROOF = {"name": "核查报告.pdf", "sha256": "ab" * 32}


class RevocationPlay(Play):
    """One revocation on the stage."""

    first: ClassVar[str] = "X1"


async def exited_village(stage: Stage, *, direct: bool = False, **changes: Any) -> VillagePlay:
    """A village whose exit was approved."""
    play = await opens_village(stage, at(11, 16), direct=direct, **changes)
    await play.is_reported()
    await play.act("V3")
    await _has_exited(play)
    return play


async def exited_county(stage: Stage, **changes: Any) -> Play:
    """A county whose exit was approved."""
    play = await stage.opens(at(11, 16), **changes)
    await play.pass_until("C7")
    await play.act("C7")
    await _has_exited(play)
    return play


async def exited_roster(stage: Stage, number: int = 2, **changes: Any) -> RosterPlay:
    """A roster whose households were struck off."""
    play = await opens_roster(stage, at(11, 16), number, **changes)
    await play.is_cleared()
    await strikes_off(play, number)
    await _has_exited(play)
    return play


def put_exited_county(stage: Stage, *, tier: str = "national") -> Play:
    """A county whose exit is in the registry; no inspection (C6) is on its file."""
    code = stage.county(tier=tier)
    file = county_exits(stage.settings.engine(), stage.known(code), YEAR, at(12, 1).date())
    return Play(stage, file.case_id, code)


def put_exited_village(stage: Stage) -> VillagePlay:
    """A village whose exit is in the registry, whatever way it went."""
    code = put_village(stage, stage.county())
    village = known_village(stage, code)
    file = village_exits(stage.settings.engine(), village, YEAR, at(12, 1).date())
    return VillagePlay(stage, file.case_id, code)


def put_exited_household(stage: Stage) -> RosterPlay:
    """A household whose exit is in the registry, whatever way it went."""
    code = put_roster_village(stage, stage.county())
    households = put_households(stage, code, 1)
    village = known_village(stage, code)
    file = households_exit(stage.settings.engine(), village, households, YEAR, at(12, 1).date())
    play = RosterPlay(stage, file.case_id, code)
    play.households = households
    return play


async def _has_exited(play: Play) -> None:
    assert (await play.ends()).ending is Ending.EXITED
    await play.file()


def responsible(play: Play) -> list[dict[str, Any]]:
    """The first act of a case, as a revocation names it."""
    entries = play.stage.registry.ledger(play.case_id)
    act = next(entry for entry in entries if entry.kind is EntryKind.ACT)
    return [{"seq": act.seq, "why": "核查不实（合成）"}]


def revocation(play: Play, *, code: str | None = None, **changes: Any) -> dict[str, Any]:
    """The act that revokes an exit, as JSON; of a county or village where no code is given."""
    kind = play.case_id.partition("-")[0]
    final = {"county": "C7", "village": "V3", "household": "H4"}[kind]
    values: dict[str, Any] = {
        "subject": code or play.code,
        "kind": kind,
        "year": YEAR,
        "office": play.office(final),
        "officer": "某己",
        "document_number": "合成〔X1〕号",
        "reason": "弄虚作假（合成）",
        "responsible": responsible(play),
        "evidence": [PROOF],
    }
    return values | changes


async def revokes(
    stage: Stage, play: Play, begins: datetime, *, code: str | None = None, **changes: Any
) -> RevocationPlay:
    """Revoke an exit at a moment, by the desk."""
    application = RevocationApplication.model_validate(revocation(play, code=code, **changes))
    return await stage.opens_by(
        application, begins, lambda case_id: RevocationPlay(stage, case_id, application.subject)
    )


async def revokes_directly(
    stage: Stage, opening: RevocationOpening, begins: datetime
) -> RevocationPlay:
    """Start a revocation past the desk."""
    play = RevocationPlay(stage, opening.case_id, opening.application.subject)
    return await stage.opens_past_the_desk(play, RevocationWorkflow.run, opening, begins)


def document(office: str, **changes: Any) -> dict[str, Any]:
    """A filing (F9) as JSON."""
    return {
        "id": "document-1",
        "kind": "filing",
        "office": office,
        "officer": "某庚",
        "text": "已报备（合成）",
        "evidence": [PROOF],
    } | changes


def standings(stage: Stage, code: str) -> Sequence[StatusRow | VillageStatusRow]:
    """What the register says of a county or village, from the beginning."""
    if len(code) == 6:
        return _of(stage, StatusRow, code)
    return _of(stage, VillageStatusRow, code)


def _of(stage: Stage, table: type[S], code: str) -> list[S]:
    with reading(stage.settings.engine()) as session:
        rows = session.exec(
            select(table).where(table.code == code).order_by(col(table.since))
        ).all()
        session.expunge_all()
    return list(rows)
