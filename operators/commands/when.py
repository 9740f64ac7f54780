"""Any limit, computed for itself: from policy and calendar alone."""

from datetime import date, datetime, time
from typing import Annotated

from cyclopts import Parameter

from models.periods import BEIJING, Limit, LimitRequest, compute, until
from operators.commands.words import Day, InputError, Json
from operators.views.printing import as_json, console, due, sentences
from workers.settings import load_settings

_FROM_A_DAY = ("T1", "T1.posting", "T3", "T5", "T7", "G1", "G3", "F6", "F6.hearing", "F9")
_OF_A_YEAR = ("T2", "T4", "T5", "T6", "F5")
CLAUSES = tuple(sorted({*_FROM_A_DAY, *_OF_A_YEAR}))


def when(
    clause: str,
    /,
    *,
    from_: Annotated[Day | None, Parameter(name="--from")] = None,
    year: int | None = None,
    policy: str | None = None,
    json: Json = False,
) -> None:
    """Compute a limit and say how it was counted; neither server nor registry is needed.

    Args:
        clause: T1 to T7, T1.posting (report of a posting), G1 (review), G3 (correction), F5
            (follow-up of a year), F6 (report of a supervision), F6.hearing or F9 (filing and data
            entry of an exit).
        from_: The day it is counted from, YYYY-MM-DD: of posting (T1), of publishing (T1.posting),
            of receipt (T3, T5, T7, G1), of the return (G3), of the beginning (F6), of the
            preliminary result (F6.hearing), of the exit (F9).
        year: The year of the case (T2, T4, T5, T6), of the visits (F5).
        policy: Another policy than the installation's: a shipped one's id, or a .toml file.
    """
    named, *part = clause.split(".", 1)
    request = _request(".".join((named.upper(), *map(str.lower, part))), from_, year)
    settings = load_settings() if policy is None else load_settings(policy=policy)
    limit = compute(request, settings.load_policy(), settings.calendar())
    if json:
        as_json(limit)
    else:
        _print_limit(limit)


def _request(clause: str, start: date | None, year: int | None) -> LimitRequest:
    if clause not in CLAUSES:
        raise InputError(
            f"CLAUSE: {clause!r} names no limit; the limits are T1 to T7, T1.posting, G1, G3, F5, "
            "F6, F6.hearing and F9"
        )
    for option, given, clauses, why in (
        ("--from", start, _FROM_A_DAY, "is counted from a day"),
        ("--year", year, _OF_A_YEAR, "is a date of a case's year"),
    ):
        if given is None and clause in clauses:
            raise InputError(f"{clause} {why}; give {option}")
        if given is not None and clause not in clauses:
            raise InputError(f"{option}: {clause} does not depend on it; leave it out")
    return LimitRequest(
        clause=clause,
        start=datetime.combine(start, time.min, BEIJING) if start else None,
        year=year,
    )


def _print_limit(limit: Limit) -> None:
    out = console()
    target = f", target {until(limit.target)}" if limit.target else ""
    mark = "  provisional 暂定" if limit.provisional else ""
    out.print(f"{limit.clause}  {due(limit)} (Beijing time){target}{mark}", style="bold")
    for sentence in sentences(limit, out.width):
        out.print(sentence)
