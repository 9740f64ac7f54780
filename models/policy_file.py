"""A policy file, read and held against what both documents leave no province to decide.

Only a file is held against that: a case that is open keeps the policy it was opened under.
"""

from collections.abc import Iterator
from datetime import timedelta

from pydantic import ValidationError

from models.base import faults
from models.policy import Demand, Policy, PolicyError
from models.policy_values import day_of
from models.texts import notation

_HENAN = "410000"

_WEST = frozenset(
    {
        "150000",  # 内蒙古
        "450000",  # 广西
        "500000",  # 重庆
        "510000",  # 四川
        "520000",  # 贵州
        "530000",  # 云南
        "540000",  # 西藏
        "610000",  # 陕西
        "620000",  # 甘肃
        "630000",  # 青海
        "640000",  # 宁夏
        "650000",  # 新疆
    }
)
"""西部地区 by the State Council (国发〔2000〕33号): the twelve provinces whose threshold is 3 %."""

_OF_EVERY_HOUSEHOLD = (
    Demand.INCOME,
    Demand.STABILITY,
    Demand.FOOD,
    Demand.SCHOOLING,
    Demand.INSURANCE,
    Demand.ILLNESS,
    Demand.HOUSING,
)
"""CN 三(一): what no policy leaves out; 基本医疗有保障 is insurance and aid for serious illness."""

_JANUARY_ENDS = "01-31"


def parse_policy(text: str, source: str = "policy") -> Policy:
    """Read a policy from the text of its TOML file.

    Raises:
        PolicyError: naming the file, the field and what would be right.
    """
    try:
        policy = Policy.model_validate(notation.toml(text))
    except ValidationError as error:
        raise PolicyError(f"{source}: {faults(error)}") from error
    except ValueError as error:
        raise PolicyError(f"{source} is not valid TOML: {error}") from error
    for fault in _faults(policy):
        raise PolicyError(f"{source}: {fault}")
    return policy


def _faults(policy: Policy) -> Iterator[str]:
    """What a policy says that the documents forbid, a sentence each."""
    yield from _of_dates(policy)
    yield from _of_standards(policy)


def _of_dates(policy: Policy) -> Iterator[str]:
    change, check = policy.register_change, policy.provincial_check
    if change.limit <= _JANUARY_ENDS:
        if change.target <= _JANUARY_ENDS:
            yield (
                f"register_change.target: {change.target} lies in January of the year itself; the "
                f"target is a later day of the year, and the limit, {change.limit}, one of the "
                "next (T6)"
            )
    elif change.limit < change.target:
        yield (
            f"register_change.limit: {change.limit} lies before the target, {change.target}, in "
            "the year, and after January of the next; write a day between the two, 01-31 at the "
            "latest (T6)"
        )
    if check.no_breach_before is not None:
        # Both of the year after the case's; any year does, as neither is in February.
        round_ends = day_of(2018, policy.city_review.result_by) + timedelta(days=check.days)
        if day_of(2018, check.no_breach_before) > round_ends:
            yield (
                f"provincial_check.no_breach_before: {check.no_breach_before} lies after "
                f"{round_ends:%m-%d}, {check.days} days from the last day of the cities' results "
                "(T5 半个月内)"
            )


def _of_standards(policy: Policy) -> Iterator[str]:
    rule = policy.standards
    most = 3 if policy.province in _WEST else 2
    if rule.incidence_below_percent > most:
        where = "a western province" if most == 3 else "a province that is not western"
        yield (
            f"standards.incidence_below_percent: {rule.incidence_below_percent} is above the "
            f"{most} % of {where} (S2, S3)"
        )
    of_henan = policy.province == _HENAN
    demanded = tuple(Demand) if of_henan else _OF_EVERY_HOUSEHOLD
    whose = "Henan's measures demand" if of_henan else "the central opinion demands"
    lacking = [each for each in demanded if each not in rule.household]
    if lacking:
        said = f"standards.household lacks {', '.join(lacking)}"
        yield f"{said}, which {whose} of every household (S1)"
