"""The rows of a list of villages as lines for the register."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from models.register.villages import Survey
from registry.files import cells
from registry.files.register_columns import (
    CONSIDERED,
    POOR,
    POOR_SINCE,
    SURVEY,
    VILLAGE,
    VILLAGE_CODE,
    YEAR,
)
from registry.files.sheet import Read, Sheet
from registry.files.sheet_cells import SheetRow
from registry.register.lines import VillageLine

_MOST_PEOPLE = 1_000_000
_MOST_YUAN = 10_000_000_000


def village_lines(sheet: Sheet, rows: Iterable[SheetRow], today: date) -> Iterator[VillageLine]:
    """The villages of a sheet; a row with a fault gives none."""
    facts = _facts(today)
    for row in rows:
        before = sheet.count
        sheet.check_unnamed(row)
        sheet.check_merged(row)
        values = sheet.read_all(row, facts)
        poor_since = _poor_since(sheet, row, today)
        survey = _survey(sheet, row)
        if sheet.count == before:
            yield VillageLine(
                row=row.number, sheet=row.sheet, poor_since=poor_since, **survey, **values
            )


def _facts(today: date) -> dict[str, tuple[str, Read]]:
    reads: dict[str, Read] = {
        "name": cells.proper_name,
        "township_code": cells.code(9),
        "township_name": cells.proper_name,
        "county_code": cells.code(6),
        "population": cells.whole(_MOST_PEOPLE, "1286"),
        "population_as_of": cells.day(today),
        "work_team": cells.yes_no,
        "first_secretary": cells.yes_no,
    }
    named = {field: (VILLAGE[field], read) for field, read in reads.items()}
    return {"code": (VILLAGE_CODE, cells.code(12)), **named}


def _poor_since(sheet: Sheet, row: SheetRow, today: date) -> date | None:
    """Since when the village is on the list of poor villages (贫困村), None if it is not."""
    dated = not sheet.is_blank(row, POOR_SINCE)
    poor = dated if sheet.is_blank(row, POOR) else sheet.read(row, POOR, cells.yes_no)
    if poor is None:
        return None
    if poor and not dated:
        column = POOR_SINCE if sheet.has(POOR_SINCE) else POOR
        sheet.fault(row, column, f"a poor village was listed some day; write it in {POOR_SINCE}")
        return None
    if dated and not poor:
        sheet.fault(
            row,
            POOR_SINCE,
            f"the village has a day of listing, but {POOR} says 否; correct one of them",
            sheet.cell(row, POOR_SINCE),
        )
        return None
    return sheet.read(row, POOR_SINCE, cells.day(today)) if dated else None


def _survey(sheet: Sheet, row: SheetRow) -> dict[str, Any]:
    if sheet.is_blank(row, YEAR, *SURVEY.values()):
        for column in CONSIDERED.values():
            if not sheet.is_blank(row, column):
                sheet.fault(
                    row,
                    column,
                    f"belongs to a survey; fill in {YEAR} and the other columns of S2 too",
                    sheet.cell(row, column),
                )
        return {}
    before = sheet.count
    year = sheet.read(row, YEAR, cells.year)
    reads: dict[str, tuple[str, Read]] = {
        field: (column, cells.bus if field == "bus" else cells.yes_no)
        for field, column in SURVEY.items()
    }
    if not sheet.is_blank(row, CONSIDERED["industry"]):
        reads["industry"] = (CONSIDERED["industry"], cells.text)
    if not sheet.is_blank(row, CONSIDERED["collective_income_yuan"]):
        income = (CONSIDERED["collective_income_yuan"], cells.whole(_MOST_YUAN, "50000"))
        reads["collective_income_yuan"] = income
    values = sheet.read_all(row, reads)
    if sheet.count > before:
        return {}
    return {"survey": Survey(**values), "survey_year": year}
