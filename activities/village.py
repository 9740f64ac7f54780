"""The register of villages as activities: what a village's case asks of it, once however often.

As in ``activities.ledger``: an outage is tried again, a contradiction is not.
"""

from sqlalchemy import Engine
from temporalio import activity

from activities.admissions import Gate
from models.case.admission import Admission
from models.register.villages import Incidence
from models.village.admission import RULES, AdmitVillage, VillageFacts
from models.village.orders import VillageCount
from registry.database.engine import reading, writing
from registry.errors import RegistryError
from registry.facts.incidence import village_incidence
from registry.facts.village import village_facts


class VillageActivities:
    """The registry's side of a village's case; synchronous, for the worker's thread pool."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate

    @activity.defn
    def admit_village(self, order: AdmitVillage) -> Admission[VillageFacts]:
        """Hold an application against the register (V1, S5, G6, G9): ``Gate.admit``."""
        claimed = f"cases of {order.opening.application.village}"
        with writing(self._engine) as session:
            return self._gate.admit(session, order, RULES, village_facts, claimed)

    @activity.defn
    def village_incidence(self, count: VillageCount) -> Incidence:
        """Count a village's poor as of a day (S5).

        Raises:
            RegistryError: if the registry cannot be read now, or has no population to count by:
                the case waits until somebody has mended that.
        """
        with reading(self._engine) as session:
            found = village_incidence(session, count.village, count.on)
        if found is None:
            raise RegistryError(
                f"the register has no population for {count.village}, so its incidence cannot be "
                "computed (S5); import the village with its population"
            )
        return found
