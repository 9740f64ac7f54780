"""Channels by which offices and people are told: what each is configured with, whom it reaches."""

import hmac
import re
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    model_validator,
)

from models.base import Record
from models.errors import ExitflowError
from models.offices import Office, TownshipCode

if TYPE_CHECKING:
    # Every command reads the settings, and few know what a case is.
    from models.case.orders import Recipient

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_SHORTEST_SECRET = 4
_SHORTEST_KEY_IN_PATH = 12
"""Shorter parts of a path are words, like the ``send`` of every DingTalk robot."""


class ChannelError(ExitflowError, ValueError):
    """Channels that cannot stand beside each other."""


def is_address(text: str) -> bool:
    """Whether a text is one plain e-mail address, and nothing beside it."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError(f"{text!r} is not an e-mail address; write name@example.org")
    return text


def _web_address(url: SecretStr) -> SecretStr:
    import httpx  # every command reads the settings, and few installations name such a channel

    # The value is not repeated in any complaint: it may be a key in the wrong place.
    try:
        parsed = httpx.URL(url.get_secret_value())
    except httpx.InvalidURL:
        raise ValueError("this is not an http or https address") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("this is not an http or https address")
    return url


Address = Annotated[str, AfterValidator(_address)]
WebAddress = Annotated[SecretStr, AfterValidator(_web_address)]
"""An address that is a secret: whoever knows a robot's webhook can post by it."""


class _Channel(Record, ABC):
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]

    @abstractmethod
    def reaches(self, recipient: "Recipient") -> bool:
        """Whether a recipient is reached by this channel."""

    def secrets(self) -> Iterator[str]:
        """Every value that must never stand in an error or a log."""
        return iter(())


class FileChannel(_Channel):
    """A log file of JSON lines; takes everything, so that nothing is ever told to nobody.

    It holds the contacts people gave, and is readable by its owner alone.
    """

    kind: Literal["file"] = "file"
    path: Path

    def reaches(self, recipient: "Recipient") -> bool:
        """Everybody."""
        return True


class SmtpChannel(_Channel):
    """Mail: to an office by its address, to a person by an e-mail contact.

    Attributes:
        security: ``tls`` from the first byte (port 465), ``starttls`` (587), or ``none``.
        recipients: Addresses by office, for example ``A6/411500``.
        townships: Addresses by the nine digits of a township.
    """

    kind: Literal["smtp"] = "smtp"
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535, strict=True)] = 587
    security: Literal["tls", "starttls", "none"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None
    sender: Address
    recipients: dict[Office, Address] = Field(default_factory=dict)
    townships: dict[TownshipCode, Address] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _safe_login(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password are given together or not at all")
        if self.password is not None and self.security == "none":
            raise ValueError("security: a password is not sent without tls or starttls")
        return self

    def address_of(self, recipient: "Recipient") -> str | None:
        """The address of a recipient, if one is known."""
        if recipient.office is not None:
            return self.recipients.get(recipient.office)
        if recipient.township is not None:
            return self.townships.get(recipient.township)
        contact = (recipient.contact or "").strip()
        return contact if is_address(contact) else None

    def reaches(self, recipient: "Recipient") -> bool:
        """Offices and townships with an address here, and people whose contact is one."""
        return self.address_of(recipient) is not None

    def secrets(self) -> Iterator[str]:
        """The password, plain and as it is sent."""
        if self.password is not None:
            password = self.password.get_secret_value()
            yield password
            yield b64encode(password.encode()).decode()


class _WebChannel(_Channel):
    url: WebAddress
    offices: frozenset[Office] | None = None
    """The offices that read this channel; all of them where none is named."""

    def reaches(self, recipient: "Recipient") -> bool:
        """Offices only: a person's answer is nothing for a group of colleagues (G8)."""
        if recipient.office is None:
            return False
        return self.offices is None or recipient.office in self.offices

    def secrets(self) -> Iterator[str]:
        """The address, long parts of its path and the values of its query, plain and quoted."""
        url = self.url.get_secret_value()
        parts = urlsplit(url)
        keys = [part for part in parts.path.split("/") if len(part) >= _SHORTEST_KEY_IN_PATH]
        keys += [value for _, value in parse_qsl(parts.query)]
        for value in (url, parts.password or "", *keys):
            yield value
            yield quote(value, safe="")


class WebhookChannel(_WebChannel):
    """A system of one's own that takes JSON, and answers 2xx when it has it."""

    kind: Literal["webhook"] = "webhook"


class WecomChannel(_WebChannel):
    """A group robot of WeCom (企业微信群机器人)."""

    kind: Literal["wecom"] = "wecom"


class _SignedChannel(_WebChannel):
    secret: SecretStr | None = None
    """The robot's signing secret (加签), where it asks for signatures."""

    def secrets(self) -> Iterator[str]:
        """Those of the address, and the signing secret."""
        yield from super().secrets()
        if self.secret is not None:
            yield self.secret.get_secret_value()


class DingtalkChannel(_SignedChannel):
    """A custom group robot of DingTalk (钉钉自定义机器人)."""

    kind: Literal["dingtalk"] = "dingtalk"

    def signature(self, now: datetime) -> dict[str, str]:
        """Query parameters: the line ``milliseconds, newline, secret``, under the secret."""
        if self.secret is None:
            return {}
        secret, timestamp = self.secret.get_secret_value(), str(int(now.timestamp() * 1000))
        line = f"{timestamp}\n{secret}"
        digest = hmac.new(secret.encode(), line.encode(), sha256).digest()
        return {"timestamp": timestamp, "sign": b64encode(digest).decode()}


class FeishuChannel(_SignedChannel):
    """A custom group robot of Feishu (飞书自定义机器人)."""

    kind: Literal["feishu"] = "feishu"

    def signature(self, now: datetime) -> dict[str, str]:
        """Fields of the body: nothing at all, under ``seconds, newline, secret`` as the key."""
        if self.secret is None:
            return {}
        timestamp = str(int(now.timestamp()))
        key = f"{timestamp}\n{self.secret.get_secret_value()}"
        digest = hmac.new(key.encode(), b"", sha256).digest()
        return {"timestamp": timestamp, "sign": b64encode(digest).decode()}


Robot = WecomChannel | DingtalkChannel | FeishuChannel
Channel = Annotated[
    FileChannel | SmtpChannel | WebhookChannel | WecomChannel | DingtalkChannel | FeishuChannel,
    Field(discriminator="kind"),
]


def redact(text: str, channel: Channel) -> str:
    """A text without any secret of a channel; for words that came back from outside."""
    secrets = {secret for secret in channel.secrets() if len(secret) >= _SHORTEST_SECRET}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
