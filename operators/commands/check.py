"""`exitflow check`: registry, files and server against each other; a sentence for each finding."""

import re
import sys

from rich.console import Console
from rich.text import Text
from sqlalchemy import Engine
from temporalio.service import RPCError

from models.checks.findings import CheckReport, Finding
from models.checks.journal import JournalHead
from operators.commands.inputs import InputError
from operators.commands.options import Json
from operators.desk.answers import unreachable
from operators.views.printing import as_json, at, console, counted, paragraph
from operators.views.terminal import progress, say
from registry.checks.checks import Checks
from registry.database.engine import check_schema
from registry.errors import RegistryError
from workers.connection import Unreachable, connect, run
from workers.installation import check_home
from workers.settings import Settings, load_settings

FOUND = 1
_HEAD = re.compile(r"(\d{1,9}):([0-9a-f]{64})", re.ASCII)


def check(
    *, offline: bool = False, last: bool = False, since: str | None = None, json: Json = False
) -> int:
    """Look at everything that is kept, and at the server where one answers.

    Args:
        offline: Look at the registry and the files alone.
        last: Show what the last check found that was kept, that of the night too, and look at
            nothing.
        since: A head of the journal that was kept elsewhere, NUMBER:HASH as this command prints
            it: that the journal still goes on from it is looked at too.
    """
    head = _head(since)
    settings = load_settings()
    engine = settings.engine()
    try:
        check_home(settings)
        check_schema(engine)
        checks = settings.checks(engine)
        report = _last(checks) if last else _look(settings, checks, engine, offline, head)
    finally:
        engine.dispose()
    if json:
        as_json(report)
    else:
        print_report(console(), report)
    return FOUND if report.total else 0


def print_report(out: Console, report: CheckReport) -> None:
    """Findings, then what was looked at."""
    for each in report.findings:
        _print_finding(out, each)
    if report.total > len(report.findings):
        out.print(f"and {report.total - len(report.findings)} more", style="bold red")
    if report.findings:
        out.print()
    found = "nothing is wrong" if not report.total else counted(report.total, "finding")
    out.print(Text(f"{found}, {at(report.ended)}", "bold red" if report.total else "bold green"))
    entries = counted(report.entries, "entry", "entries")
    out.print(f"files     {counted(report.cases, 'case')} with {entries}")
    if report.under_way:
        said = "changes of the last hour are not on file yet; check again later"
        out.print(f"          {report.under_way} {said}")
    out.print(Text(f"server    {report.server}"))
    out.print(f"journal   {report.journal.number}:{report.journal.hash}")


def _print_finding(out: Console, each: Finding) -> None:
    out.print(Text(f"{each.part}: {each.where}", "bold"))
    out.print(paragraph(f"{each.what}; {each.mend}", out.width, 2))


def _head(given: str | None) -> tuple[JournalHead, ...]:
    if given is None:
        return ()
    found = _HEAD.fullmatch(given.strip())
    if found is None:
        raise InputError(
            "--since: write a head of the journal as `exitflow check` prints it, NUMBER:HASH"
        )
    return (JournalHead(number=int(found[1]), hash=found[2]),)


def _last(checks: Checks) -> CheckReport:
    report = checks.last()
    if report is None:
        raise InputError("--last: no check was kept yet; run `exitflow check` without it")
    return report


def _look(
    settings: Settings,
    checks: Checks,
    engine: Engine,
    offline: bool,
    since: tuple[JournalHead, ...],
) -> CheckReport:
    server: tuple[str, list[Finding]] = ("not checked (--offline)", [])
    if not offline:
        server = run(_server(settings, engine))
    progress = _progress if sys.stderr.isatty() else _silent
    report = checks.run(server, progress, since)
    if not offline:
        try:
            checks.keep(report)
        except RegistryError as error:  # who may only read has the check all the same
            say(f"exitflow: this check is not kept for --last: {error}", file=sys.stderr)
    return report


async def _server(settings: Settings, engine: Engine) -> tuple[str, list[Finding]]:
    from workers.server_check import server_part

    try:
        return await server_part(await connect(settings.keyring()), settings, engine)
    except Unreachable as error:
        return f"not checked: {error}", []
    except RPCError as error:
        return f"not checked to its end: {unreachable(error)}", []


def _progress(what: str, done: int, total: int) -> None:
    progress(f"{what}: {done:,} of {total:,}", last=done >= total)


def _silent(what: str, done: int, total: int) -> None:
    """Nothing: nobody watches."""
