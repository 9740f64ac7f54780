"""Setting up a production namespace: the namespace itself and the search attributes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from models import search
from workers.connection import Unreachable

RETENTION = timedelta(days=3650)
"""How long the server keeps ended cases; the file in the registry is kept for good."""

T = TypeVar("T")

_SETUP = "run `exitflow setup namespace`"

_LOOK_EVERY = 0.5
_VISIBLE_WITHIN = 60.0


async def set_up(client: Client) -> list[str]:
    """Make the client's namespace and register what is missing; return what was added.

    Raises:
        RPCError: if the server refuses.
        TimeoutError: if an attribute does not become usable within a minute.
    """
    await _register_namespace(client)
    async with asyncio.timeout(_VISIBLE_WITHIN):
        missing = await _missing(client)
        if missing:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
            )
        # Usable a moment after registration, not at once: a case started too early would wedge.
        while await _missing(client):  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(_LOOK_EVERY)
    return sorted(missing)


async def once_known(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask something of a namespace that was just made: parts of the server learn of it later.

    Raises:
        RPCError: if the server refuses.
        TimeoutError: if it is not known within a minute.
    """
    async with asyncio.timeout(_VISIBLE_WITHIN):
        while True:
            try:
                return await ask()
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
            await asyncio.sleep(_LOOK_EVERY)


async def keep_ended_cases(client: Client) -> None:
    """Let the server keep ended cases as long as cases are asked about."""
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(
            namespace=client.namespace,
            config=NamespaceConfig(workflow_execution_retention_ttl=retention),
        )
    )


async def check(client: Client) -> None:
    """Make sure that cases can be run in the client's namespace.

    Raises:
        Unreachable: if it is not there, or lacks search attributes; with what to do.
    """
    await check_there(client)
    await check_attributes(client)


async def check_there(client: Client) -> None:
    """Make sure that the client's namespace is there.

    Raises:
        Unreachable: if it is not; with what to do.
    """
    try:
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace), retry=True
        )
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        raise Unreachable(f"the server has no namespace {client.namespace}: {_SETUP}") from error


async def check_attributes(client: Client) -> None:
    """Make sure that the client's namespace has the search attributes of cases.

    Raises:
        Unreachable: naming what it lacks; with what to do.
    """
    missing = await _missing(client)
    if missing:
        lacking = ", ".join(sorted(missing))
        raise Unreachable(f"the namespace {client.namespace} lacks {lacking}: {_SETUP}")


async def _register_namespace(client: Client) -> None:
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    request = RegisterNamespaceRequest(
        namespace=client.namespace, workflow_execution_retention_period=retention
    )
    try:
        # Tried again where the connection had gone stale; a second time it is there already.
        await client.workflow_service.register_namespace(request, retry=True)
    except RPCError as error:
        if error.status != RPCStatusCode.ALREADY_EXISTS:
            raise


async def _missing(client: Client) -> dict[str, "IndexedValueType.ValueType"]:
    wanted = {
        key.name: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{key.indexed_value_type.name}")
        for key in search.ALL
    }
    try:
        known = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), retry=True
        )
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:  # the namespace is not yet known everywhere
            raise
        return wanted
    return {name: type_ for name, type_ in wanted.items() if name not in known.custom_attributes}
