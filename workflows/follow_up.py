"""跟踪回访 (F1, F5): the visits of a year to a township's exited households."""

from datetime import date
from typing import Any

from pydantic import JsonValue
from temporalio import workflow

from models.base import Record
from models.case.ledger import EntryKind
from models.case.messages import Ending, Outcome, Receipt
from models.follow_up.messages import FollowUpOpening
from models.follow_up.orders import BackOrder, FollowUpDue, OpenFollowUp
from models.follow_up.reception import FollowUpList, FollowUpReception
from models.periods import LimitRequest, beijing
from models.policy import Body
from models.procedures import FOLLOW_UP, K1
from models.register.households import Risk
from workflows.calls import ask
from workflows.case import Case
from workflows.doors import CaseWorkflow
from workflows.opening import docket_of
from workflows.waiting import Beside

_MOST_LISTED = 100
"""Households that were not visited, in one entry."""

_MOST_TOLD = 20


class FollowUpOwn(Record):
    """What a follow-up keeps of its own, from one run to the next: ``FollowUpList``.

    Attributes:
        all_visited: The county was told that nobody is left to be visited.
        asked_on: On which day the register was last asked who is due no more.
    """

    due: FollowUpDue
    first_day: date
    visited: dict[str, int]
    marks: dict[str, tuple[Risk, ...]]
    back: tuple[str, ...]
    all_visited: bool
    asked_on: date | None


class _Visiting(Beside):
    """Tells the county what visits lead to, beside the one step; it changes nothing (F5)."""

    case: Case

    def __init__(self, reception: FollowUpReception) -> None:
        self._reception = reception
        self.all_visited = False
        self.asked_on: date | None = None

    async def attend(self) -> None:
        """Say who was found unstable, and that nobody is left to be visited."""
        drawn_up = self._reception.list
        if drawn_up is None:
            return
        if drawn_up.left and self._is_time_to_ask():
            await self._leave_out()
        county = self.case.docket.subject.office(Body.COUNTY_GROUP)
        if drawn_up.unstable:
            unstable, drawn_up.unstable = drawn_up.unstable, []
            self.case.clerk.notify(
                "返贫风险",
                county,
                f"{len(unstable)}户回访认定为不稳定",
                f"经回访，下列已脱贫户不再稳定达到退出标准：{_listed(unstable)}。"
                "请核实；不再符合退出标准的，启动返贫纳入程序。登记信息不因本通知改变。",
            )
        if not drawn_up.left and not self.all_visited:
            self.all_visited = True
            count = len(drawn_up.visited)
            said = f"应访{count}户均已回访，请办结本年度跟踪回访。"
            if drawn_up.back:
                said = f"其余{len(drawn_up.back)}户已重新登记为扶贫对象，{said}"
            self.case.clerk.notify("办理", county, f"{K1}均已回访，待办结", said)

    def _is_time_to_ask(self) -> bool:
        """On a day on which anything comes in, or a limit speaks, once; and before the end."""
        before, self.asked_on = self.asked_on, beijing(self.case.now()).date()
        return before != self.asked_on or bool(self.case.docket.waiting_acts(K1))

    async def _leave_out(self) -> None:
        """Who has fallen back, or whose exit is revoked, is not due any more (F5, F7)."""
        docket, today = self.case.docket, beijing(self.case.now()).date()
        back = await ask(BackOrder(case_id=docket.case_id, on=today))
        self._reception.leave_out(back, self.case.now())


@workflow.defn(name=FOLLOW_UP.workflow)
class FollowUpWorkflow(CaseWorkflow):
    """One township's follow-up of one year."""

    @workflow.init
    def __init__(self, opening: FollowUpOpening) -> None:
        self.opening = opening
        docket = docket_of(
            FOLLOW_UP,
            opening,
        )
        self.reception = self.visits_in = FollowUpReception(docket)
        self.visiting = beside = _Visiting(self.visits_in)
        self.case = beside.case = Case(docket, opening.received_at, beside=beside)
        self.begin()

    @workflow.run
    async def run(self, opening: FollowUpOpening) -> Outcome:
        """The one step: every household of the list is visited, or it is said why not."""
        return await self.case.walk((K1, self.visits))

    async def visits(self) -> None:
        """K1 跟踪回访: by the date of the policy (F5); ended by the county, never by time (G4)."""
        case = self.case
        await case.prepare(self.draw_up)
        drawn_up = self.visits_in.drawn_up()
        act = await case.decision(
            K1,
            LimitRequest(clause="F5", year=self.opening.application.year),
            subject=drawn_up.subject,
            instructions=_instructions(drawn_up.due),
        )
        left = drawn_up.left
        for first in range(0, len(left), _MOST_LISTED):
            part = left[first : first + _MOST_LISTED]
            listed: list[JsonValue] = list(part)
            case.record(
                EntryKind.CHECKS,
                f"未回访{len(part)}户：{'、'.join(part)}，理由：{act.reason}",
                {"not_visited": listed},
            )
        said = f"应访{len(drawn_up.villages)}户，已回访{len(drawn_up.visited)}户"
        if drawn_up.back:
            said += f"，{len(drawn_up.back)}户已重新登记为扶贫对象"
        raise case.end(Ending.CONCLUDED, act.office, said, act.document_number)

    def own_state(self) -> FollowUpOwn:
        drawn_up = self.visits_in.drawn_up()
        return FollowUpOwn(
            due=drawn_up.due,
            first_day=drawn_up.first_day,
            visited=drawn_up.visited,
            marks={code: tuple(risks) for code, risks in drawn_up.marks.items()},
            back=tuple(drawn_up.back),
            all_visited=self.visiting.all_visited,
            asked_on=self.visiting.asked_on,
        )

    def restore(self, own: Any) -> None:
        known = FollowUpOwn.model_validate(own)
        self.visits_in.list = FollowUpList(
            known.due, known.first_day, visited=dict(known.visited), back=list(known.back)
        )
        self.visits_in.list.marks = {code: list(risks) for code, risks in known.marks.items()}
        self.visiting.all_visited = known.all_visited
        self.visiting.asked_on = known.asked_on

    async def draw_up(self) -> None:
        """Let the register draw up the list (F1: as long as support is kept), and file it."""
        application, case = self.opening.application, self.case
        township = self.opening.subject
        due = await case.admit(
            OpenFollowUp,
            self.opening,
            f"{township.full_name}{application.year}年度脱贫户跟踪回访",
        )
        count = len(due.households)
        named: dict[str, JsonValue] = {
            "count": count,
            "sha256": due.sha256,
            "households": list(due.households),
        }
        case.record(
            EntryKind.CHECKS,
            f"截至{application.as_of}已脱贫、仍享受帮扶政策的{count}户列入本年度回访名单，"
            f"{due.due_on}前完成",
            {"due": named, "due_on": due.due_on.isoformat()},
        )
        self.visits_in.draw_up(due, beijing(case.arrived).date())

    # -- doors that other procedures do not have ------------------------------------------------

    @workflow.update(name="visit")
    def visit(self, message: object = None) -> Receipt:
        """Visits are reported (``models.follow_up.messages.Visits``)."""
        return self._receive("visit", message)

    @visit.validator
    def _check_visit(self, message: object = None) -> None:
        self._check("visit", message)

    @workflow.update(name="mark")
    def mark(self, message: object = None) -> Receipt:
        """A risk is marked or lifted (``models.follow_up.messages.RiskMark``)."""
        return self._receive("mark", message)

    @mark.validator
    def _check_mark(self, message: object = None) -> None:
        self._check("mark", message)


def _instructions(due: FollowUpDue) -> str:
    """By village, so that the county can pass it on; without names (G8)."""
    lines = [f"{village.name}{len(village.households)}户" for village in due.villages]
    return f"应访{len(due.households)}户：{'、'.join(lines)}。"


def _listed(households: list[str]) -> str:
    more = len(households) - _MOST_TOLD
    return "、".join(households[:_MOST_TOLD]) + (f"等{len(households)}户" if more > 0 else "")
