"""Whether a kept case file carries an order: what it does not carry does not happen.

A case orders a change of the register, or a public notice. Whoever reaches the server can order the
same. So the registry asks the file and not the order: whether the act of the last step is there, by
the office whose it is, in this round; whether the steps before it are done; whether the publicity
has run its days by the file's own times; whether an objection is open. The order has to say what
the file says.

Each rule gives the reason why not in one sentence, and None where the file carries the order.
"""

from collections import Counter
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from models import identity
from models.base import CLOCKS_MAY_DIFFER_BY
from models.case.file import CaseFile, FiledAct
from models.case.ledger import EntryKind
from models.case.messages import CountyFigures
from models.case.orders import RegisterChange
from models.notices import (
    NoticeOrder,
    PostedCounty,
    PostedHousehold,
    PostedRoster,
    PostedVillage,
)
from models.offices import Office
from models.periods import beijing, end_of
from models.procedures import C1, C4, C7, H1, H3, H4, R1, R3, R4, V1, V2, Step, skipped
from models.reentry.orders import EntryOrder
from models.register.villages import Incidence, Survey
from models.revocation.orders import RevocationChange
from models.roster.households import State, shown_name
from models.roster.messages import LookUpOrder, RosterChange
from models.village.orders import VillageRegisterChange

_BY_APPLICATION = (C1.id, R1.id, H1.id)
"""First steps that the opening itself takes: no act is there in the first round."""


# -- changes of the register -------------------------------------------------------------------


def county_exit(file: CaseFile, change: RegisterChange, now: datetime) -> str | None:
    """C7: a county leaves the list."""
    said = _why_not_final(file, C7, now)
    if said is not None:
        return said
    return _differs(
        ("county", change.county, file.subject),
        ("year", change.year, file.application["year"]),
        *_as_signed(change, _final(file, C7)),
        ("approved_by", str(change.approved_by), _final(file, C7).office),
    )


def village_exit(file: CaseFile, change: VillageRegisterChange, now: datetime) -> str | None:
    """V3: a village leaves the list, while S2 is met, unless that was overridden (S6)."""
    v3 = file.route[-1]
    said = _why_not_final(file, v3, now)
    if said is not None:
        return said
    act = _final(file, v3)
    overridden = "S2.incidence" in act.act.get("overrides", [])
    return _differs(
        ("village", change.village, file.subject),
        ("year", change.year, file.application["year"]),
        *_as_signed(change, act),
        ("approved_by", str(change.approved_by), act.office),
        ("standards", change.standards, None if overridden else file.policy.standards),
    ) or (None if overridden else _counted(change.counted_on, act, now))


def entry(file: CaseFile, order: EntryOrder, now: datetime) -> str | None:
    """R4: a household comes into the register, as it was posted."""
    said = _why_not_final(file, R4, now)
    if said is not None:
        return said
    act, notice = _final(file, R4), file.notice(R3)
    assert notice is not None  # the publicity is done
    posted = next(
        each.data["facts"]
        for each in reversed(file.entries[: notice.entry.seq])
        if each.kind is EntryKind.FINDINGS and "facts" in each.data
    )
    revision = posted.get("revision", 1) if isinstance(posted, dict) else None
    return _differs(
        ("household", order.household, file.subject),
        ("revision", order.revision, revision),
        *_as_signed(order, act),
        ("policy", order.policy.sha256, file.policy.sha256),
    ) or _counted(order.counted_on, act, now)


def revocation(file: CaseFile, change: RevocationChange, now: datetime) -> str | None:
    """X1: what left is on the list again, by the act that the file has."""
    x1, application = file.route[-1], file.application
    by = Office.parse(application["office"])
    said = _why_not_final(file, x1, now, by)
    if said is not None:
        return said
    act = _final(file, x1, by)
    exit: Any = act.entry.data["exit"]
    responsible = [each.content() for each in change.responsible]
    return _differs(
        ("subject", change.subject, file.subject),
        ("year", change.year, application["year"]),
        ("office", str(change.office), act.office),
        ("reason", change.reason, application["reason"]),
        *_as_signed(change, act),
        ("exited_on", change.exited_on.isoformat(), exit["exited_on"]),
        ("exit_case", change.exit_case, exit.get("case_id") or ""),
        ("exit_document", change.exit_document, exit.get("document")),
        ("responsible", responsible, act.entry.data["responsible"]),
        ("policy", change.policy.sha256, file.policy.sha256),
    ) or _counted(change.counted_on, act, now)


def striking_off(file: CaseFile, change: RosterChange, now: datetime) -> str | None:
    """H4: households leave the register, each by its own course through the file."""
    said = _why_not_begun(file, H4, now)
    if said is not None:
        return said
    act = file.approval(H4)
    if act is None:
        return f"no approval of {H4} by {file.subject.office(H4.body)} is in force"
    latest = max(act.entry.at, change.posted_at)
    if latest > now + CLOCKS_MAY_DIFFER_BY:
        return _ahead(latest)
    return _differs(
        ("village", change.village, file.subject),
        ("year", change.year, file.application["year"]),
        ("notice_id", change.notice_id, identity.notice(change.case_id, change.seq)),
        ("basis", change.basis, file.policy.basis),
        (
            "publisher",
            change.publisher,
            _named(file, file.subject.office(H3.body), change.posted_at),
        ),
        (
            "ordered_by",
            change.ordered_by,
            _named(file, file.subject.office(H4.body), change.posted_at),
        ),
        *_as_signed(change, act),
    ) or _who_may_not_leave(file, change, act)


def _who_may_not_leave(file: CaseFile, change: RosterChange, act: FiledAct) -> str | None:
    named = set(act.act.get("households", []))
    # Some are posted while others are struck off already: their notices are of that step.
    notices = sorted(chain(*file.notices.values()), key=lambda each: each.entry.seq)
    posted = {code: each for each in notices for code in each.households}
    for each in change.households:
        code, notice = each.code, posted.get(each.code)
        if code not in named:
            return f"the approval of {H4} (entry {act.entry.seq}) does not name household {code}"
        if code not in file.agreed:
            return f"household {code} has not agreed to its exit (H2)"
        if notice is None or file.courses.get(code) != State.POSTED:
            return f"household {code} stands in no notice that is in force (H3)"
        taken, facts = file.facts[code]
        if taken > notice.entry.seq or notice.entry.seq < file.returned:
            return f"household {code} was not posted again after its entry was taken again (G1)"
        if notice.due > act.entry.at:
            return f"household {code}: {H4} was approved before its publicity was over (T1)"
        objection = file.unsettled(notice.entry.seq, code)
        if objection is not None:
            return f"household {code}: objection {objection} is not settled (G1)"
        shown = shown_name(facts["head"], file.policy.roster_notice.names)
        said = _differs(
            (f"household {code}", [each.shown_as, each.group, each.size], notice.households[code]),
            (f"household {code}", each.shown_as, shown),
            (f"revision of {code}", each.revision, facts.get("revision", 1)),
        )
        if said is not None:
            return said
    return None


def looking_up(file: CaseFile, order: LookUpOrder, now: datetime) -> str | None:
    """G1: who joins a roster was named by an amendment; whose entry is taken again is on it."""
    if file.closed:
        return "the case has ended"
    named: set[str] = set()
    for each in file.entries:
        if each.kind is EntryKind.AMENDMENT:
            amendment = _object(each.data["amendment"])
            named |= {proposal["household"] for proposal in amendment["households"]}
    others = [each.household for each in order.added if each.household not in named]
    others += [code for code in order.households if code not in file.courses]
    if others:
        return f"household {others[0]} is in no amendment, and not on the roster"
    return _differs(
        ("village", order.village, file.subject), ("year", order.year, file.application["year"])
    )


# -- notices -----------------------------------------------------------------------------------


def posting(file: CaseFile, order: NoticeOrder, now: datetime) -> str | None:
    """A notice is posted at its turn, and shows what the file has last."""
    match order.shows:
        case PostedCounty() as shown:
            return _why_not_posted(file, C4, order, now) or _other_county(file, shown)
        case PostedVillage() as shown:
            return _why_not_posted(file, V2, order, now) or _other_village(file, shown)
        case PostedRoster() as shown:
            return _why_not_posted(file, H3, order, now) or _other_roster(file, shown)
        case PostedHousehold() as shown:
            return _why_not_posted(file, R3, order, now) or _other_household(file, shown)


def _other_county(file: CaseFile, shown: PostedCounty) -> str | None:
    """C4: a county's notice shows the figures that its file has last."""
    figures = next(
        (
            found
            for each in reversed(file.entries)
            if each.kind is EntryKind.ACT
            and (act := _object(each.data["act"])).get("id") not in file.lapsed
            and (found := act.get("figures")) is not None
        ),
        file.application["figures"],
    )
    return _differs(
        ("county", shown.county, file.subject),
        ("figures", shown.figures, CountyFigures.model_validate(figures)),
    )


def _other_village(file: CaseFile, shown: PostedVillage) -> str | None:
    """V2: a village's notice shows what its survey found and the register counted last."""
    survey, counted = file.approval(V1), file.last(EntryKind.FINDINGS, "incidence")
    assert survey is not None  # V1 is done
    if counted is None:
        return "the file has no count of the village's poor (S5)"
    return _differs(
        ("village", shown.village, file.subject),
        ("survey", shown.survey, Survey.model_validate(survey.act["survey"])),
        ("incidence", shown.incidence, Incidence.model_validate(counted.data["incidence"])),
    )


def _other_household(file: CaseFile, shown: PostedHousehold) -> str | None:
    """R3: the notice of a household shows what the register said of it last (G8)."""
    found = file.last(EntryKind.FINDINGS, "facts")
    if found is None:
        return "the file does not say what the register has of the household"
    facts = _object(found.data["facts"])
    return _differs(
        ("village", shown.village, file.subject.village),
        ("name", shown.name, shown_name(facts["head"], file.policy.roster_notice.names)),
        ("group", shown.group, facts["group"]),
        ("size", shown.size, facts["size"]),
        ("cause", shown.cause.value, found.data["cause"]),
    )


def _other_roster(file: CaseFile, shown: PostedRoster) -> str | None:
    """H3: a list shows households that are verified and agree, as the register has them (G8)."""
    may_be = Counter(
        (shown_name(facts["head"], file.policy.roster_notice.names), facts["group"], facts["size"])
        for code, (_, facts) in file.facts.items()
        if code in file.agreed and file.courses.get(code) in (State.AGREED, State.HELD_UNPOSTED)
    )
    others = Counter((each.name, each.group, each.size) for each in shown.households) - may_be
    if others:
        count = sum(others.values())
        return f"{count} of the list are no households that are verified and agree (H2, H3)"
    return _differs(("village", shown.village, file.subject))


def _why_not_posted(file: CaseFile, step: Step, order: NoticeOrder, now: datetime) -> str | None:
    """What is the same of every notice: its turn, its days, its publisher, its number."""
    said = _why_not_begun(file, step, now)
    if said is not None:
        return said
    if step.id in file.done and step is not H3:  # a roster posts more while some are struck off
        return f"{step} is over in this round"
    begun, posted_at, policy = file.begun[step.id], order.posted_at, file.policy
    if posted_at < begun.at:
        return f"posted_at: {posted_at.isoformat()} lies before {step} was opened"
    if posted_at > now + CLOCKS_MAY_DIFFER_BY:
        return _ahead(posted_at)
    days = policy.publicity.days - policy.publicity.count_posting_day
    ends = end_of(beijing(posted_at).date() + timedelta(days=days))
    if order.closes.due < ends:
        return f"closes: {order.closes.due.isoformat()} lies before {ends.isoformat()} (T1)"
    own = identity.notice(order.case_id, order.seq)
    before = order.replaces
    if before is not None and not before.startswith(identity.notice(order.case_id, 0)[:-1]):
        return f"replaces: {before} is no notice of this case"
    return _differs(
        ("notice_id", order.notice_id, own),
        ("year", order.year, file.application["year"]),
        ("publisher", order.publisher, _named(file, file.subject.office(step.body), posted_at)),
        ("basis", order.basis, policy.basis),
    )


# -- what they share ---------------------------------------------------------------------------


def _why_not_final(
    file: CaseFile, step: Step, now: datetime, by: Office | None = None
) -> str | None:
    """Why the last step is not decided for good: the subject may leave, or come back."""
    said = _why_not_begun(file, step, now)
    if said is not None:
        return said
    act = file.approval(step, by)
    if act is None:
        return f"no approval of {step} by {by or file.subject.office(step.body)} is in force"
    if act.entry.at > now + CLOCKS_MAY_DIFFER_BY:
        return _ahead(act.entry.at)
    for each in file.route:
        notice = file.notice(each)
        if notice is not None and notice.due > act.entry.at:
            return f"{step} was approved before the publicity ({each}) was over (T1)"
    objection = file.unsettled(file.returned)
    return None if objection is None else f"objection {objection} is not settled (G1, G2)"


def _final(file: CaseFile, step: Step, by: Office | None = None) -> FiledAct:
    act = file.approval(step, by)
    assert act is not None
    return act


def _why_not_begun(file: CaseFile, step: Step, now: datetime) -> str | None:
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
        return _ahead(done.at)
    if done.kind is EntryKind.STEP_SKIPPED:
        passed = step.id[0] == "C" and step in skipped(file.subject)
        return None if passed else f"{step} cannot be skipped"
    if not step.decided:
        notice = file.notice(step)
        if notice is None:
            return f"no notice of {step} is on file in this round"
        over = step is H3 or notice.due <= done.at  # of a roster household by household
        return None if over else f"{step} was ended before its publicity was over (T1)"
    if step.id not in _BY_APPLICATION and file.approval(step) is None:
        return f"no approval of {step} by {file.subject.office(step.body)} is in force"
    return None


def _ahead(moment: datetime) -> str:
    return f"{moment.isoformat()} lies ahead of this installation's clock"


def _as_signed(order: Any, act: FiledAct) -> tuple[tuple[str, Any, Any], ...]:
    """A change is of the day on which its act was signed, under that act's number."""
    return (
        ("effective_on", order.effective_on, beijing(act.signed).date()),
        ("document_number", order.document_number, act.document_number),
    )


def _counted(on: Any, act: FiledAct, now: datetime) -> str | None:
    """The poor are counted as of a day on which the act was there."""
    first = beijing(act.entry.at).date()
    last = beijing(now + CLOCKS_MAY_DIFFER_BY).date()
    if on is None or not first <= on <= last:
        return f"counted_on: {on} does not lie between {first} and {last}"
    return None


def _named(file: CaseFile, office: Office, at: datetime) -> str:
    place = file.subject.place_name(office)
    return file.policy.name_of(office.body, place, beijing(at).date())


def _differs(*pairs: tuple[str, Any, Any]) -> str | None:
    """What an order says otherwise than the file."""
    other = [what for what, ordered, filed in pairs if ordered != filed]
    return f"the file has another {', another '.join(other)}" if other else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
