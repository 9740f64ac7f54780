"""Follow-up (跟踪回访) of exited households: who is due, what was found, what risks there are."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import AfterValidator
from rich.text import Text

from models.follow_up.messages import RISKS, RiskMark, Visit, Visits
from models.follow_up.support import is_kept_up
from models.identity import is_case_of
from models.periods import beijing
from models.policy_values import day_of
from models.procedures import FOLLOW_UP
from models.register.households import HouseholdCode, Risk
from operators.commands import inputs
from operators.commands.lists import Most, in_a_file, on_a_page
from operators.commands.options import (
    As,
    AsSignal,
    County,
    Household,
    Id,
    Officer,
    Proof,
    Said,
    each_once,
)
from operators.commands.sending import given, hand_in, hand_in_all, in_parts
from operators.commands.words import At, Day, InputError, Json, Year, read, word
from operators.desk.registry import open_registry, utc_now
from operators.views.printing import ALL, as_json, console, paragraph, print_cut, table
from registry.cases.follow_up_records import DueRecord
from registry.desk import Registry
from registry.forms.visits import read_visits
from workers.settings import load_settings

RiskWord = Annotated[
    Risk | None,
    Parameter(help="unstable 脱贫不稳定户, marginal 边缘户 or sudden-hardship 突发困难户."),
]


def _follow_up(text: str) -> str:
    """The id of a follow-up, or the number of a household."""
    if not text.startswith(f"{FOLLOW_UP.word}/"):
        return str(read(HouseholdCode, text))
    if not is_case_of(FOLLOW_UP, text):
        raise ValueError(
            f"{text!r} is no follow-up; the id of one is follow-up/TOWNSHIP/YEAR, for example "
            "follow-up/411523100/2026"
        )
    return text


FollowUp = Annotated[str, word(Annotated[str, AfterValidator(_follow_up)])]


def due(
    *,
    county: County | None = None,
    year: Year | None = None,
    limit: Most = None,
    json: Json = False,
) -> None:
    """List the households that are visited in a year, with what the visits found.

    Args:
        county: Only the households of this county: its six digits.
        year: The year; the present one where none is given.
    """
    wanted = year if year is not None else _today().year
    with open_registry() as registry:
        registry.check_division("--county", county)
        if json:
            as_json(registry.follow_ups.due(wanted, county, in_a_file(limit)))
            return
        found = registry.follow_ups.due(wanted, county, on_a_page(limit))
        many, left = registry.follow_ups.count_due(wanted, county)
        missed = _missed(registry, wanted, county)
    out = console()
    if found:
        lines = table(
            "Household", "Head", "Village", "Until", "Visited", "Stable", "Risks", wrap=["Risks"]
        )
        for each in found:
            lines.add_row(
                each.household,
                each.head,
                f"{each.township_name}{each.village_name} {each.group}",
                str(each.due_on),
                _visited(each),
                _stable(each),
                "、".join(RISKS[risk] for risk in each.risks),
            )
        out.print(lines)
        out.print()
    out.print(f"{many:,} households in {wanted}, {left:,} still to be visited", style="bold")
    print_cut(out, len(found), many, ALL)
    for code, more in missed.items():
        said = (
            f"{more} more of {code} had left when its visits were called for and are on no list; "
            f"have them put on one with `exitflow begin-round follow-up/{code}`"
        )
        out.print(paragraph(said, out.width), style="bold red")


def _missed(registry: Registry, year: int, county: str | None) -> Mapping[str, int]:
    """How many households, by county, a round of the year should have put on a list (F5)."""
    policy = load_settings().load_policy()
    opened = day_of(year, policy.follow_up.opens)
    # A round of another year cannot be begun any more.
    if year != _today().year or opened >= _today() or not is_kept_up(policy, year):
        return {}
    return registry.follow_ups.unlisted(year, opened, county)


def _visited(each: DueRecord) -> Text:
    if each.made_on is not None:
        return Text(str(each.made_on))
    if each.back_on is not None:
        return Text(f"重新登记 back {each.back_on}", "dim")
    return Text("待访 due", "bold red" if _today() > each.due_on else "yellow")


def _stable(each: DueRecord) -> Text:
    if each.stable is None:
        return Text("")
    return Text("是") if each.stable else Text("否", "bold red")


def visit(
    case: FollowUp,
    /,
    *households: Household,
    file: Path | None = None,
    made_on: Day | None = None,
    unstable: bool = False,
    note: Said | None = None,
    risk: RiskWord = None,
    correction: str | None = None,
    office: As,
    officer: Officer,
    evidence: Proof = (),
    at: At = None,
    id: Id = None,
    signal: AsSignal = False,
) -> None:
    """Report visits to exited households (K1 跟踪回访): one, several with one result, or a file.

    Args:
        case: Id of the follow-up, for example follow-up/411523100/2026; or the household itself,
            whose latest follow-up is looked up.
        households: Numbers of the households that were visited.
        file: Many visits: Excel or CSV with the columns 户编号, 回访日期, 是否稳定 (是 or 否), and
            回访情况, 风险, 更正理由 where there is something to say.
        made_on: The day of the visit, YYYY-MM-DD; today where none is given.
        unstable: It no longer stands by the criteria of an exit (S1); needs a note.
        note: What was found.
        risk: A risk that the visit found; needs a note.
        correction: Why a visit on file is replaced.
    """
    case_id, named = _case(case, households)
    if (file is None) == (not named):
        raise InputError("HOUSEHOLD: name who was visited, or give the visits of many in --file")
    if file is not None:
        if made_on is not None or unstable or note or risk or correction:
            raise InputError(f"--file: {file} says what each visit found; leave the rest out")
        visits = read_visits(file, _today())
    else:
        on = made_on if made_on is not None else _today()
        visits = tuple(
            Visit(
                household=code,
                made_on=on,
                stable=not unstable,
                note=note,
                risk=risk,
                correction=correction,
            )
            for code in each_once("HOUSEHOLD", named)
        )
    proofs = inputs.evidence(evidence)
    messages = [
        Visits(id=given_id, office=office, officer=officer, visits=part, at=at, evidence=proofs)
        for given_id, part in in_parts("visit", visits, id)
    ]
    hand_in_all(case_id, messages, signal)


def mark(
    case: FollowUp,
    household: Household | None = None,
    /,
    *,
    risk: Annotated[Risk, Parameter(help="As of a visit.")],
    reason: Said,
    lifted: bool = False,
    office: As,
    officer: Officer,
    at: At = None,
    id: Id = None,
    signal: AsSignal = False,
) -> None:
    """Mark an exited household with a risk (风险标注), or lift the mark.

    Args:
        case: Id of the follow-up, for example follow-up/411523100/2026; or the household itself,
            whose latest follow-up is looked up.
        household: The household's number, behind a case.
        reason: Why.
        lifted: The mark no longer holds.
    """
    case_id, named = _case(case, (household,) if household is not None else ())
    if len(named) != 1:
        raise InputError("HOUSEHOLD: name the one household that is marked")
    message = RiskMark(
        id=given(id),
        household=named[0],
        risk=risk,
        reason=reason,
        office=office,
        officer=officer,
        at=at,
        lifted=lifted,
    )
    hand_in(case_id, message, signal)


def _case(first: str, households: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The case that is meant, and the households named: the first word may be either."""
    if first.startswith(f"{FOLLOW_UP.word}/"):
        return first, tuple(households)
    with open_registry() as registry:
        case_id = registry.follow_ups.case_of(first)
    if case_id is None:
        raise InputError(
            f"HOUSEHOLD: {first} is on the list of no follow-up; `exitflow follow-up due` lists "
            "who is, and `exitflow registry show` how a household stands"
        )
    return case_id, (first, *households)


def _today() -> date:
    return beijing(utc_now()).date()
