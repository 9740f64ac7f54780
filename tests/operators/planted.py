"""A whole township with people of a known name, on a server and a worker of its own process.

    python -m tests.operators.planted FOLDER SCENARIO

Leaves everything that the installation has written in the folder; its log goes to stderr.
"""

import io
import logging
import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from sqlalchemy import text
from temporalio import activity
from temporalio.client import WorkflowUpdateFailedError

from activities.ledger import RegistryActivities
from models.case.ledger import EntryKind
from models.case.orders import LedgerBatch, Written
from operators.rehearsal.narrator import Narrator
from operators.rehearsal.player import play
from operators.rehearsal.scenario import load
from operators.rehearsal.stage import set_stage
from workers.connection import run

TROUBLED = 3
"""How often the registry fails, each time with all that it was given in its words."""

_kept = RegistryActivities.write_ledger
_failures: list[str] = []


@activity.defn(name="write_ledger")
def _write_ledger(self, batch: LedgerBatch) -> Written:  # type: ignore[no-untyped-def]
    if "异议" in str(batch) and len(_failures) < TROUBLED:
        _failures.append("away")
        with self._engine.begin() as connection:
            connection.execute(text("INSERT INTO nowhere VALUES (:it)"), {"it": str(batch)})
    return _kept(self, batch)


RegistryActivities.write_ledger = _write_ledger  # type: ignore[method-assign]


async def main(folder: Path, scenario: Path, planted: str) -> None:
    """Play it, and send one message that is refused."""
    narrator = Narrator(Console(file=io.StringIO()))
    async with set_stage(folder) as stage:
        course = await play(stage, "planted", load(str(scenario)), narrator)
        print("faults", course.faults)
        (case,) = [
            case_id
            for case_id, entries in course.files.items()
            if not any(entry.kind is EntryKind.CLOSED for entry in entries)
        ]
        said = {"id": "o-planted", "text": planted, "objector": planted, "more": planted}
        handle = stage.desk.client.get_workflow_handle(case)
        try:
            await handle.execute_update("object", said)
        except WorkflowUpdateFailedError:
            print("refused")
        await handle.signal("object", said)
        await stage.desk.status(case)
        print("failures", len(_failures))
        for pid in processes(stage):
            print("process", words_of(pid))
        async for each in stage.desk.client.list_workflows():
            print("listed", each.id, dict(each.search_attributes))
            history = await stage.desk.client.get_workflow_handle(each.id).fetch_history()
            events = b"".join(event.SerializeToString() for event in history.events)
            memo = each.raw_info.memo.SerializeToString()
            for kind, content in (("history", events), ("memo", memo)):
                (folder / f"{kind}-{each.id.replace('/', '_')}.bin").write_bytes(content)


def words_of(pid: int) -> str:
    """As the process list shows them to everybody."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def processes(stage: Any) -> list[int]:
    """This one and the server's."""
    return [os.getpid(), stage.server.pid]


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.stdin.read()))
