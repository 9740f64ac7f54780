"""Rosters (贫困户退出名单): opening their case, handing in consents, amending them.

What is typed and every file it names is read before anything is sent.
"""

from pathlib import Path

from models.identity import is_case_of, subject_code
from models.periods import beijing
from models.procedures import HOUSEHOLD_EXIT
from models.roster.admission import household_faults, households_fault
from models.roster.messages import Amendment, Consent, Consents
from operators.commands import inputs, roster_inputs
from operators.commands.inputs import InputError
from operators.commands.options import As, AsSignal, At, Document, Id, Officer, Proof
from operators.commands.parts import in_parts
from operators.commands.sending import given, hand_in, hand_in_all, signed
from operators.commands.started import print_opened
from operators.desk.errors import Refused
from operators.desk.registry import open_registry, utc_now


def start_households(
    village: str,
    /,
    *,
    year: int,
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
            village and year may be left out, and evidence may name a file by its path. Or Excel or
            CSV with the columns 户编号 and 赞成票数, and 追加计划理由 with 追加计划文号 for a
            household outside the year's plan (G6).
        meeting: The record of the meeting as TOML or JSON, where the roster has none: held_on,
            place, chair, recorder, entitled, present, minutes.
        officer: Who signs for the two committees, where the roster does not say.
        late_reason: Why it comes after its year has ended (G5).
    """
    read = roster_inputs.roster_application(
        roster,
        inputs.village("VILLAGE", village),
        inputs.year("--year", year),
        held=meeting,
        officer=officer,
        document=document,
        at=signed(at),
        late_reason=late_reason,
        evidence=inputs.evidence(evidence),
    )

    print_opened(lambda desk: desk.open(read))


def consent(
    case: str,
    household: str | None = None,
    /,
    *,
    file: Path | None = None,
    agreed: bool = False,
    refused: bool = False,
    signed_by: str | None = None,
    reason: str | None = None,
    officer: str,
    evidence: Proof = (),
    at: At = None,
    id: Id = None,
    signal: AsSignal = False,
) -> None:
    """Hand in what households answered to their exit (H2 认可): one, or many from a file.

    Args:
        case: Id of the roster's case, for example household-exit/411523100001/2026/1.
        household: The number of one household.
        file: The answers of many: Excel or CSV with the columns 户编号, 是否认可 (是 or 否),
            签字人, 不认可理由; or answers as TOML or JSON.
        agreed: The household agrees to its exit.
        refused: It does not, and leaves the roster; needs a reason.
        signed_by: Which of its members signed.
        reason: Why it refuses.
        officer: Who collected the answers.
    """
    answers = _answers(household, file, agreed, refused, signed_by, reason)
    proofs, when = inputs.evidence(evidence), signed(at)
    messages = [
        Consents(id=given_id, answers=part, officer=officer, at=when, evidence=proofs)
        for given_id, part in in_parts("consent", answers, id)
    ]
    hand_in_all(case, messages, signal)


def _answers(
    household: str | None,
    file: Path | None,
    agreed: bool,
    refused: bool,
    signed_by: str | None,
    reason: str | None,
) -> tuple[Consent, ...]:
    if (household is None) == (file is None):
        raise InputError("HOUSEHOLD: name one with its answer, or give those of many in --file")
    if file is not None:
        if agreed or refused or signed_by is not None or reason is not None:
            raise InputError(f"--file: {file} says who agreed and who signed; leave the rest out")
        return roster_inputs.consents(file)
    assert household is not None
    if agreed == refused:
        raise InputError("give one answer: --agreed, or --refused --reason TEXT")
    if signed_by is None:
        raise InputError("--signed-by: name the member of the household who signed")
    return (
        Consent(
            household=roster_inputs.household("HOUSEHOLD", household),
            agreed=agreed,
            signed_by=inputs.said("--signed-by", signed_by),
            reason=inputs.said("--reason", reason) if reason is not None else None,
        ),
    )


def amend(
    case: str,
    /,
    *,
    household: tuple[str, ...],
    meeting: Path | None = None,
    votes: tuple[int, ...] = (),
    office: As,
    officer: Officer,
    reason: str,
    document: Document = None,
    evidence: Proof = (),
    at: At = None,
    id: Id = None,
    signal: AsSignal = False,
) -> None:
    """Add households to a roster, or take their entries anew from the register (G1).

    What is added or has changed is posted anew, for seven days of its own.

    Args:
        case: Id of the roster's case, for example household-exit/411523100001/2026/1.
        household: Who is added, or on the roster already; may be repeated.
        meeting: With added ones: the record of the meeting that voted on them, as TOML or JSON.
        votes: With a meeting: the votes in favour of each household, in their order.
        reason: Why.
    """
    record = roster_inputs.meeting(meeting) if meeting is not None else None
    message = Amendment(
        id=given(id),
        office=inputs.office("--as", office),
        officer=officer,
        reason=reason,
        households=roster_inputs.proposals(household, votes, record),
        meeting=record,
        at=signed(at),
        document_number=document,
        evidence=inputs.evidence(evidence),
    )
    _check_added(case, message)
    hand_in(case, message, signal)


def _check_added(case_id: str, amendment: Amendment) -> None:
    """Hold who is added against the register (H1, G6, G9), before anything is sent.

    A case takes an amendment in before it looks them up; whom it cannot add it tells the committees
    later, and the receipt says nothing of it.
    """
    if amendment.meeting is None or not is_case_of(HOUSEHOLD_EXIT, case_id):
        return  # nobody is added, or to no roster: the case says so, or that it is none
    year = int(case_id.split("/")[2])
    codes = [each.household for each in amendment.households]
    with open_registry() as registry:
        today = beijing(utc_now()).date()
        village, known = registry.known_households(subject_code(case_id), year, today, codes)
    if village is None:
        return
    added = [
        each
        for each in amendment.households
        if each.household not in known or known[each.household].open_roster != case_id
    ]
    fault = households_fault(household_faults(added, village, year, known))
    if fault is not None:
        raise Refused(fault)
