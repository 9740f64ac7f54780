"""A copy of the installation, and a home made from one."""

from pathlib import Path

from operators.desk.registry import utc_now
from operators.views.printing import at, counted
from operators.views.terminal import say
from workers import backup as copies
from workers.settings import load_settings


def backup(folder: Path, /) -> None:
    """Copy the installation to a folder, at one moment of the registry; offices go on working.

    A server of its own (production) is copied behind it, by the means of its own database.

    Args:
        folder: Where the copy goes; it is made, and lies outside the home.
    """
    settings = load_settings()
    engine = settings.engine()
    try:
        made = copies.back_up(settings, engine, folder, utc_now())
    finally:
        engine.dispose()
    server = "with the cases of its server" if copies.SERVER in made.files else "without a server"
    say(
        f"{folder}: {counted(len(made.files), 'file')}, {server}; journal {_head(made)}",
        f"The keys are not in it: keep a copy of {settings.keys_file} apart.",
    )


def restore(folder: Path, /) -> None:
    """Make the home and the registry that the settings name from a copy; nothing is written over.

    Put the keys where the settings have them, before a worker starts. What the registry lacks that
    the server remembers comes back by itself then.

    Args:
        folder: What `exitflow backup` has made.
    """
    settings = load_settings()
    engine = settings.engine()
    try:
        found = copies.restore(settings, engine, folder)
    finally:
        engine.dispose()
    say(f"{settings.home.resolve()}: as of {at(found.made_at)}, journal {_head(found)}")
    if not settings.keys_file.exists():
        say(
            f"The keys are missing: put those of {found.installation} at {settings.keys_file} "
            "before a worker starts."
        )


def _head(made: copies.Manifest) -> str:
    return f"{made.journal.number}:{made.journal.hash}"
