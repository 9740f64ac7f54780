"""How everything connects: worker, desk, command line, scripts, tests."""

import asyncio
import gc
import logging
import threading
import time
from collections.abc import Coroutine
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from temporalio.client import Client, Interceptor
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.service import RPCError

from models.errors import ExitflowError, ExitStatus
from workers.keys import Keyring
from workers.seal import sealed_client

T = TypeVar("T")

CONNECT_TIMEOUT = timedelta(seconds=10)

LOGGING = LoggingConfig(
    filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"),
    forwarding=LogForwardingConfig(logger=logging.getLogger("temporalio.core")),
)
"""The library's native part writes to the standard output by itself, between the lines of a list;
and it warns of what is asked again in a moment."""


class Unreachable(ExitflowError, ConnectionError):
    """No Temporal server answers where it was looked for."""

    status = ExitStatus.UNREACHABLE


async def connect(
    ring: Keyring | None,
    address: str | None = None,
    namespace: str | None = None,
    runtime: Runtime | None = None,
    traces: str | None = None,
) -> Client:
    """Connect as the environment says (``TEMPORAL_ADDRESS``, ``TEMPORAL_NAMESPACE``, TLS, …).

    Args:
        ring: What seals the exchange with cases; None if no case is spoken to.
        address: Host and port, where the caller knows better than the environment.
        namespace: Likewise.
        runtime: Of the library, if not the one that all share.
        traces: Where traces go of what the client does, and every worker that has it.

    Raises:
        Unreachable: naming the address and how to set another.
    """
    config = ClientConfig.load_client_connect_config()
    target = address or config.get("target_host") or "127.0.0.1:7233"
    config["target_host"] = target
    if namespace is not None:
        config["namespace"] = namespace
    interceptors: list[Interceptor] = []
    if traces is not None:
        from workers.traces import tracing  # with its libraries, for who wants traces

        interceptors = [tracing(traces)]
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT.total_seconds()):
            client = await Client.connect(
                **config,
                data_converter=pydantic_data_converter,
                interceptors=interceptors,
                runtime=runtime,
            )
            return sealed_client(client, ring) if ring else client
    except (RuntimeError, RPCError, OSError, TimeoutError, ValueError) as error:
        raise Unreachable(
            f"no Temporal server answers at {target}; start one with 'exitflow up', or set "
            f"TEMPORAL_ADDRESS ({_why(error)})"
        ) from error


_REASONS = {
    "dns error": "no machine of that name is known",
    "Connection refused": "nothing listens there",
}
"""What the library says among much else, and what it means to a person."""


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"nothing came back within {CONNECT_TIMEOUT.total_seconds():.0f} s"
    said = str(error)
    return next((reason for part, reason in _REASONS.items() if part in said), said[:120])


@cache
def _runtime() -> Runtime:
    return Runtime(telemetry=TelemetryConfig(logging=LOGGING))


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a client program to its end.

    The SDK's native threads may still hold Python objects when the interpreter goes down, and
    then abort it after the work is done. Letting them finish first keeps the exit status honest.
    """
    Runtime.set_default(_runtime(), error_if_already_set=False)
    try:
        return asyncio.run(main)
    finally:
        # A command in a thread of a rehearsal or a test ends, and its interpreter goes on.
        if threading.current_thread() is threading.main_thread():
            gc.collect()
            time.sleep(0.2)
