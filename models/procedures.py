"""The nine procedures: their steps, who acts, what their cases are called and how they end."""

from dataclasses import dataclass, replace

from models.case.messages import Content, Decision, Ending
from models.offices import County, Office, Subject, SubjectKind, Tier, Village
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
        posts: Who stands in its notice, if it has one (G1: the policy says who investigates).
        where: Where that is to be posted, in Chinese (T1).
    """

    id: str
    title: str
    name: str
    body: Body
    decided: bool = True
    decisions: tuple[Decision, ...] = DECISIONS
    reported_by: Body | None = None
    carries: tuple[Content, ...] = ()
    posts: SubjectKind | None = None
    where: str = ""

    def __str__(self) -> str:
        return f"{self.id} {self.title}"


C1 = Step("C1", "县级申请", "application", Body.COUNTY_GROUP, carries=(Content.FIGURES,))
C2 = Step("C2", "市级初审", "city pre-review", Body.CITY_GROUP, carries=(Content.OVERRIDES,))
C3 = Step(
    "C3",
    "省级核查",
    "provincial check",
    Body.PROVINCIAL_GROUP,
    carries=(Content.FINDINGS, Content.RATES, Content.OVERRIDES),
)
C4 = Step(
    "C4",
    "公告公示",
    "publicity",
    Body.PROVINCIAL_GROUP,
    decided=False,
    posts=SubjectKind.COUNTY,
    where="向社会公开",
)
C5 = Step("C5", "上报审批", "report for approval", Body.PROVINCIAL_GROUP)
C6 = Step(
    "C6",
    "接受检查",
    "national inspection",
    Body.STATE_COUNCIL_GROUP,
    decisions=(*DECISIONS, Decision.RECTIFY),
    carries=(Content.RATES, Content.RECTIFICATION),
)
C7 = Step("C7", "批准退出", "approval", Body.PROVINCIAL_GOVERNMENT, carries=(Content.OVERRIDES,))

V1 = Step(
    "V1",
    "调查核实",
    "survey",
    Body.COUNTY_GROUP,
    decisions=(Decision.APPROVE, Decision.REJECT),
    carries=(Content.SURVEY, Content.CONSIDERATION, Content.OVERRIDES),
)
V2 = Step(
    "V2",
    "公示公告",
    "publicity",
    Body.COUNTY_GROUP,
    decided=False,
    posts=SubjectKind.VILLAGE,
    where="在乡（镇）所在地",
)
V3 = Step(
    "V3",
    "批准退出",
    "approval",
    Body.CITY_GROUP,
    reported_by=Body.COUNTY_GROUP,
    carries=(Content.CONSIDERATION, Content.OVERRIDES),
)

H1 = Step("H1", "民主评议", "appraisal", Body.VILLAGE_COMMITTEES, carries=(Content.APPRAISAL,))
H2 = Step(
    "H2",
    "核实认可",
    "verification and consent",
    Body.VILLAGE_COMMITTEES,
    decisions=(Decision.APPROVE, Decision.REJECT),
    carries=(Content.HOUSEHOLDS, Content.OVERRIDES),
)
H3 = Step(
    "H3",
    "公告公示",
    "publicity",
    Body.VILLAGE_COMMITTEES,
    decided=False,
    posts=SubjectKind.HOUSEHOLD,
    where="在村内",
)
H4 = Step("H4", "脱贫销号", "striking off", Body.COUNTY_GROUP, carries=(Content.HOUSEHOLDS,))

R1 = Step("R1", "识别申报", "identification", Body.VILLAGE_COMMITTEES)
R2 = Step(
    "R2",
    "民主评议",
    "appraisal",
    Body.VILLAGE_COMMITTEES,
    decisions=(Decision.APPROVE, Decision.REJECT),
    carries=(Content.APPRAISAL,),
)
R3 = Step(
    "R3",
    "公示",
    "publicity",
    Body.VILLAGE_COMMITTEES,
    decided=False,
    posts=SubjectKind.HOUSEHOLD,
    where="在村内",
)
R4 = Step("R4", "县级确认", "confirmation", Body.COUNTY_GROUP)

K1 = Step("K1", "跟踪回访", "follow-up", Body.COUNTY_GROUP, decisions=(Decision.APPROVE,))

J1 = Step("J1", "抽样", "sampling", Body.PROVINCIAL_GROUP)
J2 = Step("J2", "核查", "checks", Body.PROVINCIAL_GROUP, decisions=(Decision.APPROVE,))
J3 = Step("J3", "申诉举证", "hearing", Body.PROVINCIAL_GROUP, decided=False)
J4 = Step("J4", "结果认定", "result", Body.PROVINCIAL_GROUP, decisions=(Decision.APPROVE,))

X1 = Step("X1", "撤销退出", "revocation", Body.PROVINCIAL_GOVERNMENT)

W1 = Step("W1", "预警", "alarm", Body.COUNTY_GROUP, decisions=())

F9 = Step("F9", "补充归档", "supplement", Body.COUNTY_GROUP, decisions=())


@dataclass(frozen=True)
class Procedure:
    """One of the nine procedures.

    Attributes:
        id: What the registry and the server's lists call it.
        workflow: Type of its cases on the server.
        word: The first word of a case's id, and ``key`` the pattern of the rest.
        title: What it is called in Chinese.
        steps: In the order of the regulation; a case's own may differ (``steps_of``).
        subject: Whose exit it is; None for what comes after an exit.
        prepares: Whether acts of the first step are judged by what the register says first.
        failing: How a case ends if an office rejects it, or an objection is upheld.
        exited: What an exit is called in Chinese.
    """

    id: str
    workflow: str
    word: str
    key: str
    title: str
    steps: tuple[Step, ...]
    subject: SubjectKind | None = None
    prepares: bool = False
    failing: Ending = Ending.NOT_EXITED
    exited: str = "批准退出"

    @property
    def matter(self) -> str:
        """What its notifications are about, in Chinese."""
        return self.title if self.subject is None else "贫困退出"

    def case_id(self, code: str, year: int, attempt: int = 1) -> str:
        """Id of a case (G9: one open case of a subject and year), or of a further attempt.

        >>> COUNTY_EXIT.case_id("411523", 2026), COUNTY_EXIT.case_id("411523", 2026, 2)
        ('county-exit/411523/2026', 'county-exit/411523/2026/2')
        """
        first = f"{self.word}/{code}/{year}"
        return first if attempt == 1 else f"{first}/{attempt}"

    def ending(self, ending: str) -> str:
        """How an end is called in Chinese."""
        return self.exited if ending == Ending.EXITED else ENDINGS[Ending(ending)]


ENDINGS = {
    Ending.EXITED: "批准退出",
    Ending.NOT_EXITED: "未退出",
    Ending.WITHDRAWN: "撤回",
    Ending.NOT_ADMITTED: "不予受理",
    Ending.ENTERED: "纳入扶贫对象",
    Ending.NOT_ENTERED: "未纳入",
    Ending.CONCLUDED: "办结",
    Ending.REVOKED: "撤销退出",
}
"""How an end is called in Chinese; an exit as of a county or a village."""

_NUMBER = r"[1-9]\d{0,3}"
_HOUSEHOLD_OR_PLACE = r"[0-9A-Za-z][0-9A-Za-z-]{3,29}"
_YEAR = rf"\d{{4}}(/{_NUMBER})?"
"""A year, and which attempt of it: one that was withdrawn may be followed by another."""

COUNTY_EXIT = Procedure(
    id=SubjectKind.COUNTY.value,
    workflow="CountyExit",
    word="county-exit",
    key=rf"\d{{6}}/{_YEAR}",
    title="贫困县退出",  # HN 五(三)
    steps=(C1, C2, C3, C4, C5, C6, C7),
    subject=SubjectKind.COUNTY,
)
VILLAGE_EXIT = Procedure(
    id=SubjectKind.VILLAGE.value,
    workflow="VillageExit",
    word="village-exit",
    key=rf"\d{{12}}/{_YEAR}",
    title="贫困村退出",  # HN 五(二)
    steps=(V1, V2, V3),
    prepares=True,
    subject=SubjectKind.VILLAGE,
)
HOUSEHOLD_EXIT = Procedure(
    id=SubjectKind.HOUSEHOLD.value,
    workflow="HouseholdExit",
    word="household-exit",
    key=rf"\d{{12}}/\d{{4}}/{_NUMBER}",  # the rosters of a year are numbered
    title="贫困户退出",  # HN 五(一)
    steps=(H1, H2, H3, H4),
    exited="脱贫销号",  # households are struck off, not approved (H4)
    subject=SubjectKind.HOUSEHOLD,
)
REENTRY = Procedure(
    id="reentry",
    workflow="Reentry",
    word="reentry",
    key=rf"{_HOUSEHOLD_OR_PLACE}/{_YEAR}",
    title="纳入扶贫对象",  # 返贫与新增贫困户纳入 (F5, HN 三)
    steps=(R1, R2, R3, R4),
    prepares=True,
    failing=Ending.NOT_ENTERED,
)
FOLLOW_UP = Procedure(
    id="follow_up",
    workflow="FollowUp",
    word="follow-up",
    key=r"\d{9}/\d{4}",
    title="跟踪回访",  # F1, F5 防止边脱贫、边返贫
    steps=(K1,),
    prepares=True,
)
SUPERVISION = Procedure(
    id="supervision",
    workflow="Supervision",
    word="supervision",
    key=rf"\d{{6}}/\d{{4}}-(q[1-4]|s{_NUMBER})",  # of a quarter, or a special inspection
    title="督导",  # F6
    steps=(J1, J2, J3, J4),
    prepares=True,
)
REVOCATION = Procedure(
    id="revocation",
    workflow="Revocation",
    word="revocation",
    key=rf"{_HOUSEHOLD_OR_PLACE}/{_YEAR}",
    title="撤销退出",  # F7: one act, of whichever body decided the exit
    steps=(X1,),
    failing=Ending.NOT_ADMITTED,
)
WATCH = Procedure(
    id="watch",
    workflow="Watch",
    word="watch",
    key=rf"(\d{{6}}|\d{{12}})/\d{{4}}/{_NUMBER}",  # the alarms of a unit's year are numbered
    title="跟踪研判",  # F13: nobody decides it; the unit's county is told with those above
    steps=(W1,),
    failing=Ending.NOT_ADMITTED,
)
OF_A_SUBJECT = (
    COUNTY_EXIT,
    VILLAGE_EXIT,
    HOUSEHOLD_EXIT,
    REENTRY,
    FOLLOW_UP,
    SUPERVISION,
    REVOCATION,
    WATCH,
)
"""Every procedure but the supplement, which is of another case."""

SUPPLEMENT = Procedure(
    id="supplement",
    workflow="Supplement",
    word="supplement",
    key=rf"(?P<of>{'|'.join(f'{each.word}/{each.key}' for each in OF_A_SUBJECT)})/{_NUMBER}",
    title="补充归档",  # F9: nobody decides it; its body is whose document it is
    steps=(F9,),
    failing=Ending.NOT_ADMITTED,
)

PROCEDURES = {each.id: each for each in (*OF_A_SUBJECT, SUPPLEMENT)}
"""All nine, by what the registry calls them."""

ALL_STEPS = tuple(step for each in OF_A_SUBJECT for step in each.steps)
"""Every step that somebody can act on, by which people name it."""


def steps_of(
    procedure: Procedure, subject: Subject, policy: Policy, office: Office | None = None
) -> tuple[Step, ...]:
    """The steps of a case.

    Args:
        office: Who takes them, if the procedure leaves that open: it revokes an exit, or files a
            document.
    """
    if procedure is VILLAGE_EXIT and isinstance(subject, Village):
        return village_steps(subject, policy)
    if office is not None:
        return tuple(taken_by(step, office, subject) for step in procedure.steps)
    return procedure.steps


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
        return VILLAGE_EXIT.steps
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
