"""The exit standards (退出标准) as pure functions: figures in, findings out (S1-S6)."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import MAX_PREC, Context, Decimal
from fractions import Fraction
from typing import Protocol

from models.base import Record
from models.case.messages import Act, Decision, Rates
from models.policy import Demand, Standards
from models.ratios import ExactRates, Ratio
from models.register.counties import CountyFigures, PoorVillages
from models.register.households import HouseholdFacts, PovertyLine
from models.register.villages import Bus, Incidence, Survey

_EXACT = Context(prec=MAX_PREC)


class StandardFinding(Record):
    """How one criterion came out, with the sentence that says why."""

    id: str
    met: bool
    zh: str
    en: str


def incidence_met(poor: int, population: int, standards: Standards) -> bool:
    """S5: poor ÷ population against the threshold, in integers, strict or not by policy.

    >>> # 2 of 100 is exactly 2 %: not below it
    >>> from types import SimpleNamespace
    >>> rule = SimpleNamespace(incidence_below_percent=2, incidence_strict=True)
    >>> incidence_met(2, 100, rule), incidence_met(1, 100, rule)
    (False, True)
    """
    threshold = standards.incidence_below_percent * population
    return poor * 100 < threshold or (not standards.incidence_strict and poor * 100 == threshold)


def too_many(poor: int, population: int, standards: Standards) -> int:
    """How many of the poor have to leave before S5 is met; 0 where it is.

    >>> from types import SimpleNamespace
    >>> strict = SimpleNamespace(incidence_below_percent=2, incidence_strict=True)
    >>> loose = SimpleNamespace(incidence_below_percent=2, incidence_strict=False)
    >>> too_many(5, 100, strict), too_many(5, 100, loose), too_many(1, 100, strict)
    (4, 3, 0)
    """
    threshold = standards.incidence_below_percent * population
    most = (threshold - 1) // 100 if standards.incidence_strict else threshold // 100
    return max(0, poor - most)


def percentage(poor: int, population: int) -> tuple[str, bool]:
    """The rate (S5) in percent, and whether two decimals say it exactly.

    It is never rounded to a whole percent that it is not: 1.999 % must not read as the threshold.

    >>> percentage(2, 100), percentage(1, 300), percentage(599_999, 30_000_001)
    (('2', True), ('0.33', False), ('1.999997', False))
    """
    rate, places = Fraction(100 * poor, population), 2
    while True:
        scaled = rate * 10**places
        nearest = Fraction((scaled + Fraction(1, 2)).__floor__())
        shown = f"{Decimal(nearest.numerator).scaleb(-places, _EXACT):f}"
        if nearest == scaled:
            return (shown.rstrip("0").rstrip(".") if "." in shown else shown), True
        if nearest % 10**places:
            return shown, False
        places += 1


class Counted(Protocol):
    """Heads on a day, of whatever unit."""

    @property
    def poor(self) -> int:
        """Registered people still poor."""

    @property
    def population(self) -> int:
        """Rural registered population."""

    @property
    def as_of(self) -> date:
        """The day of the count."""


def _rate(counted: Counted) -> tuple[str, str]:
    """Heads, their rate and the day of the count, in Chinese and in English."""
    heads = f"{counted.poor}/{counted.population}"
    shown, exact = percentage(counted.poor, counted.population)
    zh, en = ("为", "=") if exact else ("约为", "about")
    return (
        f"{heads}，{zh}{shown}%（{counted.as_of}）",
        f"{heads} {en} {shown} % as of {counted.as_of}",
    )


def incidence_finding(id: str, counted: Counted, standards: Standards) -> StandardFinding:
    """S5 as a finding of a standard: S2 for a village, S3 for a county."""
    zh, en = _rate(counted)
    return _incidence_finding(id, counted, standards, zh, en)


def _incidence_finding(
    id: str, counted: Counted, standards: Standards, zh: str, en: str
) -> StandardFinding:
    sign, limit = "<" if standards.incidence_strict else "≤", standards.incidence_below_percent
    return StandardFinding(
        id=id,
        met=incidence_met(counted.poor, counted.population, standards),
        zh=f"贫困发生率 {zh}，标准 {sign}{limit}%",
        en=f"incidence {en}, required {sign} {limit} %",
    )


def differ(stated: Counted, counted: Counted | None) -> bool:
    """Whether the register counts other heads than a county states; False if it counts none."""
    heads = (stated.poor, stated.population)
    return counted is not None and heads != (counted.poor, counted.population)


def county_incidence_finding(
    stated: Counted, counted: Counted | None, standards: Standards
) -> StandardFinding:
    """S3: the incidence as the county states it and as the register counts it; the worse counts.

    Args:
        counted: None if the register holds no village of the county.
    """
    id = "S3.incidence"
    if counted is None or not differ(stated, counted):
        return incidence_finding(id, counted or stated, standards)
    (said_zh, said), (found_zh, found) = _rate(stated), _rate(counted)
    if stated.poor * counted.population > counted.poor * stated.population:
        zh = f"{said_zh}，系县级申报数据，登记数据为 {found_zh}，从严以申报数据为准"
        en = f"{said} as the county states it (the register counts {found}; the worse counts)"
        return _incidence_finding(id, stated, standards, zh, en)
    zh = f"{found_zh}，系登记数据，县级申报为 {said_zh}，从严以登记数据为准"
    en = f"{found} by the register (the county states {said}; the worse counts)"
    return _incidence_finding(id, counted, standards, zh, en)


def county_findings(
    figures: CountyFigures,
    standards: Standards,
    counted: Counted | None = None,
    villages: PoorVillages | None = None,
) -> tuple[StandardFinding, ...]:
    """S3: a county's incidence, growth of income, basic services, and poor villages.

    ``counted`` is as for ``county_incidence_finding``.
    """
    share = None if villages is None else villages_finding(villages, standards)
    own, mean = figures.income_growth_percent, figures.provincial_income_growth_percent
    return (
        county_incidence_finding(figures, counted, standards),
        StandardFinding(
            id="S3.income",
            met=own > mean,
            zh=f"农民人均可支配收入增幅 {own}%，全省平均 {mean}%，标准为高于",
            en=f"growth of farmers' disposable income {own} %, provincial mean {mean} %, "
            "required above",
        ),
        StandardFinding(
            id="S3.services",
            met=figures.services_near_mean,
            zh=f"基本公共服务主要领域指标达到或接近全省平均水平：{figures.services_statement}",
            en=f"basic services at or near the provincial mean: {figures.services_statement}",
        ),
        *([] if share is None else [share]),
    )


def villages_zh(villages: PoorVillages) -> str:
    """How many of a county's poor villages are left, as files and notices say it.

    >>> villages_zh(PoorVillages(listed=1, exited=2)), villages_zh(PoorVillages(exited=3))
    ('贫困村3个，已退出2个，尚有1个未退出', '贫困村3个，已全部退出')
    >>> villages_zh(PoorVillages(listed=3)), villages_zh(PoorVillages())
    ('贫困村3个，均未退出', '无贫困村')
    """
    listed, exited = villages.listed, villages.exited
    if listed == exited == 0:
        return "无贫困村"
    left = f"已退出{exited}个，尚有{listed}个未退出" if exited else "均未退出"
    return f"贫困村{listed + exited}个，{left if listed else '已全部退出'}"


def villages_finding(villages: PoorVillages, standards: Standards) -> StandardFinding | None:
    """S3: how many of a county's poor villages have left; None if the policy asks for no share.

    >>> from types import SimpleNamespace
    >>> rule = SimpleNamespace(exited_villages_at_least_percent=90)
    >>> [villages_finding(PoorVillages(listed=listed, exited=exited), rule).met
    ...     for listed, exited in ((1, 9), (1, 8), (0, 0))]
    [True, False, True]
    """
    least, many = standards.exited_villages_at_least_percent, villages.listed + villages.exited
    if least == 0:
        return None
    shown, exact = percentage(villages.exited, many) if many else ("100", True)
    zh, en = ("为", "=") if exact else ("约为", "about")
    return StandardFinding(
        id="S3.villages",
        met=villages.exited * 100 >= least * many,
        zh=f"{villages_zh(villages)}，退出比例{zh}{shown}%，标准 ≥{least}%",
        en=f"poor villages exited {villages.exited}/{many} {en} {shown} %, {villages.listed} "
        f"still listed, required >= {least} %",
    )


_OF_A_VILLAGE = (
    ("road", "paved_road", "通村公路硬化", "paved road"),
    ("bus", "bus", "通客运班车", "bus service"),
    (
        "water",
        "safe_water",
        "达到农村饮用水安全卫生评价指标体系标准",
        "drinking water safe by the indicators for villages",
    ),
    (
        "electricity",
        "electricity",
        "基本满足生产生活用电需求",
        "electricity enough for living and producing",
    ),
    ("broadcasting", "broadcasting", "广播电视户户通", "radio and television in every home"),
    ("culture", "culture_centre", "综合性文化服务中心", "culture centre"),
    ("clinic", "clinic", "标准化卫生室", "standard clinic"),
    (
        "doctor",
        "doctor",
        "有合格乡村医生或执业（助理）医师",
        "a qualified village doctor or a licensed (assistant) physician",
    ),
    ("broadband", "broadband", "基本实现通宽带", "broadband"),
)


def village_findings(
    survey: Survey, incidence: Incidence, standards: Standards
) -> tuple[StandardFinding, ...]:
    """S2: incidence (S5), infrastructure and basic services of a village."""
    rate = incidence_finding("S2.incidence", incidence, standards)
    return (rate, *survey_findings(survey))


def survey_findings(survey: Survey) -> tuple[StandardFinding, ...]:
    """S2 without the incidence."""
    found = []
    for name, field, zh, en in _OF_A_VILLAGE:
        value = getattr(survey, field)
        met = value is not Bus.NO if field == "bus" else value
        word = "不具备条件" if value is Bus.NOT_FEASIBLE else "是" if met else "否"
        said = "conditions do not allow it" if value is Bus.NOT_FEASIBLE else "yes" if met else "no"
        found.append(
            StandardFinding(id=f"S2.{name}", met=met, zh=f"{zh}：{word}", en=f"{en}: {said}")
        )
    return tuple(found)


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


def rate_findings(rates: Rates, standards: Standards) -> tuple[StandardFinding, ...]:
    """S4: the four rates of an evaluation; any one failing means no exit."""
    below = (
        ("incidence", "综合贫困发生率", rates.incidence, standards.incidence_below_percent),
        ("wrong", "错退率", rates.wrongly_exited, standards.wrongly_exited_below_percent),
        ("omitted", "漏评率", rates.omitted, standards.omitted_below_percent),
    )
    findings = [
        StandardFinding(
            id=f"S4.{name}",
            met=rate < limit,
            zh=f"{label} {rate}%，标准 <{limit}%",
            en=f"{name} {rate} %, required < {limit} %",
        )
        for name, label, rate, limit in below
    ]
    least = standards.recognition_at_least_percent
    findings.append(
        StandardFinding(
            id="S4.recognition",
            met=rates.recognition >= least,
            zh=f"群众认可度 {rates.recognition}%，标准 ≥{least}%",
            en=f"recognition by the people {rates.recognition} %, required >= {least} %",
        )
    )
    return tuple(findings)


class RateFinding(StandardFinding):
    """How a rate that was counted came out (S4); one that cannot be computed is never met."""

    computed: bool = True


def exact_rate_findings(rates: ExactRates, standards: Standards) -> tuple[RateFinding, ...]:
    """S4: the four rates of a supervision (F6), compared as whole numbers.

    Exactly at a threshold of 2 % is not below it; exactly 90 % is enough.

    >>> from types import SimpleNamespace
    >>> rule = SimpleNamespace(incidence_below_percent=2, wrongly_exited_below_percent=2,
    ...     omitted_below_percent=2, recognition_at_least_percent=90)
    >>> rates = ExactRates(incidence=Ratio(part=19_999, whole=1_000_000),
    ...     wrongly_exited=Ratio(part=2, whole=100), omitted=Ratio(part=0, whole=0),
    ...     recognition=Ratio(part=9, whole=10))
    >>> [(each.id, each.met, each.computed) for each in exact_rate_findings(rates, rule)]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('S4.incidence', True, True), ('S4.wrong', False, True), ('S4.omitted', False, False),
     ('S4.recognition', True, True)]
    """
    return (
        _below("incidence", "综合贫困发生率", rates.incidence, standards.incidence_below_percent),
        _below("wrong", "错退率", rates.wrongly_exited, standards.wrongly_exited_below_percent),
        _below("omitted", "漏评率", rates.omitted, standards.omitted_below_percent),
        _rate_finding(
            "recognition",
            "群众认可度",
            rates.recognition,
            rates.recognition.part * 100
            >= standards.recognition_at_least_percent * rates.recognition.whole,
            ("≥", ">="),
            standards.recognition_at_least_percent,
        ),
    )


def _below(name: str, label: str, rate: Ratio, limit: int) -> RateFinding:
    return _rate_finding(name, label, rate, rate.part * 100 < limit * rate.whole, ("<", "<"), limit)


def _rate_finding(
    name: str, label: str, rate: Ratio, met: bool, sign: tuple[str, str], limit: int
) -> RateFinding:
    if rate.whole == 0:
        return RateFinding(
            id=f"S4.{name}",
            met=False,
            computed=False,
            zh=f"{label}无法计算：没有可供计算的核查对象，不作为达标；标准 {sign[0]}{limit}%",
            en=f"{name} cannot be computed: nothing to count it from was checked; it does not "
            f"count as met; required {sign[1]} {limit} %",
        )
    shown, exact = percentage(rate.part, rate.whole)
    zh, en = ("为", "=") if exact else ("约为", "about")
    return RateFinding(
        id=f"S4.{name}",
        met=met,
        zh=f"{label} {rate.part}/{rate.whole}，{zh}{shown}%，标准 {sign[0]}{limit}%",
        en=f"{name} {rate.part}/{rate.whole} {en} {shown} %, required {sign[1]} {limit} %",
    )


def blocked(act: Act, failed: Sequence[StandardFinding], standards: Standards) -> str | None:
    """Why an act cannot be taken, given the standards that failed; None where it can.

    S6: a failed standard blocks an approval unless the deciding office overrides it by name, with
    a reason. S4 cannot be overridden: any one rate failing means no exit.
    """
    overridden = set(act.overrides)
    needless = overridden - {finding.id for finding in failed}
    beyond = {each for each in overridden if each.startswith("S4.")}
    if beyond:
        return f"overrides: {', '.join(sorted(beyond))} cannot be overridden (S4): no exit"
    if needless:
        return f"overrides: {', '.join(sorted(needless))} did not fail and needs no override"
    if act.decision is not Decision.APPROVE:
        return None
    for finding in rate_findings(act.rates, standards) if act.rates else ():
        if not finding.met:
            return f"{finding.id} is not met ({finding.en}): no exit; return or reject"
    for finding in failed:
        if finding.id not in overridden:
            return (
                f"{finding.id} is not met ({finding.en}); to approve all the same, name it in "
                "overrides and give the reason (S6)"
            )
    return None
