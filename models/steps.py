"""The steps of the procedures: order, Chinese title, acting body."""

from dataclasses import dataclass

from models.messages import Decision
from models.offices import County, Tier
from models.policy import Body

DECISIONS = (Decision.APPROVE, Decision.RETURN, Decision.REJECT)
"""What an office can ordinarily decide at its step."""


@dataclass(frozen=True)
class Step:
    """One step of a procedure.

    Attributes:
        id: The clause, ``C1`` to ``C7``; also how people name the step in commands.
        title: What offices call it.
        name: The same in English.
        body: Who decides it, or publishes, where the step is a publicity.
        decided: False for a publicity, which ends by time and not by an act.
        decisions: What its body can decide.
    """

    id: str
    title: str
    name: str
    body: Body
    decided: bool = True
    decisions: tuple[Decision, ...] = DECISIONS

    def __str__(self) -> str:
        return f"{self.id} {self.title}"


C1 = Step("C1", "县级申请", "application", Body.COUNTY_GROUP)
C2 = Step("C2", "市级初审", "city pre-review", Body.CITY_GROUP)
C3 = Step("C3", "省级核查", "provincial check", Body.PROVINCIAL_GROUP)
C4 = Step("C4", "公告公示", "publicity", Body.PROVINCIAL_GROUP, decided=False)
C5 = Step("C5", "上报审批", "report for approval", Body.PROVINCIAL_GROUP)
C6 = Step(
    "C6",
    "接受检查",
    "national inspection",
    Body.STATE_COUNCIL_GROUP,
    decisions=(*DECISIONS, Decision.RECTIFY),
)
C7 = Step("C7", "批准退出", "approval", Body.PROVINCIAL_GOVERNMENT)

COUNTY_STEPS = (C1, C2, C3, C4, C5, C6, C7)
"""贫困县退出 (HN 五(三)), in the order of the regulation."""


def skipped(county: County) -> dict[Step, str]:
    """The steps a county does not pass, with the reason in Chinese (C2, C6)."""
    without: dict[Step, str] = {}
    if county.directly_administered:
        without[C2] = "直管县直接上报省扶贫开发领导小组，不经市级初审"
    if county.tier is Tier.PROVINCIAL:
        without[C6] = "省定贫困县不接受国务院扶贫开发领导小组专项评估检查"
    return without
