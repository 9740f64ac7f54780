"""A synthetic roster, its case and what is sent to it, that the tests of the pure rules share."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from models.case.state import Docket
from models.offices import Village
from models.periods import LimitKind
from models.policy import Body, Policy
from models.procedures import H2, H3, H4, HOUSEHOLD_EXIT, Step
from models.register.households import MONEY, HouseholdFacts, Livelihood, PovertyLine
from models.roster.households import Roster
from models.roster.messages import RosterApplication
from models.roster.reception import RosterReception
from tests.models.samples import DAY, HENAN, NOW, PROOF, limit
from tests.models.village_samples import village

VILLAGE = "411523100901"
COUNTY, COMMITTEES = "A5/411523", f"A1/{VILLAGE}"
TEAM, SECRETARY = f"A2/{VILLAGE}", f"A3/{VILLAGE}"
OFFICERS = {"A1": "某甲", "A2": "某丙", "A3": "某丁"}
CODES = ("H-01", "H-02", "H-03")
CASE = f"household-exit/{VILLAGE}/2017/1"
LINE = PovertyLine(year=2017, yuan=3_000, source="合成标准")
DRAFTED = NOW - 30 * DAY
CLOSED = NOW - DAY
"""When the notice of a sample at H4 ended; one at H3 runs as long again after now."""


MET: dict[str, Any] = {
    "income_sources": "务工（合成）",
    "livelihood": True,
    "stable_because": "固定岗位，签有三年合同（合成）",
    "food_and_clothing": True,
    "schooling": True,
    "no_dropouts": True,
    "insurance": True,
    "illness_aid": True,
    "housing_improved": True,
    "housing": True,
}
"""What a household's year says where every criterion of S1 but its income is met."""


def livelihood(**changes: Any) -> Livelihood:
    """Twelve thousand yuan of wages, and every criterion of S1 met."""
    money = dict.fromkeys(MONEY, 0) | {"wages": 1_200_000}
    return Livelihood.model_validate({"year": 2017, **money, **MET, **changes})


def household(code: str = "H-01", *, size: int = 3, **lived: Any) -> HouseholdFacts:
    """A household of three, with four thousand yuan a head."""
    return HouseholdFacts(
        code=code, head=f"张{code}", group="一组", size=size, livelihood=livelihood(**lived)
    )


class Sample:
    """A roster of three at a step, and the desk that receives for it.

    At H2 nobody is verified, at H3 everybody is posted, at H4 everybody's publicity is over.
    """

    def __init__(
        self,
        step: Step = H2,
        *,
        codes: Sequence[str] = CODES,
        place: Village | None = None,
        policy: Policy = HENAN,
        open_: bool = True,
    ) -> None:
        subject = place or village()
        self.docket = Docket(
            case_id=CASE,
            procedure=HOUSEHOLD_EXIT,
            subject=subject,
            year=2017,
            policy=policy,
            route=HOUSEHOLD_EXIT.steps,
            skipped={},
            step=step,
            basis=DRAFTED,
        )
        self.roster = Roster(
            line=LINE,
            standards=policy.standards,
            verifiers=tuple(office.body for office in subject.verifiers),
            objections=self.docket.objections,
        )
        for code in codes:
            self.roster.add(household(code), DRAFTED)
        self.docket.own = self.roster
        self.desk = RosterReception(self.docket, vet=lambda *_: None)
        if open_:
            self.desk.open()
        if step in (H3, H4):
            self.is_agreed(*codes)
            self.is_posted(*codes, closes=CLOSED if step == H4 else NOW + DAY)
        self.roster.take_changes()

    def is_agreed(self, *codes: str) -> None:
        """Verified by all, and agreeing."""
        for code in codes:
            candidate = self.roster[code]
            candidate.verified = {body: OFFICERS[body.value] for body in self.roster.verifiers}
            candidate.agreed = True

    def is_posted(self, *codes: str, closes: datetime, key: str = "H3 1") -> None:
        """In a notice that ends at a moment, of whose end the case has heard if it has passed."""
        watched = self.docket.watch.arm(
            key,
            limit("T1", closes, LimitKind.MINIMUM),
            self.docket.subject.office(Body.VILLAGE_COMMITTEES),
            "H3 公告公示（第1号）",
            closes - 8 * DAY,
        )
        watched.over = closes <= NOW
        for code in codes:
            self.roster[code].posting = watched

    def states(self) -> list[str]:
        """Where everybody is, in the order of the roster."""
        return [state.value for state in self.roster.states().values()]


OFFICES = {"A1": COMMITTEES, "A2": TEAM, "A3": SECRETARY}


def act(step: str = "H2", decision: str = "approve", **changes: Any) -> dict[str, Any]:
    """An act of the committees, or of the county at H4, as JSON."""
    given: dict[str, Any] = {
        "id": f"{step}-{decision}",
        "step": step,
        "decision": decision,
        "office": COUNTY if step == "H4" else COMMITTEES,
        "officer": "某乙" if step == "H4" else "某甲",
    }
    if decision != "approve":
        given["reason"] = "需复核（合成）"
    if (step, decision) == ("H4", "approve"):
        given["document_number"] = "合成〔4〕号"
    return given | changes


def verification(body: str = "A1", *codes: str, **changes: Any) -> dict[str, Any]:
    """One of the three verifies those named, or all that wait."""
    given = {"office": OFFICES[body], "officer": OFFICERS[body], "households": list(codes)}
    return act("H2", id=f"v-{body}-{'-'.join(codes)}") | given | changes


def consents(*codes: str, agreed: bool = True, **changes: Any) -> dict[str, Any]:
    """What households answer, as JSON; all of the roster where none is named."""
    reason = {} if agreed else {"reason": "收入不稳定（合成）"}
    return {
        "id": f"c-{'-'.join(codes)}-{agreed}",
        "officer": "某甲",
        "answers": [
            {"household": code, "agreed": agreed, "signed_by": f"张{code}", **reason}
            for code in codes or CODES
        ],
    } | changes


def meeting(**changes: Any) -> dict[str, Any]:
    """Twenty of thirty representatives: the quorum, exactly."""
    return {
        "held_on": "2017-12-01",
        "place": "合成村委会",
        "chair": "某甲",
        "recorder": "某乙",
        "entitled": 30,
        "present": 20,
        "minutes": "逐户评议并表决（合成）",
    } | changes


def votes(*codes: str, in_favour: int = 18, **changes: Any) -> list[dict[str, Any]]:
    """Households with the same votes; all of the roster where none is named."""
    return [{"household": code, "in_favour": in_favour, **changes} for code in codes or CODES]


def application(*codes: str, in_favour: int = 18, **changes: Any) -> RosterApplication:
    """A village's roster of 2017."""
    values: dict[str, Any] = {
        "village": VILLAGE,
        "year": 2017,
        "appraisal": {"meeting": meeting(), "households": votes(*codes, in_favour=in_favour)},
        "officer": "某甲",
        "document_number": "合成〔1〕号",
    }
    return RosterApplication.model_validate(values | changes)


def amendment(*codes: str, **changes: Any) -> dict[str, Any]:
    """The committees take entries anew, or add households, as JSON."""
    return {
        "id": f"m-{'-'.join(codes)}",
        "office": COMMITTEES,
        "officer": "某甲",
        "reason": "登记内容更正（合成）",
        "households": votes(*codes),
    } | changes


def objection(code: str | None = None, **changes: Any) -> dict[str, Any]:
    """An anonymous objection to one household, or to the roster, as JSON."""
    whom = {} if code is None else {"household": code}
    return {"id": f"o-{code or 'all'}", "text": "收入不实（合成）", **whom} | changes


def resolution(
    code: str | None = None, finding: str = "dismissed", **changes: Any
) -> dict[str, Any]:
    """The county ends the investigation of the objection above, as JSON."""
    return {
        "id": f"r-{code or 'all'}-{finding}",
        "objection_id": f"o-{code or 'all'}",
        "finding": finding,
        "reason": "经实地调查（合成）",
        "office": COUNTY,
        "officer": "某辛",
        "evidence": [PROOF],
    } | changes


def withdrawal(**changes: Any) -> dict[str, Any]:
    """The committees take the roster back, as JSON."""
    return {
        "id": "w-1",
        "office": COMMITTEES,
        "officer": "某甲",
        "reason": "数据需要复核（合成）",
    } | changes
