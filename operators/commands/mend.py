"""`exitflow mend`: a case goes on with its kept file, or the registry gets what it lacks (G7)."""

from models.case.ledger import EntryKind
from models.case.mending import Mending
from operators.commands.inputs import InputError
from operators.desk.desk import open_desk
from operators.views.terminal import say
from workers.connection import connect, run
from workers.settings import Settings, load_settings

LEFT = 1


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
    from activities.restoring import Restoring
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
