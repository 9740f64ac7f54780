"""Telling offices and people (T8, G1, G4): which channels reach whom, and one delivery on one."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256

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
from activities.notifications.failures import outage, undeliverable
from activities.notifications.logbook import Logbook
from activities.warrants import STRANGER
from models.case.orders import Attempt, Delivery, Notification, Recipient, Telling

SECONDS = 30.0
"""The whole of one delivery; each wait in it has a shorter limit, which a dripping peer evades."""

AT_ONCE = 8
"""Deliveries under way at the same time, of one case at one moment."""


class NotificationActivities:
    """Deliveries over configured channels.

    Args:
        hold: Makes sure that a case may tell this; raises where it may not.

    Raises:
        ChannelError: if two channels have one name.
    """

    def __init__(
        self, channels: Sequence[Channel], hold: Callable[[Sequence[Notification]], None]
    ) -> None:
        self._hold = hold
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

    @activity.defn
    async def notify(self, order: Telling) -> tuple[Attempt, ...]:
        """Try every channel that reaches each recipient, once and all at the same time.

        One activity for what a case has to say at a moment; what does not arrive is tried again
        by ``deliver``, channel by channel: also what the registry does not carry yet, which has to
        catch up with the case first. Those whom the case may not tell come first, the rest in the
        order of notifications and of configuration.

        Raises:
            ApplicationError: ``NotWarranted`` where it is not the case itself that tells.
            RegistryError: if the registry cannot be read now.
        """
        notifications = order.notifications
        refused = await asyncio.to_thread(self._refused, notifications)
        held = {each.number for each in refused}
        turns = asyncio.Semaphore(AT_ONCE)
        tried = await asyncio.gather(
            *(
                self._try(Delivery(notification=notification, channel=name), turns)
                for notification in notifications
                if notification.number not in held
                for name in self.reached_by(notification.recipient)
            )
        )
        return (*refused, *tried)

    def _refused(self, notifications: Sequence[Notification]) -> list[Attempt]:
        """Whom the case may not tell, or not yet: no reason to keep it from the others."""
        refused: list[Attempt] = []
        for each in notifications:
            try:
                self._hold((each,))
            except ApplicationError as error:
                stranger = error.type == STRANGER
                if error.non_retryable and not stranger:  # not asked for by the case
                    raise
                channels = ("—",) if stranger else self.reached_by(each.recipient)
                refused += [
                    Attempt(number=each.number, channel=name, error=error.message, final=stranger)
                    for name in channels
                ]
        return refused

    async def _try(self, delivery: Delivery, turns: asyncio.Semaphore) -> Attempt:
        number, channel = delivery.notification.number, delivery.channel
        try:
            async with turns:
                await self._deliver(delivery)
        except ApplicationError as error:
            said, final = error.message, error.non_retryable
            return Attempt(number=number, channel=channel, error=said, final=final)
        except Exception as error:  # one fault must not take the others with it
            return Attempt(number=number, channel=channel, error=type(error).__name__)
        return Attempt(number=number, channel=channel, error=None)

    @activity.defn
    async def deliver(self, delivery: Delivery) -> None:
        """Deliver one notification on one channel, once where the channel can tell.

        Raises:
            ApplicationError: ``Outage``, to be tried again, or ``Undeliverable``, not retried; as
                ``notify``.
            RegistryError: if the registry cannot be read now.
        """
        await asyncio.to_thread(self._hold, (delivery.notification,))
        await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> None:
        channel = self._channels.get(delivery.channel)
        if channel is None:
            known = ", ".join(self._channels) or "none"
            undeliverable(f"there is no channel {delivery.channel!r}; configured: {known}")
        if not channel.reaches(delivery.notification.recipient):
            undeliverable(f"{channel.name} has no address for this recipient")
        try:
            async with asyncio.timeout(SECONDS):
                await self._send(channel, delivery.notification)
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


def key(notification: Notification, channel: Channel) -> str:
    """Under which a delivery happens once: case, number of the notification, channel, recipient."""
    recipient = notification.recipient
    whom = str(recipient.office) if recipient.office else f"{recipient.name}\x1f{recipient.contact}"
    parts = (notification.case_id, str(notification.number), channel.name, whom)
    return sha256("\x1e".join(parts).encode()).hexdigest()
