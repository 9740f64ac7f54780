"""Whether an exit can be revoked, by whom, and what it names as its ground (F7, G9)."""

from datetime import date, datetime

from models.base import Moment, Record
from models.case.admission import (
    AdmitOrder,
    Matter,
    Rules,
    SubjectFacts,
    in_province,
    signed_by_now,
)
from models.identity import revocation_case
from models.offices import Office
from models.periods import beijing
from models.procedures import REVOCATION
from models.revocation.messages import (
    ResponsibleAct,
    Revocable,
    RevocationApplication,
    RevocationOpening,
)


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


class RevocationFacts(SubjectFacts[Revocable]):
    """What the register and the files know of an exit, on the day a revocation is looked at.

    Attributes:
        exit: The exit of the year; None where there was none.
        other_years: The years of its other exits.
        revoked_by: The case that revoked the exit of the year already.
        back_since: Since when a household is in the register again, having fallen back (F5).
        open_case: A revocation, or the entry of a household into the register.
        named: The entries that the revocation names, as far as they are there.
        strangers: Cases that it names and that are neither the exit's nor of one of its villages.
        supervision_county: Where the supervision that it names was held; None where there is none.
        concerned: Who applied for the exit, and who decided it: offices, in the order of the file.
    """

    exit: ExitRecord | None = None
    other_years: tuple[int, ...] = ()
    revoked_by: str | None = None
    back_since: date | None = None
    named: tuple[FiledAct, ...] = ()
    strangers: tuple[str, ...] = ()
    supervision_county: str | None = None
    concerned: tuple[Office, ...] = ()


_Matter = Matter[RevocationApplication, RevocationFacts]


def signed_on(application: RevocationApplication, now: datetime) -> date:
    """The day on which a revocation was signed, which is the first day on the list again."""
    return beijing(application.applied_at or now).date()


def _nothing_open(matter: _Matter) -> str | None:
    facts = matter.facts
    if facts.open_case is None:
        return None
    return f"{facts.name} has an open case on the same: {facts.open_case}; it has to end first (G9)"


def _exited(matter: _Matter) -> str | None:
    """There is an exit of the year, and it is in force."""
    facts, year = matter.facts, matter.application.year
    if facts.revoked_by is not None:
        return f"the exit of {facts.name} in {year} was revoked already: {facts.revoked_by} (F7)"
    if facts.exit is None and not facts.other_years:
        return f"{facts.name} never left; there is no exit of {year} to revoke (F7)"
    if facts.exit is None:
        years = ", ".join(map(str, facts.other_years))
        return f"{facts.name} did not leave in {year} but in {years}; name the exit's own year"
    if facts.back_since is not None:
        return (
            f"{facts.name} left in {year} and fell back since: it is in the register again from "
            f"{facts.back_since} (F5); there is no exit to revoke"
        )
    return None


def _by_who_decided(matter: _Matter) -> str | None:
    application, subject, exit = matter.application, matter.facts.subject, _exit(matter)
    assert subject is not None
    said = f"the exit of {matter.facts.name} in {application.year}"
    if exit.case_id is None or exit.approved_by is None:
        return (
            f"the register has no case file with the approval of {said}, so nobody can say who may "
            "revoke it"
        )
    if not exit.case_ended:
        return f"{exit.case_id} has not ended; the exit can be revoked when it has"
    right = exit.approved_by
    if application.office == right:
        return None
    on = beijing(matter.now).date()
    called = matter.policy.name_of(right.body, subject.place_name(right), on)
    document = f" ({exit.document})" if exit.document else ""
    return (
        f"{application.office} may not revoke {said}: {called} ({right}) approved it{document}, "
        "and may revoke it (F7)"
    )


def _after_the_exit(matter: _Matter) -> str | None:
    signed, exited_on = signed_on(matter.application, matter.now), _exit(matter).exited_on
    if signed > exited_on:
        return None
    return (
        f"applied_at: {signed} does not lie after {exited_on}, the day of the exit that is revoked"
    )


def _by_an_act_of_its_own(matter: _Matter) -> str | None:
    """One document number for both acts would leave the two alike (F7)."""
    number = matter.application.document_number
    if number != _exit(matter).document:
        return None
    return (
        f"document_number: {number} is the document by which it left; a revocation is a separate "
        "act and has a number of its own (F7)"
    )


def _found_here(matter: _Matter) -> str | None:
    supervision, county = matter.application.supervision, matter.facts.supervision_county
    subject = matter.facts.subject
    assert subject is not None
    if supervision is None or county in subject.region_path:
        return None
    if county is None:
        return f"supervision: {supervision} is no supervision that the registry knows (F6)"
    return f"supervision: {supervision} was held in {county}, not where {subject.full_name} lies"


def _names_acts(matter: _Matter) -> str | None:
    facts, exit_case = matter.facts, _exit(matter).case_id
    named = {(each.case_id, each.seq): each for each in facts.named}
    for act in matter.application.responsible:
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


def _exit(matter: _Matter) -> ExitRecord:
    assert matter.facts.exit is not None  # by the checks before
    return matter.facts.exit


RULES = Rules[RevocationApplication, RevocationFacts](
    procedure=REVOCATION,
    named=lambda application: f"{application.kind} {application.subject}",
    case_id=lambda application, attempt: revocation_case(
        application.subject, application.year, attempt
    ),
    checks=(
        in_province,
        _nothing_open,
        _exited,
        _by_who_decided,
        signed_by_now,
        _after_the_exit,
        _by_an_act_of_its_own,
        _found_here,
        _names_acts,
    ),
)


class AdmitRevocation(AdmitOrder[RevocationOpening, RevocationFacts]):
    """A revocation to hold against the register and the file of the exit."""

    activity = "admit_revocation"
