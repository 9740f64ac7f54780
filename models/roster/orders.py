"""What a roster's case orders from the world: its notices (H3), its change of the register (H4)."""

from collections.abc import Iterable
from datetime import datetime

from models.case.messages import Act
from models.case.state import Docket
from models.notices import NoticeLine, PostedRoster, announced
from models.roster.households import Candidate, shown_name
from models.roster.messages import RosterChange, RosterOpening, StrikingOff


def posted_roster(
    opening: RosterOpening, households: Iterable[Candidate], number: int
) -> PostedRoster:
    """What a notice shows of those who are posted (G8)."""
    lines = tuple(
        NoticeLine(name=shown(each, opening), group=each.facts.group, size=each.facts.size)
        for each in households
    )
    return PostedRoster(village=opening.subject, number=number, households=lines)


def roster_change(
    docket: Docket,
    opening: RosterOpening,
    households: Iterable[Candidate],
    act: Act,
    seq: int,
    now: datetime,
) -> RosterChange:
    """Announcing and striking off those of an act, as of the day on which it was signed (H4)."""
    return RosterChange(
        **announced(docket, act, seq, now),
        village=opening.subject,
        households=tuple(
            StrikingOff(
                code=each.facts.code,
                revision=each.facts.revision,
                group=each.facts.group,
                size=each.facts.size,
                shown_as=shown(each, opening),
            )
            for each in households
        ),
    )


def shown(candidate: Candidate, opening: RosterOpening) -> str:
    """The head's name as the case's notices show it (G8)."""
    return shown_name(candidate.facts.head, opening.policy.roster_notice.names)
