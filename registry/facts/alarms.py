"""Whether a village and its county, having left, are above the threshold again (F5)."""

from datetime import date

from sqlmodel import Session, col, select

from models.alarms import Alarm
from models.offices import Office
from models.policy import Body, Policy
from models.procedures import village_steps
from models.standards import incidence_met
from registry.database.engine import claim
from registry.facts.county import known_county
from registry.facts.incidence import county_incidence, village_incidence
from registry.facts.village import known_village
from registry.tables import Standing, StatusRow, VillageStatusRow


def alarms_of(session: Session, village_code: str, on: date, policy: Policy) -> tuple[Alarm, ...]:
    """The alarms that a village and its county give on a day: none, one or two.

    Raises:
        RegistryError: where the register counts more poor people than live there.
    """
    village, _ = known_village(session, village_code, on)
    if village is None:
        return ()
    # Of two households that enter at once in two villages the later one sees both in the county.
    claim(session, f"incidence of {village.county.code}")
    alarms = []
    counted = village_incidence(session, village.code, on)
    left = _has_left(session, VillageStatusRow, village.code, on)
    if left and counted and not incidence_met(counted.poor, counted.population, policy.standards):
        approving = village_steps(village, policy)[-1].body
        alarms.append(
            Alarm(
                kind="village",
                code=village.code,
                name=village.full_name,
                incidence=counted,
                tell=(village.office(Body.COUNTY_GROUP), village.office(approving)),
            )
        )
    county, _ = known_county(session, village.county.code, on)
    if county is None:
        return tuple(alarms)
    counted = county_incidence(session, county.code, on)
    left = _has_left(session, StatusRow, county.code, on)
    if left and counted and not incidence_met(counted.poor, counted.population, policy.standards):
        province = county.office(Body.PROVINCIAL_GROUP)
        above = county.superior(county.office(Body.COUNTY_GROUP))
        tell: dict[Office, None] = dict.fromkeys(filter(None, (above, province)))
        alarms.append(
            Alarm(
                kind="county",
                code=county.code,
                name=county.full_name,
                incidence=counted,
                tell=tuple(tell),
            )
        )
    return tuple(alarms)


def _has_left(
    session: Session, standings: type[StatusRow] | type[VillageStatusRow], code: str, on: date
) -> bool:
    status = session.exec(
        select(standings.status)
        .where(standings.code == code, standings.since <= on)
        .order_by(col(standings.since).desc())
        .limit(1)
    ).first()
    return status is Standing.EXITED
