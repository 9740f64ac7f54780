"""Whether an exit can be revoked, by whom, and what it names as its ground (F7, G9).

The same function serves the desk, before anything starts, and the case itself, so that no way of
starting one gets round it.
"""

from datetime import date, datetime

from models.base import CLOCKS_MAY_DIFFER_BY, Moment, Record
from models.offices import Office, Subject
from models.periods import beijing
from models.policy import Policy
from models.revocation.messages import ResponsibleAct, Revocable, RevocationApplication


class ExitRecord(Record):
    """An exit as the register has it, and the approval it rests on (C7, V3, H4).

    Attributes:
        exited_on: The first day off the list.
        case_id, document: The case that led to it, and the document of the approval.
        approved_by, approved_at: Who approved it, and when that was put on file; None where the
            case's file is not here.
        case_ended: Whether that case has ended.
    """

    exited_on: date
    case_id: str | None = None
    document: str | None = None
    approved_by: Office | None = None
    approved_at: Moment | None = None
    case_ended: bool = True


class FiledAct(Record):
    """An entry that a revocation names, copied from the file it stands in.

    Attributes:
        office, officer: Who is responsible for it; None where it is nobody's act.
        why: What the revocation says of it.
    """

    case_id: str
    seq: int
    kind: str
    text: str
    hash: str
    office: Office | None = None
    officer: str | None = None
    why: str | None = None


class RevocationFacts(Record):
    """What the register and the files know of an exit, on the day a revocation is looked at.

    Attributes:
        subject: None where the register does not know the code; ``code_note`` says why.
        exit: The exit of the year; None where there was none.
        other_years: The years of its other exits.
        revoked_by: The case that revoked the exit of the year already.
        back_since: Since when a household is in the register again, having fallen back (F5).
        attempt: Which revocation of the exit the next one is, from 1.
        open_case: Another case that has not ended and would change the same: a revocation, or the
            entry of a household into the register.
        named: The entries that the revocation names, as far as they are there.
        strangers: Cases that it names and that are neither the exit's nor of one of its villages.
        supervision_county: Where the supervision that it names was held; None where there is none.
        concerned: Who applied for the exit, and who decided it: offices, in the order of the file.
    """

    subject: Revocable | None
    code_note: str = ""
    exit: ExitRecord | None = None
    other_years: tuple[int, ...] = ()
    revoked_by: str | None = None
    back_since: date | None = None
    attempt: int = 1
    open_case: str | None = None
    named: tuple[FiledAct, ...] = ()
    strangers: tuple[str, ...] = ()
    supervision_county: str | None = None
    concerned: tuple[Office, ...] = ()


def fault(
    application: RevocationApplication, facts: RevocationFacts, policy: Policy, now: datetime
) -> str | None:
    """Why an exit cannot be revoked so, in one sentence; None where it can."""
    subject, year = facts.subject, application.year
    if subject is None:
        return f"{application.kind} {application.subject}: {facts.code_note}"
    name = f"{subject.name} ({subject.code})"
    if policy.province != subject.region_path[0]:
        return f"{name} is not in the province of the policy {policy.id} ({policy.province})"
    if facts.open_case is not None:
        return f"{name} has an open case on the same: {facts.open_case}; it has to end first (G9)"
    if facts.revoked_by is not None:
        return f"the exit of {name} in {year} was revoked already: {facts.revoked_by} (F7)"
    if facts.exit is None:
        return _no_exit(name, application, facts)
    if facts.back_since is not None:
        return (
            f"{name} left in {year} and fell back since: it is in the register again from "
            f"{facts.back_since} (F5); there is no exit to revoke"
        )
    return (
        _decided_by_another(name, application, facts.exit, subject, policy, now)
        or _time_fault(application, facts.exit, now)
        or _document_fault(application, facts.exit)
        or _ground_fault(application, facts, subject)
    )


def signed_on(application: RevocationApplication, now: datetime) -> date:
    """The day on which a revocation was signed, which is the first day on the list again."""
    return beijing(application.applied_at or now).date()


def _no_exit(name: str, application: RevocationApplication, facts: RevocationFacts) -> str:
    if not facts.other_years:
        return f"{name} never left; there is no exit of {application.year} to revoke (F7)"
    years = ", ".join(map(str, facts.other_years))
    return f"{name} did not leave in {application.year} but in {years}; name the exit's own year"


def _decided_by_another(
    name: str,
    application: RevocationApplication,
    exit: ExitRecord,
    subject: Subject,
    policy: Policy,
    now: datetime,
) -> str | None:
    if exit.case_id is None or exit.approved_by is None:
        return (
            f"the register has no case file with the approval of the exit of {name} in "
            f"{application.year}, so nobody can say who may revoke it"
        )
    if not exit.case_ended:
        return f"{exit.case_id} has not ended; the exit can be revoked when it has"
    if application.office == exit.approved_by:
        return None
    right = exit.approved_by
    called = policy.name_of(right.body, subject.place_name(right), beijing(now).date())
    document = f" ({exit.document})" if exit.document else ""
    return (
        f"{application.office} may not revoke the exit of {name} in {application.year}: "
        f"{called} ({right}) approved it{document}, and may revoke it (F7)"
    )


def _time_fault(application: RevocationApplication, exit: ExitRecord, now: datetime) -> str | None:
    applied = application.applied_at
    if applied is not None and applied > now + CLOCKS_MAY_DIFFER_BY:
        return f"applied_at: {applied} lies in the future"
    signed = signed_on(application, now)
    if signed <= exit.exited_on:
        return (
            f"applied_at: {signed} does not lie after {exit.exited_on}, the day of the exit that "
            "is revoked"
        )
    return None


def _document_fault(application: RevocationApplication, exit: ExitRecord) -> str | None:
    """A separate act of the same body: one number for both would leave the two alike (F7)."""
    if application.document_number != exit.document:
        return None
    return (
        f"document_number: {application.document_number} is the document by which it left; a "
        "revocation is a separate act and has a number of its own (F7)"
    )


def _ground_fault(
    application: RevocationApplication, facts: RevocationFacts, subject: Subject
) -> str | None:
    supervision = application.supervision
    if supervision is not None and facts.supervision_county is None:
        return f"supervision: {supervision} is no supervision that the registry knows (F6)"
    if supervision is not None and facts.supervision_county not in subject.region_path:
        return (
            f"supervision: {supervision} was held in {facts.supervision_county}, not where "
            f"{subject.full_name} lies"
        )
    exit_case = facts.exit.case_id if facts.exit else None
    named = {(each.case_id, each.seq): each for each in facts.named}
    for act in application.responsible:
        case_id = act.case_id or exit_case or ""
        if case_id in facts.strangers:
            return (
                f"responsible: {case_id} is neither the case of the exit ({exit_case}) nor a case "
                f"of one of its villages"
            )
        said = _act_fault(act, case_id, named.get((case_id, act.seq)))
        if said is not None:
            return f"responsible: {said}"
    return None


def _act_fault(act: ResponsibleAct, case_id: str, entry: FiledAct | None) -> str | None:
    if entry is None:
        return f"{case_id} has no entry {act.seq}; `exitflow case {case_id} --ledger` numbers them"
    if entry.office is None:
        return (
            f"entry {act.seq} of {case_id} ({entry.kind}) is nobody's act; name an application, an "
            "act, consents, an amendment, a resolution or a document"
        )
    return None
