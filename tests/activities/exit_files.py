"""Exits with the files of their cases, as the registry keeps them; no server is needed."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, select

from activities.leaving import leave
from models import identity
from models.case.ledger import Entry, EntryKind, Ledger
from models.case.messages import Ending
from models.case.orders import CaseState
from models.offices import County, Office, Village
from models.periods import BEIJING
from models.policy import Body
from registry.database.engine import writing
from registry.tables import EpisodeRow, StatusRow, VillageStatusRow
from tests.activities.admitted import batch as kept_batch
from tests.activities.admitted import registry_activities
from tests.activities.registry_cases import run
from tests.models.carrying import leaves_county, leaves_village


class ExitFile:
    """The file of an exit that was approved: an application, its acts, and the end.

    Attributes:
        approval: The entry of the last act.
    """

    def __init__(
        self,
        engine: Engine,
        subject: County | Village,
        case_id: str,
        year: int,
        acts: Sequence[tuple[str, Office]],
        approved_on: date,
    ) -> None:
        self.case_id, self.subject, self.year = case_id, subject, year
        self.ledger = Ledger(case_id)
        self._engine = engine
        self._at = datetime(
            approved_on.year, approved_on.month, approved_on.day, 10, tzinfo=BEIJING
        ) - timedelta(days=len(acts))
        opened = {"application": {"officer": "某甲"}, "subject": subject.content()}
        self.add(EntryKind.OPENED, opened)
        for step, office in acts:
            self._at += timedelta(days=1)
            self.approval = self._act(step, office)

    def _act(self, step: str, office: Office) -> Entry:
        act = {
            "id": f"act-{len(self.ledger.entries)}",
            "step": step,
            "decision": "approve",
            "office": str(office),
            "officer": "某乙",
        }
        return self.add(EntryKind.ACT, {"act": act})

    def add(self, kind: EntryKind, data: Any = None) -> Entry:
        """An entry."""
        return self.ledger.record(kind, self._at, text=f"{kind.value}（合成）", data=data)

    def close(self) -> None:
        """The case has ended as exited."""
        self.add(EntryKind.REGISTER_CHANGE)
        self.add(EntryKind.CLOSED, {"outcome": {"ending": Ending.EXITED.value}})
        self.keep(Ending.EXITED)

    def keep(self, ending: Ending | None) -> None:
        """What is on file goes into the registry."""
        state = CaseState(
            case_id=self.case_id,
            procedure=self.case_id.partition("-")[0],
            subject_code=self.subject.code,
            subject_name=self.subject.name,
            year=self.year,
            region=self.subject.region_path,
            step="C1",
            round=1,
            waiting_for=None,
            deadline=None,
            overdue=False,
            open_objections=0,
            outcome=ending.value if ending else None,
        )
        entries = tuple(self.ledger.entries)
        batch = kept_batch(self.case_id, entries, state)
        run(registry_activities(self._engine).write_ledger, batch)


def county_exits(engine: Engine, county: County, year: int, on: date) -> ExitFile:
    """A county leaves on a day."""
    acts = [
        ("C2", county.office(Body.CITY_GROUP)),
        ("C3", county.office(Body.PROVINCIAL_GROUP)),
        ("C7", county.office(Body.PROVINCIAL_GOVERNMENT)),
    ]
    file = ExitFile(engine, county, identity.county_case(county.code, year), year, acts, on)
    change = {
        "case_id": file.case_id,
        "seq": file.approval.seq,
        "county": county,
        "year": year,
        "effective_on": on,
        "document_number": "合成〔C7〕号",
        "approved_by": acts[-1][1],
    }
    with writing(engine) as session:
        leave(session, StatusRow, county, leaves_county(change))
    file.close()
    return file


def village_exits(
    engine: Engine, village: Village, year: int, on: date, by: Body = Body.CITY_GROUP
) -> ExitFile:
    """A village leaves on a day, approved by the city or the province."""
    county = village.office(Body.COUNTY_GROUP)
    acts = [("V1", county), ("V3", county), ("V3", village.office(by))]
    file = ExitFile(engine, village, identity.village_case(village.code, year), year, acts, on)
    change = {
        "case_id": file.case_id,
        "seq": file.approval.seq,
        "village": village,
        "year": year,
        "effective_on": on,
        "document_number": "合成〔V3〕号",
        "approved_by": acts[-1][1],
    }
    with writing(engine) as session:
        leave(session, VillageStatusRow, village, leaves_village(change))
    file.close()
    return file


def households_exit(
    engine: Engine, village: Village, households: Sequence[str], year: int, on: date
) -> ExitFile:
    """Households of a village are struck off on a day."""
    acts = [
        ("H2", village.office(Body.VILLAGE_COMMITTEES)),
        ("H4", village.office(Body.COUNTY_GROUP)),
    ]
    case_id = identity.household_case(village.code, year, 1)
    file = ExitFile(engine, village, case_id, year, acts, on)
    with writing(engine) as session:
        for code in households:
            episode = session.exec(
                select(EpisodeRow).where(
                    EpisodeRow.household_code == code, col(EpisodeRow.exited_on).is_(None)
                )
            ).one()
            episode.exited_on, episode.exit_year = on, year
            episode.document, episode.case_id = "合成〔H4〕号", case_id
            episode.seq = file.approval.seq
    file.close()
    return file
