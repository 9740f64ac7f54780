"""Running an installation, and what it begins by the calendar."""

import asyncio
import signal
from datetime import timedelta
from typing import Annotated

from pydantic import Field
from rich.text import Text
from temporalio.client import Client

from models.offices import Division
from models.policy import Policy
from operators.commands.words import InputError, Json, word
from operators.desk.desk import open_desk
from operators.views.printing import as_json, at, console, table
from operators.views.terminal import say
from registry.records import Overview
from workers import schedules
from workers.connection import run
from workers.settings import Settings, load_settings

_Port = Annotated[
    int, Field(ge=0, le=65535, title="port", description="1 to 65535, or 0 for a free one")
]
Port = Annotated[int, word(_Port)]


def up(*, port: Port = 7233, ui_port: Port = 8233) -> None:
    """Run the installation on this machine until Ctrl-C.

    Args:
        port: Port of the Temporal server, on 127.0.0.1; 7233 where none is named, 0 for a free one.
        ui_port: Port of the Web UI, on 127.0.0.1; 8233 where none is named, 0 for a free one.
    """
    from operators.up import stay_up

    if port == ui_port != 0:
        raise InputError(f"--ui-port: {ui_port} is the server's own port; name another")
    run(stay_up(load_settings(), port, ui_port))


def worker() -> None:
    """Run a worker until it is told to stop."""
    from workers.serve import serve

    run(serve(load_settings()))


def codec(
    *, origin: list[str], port: Port = 8081, listen: str = "127.0.0.1", namespace: str = "default"
) -> None:
    """Open for Temporal's Web UI what is sealed, until it is told to stop.

    Args:
        origin: Where the Web UI's pages come from, for example http://localhost:8080.
        port: Where it listens; 8081 if no port is named, 0 for a free one.
        listen: Address it listens on; any but this machine's own wants EXITFLOW_CODEC_PASSWORD.
        namespace: The Temporal namespace it serves.
    """

    run(_stay_open(load_settings(), frozenset(origin), port, listen, namespace))


async def _stay_open(
    settings: Settings, origins: frozenset[str], port: int, listen: str, namespace: str
) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        KeysError: if the keys cannot be read.
        EndpointError: if the port cannot be had, or others would be served without a password.
    """
    from workers.codec_endpoint import Codec, serving

    password = settings.codec_password
    codec = Codec(
        settings.keyring(), origins, namespace, password.get_secret_value() if password else None
    )
    stop = asyncio.Event()
    with serving(codec, port, listen) as opened:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        say(f"codec ready: http://{listen}:{opened}", flush=True)
        await stop.wait()


def rehearse(scenario: str, /, *, json: Json = False) -> int:
    """Play a scenario on a server of its own whose clock runs ahead, and print its course.

    A county's exit, or the year of a whole township: rosters, villages, then their county.

    Args:
        scenario: Name of a shipped scenario, or a .toml file.
    """
    from operators.rehearsal.player import rehearse as play

    return run(play(scenario, json=json))


# -- what begins by the calendar (F5, F6) -----------------------------------------------------


async def make_schedules(
    client: Client, policy: Policy, known: Overview
) -> schedules.SchedulesMade:
    """Make the schedules that are missing for the province and its counties in the register.

    Raises:
        RPCError: if the server refuses.
    """
    counties = [
        Division(code=county.code, name=county.name)
        for county in known.counties
        if county.code[:2] == policy.province[:2]
    ]
    return await schedules.set_up(client, schedules.planned(policy, counties))


def setup_schedules() -> None:
    """Make the schedules that are missing, change those that the policy wants otherwise."""

    async def make() -> schedules.SchedulesMade:
        async with open_desk() as desk:
            return await make_schedules(desk.client, desk.policy, desk.registry.overview())

    done = run(make())
    say(f"{done.total} schedules: {len(done.made)} made, {len(done.changed)} changed")


def list_schedules(*, json: Json = False) -> None:
    """List the schedules: when they begin their next rounds, how the last one went."""

    async def read() -> tuple[schedules.ScheduleRecord, ...]:
        async with open_desk() as desk:
            return await schedules.listed(desk.client)

    found = run(read())
    if json:
        as_json(found)
        return
    out = console()
    if found:
        lines = table("Schedule", "Next (Beijing)", "Then", "Last for", "Begun at", "Catch-up", "")
        for each in found:
            upcoming = [at(moment) for moment in each.next_times[:2]]
            nothing = [""] * (2 - len(upcoming))
            lines.add_row(
                each.id,
                *upcoming,
                *nothing,
                at(each.last_nominal) if each.last_nominal else "",
                at(each.last_started) if each.last_started else "",
                _days(each.catch_up),
                _state(each),
            )
        out.print(lines)
        out.print()
    out.print(f"{len(found)} schedules", style="bold")


def begin_round(schedule: str, /) -> None:
    """Begin the round of a schedule as of today: of this day, this quarter or this year.

    For where its day was missed for good. What it has begun before is not begun twice.

    Args:
        schedule: Id of the schedule, for example follow-up/411523; `exitflow schedules` lists them.
    """

    async def begin() -> None:
        async with open_desk() as desk:
            await schedules.begin(desk.client, schedule)

    run(begin())
    say(f"round of {schedule} begun; `exitflow cases` lists what it opens")


def _days(span: timedelta | None) -> str:
    if span is None:
        return ""
    return f"{span.days} d" if span.days else f"{span.seconds // 3600} h"


def _state(each: schedules.ScheduleRecord) -> Text:
    if each.paused:
        return Text("paused 已暂停", "bold red")
    return Text(f"{each.missed} missed", "bold red") if each.missed else Text("")
