"""Rosters of the present year for the command line: synthetic villages, files, and their cases."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook

from models.register.households import Livelihood, PovertyLine
from registry.database.engine import writing
from registry.register.poverty_lines import add_line
from tests.operators.conftest import NOW, THIS_YEAR, Shell
from tests.roster_stage import LINE, RosterPlay, livelihood, put_households, put_village
from tests.stage import Stage

VOTES = ("户编号", "赞成票数")
"""Header of a list of votes."""

PRESENT = 20
MEETING = {
    "held_on": f"{NOW:%Y-%m-%d}",
    "place": "合成村委会",
    "chair": "某甲",
    "recorder": "某乙",
    "entitled": 30,
    "present": PRESENT,
    "minutes": "逐户评议并表决（合成）",
}

_SIGNERS = {"A1": "某甲", "A2": "某丙", "A3": "某丁"}


@dataclass
class Settled:
    """A village with poor households that can exit this year."""

    stage: Stage
    village: str
    households: list[str]

    @property
    def county(self) -> str:
        """Code of its county."""
        return self.village[:6]

    def more(self, number: int = 1, *, planned: bool = True, **lived: Any) -> list[str]:
        """Register further households; they are not on any roster."""
        codes = _settle(self.stage, self.village, number, planned=planned, **lived)
        self.households += codes
        return codes

    def words(self, roster: Path, *more: object) -> tuple[object, ...]:
        """The command that opens the case."""
        start = ("start", "households", self.village, "--year", THIS_YEAR)
        return (*start, "--roster", roster, *more)

    async def opens(self, cli: Shell, folder: Path) -> RosterPlay:
        """Open the case of all its households, and wait until it can be acted on."""
        file = folder / f"{self.village}.csv"
        write_csv(file, VOTES, [(code, 18) for code in self.households])
        held = write_json(folder / "meeting.json", MEETING)
        words = self.words(file, "--meeting", held, "--officer", "某甲")
        play = self.play((await cli(*words)).done().strip())
        await play.reaches("H2")
        return play

    def play(self, case_id: str) -> RosterPlay:
        """A case that was opened."""
        play = RosterPlay(self.stage, case_id, self.village)
        play.households = self.households
        return play


def settle(stage: Stage, number: int = 2, *, county: str | None = None, **lived: Any) -> Settled:
    """Put a village with households on the register; of a new county where none is named."""
    village = put_village(stage, county or stage.county())
    with writing(stage.settings.engine()) as session:
        add_line(session, PovertyLine(year=THIS_YEAR, yuan=LINE, source="合成标准"))
    return Settled(stage, village, _settle(stage, village, number, **lived))


def _settle(
    stage: Stage, village: str, number: int, *, planned: bool = True, **lived: Any
) -> list[str]:
    life: Livelihood = livelihood(year=THIS_YEAR, **lived)
    codes = put_households(stage, village, number, planned=False, lived=life)
    for code in codes if planned else ():
        stage.registry.add_plan(THIS_YEAR, code, "合成计划")
    return codes


def draft(households: Iterable[str], **changes: Any) -> dict[str, Any]:
    """A roster as a file says it, without village and year."""
    voted = [{"household": code, "in_favour": 18} for code in households]
    return {"officer": "某甲", "appraisal": {"meeting": MEETING, "households": voted}} | changes


def write_json(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def write_xlsx(path: Path, rows: Iterable[Sequence[Any]]) -> Path:
    with Workbook(path) as workbook:
        sheet = workbook.add_worksheet("名单")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


async def verifies(cli: Shell, play: RosterPlay) -> None:
    """Committees, team and secretary verify all that wait for them."""
    for body, officer in _SIGNERS.items():
        by = ("--as", f"{body}/{play.code}", "--officer", officer, "--approve")
        (await cli("act", play.case_id, "--step", "H2", *by)).done()


async def cleared(cli: Shell, play: RosterPlay) -> None:
    """Verified, agreed to, posted, and the publicity over: the county's turn."""
    await verifies(cli, play)
    await play.consent()
    await play.reaches("H3")
    await play.end_notice()
    await play.waits(lambda seen: seen.waiting_for == play.office("H4"))
    await play.file()
