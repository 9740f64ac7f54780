"""Natural changes (动态调整) for tests: one put down, and what the register has since."""

from datetime import date
from typing import Any

from sqlalchemy import Engine

from models.offices import Office
from models.register.changes import ChangeKind, ChangesLoaded, Person, RegisterChange
from registry.database.engine import reading
from registry.facts.incidence import village_heads
from registry.register.changing import Changes
from tests.rosters import COUNTY

TODAY = date(2018, 12, 31)
OFFICE = Office.parse(f"A5/{COUNTY}")


def change(kind: ChangeKind, household: str, on: date, **said: Any) -> RegisterChange:
    """A change that the county group puts down."""
    given: dict[str, Any] = {
        "reason": f"{kind.zh}，村上报",
        "document": "合成动态〔2018〕1号",
        "office": OFFICE,
        "officer": "经办员甲",
    }
    return RegisterChange(kind=kind, household=household, on=on, **(given | said))


def put(
    engine: Engine, kind: ChangeKind, household: str, on: date, *people: Person, **said: Any
) -> ChangesLoaded:
    """Put a change down."""
    return Changes(engine).put(change(kind, household, on, people=people, **said), TODAY)


def poor(engine: Engine, village: str, on: date) -> int:
    """How many poor people a village has on a day."""
    with reading(engine) as session:
        return village_heads(session, on, codes=[village])[village].poor
