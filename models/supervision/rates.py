"""The four rates of a supervision (F6, S4), counted from its sample and its findings; exactly.

The formulas are those of the province's assessment of exits (贫困县退出专项评估检查, practice of
2017). Everything is in people and in whole numbers; nothing is rounded before it is compared.
"""

from collections.abc import Mapping
from fractions import Fraction

from models.ratios import ExactRates, Ratio
from models.supervision.messages import HouseholdCheck, VillageCheck
from models.supervision.sampling import Sample


def exact_rates(
    sample: Sample,
    households: Mapping[str, HouseholdCheck],
    villages: Mapping[str, VillageCheck],
) -> ExactRates:
    """Count the rates of those drawn who have a finding in force.

    Args:
        households, villages: The findings in force, by code.
    """
    wrong = wrongly_exited(sample, households)
    left_out = omitted(sample, villages)
    return ExactRates(
        incidence=combined_incidence(sample, wrong, left_out),
        wrongly_exited=wrong,
        omitted=left_out,
        recognition=recognition(households, villages),
    )


def wrongly_exited(sample: Sample, checks: Mapping[str, HouseholdCheck]) -> Ratio:
    """错退率: people of the wrongly exited households, of all people of those checked."""
    checked = [(each.size, checks[each.code]) for each in sample.households if each.code in checks]
    return Ratio(
        part=sum(size for size, check in checked if check.wrongly_exited),
        whole=sum(size for size, _ in checked),
    )


def omitted(sample: Sample, checks: Mapping[str, VillageCheck]) -> Ratio:
    """漏评率: people left out of the register, of the unregistered of the villages checked."""
    checked = [(each, checks[each.code]) for each in sample.villages if each.code in checks]
    return Ratio(
        part=sum(check.omitted_people for _, check in checked),
        whole=sum(village.unregistered for village, _ in checked),
    )


def recognition(
    households: Mapping[str, HouseholdCheck], villages: Mapping[str, VillageCheck]
) -> Ratio:
    """群众认可度: those who recognise, of those asked: each household's and each villager's."""
    answers = [each.recognises for each in households.values() if each.recognises is not None]
    return Ratio(
        part=sum(answers) + sum(each.recognising for each in villages.values()),
        whole=len(answers) + sum(each.asked for each in villages.values()),
    )


def combined_incidence(sample: Sample, wrong: Ratio, left_out: Ratio) -> Ratio:
    """综合贫困发生率: who is poor still, or would be by the rates of the sample, of all.

    The rate of the wrongly exited is applied to all exited people of the county, that of the
    omitted to all who were never registered. Where there is nobody to apply it to, a rate that
    cannot be computed is not needed; where there is, neither can this be computed.
    """
    people = sample.people
    besides = _applied(wrong, people.exited), _applied(left_out, people.unregistered)
    if people.population == 0 or None in besides:
        return Ratio(part=0, whole=0)
    poor = people.poor + sum((each for each in besides if each is not None), Fraction(0))
    return Ratio(part=poor.numerator, whole=poor.denominator * people.population)


def _applied(rate: Ratio, people: int) -> Fraction | None:
    if people == 0:
        return Fraction(0)
    return None if rate.value is None else rate.value * people
