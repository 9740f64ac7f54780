"""The two ways in which a delivery fails, each said in one short line without a secret.

An *outage* (no connection, time-out, 5xx, a rate limit, a login the server does not take today) is
tried again for as long as the policy says. What no repetition can cure (nobody's address, a refused
recipient, an invalid robot key) is *undeliverable* and given up at once.
"""

from datetime import timedelta
from typing import NoReturn

from temporalio.exceptions import ApplicationError

from activities.channels import Channel, redact

_LONGEST = 300


def outage(channel: Channel, what: str, wait: timedelta | None = None) -> NoReturn:
    """Raise what another attempt may cure, after ``wait`` where the other side said so."""
    raise ApplicationError(
        _bounded(f"{channel.name}: {redact(what, channel)}"), type="Outage", next_retry_delay=wait
    ) from None


def undeliverable(what: str, channel: Channel | None = None) -> NoReturn:
    """Raise what no attempt can cure."""
    text = what if channel is None else f"{channel.name}: {redact(what, channel)}"
    raise ApplicationError(_bounded(text), type="Undeliverable", non_retryable=True) from None


def _bounded(text: str) -> str:
    # Redacted before it is cut: half a key is a key to somebody who can guess.
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
