"""The steps of the procedures: order, Chinese title, acting body."""

from dataclasses import dataclass, replace

from models.case.messages import Content, Decision
from models.offices import County, Office, Subject, Tier, Village
from models.policy import LEVELS, Body, Level, Policy

DECISIONS = (Decision.APPROVE, Decision.RETURN, Decision.REJECT)
"""What an office can ordinarily decide at its step."""

_VILLAGE_DIGITS = 12


@dataclass(frozen=True)
class Step:
    """One step of a procedure.

    Attributes:
        id: The clause, ``C1`` to ``C7``, ``V1`` to ``V3`` or ``H1`` to ``H4``; also how people
            name the step in commands.
        title: What offices call it.
        name: The same in English.
        body: Who decides it, or publishes, where the step is a publicity.
        decided: False for a publicity, which ends by time and not by an act.
        decisions: What its body can decide.
        reported_by: Who reports to its body before that decides (V3): both acts are of this step.
        carries: What its acts can carry; an act that carries anything else is refused.
    """

    id: str
    title: str
    name: str
    body: Body
    decided: bool = True
    decisions: tuple[Decision, ...] = DECISIONS
    reported_by: Body | None = None
    carries: tuple[Content, ...] = ()

    def __str__(self) -> str:
        return f"{self.id} {self.title}"


C1 = Step("C1", "县级申请", "application", Body.COUNTY_GROUP, carries=(Content.FIGURES,))
C2 = Step("C2", "市级初审", "city pre-review", Body.CITY_GROUP, carries=(Content.OVERRIDES,))
C3 = Step(
    "C3",
    "省级核查",
    "provincial check",
    Body.PROVINCIAL_GROUP,
    carries=(Content.RATES, Content.OVERRIDES),
)
C4 = Step("C4", "公告公示", "publicity", Body.PROVINCIAL_GROUP, decided=False)
C5 = Step("C5", "上报审批", "report for approval", Body.PROVINCIAL_GROUP)
C6 = Step(
    "C6",
    "接受检查",
    "national inspection",
    Body.STATE_COUNCIL_GROUP,
    decisions=(*DECISIONS, Decision.RECTIFY),
    carries=(Content.RATES, Content.RECTIFICATION),
)
C7 = Step("C7", "批准退出", "approval", Body.PROVINCIAL_GOVERNMENT)

COUNTY_STEPS = (C1, C2, C3, C4, C5, C6, C7)
"""贫困县退出 (HN 五(三)), in the order of the regulation."""


V1 = Step(
    "V1",
    "调查核实",
    "survey",
    Body.COUNTY_GROUP,
    decisions=(Decision.APPROVE, Decision.REJECT),
    carries=(Content.SURVEY, Content.OVERRIDES),
)
V2 = Step("V2", "公示公告", "publicity", Body.COUNTY_GROUP, decided=False)
V3 = Step(
    "V3",
    "批准退出",
    "approval",
    Body.CITY_GROUP,
    reported_by=Body.COUNTY_GROUP,
    carries=(Content.OVERRIDES,),
)

VILLAGE_STEPS = (V1, V2, V3)
"""贫困村退出 (HN 五(二)), in the order of the regulation."""

H1 = Step("H1", "民主评议", "appraisal", Body.VILLAGE_COMMITTEES, carries=(Content.APPRAISAL,))
H2 = Step(
    "H2",
    "核实认可",
    "verification and consent",
    Body.VILLAGE_COMMITTEES,
    decisions=(Decision.APPROVE, Decision.REJECT),
    carries=(Content.HOUSEHOLDS, Content.OVERRIDES),
)
H3 = Step("H3", "公告公示", "publicity", Body.VILLAGE_COMMITTEES, decided=False)
H4 = Step("H4", "脱贫销号", "striking off", Body.COUNTY_GROUP, carries=(Content.HOUSEHOLDS,))

HOUSEHOLD_STEPS = (H1, H2, H3, H4)
"""贫困户退出 (HN 五(一)), in the order of the regulation."""

R1 = Step("R1", "识别申报", "identification", Body.VILLAGE_COMMITTEES)
R2 = Step(
    "R2",
    "民主评议",
    "appraisal",
    Body.VILLAGE_COMMITTEES,
    decisions=(Decision.APPROVE, Decision.REJECT),
    carries=(Content.APPRAISAL,),
)
R3 = Step("R3", "公示", "publicity", Body.VILLAGE_COMMITTEES, decided=False)
R4 = Step("R4", "县级确认", "confirmation", Body.COUNTY_GROUP)

REENTRY_STEPS = (R1, R2, R3, R4)
"""返贫与新增贫困户纳入 (F5, HN 三): identification, appraisal, publicity, then registration."""

K1 = Step("K1", "跟踪回访", "follow-up", Body.COUNTY_GROUP, decisions=(Decision.APPROVE,))

FOLLOW_UP_STEPS = (K1,)
"""A year's visits to the exited households of a township (F1, F5: 防止边脱贫、边返贫)."""

J1 = Step("J1", "抽样", "sampling", Body.PROVINCIAL_GROUP)
J2 = Step("J2", "核查", "checks", Body.PROVINCIAL_GROUP, decisions=(Decision.APPROVE,))
J3 = Step("J3", "申诉举证", "hearing", Body.PROVINCIAL_GROUP, decided=False)
J4 = Step("J4", "结果认定", "result", Body.PROVINCIAL_GROUP, decisions=(Decision.APPROVE,))

SUPERVISION_STEPS = (J1, J2, J3, J4)
"""督导 (F6): a sample is drawn, checked, the county is heard, then the result."""

X1 = Step("X1", "撤销退出", "revocation", Body.PROVINCIAL_GOVERNMENT)

REVOCATION_STEPS = (X1,)
"""撤销退出 (F7): one act, of whichever body decided the exit."""

ALL_STEPS = (
    *COUNTY_STEPS,
    *VILLAGE_STEPS,
    *HOUSEHOLD_STEPS,
    *REENTRY_STEPS,
    *FOLLOW_UP_STEPS,
    *SUPERVISION_STEPS,
    *REVOCATION_STEPS,
)
"""Every step there is, by which people name what they act on."""


def taken_by(step: Step, office: Office, subject: Subject) -> Step:
    """A step that whoever signs it decides; its own body's, where no such body is the subject's.

    A county or township has no village's committees of its own: it has those of all its villages.
    """
    of_a_village = LEVELS[office.body] is Level.VILLAGE
    if of_a_village and len(subject.region_path[-1]) < _VILLAGE_DIGITS:
        return step
    return replace(step, body=office.body)


def village_steps(village: Village, policy: Policy) -> tuple[Step, ...]:
    """The steps of a village: in a directly administered county V3 is whose the policy says."""
    if not village.directly_administered:
        return VILLAGE_STEPS
    approves = policy.village_approval.where_directly_administered
    return (V1, V2, replace(V3, body=approves))


def skipped(county: County) -> dict[Step, str]:
    """The steps a county does not pass, with the reason in Chinese (C2, C6)."""
    without: dict[Step, str] = {}
    if county.directly_administered:
        without[C2] = "直管县直接上报省扶贫开发领导小组，不经市级初审"
    if county.tier is Tier.PROVINCIAL:
        without[C6] = "省定贫困县不接受国务院扶贫开发领导小组专项评估检查"
    return without
