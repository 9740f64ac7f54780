"""The codec endpoint: opens payloads for Temporal's Web UI and command line, which have no keys.

It opens and never seals: ``/encode`` gives back what it was given. So a form of the Web UI sends
clear text, for which the doors for messages are made, and nobody can have an order sealed here.

Whoever may ask it reads everything. A page of another origin, and one that gave this machine
another name, are refused; and who asks is the installation's own user on this machine, or knows the
password.
"""

import base64
import hmac
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import BoundedSemaphore, Thread
from typing import Any
from urllib.parse import urlsplit

from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads

from models.errors import ExitflowError, ExitStatus
from models.sealed import NotSealed
from workers.keys import Keyring, KeysError
from workers.seal import FAILURE, opened

LONGEST = 64 * 1024 * 1024
"""Bytes of a request: a page of a history is at most 4 MB, and base64 makes it longer."""

_AT_ONCE = 8
_IDLE = 30.0
_HEADERS = "content-type, x-namespace, authorization, caller-type"
_CONNECTIONS, _CONNECTIONS_6 = Path("/proc/net/tcp"), Path("/proc/net/tcp6")
_MAPPED = "0000000000000000FFFF0000"
"""How the kernel shows an address of version 4 in a socket of version 6."""

_LOCAL = {"localhost", "127.0.0.1"}
USER = "exitflow"


class EndpointError(ExitflowError, OSError):
    """The codec endpoint cannot be had; says why."""

    status = ExitStatus.UNREACHABLE


@dataclass(frozen=True)
class Codec:
    """What the endpoint opens, and for whom.

    Attributes:
        origins: Of the Web UI's pages, as ``http://localhost:8233``.
        namespace: Whose payloads are opened; those of any where None is named.
        password: Of the user ``exitflow``; without one only this machine's same user is served.
    """

    ring: Keyring
    origins: frozenset[str]
    namespace: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def hosts(self) -> set[str]:
        """Names under which the endpoint is asked: its own machine's, and the Web UI's."""
        return _LOCAL | {urlsplit(origin).hostname or "" for origin in self.origins}

    def opened(self, payloads: Sequence[Payload]) -> Payloads:
        """What is sealed with the installation's keys, opened; all else as it is."""
        return Payloads(payloads=[self._opened(payload) for payload in payloads])

    def _opened(self, payload: Payload) -> Payload:
        try:
            found = opened(payload, self.ring)
        except NotSealed:
            return payload
        found.metadata.pop(FAILURE, None)
        return found


@contextmanager
def serving(codec: Codec, port: int, listen: str = "127.0.0.1") -> Iterator[int]:
    """Serve until the block ends; gives the port.

    Raises:
        EndpointError: if the port cannot be had, or others would be served without a password.
    """
    if codec.password is None and not ip_address(listen).is_loopback:
        raise EndpointError(
            f"the codec endpoint is to listen on {listen}, which other machines reach: set "
            "EXITFLOW_CODEC_PASSWORD"
        )
    try:
        server = _Server((listen, port), _Request)
    except OSError as error:
        raise EndpointError(
            f"the codec endpoint cannot have port {port} ({error.strerror})"
        ) from None
    server.codec = codec
    thread = Thread(target=server.serve_forever, name="codec", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    codec: Codec

    def __init__(self, *given: Any) -> None:
        self.slots = BoundedSemaphore(_AT_ONCE)
        super().__init__(*given)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is nobody's concern; its content must not come into a log."""


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "exitflow"
    sys_version = ""
    timeout = _IDLE
    server: _Server

    def do_OPTIONS(self) -> None:
        """What a browser asks before it sends anything."""
        self._answered(lambda: None, HTTPStatus.NO_CONTENT, asked_before=True)

    def do_GET(self) -> None:
        """For a browser that has to log in before its Web UI can ask."""
        self._answered(lambda: "the codec endpoint of exitflow; the Web UI can read now\n")

    def do_POST(self) -> None:
        """``/decode`` and ``/encode``."""
        self._answered(self._exchanged)

    def _answered(
        self, answer: Any, status: HTTPStatus = HTTPStatus.OK, *, asked_before: bool = False
    ) -> None:
        try:
            self._check_page()
            if not asked_before:
                self._check_person()
            with self.server.slots:
                said = answer()
        except _Refused as refused:
            # What was not read of the request would be taken for the next one.
            self.close_connection = True
            status, said = refused.status, f"{refused}\n"
        except KeysError as error:
            self.close_connection = True
            status, said = HTTPStatus.SERVICE_UNAVAILABLE, f"{error}\n"
        body = said.encode() if said else b""
        self.send_response(status)
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="exitflow", charset="UTF-8"')
        origin = self.headers.get("Origin")
        if origin in self.server.codec.origins:
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Access-Control-Allow-Credentials", "true")
            self.send_header("Access-Control-Allow-Methods", "POST")
            self.send_header("Access-Control-Allow-Headers", _HEADERS)
        kind = "application/json" if body.startswith(b"{") else "text/plain; charset=utf-8"
        self.send_header("Vary", "Origin")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _check_page(self) -> None:
        """The Web UI's pages, or a program that is no browser."""
        host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        if host not in self.server.codec.hosts:
            raise _Refused(HTTPStatus.FORBIDDEN, "asked under a name that is not its own")
        origin = self.headers.get("Origin")
        if origin is not None and origin not in self.server.codec.origins:
            raise _Refused(HTTPStatus.FORBIDDEN, "asked by a page that is not the Web UI's")

    def _check_person(self) -> None:
        password = self.server.codec.password
        if password is None:
            if not _same_user(self.client_address, self.request.getsockname()):
                raise _Refused(HTTPStatus.FORBIDDEN, "asked by another user of this machine")
            return
        wanted = "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            raise _Refused(HTTPStatus.UNAUTHORIZED, f"log in as {USER}")

    def _exchanged(self) -> str:
        what = urlsplit(self.path).path.rstrip("/")
        if what not in ("/decode", "/encode"):
            raise _Refused(HTTPStatus.NOT_FOUND, "there are /decode and /encode")
        codec, namespace = self.server.codec, self.headers.get("X-Namespace")
        if codec.namespace and namespace and namespace != codec.namespace:
            raise _Refused(HTTPStatus.FORBIDDEN, f"for the namespace {codec.namespace} alone")
        given = self._payloads()
        answer = codec.opened(given.payloads) if what == "/decode" else given
        return json_format.MessageToJson(answer, indent=None)

    def _payloads(self) -> Payloads:
        if self.headers.get_content_type() != "application/json":
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "say how long it is")
        if int(length[:20]) > LONGEST:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"send at most {LONGEST} bytes")
        try:
            return json_format.Parse(self.rfile.read(int(length)), Payloads())
        except (json_format.ParseError, ValueError, RecursionError):
            raise _Refused(HTTPStatus.BAD_REQUEST, "these are no payloads as JSON") from None

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: who looked at which case is nobody's business."""


def _same_user(peer: tuple[str, int], own: tuple[str, int]) -> bool:
    """Whether a connection from this machine is of the user that this process runs as, or root's.

    As Linux tells it; other systems do not tell, and there every local user is served.
    """
    if not _CONNECTIONS.is_file():
        return True
    wanted = [_as_kernel(peer), _as_kernel(own)]
    for table, prefix in ((_CONNECTIONS, ""), (_CONNECTIONS_6, _MAPPED)):
        for words in map(str.split, table.read_text(encoding="ascii").splitlines()[1:]):
            if words[1:3] == [prefix + each for each in wanted]:
                return int(words[7]) in (os.geteuid(), 0)
    return False


def _as_kernel(address: tuple[str, int]) -> str:
    number = int.from_bytes(ip_address(address[0]).packed, "little")
    return f"{number:08X}:{address[1]:04X}"
