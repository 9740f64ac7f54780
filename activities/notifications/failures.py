"""The two ways in which a delivery fails, each said in one short line without a secret.

What no repetition can cure (nobody's address, a mailbox that does not exist, an invalid robot key)
is *undeliverable* and given up at once. Everything else is an *outage*, tried again for as long as
the policy says: also an answer that nobody has foreseen, as a notice given up by mistake is lost.
"""

import re
from datetime import timedelta
from typing import NoReturn

from temporalio.exceptions import ApplicationError

from activities.notifications.channels import Channel, redact
from models.texts.characters import visible
from models.texts.personal_numbers import hide

OUTAGE = "Outage"

_LONGEST = 300
_PASSING = re.compile(
    r"frequen|too (?:fast|many)|rate.?limit|throttl|try again|\blater\b|busy|temporar|grey.?list"
    r"|timestamp|time.?out|频率|频繁|过快|限流|稍后|稍候|繁忙|暂时|超时",
    re.IGNORECASE,
)


def passes(said: str) -> bool:
    """Whether an answer says itself that it is of this moment, whatever its code means.

    >>> passes("550 Connection frequency limited"), passes("no such user")
    (True, False)
    """
    return _PASSING.search(said) is not None


def outage(channel: Channel, what: str, wait: timedelta | None = None) -> NoReturn:
    """Raise what another attempt may cure, after ``wait`` where the other side said so."""
    raise ApplicationError(
        _bounded(f"{channel.name}: {redact(what, channel)}"), type=OUTAGE, next_retry_delay=wait
    ) from None


def undeliverable(what: str, channel: Channel | None = None) -> NoReturn:
    """Raise what no attempt can cure."""
    text = what if channel is None else f"{channel.name}: {redact(what, channel)}"
    raise ApplicationError(_bounded(text), type="Undeliverable", non_retryable=True) from None


def _bounded(text: str) -> str:
    # Redacted before it is cut: half a key is a key to somebody who can guess.
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    line = visible(hide(line))
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
