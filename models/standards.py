"""The exit standards (退出标准) as pure functions: figures in, findings out (S2-S6).

That of households (S1) is ``models.household_standard``.
"""

from collections.abc import Sequence
from datetime import date
from decimal import MAX_PREC, Context, Decimal
from fractions import Fraction
from typing import Protocol

from models.base import Record
from models.case.messages import Act, Decision, Rates
from models.policy import Standards
from models.ratios import ExactRates, Ratio
from models.register.counties import (
    SERVICES,
    CountyFigures,
    Judgement,
    PoorVillages,
    ProvincialFindings,
    ProvincialMean,
)
from models.register.villages import Bus, Incidence, Survey

_OF_A_COUNTY = {"incidence": "贫困发生率", "income": "农民人均可支配收入增幅"} | SERVICES

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


def is_worse(counted: Counted, than: Counted) -> bool:
    """Whether a count has a higher incidence than another, in integers (S5)."""
    return counted.poor * than.population > than.poor * counted.population


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
    if is_worse(stated, counted):
        zh = f"{said_zh}，系县级申报数据，登记数据为 {found_zh}，从严以申报数据为准"
        en = f"{said} as the county states it (the register counts {found}; the worse counts)"
        return _incidence_finding(id, stated, standards, zh, en)
    zh = f"{found_zh}，系登记数据，县级申报为 {said_zh}，从严以登记数据为准"
    en = f"{found} by the register (the county states {said}; the worse counts)"
    return _incidence_finding(id, counted, standards, zh, en)


def county_findings(
    figures: CountyFigures,
    mean: ProvincialMean,
    standards: Standards,
    counted: Counted | None = None,
    villages: PoorVillages | None = None,
    *,
    agreed: bool = False,
) -> tuple[StandardFinding, ...]:
    """S3: a county's incidence, growth of income, basic services, and poor villages.

    Args:
        counted: As for ``county_incidence_finding``.
        agreed: The register counted the same on the day of the figures: what it counts since then
            is news of the county, and no contradiction.
    """
    stated = counted if agreed and counted is not None else figures
    share = None if villages is None else villages_finding(villages, standards)
    own, published = figures.income_growth_percent, mean.income_growth_percent
    return (
        county_incidence_finding(stated, counted, standards),
        StandardFinding(
            id="S3.income",
            met=own > published,
            zh=f"农民人均可支配收入增幅 {own}%，全省平均 {published}%（{mean.source}），标准为高于",
            en=f"growth of farmers' disposable income {own} %, provincial mean {published} % "
            f"({mean.source}), required above",
        ),
        *(_service_finding(name, getattr(figures, name)) for name in SERVICES),
        *([] if share is None else [share]),
    )


def _service_finding(name: str, found: Judgement) -> StandardFinding:
    return StandardFinding(
        id=f"S3.{name}",
        met=found.met,
        zh=f"{SERVICES[name]}主要指标{near_zh(found)}：{found.statement}",
        en=f"{name} {'' if found.met else 'not '}at or near the provincial mean: {found.statement}",
    )


def near_zh(found: Judgement) -> str:
    """How a field of services stands, as files and notices say it."""
    return f"{'' if found.met else '未'}达到或接近全省平均水平"


def provincial_findings(found: ProvincialFindings) -> tuple[StandardFinding, ...]:
    """S3 as the province itself found it (C3); a county that fails by it is not approved."""
    judged: dict[str, Judgement] = {name: getattr(found, name) for name in _OF_A_COUNTY}
    return tuple(
        StandardFinding(
            id=f"S3.{name}",
            met=each.met,
            zh=f"{_OF_A_COUNTY[name]}{'已' if each.met else '未'}达标：{each.statement}",
            en=f"{name}, as the province itself found: {each.statement}",
        )
        for name, each in judged.items()
    )


def contradicted(found: ProvincialFindings, failed: Sequence[StandardFinding]) -> str | None:
    """Why the province cannot find what it found: the numbers fail what it found met (C3, S3).

    Args:
        failed: What fails by the figures and counts on file, and is overridden by name.
    """
    for each in failed:
        name = each.id.removeprefix("S3.")
        if name in ("incidence", "income") and getattr(found, name).met:
            return f"findings.{name}: it is found met, but by the numbers it is not ({each.en})"
    return None


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


STANDARDS_ZH = {
    **{f"S3.{name}": zh for name, zh in _OF_A_COUNTY.items()},
    **{f"S2.{name}": zh for name, _, zh, _ in _OF_A_VILLAGE},
    "S2.incidence": _OF_A_COUNTY["incidence"],
    "S3.villages": "贫困村退出比例",
}
"""What a standard of a county or a village is called."""


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
        word, said = ("是", "yes") if met else ("否", "no")
        if value is Bus.NOT_FEASIBLE:
            word = f"不具备条件（{survey.bus_ground}）"
            said = f"conditions do not allow it ({survey.bus_ground})"
        found.append(
            StandardFinding(id=f"S2.{name}", met=met, zh=f"{zh}：{word}", en=f"{en}: {said}")
        )
    return tuple(found)


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
            return needs_override(finding)
    return None


def needs_override(finding: StandardFinding) -> str:
    """S6: the sentence about a failed standard that an approval does not name."""
    return (
        f"{finding.id} is not met ({finding.en}); to approve all the same, name it in overrides "
        "and give the reason (S6)"
    )
