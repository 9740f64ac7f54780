"""Opening exits: how counties, villages and rosters are handed in, for the desk.

What an application is held against is read from the registry first, so that what cannot open a
case is refused before anything starts; the case asks again.
"""

from datetime import timedelta

from models import identity
from models.case.messages import CountyApplication, CountyOpening
from models.county import admission
from models.offices import Tier
from models.periods import beijing
from models.roster import admission as roster_admission
from models.roster.messages import RosterApplication, RosterOpening
from models.village import admission as village_admission
from models.village.messages import VillageApplication, VillageOpening
from operators.desk.errors import Refused
from operators.desk.opening import Opening
from workflows.county_exit import CountyExitWorkflow
from workflows.household_exit import HouseholdExitWorkflow
from workflows.village_exit import VillageExitWorkflow


class Openings(Opening):
    """The part of the desk that opens exits."""

    async def start_county(
        self, application: CountyApplication, *, begins_in: timedelta = timedelta(0)
    ) -> str:
        """Open a county's case (C1) and return its id.

        Args:
            begins_in: How long from now the case begins; only a rehearsal lets one wait.

        Raises:
            Refused: if the application cannot open a case; nothing was started then.
            RegistryError: if the registry cannot be used.
        """
        now = self._clock() + begins_in
        facts = self.registry.county_facts(
            application.county,
            application.year,
            beijing(now).date(),
            as_of=application.figures.as_of,
        )
        fault = admission.fault(application, facts, self.policy, now)
        if fault is not None or facts.county is None:
            raise Refused(fault or facts.code_note)
        opening = CountyOpening(
            case_id=identity.county_case(application.county, application.year, facts.attempt),
            application=application,
            county=facts.county,
            policy=self.policy,
            received_at=self._received(begins_in),
        )
        tier = "国定" if facts.county.tier is Tier.NATIONAL else "省定"
        led_by = "省直管" if facts.county.directly_administered else facts.county.city.name
        await self._start(
            CountyExitWorkflow.run,
            opening,
            facts.county,
            "county",
            application.year,
            summary=f"{facts.county.name} {application.year}年度 贫困县退出",
            details=f"{facts.county.name}（{facts.county.code}），{tier}贫困县，{led_by}。",
            begins_in=begins_in,
        )
        return opening.case_id

    async def start_village(
        self, application: VillageApplication, *, begins_in: timedelta = timedelta(0)
    ) -> str:
        """Open a village's case (V1) and return its id.

        Args:
            begins_in: How long from now the case begins; only a rehearsal lets one wait.

        Raises:
            Refused: if the application cannot open a case; nothing was started then.
            RegistryError: if the registry cannot be used.
        """
        now = self._clock() + begins_in
        facts = self.registry.village_facts(
            application.village, application.year, beijing(now).date()
        )
        fault = village_admission.fault(application, facts, self.policy, now)
        if fault is not None or facts.village is None:
            raise Refused(fault or facts.code_note)
        opening = VillageOpening(
            case_id=identity.village_case(application.village, application.year, facts.attempt),
            application=application,
            village=facts.village,
            policy=self.policy,
            received_at=self._received(begins_in),
        )
        village = facts.village
        led_by = "省直管县" if village.directly_administered else village.city.name
        await self._start(
            VillageExitWorkflow.run,
            opening,
            village,
            "village",
            application.year,
            summary=f"{village.full_name} {application.year}年度 贫困村退出",
            details=f"{village.full_name}（{village.code}），{led_by}。",
            begins_in=begins_in,
        )
        return opening.case_id

    async def start_roster(
        self, application: RosterApplication, *, begins_in: timedelta = timedelta(0)
    ) -> str:
        """Open the case of a village's roster (H1) and return its id.

        Args:
            begins_in: How long from now the case begins; only a rehearsal lets one wait.

        Raises:
            Refused: if the roster cannot open a case; nothing was started then.
            RegistryError: if the registry cannot be used.
        """
        now = self._clock() + begins_in
        year, codes = (
            application.year,
            [proposal.household for proposal in application.appraisal.households],
        )
        facts = self.registry.roster_facts(application.village, year, beijing(now).date(), codes)
        fault = roster_admission.fault(application, facts, self.policy, now)
        village = facts.village
        if fault is not None or village is None:
            raise Refused(fault or facts.code_note)
        opening = RosterOpening(
            case_id=identity.household_case(application.village, year, facts.batch),
            application=application,
            village=village,
            policy=self.policy,
            received_at=self._received(begins_in),
        )
        place = f"{village.county.name}{village.township.name}"
        await self._start(
            HouseholdExitWorkflow.run,
            opening,
            village,
            "household",
            year,
            summary=f"{place}{village.name} {year}年度 贫困户退出 第{facts.batch}批 {len(codes)}户",
            details=f"{village.city.name}{place}{village.name}（{village.code}），{len(codes)}户。",
            begins_in=begins_in,
            taken=f"{opening.case_id} has just been handed in and is not admitted yet; the next "
            "roster of the village can follow it in a moment (G9)",
        )
        return opening.case_id
