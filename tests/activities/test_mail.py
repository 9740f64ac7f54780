"""Mail against a real local server: what arrives, what is tried again, what is given up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from activities.notifications.channels import SmtpChannel
from tests.activities.deliveries import (
    NOTIFICATION,
    PERSON,
    SECRET,
    deliver,
    failure,
    is_outage,
    kept_by_temporal,
    nobody,
    smtp,
    to,
)


class Mailbox:
    """What a mail server took, and what it answers where it does not say yes.

    The methods have the names that aiosmtpd calls.
    """

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.taken: list[Envelope] = []

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("mail", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get("rcpt", "250 OK")

    async def handle_DATA(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope
    ) -> str:
        if "data" not in self.answers:
            self.taken.append(envelope)
        return self.answers.get("data", "250 OK")


@asynccontextmanager
async def mail_server(mailbox: Mailbox) -> AsyncIterator[SmtpChannel]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailbox, hostname="localhost", loop=loop), "127.0.0.1", 0
    )
    try:
        yield smtp(server.sockets[0].getsockname()[1])
    finally:
        server.close()


@pytest.mark.clause("T8", "G1")
async def test_a_mail_arrives_and_a_repetition_can_be_told() -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox) as channel:
        await deliver(channel)
        await deliver(channel)
        await deliver(channel, to(PERSON))
    assert [envelope.rcpt_tos for envelope in mailbox.taken] == [
        ["city@example.org"],
        ["city@example.org"],
        ["li@example.org"],
    ]
    first, again, other = (
        message_from_bytes(envelope.original_content or b"", policy=policy.default)
        for envelope in mailbox.taken
    )
    assert (first["From"], first["To"]) == ("exitflow@example.org", "city@example.org")
    assert first["Subject"] == "新县：市级初审期限 临近"
    assert first.get_content().strip() == NOTIFICATION.text
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert first["Message-ID"].endswith("@example.org>")
    assert first["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("answers", "outage"),
    [
        ({"rcpt": "550 5.1.1 <li@example.org>: no such user"}, False),
        ({"rcpt": "450 4.2.1 mailbox busy"}, True),
        ({"rcpt": "550 User not found: <li@example.org>"}, False),
        ({"rcpt": "550 Mailbox not found. li@example.org"}, False),
        ({"rcpt": "550 5.2.1 the account is disabled"}, False),
        ({"rcpt": "556 5.1.10 the domain has a null MX"}, False),
        ({"mail": "553 5.7.1 sender rejected"}, True),
        ({"mail": "550 Connection frequency limited"}, True),
        ({"rcpt": "550 5.1.1 too many recipients of unknown user, try again later"}, True),
        ({"rcpt": "550 Mailbox unavailable"}, True),
        ({"rcpt": "552 5.2.2 mailbox full"}, True),
        ({"data": "554 5.7.1 rejected, try again later"}, True),
        ({"data": "554 DT:SPM please see http://mail.example.org"}, True),
        ({"data": "550 5.7.26 unauthenticated mail"}, True),
        ({"mail": "451 4.3.0 try again"}, True),
        ({"data": "554 5.7.1 rejected as spam"}, True),
        ({"data": "452 4.3.1 no space"}, True),
        ({"mail": "421 4.3.2 shutting down"}, True),
    ],
)
async def test_what_a_mail_server_refuses(answers: dict[str, str], *, outage: bool) -> None:
    async with mail_server(Mailbox(**answers)) as channel:
        error = await failure(channel, to(PERSON))
    assert is_outage(error) is outage
    assert next(iter(answers.values()))[:3] in str(error)
    assert "li@example.org" not in kept_by_temporal(error)


@pytest.mark.clause("T8")
async def test_mail_after_an_outage() -> None:
    mailbox = Mailbox(data="451 4.3.0 try again")
    async with mail_server(mailbox) as channel:
        assert is_outage(await failure(channel))
        mailbox.answers.clear()
        await deliver(channel)
    assert len(mailbox.taken) == 1


async def test_a_mail_server_that_is_not_there_is_an_outage() -> None:
    with nobody() as port:
        assert is_outage(await failure(smtp(port)))


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_mail_never_falls_back_to_a_plain_connection(security: str) -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox) as channel:
        for login in ({}, {"username": "exitflow", "password": SECRET}):
            error = await failure(smtp(channel.port, security=security, **login))
            assert is_outage(error)
            assert SECRET not in kept_by_temporal(error)
    assert mailbox.taken == []
