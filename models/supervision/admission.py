"""Whether a supervision may begin (F6): the same rules for the desk and for the case itself."""

from datetime import date

from models.identity import is_case, special_inspection_case, supervision_case
from models.supervision.messages import SupervisionOpening


def year_fault(year: int, on: date) -> str | None:
    """Why a supervision of a year cannot begin on a day; None where it can."""
    if on.year - 1 <= year <= on.year:
        return None
    return (
        f"year: {year} is not the year of a supervision that begins on {on}; it is of its own year "
        f"or, begun late, of the year before ({on.year - 1}, F6)"
    )


def quarter_fault(opening: SupervisionOpening, today: date) -> str | None:
    """Why the supervision of a quarter cannot begin yet; None where it can.

    Args:
        today: By the installation's clock.
    """
    first = first_day(opening)
    if first is None or first <= today:
        return None
    return (
        f"quarter: {opening.year}-q{opening.quarter} begins on {first}, and it is {today}; its "
        "supervision begins then (F6)"
    )


def first_day(opening: SupervisionOpening) -> date | None:
    """The day for which the round of a quarter is called; None for a special inspection."""
    if opening.quarter is None:
        return None
    return date(opening.year, opening.policy.supervision.months[opening.quarter - 1], 1)


def opening_fault(opening: SupervisionOpening, case_id: str, on: date) -> str | None:
    """Why an opening cannot stand under an id and on a day, in one sentence; None where it can."""
    county, policy = opening.county, opening.policy
    if policy.province != county.province.code:
        return (
            f"{county.name} ({county.code}) is not in the province of the policy {policy.id} "
            f"({policy.province})"
        )
    if opening.quarter is not None:
        expected = supervision_case(county.code, opening.year, opening.quarter)
        right = case_id == expected
    else:
        expected = special_inspection_case(county.code, opening.year, 1)
        right = case_id.startswith(expected[:-1]) and is_case(case_id)
    if not right or opening.case_id != case_id:
        return f"the id of this case is not {case_id} but of the form {expected} (F6)"
    return year_fault(opening.year, on)
