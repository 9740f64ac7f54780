"""Whether a roster's kept file carries its notices (H3), and who is struck off (H4)."""

from collections import Counter
from datetime import datetime
from itertools import chain

from models.case.file import CaseFile, FiledAct
from models.case.ledger import EntryKind
from models.case.warrant import (
    as_object,
    differs,
    why_not_announced,
    why_not_begun,
    why_not_posted,
)
from models.notices import NoticeOrder, PostedRoster
from models.procedures import H3, H4
from models.roster.file import filed_roster
from models.roster.households import State, shown_name
from models.roster.messages import LookUpOrder, RosterChange


def striking_off(file: CaseFile, change: RosterChange, now: datetime) -> str | None:
    """H4: households leave the register, each by its own course through the file."""
    said = why_not_begun(file, H4, now)
    if said is not None:
        return said
    act = file.approval(H4)
    if act is None:
        return f"no approval of {H4} by {file.subject.office(H4.body)} is in force"
    return (
        why_not_announced(file, change, act, now)
        or differs(("village", change.village, file.subject))
        or _who_may_not_leave(file, change, act)
    )


def _who_may_not_leave(file: CaseFile, change: RosterChange, act: FiledAct) -> str | None:
    roster, approved = filed_roster(file), set(act.act.get("households", []))
    # Some are posted while others are struck off already: their notices are of that step.
    notices = sorted(chain(*file.notices.values()), key=lambda each: each.entry.seq)
    posted = {code: each for each in notices for code in each.households}
    for each in change.households:
        code, notice = each.code, posted.get(each.code)
        if code not in approved:
            return f"the approval of {H4} (entry {act.entry.seq}) does not name household {code}"
        if code not in roster.agreed:
            return f"household {code} has not agreed to its exit (H2)"
        if notice is None or roster.courses.get(code) != State.POSTED:
            return f"household {code} stands in no notice that is in force (H3)"
        taken, facts = roster.facts[code]
        if taken > notice.entry.seq or notice.entry.seq < file.returned:
            return f"household {code} was not posted again after its entry was taken again (G1)"
        if not notice.is_over(act.entry.at):
            return f"household {code}: {H4} was approved before its publicity was over (T1)"
        objection = file.unsettled(notice.entry.seq, code)
        if objection is not None:
            return f"household {code}: objection {objection} is not settled (G1)"
        shown = shown_name(facts["head"], file.policy.roster_notice.names)
        said = differs(
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
    amended: set[str] = set()
    for each in file.entries:
        if each.kind is EntryKind.AMENDMENT:
            amendment = as_object(each.data["amendment"])
            amended |= {proposal["household"] for proposal in amendment["households"]}
    others = [each.household for each in order.added if each.household not in amended]
    courses = filed_roster(file).courses
    others += [code for code in order.households if code not in courses]
    if others:
        return f"household {others[0]} is in no amendment, and not on the roster"
    return differs(
        ("village", order.village, file.subject), ("year", order.year, file.application["year"])
    )


def roster_notice(file: CaseFile, order: NoticeOrder, now: datetime) -> str | None:
    """H3: a list shows households that are verified and agree, as the register has them (G8)."""
    shown = order.shows
    assert isinstance(shown, PostedRoster)
    said = why_not_posted(file, H3, order, now)
    if said is not None:
        return said
    roster = filed_roster(file)
    may_be = Counter(
        (shown_name(facts["head"], file.policy.roster_notice.names), facts["group"], facts["size"])
        for code, (_, facts) in roster.facts.items()
        if code in roster.agreed and roster.courses.get(code) in (State.AGREED, State.HELD_UNPOSTED)
    )
    others = Counter((each.name, each.group, each.size) for each in shown.households) - may_be
    if others:
        count = sum(others.values())
        return f"{count} of the list are no households that are verified and agree (H2, H3)"
    return differs(("village", shown.village, file.subject))
