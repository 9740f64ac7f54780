"""Whether a kept case file carries an order: what it does not carry does not happen.

A case orders a change of the register, or a public notice. Whoever reaches the server can order the
same. So the registry asks the file and not the order: whether the act of the last step is there, by
the office whose it is, in this round; whether the steps before it are done; whether the publicity
has run its days by the file's own times; whether an objection is open. The order has to say what
the file says.

Each procedure has its rules in its own ``warrant``. Each rule gives the reason why
not in one sentence, and None if the file carries the order. This module has what they share.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from models import identity
from models.base import CLOCKS_MAY_DIFFER_BY
from models.case.file import CaseFile, FiledAct
from models.case.ledger import EntryKind
from models.notices import Announcement, NoticeOrder, from_posting
from models.offices import Office
from models.periods import beijing, end_of
from models.procedures import C1, H1, H3, R1, Step, skipped
from models.standards import StandardFinding

_BY_APPLICATION = (C1.id, R1.id, H1.id)
"""First steps that the opening itself takes: no act is there in the first round."""


def why_not_posted(file: CaseFile, step: Step, order: NoticeOrder, now: datetime) -> str | None:
    """What is the same of every notice: its turn, its days, its publisher, its number."""
    said = why_not_begun(file, step, now)
    if said is not None:
        return said
    if step.id in file.done and step is not H3:  # a roster posts more while some are struck off
        return f"{step} is over in this round"
    begun, posted_at, policy = file.begun[step.id], order.posted_at, file.policy
    if posted_at < begun.at:
        return f"posted_at: {posted_at.isoformat()} lies before {step} was opened"
    if posted_at > now + CLOCKS_MAY_DIFFER_BY:
        return lies_ahead(posted_at)
    days = policy.publicity.days - policy.publicity.count_posting_day
    ends = end_of(beijing(posted_at).date() + timedelta(days=days))
    if order.closes.due < ends:
        return f"closes: {order.closes.due.isoformat()} lies before {ends.isoformat()} (T1)"
    own = identity.notice(order.case_id, order.seq)
    before = order.replaces
    if before is not None and not before.startswith(identity.notice(order.case_id, 0)[:-1]):
        return f"replaces: {before} is no notice of this case"
    return differs(
        ("notice_id", order.notice_id, own),
        ("year", order.year, file.application["year"]),
        (
            "publisher",
            order.publisher,
            office_name(file, file.subject.office(step.body), posted_at),
        ),
        ("basis", order.basis, policy.basis),
        ("from_posting", order.from_posting, from_posting(policy, step)),
    )


def why_not_final(
    file: CaseFile, step: Step, now: datetime, by: Office | None = None
) -> str | None:
    """Why the last step is not decided for good: the subject may leave, or come back."""
    said = why_not_begun(file, step, now)
    if said is not None:
        return said
    act = file.approval(step, by)
    if act is None:
        return f"no approval of {step} by {by or file.subject.office(step.body)} is in force"
    if act.entry.at > now + CLOCKS_MAY_DIFFER_BY:
        return lies_ahead(act.entry.at)
    for each in file.route:
        notice = file.notice(each)
        if notice is not None and not notice.is_over(act.entry.at):
            return f"{step} was approved before the publicity ({each}) was over (T1)"
    objection = file.unsettled(file.returned)
    return None if objection is None else f"objection {objection} is not settled (G1, G2)"


def final(file: CaseFile, step: Step, by: Office | None = None) -> FiledAct:
    """The approval of the last step, which ``why_not_final`` has found."""
    act = file.approval(step, by)
    assert act is not None
    return act


def why_not_begun(file: CaseFile, step: Step, now: datetime) -> str | None:
    """Why a step is not the present one: the case has ended, or a step before it is not done."""
    if file.closed:
        return "the case has ended"
    for before in file.route[: file.route.index(step)]:
        said = _why_not_done(file, before, now)
        if said is not None:
            return said
    if step.id not in file.begun and step.id[0] != "X":  # a revocation is one act, and opens none
        return f"{step} is not open in this round"
    return None


def _why_not_done(file: CaseFile, step: Step, now: datetime) -> str | None:
    done = file.done.get(step.id)
    if done is None:
        return f"{step} is not done in this round"
    if done.at > now + CLOCKS_MAY_DIFFER_BY:
        return lies_ahead(done.at)
    if done.kind is EntryKind.STEP_SKIPPED:
        passed = step.id[0] == "C" and step in skipped(file.subject)
        return None if passed else f"{step} cannot be skipped"
    if not step.decided:
        notice = file.notice(step)
        if notice is None:
            return f"no notice of {step} is on file in this round"
        over = step is H3 or notice.is_over(done.at)  # of a roster household by household
        return None if over else f"{step} was ended before its publicity was over (T1)"
    if step.id not in _BY_APPLICATION and file.approval(step) is None:
        return f"no approval of {step} by {file.subject.office(step.body)} is in force"
    return None


def lies_ahead(moment: datetime) -> str:
    """The sentence about what the file has from after now."""
    return f"{moment.isoformat()} lies ahead of this installation's clock"


def why_not_announced(
    file: CaseFile, change: Announcement[Any], act: FiledAct, now: datetime
) -> str | None:
    """What is the same of every announced change: its moment, its bodies, its numbers."""
    at = change.posted_at
    if max(act.entry.at, at) > now + CLOCKS_MAY_DIFFER_BY:
        return lies_ahead(max(act.entry.at, at))
    if at < act.entry.at:
        return f"posted_at: {at.isoformat()} lies before the approval (entry {act.entry.seq})"
    publicity = next(step for step in file.route if not step.decided)
    return differs(
        ("year", change.year, file.application["year"]),
        ("notice_id", change.notice_id, identity.notice(change.case_id, change.seq)),
        ("basis", change.basis, file.policy.basis),
        ("publisher", change.publisher, office_name(file, file.subject.office(publicity.body), at)),
        ("ordered_by", change.ordered_by, office_name(file, Office.parse(act.office), at)),
        *as_signed(change, act),
    )


def as_signed(order: Any, act: FiledAct) -> tuple[tuple[str, Any, Any], ...]:
    """A change is of the day on which its act was signed, under that act's number."""
    return (
        ("effective_on", order.effective_on, beijing(act.signed).date()),
        ("document_number", order.document_number, act.document_number),
    )


def counted(on: Any, act: FiledAct, now: datetime) -> str | None:
    """The poor are counted as of a day on which the act was there."""
    first = beijing(act.entry.at).date()
    last = beijing(now + CLOCKS_MAY_DIFFER_BY).date()
    if on is None or not first <= on <= last:
        return f"counted_on: {on} does not lie between {first} and {last}"
    return None


def why_not_overridden(act: FiledAct, unmet: Iterable[StandardFinding]) -> str | None:
    """S6: what the count that was told fails is overridden by name."""
    left = [each.id for each in unmet if each.id not in act.act.get("overrides", [])]
    if not left:
        return None
    approval = f"the approval of {act.act['step']}"
    return f"{', '.join(left)} is not met, and {approval} does not override it (S6)"


def office_name(file: CaseFile, office: Office, at: datetime) -> str:
    """What an office was called on the day of a moment."""
    place = file.subject.place_name(office)
    return file.policy.name_of(office.body, place, beijing(at).date())


def differs(*pairs: tuple[str, Any, Any]) -> str | None:
    """What an order says otherwise than the file."""
    other = [what for what, ordered, filed in pairs if ordered != filed]
    return f"the file has another {', another '.join(other)}" if other else None


def as_object(value: Any) -> dict[str, Any]:
    """A value of an entry that should be an object; an empty one if it is not."""
    return value if isinstance(value, dict) else {}
