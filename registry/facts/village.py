"""What the register knows of a village as of a day: place, standing, plan, count, cases."""

from datetime import date

from sqlmodel import Session, col, select

from models.offices import Division, SubjectKind, Village
from models.village.admission import VillageFacts
from models.village.messages import VillageApplication
from registry.facts.county import division_on, earlier_cases, standing_facts
from registry.facts.incidence import village_incidence
from registry.tables import PlanRow, VillageRow, VillageStatusRow


def known_village(session: Session, code: str, on: date) -> tuple[Village | None, str]:
    """A village with its line of divisions as of a day; None, and why, where there is none."""
    row = session.get(VillageRow, code)
    if row is None:
        return None, "the register knows no village with this code; import the list of villages"
    if row.since is not None and on < row.since:
        return None, f"the code of {row.name} is known from {row.since} on, not on {on}"
    if row.gone_on is not None and row.gone_on <= on:
        return None, f"the code of {row.name} expired on {row.gone_on}; use {row.successor}"
    county = division_on(session, row.county_code, on)
    city = division_on(session, county.parent if county else None, on)
    province = division_on(session, city.parent if city else None, on)
    if county is None or city is None or province is None:
        return None, (
            f"its county {row.county_code} was no county of a city and province in the register "
            f"on {on}"
        )
    village = Village(
        code=code,
        name=row.name,
        township=Division(code=row.township_code, name=row.township_name),
        county=Division(code=county.code, name=county.name),
        city=Division(code=city.code, name=city.name),
        province=Division(code=province.code, name=province.name),
        directly_administered=county.directly_administered,
        work_team=row.work_team,
        first_secretary=row.first_secretary,
    )
    return village, ""


def village_facts(
    session: Session, application: VillageApplication, on: date, besides: str | None = None
) -> VillageFacts:
    """Gather what an application for a village is held against (V1, S5, G6, G9).

    Raises:
        RegistryError: where the register counts more poor people than live there.
    """
    code, year = application.village, application.year
    village, note = known_village(session, code, on)
    if village is None:
        return VillageFacts(subject=None, code_note=note)
    return VillageFacts(
        subject=village,
        **standing_facts(_standing(session, code, on)),
        planned=session.get(PlanRow, (year, code)) is not None,
        **earlier_cases(session, SubjectKind.VILLAGE, code, year, besides),
        incidence=village_incidence(session, code, on),
    )


def _standing(session: Session, code: str, on: date) -> VillageStatusRow | None:
    rows = session.exec(
        select(VillageStatusRow)
        .where(VillageStatusRow.code == code, VillageStatusRow.since <= on)
        .order_by(col(VillageStatusRow.since).desc())
        .limit(1)
    )
    return rows.first()
