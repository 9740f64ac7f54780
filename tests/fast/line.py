"""How a program in a thread of its own reaches a server in memory, which has another loop."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

from temporalio.api.workflowservice import v1
from temporalio.client import Client
from temporalio.service import ConnectConfig, ServiceClient

from tests.fast.server import FastServer
from tests.fast.works import NAMESPACE
from workers.keys import Keyring

ADDRESS = "in memory"


class Line:
    """To a server in memory; made in the loop in which the server works."""

    def __init__(self, server: FastServer) -> None:
        self._server, self._loop = server, asyncio.get_running_loop()

    async def connect(
        self,
        ring: Keyring | None,
        address: str | None = None,
        namespace: str | None = None,
        traces: str | None = None,
    ) -> Client:
        """In place of ``workers.connection.connect``: nothing is sealed or traced on the way."""
        return Client(
            cast(ServiceClient, _Connection(self)),
            namespace=NAMESPACE,
            data_converter=self._server.works.converter,
        )

    async def call(self, name: str, request: Any, **options: Any) -> Any:
        """A call of the server, done where it works."""
        done = getattr(self._server.client.workflow_service, name)(request, **options)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(done, self._loop))


class _Connection:
    def __init__(self, line: Line) -> None:
        self.config = ConnectConfig(target_host=ADDRESS, identity="command line")
        self.workflow_service = _Calls(line)


class _Calls:
    """Any call of the workflow service."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def describe_namespace(
        self, _request: v1.DescribeNamespaceRequest, **_: Any
    ) -> v1.DescribeNamespaceResponse:
        """Nobody's: whose a server is, only a real one knows."""
        return v1.DescribeNamespaceResponse()

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(request: Any, **options: Any) -> Coroutine[Any, Any, Any]:
            return self._line.call(name, request, **options)

        return call
