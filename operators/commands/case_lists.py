"""Which cases a bulk act is for: a list in a file, or what the registry finds."""

from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, ConfigDict

from models.identity import is_case
from operators.commands import inputs
from operators.commands.inputs import InputError
from registry.files.columns import Cells, Header
from registry.files.disk import read_text
from registry.files.sheet_cells import Cell
from registry.files.table import TableFile
from registry.records import CaseFilter

_EXAMPLE = "write one as household-exit/411523100001/2026/1"
_SHEETS = (".xlsx", ".xls", ".csv")


class Selection(NamedTuple):
    """Many cases, and where it is kept what came of each.

    Attributes:
        listed: The cases of a file, in its order; None where a filter finds them.
    """

    listed: tuple[str, ...] | None
    wanted: CaseFilter
    results: Path


def selection(
    step: str,
    *,
    cases: Path | None,
    year: int | None,
    region: str | None,
    step_is: str | None,
    waiting_for: str | None,
    results: Path | None,
) -> Selection | None:
    """Read the options that choose many cases; None where none of them is given.

    Args:
        step: The step that is decided: the results of different ones are kept apart.
    """
    filtered = any(option is not None for option in (year, region, step_is, waiting_for))
    if cases is None and not filtered:
        if results is not None:
            raise InputError("--results: keeps what came of many cases; choose them with --cases")
        return None
    if cases is not None and filtered:
        raise InputError("--cases: name the cases in a file or by a filter, not both")
    if cases is None and results is None:
        raise InputError(
            "--results: name the file that keeps what came of each case, by which it is resumed"
        )
    wanted = CaseFilter(
        year=inputs.year("--year", year) if year is not None else None,
        region=inputs.region(region),
        step=inputs.step("--step-is", step_is) if step_is is not None else None,
        waiting_for=inputs.office("--waiting-for", waiting_for)
        if waiting_for is not None
        else None,
        open=True,
    )
    listed = case_ids(cases) if cases is not None else None
    if results is None:
        assert cases is not None
        results = cases.with_name(f"{cases.stem}-{step}-results.csv")
    return Selection(listed, wanted, results)


def _case_id(cell: Cell) -> str:
    said = str(cell).strip()
    if not is_case(said):
        raise ValueError(f"is no id of a case; {_EXAMPLE}")
    return said


class CaseCells(Cells):
    """A row that names a case; what else it holds is read over."""

    model_config = ConfigDict(title="list of cases", extra="ignore")

    case_id: Annotated[str, BeforeValidator(_case_id), Header("case_id", key=True)]


def case_ids(path: Path) -> tuple[str, ...]:
    """Read a list: one id a line, or the column case_id of Excel or CSV; each counts once.

    Raises:
        InputError, LoadError: if it is no such file, or names what is no case.
    """
    if path.suffix.lower() in _SHEETS:
        table = TableFile(path, CaseCells)
        found = [line.case_id for line in table.lines()]
        table.refuse()
    else:
        found = _lines(path)
    if not found:
        raise InputError(f"{path} names no case; write one id a line")
    return tuple(dict.fromkeys(found))


def _lines(path: Path) -> list[str]:
    try:
        text = read_text(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not in UTF-8; save it as UTF-8") from None
    said = [line.strip() for line in text.splitlines()]
    wrong = [f"line {n}: {each!r}" for n, each in enumerate(said, 1) if each and not is_case(each)]
    if wrong:
        more = f", and {len(wrong) - 1} more such lines" if len(wrong) > 1 else ""
        raise InputError(f"{path}, {wrong[0]} is no id of a case{more}; {_EXAMPLE} on each line")
    return [each for each in said if each]
