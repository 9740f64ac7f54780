"""Opening cases: a county's, a village's, a roster's, an entry's into the register, a revocation.

What is typed and every file it names is read before anything is sent.
"""

import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from models.case.ledger import EntryKind
from models.case.messages import Receipt
from models.identity import is_case
from models.reentry.messages import ReentryApplication
from models.revocation.messages import ResponsibleAct, RevocationApplication
from operators.commands import inputs
from operators.commands.options import (
    As,
    County,
    Document,
    Household,
    Officer,
    Proof,
    Said,
    Subject,
    Supervision,
    Village,
)
from operators.commands.words import At, InputError, Year
from operators.desk.desk import Desk, open_desk
from operators.desk.errors import NoAnswer
from operators.desk.registry import open_registry
from operators.views.terminal import say
from workers.connection import run


def start_county(code: County, /, *, year: Year, application: Path) -> None:
    """Open a county's case (C1 县级申请) and print its id.

    Args:
        code: The county's six digits.
        year: The year of the exit.
        application: The application as TOML or JSON, or as Excel (`exitflow template application`).
            County and year may be left out, and so may poor, population and as_of of its figures,
            which the register then counts; evidence may name a file by its path, which is then
            bound by its SHA-256.
    """
    read = inputs.county_application(application, code, year, inputs.count_of(code))
    print_opened(lambda desk: desk.open(read))


def start_village(code: Village, /, *, year: Year, application: Path) -> None:
    """Open a village's case (V1 调查核实) and print its id.

    Args:
        code: The village's twelve digits.
        year: The year of the exit.
        application: Which village is taken up, by whom and by which document, as TOML or JSON, or
            as Excel (`exitflow template village-application`):
            officer and document_number; plan_addition where the village is not in the year's plan;
            late_reason if the date of T6 has passed. Village and year may be left out; evidence may
            name a file by its path, which is then bound by its SHA-256.
    """
    read = inputs.village_application(application, code, year)
    print_opened(lambda desk: desk.open(read))


def start_households(
    village: Village,
    /,
    *,
    year: Year,
    roster: Path,
    meeting: Path | None = None,
    officer: str | None = None,
    document: Document = None,
    late_reason: str | None = None,
    evidence: Proof = (),
    at: At = None,
) -> None:
    """Open the case of a village's roster (H1 民主评议) and print its id.

    Args:
        village: The village's twelve digits.
        year: The year of the exit.
        roster: The application as TOML or JSON, with the meeting and the votes for each household;
            village and year may be left out, and evidence may name a file by its path. Or Excel
            (`exitflow template roster`), with the meeting on a sheet of its own; or CSV with the
            columns 户编号 and 赞成票数, and 追加计划理由 with 追加计划文号 for a household outside
            the year's plan (G6).
        meeting: The record of the meeting as TOML, JSON or Excel, where the roster has none:
            held_on, place, chair, recorder, entitled, present, minutes.
        officer: Who signs for the two committees, where the roster does not say.
        late_reason: Why it comes after its year has ended (G5).
    """
    read = inputs.roster_application(
        roster,
        village,
        year,
        held=meeting,
        officer=officer,
        document=document,
        at=at,
        late_reason=late_reason,
        evidence=inputs.evidence(evidence),
    )
    print_opened(lambda desk: desk.open(read))


def start_reentry(
    household: Household,
    /,
    *,
    year: Year,
    officer: Officer,
    reason: Said,
    document: Document = None,
    evidence: Proof = (),
    at: At = None,
) -> None:
    """Open the case of a household's entry into the register (R1 识别申报) and print its id.

    Args:
        household: The household's number (户编号). One that never was poor is imported before that,
            without 识别时间.
        year: By whose income and conditions it is judged (S1).
        reason: What has happened to it.
    """
    application = ReentryApplication(
        household=household,
        year=year,
        officer=officer,
        reason=reason,
        applied_at=at,
        document_number=document,
        evidence=inputs.evidence(evidence),
    )
    print_opened(lambda desk: desk.open(application))


# -- revoking an exit -------------------------------------------------------------------------


def _responsible(text: str) -> ResponsibleAct:
    match = re.fullmatch(
        r"(?:(?P<case>[^#:]+)#)?(?P<seq>[1-9]\d{0,5})(?::(?P<why>.+))?", text, re.S
    )
    if match is None or (match["case"] is not None and not is_case(match["case"])):
        raise InputError(
            f"--responsible: {text!r} names no entry; write its number in the file of the exit, "
            "and why, as 12:走访不实"
        )
    return ResponsibleAct(seq=int(match["seq"]), case_id=match["case"], why=match["why"])


def revoke(
    code: Subject,
    /,
    *,
    year: Year,
    office: As,
    officer: Officer,
    document: str,
    reason: str,
    responsible: tuple[str, ...],
    evidence: Proof,
    supervision: Supervision | None = None,
    at: At = None,
) -> None:
    """Revoke an exit by an act of its own (X1); print the id of its case and the receipt.

    Args:
        code: The county's six digits, the village's twelve, or the household's number (户编号).
        year: The year of the exit.
        document: Number of the document by which it is revoked.
        reason: What was found.
        responsible: An act that carried the fault: its number in the file of the exit, and why, as
            12:走访不实; may be repeated. `exitflow case CASE --ledger` numbers them. An entry of a
            case of one of the place's villages is named as CASE#12:why.
        supervision: The supervision that found it (F6): the id of its case.
    """
    named = tuple(_responsible(text) for text in responsible)
    proofs = inputs.evidence(evidence)
    with open_registry() as registry:
        kind = registry.kind_of(code)
    if kind is None:
        raise InputError(
            f"CODE: the register knows no county, village or household with the code {code}"
        )
    application = RevocationApplication(
        subject=code,
        kind=kind,
        year=year,
        office=office,
        officer=officer,
        document_number=document,
        reason=reason,
        responsible=named,
        evidence=proofs,
        supervision=supervision,
        applied_at=at,
    )
    case_id, receipt = run(_revoke(application))
    say(case_id)
    if receipt is None:
        say("handed in; it goes on file as soon as a worker and the registry are there")
    else:
        say(f"entry {receipt.seq}, {receipt.hash[:12]}", receipt.text)


async def _revoke(application: RevocationApplication) -> tuple[str, Receipt | None]:
    async with open_desk() as desk:
        case_id = await desk.open(application)
        try:
            return case_id, await desk.on_file(case_id, EntryKind.ACT)
        except NoAnswer:
            return case_id, None


# -- what is said -----------------------------------------------------------------------------


async def _opened(open_case: Callable[[Desk], Awaitable[str]]) -> tuple[str, bool]:
    """Open a case: its id, and whether it has been admitted yet.

    Raises:
        Refused: if it cannot be opened, or is not admitted.
    """
    async with open_desk() as desk:
        case_id = await open_case(desk)
        return case_id, await desk.is_admitted(case_id)


def print_opened(open_case: Callable[[Desk], Awaitable[str]]) -> None:
    """Open a case and print its id; say on the standard error if it is not admitted yet.

    The id alone stands on the standard output, for scripts.
    """
    case_id, admitted = run(_opened(open_case))
    say(case_id)
    if not admitted:
        said = "is handed in and not admitted yet: a worker decides"
        say(f"exitflow: {case_id} {said}; `exitflow case {case_id}` says how", file=sys.stderr)
