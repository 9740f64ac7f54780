"""Acting: opening a case, deciding a step, objecting, resolving, withdrawing.

What is typed and every file it names is read before anything is sent.
"""

from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from models.identity import content_id
from models.ledger import canonical
from models.messages import (
    Act,
    Decision,
    Finding,
    Objection,
    Rates,
    Receipt,
    Rectification,
    Resolution,
    Withdrawal,
)
from models.periods import beijing
from operators import inputs
from operators.desk import Desk, open_desk, utc_now
from operators.inputs import InputError
from operators.options import As, AsSignal, At, Document, Id, Officer, Proof, Return
from workers.connection import run

M = TypeVar("M", Act, Objection, Resolution, Withdrawal)

_UNIDENTIFIED = "not-yet-derived"


def start_county(code: str, /, *, year: int, application: Path) -> None:
    """Open a county's case (C1 县级申请) and print its id.

    Args:
        code: The county's six digits.
        year: The year of the exit.
        application: The application as TOML or JSON. County and year may be left out; evidence may
            name a file by its path, which is then bound by its SHA-256.
    """
    code = inputs.division("CODE", code)
    read = inputs.county_application(application, code, year)

    async def open_case() -> str:
        async with open_desk() as desk:
            return await desk.start_county(read)

    print(run(open_case()))


def act(
    case: str,
    /,
    *,
    step: str,
    office: As,
    officer: Officer,
    approve: bool = False,
    return_: Return = None,
    reject: bool = False,
    rectify: str | None = None,
    task: str | None = None,
    reply: bool = False,
    reason: str | None = None,
    document: Document = None,
    evidence: Proof = (),
    override: tuple[str, ...] = (),
    figures: Path | None = None,
    rates: Path | None = None,
    incidence: str | None = None,
    wrongly_exited: str | None = None,
    omitted: str | None = None,
    recognition: str | None = None,
    at: At = None,
    id: Id = None,
    signal: AsSignal = False,
) -> None:
    """Decide a step as an office: approve, return, reject, rectify or reply; exactly one of them.

    Args:
        case: Id of the case, for example county-exit/411523/2026.
        step: The step, C1 to C7.
        approve: Approve, or its counterpart: apply again, report, confirm.
        return_: Return for correction (退回) to this earlier step; needs a reason.
        reject: Reject: the case ends as not exited; needs a reason.
        rectify: After a failed inspection (C6): the office that has to rectify (整改); needs a task
            and a reason.
        task: What that office has to put right.
        reply: The rectifying office's reply (C6).
        reason: Why.
        override: A failed standard that is overridden by name, as S3.income; may be repeated.
        figures: With a renewed application (C1): the corrected figures, as TOML or JSON.
        rates: What an evaluation found (C3, C6), as TOML or JSON: incidence, wrongly_exited,
            omitted, recognition.
        incidence: The same without a file, in percent: combined incidence 综合贫困发生率.
        wrongly_exited: Rate of the wrongly exited 错退率.
        omitted: Rate of the omitted 漏评率.
        recognition: Recognition by the people 群众认可度.
    """
    decision = _decision(approve, return_ is not None, reject, rectify is not None, reply)
    if (task is not None) != (rectify is not None):
        raise InputError("--task: name office and task with --rectify OFFICE --task TEXT")
    message = Act(
        id=_given(id),
        step=inputs.step("--step", step),
        decision=decision,
        office=inputs.office("--as", office),
        officer=officer,
        at=_signed(at),
        document_number=document,
        reason=reason,
        return_to=inputs.step("--return", return_) if return_ is not None else None,
        overrides=override,
        evidence=inputs.evidence(evidence),
        figures=inputs.figures(figures) if figures is not None else None,
        rates=_rates(rates, incidence, wrongly_exited, omitted, recognition),
        rectification=_rectification(rectify, task),
    )
    run(_hand_in(case, message, signal))


def object_(
    case: str,
    /,
    *,
    text: str,
    name: str | None = None,
    contact: str | None = None,
    evidence: Proof = (),
    at: At = None,
    id: Id = None,
    signal: AsSignal = False,
) -> None:
    """Hand in an objection (异议) to a notice, or a report (举报) after it closed.

    Args:
        case: Id of the case, for example county-exit/411523/2026.
        text: What is objected to.
        name: Who objects; only a real-name objector gets an answer.
        contact: Where the answer goes. Name and contact never stand in a notice.
    """
    message = Objection(
        id=_given(id),
        text=text,
        at=_signed(at),
        objector=name,
        contact=contact,
        evidence=inputs.evidence(evidence),
    )
    run(_hand_in(case, message, signal))


def resolve(
    case: str,
    objection: str,
    /,
    *,
    office: As,
    officer: Officer,
    upheld: bool = False,
    dismissed: bool = False,
    return_: Return = None,
    reason: str,
    document: Document = None,
    evidence: Proof = (),
    at: At = None,
    id: Id = None,
    signal: AsSignal = False,
) -> None:
    """Close the investigation of an objection as its publishing body: upheld or dismissed.

    Args:
        case: Id of the case, for example county-exit/411523/2026.
        objection: Id of the objection; `exitflow case` lists the open ones.
        upheld: The objection is right (成立): the county leaves the list, or goes back.
        dismissed: The objection is wrong (不成立): the publicity goes on.
        return_: With --upheld: go back to this step, which must repair the fault.
        reason: What the investigation found; the objector is answered with it.
    """
    if upheld == dismissed:
        raise InputError("give one finding: --upheld or --dismissed")
    message = Resolution(
        id=_given(id),
        objection_id=objection,
        finding=Finding.UPHELD if upheld else Finding.DISMISSED,
        reason=reason,
        office=inputs.office("--as", office),
        officer=officer,
        at=_signed(at),
        document_number=document,
        return_to=inputs.step("--return", return_) if return_ is not None else None,
        evidence=inputs.evidence(evidence),
    )
    run(_hand_in(case, message, signal))


def withdraw(
    case: str,
    /,
    *,
    office: As,
    officer: Officer,
    reason: str,
    document: Document = None,
    evidence: Proof = (),
    at: At = None,
    id: Id = None,
    signal: AsSignal = False,
) -> None:
    """Take an application back (撤回), as the applicant; the case ends.

    Args:
        case: Id of the case, for example county-exit/411523/2026.
        reason: Why.
    """
    message = Withdrawal(
        id=_given(id),
        office=inputs.office("--as", office),
        officer=officer,
        reason=reason,
        at=_signed(at),
        document_number=document,
        evidence=inputs.evidence(evidence),
    )
    run(_hand_in(case, message, signal))


# -- reading what was typed -------------------------------------------------------------------


def _decision(approve: bool, return_: bool, reject: bool, rectify: bool, reply: bool) -> Decision:
    given = {
        Decision.APPROVE: approve,
        Decision.RETURN: return_,
        Decision.REJECT: reject,
        Decision.RECTIFY: rectify,
        Decision.REPLY: reply,
    }
    chosen = [decision for decision, said in given.items() if said]
    if len(chosen) != 1:
        raise InputError(
            "give one decision: --approve, --return STEP, --reject, --rectify OFFICE --task TEXT, "
            "or --reply"
        )
    return chosen[0]


def _signed(at: str | None) -> datetime | None:
    return inputs.moment("--at", at) if at is not None else None


def _rectification(office: str | None, task: str | None) -> Rectification | None:
    if office is None or task is None:
        return None
    return Rectification(office=inputs.office("--rectify", office), task=task)


def _rates(file: Path | None, *four: str | None) -> Rates | None:
    given = [rate for rate in four if rate is not None]
    if file is not None and given:
        raise InputError("--rates: give the file or the four rates, not both")
    if file is not None:
        return inputs.rates(file)
    if not given:
        return None
    if len(given) < len(four):
        raise InputError(
            "give all four rates: --incidence, --wrongly-exited, --omitted and --recognition"
        )
    return Rates.model_validate(dict(zip(Rates.model_fields, four, strict=True)))


def _given(id: str | None) -> str:
    return _UNIDENTIFIED if id is None else id


# -- sending ----------------------------------------------------------------------------------


async def _hand_in(case_id: str, message: M, signal: bool) -> None:
    async with open_desk() as desk:
        if signal:
            message = _with_new_id(message)
            await desk.post(case_id, message)
            print(
                f"left with the server as {message.id}; `exitflow case {case_id}` shows its effect"
            )
            return
        before = await desk.status(case_id)
        message = _with_derived_id(case_id, before.round, message)
        receipt = await _send(desk, case_id, message)
    # An entry that was on file before is the receipt of the same message sent earlier.
    again = "was received before: " if receipt.seq <= before.entries else ""
    print(f"{again}entry {receipt.seq}, {message.id}\n{receipt.text}")


async def _send(desk: Desk, case_id: str, message: M) -> Receipt:
    match message:
        case Act():
            return await desk.act(case_id, message)
        case Objection():
            return await desk.object(case_id, message)
        case Resolution():
            return await desk.resolve(case_id, message)
        case Withdrawal():
            return await desk.withdraw(case_id, message)


def _kind(message: M) -> str:
    return type(message).__name__.lower()


def _with_derived_id(case_id: str, round: int, message: M) -> M:
    """The id of what is said in a round on a day; the same again in a later round is another."""
    if message.id != _UNIDENTIFIED:
        return message
    content = canonical(message.model_dump(mode="json", exclude={"id"}))
    today = beijing(utc_now()).date().isoformat()
    derived = content_id(_kind(message), case_id, str(round), today, content)
    return message.model_copy(update={"id": derived})


def _with_new_id(message: M) -> M:
    if message.id != _UNIDENTIFIED:
        return message
    return message.model_copy(update={"id": f"{_kind(message)}-{uuid4().hex[:20]}"})
