"""Supervision (F6 督导): special inspections, check lists out and in, pleas, samples, results.

What is typed and every file it names is read before anything is sent.
"""

import json as json_
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

from cyclopts import Parameter
from pydantic import Field

from models.base import Line
from models.case.parts import Evidence
from models.offices import Office
from models.procedures import J3
from models.supervision import messages
from models.supervision.messages import (
    MOST_HOUSEHOLDS,
    MOST_VILLAGES,
    Findings,
    HouseholdCheck,
    Plea,
    SupervisionApplication,
    VillageCheck,
)
from models.supervision.sampling import Sample
from operators.commands import inputs
from operators.commands.options import (
    As,
    AsSignal,
    County,
    Id,
    Officer,
    Proof,
    Subject,
    Supervision,
    Workbook,
)
from operators.commands.sending import given, hand_in, hand_in_all, in_parts
from operators.commands.start import print_opened
from operators.commands.words import At, InputError, Json, Year, word
from operators.desk.desk import open_desk
from operators.desk.registry import open_registry
from operators.views.printing import as_json, console, print_json
from operators.views.supervision import print_sample, print_view, view_of
from operators.views.terminal import say
from registry.files.disk import write_text
from registry.forms.check_lists import Checked, read_check_lists, write_check_lists
from workers.connection import run

Seed = Annotated[messages.Seed, word(messages.Seed)]
_Reason = Annotated[Line, Field(title="reason", description="why it is made")]


def _drawn(most: int) -> Parameter:
    wanted = Field(ge=1, le=most, title="number to be drawn", description=f"1 to {most}")
    return word(Annotated[int, wanted])


def start(
    county: County,
    /,
    *,
    year: Year,
    reason: Annotated[str, word(_Reason)],
    office: Annotated[
        Office | None,
        Parameter(
            name="--as",
            help="Who makes it: the county's city (A6, F14 督查), A8/100000 (抽查); the province "
            "without it.",
        ),
        word(Office),
    ] = None,
    officer: str | None = None,
    seed: Seed | None = None,
    households: Annotated[int | None, _drawn(MOST_HOUSEHOLDS)] = None,
    villages: Annotated[int | None, _drawn(MOST_VILLAGES)] = None,
) -> None:
    """Begin a special inspection (专项检查), a city's (督查) or the nation's (抽查); print its id.

    Args:
        county: The county's six digits.
        year: The year it is of: this one, or the one before.
        reason: Why it is made.
        officer: Who ordered it.
        seed: What the draw depends on: letters, digits, points and dashes. Drawn by lot without it.
        households: How many exited households are drawn at most; what the policy says without it.
        villages: How many exited villages are drawn at most; likewise.
    """
    application = SupervisionApplication(
        county=county,
        year=year,
        reason=reason,
        office=office,
        officer=officer,
        seed=seed,
        households=households,
        villages=villages,
    )
    print_opened(lambda desk: desk.open(application))


def sheet(case: Supervision, file: Workbook, /) -> None:
    """Write the check lists of a supervision to Excel: who was drawn, with room for the findings.

    It holds personal data: the file can be read by its owner alone.

    Args:
        case: Id of the supervision, for example supervision/411523/2026-q4.
        file: The .xlsx file; one that is there is replaced.
    """
    with open_registry() as registry:
        lists = registry.supervision.check_lists(case)
    try:
        write_check_lists(file, lists)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror or error}") from None
    say(f"{file}: households: {len(lists.households)}, villages: {len(lists.villages)}")


def check(
    case: Supervision,
    file: Workbook,
    /,
    *,
    office: As,
    officer: Officer,
    evidence: Proof = (),
    at: At = None,
    id: Id = None,
    signal: AsSignal = False,
) -> None:
    """Hand in what the checks found (J2 核查), from check lists that were filled in.

    Rows without a finding are passed over. A later finding replaces an earlier one, which stays on
    file. What is too large for one message is sent in several.

    Args:
        case: Id of the supervision.
        file: The .xlsx file that `exitflow supervision sheet` wrote, filled in.
    """
    checked = read_check_lists(file, _sample(case))
    if id is None and not signal and run(_step_of(case)) == J3.id:
        # What an upheld plea has set aside may be found again in the same words: another message.
        id = f"check-{uuid4().hex[:12]}"
    parts = findings_in_parts(
        checked,
        id=id,
        office=office,
        officer=officer,
        at=at,
        evidence=inputs.evidence(evidence),
    )
    hand_in_all(case, parts, signal)


def findings_in_parts(
    checked: Checked,
    *,
    id: str | None,
    office: Office,
    officer: str,
    at: datetime | None,
    evidence: tuple[Evidence, ...],
) -> list[Findings]:
    """The findings of a workbook as messages, in the order of its rows; each has the evidence.

    Args:
        id: The sender's own id; where there are several messages, their numbers stand behind it.
    """
    return [
        Findings(
            id=given_id,
            office=office,
            officer=officer,
            households=tuple(each for each in part if isinstance(each, HouseholdCheck)),
            villages=tuple(each for each in part if isinstance(each, VillageCheck)),
            at=at,
            evidence=evidence,
        )
        for given_id, part in in_parts("check", [*checked.households, *checked.villages], id)
    ]


async def _step_of(case: str) -> str:
    async with open_desk() as desk:
        return (await desk.status(case)).step


def _sample(case: str) -> Sample:
    with open_registry() as registry:
        return registry.supervision.sample(case).sample


def plead(
    case: Supervision,
    about: Subject,
    /,
    *,
    office: As,
    officer: Officer,
    text: str,
    evidence: Proof,
    at: At = None,
    id: Id = None,
    signal: AsSignal = False,
) -> None:
    """Plead against a finding, as the inspected county (J3 申诉举证); evidence is needed.

    Args:
        case: Id of the supervision.
        about: The drawn household or village: its number or code.
        text: What is wrong with the finding.
    """
    if not evidence:
        raise InputError("--evidence: a plea brings evidence (举证); name at least one document")
    message = Plea(
        id=given(id),
        office=office,
        officer=officer,
        about=about,
        text=text,
        evidence=inputs.evidence(evidence),
        at=at,
    )
    hand_in(case, message, signal)


def sample(case: Supervision, /, *, out: Path | None = None, json: Json = False) -> None:
    """Show how a sample was drawn, and who; or write all that it takes to draw it again.

    Args:
        case: Id of the supervision.
        out: Write the frame, the rule, the seed and the draw to this JSON file, which
            `scripts/draw_sample.py` reads.
    """
    with open_registry() as registry:
        kept = registry.supervision.sample(case)
    exported = json_.dumps(kept.exported(), ensure_ascii=False, indent=2)
    if out is not None:
        try:
            write_text(out, f"{exported}\n")
        except OSError as error:
            raise InputError(f"{out} cannot be written: {error.strerror}") from None
    if json:
        print_json([exported, "\n"])
    elif out is None:
        print_sample(console(), case, kept.sample)
    else:
        counts = len(kept.frame.households), len(kept.frame.villages)
        say(f"{out}: a frame of {counts[0]} households and {counts[1]} villages")


def show(case: Supervision, /, *, json: Json = False) -> None:
    """Show how far a supervision is, and its rates (S4) as exact fractions, with their verdicts.

    As the registry has them: no server is needed.

    Args:
        case: Id of the supervision.
    """
    with open_registry() as registry:
        entries = registry.ledger(case)
    if not entries:
        raise InputError(f"CASE: the registry has no file of {case}")
    view = view_of(case, entries)
    if json:
        as_json(view)
    else:
        print_view(console(), view)
