"""What an application is held against, by its kind.

By itself: it needs the facts of every procedure, and a command that reads needs none of them.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlmodel import Session

from models.base import Record
from models.case.admission import SubjectFacts
from models.county.messages import CountyApplication
from models.reentry.messages import ReentryApplication
from models.revocation.messages import RevocationApplication
from models.roster.messages import RosterApplication
from models.supervision.messages import SupervisionApplication
from models.village.messages import VillageApplication
from registry.facts.county import county_facts
from registry.facts.reentry import reentry_facts
from registry.facts.revocation import revocation_facts
from registry.facts.roster import roster_facts
from registry.facts.supervision import supervision_facts
from registry.facts.village import village_facts

_FACTS: dict[type, Callable[..., Any]] = {
    CountyApplication: county_facts,
    VillageApplication: village_facts,
    RosterApplication: roster_facts,
    ReentryApplication: reentry_facts,
    RevocationApplication: revocation_facts,
    SupervisionApplication: supervision_facts,
}


def facts_of(session: Session, application: Record, on: date) -> SubjectFacts[Any]:
    """What the register knows of whom an application names, on a day in Beijing."""
    found: SubjectFacts[Any] = _FACTS[type(application)](session, application, on)
    return found
