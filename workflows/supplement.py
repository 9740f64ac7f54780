"""补充归档 (F9, F15): what belongs to a case, in a file of its own beside it."""

from datetime import datetime
from typing import Any

from temporalio import workflow

from models.case.documents import described
from models.case.ledger import EntryKind
from models.case.messages import Act, Ending, Outcome
from models.case.reception import Reception
from models.procedures import SUPPLEMENT
from models.refusals import Refusal
from models.supplement import AdmitSupplement, SupplementOpening
from workflows.case import Case
from workflows.doors import CaseWorkflow
from workflows.opening import docket_of


class SupplementReception(Reception):
    """It takes nothing: what belongs to the same case comes in a supplement of its own."""

    def check(self, kind: str, payload: Any, now: datetime) -> Any:
        """Refuse.

        Raises:
            Refusal: always.
        """
        raise Refusal(f"{kind}: a supplement takes nothing; send it to the case it belongs to")


@workflow.defn(name=SUPPLEMENT.workflow)
class SupplementWorkflow(CaseWorkflow):
    """One document, bound to the kept file it belongs to."""

    @workflow.init
    def __init__(self, opening: SupplementOpening) -> None:
        self.opening = opening
        document = opening.application.document
        docket = docket_of(
            SUPPLEMENT,
            opening,
            signed=document.at,
            office=document.office,
        )
        self.case = Case(docket, arrived=opening.received_at)
        self.reception = SupplementReception(docket, vet=_no_acts)
        self.begin()

    @workflow.run
    async def run(self, opening: SupplementOpening) -> Outcome:
        """One step."""
        return await self.case.walk((self.case.docket.step, self.supplement))

    async def supplement(self) -> None:
        """F9: on file, as an entry that names the last kept one of the case's file."""
        case, application = self.case, self.opening.application
        of, document = application.of, application.document
        ended = "" if document.deliveries else "已办结，"
        await case.admit(
            AdmitSupplement,
            self.opening,
            f"补充归档：{of.case_id}{ended}案卷至第{of.entries}条（{of.head[:12]}）",
        )
        name = case.docket.name(document.office, case.now())
        case.docket.record(
            EntryKind.DOCUMENT,
            case.now(),
            described(document, name),
            {
                "document": document.content(),
                "belongs_to": of.case_id,
                "entries": of.entries,
                "head": of.head,
            },
            actor=f"{document.office} {document.officer}",
        )
        raise case.end(
            Ending.CONCLUDED, document.office, f"归入{of.case_id}", document.document_number
        )


def _no_acts(act: Act, now: datetime) -> None:
    """No act gets so far."""
