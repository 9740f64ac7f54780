"""What channels are configured with, whom they reach, how they sign, what they never show."""

import base64
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError
from pytest_httpserver import HTTPServer
from temporalio.exceptions import ApplicationError

from activities.notifications.channels import Channel, ChannelError, FileChannel, is_address, redact
from activities.notifications.deliver import Senders
from models.base import faults
from models.case.orders import Recipient
from tests.activities.deliveries import (
    CITY,
    COUNTY,
    KEY,
    PERSON,
    SECRET,
    deliver,
    dingtalk,
    failure,
    feishu,
    hook,
    is_outage,
    smtp,
    to,
)

CHANNELS: TypeAdapter[tuple[Channel, ...]] = TypeAdapter(tuple[Channel, ...])


def configured(text: str) -> tuple[Channel, ...]:
    """Channels from the settings file of an installation."""
    return CHANNELS.validate_python(tomllib.loads(text)["channels"])


ROUTED = f"""
[[channels]]
name = "log"
kind = "file"
path = "log.jsonl"
[[channels]]
name = "mail"
kind = "smtp"
host = "mail.example.org"
sender = "exitflow@example.org"
recipients = {{ "A6/411500" = "city@example.org" }}
townships = {{ "411523100" = "township@example.org" }}
[[channels]]
name = "robot"
kind = "wecom"
url = "https://example.org/send?key={KEY}"
[[channels]]
name = "city"
kind = "feishu"
url = "https://example.org/hook/{KEY}"
offices = ["A6/411500"]
"""


@pytest.mark.parametrize(
    ("recipient", "names"),
    [
        (Recipient(name="市", office=CITY), ("log", "mail", "robot", "city")),
        (Recipient(name="县", office=COUNTY), ("log", "robot")),
        (PERSON, ("log", "mail")),
        (Recipient(name="乡", township="411523100"), ("log", "mail")),
        (Recipient(name="镇", township="411523101"), ("log",)),
        (Recipient(name="某某", contact="13812345678"), ("log",)),
        (Recipient(name="某某", contact="邮箱 wang@example.org"), ("log",)),
        (Recipient(name="无名"), ("log",)),
    ],
)
@pytest.mark.clause("T8", "G1", "G8", "F15")
def test_who_is_reached_by_what(recipient: Recipient, names: tuple[str, ...]) -> None:
    assert Senders(configured(ROUTED)).reached_by(recipient) == names


def test_nobody_is_reached_where_nothing_is_configured() -> None:
    assert Senders([]).reached_by(PERSON) == ()


async def test_an_unknown_channel_can_never_work(tmp_path: Path) -> None:
    channel = FileChannel(name="log", path=tmp_path / "log.jsonl")
    with pytest.raises(ApplicationError, match="no channel 'fax'; configured: log") as raised:
        await deliver(channel, name="fax")
    assert not is_outage(raised.value)


async def test_a_robot_is_never_told_what_is_for_a_person(httpserver: HTTPServer) -> None:
    error = await failure(hook(httpserver.url_for("/")), to(PERSON))
    assert not is_outage(error)
    assert "no address" in str(error)
    assert not httpserver.log


MAIL = "name = 'm'\nkind = 'smtp'\nhost = 'x'\nsender = 'a@b.c'\n"
ROBOT = "name = 'w'\nkind = 'wecom'\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name = 'log'\npath = 'x'", "Unable to extract tag"),
        ("name = 'log'\nkind = 'fax'", "fax"),
        ("kind = 'file'\npath = 'x'", "file.name: Field required"),
        ("name = 'log'\nkind = 'file'\npath = 'x'\ncolour = 1", "file.colour: Extra inputs"),
        ("name = 'Log 1'\nkind = 'file'\npath = 'x'", "file.name: String should match"),
        (ROBOT + "url = 'SECRETKEY'", "wecom.url: this is not an http or https address"),
        (ROBOT + "url = 'ftp://x/SECRETKEY'", "wecom.url: this is not an http"),
        (ROBOT + "url = 'http://x:SECRETKEY/'", "wecom.url: this is not an http"),
        (ROBOT + "url = 'https://x/'\noffices = ['A6']", "'A6' is not an office"),
        (MAIL.replace("a@b.c", "me"), "smtp.sender: 'me' is not an e-mail address"),
        (MAIL + "port = '25'", "smtp.port: Input should be a valid integer"),
        (MAIL + "username = 'a'", "username and password are given together"),
        (
            MAIL + "username = 'a'\npassword = 'SECRETKEY'\nsecurity = 'none'",
            "security: a password is not sent without tls or starttls",
        ),
        (MAIL + "recipients = {'A6/411500' = 'x'}", "'x' is not an e-mail address"),
        (MAIL + "recipients = {'A6' = 'a@b.c'}", "'A6' is not an office"),
    ],
)
def test_a_wrong_channel_is_named_without_its_secrets(text: str, complaint: str) -> None:
    with pytest.raises(ValidationError) as raised:
        configured(f"[[channels]]\n{text}")
    assert complaint in faults(raised.value)
    assert "SECRETKEY" not in faults(raised.value)


def test_two_channels_of_one_name_are_refused(tmp_path: Path) -> None:
    channel = FileChannel(name="log", path=tmp_path)
    with pytest.raises(ChannelError, match="same name"):
        Senders([channel, channel])


def test_a_configuration_does_not_show_its_secrets() -> None:
    channel = dingtalk(f"https://x/?access_token={KEY}", SECRET)
    assert KEY not in repr(channel)
    assert SECRET not in f"{channel} {channel.model_dump()} {channel.model_dump_json()}"


@pytest.mark.parametrize(
    "text", ["a@b", "a.b+c@example.org", "13812345678@139.com", "x_y@mail.gov.cn"]
)
def test_addresses(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    ["", "a", "@b", "a@", "a b@c", "a@b c", "a@b\nBcc: x@y", "a@b,c@d", "a@b\n", "<a@b>", "李@b.c"],
)
def test_what_is_no_address(text: str) -> None:
    assert not is_address(text)


# Signatures. The vectors were made with the openssl command, not with this program.
NEW_YEAR = datetime(2018, 1, 1, tzinfo=UTC)


def test_the_signature_of_dingtalk() -> None:
    channel = dingtalk("https://x/", SECRET)
    assert channel.signature(NEW_YEAR) == {
        "timestamp": "1514764800000",
        "sign": "DRVkFh+xAO7kb8hdSiVY8azwHa+1Pbn/O55ACrYgZVE=",
    }
    assert dingtalk("https://x/").signature(NEW_YEAR) == {}


def test_the_signature_of_feishu() -> None:
    channel = feishu("https://x/", SECRET)
    assert channel.signature(NEW_YEAR) == {
        "timestamp": "1514764800",
        "sign": "dMnIEPV0ZdeUjChOBqsuPBid1TPBsE/nQkQLdXTzGm8=",
    }
    assert feishu("https://x/").signature(NEW_YEAR) == {}


def test_words_from_outside_are_cleaned() -> None:
    url = f"https://u:pass-word@x/robot/send?access_token={KEY}%2B&v=1"
    channel = dingtalk(url, SECRET)
    said = f"send {KEY}+ {KEY}%2B {SECRET} pass-word 1"
    assert redact(said, channel) == "send *** *** *** *** 1"
    assert redact(f"no: {url}", channel) == "no: ***"
    mail = smtp(25, username="u", password=SECRET, security="tls")
    assert redact(f"535 {SECRET} {base64.b64encode(SECRET.encode()).decode()}", mail) == (
        "535 *** ***"
    )
