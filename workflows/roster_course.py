"""The households of a roster on their way: what happens to each, beside the step the case is at."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import cached_property, partial

from pydantic import JsonValue

from models.appraisals import Proposal
from models.case.ledger import EntryKind
from models.case.limits import Watched
from models.case.mailbox import OpenObjection, Received
from models.case.messages import Act, Decision, Ending, Outcome, Resolution
from models.case.state import Docket
from models.notices import PostedRoster
from models.periods import beijing
from models.policy import Body
from models.procedures import ENDINGS, H1, H2, H3, H4
from models.roster.handover import Kept, RosterOwn
from models.roster.households import Candidate, Roster, roster_of
from models.roster.messages import Amendment, LookUpOrder, RosterChange, RosterOpening
from models.roster.orders import posted_roster, roster_change, shown
from models.roster.turns import in_hand, whose_turn
from workflows.case import Case
from workflows.roster_draft import RosterDraft
from workflows.waiting import Beside

_FAULTS_SAID = 5
"""How many faults of the register a sentence tells; the entry has all."""


class _NobodyLeft(Exception):
    """Whoever was to be posted has refused meanwhile; or whoever was to leave is held back."""


class RosterCourse(Beside):
    """Posts who is ready, looks up who is added or changed, strikes off who is cleared.

    Args:
        ready: Called when the first step is over, for what came in before: the roster is there, or
            was not admitted.
    """

    case: Case

    def __init__(self, docket: Docket, opening: RosterOpening, ready: Callable[[], None]) -> None:
        self._docket = docket
        self._opening = opening
        self._village = opening.subject
        self._ready = ready
        self._notices = 0
        self._round = 1
        docket.in_hand = partial(in_hand, docket)

    @property
    def roster(self) -> Roster:
        """The roster, once it is there."""
        roster = roster_of(self._docket)
        assert roster is not None
        return roster

    @cached_property
    def draft(self) -> RosterDraft:
        """The appraisal (H1), which is voted on in the course of the case, too."""
        return RosterDraft(self.case, self._opening)

    # -- from one run to the next ---------------------------------------------------------------

    def own_state(self) -> RosterOwn:
        """What the next run has to know."""
        roster = self.roster
        return RosterOwn(
            line=roster.line,
            publish_now=roster.publish_now,
            notices=self._notices,
            round=self._round,
            households=tuple(map(Kept.of, roster.candidates.values())),
        )

    def restore(self, own: RosterOwn) -> None:
        """Go on where an earlier run stood."""
        docket = self._docket
        roster = docket.own = self.draft.drawn_up(own.line)
        postings = {each.watched.key: each.watched for each in docket.notices.values()}
        for household in own.households:
            roster.add(household.facts, household.begins)
            household.restore(roster[household.facts.code], postings)
        roster.publish_now = own.publish_now
        roster.take_changes()  # they are on file
        self._notices, self._round = own.notices, own.round
        self._ready()

    # -- H2 -----------------------------------------------------------------------------------

    async def open_verification(self) -> None:
        """Ask those who verify."""
        self.begin_round()
        self.roster.publish_now = False
        now, docket = self.case.now(), self._docket
        names = "、".join(docket.name(office, now) for office in self._village.verifiers)
        self.case.record(EntryKind.STEP_OPENED, f"{H2}：由{names}核实，并由拟退出贫困户认可")
        self._ask_to_verify(self.roster.unfinished)
        self._ready()

    def _ask_to_verify(self, those: list[Candidate]) -> None:
        for office in self._village.verifiers:
            waiting = [
                each for each in those if each.unfinished and office.body not in each.verified
            ]
            if waiting:
                text = f"名单{len(waiting)}户待核实，核实后由各户认可。"
                self.case.clerk.notify("办理", office, f"{H2}待办", text)

    def has_whom_to_post(self) -> bool:
        """Whether everybody is through with H2, or the committees post who is."""
        roster = self.roster
        return roster.settled or (roster.publish_now and bool(roster.ready()))

    # -- H3 -----------------------------------------------------------------------------------

    async def open_publicity(self) -> None:
        """Post everybody who is ready."""
        self.begin_round()
        publisher = self._docket.name(self._docket.publisher, self.case.now())
        self.case.record(EntryKind.STEP_OPENED, f"{H3}：由{publisher}在村内发布公示")
        self._docket.expected = None
        await self._post()

    async def _post(self) -> None:
        """G1: what is added or changed after a notice gets one of its own, and its own period."""
        ready = self.roster.ready()
        if not ready:
            return
        for candidate in ready:
            candidate.being_posted = True
        try:
            with suppress(_NobodyLeft):
                await self._publish(list(ready))
        finally:
            self._docket.posting = False
            for candidate in ready:
                candidate.being_posted = False

    async def _publish(self, ready: list[Candidate]) -> None:
        """Post those who are still ready when the registry is asked to; who refuses is left out."""
        number = self._notices + 1

        def to_post() -> PostedRoster:
            still = self.roster.ready()
            ready[:] = [each for each in ready if each in still]
            if not ready:
                raise _NobodyLeft
            return posted_roster(self._opening, ready, number)

        published = await self.case.publish(to_post)
        self._notices = number
        key, subject = f"{H3.id} {number}", f"{H3}（第{number}号）"
        watched = self.case.postings.stands(published, key, subject)
        for candidate in ready:
            candidate.posting = watched
        standing = {each.posting.key for each in self.roster.candidates.values() if each.posting}
        self._docket.put_out_of_force(lambda notice: notice.watched.key not in standing)
        posted: dict[str, JsonValue] = {
            each.code: [shown(each, self._opening), each.facts.group, each.facts.size]
            for each in ready
        }
        courses = self.roster.take_changes()
        self.case.posted(published, households=posted, courses=courses)

    # -- H4 -----------------------------------------------------------------------------------

    def has_whom_to_strike_off(self) -> bool:
        """Whether somebody's publicity is over without an open objection."""
        return bool(self.roster.cleared())

    async def carry_out(self, act: Act) -> None:
        """Do with the households of an act what the county decided of them."""
        # The act may have come before the case has looked at its clock, and on a guessed date.
        await self.case.limits.look_again()
        those = [self.roster[code] for code in act.households if self.roster[code].unfinished]
        match act.decision:
            case Decision.APPROVE:
                over = self.roster.over(self.case.now())
                await self._strike_off([each for each in those if each in over], act)
            case Decision.RETURN:
                self._send_back(those, self._docket.basis)
                self._file(f"退回至{H2} {len(those)}户：{act.reason}")
            case _:
                self._leave(those, f"县级未批准：{act.reason}")

    async def _strike_off(self, those: list[Candidate], act: Act) -> None:
        """Announced and struck off in one transaction; what the register says otherwise is not."""
        if not those:
            self._file("待销号各户均有未办结异议，暂不销号")
            return
        for candidate in those:
            candidate.being_struck_off = True

        def ordered(seq: int) -> RosterChange:
            now = self.case.now()
            if not all(each.being_struck_off for each in those):
                self._keep_whom_nothing_stops(those, now)
            return roster_change(self._docket, self._opening, those, act, seq, now)

        try:
            _, result = await self.case.ordered(ordered)
        except _NobodyLeft:
            self._file("待销号各户均有未办结异议，暂不销号")
            return
        for candidate in those:
            candidate.being_struck_off = False
            candidate.struck_off = candidate.code in result.households
            if candidate.code in result.conflicts:
                candidate.leave(result.conflicts[candidate.code])
        struck, since = len(result.households), beijing(self._docket.basis).date()
        said = [f"{struck}户自{since}起在建档立卡贫困户中销号"] if struck else []
        said += [f"{len(result.changed)}户登记内容在公示后有变更"] if result.changed else []
        said += [f"{len(result.conflicts)}户与登记不符，不予销号"] if result.conflicts else []
        notice = result.notice
        self.case.record(
            EntryKind.REGISTER_CHANGE if struck else EntryKind.ROSTER_CHANGED,
            f"{'，'.join(said)}（{act.document_number}）"
            + (f"，{notice.announced_zh}" if notice else ""),
            {
                "notice": notice.content() if notice else None,
                "effective_on": since.isoformat(),
                "households": list(result.households),
                "courses": self.roster.take_changes(),
            },
        )
        if result.changed:
            await self._look_up(result.changed, "登记内容在公示后有变更")

    def _keep_whom_nothing_stops(self, those: list[Candidate], now: datetime) -> None:
        """The case was mended: whom something concerns that it had forgotten is held back (G1)."""
        over = self.roster.over(now)
        those[:] = [each for each in those if each in over]
        if not those:
            raise _NobodyLeft
        for candidate in those:
            candidate.being_struck_off = True

    # -- beside the steps -----------------------------------------------------------------------

    async def attend(self) -> None:
        """Look up who is added or changed; post who has become ready; see whose turn it is."""
        docket, roster = self._docket, roster_of(self._docket)
        if roster is None:
            return
        await self._look_again()
        while roster.amendments:
            await self._amend(roster.amendments.pop(0))
        if docket.step in (H3, H4):
            await self._post()
        for notice in docket.notices.values():
            if notice.watched.over:
                docket.watch.disarm(notice.watched.key)
        self._file_who_is_held()
        if docket.waiting_acts(H4) and not roster.over(self.case.now()):
            # It was decided on what stood then, and does not wait for what comes of it.
            docket.lapse("各户异议未办结或须重新公示", self.case.now())
        docket.expected = whose_turn(docket)
        if not roster.unfinished and not docket.waiting_acts(H4):
            raise self.case.end(Ending.NOT_EXITED, "case", "名单中已无待退出户")

    async def _look_again(self) -> None:
        """G3: who was sent back is judged by what the register says now."""
        stale = self.roster.stale
        for candidate in stale:
            candidate.stale = False
        if stale:
            await self._look_up(tuple(each.code for each in stale), "退回后重新核对")

    def _file_who_is_held(self) -> None:
        """G1: an objection holds households back, and lets them go again when it is settled."""
        moved = self.roster.take_changes()
        if not moved:
            return
        held = sum(self.roster.is_held(self.roster[code]) for code in moved)
        said = [f"{held}户因异议暂缓"] if held else []
        said += [f"{len(moved) - held}户恢复办理"] if len(moved) > held else []
        self.case.record(EntryKind.ROSTER_CHANGED, "，".join(said), {"courses": moved})

    def uphold(self, objection: OpenObjection, result: Resolution) -> None:
        """An upheld objection to one household: out, verified again, or posted again (G1)."""
        code = objection.received.message.household
        if code is None or code not in self.roster or not self.roster[code].unfinished:
            if self.has_changed(objection):
                self.case.tell_of_report(result)
            return  # it named nobody here, or who has left meanwhile
        candidate = self.roster[code]
        match result.return_to:
            case H2.id:
                self._send_back([candidate], result.at or self.case.now())
                said = f"退回至{H2}"
            case H3.id:
                candidate.post_again()
                said = "重新公示"
            case _:
                candidate.leave(f"异议成立：{result.reason}")
                said = "不列入退出名单"
        why = "经复核，异议成立" if objection.is_review else f"{objection.word}成立"
        self._file(f"户{candidate.code}{said}：{why}，理由：{result.reason}")

    def has_changed(self, objection: OpenObjection) -> bool:
        code, roster = objection.received.message.household, self.roster
        return code is None or (code in roster and roster[code].struck_off)

    def taken_down(self, notice: Watched) -> bool:
        """T1: whoever stands in it, and is not struck off, is posted again for all of the days."""
        those = [each for each in self.roster.stoppable if each.posting is notice]
        for candidate in those:
            candidate.post_again()
        if those:
            self._file(f"{len(those)}户重新公示：公示未满期即被撤下")
        return True

    def conclude(self, outcome: Outcome) -> Outcome:
        """The roster has exited as far as somebody was struck off; the rest stays registered."""
        self._ready()
        roster = roster_of(self._docket)
        if roster is None:
            return outcome
        if roster.unfinished:
            self._leave(roster.unfinished, f"{ENDINGS[outcome.ending]}：{outcome.reason}")
        struck, total = len(roster.struck_off), len(roster.candidates)
        if not struck:
            return outcome
        left = f"，{total - struck}户未退出" if total > struck else ""
        return outcome.model_copy(
            update={
                "ending": Ending.EXITED,
                "by": str(self._village.office(H4.body)),
                "reason": f"{struck}户脱贫销号{left}",
            }
        )

    async def _amend(self, received: Received[Amendment]) -> None:
        """G1: entries taken again, or households added, each with its own course from here."""
        amendment = received.message
        codes = tuple(
            each.household
            for each in amendment.households
            if each.household in self.roster and self.roster[each.household].unfinished
        )
        added = [each for each in amendment.households if each.household not in self.roster]
        unplanned = await self._look_up(codes, amendment.reason, tuple(added), received.signed)
        self.draft.file_plan_additions(added, unplanned)
        joined = [proposal for proposal in added if proposal.household in self.roster]
        if amendment.meeting is not None and joined:
            self.draft.count(amendment.meeting, joined)
            self._file(f"补充评议{len(joined)}户")
            if self._docket.step != H1:
                self._ask_to_verify([self.roster[each.household] for each in joined])

    async def _look_up(
        self,
        codes: tuple[str, ...],
        why: str,
        added: tuple[Proposal, ...] = (),
        drafted_at: datetime | None = None,
    ) -> tuple[str, ...]:
        """Take entries again from the register; they are judged (S1) and posted again."""
        docket, roster = self._docket, self.roster
        _, found = await self.case.ordered(
            lambda seq: LookUpOrder(
                case_id=docket.case_id,
                seq=seq,
                village=self._village,
                year=docket.year,
                now=self.case.now(),
                households=codes,
                added=added,
            ),
        )
        for facts in found.households:
            if facts.code not in roster:
                roster.add(facts, drafted_at or self.case.now())
                continue
            candidate = roster[facts.code]
            candidate.facts = facts
            candidate.post_again()
            decided = Body.VILLAGE_COMMITTEES in candidate.verified
            if candidate.unfinished and decided and roster.failed(candidate):
                candidate.leave(roster.why_it_fails(candidate))
        for code, fault in found.faults.items():
            if code in roster and roster[code].unfinished:
                roster[code].leave(f"与登记不符：{fault}")
        faults = list(found.faults.items())
        said = "；".join(f"{code} {fault}" for code, fault in faults[:_FAULTS_SAID])
        refused = f"，{len(faults)}户未列入：{said}" if faults else ""
        self._file(
            f"从登记中重新取得{len(found.households)}户（{why}）{refused}",
            {
                "households": [each.content() for each in found.households],
                "faults": dict(found.faults),
            },
        )
        if faults:
            self.case.clerk.notify("退回", docket.applicant, f"{len(faults)}户未列入名单", said)
        return found.unplanned

    def begin_round(self) -> None:
        """A new round (G3): everybody still on the way passes again through what follows."""
        docket = self._docket
        if self._round == docket.round:
            return
        self._round = docket.round
        for candidate in self.roster.unfinished:
            if docket.step == H3:
                candidate.post_again()
            else:
                candidate.begin_again(docket.basis)
        self._file(f"第{docket.round}轮：{len(self.roster.unfinished)}户自{docket.step}起重新办理")

    def _send_back(self, those: list[Candidate], at: datetime) -> None:
        """Some return to verification (H2), the others go on."""
        for candidate in those:
            candidate.begin_again(at)
        self._ask_to_verify(those)

    def _leave(self, those: list[Candidate], why: str) -> None:
        for candidate in those:
            candidate.leave(why)
        self._file(f"{len(those)}户未退出：{why}")

    def _file(self, text: str, data: dict[str, JsonValue] | None = None) -> None:
        courses = self.roster.take_changes()
        self.case.record(EntryKind.ROSTER_CHANGED, text, {"courses": courses, **(data or {})})
