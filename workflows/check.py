"""The check of the installation, each night and on demand: looked at, kept, and told (G7)."""

from datetime import timedelta

from temporalio import workflow

from models.checks import CheckDone
from models.orders import Delivery, Notification, Recipient
from models.periods import beijing
from models.rounds import Round
from workflows import calls

_GIVE_UP_AFTER = timedelta(days=3)


@workflow.defn(name="Check")
class CheckWorkflow:
    """核查: registry, files and server against each other."""

    @workflow.run
    async def run(self, called: Round) -> CheckDone:
        """Check, and tell the province's group of findings; the registry keeps them whole."""
        on = beijing(workflow.now()).date()
        done = await calls.check_installation(called)
        if done.total:
            told = Notification(
                case_id=workflow.info().workflow_id,
                number=1,
                seq=1,
                topic="核查",
                recipient=Recipient(name=done.tell_name, office=done.tell),
                subject=f"【核查】{on}发现{done.total}处不符",
                text=f"{done.said}。详见 exitflow check --last。",
            )
            for attempt in await calls.notify((told,), _GIVE_UP_AFTER):
                if attempt.error is not None and not attempt.final:
                    delivery = Delivery(notification=told, channel=attempt.channel)
                    await calls.deliver(delivery, _GIVE_UP_AFTER)
        return done
