"""Supervision as activities: drawing its sample, finding the cases that its result concerns (F6).

As in ``activities.ledger``: an outage is tried again, and everything is done once for a case.
"""

import secrets
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio import activity

from activities.admissions import Gate, other_subject
from models.base import CLOCKS_MAY_DIFFER_BY, canonical
from models.case.admission import Admission
from models.checks.journal import JournalKind
from models.periods import beijing
from models.procedures import COUNTY_EXIT
from models.supervision.admission import (
    RULES,
    DrawSample,
    SupervisionFacts,
    first_day,
    id_fault,
    quarter_fault,
)
from models.supervision.messages import SupervisionResult
from models.supervision.orders import OpenCases, ToldResults
from models.supervision.sampling import Sample, draw
from registry.cases.supervision_frame import county_frame
from registry.cases.supervision_results import results_of
from registry.database.engine import claim, reading, writing
from registry.facts.county import known_county
from registry.journal import note_row
from registry.tables import CaseRow, SampleRow

_SEED_BYTES = 16


class SupervisionActivities:
    """The registry's side of a supervision; synchronous, for the worker's thread pool."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate

    @activity.defn
    def draw_sample(self, order: DrawSample) -> Admission[Sample]:
        """Draw the sample of a case from the register as of its day, and keep frame and draw (J1).

        The case is listed in the same transaction. What was drawn for it before is given again.

        Raises:
            RegistryError: if the registry cannot be used now, or counts more poor than people.
        """
        opening, case_id = order.opening, order.state.case_id
        application, usual = opening.application, opening.policy.supervision
        county, on = opening.subject, beijing(order.now).date()
        with writing(self._engine) as session:
            claim(session, f"sample of {case_id}")
            kept = session.get(SampleRow, case_id)
            fault = _fault(session, order, self._gate.now()) if kept is None else None
            said = self._gate.hold(
                session, order, RULES.procedure, case_id, fault, known=_drawn(kept)
            )
            if said.fault is not None or kept is not None:
                return said
            frame = county_frame(session, county.code, on)
            seed = application.seed or secrets.token_hex(_SEED_BYTES)
            sample = draw(
                frame,
                seed,
                application.households or usual.households,
                application.villages or usual.villages,
            )
            row = SampleRow(
                case_id=case_id,
                county_code=county.code,
                as_of=on,
                seed=seed,
                sha256=sample.sha256,
                frame=frame.text(),
                drawn=canonical(sample.model_dump(mode="json")),
            )
            session.add(row)
            note_row(session, JournalKind.SAMPLE, case_id, row)
            return said.model_copy(update={"known": sample})

    @activity.defn
    def open_county_cases(self, order: OpenCases) -> tuple[str, ...]:
        """Ids of a county's open exit cases (C7).

        Raises:
            RegistryError: if the registry cannot be read now.
        """
        with writing(self._engine) as session:
            # After every admission under way: what is admitted later reads the result itself.
            claim(session, f"cases of {order.county}")
            found = session.exec(
                select(CaseRow.case_id)
                .where(
                    CaseRow.procedure == COUNTY_EXIT.id,
                    CaseRow.subject_code == order.county,
                    col(CaseRow.outcome).is_(None),
                )
                .order_by(CaseRow.case_id)
            )
            return tuple(found.all())

    @activity.defn
    def told_results(self, order: ToldResults) -> tuple[SupervisionResult, ...]:
        """What the registry has of the results that a county's case was told of (C7).

        Raises:
            RegistryError: if the registry cannot be read now.
        """
        with reading(self._engine) as session:
            return results_of(session, order.county, order.supervisions)


def _drawn(kept: SampleRow | None) -> Sample | None:
    return Sample.model_validate_json(kept.drawn) if kept is not None else None


def _fault(session: Session, order: DrawSample, now: datetime) -> str | None:
    """Why a supervision cannot be of this county, or not under this id.

    A round that is caught up on names the county as it was on the day it was called for: a new name
    since then is no reason to leave its quarter out.
    """
    opening, on = order.opening, beijing(order.now).date()
    given, today = opening.subject, beijing(now + CLOCKS_MAY_DIFFER_BY).date()
    of_days = [
        known_county(session, given.code, day)
        for day in dict.fromkeys((on, first_day(opening) or on))
    ]
    known = next((each for each, _ in of_days if each == given), None)
    known = known or next((each for each, _ in of_days if each is not None), None)
    facts = SupervisionFacts(subject=known, code_note=of_days[0][1])
    return (
        quarter_fault(opening, today)
        or id_fault(opening, order.state.case_id)
        or RULES.fault(opening.application, facts, opening.policy, order.now)
        or other_subject(given, known)
    )
