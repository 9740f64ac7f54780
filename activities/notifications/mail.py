"""One notification as one mail."""

import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NoReturn

import aiosmtplib

from activities.notifications.channels import SmtpChannel
from activities.notifications.failures import outage, passes, undeliverable
from models.case.orders import Notification

SECONDS = 10.0
"""How long each answer of the server is waited for."""


async def send(channel: SmtpChannel, notification: Notification, once: str) -> None:
    """Send a mail, the same ``Message-ID`` at every attempt of ``once``.

    Raises:
        ApplicationError: ``Outage`` or ``Undeliverable``.
    """
    address = channel.address_of(notification.recipient)
    if address is None:
        undeliverable("there is no address for this recipient", channel)
    try:
        await aiosmtplib.send(
            _message(channel, notification, address, once),
            hostname=channel.host,
            port=channel.port,
            username=channel.username,
            password=channel.password.get_secret_value() if channel.password else None,
            use_tls=channel.security == "tls",
            start_tls=channel.security == "starttls",
            timeout=SECONDS,
        )
    except aiosmtplib.SMTPAuthenticationError as error:
        outage(channel, f"the login was refused: {error.code} {error.message}")
    except aiosmtplib.SMTPRecipientsRefused as error:
        refusal = error.recipients[0]
        _refused(channel, refusal, "the recipient was refused", address)
    except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
        _refused(channel, error, "the message was refused", address)
    except (aiosmtplib.SMTPException, OSError) as error:
        outage(channel, f"{type(error).__name__}: {error}")


def _refused(
    channel: SmtpChannel, error: aiosmtplib.SMTPResponseException, what: str, address: str
) -> NoReturn:
    # Servers repeat the address, which may be a person's (G8).
    said = re.sub(
        re.escape(address), "***", f"{what}: {error.code} {error.message}", flags=re.IGNORECASE
    )
    if _is_final(error) and not passes(error.message):
        undeliverable(said, channel)
    outage(channel, said)


_NO_MAILBOX = re.compile(
    r"no such (?:user|mailbox|recipient|address)"
    r"|(?:user|mailbox|recipient|address|account)\W+(?:is |was )?"
    r"(?:unknown|not found|not exist|does not exist|doesn't exist|invalid|disabled)"
    r"|unknown (?:user|mailbox|recipient)|invalid (?:recipient|mailbox|address)"
    r"|(?:用户|收件人|邮箱|地址|帐号|账号)不存在|无此用户",
    re.IGNORECASE,
)
_FINAL = re.compile(r"\b5\.1\.(?:1|2|3|6|10)\b|\b5\.2\.1\b")
"""Enhanced codes (RFC 3463, RFC 7505) of an address that nobody reads, or will."""


def _is_final(error: aiosmtplib.SMTPResponseException) -> bool:
    """Whether nobody will ever be at that address: all else in 5xx may be of this moment.

    Mail providers answer 550 and 554 to whom they find too busy, too new or too much like others.
    """
    if not 500 <= error.code < 600:
        return False
    said = error.message
    return bool(_FINAL.search(said) or _NO_MAILBOX.search(said)) or error.code in (551, 556)


def _message(
    channel: SmtpChannel, notification: Notification, address: str, once: str
) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = channel.sender
    message["To"] = address
    message["Subject"] = " ".join(notification.subject.split())
    message["Date"] = format_datetime(datetime.now(UTC))
    # The same at every attempt, so that a mailbox can tell a repetition.
    domain = channel.sender.rpartition("@")[2]
    message["Message-ID"] = f"<{once[:40]}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notification.text, cte="base64")
    return message
