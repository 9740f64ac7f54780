"""Watching (F13) as an activity: whether a unit is to be alarmed of, and its case listed."""

from sqlalchemy import Engine
from temporalio import activity

from activities.admissions import Gate, other_subject
from models.alarms import Alarm
from models.case.admission import Admission
from models.identity import is_case_of, subject_code
from models.periods import beijing
from models.procedures import WATCH
from models.watch import OpenWatch
from registry.database.engine import claim, writing
from registry.facts.alarms import alarm_due


class WatchActivities:
    """The registry's side of an alarm; synchronous, for the worker's thread pool."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate

    @activity.defn
    def open_watch(self, order: OpenWatch) -> Admission[Alarm]:
        """Count a unit as of the case's day, and list the case if there is an alarm to tell.

        Raises:
            RegistryError: if the registry cannot be used now.
        """
        opening, case_id = order.opening, order.state.case_id
        unit, on = opening.subject, beijing(order.now).date()
        with writing(self._engine) as session:
            claim(session, f"incidence of {unit.code[:6]}")
            known, alarm = alarm_due(session, unit.code, on, opening.policy, besides=case_id)
            fault = other_subject(unit, known)
            if alarm is None:
                fault = f"{unit.full_name} gives no alarm on {on}, or gave it already (F13)"
            if not is_case_of(WATCH, case_id) or subject_code(case_id) != unit.code:
                fault = f"{case_id} is no id of an alarm of {unit.full_name}"
            return self._gate.hold(session, order, WATCH, opening.case_id, fault, known=alarm)
