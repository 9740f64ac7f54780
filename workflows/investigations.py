"""Objections, reports and pleas: accepted, investigated under T7, answered (G1, G2, F6)."""

from collections.abc import Callable

from temporalio import workflow

from models.docket import Docket
from models.inbox import OpenObjection, Received
from models.ledger import EntryKind
from models.messages import Finding, Resolution
from models.orders import Recipient
from models.periods import LimitRequest
from workflows.clerk import Clerk
from workflows.timekeeper import Timekeeper


class Investigations:
    """What the publishing body has to look into."""

    def __init__(self, docket: Docket, clerk: Clerk, limits: Timekeeper) -> None:
        self._docket = docket
        self._clerk = clerk
        self._limits = limits

    async def accept(self) -> None:
        """Received, then accepted: the publishing body has each on its desk, under T7."""
        for objection in list(self._docket.objections.values()):
            if not objection.accepted:
                await self._accept(objection)

    def resolve(
        self, before: int, uphold: Callable[[OpenObjection, Resolution], None]
    ) -> list[Received[Resolution]]:
        """Upheld or dismissed: answer everybody.

        Args:
            before: Only results of earlier entries than this one.
            uphold: Told of what is upheld to a part of the subject.

        Returns:
            What is upheld to the subject itself.
        """
        upheld = []
        for objection in self._docket.objections.values():
            result = objection.resolution
            if result is not None and result.seq < before and not objection.answered:
                self._limits.judge(result, [self._docket.watch[_subject(objection)]])
                self._answer(objection, result.message)
                if result.message.finding is Finding.DISMISSED:
                    continue
                if objection.received.message.household is None:
                    upheld.append(result)
                else:
                    uphold(objection, result.message)
        return upheld

    def end(self, ending: str) -> None:
        """The case ends, and every investigation with it: on file, and answered (G1).

        Args:
            ending: How the case ends, in Chinese.
        """
        for objection in self._docket.objections.values():
            if objection.answered:
                continue
            result = objection.resolution
            if result is not None:
                self._answer(objection, result.message)
                continue
            self._docket.record(
                EntryKind.LAPSED,
                workflow.now(),
                f"{_subject(objection)}未办结，因{ending}终止调查",
                {"entry": objection.received.seq},
            )
            self._tell_objector(objection, f"该事项已办结（{ending}），调查随之终止。")

    async def _accept(self, objection: OpenObjection) -> None:
        objection.accepted = True
        docket, subject = self._docket, _subject(objection)
        office, now = docket.publisher, workflow.now()
        docket.record(
            EntryKind.OBJECTION_ACCEPTED,
            now,
            f"受理{subject}，由{docket.name(office, now)}调查",
            {"objection_id": objection.received.message.id},
        )
        request = LimitRequest(clause="T7", start=objection.received.at)
        (watched,) = await self._limits.arm((request,), office, subject, key=subject)
        self._clerk.notify("异议", office, f"{subject}待调查", watched.limit.zh)

    def _answer(self, objection: OpenObjection, result: Resolution) -> None:
        upheld = result.finding is Finding.UPHELD
        said = f"您反映的情况，经调查{'成立' if upheld else '不成立'}。{result.reason}"
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
