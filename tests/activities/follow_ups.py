"""A township of 新县 with exited households, and its follow-up, for the tests of activities."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine

from models.case.ledger import Entry, EntryKind, Ledger
from models.case.orders import CaseState, LedgerBatch
from models.follow_up.messages import FollowUpOpening
from models.follow_up.orders import OpenFollowUp
from models.identity import follow_up_case
from models.offices import Township
from models.policy import Body, Policy
from tests.activities.admitted import RUN
from tests.activities.admitted import batch as kept_batch
from tests.models.samples import HENAN, county
from tests.registry import places

TOWNSHIP = Township(code="411523100", name="合成100乡", county=county())
FIRST, SECOND = "411523100001", "411523100002"
ELSEWHERE = "411523200001"
AS_OF = date(2019, 1, 5)
NOW = datetime(2019, 1, 5, 2, tzinfo=UTC)


def kept_up(until: date = date(2020, 12, 31)) -> Policy:
    """Henan's policy, with support kept until a day (F1)."""
    after = HENAN.after_exit.model_copy(update={"support_until": until})
    return HENAN.model_copy(update={"after_exit": after})


def exited(engine: Engine, village: str, number: int, on: date = date(2018, 12, 20)) -> list[str]:
    """Households of a village that left on a day."""
    codes = places.put_households(engine, village, [3] * number)
    for code in codes:
        places.leaves(engine, code, on)
    return codes


def state(year: int = 2019, **changes: Any) -> CaseState:
    """How a follow-up of the township stands."""
    given: dict[str, Any] = {
        "case_id": follow_up_case(TOWNSHIP.code, year),
        "procedure": "follow_up",
        "subject_code": TOWNSHIP.code,
        "subject_name": TOWNSHIP.name,
        "year": year,
        "region": TOWNSHIP.region_path,
        "step": "K1",
        "round": 1,
        "waiting_for": TOWNSHIP.office(Body.COUNTY_GROUP),
        "deadline": None,
        "overdue": False,
        "open_objections": 0,
        "outcome": None,
    }
    return CaseState(**(given | changes))


def order(year: int = 2019, as_of: date = AS_OF, **changes: Any) -> OpenFollowUp:
    """A follow-up of the township to open."""
    given: dict[str, Any] = {
        "case_id": follow_up_case(TOWNSHIP.code, year),
        "application": {"year": year, "as_of": as_of},
        "subject": TOWNSHIP,
        "policy": HENAN,
    }
    opening = FollowUpOpening.model_validate(given | changes)
    place = opening.subject
    listed = state(year, case_id=opening.case_id, subject_code=place.code, region=place.region_path)
    return OpenFollowUp(opening=opening, now=NOW, state=listed, run=RUN)


class FollowUpFile:
    """A follow-up's case file that grows."""

    def __init__(self, year: int = 2019) -> None:
        self.year = year
        self.ledger = Ledger(follow_up_case(TOWNSHIP.code, year))

    def due(self, *households: str) -> Entry:
        """Whom the case found to be due."""
        data: dict[str, Any] = {
            "due": {"count": len(households), "households": list(households)},
            "due_on": f"{self.year}-11-30",
        }
        return self.ledger.record(EntryKind.CHECKS, NOW, text="名单", data=data)

    def visits(self, *those: dict[str, Any], at: datetime = NOW) -> Entry:
        """Visits the county reported."""
        report = {"id": "v", "office": "A5/411523", "officer": "某丙", "visits": list(those)}
        data: dict[str, Any] = {"checks": report, "due_on": f"{self.year}-11-30"}
        return self.ledger.record(EntryKind.CHECKS, at, text="回访", data=data)

    def mark(self, household: str, *, at: datetime = NOW, **changes: Any) -> Entry:
        """A mark the county set or lifted."""
        mark = {
            "id": "m",
            "household": household,
            "risk": "marginal",
            "reason": "收入下降（合成）",
            "office": "A5/411523",
            "officer": "某丙",
        }
        data: dict[str, Any] = {"risk": mark | changes}
        return self.ledger.record(EntryKind.RISK, at, text="标注", data=data)

    def batch(self, first: int = 1) -> LedgerBatch:
        """The entries from ``first`` on."""
        entries = tuple(self.ledger.entries[first - 1 :])
        return kept_batch(self.ledger.case_id, entries, state(self.year))


def visit(household: str, made_on: str = "2019-03-01", **more: Any) -> dict[str, Any]:
    """One visit, as JSON."""
    return {"household": household, "made_on": made_on, "stable": True} | more
