"""Setting deliveries going: each is an activity of its own on the server, and under no workflow.

The server tries it for days, shows it in the Web UI, and remembers under its id that it is done, as
long as it keeps what has ended. So a ring that comes twice delivers once, and a registry that was
restored from an older copy learns from the server what was delivered.
"""

import asyncio
import logging
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import ActivityIDConflictPolicy, ActivityIDReusePolicy
from temporalio.exceptions import ActivityAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.notifications.outbox import Outbox
from models.case.orders import Delivered, Delivery
from models.texts.characters import markdown
from workers.keys import Keyring
from workers.seal import sealed_client
from workflows.retries import delivering

_WITHIN = 30.0
"""Seconds in which the server has to answer."""

_EVERY = 3600.0
"""Seconds after which a worker looks for what was not set going."""

_log = logging.getLogger(__name__)


class Bell:
    """Rings for activities, which work in threads; made in the loop that sends.

    Args:
        queue: Where deliveries are done.
    """

    def __init__(self, client: Client, ring: Keyring, queue: str) -> None:
        self._client, self._queue = sealed_client(client, ring), queue
        self._loop = asyncio.get_running_loop()

    def __call__(self, order: Delivery, tried_for: timedelta) -> tuple[Delivered, ...] | None:
        """Set a delivery going; or answer what came of it, if that is done.

        A server that takes no standalone activities holds up nothing but what is told.

        Raises:
            RPCError, TimeoutError: if the server does not answer.
        """
        ringing = self._ring(order, tried_for)
        return asyncio.run_coroutine_threadsafe(ringing, self._loop).result(_WITHIN)

    async def _ring(self, order: Delivery, tried_for: timedelta) -> tuple[Delivered, ...] | None:
        terms = delivering(tried_for)
        try:
            await self._client.start_activity(
                order.activity,
                order,
                id=order.id,
                task_queue=self._queue,
                start_to_close_timeout=terms.attempt,
                schedule_to_close_timeout=terms.in_all,
                retry_policy=terms.retries,
                summary=markdown(order.summary),
                id_conflict_policy=ActivityIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=ActivityIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.UNIMPLEMENTED:
                raise
            # No telling ever holds up a case: this waits in the outbox until the server takes it.
            _log.warning("%s waits: the server takes no standalone activities", order.id)
            return None
        except ActivityAlreadyStartedError:
            known = self._client.get_activity_handle(order.id, result_type=Delivery.answer())
            results: tuple[Delivered, ...] = await known.result()
            return results
        return None


async def set_going_in_background(outbox: Outbox) -> None:
    """Beside a worker, set going what was not, as after a restart; it never holds the worker up."""
    while True:
        try:
            left = await asyncio.to_thread(outbox.left)
            await asyncio.to_thread(outbox.deliver, left)
        except Exception as error:  # no reason to end the worker
            _log.warning(
                "deliveries could not be set going; they are tried again in an hour: %s", error
            )
        await asyncio.sleep(_EVERY)
