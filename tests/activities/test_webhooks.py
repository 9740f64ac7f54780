"""Webhooks and robots against a real local server: bodies, refusals, outages, leaks (none)."""

import asyncio
import base64
import hmac
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from activities.notifications.channels import Channel, WecomChannel
from tests.activities.deliveries import (
    KEY,
    NOTIFICATION,
    SECRET,
    deliver,
    dingtalk,
    failure,
    feishu,
    hook,
    is_outage,
    kept_by_temporal,
    nobody,
)


@pytest.mark.clause("T8", "G8")
async def test_a_webhook_is_told_under_one_key(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook", method="POST").respond_with_data("", status=204)
    channel = hook(httpserver.url_for(f"/hook?key={KEY}"))
    await deliver(channel)
    await deliver(channel)
    await deliver(channel, NOTIFICATION.model_copy(update={"number": 4}))
    requests = [request for request, _ in httpserver.log]
    keys = [request.headers["Idempotency-Key"] for request in requests]
    assert keys[0] == keys[1] != keys[2]
    assert requests[0].query_string.decode() == f"key={KEY}"
    assert requests[0].get_json() == {
        "case_id": "county-exit/411523/2017",
        "number": 3,
        "seq": 7,
        "topic": "reminder",
        "recipient": {"name": "信阳市扶贫开发领导小组", "office": "A6/411500"},
        "subject": NOTIFICATION.subject,
        "text": NOTIFICATION.text,
        "idempotency_key": keys[0],
    }


@pytest.mark.parametrize(
    ("status", "outage"),
    [
        *((status, True) for status in (408, 425, 429, 500, 502, 503, 504)),
        # Nobody can tell whether these last: unknown means try again.
        *((status, True) for status in (301, 302, 304, 307, 401, 403, 404, 407, 423, 451, 418)),
        *((status, False) for status in (400, 405, 410, 413, 415, 422)),
    ],
)
async def test_what_a_webhook_refuses(httpserver: HTTPServer, status: int, *, outage: bool) -> None:
    httpserver.expect_request("/hook").respond_with_data(f"no: {KEY} " + "x" * 500, status=status)
    error = await failure(hook(httpserver.url_for(f"/hook?key={KEY}")))
    assert is_outage(error) is outage
    assert f"hook: HTTP {status}" in str(error)
    assert KEY not in kept_by_temporal(error)


@pytest.mark.clause("T8")
async def test_a_webhook_after_an_outage(httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request("/hook").respond_with_data("", status=503)
    httpserver.expect_ordered_request("/hook").respond_with_data("", status=200)
    channel = hook(httpserver.url_for("/hook"))
    assert is_outage(await failure(channel))
    await deliver(channel)
    first, second = (request.get_json()["idempotency_key"] for request, _ in httpserver.log)
    assert first == second


@pytest.mark.parametrize(
    ("said", "wait"),
    [("120", 120), ("999999", 3600), ("Wed, 21 Oct 2015 07:28:00 GMT", None), ("-1", None)],
)
async def test_a_server_says_when_to_come_again(
    httpserver: HTTPServer, said: str, wait: int | None
) -> None:
    httpserver.expect_request("/").respond_with_data("", 429, headers={"Retry-After": said})
    error = await failure(hook(httpserver.url_for("/")))
    assert error.next_retry_delay == (timedelta(seconds=wait) if wait else None)


async def test_a_webhook_that_is_not_there_is_an_outage() -> None:
    with nobody() as port:
        error = await failure(hook(f"http://127.0.0.1:{port}/{KEY}"))
    assert is_outage(error)
    assert KEY not in kept_by_temporal(error)


async def test_proxies_of_the_environment_are_not_used(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    httpserver.expect_request("/").respond_with_data("")
    await deliver(hook(httpserver.url_for("/")))


async def test_an_endless_answer_is_not_read_to_its_end(httpserver: HTTPServer) -> None:
    sent: list[int] = []

    def endless() -> Iterator[bytes]:
        while len(sent) < 10_000:
            sent.append(1)
            yield b"x" * 65_536

    httpserver.expect_request("/").respond_with_handler(lambda _request: Response(endless()))
    await deliver(hook(httpserver.url_for("/")))
    assert len(sent) < 10_000


def robot(kind: str, httpserver: HTTPServer, secret: str | None = None) -> Channel:
    match kind:
        case "wecom":
            url = httpserver.url_for(f"/webhook/send?key={KEY}")
            return WecomChannel.model_validate({"name": "r", "url": url})
        case "dingtalk":
            url = httpserver.url_for(f"/robot/send?access_token={KEY}")
            return dingtalk(url, secret)
        case _:
            return feishu(httpserver.url_for(f"/hook/{KEY}"), secret)


TEXT = "新县：市级初审期限\n临近\n期限为2017年12月7日24时。"
OK = {
    "wecom": {"errcode": 0, "errmsg": "ok"},
    "dingtalk": {"errcode": "0", "errmsg": "ok"},
    "feishu": {"code": 0, "msg": "success", "data": {}, "StatusCode": 0},
}
BODIES: dict[str, dict[str, Any]] = {
    "wecom": {"msgtype": "text", "text": {"content": TEXT}},
    "dingtalk": {"msgtype": "text", "text": {"content": TEXT}},
    "feishu": {"msg_type": "text", "content": {"text": TEXT}},
}
KINDS = sorted(BODIES)


@pytest.mark.clause("T8")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_robot_is_told_in_its_own_form(httpserver: HTTPServer, kind: str) -> None:
    httpserver.expect_request("/webhook/send", query_string={"key": KEY}).respond_with_json(
        OK["wecom"]
    )
    httpserver.expect_request("/robot/send", query_string={"access_token": KEY}).respond_with_json(
        OK["dingtalk"]
    )
    httpserver.expect_request(f"/hook/{KEY}").respond_with_json(OK["feishu"])
    await deliver(robot(kind, httpserver))
    ((request, _),) = httpserver.log
    assert request.get_json() == BODIES[kind]
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"


REFUSALS: list[tuple[str, int, dict[str, Any], str, int | None]] = [
    ("wecom", 200, {"errcode": 93000, "errmsg": f"invalid webhook url {KEY}"}, "never", None),
    ("wecom", 200, {"errcode": 45009, "errmsg": "api freq out of limit"}, "again", 60),
    ("wecom", 200, {"errcode": -1, "errmsg": "system busy"}, "again", None),
    ("wecom", 502, {"errcode": 93000}, "again", None),
    ("wecom", 404, {}, "again", None),
    ("wecom", 302, {}, "again", None),
    ("wecom", 200, {"errcode": 45033, "errmsg": "concurrent out of limit"}, "again", None),
    ("wecom", 200, {"errcode": 987654, "errmsg": "not on any list"}, "again", None),
    ("wecom", 200, {"errcode": 93000, "errmsg": "too many requests, try later"}, "again", None),
    ("dingtalk", 200, {"errcode": 410100, "errmsg": "发送速度太快而限流"}, "again", 600),
    ("dingtalk", 200, {"errcode": 310000, "errmsg": "invalid timestamp"}, "again", None),
    ("dingtalk", 200, {"errcode": 400102, "errmsg": "机器人已停用"}, "again", None),
    ("dingtalk", 200, {"errcode": 40035, "errmsg": "?"}, "again", None),
    ("feishu", 200, {"code": 19009, "msg": "?"}, "again", None),
    ("feishu", 403, {}, "again", None),
    ("dingtalk", 200, {"errcode": 310000, "errmsg": "sign not match"}, "never", None),
    ("dingtalk", 200, {"errcode": 300001, "errmsg": f"token {KEY} is not exist"}, "never", None),
    ("dingtalk", 200, {"errcode": 130101, "errmsg": "send too fast"}, "again", 600),
    ("dingtalk", 200, {"errcode": "310000", "errmsg": SECRET}, "never", None),
    ("feishu", 200, {"code": 19001, "msg": f"access token invalid: {KEY}"}, "never", None),
    ("feishu", 200, {"code": 19021, "msg": "sign match fail"}, "never", None),
    ("feishu", 200, {"StatusCode": 19024, "StatusMessage": "Key Words Not Found"}, "never", None),
    ("feishu", 200, {"code": 19022, "msg": "\ud800 " + "." * 290 + KEY}, "never", None),
    ("feishu", 200, {"code": 11232, "msg": "frequency limited"}, "again", 60),
    ("feishu", 400, {"code": 99991400, "msg": "request trigger frequency limit"}, "again", 60),
    ("feishu", 200, {"code": 9499, "msg": "too many request"}, "again", None),
    ("feishu", 429, {"code": 19001}, "again", None),
    ("feishu", 400, {"code": 0}, "never", None),
    *((kind, 200, {}, "again", None) for kind in KINDS),
    *((kind, 200, {"errcode": None, "code": "x"}, "again", None) for kind in KINDS),
]


@pytest.mark.parametrize(("kind", "status", "body", "then", "wait"), REFUSALS)
async def test_what_a_robot_refuses_with_http_200(
    httpserver: HTTPServer,
    kind: str,
    status: int,
    body: dict[str, Any],
    then: str,
    wait: int | None,
) -> None:
    httpserver.expect_request("").respond_with_json(body, status=status)
    for path in ("/webhook/send", "/robot/send", f"/hook/{KEY}"):
        httpserver.expect_request(path).respond_with_json(body, status=status)
    error = await failure(robot(kind, httpserver, SECRET))
    assert is_outage(error) is (then == "again")
    assert error.next_retry_delay == (timedelta(seconds=wait) if wait else None)
    for secret in (KEY, SECRET):
        assert secret not in kept_by_temporal(error)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body",
    [
        "<html>log in to the network</html>",
        "",
        "[0]",
        "null",
        '{"errcode": Infinity, "code": Infinity}',
        pytest.param("[" * 60_000, id="deep"),
    ],
)
async def test_an_answer_that_is_none_is_an_outage(
    httpserver: HTTPServer, kind: str, body: str
) -> None:
    for path in ("/webhook/send", "/robot/send", f"/hook/{KEY}"):
        httpserver.expect_request(path).respond_with_data(body)
    assert is_outage(await failure(robot(kind, httpserver)))


@pytest.mark.clause("T8")
async def test_a_robot_after_a_rate_limit(httpserver: HTTPServer) -> None:
    path = f"/hook/{KEY}"
    httpserver.expect_ordered_request(path).respond_with_json({"code": 11232, "msg": "limited"})
    httpserver.expect_ordered_request(path).respond_with_json(OK["feishu"])
    channel = robot("feishu", httpserver)
    assert is_outage(await failure(channel))
    await deliver(channel)


def test_signatures_pass_through_http(httpserver: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        stamp = request.args["timestamp"]
        right = hmac.digest(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), "sha256")
        good = base64.b64decode(request.args["sign"], validate=True) == right
        good = good and request.args["access_token"] == KEY
        good = good and abs(int(stamp) / 1000 - datetime.now(UTC).timestamp()) < 60
        return Response(json.dumps({"errcode": 0 if good else 310000}))

    # A quoting that damages + or / shows in about one signature of three.
    httpserver.expect_request("/robot/send").respond_with_handler(answer)
    channel = robot("dingtalk", httpserver, SECRET)

    async def several() -> None:
        for _ in range(12):
            await deliver(channel)

    asyncio.run(several())


async def test_a_signature_stands_in_the_body_for_feishu(httpserver: HTTPServer) -> None:
    httpserver.expect_request(f"/hook/{KEY}").respond_with_json(OK["feishu"])
    await deliver(robot("feishu", httpserver, SECRET))
    body = httpserver.log[0][0].get_json()
    right = hmac.digest(f"{body['timestamp']}\n{SECRET}".encode(), b"", "sha256")
    assert base64.b64decode(body["sign"]) == right
    assert {name: body[name] for name in BODIES["feishu"]} == BODIES["feishu"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_long_text_is_cut_at_a_whole_character(httpserver: HTTPServer, kind: str) -> None:
    for path in ("/webhook/send", "/robot/send", f"/hook/{KEY}"):
        httpserver.expect_request(path).respond_with_json(OK[kind])
    long = NOTIFICATION.model_copy(update={"subject": "a" + "题" * 3999, "text": "文" * 4000})
    await deliver(robot(kind, httpserver), long)
    body = httpserver.log[0][0].get_json()
    text = (body.get("text") or body["content"]).get("content") or body["content"]["text"]
    assert text.endswith("题…（全文见案卷）" if kind == "wecom" else "文…（全文见案卷）")
    assert (
        (2040 if kind == "wecom" else 17_990)
        < len(text.encode())
        <= (2048 if kind == "wecom" else 18_000)
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_no_secret_is_logged(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    caplog.set_level(logging.DEBUG)
    for logger in ("httpx", "httpcore", "aiosmtplib", "asyncio"):
        caplog.set_level(logging.DEBUG, logger)
    for path in ("/webhook/send", "/robot/send", f"/hook/{KEY}"):
        httpserver.expect_request(path).respond_with_json(OK[kind])
    await deliver(robot(kind, httpserver, SECRET))
    here = [record for record in caplog.records if record.name != "werkzeug"]
    assert not [record for record in here if KEY in record.getMessage()]
    assert not [record for record in here if SECRET in record.getMessage()]
