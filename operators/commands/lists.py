"""What the lists of a whole province have in common: by what they are narrowed, and how much."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from pydantic import AfterValidator, BeforeValidator, Field

from models.offices import CountyCode
from models.procedures import PROCEDURES
from operators.commands.options import Office, Workbook
from operators.commands.words import Duration, InputError, Year, unlike, word
from registry.files.workbook_writing import MOST_ROWS, Value, write_workbook

_STEPS = {step.id for each in PROCEDURES.values() for step in each.steps}


def _step(text: str) -> str:
    if text not in _STEPS:
        raise unlike()
    return text


def _procedure(text: str) -> str:
    for id, procedure in PROCEDURES.items():
        if text == procedure.word:
            return id
    raise unlike()


def _most(text: str) -> int:
    if text == "all":
        return _ALL
    if re.fullmatch("[1-9][0-9]{0,8}", text, re.ASCII) is None:
        raise unlike()
    return int(text)


_ALL = 0
_ON_A_PAGE = 50

_Step = Annotated[
    str,
    AfterValidator(_step),
    Field(
        title="step",
        description="C1 to C7 of a county, V1 to V3 of a village, H1 to H4 of a roster, R1 to R4 "
        "of an entry, K1 of a follow-up, J1 to J4 of a supervision, X1 of a revocation, W1 of an "
        "alarm, F9 of what is filed behind an exit",
    ),
]
_Procedure = Annotated[
    str,
    AfterValidator(_procedure),
    Field(
        title="procedure",
        description="the first word of its cases: "
        f"{', '.join(each.word for each in PROCEDURES.values())}",
    ),
]
_Most = Annotated[
    int,
    BeforeValidator(_most),
    Field(title="number of lines", description="one as 200, or all"),
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Narrowed:
    """By what cases and limits are narrowed; what is left out narrows nothing."""

    office: Annotated[
        Office | None,
        Parameter(help="Only what this office has to do, for example A6/411500."),
    ] = None
    region: Annotated[
        CountyCode | None,
        Parameter(
            name=["--region", "--city"],
            help="Only this city, county or province: its six digits.",
        ),
        word(CountyCode),
    ] = None
    year: Annotated[Year | None, Parameter(help="Only the cases of this year.")] = None
    step: Annotated[
        str | None, Parameter(help="Only cases at this step, for example H3."), word(_Step)
    ] = None
    procedure: Annotated[
        str | None,
        Parameter(help="Only cases of this procedure, for example household-exit."),
        word(_Procedure),
    ] = None
    overdue: Annotated[bool, Parameter(help="Only where a limit was missed.", negative=())] = False
    within: Annotated[
        Duration | None,
        Parameter(
            help="Only what ends within this time from now, for example 3d, 12h or 1d12h; what is "
            "overdue is listed too."
        ),
    ] = None

    def values(self, now: datetime) -> dict[str, Any]:
        """The same for the registry."""
        return {
            "office": self.office,
            "region": self.region,
            "year": self.year,
            "step": self.step,
            "procedure": self.procedure,
            "overdue": True if self.overdue else None,
            "until": now + self.within if self.within is not None else None,
        }


Most = Annotated[
    int | None,
    Parameter(
        name="--limit",
        help="How many lines, the first ones, or all. Otherwise 50; JSON and Excel hold all.",
    ),
    word(_Most),
]

Excel = Annotated[
    Workbook | None,
    Parameter(name="--excel", help="Write the list to this .xlsx file, a line a row."),
]


def on_a_page(limit: int | None) -> int | None:
    """How many lines are printed; None for all."""
    return in_a_file(_ON_A_PAGE if limit is None else limit)


def in_a_file(limit: int | None) -> int | None:
    """How many are written where a program reads; None for all."""
    return None if limit == _ALL else limit


def of_all(shown: int, many: int, one: str, more: str) -> str:
    """How many there are, and how many of them are shown.

    >>> of_all(1, 1, "case", "cases"), of_all(50, 40123, "case", "cases")
    ('1 case', '50 of 40,123 cases')
    """
    named = f"{many:,} {one if many == 1 else more}"
    return named if shown == many else f"{shown:,} of {named}"


def least(many: int, limit: int | None) -> int:
    """How many are written of so many."""
    most = in_a_file(limit)
    return many if most is None else min(many, most)


def write_list(
    path: Path, sheet: str, columns: Sequence[tuple[str, int]], rows: Iterable[Sequence[Value]]
) -> None:
    """Write a list as a workbook.

    Raises:
        InputError: if it cannot be written, or is longer than a sheet.
    """
    try:
        write_workbook(path, sheet, columns, rows)
    except OSError as error:
        sentence = f"{path} cannot be written: {error.strerror or error}"
        raise InputError(f"--excel: {sentence}") from None


def fits_a_sheet(many: int) -> None:
    """Make sure that a list fits.

    Raises:
        InputError: if it does not.
    """
    if many > MOST_ROWS:
        raise InputError(
            f"--excel: {many:,} are more than the {MOST_ROWS:,} rows of a sheet; narrow them, for "
            "example by --region or --year"
        )
