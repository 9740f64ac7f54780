"""Telling offices and people (T8, G1, G4): into the outbox, and out of it on every channel."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Engine
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.notifications import mail, webhooks
from activities.notifications.channels import (
    Channel,
    ChannelError,
    DingtalkChannel,
    FeishuChannel,
    FileChannel,
    SmtpChannel,
    WebhookChannel,
    WecomChannel,
)
from activities.notifications.failures import OUTAGE, outage, undeliverable
from activities.notifications.logbook import Logbook
from activities.notifications.outbox import Outbox
from activities.warrants import asked_by, not_warranted
from models.case.orders import Delivered, Delivery, Notification, Recipient, TellOrder
from models.identity import is_case
from registry.cases.outbox import Waiting
from registry.database.engine import claim, writing

SECONDS = 30.0
"""The whole of one delivery; each wait in it has a shorter limit, which a dripping peer evades."""

AT_ONCE = 8
"""Deliveries under way at the same time, of one entry."""


class Senders:
    """The configured channels.

    Raises:
        ChannelError: if two channels have one name.
    """

    def __init__(self, channels: Sequence[Channel]) -> None:
        self._channels = {channel.name: channel for channel in channels}
        if len(self._channels) != len(channels):
            raise ChannelError("two channels have the same name")
        self._logbooks = {
            channel.name: Logbook(channel.path)
            for channel in channels
            if isinstance(channel, FileChannel)
        }

    def reached_by(self, recipient: Recipient) -> tuple[str, ...]:
        """Names of the channels that a recipient is reached by, in the order of configuration."""
        return tuple(name for name, channel in self._channels.items() if channel.reaches(recipient))

    async def send(self, notification: Notification, name: str) -> None:
        """Deliver one notification on one channel, once where the channel can tell.

        Raises:
            ApplicationError: ``Outage``, to be tried again, or ``Undeliverable``, not retried.
        """
        channel = self._channels.get(name)
        if channel is None:
            known = ", ".join(self._channels) or "none"
            undeliverable(f"there is no channel {name!r}; configured: {known}")
        if not channel.reaches(notification.recipient):
            undeliverable(f"{channel.name} has no address for this recipient")
        try:
            async with asyncio.timeout(SECONDS):
                await self._send(channel, notification)
        except TimeoutError:
            outage(channel, f"no answer within {SECONDS:.0f} seconds")

    async def _send(self, channel: Channel, notification: Notification) -> None:
        once = key(notification, channel)
        match channel:
            case FileChannel():
                await self._log(channel, notification, once)
            case SmtpChannel():
                await mail.send(channel, notification, once)
            case WebhookChannel():
                await webhooks.post(channel, notification, once)
            case WecomChannel() | DingtalkChannel() | FeishuChannel():
                await webhooks.post_to_robot(channel, notification)

    async def _log(self, channel: FileChannel, notification: Notification, once: str) -> None:
        line = {"key": once, "logged_at": datetime.now(UTC).isoformat()}
        line |= notification.model_dump(mode="json")
        try:
            await asyncio.to_thread(self._logbooks[channel.name].append, line)
        except OSError as error:
            outage(channel, f"the log file cannot be written: {error.strerror}")


class NotificationActivities:
    """What goes into the outbox, and out of it over the channels."""

    def __init__(self, engine: Engine, outbox: Outbox, senders: Senders) -> None:
        self._engine = engine
        self._outbox = outbox
        self._senders = senders

    @activity.defn
    def tell(self, order: TellOrder) -> None:
        """Take something into the outbox for a workflow that keeps no file.

        Raises:
            ApplicationError: ``NotWarranted`` where it is not the workflow itself that tells.
            RegistryError: if the registry cannot be written now.
            RPCError, TimeoutError: if the deliveries cannot be set going now.
        """
        telling = order.telling
        for case_id in {each.case_id for each in telling.notifications}:
            asked_by(case_id)
            if is_case(case_id):
                raise not_warranted(case_id, "a case tells by its file")
        with writing(self._engine) as session:
            claim(session, f"outbox {telling.case_id}")
            self._outbox.take_in(session, telling, self._outbox.now())
        self._outbox.deliver((telling,))

    @activity.defn
    async def deliver(self, order: Delivery) -> tuple[Delivered, ...]:
        """Deliver what lies in the outbox under an entry, all at the same time.

        What came of each is noted at once, so that another attempt is about the others alone.
        Whoever is not reached in the time there is for it is given up.

        Raises:
            ApplicationError: ``Outage`` if something is left that another attempt may deliver.
            RegistryError: if the registry cannot be used now.
        """
        waiting = await asyncio.to_thread(self._outbox.waiting, order.case_id, order.seq)
        turns = asyncio.Semaphore(AT_ONCE)
        failures = await asyncio.gather(*(self._try(each, turns) for each in waiting))
        left = [failure for failure in failures if failure is not None]
        if left:
            waits = [each.next_retry_delay for each in left if each.next_retry_delay is not None]
            raise ApplicationError(
                "; ".join(dict.fromkeys(each.message for each in left)),
                type=OUTAGE,
                next_retry_delay=max(waits, default=None),
            )
        settled = await asyncio.to_thread(self._outbox.settled, order.case_id, order.seq)
        if not settled:
            # Restored from an older copy: the case, or its history, brings it again.
            raise ApplicationError("the outbox has nothing of this entry yet", type=OUTAGE)
        return settled

    async def _try(self, waiting: Waiting, turns: asyncio.Semaphore) -> ApplicationError | None:
        """Deliver one on its channel, and note that; why it is to be tried again, if it is."""
        error: str | None = None
        try:
            async with turns:
                await self._senders.send(waiting.notification, waiting.channel)
        except Exception as raised:  # one fault must not take the others with it
            failure = raised if isinstance(raised, ApplicationError) else _unforeseen(raised)
            if not failure.non_retryable and self._outbox.now() < waiting.until:
                return failure
            error = failure.message
        told = waiting.notification
        result = Delivered(
            number=told.number, channel=waiting.channel, at=self._outbox.now(), error=error
        )
        await asyncio.to_thread(self._outbox.settle, told.case_id, told.seq, (result,))
        return None


def _unforeseen(error: Exception) -> ApplicationError:
    return ApplicationError(type(error).__name__, type=OUTAGE)


def key(notification: Notification, channel: Channel) -> str:
    """Under which a delivery happens once: case, entry, number in it, channel, recipient."""
    recipient = notification.recipient
    whom = str(recipient.office) if recipient.office else f"{recipient.name}\x1f{recipient.contact}"
    told = f"{notification.seq}.{notification.number}"
    parts = (notification.case_id, told, channel.name, whom)
    return sha256("\x1e".join(parts).encode()).hexdigest()
