"""Which cases a bulk act is for: a list in a file, or what the registry finds."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from models.identity import is_case
from operators.commands import inputs
from operators.commands.inputs import InputError
from registry.files.disk import read_text
from registry.files.sheet_rows import rows_of
from registry.records import CaseFilter

_COLUMN = "case_id"
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


def case_ids(path: Path) -> tuple[str, ...]:
    """Read a list: one id a line, or the column case_id of Excel or CSV; each counts once."""
    found: dict[str, None] = {}
    wrong: list[str] = []
    for number, text in _column(path) if path.suffix.lower() in _SHEETS else _lines(path):
        if is_case(text):
            found[text] = None
        else:
            wrong.append(f"line {number}: {text!r}")
    if wrong:
        more = f", and {len(wrong) - 1} more such lines" if len(wrong) > 1 else ""
        raise InputError(
            f"{path}, {wrong[0]} is no id of a case{more}; write one a line, as "
            "household-exit/411523100001/2026/1"
        )
    if not found:
        raise InputError(f"{path} names no case; write one id a line")
    return tuple(found)


def _column(path: Path) -> Iterator[tuple[int, str]]:
    place: int | None = None
    for row in rows_of(path):
        cells = [str(cell).strip() for cell in row.cells]
        if place is None:
            place = cells.index(_COLUMN) if _COLUMN in cells else 0
            if _COLUMN in cells:
                continue
        yield row.number, cells[place] if place < len(cells) else ""


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = read_text(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not in UTF-8; save it as UTF-8") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, line.strip()
