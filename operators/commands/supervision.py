"""Supervision (F6 督导): special inspections, check lists out and in, pleas, samples, results.

What is typed and every file it names is read before anything is sent.
"""

import json as json_
from pathlib import Path
from uuid import uuid4

from models.procedures import J3
from models.supervision.messages import MOST_HOUSEHOLDS, MOST_VILLAGES, Plea, SupervisionApplication
from models.supervision.sampling import Sample
from operators.commands import inputs, supervision_inputs
from operators.commands.inputs import InputError
from operators.commands.options import As, AsSignal, At, Id, Json, Officer, Proof
from operators.commands.sending import given, hand_in, hand_in_all, signed
from operators.commands.started import print_opened
from operators.commands.supervision_parts import in_parts
from operators.desk.desk import open_desk
from operators.desk.registry import open_registry
from operators.views.printing import as_json, console, print_json
from operators.views.supervision import view_of
from operators.views.supervision_sheet import print_sample, print_view
from operators.views.terminal import say
from registry.files.disk import write_text
from registry.forms.check_lists import read_check_lists, write_check_lists
from workers.connection import run


def start(
    county: str,
    /,
    *,
    year: int,
    reason: str,
    officer: str | None = None,
    seed: str | None = None,
    households: int | None = None,
    villages: int | None = None,
) -> None:
    """Begin a special inspection (专项检查) of a county and print its id.

    Args:
        county: The county's six digits.
        year: The year it is of: this one, or the one before.
        reason: Why it is made.
        officer: Who ordered it.
        seed: What the draw depends on: letters, digits, points and dashes. Drawn by lot without it.
        households: How many exited households are drawn at most; what the policy says without it.
        villages: How many exited villages are drawn at most; likewise.
    """
    code = inputs.division("COUNTY", county)
    year = inputs.year("--year", year)
    reason = inputs.words("--reason", reason, "why it is made")
    seed = supervision_inputs.seed(seed)
    households = supervision_inputs.number("--households", households, MOST_HOUSEHOLDS)
    villages = supervision_inputs.number("--villages", villages, MOST_VILLAGES)

    application = SupervisionApplication(
        county=code,
        year=year,
        reason=reason,
        officer=officer,
        seed=seed,
        households=households,
        villages=villages,
    )

    print_opened(lambda desk: desk.open(application))


def sheet(case: str, file: Path, /) -> None:
    """Write the check lists of a supervision to Excel: who was drawn, with room for the findings.

    It holds personal data: the file can be read by its owner alone.

    Args:
        case: Id of the supervision, for example supervision/411523/2026-q4.
        file: The .xlsx file; one that is there is replaced.
    """
    case = supervision_inputs.case("CASE", case)
    supervision_inputs.workbook(file)
    with open_registry() as registry:
        lists = registry.supervision.check_lists(case)
    try:
        write_check_lists(file, lists)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror or error}") from None
    say(f"{file}: households: {len(lists.households)}, villages: {len(lists.villages)}")


def check(
    case: str,
    file: Path,
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
    case = supervision_inputs.case("CASE", case)
    supervision_inputs.workbook(file)
    checked = read_check_lists(file, _sample(case))
    if id is None and not signal and run(_step_of(case)) == J3.id:
        # What an upheld plea has set aside may be found again in the same words: another message.
        id = f"check-{uuid4().hex[:12]}"
    messages = in_parts(
        checked,
        id=id,
        office=inputs.office("--as", office),
        officer=officer,
        at=signed(at),
        evidence=inputs.evidence(evidence),
    )
    hand_in_all(case, messages, signal)


async def _step_of(case: str) -> str:
    async with open_desk() as desk:
        return (await desk.status(case)).step


def _sample(case: str) -> Sample:
    with open_registry() as registry:
        return registry.supervision.sample(case).sample


def plead(
    case: str,
    about: str,
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
        office=inputs.office("--as", office),
        officer=officer,
        about=inputs.subject("ABOUT", about),
        text=text,
        evidence=inputs.evidence(evidence),
        at=signed(at),
    )
    hand_in(supervision_inputs.case("CASE", case), message, signal)


def sample(case: str, /, *, out: Path | None = None, json: Json = False) -> None:
    """Show how a sample was drawn, and who; or write all that it takes to draw it again.

    Args:
        case: Id of the supervision.
        out: Write the frame, the rule, the seed and the draw to this JSON file, which
            `scripts/draw_sample.py` reads.
    """
    case = supervision_inputs.case("CASE", case)
    with open_registry() as registry:
        kept = registry.supervision.sample(case)
    exported = json_.dumps(kept.exported(), ensure_ascii=False, indent=2)
    if out is not None:
        try:
            write_text(out, f"{exported}\n")
        except OSError as error:
            raise InputError(f"{out} cannot be written: {error.strerror}") from None
    if json:
        print_json(exported.split("\n"))
    elif out is None:
        print_sample(console(), case, kept.sample)
    else:
        counts = len(kept.frame.households), len(kept.frame.villages)
        say(f"{out}: a frame of {counts[0]} households and {counts[1]} villages")


def show(case: str, /, *, json: Json = False) -> None:
    """Show how far a supervision is, and its rates (S4) as exact fractions, with their verdicts.

    As the registry has them: no server is needed.

    Args:
        case: Id of the supervision.
    """
    case = supervision_inputs.case("CASE", case)
    with open_registry() as registry:
        entries = registry.ledger(case)
    if not entries:
        raise InputError(f"CASE: the registry has no file of {case}")
    view = view_of(case, entries)
    if json:
        as_json(view)
    else:
        print_view(console(), view)
