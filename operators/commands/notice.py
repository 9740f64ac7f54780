"""The joint public notice: one sheet for everything that is in publicity."""

from pathlib import Path

from models.offices import SubjectKind
from operators.commands import inputs
from operators.commands.inputs import InputError
from operators.commands.options import Region
from operators.desk.errors import Refused
from operators.desk.registry import open_registry, utc_now
from operators.views.terminal import say, show
from registry.files.disk import write_text
from registry.notices.texts import page
from workers.settings import load_settings


def notice(
    *,
    level: SubjectKind,
    year: int,
    region: Region = None,
    html: Path | None = None,
) -> None:
    """Write one notice of all cases of a year that are in publicity now, in Markdown.

    Each has been published by itself, and keeps its own period (T1) and number. Of households it
    shows name, village group and head count, and nothing else (G8).

    Args:
        level: Counties (C4), villages (V2) or households (H3).
        year: The year of the cases.
        html: Write it to this file, as a page to be read or printed, and not to the terminal.
    """
    year, region = inputs.year("--year", year), inputs.region(region)
    policy = load_settings().load_policy()
    with open_registry() as registry:
        made = registry.planning.joint_notice(level, year, policy, utc_now(), region)
    if made is None:
        raise Refused(f"no {level} of {year} is in publicity now; `exitflow cases` lists all cases")
    if html is None:
        show(made.markdown)
        return
    try:
        write_text(html, page(made.title, made.markdown))
    except OSError as error:
        raise InputError(f"--html: {html} cannot be written: {error.strerror}") from None
    say(f"{html}: {made.title}, {made.subjects} listed")
