"""Supervision as the desk reads it from the registry: samples, and the names on check lists."""

from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models.base import Record
from models.supervision.sampling import Frame, Sample
from registry.database.engine import reading
from registry.errors import UnknownSubject
from registry.tables import HouseholdRow, SampleRow, VillageRow


class HouseholdOnSheet(Record):
    """A drawn household as a check list names it; personal data (G8)."""

    code: str
    village_code: str
    village: str
    group: str
    head: str
    size: int


class VillageOnSheet(Record):
    """A drawn village as a check list names it."""

    code: str
    name: str
    township: str
    population: int
    unregistered: int


class CheckLists(Record):
    """Who is to be checked, village by village."""

    households: tuple[HouseholdOnSheet, ...]
    villages: tuple[VillageOnSheet, ...]


class KeptSample(Record):
    """A sample with the frame it was drawn from: all that it takes to draw it again."""

    case_id: str
    sample: Sample
    frame: Frame

    def exported(self) -> dict[str, Any]:
        """As ``scripts/draw_sample.py`` reads it."""
        said = self.sample.model_dump(mode="json", exclude={"households", "villages", "people"})
        return {
            "case_id": self.case_id,
            **said,
            "drawn": {
                "household": [each.code for each in self.sample.households],
                "village": [each.code for each in self.sample.villages],
            },
            "frame": self.frame.model_dump(mode="json"),
        }


class Supervisions:
    """Reading; every method raises ``RegistryError`` if the database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sample(self, case_id: str) -> KeptSample:
        """The sample of a case, with its frame.

        Raises:
            UnknownSubject: if none was drawn for the case.
        """
        with reading(self._engine) as session:
            row = _row(session, case_id)
            return KeptSample(
                case_id=case_id,
                sample=Sample.model_validate_json(row.drawn),
                frame=Frame.model_validate_json(row.frame),
            )

    def check_lists(self, case_id: str) -> CheckLists:
        """Who is to be checked in a case, with the names that the register has now.

        Head counts are those of the sample, by which the rates are counted.

        Raises:
            UnknownSubject: if no sample was drawn for the case.
        """
        with reading(self._engine) as session:
            sample = Sample.model_validate_json(_row(session, case_id).drawn)
            codes = [each.code for each in sample.households]
            named = {
                row.code: row
                for row in session.exec(
                    select(HouseholdRow).where(col(HouseholdRow.code).in_(codes))
                )
            }
            places = {*(each.village for each in sample.households)}
            places |= {each.code for each in sample.villages}
            villages = {
                row.code: row
                for row in session.exec(
                    select(VillageRow).where(col(VillageRow.code).in_(sorted(places)))
                )
            }
            return CheckLists(
                households=tuple(
                    HouseholdOnSheet(
                        code=each.code,
                        village_code=each.village,
                        village=villages[each.village].name,
                        group=named[each.code].village_group,
                        head=named[each.code].head,
                        size=each.size,
                    )
                    for each in sorted(
                        sample.households, key=lambda each: (each.village, each.code)
                    )
                ),
                villages=tuple(
                    VillageOnSheet(
                        code=each.code,
                        name=villages[each.code].name,
                        township=villages[each.code].township_name,
                        population=each.population,
                        unregistered=each.unregistered,
                    )
                    for each in sorted(sample.villages, key=lambda each: each.code)
                ),
            )


def _row(session: Session, case_id: str) -> SampleRow:
    row = session.get(SampleRow, case_id)
    if row is None:
        raise UnknownSubject(
            f"no sample is kept of {case_id}; name a supervision whose sample is drawn, for "
            "example supervision/411523/2026-q4"
        )
    return row
