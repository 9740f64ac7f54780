"""The limits of a case: computed, armed, heard, missed (T1-T8, G4, G5). None decides."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue
from temporalio import workflow

from models.case.ledger import EntryKind
from models.case.limits import T6, Watched
from models.case.mailbox import Received
from models.case.orders import CalendarOrder
from models.case.state import Docket
from models.county.messages import CountyApplication
from models.offices import Office
from models.periods import Limit, LimitKind, LimitRequest, until
from workflows.calls import ask
from workflows.clerk import Clerk
from workflows.line import end_turn

AT_ONCE = 250
"""Limits, or objections, that go on file, or are computed, in one turn."""

APART = 5
"""Limits up to this number get a notification each."""

_MOST_LISTED = 20
"""One notification for many limits names this number of them."""

_STILL_OPEN = "事项仍待办理；逾期不视为同意。"


class Timekeeper:
    """Holds offices to their limits, and tells them and the file how they stand."""

    def __init__(self, docket: Docket, clerk: Clerk) -> None:
        self._docket = docket
        self._clerk = clerk
        self._asked_at: datetime | None = None
        """Until when dates that have come were looked at over the calendar of then."""

    def judge_application(
        self, application: CountyApplication, received_at: datetime, request: LimitRequest
    ) -> None:
        """Hold the application that opened the case against its dates (T2, G5)."""
        step = self._docket.step
        limit = self.compute(request)
        at = application.applied_at or received_at
        data: dict[str, JsonValue] = {"limit": limit.content(), "at": at.isoformat()}
        self._record(EntryKind.LIMIT_SET, f"{step}：{limit.zh}", data)
        if at >= limit.due:
            text = f"{limit.clause} {step}逾期提出，理由：{application.late_reason}"
            self._record(EntryKind.LATE, text, data)
        elif limit.target is not None and at >= limit.target:
            dates = f"目标{until(limit.target)}，期限{until(limit.due)}"
            text = f"{limit.clause} {step}已过目标日期，{dates}"
            self._record(EntryKind.TARGET_PASSED, text, data)
            self._clerk.notify("提醒", self._docket.applicant, f"{step}已过目标日期", limit.zh)

    def compute(self, request: LimitRequest) -> Limit:
        """Computed under the case's own policy; looked at again if the calendar is out of date."""
        return self._docket.reckoning.compute(request)

    def hold_to_january(self) -> None:
        """T6: from the opening to the end, whoever has the case is held to the exit's last day.

        Who opens a case after that day is in breach from the beginning.
        """
        docket = self._docket
        request = LimitRequest(clause="T6", year=docket.year)
        (watched,) = self.arm((request,), docket.holder, str(docket.route[-1]), key=T6)
        if watched.limit.due <= workflow.now():
            self._breach(watched)
            self._chase(watched, _STILL_OPEN)

    def pass_on(self) -> None:
        """T6: whoever has the case now is held to it from now on."""
        watch = self._docket.watch
        if T6 in watch:
            watch.pass_on(watch[T6], self._docket.holder)

    def arm(
        self,
        requests: tuple[LimitRequest, ...],
        office: Office,
        subject: str,
        key: str | None = None,
    ) -> list[Watched]:
        """Hold an office to limits from now on; a key other than the step's outlives the step."""
        limits = [self.compute(request) for request in requests]
        return self.hold(limits, office, subject, key)

    def hold(
        self, limits: Sequence[Limit], office: Office, subject: str, key: str | None = None
    ) -> list[Watched]:
        """Hold an office to limits that are computed already."""
        armed = []
        for limit in limits:
            data: dict[str, JsonValue] = {
                "limit": limit.content(),
                "office": str(office),
            }
            if limit.kind is LimitKind.FIXED and limit.due <= workflow.now() and key != T6:
                # The matter came after the date: it is nobody's breach who has it only now. Whose
                # case it is to open (T6) has missed it by opening it so late.
                text = f"{subject}：{limit.zh}收到时该日期已过。"
                self._record(EntryKind.LIMIT_SET, text, data)
                continue
            name = key or self.key(limit.request)
            armed.append(self._docket.watch.arm(name, limit, office, subject, workflow.now()))
            self._record(EntryKind.LIMIT_SET, f"{subject}：{limit.zh}", data)
        return armed

    def key(self, request: LimitRequest) -> str:
        """Under which key a limit of the present step is in force."""
        return f"{self._docket.step.id} {request.clause}"

    def speak(self) -> bool:
        """Let limits say what they have to say now, the nearest first; True where one did.

        Not more of them than can go on file in one turn: the rest speak in the next. What was
        missed before is told of once more, however much it is.
        """
        now = workflow.now()
        due = _first_of(self._docket.watch.due(now))
        alike: dict[str, list[Watched]] = {}
        for watched in due:
            alike.setdefault(_group(watched), []).append(watched)
        for watched in due:
            apart = len(alike[_group(watched)]) <= APART
            if watched.breached and not apart:
                self._docket.watch.hear(watched, now)
            else:
                self._say(watched, now, apart=apart)
        for those in alike.values():
            if len(those) > APART:
                self._say_together(those[0].office, those)
        return bool(due)

    @property
    def are_unsure(self) -> bool:
        """Whether a limit has come whose date no calendar of that time or later has confirmed."""
        docket, now = self._docket, workflow.now()
        asked_at = self._asked_at
        return docket.reckoning.is_unsure(now) or any(
            asked_at is None or each.limit.due > asked_at for each in docket.watch.guessed(now)
        )

    async def ask_for_calendar(self) -> None:
        """Have the calendar of today, before a date is judged by it or said to anybody."""
        reckoning = self._docket.reckoning
        reckoning.learn(await ask(CalendarOrder(known=reckoning.calendar.known)))
        # Asking may take days, if the registry is away: what has come meanwhile is looked at, too.
        self._asked_at = workflow.now()

    async def look_again(self) -> None:
        """Look again, before anything is judged, at dates that rest on an older calendar.

        And at those that have come and rested on a guess, over the calendar of today.
        """
        reckoning, watch = self._docket.reckoning, self._docket.watch
        if self.are_unsure:
            await self.ask_for_calendar()
        now = workflow.now()
        outdated = reckoning.take_outdated()
        again = [each for each in watch.in_force() if each.limit in outdated] if outdated else []
        for number, watched in enumerate([*again, *watch.guessed(now)], start=1):
            limit, guess = reckoning.compute_again(watched.limit.request), watched.limit
            # A date that has come is not moved back; nor is the end of a notice, which names it.
            may_be_earlier = number <= len(again) and watched.binding
            if limit.due > guess.due or (may_be_earlier and limit.due < guess.due):
                self._move(watched, limit)
            if number % AT_ONCE == 0:
                await end_turn()

    def _move(self, watched: Watched, limit: Limit) -> None:
        """Take the date that the calendar of today says."""
        guess = watched.limit
        self._docket.watch.move(watched, limit)
        if self._docket.posted == guess:
            self._docket.posted = limit
        if not watched.binding:
            # What was received on the guess came before its time.
            self._docket.lapse("公示期顺延", workflow.now())
        self._record(
            EntryKind.LIMIT_MOVED,
            f"{watched.subject}：原定{guess.last_day}，节假日安排公布后为 {limit.zh}",
            {"limit": limit.content()},
        )

    def _say(self, watched: Watched, now: datetime, *, apart: bool) -> None:
        """What one limit has to say; what offices are told of it apart, or with others."""
        limit, heard = watched.limit, watched.heard
        self._docket.watch.hear(watched, now)
        passed = now >= limit.due
        if not watched.binding:
            watched.over = passed
        elif limit.target is not None and heard < limit.target <= now and not passed:
            self._miss_target(watched)
        elif not passed:
            if apart:
                days = (limit.due - now) / timedelta(days=1)
                ahead = f"{watched.subject}距期限届满{days:.0f}日"
                self._clerk.notify("提醒", watched.office, ahead, limit.zh)
        else:
            self._breach(watched)
            if apart:
                self._chase(watched, _STILL_OPEN)

    def _say_together(self, office: Office, those: list[Watched]) -> None:
        """One notification for many limits: nobody reads a thousand, and each costs the case."""
        superior = self._docket.subject.superior(office)
        held = [each for each in those if each.binding]
        late = [each for each in held if each.breached]
        ahead = [each for each in held if not each.breached]
        if ahead:
            self._clerk.notify("提醒", office, f"{len(ahead)}项期限将届满", _listed(ahead))
        for told in (office, superior) if late and superior else (office,) if late else ():
            text = f"{_listed(late)}\n{_STILL_OPEN}"
            self._clerk.notify("逾期", told, f"{len(late)}项事项已逾期", text)

    def _miss_target(self, watched: Watched) -> None:
        """The narrow reading of a date has passed, the wide one has not: a mark and a reminder."""
        limit = watched.limit
        assert limit.target is not None
        dates = f"目标{until(limit.target)}，期限{until(limit.due)}"
        text = f"{limit.clause} {watched.subject}已过目标日期，{dates}"
        self._record(EntryKind.TARGET_PASSED, text, {"limit": limit.content()})
        self._clerk.notify("提醒", watched.office, f"{watched.subject}已过目标日期", limit.zh)

    def _chase(self, watched: Watched, then: str) -> None:
        """Tell those who are held to a limit, and those above them, that it was missed (G4)."""
        late = list(self._held_to(watched))
        above = [self._docket.subject.superior(office) for office in late]
        for office in dict.fromkeys([*late, *filter(None, above)]):
            text = f"{watched.limit.zh}现已逾期，{then}"
            self._clerk.notify("逾期", office, f"{watched.subject}已逾期", text)

    def _breach(self, watched: Watched) -> None:
        """G4: a missed limit goes on file, once; it decides nothing."""
        if watched.breached:
            return
        self._docket.watch.miss(watched)
        limit, offices = watched.limit, self._held_to(watched)
        names = "、".join(
            self._docket.name(office, workflow.now()) + (f"（{len(codes)}户）" if codes else "")
            for office, codes in offices.items()
        )
        data: dict[str, JsonValue] = {"limit": limit.content(), "office": str(watched.office)}
        if any(offices.values()):
            data["households"] = {str(office): list(codes) for office, codes in offices.items()}
        expected = self._docket.expected
        step = expected.step if expected is not None else self._docket.step
        where = f"，案件处于{step}环节" if watched.key == T6 else ""
        self._record(
            EntryKind.BREACH,
            f"{limit.clause} {watched.subject}逾期：{until(limit.due)}已过{where}，责任单位{names}",
            data,
        )

    def _held_to(self, watched: Watched) -> Mapping[Office, Sequence[str]]:
        """Who is held to a limit now; of a roster's T6 with the households that are in hand."""
        shared = self._docket.in_hand() if watched.key == T6 else {}
        return shared or {watched.office: ()}

    def judge(self, received: Received[Any], armed: list[Watched]) -> None:
        """G5: a late act is valid and marked. By when it was signed, else by when it came in."""
        at = received.signed
        for watched in armed:
            if at >= watched.limit.due:
                if not watched.breached:
                    self._breach(watched)
                    self._chase(watched, "事项已逾期办理。")
                due = until(watched.limit.due)
                self._record(
                    EntryKind.LATE,
                    f"{watched.limit.clause} {watched.subject}：逾期办理，期限{due}",
                    {"entry": received.seq, "at": at.isoformat()},
                )
            if watched.key != T6:  # until the end: some may be held back, or what was done lapses
                self._docket.watch.disarm(watched.key)

    def _record(self, kind: EntryKind, text: str, data: dict[str, JsonValue]) -> None:
        self._docket.record(kind, workflow.now(), text, data)


def _group(watched: Watched) -> str:
    """What is told together if it is much: what one office is late with; T6 may be of several."""
    return T6 if watched.key == T6 else watched.told


def _first_of(due: list[Watched]) -> list[Watched]:
    """Of the limits that speak, as many as can go on file at one go; those missed are there."""
    new = [each.key for each in due if not each.breached]
    if len(new) <= AT_ONCE:
        return due
    later = set(new[AT_ONCE:])
    return [each for each in due if each.key not in later]


def listed(lines: Sequence[str], more: str) -> str:
    """The first lines of a notification, and how many there are if that is not all of them."""
    return "\n".join([*lines[:_MOST_LISTED], *([more] if len(lines) > _MOST_LISTED else [])])


def _listed(those: Sequence[Watched]) -> str:
    lines = [f"{each.subject}：{until(each.limit.due)}" for each in those]
    return listed(lines, f"等{len(those)}项，见案卷")
