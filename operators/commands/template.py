"""Forms to fill in with Excel: empty, or with what the register has already."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from cyclopts import Parameter

from models.identity import is_case_of
from models.offices import VillageCode
from models.periods import beijing
from models.procedures import HOUSEHOLD_EXIT
from operators.commands.options import Workbook
from operators.commands.words import InputError, Year, read
from operators.desk.registry import open_registry, utc_now
from operators.views.terminal import say
from registry.desk import Registry
from registry.files.columns import Cells
from registry.forms.rosters import AnswerCells, VoteCells
from registry.forms.single_rows import SurveyedCells
from registry.forms.templates import Form, write_form
from registry.forms.visits import VisitCells
from registry.register.columns import SurveyCells


def template(
    form: Form,
    file: Workbook,
    /,
    *,
    of: Annotated[str | None, Parameter(name="--for")] = None,
    year: Year | None = None,
) -> None:
    """Write a form to fill in; the command that needs what it says reads it back.

    Args:
        form: application and village-application (`start county`, `start village`), meeting and
            roster (`start households`), survey (`act --survey`), consents (`consent --file`),
            visits (`follow-up visit --file`), check-lists (`supervision check`; those of a sample
            are written by `supervision sheet`), plan (`plan load`), villages, households, records,
            changes, divisions (`registry import`).
        file: The workbook, which ends in .xlsx.
        of: Fill in what the register has: of a roster the poor households of a village, of a survey
            what is known of a village (twelve digits both, a survey with --year); of consents the
            households of a roster's case that have still to answer; of visits the households of a
            township or village that are due (its digits; with --year, or in this one).
        year: The year of a survey, or of visits.
    """
    rows: Sequence[Cells] = ()
    if of is not None:
        if form not in _KNOWN:
            fillable = ", ".join(_KNOWN)
            raise InputError(f"--for: the register fills in {fillable}; leave it out for {form}")
        with open_registry() as registry:
            rows = _KNOWN[form](registry, of, year)
        if not rows:
            raise InputError(f"--for: the register has nothing of {of} for {form}; leave it out")
    elif year is not None:
        raise InputError("--year: belongs to --for; name the place too")
    try:
        write_form(file, form, rows)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror or error}") from None
    filled = f" with {len(rows)} row{'' if len(rows) == 1 else 's'} filled in" if rows else ""
    say(f"{file}: {form}{filled}; fill it in from the second row on")


def _village(code: str) -> str:
    try:
        return str(read(VillageCode, code))
    except ValueError as error:
        raise InputError(f"--for: {error}") from None


def _votes(registry: Registry, of: str, year: int | None) -> Sequence[Cells]:
    village = _village(of)
    today = beijing(utc_now()).date()
    registry.register.village(village, today)
    found = registry.register.poor_households(village, today)
    return [_row(VoteCells, **dict(each)) for each in found]


def _answers(registry: Registry, of: str, year: int | None) -> Sequence[Cells]:
    if not is_case_of(HOUSEHOLD_EXIT, of):
        raise InputError(
            f"--for: {of!r} is no case of a roster; write its id, for example "
            "household-exit/411523100001/2026/1"
        )
    return [_row(AnswerCells, **dict(each)) for each in registry.register.unasked_households(of)]


def _visits(registry: Registry, of: str, year: int | None) -> Sequence[Cells]:
    if not re.fullmatch("[0-9]{9}|[0-9]{12}", of):
        raise InputError(
            f"--for: {of!r} is no township or village; write its nine or twelve digits"
        )
    wanted = year if year is not None else beijing(utc_now()).year
    return [
        _row(
            VisitCells,
            household=each.household,
            head=each.head,
            village=each.village_name,
            group=each.group,
        )
        for each in registry.follow_ups.due(wanted, of[:6])
        if each.is_left and each.village_code.startswith(of)
    ]


def _survey(registry: Registry, of: str, year: int | None) -> Sequence[Cells]:
    village = _village(of)
    if year is None:
        raise InputError("--year: name the year of the survey")
    registry.register.village(village, beijing(utc_now()).date())
    known = registry.register.survey(village, year)
    found = SurveyCells.model_construct(year=year, **dict(known)) if known is not None else None
    return [_row(SurveyedCells, village=village, survey=found)]


def _row(model: type[Cells], **said: Any) -> Cells:
    """A row of which the rest is empty; what the model does not know is left out."""
    return model.model_construct(
        **{name: each for name, each in said.items() if name in model.model_fields}
    )


_KNOWN: dict[Form, Callable[[Registry, str, int | None], Sequence[Cells]]] = {
    Form.ROSTER: _votes,
    Form.SURVEY: _survey,
    Form.CONSENTS: _answers,
    Form.VISITS: _visits,
}
