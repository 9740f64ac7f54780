"""One installation: its home folder, its registry and its server know each other.

The keys make it: its id is derived from them, stands in the registry, and is kept with the
namespace of its server. So a command in one folder cannot open a case on another's server.
"""

from pathlib import Path

from sqlalchemy import Engine
from temporalio.api.namespace.v1 import UpdateNamespaceInfo
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client

from models.errors import ExitflowError, ExitStatus
from registry.database.engine import reading, writing
from registry.database.faults import place
from registry.database.installation import PROGRAM, belongs_to, claim_for, misfit
from workers.keys import installation_of
from workers.settings import Settings

_ID, _HOME = "exitflow-installation", "exitflow-home"
"""What the namespace keeps: whose it is, and where that one's home lies."""


class WrongInstallation(ExitflowError, ConnectionError):
    """Home, registry and server do not belong together; the sentence names them."""

    status = ExitStatus.UNREACHABLE


def own_id(settings: Settings) -> str | None:
    """The id of the installation; None where it has no keys yet."""
    return installation_of(settings.keys_file)


def check_home(settings: Settings) -> None:
    """Make sure that this program can carry on the home folder.

    Raises:
        WrongInstallation: naming both versions.
    """
    try:
        found = _stamp(settings).read_text(encoding="utf-8").strip()
    except OSError:
        return  # none yet: the registry, which is asked too, knows what it was used by
    if (said := misfit(f"the home {settings.home.resolve()}", found)) is not None:
        raise WrongInstallation(said)


def stamp_home(settings: Settings) -> None:
    """Note that this version uses the home from now on.

    Raises:
        WrongInstallation: if the folder cannot be written.
    """
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _stamp(settings).exists() or _stamp(settings).read_text("utf-8").strip() != PROGRAM:
            _stamp(settings).write_text(f"{PROGRAM}\n", encoding="utf-8")
    except OSError as error:
        raise WrongInstallation(
            f"the home {settings.home.resolve()} cannot be written: {error.strerror}"
        ) from None


def check_registry(engine: Engine, settings: Settings, *, claim: bool = False) -> None:
    """Make sure that the registry is this installation's.

    Args:
        claim: Note whose it is, where nobody has.

    Raises:
        WrongInstallation: if it is another's.
        RegistryError: if it cannot be read.
    """
    own = own_id(settings)
    with reading(engine) as session:
        found = belongs_to(session.connection())
    if found is not None and found != own:
        raise WrongInstallation(
            f"{place(engine)} belongs to the installation {found}, and this is "
            f"{_named(settings, own)}: set EXITFLOW_HOME to the home of the former, or "
            "EXITFLOW_REGISTRY_URL to the registry of the latter"
        )
    if found is None and own is not None and claim:
        with writing(engine) as session:
            claim_for(session.connection(), own)


async def check_server(client: Client, settings: Settings, *, claim: bool = False) -> None:
    """Make sure that the namespace a client is connected to is this installation's.

    Args:
        claim: Note whose it is, where nobody has: by what serves it, not by who asks.

    Raises:
        WrongInstallation: if it is another's.
        RPCError: if the server does not answer.
    """
    own = own_id(settings)
    described = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=client.namespace), retry=True
    )
    data = described.namespace_info.data
    found = data.get(_ID)
    if found is not None and found != own:
        target = client.service_client.config.target_host
        raise WrongInstallation(
            f"the server at {target}, namespace {client.namespace}, belongs to the installation "
            f"{found} of {data.get(_HOME, 'another home')}, and this is {_named(settings, own)}: "
            "set EXITFLOW_HOME to the home of the former, or TEMPORAL_ADDRESS to the server of the "
            "latter"
        )
    if found is None and own is not None and claim:
        told = UpdateNamespaceInfo(data={_ID: own, _HOME: str(settings.home.resolve())})
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(namespace=client.namespace, update_info=told)
        )


def _stamp(settings: Settings) -> Path:
    return settings.home / "version"


def _named(settings: Settings, id: str | None) -> str:
    home = settings.home.resolve()
    return f"{id} of {home}" if id else f"{home}, which has no keys and so is no installation yet"
