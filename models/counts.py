"""The register's own counts (S2, S3): an approval is judged by them at the moment it is taken.

What they fail, the office overrides by name, or nobody leaves. An override is of the count that
the office was told: the same or a better one is covered by it, a worse one is not (S6).
"""

from collections.abc import Collection, Iterable
from fractions import Fraction

from models.case.messages import Act
from models.policy import Standards
from models.register.counties import CountyCounted, PoorVillages
from models.standards import (
    Counted,
    StandardFinding,
    incidence_finding,
    is_worse,
    villages_finding,
)

COUNTED_ZH = {
    "S2.incidence": "贫困发生率",
    "S3.incidence": "贫困发生率",
    "S3.villages": "贫困村退出比例",
}
"""What is judged by them, with the Chinese name."""


def has_risen(
    id: str, told: Counted | None, counted: Counted | None, standards: Standards
) -> StandardFinding | None:
    """The finding of a count that fails, and is worse than an office was told (S6); else None.

    >>> from types import SimpleNamespace
    >>> rule = SimpleNamespace(incidence_below_percent=2, incidence_strict=True)
    >>> two, three = (
    ...     SimpleNamespace(poor=poor, population=100, as_of="2017-12-01") for poor in (2, 3)
    ... )
    >>> [has_risen("S2.incidence", *counts, rule) is not None
    ...     for counts in ((two, three), (two, two), (three, two), (None, two), (two, None))]
    [True, False, False, True, False]
    """
    if counted is None or (told is not None and not is_worse(counted, told)):
        return None
    finding = incidence_finding(id, counted, standards)
    return None if finding.met else finding


def unmet_counts(counted: CountyCounted, standards: Standards) -> tuple[StandardFinding, ...]:
    """S3: what the register's own counts of a county fail."""
    found = []
    if counted.incidence is not None:
        found.append(incidence_finding("S3.incidence", counted.incidence, standards))
    share = villages_finding(counted.villages, standards)
    if share is not None:
        found.append(share)
    return tuple(each for each in found if not each.met)


def worsened(
    told: CountyCounted, counted: CountyCounted, standards: Standards
) -> tuple[StandardFinding, ...]:
    """What they fail, and are worse in than an office was told (S6)."""
    risen = has_risen("S3.incidence", told.incidence, counted.incidence, standards)
    fewer = _share_exited(counted.villages) < _share_exited(told.villages)
    worse = {"S3.incidence": risen is not None, "S3.villages": fewer}
    return tuple(each for each in unmet_counts(counted, standards) if worse[each.id])


def _share_exited(villages: PoorVillages) -> Fraction:
    many = villages.listed + villages.exited
    return Fraction(villages.exited, many) if many else Fraction(1)


def names_zh(standards: Collection[str]) -> str:
    """What is judged by counts, by the Chinese names, in one order."""
    return "、".join(COUNTED_ZH[each] for each in sorted(standards))


def told_zh(counted: str, unmet: Collection[str]) -> str:
    """What an office is told before it decides: the register's count, and what that asks of it."""
    if not unmet:
        return f"{counted}。"
    return (
        f"{counted}。如拟退回或不予通过，请说明理由；如仍拟同意，须在决定中逐项列明未达标的标准"
        f"（{names_zh(unmet)}）并说明理由。"
    )


def why_no_more_zh(act: Act, unmet: Collection[str], worse: Collection[str]) -> str | None:
    """Why an approval does not stand by the count of the moment it is taken; None if it does (S6).

    Args:
        unmet: What that count fails.
        worse: What of that is worse than the office was told: no override covers it.
    """
    left = set(unmet) - (set(act.overrides) - set(worse))
    if not left:
        return None
    names = names_zh(left)
    changed = not left.isdisjoint(worse)
    return f"登记数据变化、{names}不达标" if changed else f"{names}未达标、未列明并说明理由"


def but_for_counts(failed: Iterable[StandardFinding], act: Act) -> list[StandardFinding]:
    """What fails whatever the register counts when an act is taken: only then that is judged.

    What the act overrides stays in: what did not fail when its office was told needs no override.
    """
    return [each for each in failed if each.id not in COUNTED_ZH or each.id in act.overrides]
