"""Temporal Schedules of an installation: making them, and saying when they begin what (F5, F6)."""

from datetime import timedelta

from rich.text import Text
from temporalio.client import Client

from models.offices import Division
from models.policy import Policy
from operators.commands.options import Json
from operators.desk.desk import open_desk
from operators.views.printing import as_json, at, console, table
from operators.views.terminal import say
from registry.records import Overview
from workers import schedules
from workers.connection import run


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


def list_(*, json: Json = False) -> None:
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
    """Begin the round of a schedule as of today: of this quarter, or of this year.

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
