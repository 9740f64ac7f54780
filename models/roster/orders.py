"""What a roster's case orders from the world: its notices (H3), its change of the register (H4)."""

from collections.abc import Iterable
from datetime import datetime

from models.case.messages import Act
from models.case.state import Docket
from models.identity import notice as notice_id
from models.periods import Limit, beijing
from models.roster.households import Candidate, shown_name
from models.roster.messages import (
    NoticeLine,
    RosterChange,
    RosterNoticeOrder,
    RosterOpening,
    StrikingOff,
)


def roster_notice(
    docket: Docket,
    opening: RosterOpening,
    households: Iterable[Candidate],
    number: int,
    seq: int,
    posted_at: datetime,
    closes: Limit,
    replaces: str | None,
) -> RosterNoticeOrder:
    """The list of those who are posted, under the number of the last entry (T1, G8)."""
    return RosterNoticeOrder(
        notice_id=notice_id(docket.case_id, seq),
        case_id=docket.case_id,
        seq=seq,
        number=number,
        village=opening.village,
        year=docket.year,
        publisher=docket.name(docket.publisher, posted_at),
        basis=opening.policy.basis,
        households=tuple(
            NoticeLine(name=shown(each, opening), group=each.facts.group, size=each.facts.size)
            for each in households
        ),
        posted_at=posted_at,
        closes=closes,
        replaces=replaces,
    )


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
        case_id=docket.case_id,
        seq=seq,
        notice_id=notice_id(docket.case_id, seq),
        village=opening.village,
        year=docket.year,
        effective_on=beijing(docket.basis).date(),
        basis=opening.policy.basis,
        publisher=docket.name(docket.publisher, now),
        ordered_by=docket.name(act.office, now),
        document_number=act.document_number,
        posted_at=now,
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
