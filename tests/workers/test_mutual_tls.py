"""Certificates as docker/certificates.sh makes them: who has one comes in, nobody else does.

The door stands in front of the embedded server, which has no TLS of its own.
"""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from temporalio.client import Client

from workers.connection import Unreachable, connect

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "docker" / "certificates.sh"


def certificates(folder: Path) -> Path:
    """What the script leaves."""
    done = subprocess.run(
        ["sh", str(SCRIPT), str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates(tmp_path_factory.mktemp("certificates"))


@asynccontextmanager
async def door(made: Path, server: Client) -> AsyncIterator[str]:
    """Mutual TLS in front of a server; gives its address."""
    host, port = server.service_client.config.target_host.split(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made / "temporal.pem", made / "temporal.key")
    context.load_verify_locations(made / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    carrying: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def came(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        for each in (carry(reader, inner_writer), carry(inner_reader, writer)):
            task = asyncio.create_task(each)
            carrying.add(task)

    listening = await asyncio.start_server(came, "127.0.0.1", 0, ssl=context)
    try:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)


def shows(monkeypatch: pytest.MonkeyPatch, made: Path, name: str | None, trusts: Path) -> None:
    """The environment of a desk or a worker, as docs/operations.md says it."""
    monkeypatch.setenv("TEMPORAL_TLS", "true")
    monkeypatch.setenv("TEMPORAL_TLS_SERVER_NAME", "temporal")
    monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(trusts / "ca.pem"))
    if name is not None:
        monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", str(made / f"{name}.pem"))
        monkeypatch.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", str(made / f"{name}.key"))


async def test_who_has_a_certificate_comes_in(
    made: Path, server: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    shows(monkeypatch, made, "worker", made)
    async with door(made, server) as address:
        client = await connect(None, address)
        assert await client.service_client.check_health()


async def test_who_has_none_or_anothers_does_not(
    made: Path, server: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    strange = certificates(tmp_path / "strange")
    async with door(made, server) as address:
        with pytest.raises(Unreachable):
            await connect(None, address)
        shows(monkeypatch, made, None, made)
        with pytest.raises(Unreachable):
            await connect(None, address)
        shows(monkeypatch, strange, "worker", made)
        with pytest.raises(Unreachable):
            await connect(None, address)


async def test_a_server_that_is_another_is_not_believed(
    made: Path, server: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    strange = certificates(tmp_path / "strange")
    shows(monkeypatch, made, "worker", strange)
    async with door(made, server) as address:
        with pytest.raises(Unreachable):
            await connect(None, address)


def test_what_is_there_is_kept_and_the_authoritys_key_is_its_owners(made: Path) -> None:
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    assert {path.name: path.read_bytes() for path in certificates(made).iterdir()} == before
    assert (made / "ca.key").stat().st_mode & 0o077 == 0
    assert {"temporal.key", "worker.key", "ui.key", "ca.pem"} <= set(before)
