"""The exit standards (退出标准) as pure functions: figures in, findings out (S3-S6)."""

from collections.abc import Sequence
from decimal import MAX_PREC, Context, Decimal
from fractions import Fraction

from models.base import Record
from models.messages import Act, CountyFigures, Decision, Rates
from models.policy import Standards

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


def county_findings(figures: CountyFigures, standards: Standards) -> tuple[StandardFinding, ...]:
    """S3: a county's incidence, growth of income, and basic services."""
    sign = "<" if standards.incidence_strict else "≤"
    shown, exact = percentage(figures.poor, figures.population)
    zh, en = ("为", "=") if exact else ("约为", "about")
    limit = standards.incidence_below_percent
    own, mean = figures.income_growth_percent, figures.provincial_income_growth_percent
    return (
        StandardFinding(
            id="S3.incidence",
            met=incidence_met(figures.poor, figures.population, standards),
            zh=f"贫困发生率 {figures.poor}/{figures.population}，{zh}{shown}%（{figures.as_of}），"
            f"标准 {sign}{limit}%",
            en=f"incidence {figures.poor}/{figures.population} {en} {shown} % as of "
            f"{figures.as_of}, required {sign} {limit} %",
        ),
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
    )


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
