"""How the installation stands: one line for each thing that it needs."""

from asyncio import to_thread
from collections.abc import Awaitable, Callable
from functools import partial

from rich.text import Text
from sqlalchemy import Engine
from temporalio.client import Client

from models import search
from models.base import Record
from models.periods import beijing
from operators.commands.words import Json
from operators.desk.registry import utc_now
from operators.verdicts import verdict
from operators.views.printing import as_json, console, counted, paragraph
from registry.database.installation import PROGRAM
from workers import health, namespace
from workers.connection import connect, run
from workers.installation import check_home, check_registry, check_server, own_id
from workers.settings import Settings, load_settings

UNWELL = 1


class Health(Record):
    """How one thing stands.

    Attributes:
        said: What was seen; or what is wrong and how to mend it, in one sentence.
    """

    what: str
    is_well: bool
    said: str


Look = tuple[str, Callable[[], Awaitable[str]]]
"""What is looked at, and how: as in ``workers.health``."""


def doctor(*, json: Json = False) -> int:
    """Look at each thing that the installation needs; nothing is changed.

    What cannot be reached is one line, and the rest is looked at all the same.
    """
    settings = load_settings()
    engine = settings.engine()
    try:
        found = run(_looked(settings, engine))
    finally:
        engine.dispose()
    if json:
        as_json(found)
    else:
        _print(found)
    return 0 if all(each.is_well for each in found) else UNWELL


async def _looked(settings: Settings, engine: Engine) -> list[Health]:
    found = [await _seen(look) for look in _machine(settings, engine)]
    for first, *others in (_registry(settings, engine), _server(settings)):
        found.append(await _seen(first))
        if found[-1].is_well:  # else the others would say the same again
            found += [await _seen(look) for look in others]
    return found


async def _seen(look: Look) -> Health:
    what, ask = look
    try:
        return Health(what=what, is_well=True, said=await ask())
    except Exception as error:
        judged = verdict(error)
        if judged is None:
            raise
        return Health(what=what, is_well=False, said=judged[1])


def _machine(settings: Settings, engine: Engine) -> list[Look]:
    today = beijing(utc_now()).date()
    return [
        ("home", partial(to_thread, _home, settings)),
        ("keys", partial(to_thread, _keys, settings)),
        ("disk", partial(to_thread, health.disk, settings, engine)),
        ("policy", partial(to_thread, _policy, settings)),
        ("calendar", partial(to_thread, health.calendar, settings, today)),
        *(("channel", partial(health.channel, each)) for each in settings.outgoing()),
    ]


def _registry(settings: Settings, engine: Engine) -> list[Look]:
    return [
        ("registry", partial(to_thread, health.registry, engine)),
        ("schema", partial(to_thread, health.schema, engine)),
        ("installation", partial(to_thread, _owner, settings, engine)),
        ("clock", partial(to_thread, health.registry_clock, engine)),
    ]


def _server(settings: Settings) -> list[Look]:
    client: Client | None = None

    async def reached() -> str:
        nonlocal client
        client = await connect(None)
        return await health.server(client)

    def of(ask: Callable[[Client], Awaitable[str]]) -> Callable[[], Awaitable[str]]:
        async def asked() -> str:
            assert client is not None  # as it was reached
            return await ask(client)

        return asked

    async def there(client: Client) -> str:
        await namespace.check_there(client)
        await check_server(client, settings)
        return client.namespace

    async def attributes(client: Client) -> str:
        await namespace.check_attributes(client)
        return f"all {len(search.ALL)} are there"

    return [
        ("server", reached),
        ("namespace", of(there)),
        ("search attributes", of(attributes)),
        ("limits", of(health.limits)),
        ("clock", of(health.server_clock)),
        ("workers", of(health.workers)),
    ]


def _home(settings: Settings) -> str:
    check_home(settings)
    return str(settings.home.resolve())


def _keys(settings: Settings) -> str:
    keys = settings.keyring().keys
    return f"{counted(len(keys.all), 'key')} in {settings.keys_file}, {keys.newest.id} seals"


def _policy(settings: Settings) -> str:
    return settings.load_policy().id


def _owner(settings: Settings, engine: Engine) -> str:
    check_registry(engine, settings)
    return own_id(settings) or "without keys yet"


def _print(found: list[Health]) -> None:
    out = console()
    for each in found:
        sign, style = ("ok   ", "green") if each.is_well else ("WRONG", "bold red")
        lines = paragraph(each.said, out.width, 26).plain.lstrip()
        out.print(Text(sign, style), Text(f"{each.what:<19}"), Text(lines))
    unwell = sum(not each.is_well for each in found)
    said = f"{unwell} of {len(found)} not well" if unwell else "all is well"
    out.print(Text(f"\nexitflow {PROGRAM}: {said}", "bold red" if unwell else "bold green"))
