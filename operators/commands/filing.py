"""What is handed in beside acts: answers of households, amendments, postings, documents.

What is typed and every file it names is read before anything is sent.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from pydantic import AfterValidator

from models.base import canonical
from models.case.documents import CaseDocument, DocumentKind
from models.case.letter_delivery import LetterDelivery, LetterWay, delivered_zh
from models.case.messages import PostingReport, Receipt
from models.identity import content_id, is_case, is_case_of, subject_code, supplemented
from models.periods import beijing
from models.procedures import HOUSEHOLD_EXIT
from models.roster.admission import household_faults, households_fault
from models.roster.messages import Amendment, Consent, Consents
from models.supplement import SupplementApplication
from operators.commands import inputs
from operators.commands.options import (
    As,
    AsSignal,
    Document,
    Household,
    Id,
    Officer,
    Proof,
    Roster,
    Said,
)
from operators.commands.sending import given, hand_in, hand_in_all, in_parts
from operators.commands.words import At, Day, InputError, word
from operators.desk.desk import open_desk
from operators.desk.errors import Refused
from operators.desk.registry import open_registry, utc_now
from operators.views.terminal import say
from registry.forms.letters import read_deliveries
from workers.connection import run


def consent(
    case: str,
    household: Household | None = None,
    /,
    *,
    file: Path | None = None,
    agreed: bool = False,
    refused: bool = False,
    signed_by: Said | None = None,
    agent_reason: Said | None = None,
    reason: Said | None = None,
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
        file: The answers of many: Excel (`exitflow template consents`) or CSV with the columns
            户编号, 是否认可 (是 or 否), 签字人, 代签理由, 不认可理由; or answers as TOML or JSON.
        agreed: The household agrees to its exit.
        refused: It does not, and leaves the roster; needs a reason.
        signed_by: Which of its members signed, or who signed for it as an agent (代签人).
        agent_reason: Why an agent signed and no member whom the register names.
        reason: Why it refuses.
        officer: Who collected the answers.
    """
    answers = _answers(household, file, agreed, refused, signed_by, agent_reason, reason)
    proofs, when = inputs.evidence(evidence), at
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
    agent_reason: str | None,
    reason: str | None,
) -> tuple[Consent, ...]:
    if (household is None) == (file is None):
        raise InputError("HOUSEHOLD: name one with its answer, or give those of many in --file")
    if file is not None:
        if agreed or refused or signed_by or agent_reason or reason:
            raise InputError(f"--file: {file} says who agreed and who signed; leave the rest out")
        return inputs.consents(file)
    assert household is not None
    if agreed == refused:
        raise InputError("give one answer: --agreed, or --refused --reason TEXT")
    if signed_by is None:
        raise InputError("--signed-by: name who signed, a member of the household or its agent")
    return (
        Consent(
            household=household,
            agreed=agreed,
            signed_by=signed_by,
            agent_reason=agent_reason,
            reason=reason,
        ),
    )


def amend(
    case: str,
    /,
    *,
    household: tuple[Household, ...],
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
    """Add households to a roster, or read their entries again from the register (G1).

    A household that is added or has changed gets a notice of its own, for seven days.

    Args:
        case: Id of the roster's case, for example household-exit/411523100001/2026/1.
        household: Who is added, or on the roster already; may be repeated.
        meeting: With added ones: the record of the meeting that voted on them: TOML, JSON, Excel.
        votes: With a meeting: the votes in favour of each household, in their order.
        reason: Why.
    """
    record = inputs.meeting(meeting) if meeting is not None else None
    message = Amendment(
        id=given(id),
        office=office,
        officer=officer,
        reason=reason,
        households=inputs.proposals(household, votes, record),
        meeting=record,
        at=at,
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


def posted(
    case: str,
    /,
    *,
    office: As,
    officer: Officer,
    place: str,
    notice: str | None = None,
    removed: bool = False,
    reason: str | None = None,
    evidence: Proof = (),
    at: At = None,
    id: Id = None,
    signal: AsSignal = False,
) -> None:
    """Report that a notice was hung out (张贴) for people to read, or taken down (撤下) again (T1).

    Args:
        case: Id of the case, for example village-exit/411523100001/2026.
        office: Who published the notice.
        officer: Who hung it out, or took it down.
        place: Where.
        notice: Id of the notice, as `exitflow notices` lists it; the last one in force without it.
        removed: It was taken down. If its days were not over, it is published again.
        reason: Why, for example a storm.
        evidence: A photo, for example, bound by its SHA-256; may be repeated.
    """
    message = PostingReport(
        id=given(id),
        office=office,
        officer=officer,
        place=place,
        notice=notice,
        removed=removed,
        reason=reason,
        at=at,
        evidence=inputs.evidence(evidence),
    )
    hand_in(case, message, signal)


# -- letters ----------------------------------------------------------------------------------


def delivered(
    case: Roster,
    household: Household | None = None,
    /,
    *,
    file: Path | None = None,
    letter: int | None = None,
    on: Day | None = None,
    way: LetterWay | None = None,
    received_by: Said | None = None,
    refused_because: Said | None = None,
    witness: tuple[Said, ...] = (),
    corrects: Said | None = None,
    corrected_because: Said | None = None,
    office: As,
    officer: str,
    evidence: Proof,
    id: Id = None,
) -> None:
    """Report letters as delivered (送达回证, F15): one, or many from a sheet.

    `exitflow letters --sheet` writes the sheet. A letter is reported once; what was reported in the
    same words before is told as known. Who was wrong reports it again and names the report that
    this one takes the place of (更正): the same office may, or one above it. A report stands in a
    file of its own beside that of the case, open or ended. It holds nothing up.

    Args:
        case: Id of the roster's case, for example household-exit/411523100001/2026/1.
        household: The number of one household.
        file: Many letters: Excel or CSV with the columns 户编号, 告知书编号, 送达日期, 送达方式
            (送达本户, 同住成年家属代收, 无人在户，张贴送达 or 拒收，留置送达), 签收人; of a letter
            that was left there also 拒收事由 and 见证人, several of them with 、 between.
        letter: Number of the letter, as `exitflow letters` lists it.
        on: The day on which it was delivered, for example 2026-12-01.
        way: household (送达本户), adult (同住成年家属代收), posted (无人在户，张贴送达) or left
            (拒收，留置送达).
        received_by: Who signed for it; nobody, if it was posted or left.
        refused_because: Why it was refused, of a letter that was left there.
        witness: Who saw that it was left there, for example of the villagers' committee; may be
            repeated.
        corrects: The id of the report that was wrong, as `exitflow letters --json` names it.
        corrected_because: What was wrong there.
        officer: Who handed it over.
        evidence: The signed receipt, for example, bound by its SHA-256; may be repeated.
    """
    more = {
        "received_by": received_by,
        "refused_because": refused_because,
        "witnesses": witness,
        "corrects": corrects,
        "corrected_because": corrected_because,
    }
    found = _deliveries(household, file, letter, on, way, more)
    with open_registry() as registry:
        known = {each.delivered for each in registry.deliveries.of(case) if each.delivered}
    fresh = [each for each in found if each not in known]
    if len(fresh) < len(found):
        say(f"{len(found) - len(fresh)} of {len(found)} reported before, in the same words")
    parts = list(in_parts("file", fresh, id))
    proofs = inputs.evidence(evidence)
    for given_id, part in parts:
        _file_document(
            case,
            CaseDocument(
                id=given_id,
                kind=DocumentKind.DELIVERY,
                office=office,
                officer=officer,
                text=delivered_zh(part),
                evidence=proofs,
                deliveries=part,
            ),
            derived=id is None,
        )


def _deliveries(
    household: str | None,
    file: Path | None,
    letter: int | None,
    on: date | None,
    way: LetterWay | None,
    more: Mapping[str, Any],
) -> tuple[LetterDelivery, ...]:
    if (household is None) == (file is None):
        raise InputError("HOUSEHOLD: name one with its letter, or give those of many in --file")
    if file is not None:
        if any((letter, on, way, *more.values())):
            raise InputError(f"--file: {file} says which letters and how; leave the rest out")
        return read_deliveries(file, beijing(utc_now()).date())
    if letter is None or on is None or way is None:
        raise InputError("--letter, --on, --way: say which letter was delivered, when and how")
    assert household is not None
    one = LetterDelivery(household=household, letter=letter, day=on, way=way, **more)
    return (one,)


# -- documents --------------------------------------------------------------------------------


def _case(text: str) -> str:
    if not is_case(text):
        raise ValueError(f"{text!r} is no id of a case; write it as county-exit/411523/2026")
    belongs_to = supplemented(text)
    if belongs_to is not None:
        raise ValueError(f"{text} is a supplement; name the case itself, {belongs_to}")
    return text


CaseId = Annotated[str, word(Annotated[str, AfterValidator(_case)])]


def file(
    case: CaseId,
    /,
    *,
    kind: DocumentKind,
    office: As,
    officer: Officer,
    text: str,
    evidence: Proof,
    document: Document = None,
    rates: Path | None = None,
    incidence: str | None = None,
    wrongly_exited: str | None = None,
    omitted: str | None = None,
    recognition: str | None = None,
    at: At = None,
    id: Annotated[
        str | None,
        Parameter(
            name="--id",
            help="Your own id of this document: the same id sent twice counts once. Without it "
            "the id is derived from case and content.",
        ),
    ] = None,
    signal: AsSignal = False,
) -> None:
    """Put a document into the file of a case; beside it, as a supplement, where that has ended.

    Args:
        case: Id of the case, for example county-exit/411523/2026.
        kind: filing (备案), data-entry (信息录入) or evaluation (第三方评估).
        text: What it says, in a sentence.
        rates: What an evaluation found, as TOML or JSON: incidence, wrongly_exited, omitted,
            recognition. They are recorded; what blocks are the rates of an act (C3, C6).
        incidence: The same without a file, in percent: combined incidence 综合贫困发生率.
        wrongly_exited: Rate of the wrongly exited 错退率.
        omitted: Rate of the omitted 漏评率.
        recognition: Recognition by the people 群众认可度.
    """
    message = CaseDocument(
        id=id or "derived",
        kind=kind,
        office=office,
        officer=officer,
        text=text,
        evidence=inputs.evidence(evidence),
        document_number=document,
        at=at,
        rates=inputs.four_rates(rates, incidence, wrongly_exited, omitted, recognition),
    )
    _file_document(case, message, derived=id is None, signal=signal)


def _file_document(
    case: str, message: CaseDocument, *, derived: bool, signal: bool = False
) -> None:
    """Send a document and print its receipt.

    Args:
        derived: Its id is derived from case and content.
    """
    if derived:
        id = content_id("document", case, canonical(message.content()))
        message = message.model_copy(update={"id": id})
    if signal:
        where = run(_leave(case, message))
        say(f"left with the server as {message.id}; `exitflow case {where}` shows its effect")
        return
    before, receipt = run(_file(case, message))
    again = "was received before: " if before else ""
    say(f"{again}entry {receipt.seq} of {receipt.case_id}, {message.id}", receipt.text)


async def _file(case_id: str, document: CaseDocument) -> tuple[bool, Receipt]:
    async with open_desk() as desk:
        known = desk.registry.documents.kept(case_id, document.id) is not None
        return known, await desk.file(case_id, document)


async def _leave(case_id: str, document: CaseDocument) -> str:
    """As a signal to an open case; a supplement waits for a worker anyway."""
    async with open_desk() as desk:
        ended = desk.registry.documents.ended(case_id)
        if ended is not None:
            return await desk.open(SupplementApplication(of=ended, document=document))
        await desk.post(case_id, document)
        return case_id
