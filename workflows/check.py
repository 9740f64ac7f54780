"""The check of the installation, each night and on demand: looked at, kept, and told (G7)."""

from datetime import timedelta

from temporalio import workflow

from models.case.orders import Notification, Recipient
from models.checks.nightly import CheckDone, CheckOrder
from models.periods import beijing
from models.rounds import Round
from workflows.calls import ask, tell
from workflows.retries import A_CHECK

_TRIED_FOR = timedelta(hours=6)
"""The next night tells again."""


@workflow.defn(name="Check")
class CheckWorkflow:
    """核查: registry, files and server against each other."""

    @workflow.run
    async def run(self, called: Round) -> CheckDone:
        """Check, and tell the province's group of findings; the registry keeps them whole."""
        on = beijing(workflow.now()).date()
        done = await ask(CheckOrder(), A_CHECK)
        if done.total:
            told = Notification(
                case_id=workflow.info().workflow_id,
                seq=0,
                number=0,
                topic="核查",
                recipient=Recipient(name=done.tell_name, office=done.tell),
                subject=f"【核查】{on}发现{done.total}处不符",
                text=f"{done.said}。详见 exitflow check --last。",
            )
            await tell((told,), _TRIED_FOR)
        return done
