"""What a supervision has found so far, and what may be found (F6): pure, and the same everywhere.

The desk asks it before it sends a sheet, the case before it takes a finding in.
"""

from dataclasses import dataclass, field
from datetime import datetime

from models.ratios import ExactRates
from models.supervision.messages import Findings, HouseholdCheck, VillageCheck
from models.supervision.rates import exact_rates
from models.supervision.sampling import Sample


@dataclass
class Inspection:
    """The sample of a supervision with the findings in force.

    Attributes:
        sample: Who was drawn; None until they are.
        households, villages: The findings in force, by code; a later one has replaced an earlier.
        aside: Findings that an upheld plea has set aside, by code: they count no more, and another
            has to be handed in for each, which says nothing worse (申诉不加重).
        replaced: When each finding in the place of one set aside was signed.
    """

    sample: Sample | None = None
    households: dict[str, HouseholdCheck] = field(default_factory=dict)
    villages: dict[str, VillageCheck] = field(default_factory=dict)
    aside: dict[str, HouseholdCheck | VillageCheck] = field(default_factory=dict)
    replaced: list[datetime] = field(default_factory=list)

    def has_drawn(self, code: str) -> bool:
        """Whether a household or village is in the sample."""
        sample = self.sample
        return sample is not None and (code in sample.household_of or code in sample.village_of)

    @property
    def missing(self) -> tuple[str, ...]:
        """Drawn items without a finding in force, in the order of the draw."""
        if self.sample is None:
            return ()
        known = {*self.households, *self.villages}
        return tuple(code for code in drawn_codes(self.sample) if code not in known)

    @property
    def rates(self) -> ExactRates:
        """The rates by the findings in force."""
        assert self.sample is not None
        return exact_rates(self.sample, self.households, self.villages)

    def take(self, findings: Findings) -> None:
        """Put findings in force, in the place of earlier ones."""
        for household in findings.households:
            self.households[household.household] = household
            self.aside.pop(household.household, None)
        for village in findings.villages:
            self.villages[village.village] = village
            self.aside.pop(village.village, None)

    def is_against(self, code: str) -> bool:
        """Whether the finding in force on a drawn item says anything against the county."""
        household, village = self.households.get(code), self.villages.get(code)
        if household is not None:
            return household.wrongly_exited or household.recognises is False
        return village is not None and (
            village.omitted_people > 0 or village.recognising < village.asked
        )

    def set_aside(self, code: str) -> None:
        """A plea about a finding was upheld: it counts no more, until another is handed in."""
        finding = self.households.pop(code, None) or self.villages.pop(code, None)
        if finding is not None:
            self.aside[code] = finding

    def fault(self, findings: Findings) -> str | None:
        """Why findings cannot be of this sample, in one sentence; None where they can."""
        assert self.sample is not None
        for household in findings.households:
            said = household_fault(self.sample, household)
            before = self.aside.get(household.household)
            if said is None and isinstance(before, HouseholdCheck):
                said = _worse_of_a_household(household, before)
            if said is not None:
                return said
        for village in findings.villages:
            said = village_fault(self.sample, village)
            earlier = self.aside.get(village.village)
            if said is None and isinstance(earlier, VillageCheck):
                said = _worse_of_a_village(village, earlier)
            if said is not None:
                return said
        return None


def drawn_codes(sample: Sample) -> tuple[str, ...]:
    """Every drawn household and village, in the order of the draw."""
    households = tuple(each.code for each in sample.households)
    return (*households, *(each.code for each in sample.villages))


def household_fault(sample: Sample, check: HouseholdCheck) -> str | None:
    """Why a household cannot be found on, or not so."""
    if check.household not in sample.household_of:
        return _outside(sample, "household", check.household)
    return None


def village_fault(sample: Sample, check: VillageCheck) -> str | None:
    """Why a village cannot be found on, or not so."""
    drawn = sample.village_of.get(check.village)
    if drawn is None:
        return _outside(sample, "village", check.village)
    most = drawn.unregistered
    if check.omitted_people > most:
        return (
            f"village {check.village}: {check.omitted_people} omitted people are more than the "
            f"{most} who were never registered there, of {drawn.population} as of "
            f"{sample.as_of} (F6)"
        )
    if check.asked > drawn.population:
        return (
            f"village {check.village}: {check.asked} people asked are more than the "
            f"{drawn.population} who lived there as of {sample.as_of} (F6)"
        )
    return None


def _outside(sample: Sample, kind: str, code: str) -> str:
    count = len(sample.households if kind == "household" else sample.villages)
    return (
        f"{kind} {code} is not in the sample of this supervision, which drew {count} of that kind; "
        "`exitflow supervision sample` lists them (F6)"
    )


def _worse_of_a_household(check: HouseholdCheck, before: HouseholdCheck) -> str | None:
    wrong = check.wrongly_exited and not before.wrongly_exited
    unrecognised = before.recognises is not False and check.recognises is False
    unasked = before.recognises is True and check.recognises is None
    return _worse(check.household) if wrong or unrecognised or unasked else None


def _worse_of_a_village(check: VillageCheck, before: VillageCheck) -> str | None:
    more = check.omitted_people > before.omitted_people
    # Shares, crosswise: of nobody asked there is none, and a share that was found cannot vanish.
    fewer = check.recognising * before.asked < before.recognising * check.asked
    unasked = before.recognising > 0 and check.asked == 0
    return _worse(check.village) if more or fewer or unasked else None


def _worse(code: str) -> str:
    return (
        f"{code}: the finding in place of one that an upheld plea set aside cannot say more "
        "against the county than that did (F6 申诉不加重)"
    )
