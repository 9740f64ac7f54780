"""民主评议 (H1): how a roster is received, voted on and drafted, and voted on again."""

from collections.abc import Iterable

from pydantic import JsonValue

from models.appraisals import Meeting, Proposal
from models.case.ledger import EntryKind
from models.case.messages import Act, Ending
from models.register.households import PovertyLine
from models.roster.admission import AdmitRoster
from models.roster.households import Roster, roster_of
from models.roster.messages import RosterOpening
from workflows.case import Case


class RosterDraft:
    """The draft of a roster (初步拟定贫困户退出名单)."""

    def __init__(self, case: Case, opening: RosterOpening) -> None:
        self._case = case
        self._docket = case.docket
        self._opening = opening
        self._village = opening.subject

    @property
    def _roster(self) -> Roster:
        roster = roster_of(self._docket)
        assert roster is not None
        return roster

    async def receive(self) -> None:
        """Hold the roster against plan, register and votes (G6, G9, S7), and judge it by S1."""
        case, application = self._case, self._opening.application
        proposals = application.appraisal.households
        known = await case.admit(
            AdmitRoster,
            self._opening,
            f"收到{self._village.name}{application.year}年度贫困户退出名单，{len(proposals)}户",
        )
        roster = self.drawn_up(known.line)
        facts = {each.code: each for each in known.households}
        for proposal in proposals:
            roster.add(facts[proposal.household], self._docket.basis)
        self._docket.own = roster
        self.file_plan_additions(proposals, known.unplanned)
        self.count(application.appraisal.meeting, proposals)
        self._file_draft()
        if application.late_reason is not None:
            case.record(EntryKind.LATE, f"名单逾年度提出，理由：{application.late_reason}")
        case.limits.hold_to_january()

    def drawn_up(self, line: PovertyLine) -> Roster:
        """A roster without a household yet."""
        return Roster(
            line=line,
            standards=self._opening.policy.standards,
            verifiers=tuple(office.body for office in self._village.verifiers),
            objections=self._docket.objections,
        )

    def vote_again(self, act: Act) -> None:
        """A renewed appraisal (G3): who is not voted for again leaves the roster."""
        assert act.appraisal is not None
        voted = {proposal.household for proposal in act.appraisal.households}
        for candidate in self._roster.unfinished:
            candidate.begin_again(self._docket.basis)
            if candidate.code not in voted:
                candidate.leave("重新评议未列入名单")
        self.count(act.appraisal.meeting, act.appraisal.households)
        self._file_draft()

    def count(self, meeting: Meeting, proposals: Iterable[Proposal]) -> None:
        """H1: who has no majority leaves the roster."""
        policy = self._opening.policy.appraisal
        for proposal in proposals:
            candidate = self._roster[proposal.household]
            if candidate.unfinished and not policy.has_majority(
                proposal.in_favour, meeting.present
            ):
                candidate.leave(f"民主评议未通过：{proposal.in_favour}/{meeting.present}票")

    def _file_draft(self) -> None:
        """The roster as the meeting drafted it, with what the register says of everybody (S1)."""
        roster = self._roster
        staying = len(roster.unfinished)
        failing: dict[str, JsonValue] = {
            each.code: [finding.zh for finding in roster.failed(each)]
            for each in roster.unfinished
            if roster.failed(each)
        }
        left = len(roster.candidates) - staying - len(roster.struck_off)
        unvoted = f"，{left}户未列入" if left else ""
        self._case.record(
            EntryKind.ROSTER_CHANGED,
            f"民主评议初步拟定退出名单{staying}户，其中对照标准未达标{len(failing)}户{unvoted}",
            {
                "line": roster.line.content(),
                "households": [each.facts.content() for each in roster.unfinished],
                "not_met": failing,
                "courses": roster.take_changes(),
            },
        )
        if not staying:
            raise self._case.end(Ending.NOT_EXITED, "case", "民主评议未列入任何一户")

    def file_plan_additions(self, proposals: Iterable[Proposal], unplanned: Iterable[str]) -> None:
        """G6 应退则退: who is outside the year's plan is added to it, with a reason."""
        missing = set(unplanned)
        added: dict[str, JsonValue] = {
            proposal.household: proposal.plan_addition.content()
            for proposal in proposals
            if proposal.household in missing and proposal.plan_addition is not None
        }
        if added:
            text = f"{len(added)}户列入年度计划"
            self._case.record(EntryKind.PLAN_ADDITION, text, {"households": added})
