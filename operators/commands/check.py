"""Registry, files and server against each other (G7): looking, and mending what differs."""

import re
import sys

from rich.console import Console
from rich.text import Text
from sqlalchemy import Engine
from temporalio.service import RPCError

from models.case.ledger import EntryKind
from models.case.mending import Mending
from models.checks.findings import CheckReport, Finding
from models.checks.journal import JournalHead
from models.periods import beijing
from operators.commands.words import InputError, Json
from operators.desk.answers import unreachable
from operators.desk.desk import open_desk
from operators.desk.registry import utc_now
from operators.views.printing import as_json, at, console, counted, paragraph
from operators.views.terminal import progress, say
from registry.checks.checks import Checks
from registry.database.engine import check_schema
from registry.errors import RegistryError
from workers.connection import Unreachable, connect, run
from workers.installation import check_home
from workers.settings import Settings, load_settings

FOUND = LEFT = 1
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
    report = checks.run(server, progress, since, beijing(utc_now()).date())
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


# -- mending ----------------------------------------------------------------------------------


def mend(
    case: str | None = None, /, *, officer: str | None = None, reason: str | None = None
) -> int:
    """Give the registry what it lacks; or let a case take the registry's file, where they differ.

    Without CASE, for a registry that was restored from an older copy: what the server knows was
    done is done there again, and missing files of notices are written again. A worker that starts
    does the same. Run it on the worker's machine, where the home folder is.

    With CASE, for a case that contradicts its kept file: what the case had written otherwise is put
    on file as such, what it had forgotten is taken in again as of when it came; what is not
    possible any more is put on file as refused.

    Args:
        case: Id of the case; `exitflow cases` marks those that contradict their kept file.
        officer: Who decides that.
        reason: Why they differ, for example that the server was restored from a copy.
    """
    if case is None:
        if officer is not None or reason is not None:
            raise InputError("CASE: name the case that goes on with its kept file")
        return run(_give_back(load_settings()))
    if officer is None or reason is None:
        raise InputError("--officer, --reason: say who decides that the kept file stands, and why")
    said = run(_take_kept(case, Mending(officer=officer, reason=reason)))
    say(*said or [f"{case}: its file is as it is kept; nothing is mended"])
    return 0


async def _take_kept(case: str, asked: Mending) -> list[str]:
    async with open_desk() as desk:
        entries = await desk.mend(case, asked)
        last = [each for each in entries if each.kind is EntryKind.CONTRADICTED]
        return [f"entry {each.seq}: {each.text}" for each in last]


async def _give_back(settings: Settings) -> int:
    from registry.checks.restoring import Restoring
    from registry.database.engine import check_schema, check_writable
    from workers.catalogue import activities
    from workers.installation import check_home, check_registry, check_server
    from workers.redoing import redo

    engine = settings.engine()
    try:
        check_home(settings)
        check_writable(engine)
        check_schema(engine)
        check_registry(engine, settings)
        client = await connect(settings.keyring())
        await check_server(client, settings)
        restoring = Restoring(engine, settings.notices_folder)
        done = await redo(client, restoring, activities(settings))
    finally:
        engine.dispose()
    brought = [case_id for case_id in done.cases if case_id not in done.failed]
    say(
        *(f"{case_id}: brought up" for case_id in brought),
        *(f"{case_id}: not brought up: {why}" for case_id, why in done.failed.items()),
        *(
            f"{case_id}: it has forgotten what the registry keeps; let it go on with the kept "
            f"file: exitflow mend {case_id} --officer NAME --reason WHY"
            for case_id in done.ahead
        ),
        f"{len(brought)} cases brought up by {done.orders} orders, {done.files} notices put back"
        if done.cases or done.files
        else "the registry lacks nothing that the server knows",
    )
    return LEFT if done.failed or done.ahead else 0
