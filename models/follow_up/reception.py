"""What a township's follow-up takes in: visits, risk marks, and the county's closing act (F5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from pydantic import JsonValue

from models.base import Record, first_few
from models.case.ledger import Entry, EntryKind
from models.case.messages import Act
from models.case.reception import Reception
from models.case.state import Docket
from models.follow_up.messages import RISKS, RiskMark, Visit, Visits
from models.follow_up.orders import Back, DueVillage, FollowUpDue
from models.offices import Office
from models.periods import beijing
from models.policy import Body
from models.policy_values import day_of
from models.procedures import K1
from models.refusals import Refusal
from models.register.households import Cause, Risk

F5 = f"{K1.id} F5"
"""Key of the limit of the year's visits."""

_BACK = {
    Cause.REGISTERED: "登记",
    Cause.FALLEN_BACK: "返贫",
    Cause.REVOKED: "撤销退出",
}


@dataclass
class FollowUpList:
    """Whom the case is about, and how far it is with them.

    Attributes:
        first_day: Before when no visit of the year can have been made.
        visited: The entry of the last visit on file, by household.
        unstable: Households found unstable of which the county has not been told yet.
        back: Who came into the register again before a visit: no longer due.
    """

    due: FollowUpDue
    first_day: date
    villages: dict[str, DueVillage] = field(init=False)
    visited: dict[str, int] = field(default_factory=dict)
    marks: dict[str, list[Risk]] = field(default_factory=dict)
    unstable: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.villages = {
            code: village for village in self.due.villages for code in village.households
        }
        for mark in self.due.marks:
            self.marks.setdefault(mark.household, []).append(mark.risk)

    @property
    def left(self) -> list[str]:
        """Who is still to be visited."""
        done = {*self.visited, *self.back}
        return [code for code in self.due.households if code not in done]

    def named(self, place: str) -> str | None:
        """The name of a village of the list."""
        return next((each.name for each in self.due.villages if each.code == place), None)

    @property
    def subject(self) -> str:
        """What the limit of the year is for: it says how many are still due."""
        left = len(self.left)
        return f"{K1}（尚有{left}户待访）" if left else f"{K1}（均已回访，待办结）"


class FollowUpReception(Reception):
    """The desk at which a township's follow-up receives.

    Nothing is published here and nobody applied: there is no objection and no withdrawal.

    Attributes:
        list: Whom it is about; None until the register has said.
    """

    messages: Mapping[str, type[Record]] = {"act": Act, "visit": Visits, "mark": RiskMark}

    def __init__(self, docket: Docket) -> None:
        super().__init__(docket, vet=self._vet_closing)
        self.list: FollowUpList | None = None

    def draw_up(self, due: FollowUpDue, opened_on: date) -> None:
        """Take over whom the register says is due."""
        opens = day_of(self._docket.year, self._docket.policy.follow_up.opens)
        self.list = FollowUpList(due, first_day=min(opened_on, opens))

    def leave_out(self, found: Sequence[Back], now: datetime) -> None:
        """Put on file who is due no more: who is in the register again has not exited (F5, F7)."""
        drawn_up = self.drawn_up()
        left = set(drawn_up.left)
        back = [each for each in found if each.household in left]
        if not back:
            return
        drawn_up.back += [each.household for each in back]
        self._show_left()
        said = "、".join(f"{each.household}（{each.since}{_BACK[each.cause]}）" for each in back)
        self._docket.record(
            EntryKind.CHECKS,
            now,
            f"{len(back)}户已重新登记为扶贫对象，本年度不再回访：{said}，"
            f"尚有{len(drawn_up.left)}户待访",
            {"back": [each.content() for each in back]},
        )

    # -- the rules ----------------------------------------------------------------------------

    def _vet_closing(self, act: Act, now: datetime) -> None:
        left = self.drawn_up().left
        if left and act.reason is None:
            raise Refusal(
                f"reason: {len(left)} of {len(self.drawn_up().villages)} households are not "
                f"visited yet ({first_few(left)}); visit them, or say why the year is "
                "closed without"
            )

    def _check_message(self, message: object, now: datetime) -> None:
        match message:
            case Visits():
                self._check_visits(message, now)
            case RiskMark():
                self._check_mark(message)
            case _:
                super()._check_message(message, now)

    def drawn_up(self) -> FollowUpList:
        """The list; raises ``Refusal`` before the register has said."""
        if self.list is None:
            raise Refusal("the list of households is being drawn up; send it again")
        return self.list

    def _check_open(self) -> None:
        if self._docket.waiting_acts(K1):
            raise Refusal(f"{K1} is closed already; nothing can be added")

    def _check_visits(self, visits: Visits, now: datetime) -> None:
        self._check_open()
        for visit in visits.visits:
            self._check_person(visit.household, visits.office, "report a visit to")
            self._check_visit(visit, now)

    def _check_person(self, household: str, office: Office, what: str) -> None:
        """Who may speak of a household: those of its village, and the county."""
        known = self.drawn_up().villages.get(household)
        docket = self._docket
        if known is None:
            raise Refusal(
                f"household {household} is not due in {docket.subject.full_name} in {docket.year} "
                "(F5); `exitflow follow-up due` lists who is"
            )
        county = docket.subject.office(Body.COUNTY_GROUP)
        if office != county and not known.may_visit(office):
            committees = Office(body=Body.VILLAGE_COMMITTEES, place=known.code)
            raise Refusal(
                f"{office} may not {what} household {household} of {known.name}; its village may "
                f"({committees}; its work team and first secretary, where they are), or {county}"
            )

    def _check_visit(self, visit: Visit, now: datetime) -> None:
        drawn_up, household = self.drawn_up(), visit.household
        if visit.made_on > beijing(now).date():
            raise Refusal(f"made_on: {visit.made_on} of household {household} lies in the future")
        if visit.made_on < drawn_up.first_day:
            raise Refusal(
                f"made_on: {visit.made_on} of household {household} lies before "
                f"{drawn_up.first_day}, when the visits of {self._docket.year} began"
            )
        entry = drawn_up.visited.get(household)
        if entry is not None and visit.correction is None:
            raise Refusal(
                f"household {household} was visited already (entry {entry}); to replace that, say "
                "why in correction"
            )
        if entry is None and visit.correction is not None:
            raise Refusal(
                f"correction: no visit to household {household} is on file yet; leave it out"
            )

    def _check_mark(self, mark: RiskMark) -> None:
        self._check_open()
        what = "lift a mark of" if mark.lifted else "mark"
        self._check_person(mark.household, mark.office, what)
        marked = mark.risk in self.drawn_up().marks.get(mark.household, [])
        if marked and not mark.lifted:
            raise Refusal(
                f"household {mark.household} is marked as {mark.risk.value} already; there is "
                "nothing to change"
            )
        if mark.lifted and not marked:
            raise Refusal(
                f"household {mark.household} is not marked as {mark.risk.value}; there is no mark "
                "to lift"
            )

    # -- the file -----------------------------------------------------------------------------

    def _take(self, message: object, now: datetime) -> Entry:
        match message:
            case Visits():
                return self._take_visits(message, now)
            case RiskMark():
                return self._take_mark(message, now)
            case _:
                return super()._take(message, now)

    def _take_visits(self, visits: Visits, now: datetime) -> Entry:
        drawn_up = self.drawn_up()
        seq = self._docket.ledger.count + 1
        unstable = [each.household for each in visits.visits if not each.stable]
        for each in visits.visits:
            drawn_up.visited[each.household] = seq
            if each.household in drawn_up.back:  # it was gone to see all the same
                drawn_up.back.remove(each.household)
            if each.risk is not None:
                self._mark(each.household, each.risk)
        drawn_up.unstable += unstable
        self._show_left()
        data: dict[str, JsonValue] = {
            EntryKind.CHECKS.value: visits.content(),
            "due_on": drawn_up.due.due_on.isoformat(),
        }
        worse = f"，其中{len(unstable)}户不稳定" if unstable else ""
        return self._docket.record(
            EntryKind.CHECKS,
            now,
            f"{self._name(visits.office, now)}回访{len(visits.visits)}户{worse}，"
            f"尚有{len(drawn_up.left)}户待访",
            data,
            actor=f"{visits.office} {visits.officer}",
        )

    def _take_mark(self, mark: RiskMark, now: datetime) -> Entry:
        if mark.lifted:
            self.drawn_up().marks[mark.household].remove(mark.risk)
        else:
            self._mark(mark.household, mark.risk)
        verb = "解除" if mark.lifted else "标注"
        return self._docket.record(
            EntryKind.RISK,
            now,
            f"{self._name(mark.office, now)}{verb}{mark.household}户风险：{RISKS[mark.risk]}，"
            f"理由：{mark.reason}",
            {EntryKind.RISK.value: mark.content()},
            actor=f"{mark.office} {mark.officer}",
        )

    def _show_left(self) -> None:
        if F5 in self._docket.watch:
            self._docket.watch[F5].subject = self.drawn_up().subject

    def _mark(self, household: str, risk: Risk) -> None:
        marks = self.drawn_up().marks.setdefault(household, [])
        if risk not in marks:
            marks.append(risk)

    def _name(self, office: Office, now: datetime) -> str:
        """What an office is called; a township knows the villages of its list alone."""
        village = self.drawn_up().named(office.place)
        if village is None:
            return self._docket.name(office, now)
        return self._docket.policy.name_of(office.body, village, beijing(now).date())
