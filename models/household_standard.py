"""The exit standard of households (S1) as a pure function: what the register says in, findings out.

Each demand is judged by itself. Which of them a household is held against, the policy says.
"""

from collections.abc import Iterable, Iterator

from models.policy import Demand, Standards
from models.register.households import HouseholdFacts, PovertyLine
from models.standards import STANDARDS_ZH, StandardFinding, percentage

OF_A_HOUSEHOLD = (
    (
        Demand.LIVELIHOOD,
        "livelihood",
        "有相对稳定可靠的增收渠道和收入来源",
        "stable and reliable sources of income",
    ),
    (Demand.FOOD, "food_and_clothing", "吃穿不愁", "no worry about food and clothing"),
    (
        Demand.SCHOOLING,
        "schooling",
        "适龄儿童接受九年义务教育",
        "every child of compulsory-school age receives the nine years",
    ),
    (
        Demand.DROPOUTS,
        "no_dropouts",
        "家庭无因贫辍学学生",
        "no student has left school for poverty",
    ),
    (Demand.INSURANCE, "insurance", "参加新型农村合作医疗", "rural cooperative medical insurance"),
    (Demand.ILLNESS, "illness_aid", "大病有救助", "aid for serious illness"),
    (
        Demand.IMPROVEMENT,
        "housing_improved",
        "住房条件有明显改善",
        "housing conditions visibly better",
    ),
    (Demand.HOUSING, "housing", "有安全住房", "safe housing"),
)
"""Of S1 what is yes or no: the demand, field of a ``Livelihood``, words."""

_ANSWERS = {True: ("是", "yes"), False: ("否", "no"), None: ("未填报", "not said")}


def yuan(fen: int) -> str:
    """An amount in yuan, exactly.

    >>> yuan(295200), yuan(-5), yuan(295201)
    ('2952', '-0.05', '2952.01')
    """
    sign, whole, rest = "-" if fen < 0 else "", abs(fen) // 100, abs(fen) % 100
    return f"{sign}{whole}.{rest:02d}" if rest else f"{sign}{whole}"


def household_findings(
    facts: HouseholdFacts, line: PovertyLine, standards: Standards
) -> tuple[StandardFinding, ...]:
    """S1: a household against every demand of the policy, each by itself."""
    found = (_income(facts, line), _stability(facts), *_judged(facts))
    demanded = {f"S1.{demand}" for demand in standards.household}
    return tuple(finding for finding in found if finding.id in demanded)


def _income(facts: HouseholdFacts, line: PovertyLine) -> StandardFinding:
    """A household's income a head against the line of the year (S7).

    The comparison is in whole fen: income strictly above line times heads.
    """
    lived = facts.livelihood
    needed = line.yuan * 100 * facts.size
    sum_zh = f"家庭纯收入{yuan(lived.net_income)}元÷{facts.size}人"
    return StandardFinding(
        id=f"S1.{Demand.INCOME}",
        met=lived.net_income > needed,
        zh=f"{lived.year}年{sum_zh}，标准为人均高于{line.yuan}元",
        en=f"net income of {lived.year}: {yuan(lived.net_income)} yuan for {facts.size}, required "
        f"above {line.yuan} yuan a head",
    )


def _stability(facts: HouseholdFacts) -> StandardFinding:
    """稳定超过: the sources are named, and it is written why they last.

    The share of transfers is shown beside them and is no threshold: whoever decides looks at it.
    """
    lived, net = facts.livelihood, facts.livelihood.net_income
    if net > 0:
        shown, exact = percentage(lived.transfers, net)
        share_zh = f"转移性收入占纯收入{'' if exact else '约'}{shown}%"
        share_en = f"transfers are {'' if exact else 'about '}{shown} % of net income"
    else:
        share_zh, share_en = "无纯收入", "no net income"
    sources, because = lived.income_sources, lived.stable_because
    met = sources is not None and because is not None
    said_zh = (
        f"增收渠道和收入来源：{sources}" if sources else "未写明增收渠道和收入来源",
        share_zh,
        f"稳定增收依据：{because}" if because else "未写明稳定增收依据",
    )
    said_en = (
        f"sources: {sources}" if sources else "no source is named",
        share_en,
        f"it lasts because: {because}" if because else "no ground says why it lasts",
    )
    return StandardFinding(
        id=f"S1.{Demand.STABILITY}",
        met=met,
        zh=f"稳定超过国家扶贫标准：{_ANSWERS[met][0]}（{'；'.join(said_zh)}）",
        en=f"stably above the national line: {_ANSWERS[met][1]} ({'; '.join(said_en)})",
    )


def _judged(facts: HouseholdFacts) -> Iterator[StandardFinding]:
    """What is answered with yes or no; no answer is not met."""
    lived = facts.livelihood
    for demand, field, zh, en in OF_A_HOUSEHOLD:
        value: bool | None = getattr(lived, field)
        said_zh, said_en = _ANSWERS[value]
        if demand is Demand.SCHOOLING:
            if facts.children:
                zh = zh.replace("适龄儿童", f"适龄儿童（{facts.children}）")
                en += f" ({facts.children})"
            if lived.deferral:
                said_zh += f"（依法延缓入学或者休学：{lived.deferral}）"
                said_en += f" (deferred by law: {lived.deferral})"
        yield StandardFinding(
            id=f"S1.{demand}", met=value is True, zh=f"{zh}：{said_zh}", en=f"{en}: {said_en}"
        )


S1_IDS = tuple(f"S1.{demand}" for demand in Demand)
"""The criteria of S1, as they are named in overrides."""

_NAMED = STANDARDS_ZH | {f"S1.{demand}": zh for demand, _, zh, _ in OF_A_HOUSEHOLD}
_NAMED |= {
    f"S1.{Demand.INCOME}": "人均纯收入",
    f"S1.{Demand.STABILITY}": "稳定超过国家扶贫标准",
}


def named_zh(ids: Iterable[str]) -> str:
    """Standards of whatever subject by their Chinese names, as files and notices say them.

    >>> named_zh(["S3.income", "S3.culture", "S2.bus", "S1.income"])
    '农民人均可支配收入增幅、文化、通客运班车、人均纯收入'
    """
    return "、".join(_NAMED.get(each, each) for each in ids)
