"""Objections, reports, pleas, reviews: accepted, looked into in time (T7, G1), answered (F6)."""

from collections.abc import Callable
from itertools import takewhile

from temporalio import workflow

from models.case.ledger import EntryKind
from models.case.mailbox import OpenObjection, Received
from models.case.messages import Finding, Resolution
from models.case.orders import Recipient
from models.case.state import Docket
from models.offices import Office
from models.periods import LimitRequest
from workflows.clerk import Clerk
from workflows.line import end_turn
from workflows.timekeeper import APART, AT_ONCE, Timekeeper, listed


class Investigations:
    """What the bodies that investigate have to look into."""

    def __init__(self, docket: Docket, clerk: Clerk, limits: Timekeeper) -> None:
        self._docket = docket
        self._clerk = clerk
        self._limits = limits

    async def accept(self) -> None:
        """Received, then accepted: who investigates or reviews has each on the desk, in time."""
        docket = self._docket
        while docket.to_accept:
            batch, docket.to_accept = docket.to_accept[:AT_ONCE], docket.to_accept[AT_ONCE:]
            for objection in batch:
                self._accept(objection)
            offices = dict.fromkeys(each.investigator for each in batch)
            for office in offices:
                self._tell(office, [each for each in batch if each.investigator == office])
            if docket.to_accept:
                await end_turn()

    async def resolve(
        self, acts_from: Callable[[], int], uphold: Callable[[OpenObjection, Resolution], None]
    ) -> list[Received[Resolution]]:
        """Upheld or dismissed: answer everybody.

        Args:
            acts_from: Only results of earlier entries than this one.
            uphold: Told of what is upheld to a part of the subject.

        Returns:
            What is upheld to the subject itself.
        """
        upheld: list[Received[Resolution]] = []
        while self._docket.to_answer:
            waiting = self._docket.to_answer
            due = _due(waiting[:AT_ONCE], acts_from())
            if not due:
                break
            del waiting[: len(due)]
            for objection in due:
                result = objection.resolution
                assert result is not None
                self._limits.judge(result, [self._docket.watch[_subject(objection)]])
                self._answer(objection, result.message)
                if result.message.finding is Finding.DISMISSED:
                    continue
                if objection.received.message.household is None:
                    upheld.append(result)
                else:
                    uphold(objection, result.message)
            if waiting:
                await end_turn()
        return upheld

    async def end(self, ending: str) -> None:
        """The case ends, and every investigation with it: on file, and answered (G1).

        Args:
            ending: How the case ends, in Chinese.
        """
        left = [each for each in self._docket.objections.values() if not each.answered]
        for number, objection in enumerate(left, start=1):
            result = objection.resolution
            if result is not None:
                self._answer(objection, result.message)
            else:
                self._docket.record(
                    EntryKind.LAPSED,
                    workflow.now(),
                    f"{_subject(objection)}未办结，因{ending}终止调查",
                    {"entry": objection.received.seq},
                )
                self._tell_objector(objection, f"该事项已办结（{ending}），调查随之终止。")
            if number % AT_ONCE == 0:
                await end_turn()
        self._docket.to_accept.clear()
        self._docket.to_answer.clear()

    def _accept(self, objection: OpenObjection) -> None:
        objection.accepted = True
        docket, subject = self._docket, _subject(objection)
        office, now = objection.investigator, workflow.now()
        docket.record(
            EntryKind.OBJECTION_ACCEPTED,
            now,
            f"受理{subject}，由{docket.name(office, now)}{_what_is_done(objection)}",
            {"objection_id": objection.received.message.id},
        )
        self._limits.arm((_limit_of(objection),), office, subject, key=subject)

    def _tell(self, office: Office, batch: list[OpenObjection]) -> None:
        """Of each, if they are few; of many that came together, once."""
        until = {_subject(each): self._docket.watch[_subject(each)].limit.zh for each in batch}
        if len(batch) <= APART:
            for each in batch:
                subject = _subject(each)
                title = f"{subject}待{_what_is_done(each)}"
                self._clerk.notify("异议", office, title, until[subject])
            return
        lines = [f"{subject}：{said}" for subject, said in until.items()]
        text = listed(lines, f"等{len(batch)}件，见案卷")
        self._clerk.notify("异议", office, f"{len(batch)}件异议待调查", text)

    def _answer(self, objection: OpenObjection, result: Resolution) -> None:
        by = "经复核，" if objection.is_review else ""
        said = f"您反映的情况，{by}{objection.came_to(result.finding)}，理由：{result.reason}"
        above = self._docket.subject.superior(objection.investigator)
        last = result.finding is Finding.UPHELD or objection.is_review or objection.pleader
        if above is not None and not last:
            name = self._docket.name(above, workflow.now())
            said += (
                "\n对调查结论不服的，可以在最终决定作出前，以提出异议时的姓名和联系方式"
                f"向{name}申请复核一次。"
            )
        self._tell_objector(objection, said)

    def _tell_objector(self, objection: OpenObjection, said: str) -> None:
        """Who gave a name is answered, once (G1); so is an office that pleads (F6)."""
        objection.answered = True
        person = objection.received.message
        if objection.pleader is not None:
            self._clerk.notify("答复", objection.pleader, f"{_subject(objection)} 的答复", said)
        if person.objector is not None:
            recipient = Recipient(name=person.objector, contact=person.contact)
            self._clerk.send("答复", recipient, f"{_subject(objection)} 的答复", said)


def _subject(objection: OpenObjection) -> str:
    """What an objection is called, in Chinese; also the key of its limit."""
    return f"{objection.word} {objection.received.message.id}"


def _limit_of(objection: OpenObjection) -> LimitRequest:
    """Who investigates is under T7; who reviews is under a limit of his own (G1)."""
    clause = "G1" if objection.is_review else "T7"
    return LimitRequest(clause=clause, start=objection.received.at)


def _what_is_done(objection: OpenObjection) -> str:
    """What its investigation is called, in Chinese."""
    return "复核" if objection.is_review else "调查"


def _due(waiting: list[OpenObjection], before: int) -> list[OpenObjection]:
    """The first of those with a result that can be answered; what follows is later still."""
    return list(takewhile(lambda each: each.is_due(before), waiting))
