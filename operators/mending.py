"""`exitflow mend`: a case that contradicts its kept file goes on with that (G7)."""

from models.ledger import EntryKind
from models.mending import Mending
from operators.desk import open_desk
from operators.terminal import say
from workers.connection import run


def mend(case: str, /, *, officer: str, reason: str) -> None:
    """Let a case take the registry's file as its own, where the two differ.

    What the case had written otherwise is put on file as such, what it had forgotten is taken in
    again as of when it came; what is not possible any more is put on file as refused.

    Args:
        case: Id of the case; `exitflow cases` marks those that contradict their kept file.
        officer: Who decides that.
        reason: Why they differ, for example that the server was restored from a copy.
    """
    asked = Mending(officer=officer, reason=reason)

    async def ask() -> list[str]:
        async with open_desk() as desk:
            entries = await desk.mend(case, asked)
            last = [each for each in entries if each.kind is EntryKind.CONTRADICTED]
            return [f"entry {each.seq}: {each.text}" for each in last]

    said = run(ask())
    say(*said or [f"{case}: its file is as it is kept; nothing is mended"])
