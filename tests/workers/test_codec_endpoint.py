"""The codec endpoint: it opens for the Web UI, and for nobody else."""

import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.converter import WorkflowSerializationContext

from workers.codec_endpoint import LONGEST, Codec, EndpointError, serving
from workers.keys import Keyring, Keys
from workers.seal import sealed_converter

UI = "http://localhost:8233"
SECRET = {"objector": "钱某某", "contact": "13800000000"}


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    Keys.made(tmp_path / "keys")
    return Keyring(tmp_path / "keys")


@pytest.fixture
def address(ring: Keyring) -> Iterator[str]:
    with serving(Codec(ring, frozenset({UI}), "default"), 0) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def sealed(ring: Keyring) -> Payload:
    context = WorkflowSerializationContext(namespace="default", workflow_id="county-exit/x")
    (payload,) = await sealed_converter(ring).with_context(context).encode([SECRET])
    return payload


def body(*payloads: Payload) -> str:
    return json_format.MessageToJson(Payloads(payloads=payloads))


def asked(address: str, content: str, way: str = "/decode", **headers: str) -> httpx.Response:
    given = {"content-type": "application/json", "x-namespace": "default", "origin": UI}
    return httpx.post(address + way, content=content, headers=given | headers)


def read(answer: httpx.Response) -> list[Payload]:
    assert answer.status_code == 200, answer.text
    return list(json_format.Parse(answer.text, Payloads()).payloads)


def test_the_web_ui_reads_what_is_sealed(address: str, sealed: Payload) -> None:
    clear = Payload(metadata={"encoding": b"json/plain"}, data=b"1")
    answer = asked(address, body(sealed, clear))
    first, second = read(answer)
    assert json.loads(first.data) == SECRET
    assert first.metadata["encoding"] == b"json/plain"
    assert second == clear
    assert answer.headers["access-control-allow-origin"] == UI
    assert answer.headers["cache-control"] == "no-store"


def test_it_seals_nothing_for_anybody(address: str) -> None:
    """Or whoever reaches it would have orders and openings sealed."""
    clear = Payload(metadata={"encoding": b"json/plain"}, data=b'{"case_id": "x"}')
    assert read(asked(address, body(clear), "/encode")) == [clear]


def test_what_does_not_open_is_given_back(address: str, sealed: Payload) -> None:
    sealed.data = sealed.data[:-1]
    foreign = Payload(metadata={"encoding": b"binary/encrypted"}, data=b"x")
    assert read(asked(address, body(sealed, foreign))) == [sealed, foreign]


def test_a_browser_is_told_beforehand_who_may_ask(address: str) -> None:
    for origin, allowed in ((UI, True), ("http://evil.example", False)):
        answer = httpx.options(address + "/decode", headers={"origin": origin})
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
        assert (answer.status_code == 204) is allowed


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": UI + ".evil.example"}, 403),
        # A name that somebody has let point here (DNS rebinding).
        ({"host": "evil.example:8233"}, 403),
        ({"host": ""}, 403),
        ({"x-namespace": "other"}, 403),
        # Without a question beforehand a page may send these kinds alone.
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_a_page_of_another_origin_gets_nothing(
    address: str, sealed: Payload, headers: dict[str, str], status: int
) -> None:
    answer = asked(address, body(sealed), **headers)
    assert answer.status_code == status
    assert "钱某某" not in answer.text
    assert "access-control-allow-origin" not in answer.headers or "origin" not in headers


@pytest.mark.parametrize("content", ["", "{", "null", '{"payloads": 1}', "[" * 100_000])
def test_what_is_no_json_is_said_so(address: str, content: str) -> None:
    assert asked(address, content).status_code == 400


def raw(address: str, head: str) -> bytes:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode())
        return connection.recv(4096)


@pytest.mark.parametrize(
    ("length", "status"),
    [(str(LONGEST + 1), 413), ("9" * 5000, 413), ("-1", 411), ("x", 411), ("", 411)],
)
def test_a_length_that_cannot_be_is_refused_unread(address: str, length: str, status: int) -> None:
    head = "POST /decode HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    answer = raw(address, f"{head}Content-Length: {length}\r\n\r\n")
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


def test_elsewhere_there_is_nothing(address: str) -> None:
    assert asked(address, "{}", "/").status_code == 404
    assert asked(address, "{}", "/../keys").status_code == 404


ASKING = """
import os, socket, sys
"localhost".encode("idna")  # loaded while its file can still be read
os.setuid(65534)
address, content = sys.argv[1:]
host, port = address.removeprefix("http://").split(":")
with socket.create_connection((host, int(port))) as connection:
    connection.sendall((
        "POST /decode HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Type: application/json\\r\\n"
        f"Content-Length: {len(content)}\\r\\n\\r\\n{content}"
    ).encode())
    print(connection.recv(9999).decode())
"""


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root becomes another user"
)
def test_another_user_of_the_machine_gets_nothing(address: str, sealed: Payload) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKING, address, body(sealed)], capture_output=True, text=True
    )
    assert done.stdout.startswith("HTTP/1.1 403 "), done


def test_with_a_password_who_knows_it_is_served(ring: Keyring, sealed: Payload) -> None:
    codec = Codec(ring, frozenset({UI}), "default", "open sesame")
    with serving(codec, 0, "0.0.0.0") as port:
        address = f"http://127.0.0.1:{port}"

        def with_password(password: str) -> Any:
            coded = base64.b64encode(f"exitflow:{password}".encode()).decode()
            return asked(address, body(sealed), authorization=f"Basic {coded}")

        assert asked(address, body(sealed)).status_code == 401
        assert with_password("open").status_code == 401
        assert json.loads(read(with_password("open sesame"))[0].data) == SECRET
        # A browser asks beforehand without it, and a page is shown where it can be given.
        assert httpx.options(address, headers={"origin": UI}).status_code == 204
        page = httpx.get(address)
        assert page.status_code == 401
        assert page.headers["www-authenticate"].startswith("Basic ")
        assert httpx.get(address, auth=("exitflow", "open sesame")).status_code == 200


def test_other_machines_are_served_under_a_password_alone(ring: Keyring) -> None:
    with (
        pytest.raises(EndpointError, match="set EXITFLOW_CODEC_PASSWORD"),
        serving(Codec(ring, frozenset({UI})), 0, "0.0.0.0"),
    ):
        pass


def test_a_port_that_is_taken_is_named(ring: Keyring, address: str) -> None:
    port = int(address.rsplit(":", 1)[1])
    with (
        pytest.raises(EndpointError, match=f"cannot have port {port}"),
        serving(Codec(ring, frozenset({UI})), port),
    ):
        pass
