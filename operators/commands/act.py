"""Acting on a case: deciding a step, objecting, resolving, withdrawing.

What is typed and every file it names is read before anything is sent.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import AfterValidator, BeforeValidator

from models.case.messages import (
    Act,
    Decision,
    Finding,
    Objection,
    Rectification,
    Resolution,
    StepId,
    Withdrawal,
)
from models.identity import subject_code
from models.procedures import ALL_STEPS
from operators.commands import inputs
from operators.commands.many import act_on_many, selection
from operators.commands.options import (
    As,
    AsSignal,
    Document,
    Household,
    Id,
    Office,
    Officer,
    Proof,
    Region,
    Said,
    each_once,
)
from operators.commands.sending import given, hand_in
from operators.commands.words import At, InputError, Year, unlike, word


def _step(text: str) -> str:
    if text not in [each.id for each in ALL_STEPS]:
        raise unlike()
    return text


_Step = Annotated[StepId, BeforeValidator(str.upper), AfterValidator(_step)]
Step = Annotated[StepId, word(_Step)]
Return = Annotated[StepId | None, Parameter(name="--return"), word(_Step)]


def act(
    case: str | None = None,
    /,
    *,
    step: Step,
    office: As,
    officer: Officer,
    approve: bool = False,
    return_: Return = None,
    reject: bool = False,
    rectify: Office | None = None,
    task: str | None = None,
    reply: bool = False,
    reason: str | None = None,
    document: Document = None,
    evidence: Proof = (),
    override: tuple[str, ...] = (),
    figures: Path | None = None,
    findings: Path | None = None,
    rates: Path | None = None,
    incidence: str | None = None,
    wrongly_exited: str | None = None,
    omitted: str | None = None,
    recognition: str | None = None,
    survey: Path | None = None,
    consideration: Said | None = None,
    appraisal: Path | None = None,
    household: tuple[Household, ...] = (),
    at: At = None,
    id: Id = None,
    signal: AsSignal = False,
    cases: Path | None = None,
    year: Year | None = None,
    region: Region = None,
    step_is: Step | None = None,
    waiting_for: Office | None = None,
    results: Path | None = None,
) -> int:
    """Decide a step as an office: approve, return, reject, rectify or reply; exactly one of them.

    One CASE is named, or many are chosen: those of a file with --cases, or the open ones that
    --year, --region, --step-is and --waiting-for leave of all. Each answers for itself.

    Args:
        case: Id of the case, for example county-exit/411523/2026.
        step: The step: C1 to C7 of a county, V1 to V3 of a village, H1 to H4 of a roster, R1 to R4
            of an entry into the register, K1, J1 to J4, X1 of what comes after an exit.
        approve: Approve, or its counterpart: apply again, report, confirm.
        return_: Return for correction (退回) to this earlier step; needs a reason.
        reject: Reject: the case ends as not exited, or not entered; needs a reason.
        rectify: After a failed inspection (C6): the office that has to rectify (整改); needs a task
            and a reason.
        task: What that office has to put right.
        reply: The rectifying office's reply (C6).
        reason: Why.
        override: A failed standard that is overridden by name, as S3.income; may be repeated.
        figures: With a renewed application (C1): the corrected figures, as TOML or JSON; poor,
            population and as_of may be left out as in an application.
        findings: What the province's own check found (C3), as TOML or JSON: incidence, income,
            education, culture, health, each with met and statement.
        rates: What an evaluation found (C3, C6), as TOML or JSON: incidence, wrongly_exited,
            omitted, recognition.
        incidence: The same without a file, in percent: combined incidence 综合贫困发生率.
        wrongly_exited: Rate of the wrongly exited 错退率.
        omitted: Rate of the omitted 漏评率.
        recognition: Recognition by the people 群众认可度.
        survey: What the survey of a village found (V1), as TOML or JSON, or as Excel (`exitflow
            template survey`): departments, surveyors, began_on, ended_on; and, if the register has
            no survey of the year, paved_road, bus (yes, no, or not_feasible with bus_ground),
            safe_water, electricity, broadcasting, culture_centre, clinic, doctor, broadband;
            industry and collective_income_yuan where they are known.
        consideration: How industry and collective income were considered (统筹考虑; V1, V3).
        appraisal: A renewed appraisal of a roster that was returned (H1), or that of a household
            which is to enter the register (R2), as TOML or JSON, or as Excel (`exitflow template
            roster`): meeting (held_on, place, chair,
            recorder, entitled, present, minutes) and households, each with household and in_favour.
        household: Only these households of a roster (H2, H4), by number; may be repeated. All that
            wait for it where none is named.
        cases: Many cases: one id a line, or Excel or CSV with a column case_id.
        year: Many cases: those of this year.
        step_is: Many cases: those that are at this step.
        waiting_for: Many cases: those that wait for this office.
        results: Many cases: the CSV file that keeps what came of each, and by which the same
            command goes on where it ended; beside the file of --cases where none is named.
    """
    many = selection(
        step,
        cases=cases,
        year=year,
        region=region,
        step_is=step_is,
        waiting_for=waiting_for,
        results=results,
    )
    if (many is None) == (case is None):
        raise InputError(
            "CASE: name one case, or choose many with --cases or --year, --region, --step-is, "
            "--waiting-for"
        )
    if many is not None:
        _check_for_many(
            id=id,
            signal=signal,
            figures=figures,
            findings=findings,
            survey=survey,
            consideration=consideration,
            appraisal=appraisal,
            household=household,
            rates=rates or incidence or wrongly_exited or omitted or recognition,
        )
    decision = _decision(approve, return_ is not None, reject, rectify is not None, reply)
    if (task is not None) != (rectify is not None):
        raise InputError("--task: name office and task with --rectify OFFICE --task TEXT")
    message = Act(
        id=given(id),
        step=step,
        decision=decision,
        office=office,
        officer=officer,
        at=at,
        document_number=document,
        reason=reason,
        return_to=return_,
        overrides=override,
        evidence=inputs.evidence(evidence),
        figures=inputs.figures(figures, inputs.count_of(subject_code(case or "")))
        if figures
        else None,
        findings=inputs.findings(findings) if findings is not None else None,
        rates=inputs.four_rates(rates, incidence, wrongly_exited, omitted, recognition),
        rectification=_rectification(rectify, task),
        survey=inputs.survey(survey, case or "") if survey is not None else None,
        consideration=consideration,
        appraisal=inputs.appraisal(appraisal) if appraisal is not None else None,
        households=each_once("--household", household),
    )
    if many is not None:
        return act_on_many(message, many)
    assert case is not None
    hand_in(case, message, signal)
    return 0


def object_(
    case: str,
    /,
    *,
    text: Said,
    household: Household | None = None,
    review_of: str | None = None,
    name: Said | None = None,
    contact: Said | None = None,
    evidence: Proof = (),
    at: At = None,
    id: Id = None,
    signal: AsSignal = False,
) -> None:
    """Hand in an objection (异议) to a notice, or a report (举报) after it closed.

    TEXT, NAME and CONTACT may be @FILE, or @- for the standard input: everybody on the machine can
    read a command line.

    Args:
        case: Id of the case, for example county-exit/411523/2026.
        text: What is objected to.
        household: The household of a roster it concerns, by number; without it the whole roster.
        review_of: Id of a dismissed objection: the body above reviews it (复核), once. Who objected
            asks for it: give the same NAME and CONTACT.
        name: Who objects; only a real-name objector gets an answer.
        contact: Where the answer goes. Name and contact are for who investigates alone.
    """
    message = Objection(
        id=given(id),
        text=text,
        at=at,
        objector=name,
        contact=contact,
        evidence=inputs.evidence(evidence),
        household=household,
        review_of=review_of,
    )
    hand_in(case, message, signal)


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
    evidence: Proof,
    document: Document = None,
    at: At = None,
    id: Id = None,
    signal: AsSignal = False,
) -> None:
    """Close the investigation of an objection, or its review (复核): upheld or dismissed.

    Who investigates is in `exitflow case CASE --objections`. The officer decides nothing in the
    case, before or after.

    Args:
        case: Id of the case, for example county-exit/411523/2026.
        objection: Id of the objection; `exitflow case` lists the open ones.
        upheld: The objection is right (成立): the subject leaves the list, or goes back.
        dismissed: The objection is wrong (不成立): the publicity goes on.
        return_: With --upheld: go back to this step, which must repair the fault.
        reason: What the investigation found; the objector is answered with it.
    """
    if upheld == dismissed:
        raise InputError("give one finding: --upheld or --dismissed")
    message = Resolution(
        id=given(id),
        objection_id=objection,
        finding=Finding.UPHELD if upheld else Finding.DISMISSED,
        reason=reason,
        office=office,
        officer=officer,
        at=at,
        document_number=document,
        return_to=return_,
        evidence=inputs.evidence(evidence),
    )
    hand_in(case, message, signal)


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
        id=given(id),
        office=office,
        officer=officer,
        reason=reason,
        at=at,
        document_number=document,
        evidence=inputs.evidence(evidence),
    )
    hand_in(case, message, signal)


def _check_for_many(**given: object) -> None:
    for option, value in given.items():
        if value:
            raise InputError(f"--{option}: belongs to one case, not to many; name the CASE")


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


def _rectification(office: Office | None, task: str | None) -> Rectification | None:
    if office is None or task is None:
        return None
    return Rectification(office=office, task=task)
