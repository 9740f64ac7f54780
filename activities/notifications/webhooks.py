"""Notifications over HTTP: to a system of one's own, and to group robots of three messengers."""

import json
import logging
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import httpx

from activities.notifications.channels import (
    Channel,
    DingtalkChannel,
    FeishuChannel,
    Robot,
    WebhookChannel,
    WecomChannel,
)
from activities.notifications.failures import outage, passes, undeliverable
from models.case.orders import Notification

# httpx logs the whole address of every request at INFO, and a robot's address is its key.
logging.getLogger("httpx").addFilter(lambda record: record.levelno >= logging.WARNING)

SECONDS = 10.0
"""How long a connection, and each piece of an answer, is waited for."""

_LONGEST_ANSWER = 65_536
_LONGEST_WAIT = timedelta(hours=1)
_LONGEST_TEXT = {"wecom": 2048, "dingtalk": 18_000, "feishu": 18_000}
"""Bytes of text that a robot takes; two of them count the whole body, up to 20 000."""

_FINAL_STATUS = frozenset({400, 405, 410, 411, 413, 414, 415, 422, 431})
"""What the same request gets again (RFC 9110). Not 404, of which nobody can tell; not 401 and 403,
which whoever keeps the other side can mend; and no redirection, which is of this moment."""


class _Code(NamedTuple):
    """Where a robot says how it went, and which of its codes no repetition can cure.

    Codes that are not on the list pass, after the wait that belongs to them.
    """

    fields: tuple[str, ...]
    messages: tuple[str, ...]
    final: frozenset[int]
    waits: Mapping[int, timedelta]


_WECOM = _Code(
    ("errcode",),
    ("errmsg",),
    frozenset({93000, 40008, 40058, 44004, 45002}),
    {45009: timedelta(minutes=1)},
)
# More than 20 messages a minute lock a DingTalk robot for ten.
_DINGTALK = _Code(
    ("errcode",),
    ("errmsg",),
    frozenset({300001, 310000, 400013, 400101, 400105, 400106, 430101, 430102, 430103, 430104}),
    {130101: timedelta(minutes=10), 410100: timedelta(minutes=10)},
)
_FEISHU = _Code(
    ("code", "StatusCode"),
    ("msg", "StatusMessage"),
    frozenset({19001, 19021, 19022, 19024}),
    {11232: timedelta(minutes=1), 99991400: timedelta(minutes=1)},
)


async def post(channel: WebhookChannel, notification: Notification, once: str) -> None:
    """Post a notification as JSON, under the idempotency key ``once``.

    Raises:
        ApplicationError: ``Outage`` or ``Undeliverable``.
    """
    content = notification.model_dump(mode="json", exclude={"recipient"})
    recipient = notification.recipient
    content["recipient"] = {"name": recipient.name, "office": str(recipient.office)}
    content["idempotency_key"] = once
    answer = await _post(channel, content, headers={"Idempotency-Key": once})
    _check_status(channel, answer)


async def post_to_robot(channel: Robot, notification: Notification) -> None:
    """Post a notification to a group, as text; a robot knows no keys and may be told twice.

    Raises:
        ApplicationError: ``Outage`` or ``Undeliverable``.
    """
    text = _cut(f"{notification.subject}\n{notification.text}", _LONGEST_TEXT[channel.kind])
    now = datetime.now(UTC)
    match channel:
        case WecomChannel():
            body = {"msgtype": "text", "text": {"content": text}}
            _check_code(channel, _WECOM, await _post(channel, body))
        case DingtalkChannel():
            body = {"msgtype": "text", "text": {"content": text}}
            query = channel.signature(now)
            _check_code(channel, _DINGTALK, await _post(channel, body, query=query))
        case FeishuChannel():
            signed = {**channel.signature(now), "msg_type": "text", "content": {"text": text}}
            _check_code(channel, _FEISHU, await _post(channel, signed))


def _cut(text: str, longest: int) -> str:
    """At most ``longest`` bytes of UTF-8, never half a character."""
    encoded = text.encode()
    if len(encoded) <= longest:
        return text
    more = "…（全文见案卷）"
    return encoded[: longest - len(more.encode())].decode(errors="ignore") + more


class _Answer(NamedTuple):
    status: int
    headers: httpx.Headers
    body: bytes


@cache
def _trust() -> ssl.SSLContext:
    """The system's certificates, read once: an office network may have its own authority."""
    return ssl.create_default_context()


async def _post(
    channel: WebhookChannel | Robot,
    content: Mapping[str, Any],
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> _Answer:
    url = httpx.URL(channel.url.get_secret_value()).copy_merge_params(dict(query or {}))
    try:
        async with (
            httpx.AsyncClient(trust_env=False, timeout=SECONDS, verify=_trust()) as client,
            client.stream(
                "POST",
                url,
                content=json.dumps(content, ensure_ascii=False).encode(),
                headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
            ) as response,
        ):
            body = b""
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > _LONGEST_ANSWER:
                    break
            return _Answer(response.status_code, response.headers, body)
    except httpx.HTTPError as error:
        outage(channel, f"{type(error).__name__}: {error}")


def _check_status(channel: Channel, answer: _Answer) -> None:
    if 200 <= answer.status < 300:
        return
    said = f"HTTP {answer.status} {answer.body.decode(errors='replace')}"
    if answer.status in _FINAL_STATUS and not passes(said):
        undeliverable(said, channel)
    outage(channel, said, _wait(answer.headers))


def _wait(headers: httpx.Headers) -> timedelta | None:
    seconds = headers.get("Retry-After") or headers.get("x-ogw-ratelimit-reset") or ""
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 7):
        return None
    return min(timedelta(seconds=int(seconds)), _LONGEST_WAIT)


def _check_code(channel: Channel, form: _Code, answer: _Answer) -> None:
    """HTTP 200 says that a robot was reached; whether it took the message stands in the body."""
    if answer.status >= 500 or answer.status in (408, 425, 429):
        _check_status(channel, answer)
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        content = None
    said = content if isinstance(content, dict) else {}
    code = next((_number(said[field]) for field in form.fields if field in said), None)
    if code is None:
        _check_status(channel, answer)
        outage(channel, f"HTTP {answer.status}, and no result in the answer")
    why = next((str(said[field]) for field in form.messages if field in said), "")
    if code in form.final and not passes(why):
        undeliverable(f"{code} {why}", channel)
    if code != 0:
        outage(channel, f"{code} {why}", _wait(answer.headers) or form.waits.get(code))
    _check_status(channel, answer)


def _number(value: Any) -> int | None:
    """A code, which DingTalk's documents also show as a string."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None
