"""Synthetic counties, figures and messages that the tests of the pure rules share."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from models.case.mailbox import Expectation
from models.case.messages import Act, Decision
from models.case.reception import Reception
from models.case.state import Docket
from models.county.messages import CountyApplication
from models.offices import County, Division, Office, Tier
from models.periods import BEIJING, Limit, LimitKind, LimitRequest
from models.policy import Policy
from models.policy_file import parse_policy
from models.procedures import COUNTY_EXIT, DECISIONS, Step, skipped
from models.register.counties import CountyFigures, ProvincialMean

POLICY_TEXT = (Path(__file__).parents[2] / "policies" / "henan-2016.toml").read_text("utf-8")
HENAN = parse_policy(POLICY_TEXT)
NOW = datetime(2018, 1, 5, 1, tzinfo=UTC)
"""Nine o'clock of 5 January 2018 in Beijing."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

COUNTY, CITY, PROVINCE = Office.parse("A5/411523"), Office.parse("A6/411500"), "A7/410000"
OFFICES = {
    "C1": "A5/411523",
    "C2": "A6/411500",
    "C3": "A7/410000",
    "C4": "A7/410000",
    "C5": "A7/410000",
    "C6": "A8/100000",
    "C7": "A9/410000",
}
"""Whose step it is, for a county of Xinyang; written down from the regulation's table."""


def county(tier: str = "national", *, direct: bool = False) -> County:
    """新县 as it was, or as it would have been in another tier."""
    return County(
        code="411523",
        name="新县",
        tier=Tier(tier),
        directly_administered=direct,
        city=Division(code="411500", name="信阳市"),
        province=Division(code="410000", name="河南省"),
    )


JUDGED = {"met": True, "statement": "主要指标达到全省平均水平（合成数据）"}
NOT_MET = {"met": False, "statement": "主要指标低于全省平均水平（合成数据）"}
"""What an office judges, as JSON."""

FINDINGS = {
    name: {"met": True, "statement": "经核查属实（合成数据）"}
    for name in ("incidence", "income", "education", "culture", "health")
}
"""What the province's own check found (C3), as JSON."""


def mean(percent: str = "8.7", *, year: int = 2017, province: str = "410000") -> ProvincialMean:
    """A synthetic mean of a province (S3)."""
    return ProvincialMean.model_validate(
        {
            "province": province,
            "year": year,
            "income_growth_percent": percent,
            "source": "合成统计公报",
        }
    )


def figure_values(**changes: Any) -> dict[str, Any]:
    """Synthetic figures that meet S3, as JSON."""
    return {
        "poor": 4_600,
        "population": 300_000,
        "as_of": "2017-11-15",
        "income_growth_percent": "10.2",
        **dict.fromkeys(("education", "culture", "health"), JUDGED),
    } | changes


def figures(**changes: Any) -> CountyFigures:
    """The same, read."""
    return CountyFigures.model_validate(figure_values(**changes))


def application_values(**changes: Any) -> dict[str, Any]:
    """A synthetic application, as JSON."""
    return {
        "county": "411523",
        "year": 2017,
        "tier": "national",
        "figures": figure_values(),
        "officer": "某甲",
        "document_number": "合成〔1〕号",
    } | changes


def application(**changes: Any) -> CountyApplication:
    """The same, read."""
    return CountyApplication.model_validate(application_values(**changes))


def act_values(step: str = "C3", decision: str = "approve", **changes: Any) -> dict[str, Any]:
    """An act of the step's own office, as JSON."""
    return {
        "id": f"{step}-{decision}",
        "step": step,
        "decision": decision,
        "office": OFFICES[step],
        "officer": "某乙",
    } | changes


def act(step: str = "C3", decision: str = "approve", **changes: Any) -> Act:
    """The same, read."""
    return Act.model_validate(act_values(step, decision, **changes))


def objection_values(identifier: str = "o-1", **changes: Any) -> dict[str, Any]:
    """An anonymous objection, as JSON."""
    return {"id": identifier, "text": "通村公路未通（合成）"} | changes


PROOF = {"name": "调查报告.pdf", "sha256": "0" * 64}
"""What an investigation rests on, as JSON."""


def resolution_values(
    objection: str = "o-1", finding: str = "dismissed", **changes: Any
) -> dict[str, Any]:
    """The province ends an investigation, as JSON."""
    return {
        "id": f"r-{objection}",
        "objection_id": objection,
        "finding": finding,
        "reason": "经实地调查（合成）",
        "office": PROVINCE,
        "officer": "某丙",
        "evidence": [PROOF],
    } | changes


def withdrawal_values(**changes: Any) -> dict[str, Any]:
    """The county takes its application back, as JSON."""
    return {
        "id": "w-1",
        "office": "A5/411523",
        "officer": "某甲",
        "reason": "数据需要复核（合成）",
    } | changes


def limit(
    clause: str = "T3",
    due: datetime = NOW + 10 * DAY,
    kind: LimitKind = LimitKind.MAXIMUM,
    *,
    provisional: bool = False,
) -> Limit:
    """A limit that ends at a moment, however it came about."""
    return Limit(
        clause=clause,
        kind=kind,
        due=due,
        last_day=(due - timedelta(microseconds=1)).astimezone(BEIJING).date(),
        provisional=provisional,
        zh=f"{clause} 的说明。",
        en=f"how {clause} was counted.",
        request=LimitRequest(clause=clause, start=NOW, year=2017),
    )


def docket(
    step: Step,
    *,
    tier: str = "national",
    direct: bool = False,
    expected: tuple[Decision, ...] = DECISIONS,
    policy: Policy = HENAN,
) -> Docket:
    """A case at a step; where an office decides it, one of ``expected`` is awaited."""
    place = county(tier, direct=direct)
    case = Docket(
        case_id="county-exit/411523/2017",
        procedure=COUNTY_EXIT,
        subject=place,
        year=2017,
        policy=policy,
        route=COUNTY_EXIT.steps,
        skipped=skipped(place),
        step=step,
        basis=NOW - DAY,
    )
    if step.decided:
        case.expected = Expectation(step, place.office(step.body), expected)
    return case


def reception(case: Docket, vet: Callable[[Act, datetime], None] = lambda *_: None) -> Reception:
    """The reception of a case; without a ``vet`` the procedure has no rules of its own."""
    return Reception(case, vet=vet)


def snapshot(case: Docket) -> str:
    """Everything a case is, written down: two equal snapshots, nothing changed."""
    watched = [vars(each) for each in case.watch._watched.values()]
    acts = {key: waiting for key, waiting in case.acts.items() if waiting}
    written = ("watch", "ledger", "acts")
    fields = {name: value for name, value in vars(case).items() if name not in written}
    return repr((fields, acts, watched, case.ledger.entries))


def day(text: str) -> date:
    """A date as people write it."""
    return date.fromisoformat(text)


def beijing_time(text: str) -> datetime:
    """A moment on a clock in Beijing: ``2018-01-05 09:00``."""
    return datetime.fromisoformat(f"{text}+08:00")
