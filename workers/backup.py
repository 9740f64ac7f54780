"""A copy of an installation, taken while offices work, and a new home made from it.

What is copied later may know more: first the files of the home, then the registry, then the
embedded server. So every notice among the files stands in the registry, and the server remembers
all that the registry has; what the registry lacks is done again from there (``workers.redoing``).
A server of its own (production) is copied behind the registry for the same reason.

Keys and secrets of the settings are not in a copy: who has it shall not be able to open what cases
exchange.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from stat import S_IMODE
from typing import Literal

from pydantic import ValidationError
from sqlalchemy import Engine

from models.base import Moment, Record, faults
from models.checks.journal import JournalHead
from models.errors import ExitflowError
from registry.checks.restoring import Restoring
from registry.database.copying import check_empty, copy_in, copy_out, copy_sqlite
from registry.database.engine import check_schema, reading
from registry.database.faults import file_of, is_sqlite
from registry.database.installation import PROGRAM, belongs_to, misfit
from registry.files.disk import read_bytes
from registry.journal import head_of
from registry.migrations import REVISIONS
from workers.installation import check_home, check_registry, own_id
from workers.settings import Settings, settings_file

MANIFEST, HOME, SETTINGS, POLICY, WORKDAYS = (
    *("manifest.json", "home", "settings.json", "policy.toml", "workdays.toml"),
)
REGISTRY: Mapping[str, str] = {"sqlite": "registry.db", "postgresql": "registry.dump"}
SERVER = "temporal.db"

_OF_THE_MOMENT = {"up.lock", "temporal.log"}
_LONGEST_MANIFEST = 64 * 1024 * 1024


class BackupError(ExitflowError, ValueError):
    """A copy that cannot be made or used; says which, why, and what would be right."""


class FileSum(Record):
    """A file of the copy."""

    bytes: int
    sha256: str


class Manifest(Record):
    """What a copy holds.

    Attributes:
        program, revision: Version of exitflow, and of the registry's schema.
        installation: Whose it is: the keys of another one open nothing of it.
        journal: A head of the journal from which the copied registry goes on.
        files: Every other file of the copy, by its path in it.
    """

    made_at: Moment
    program: str
    revision: str
    installation: str | None
    registry: Literal["sqlite", "postgresql"]
    journal: JournalHead
    files: Mapping[str, FileSum]


# -- copying ----------------------------------------------------------------------------------


def back_up(settings: Settings, engine: Engine, target: Path, now: datetime) -> Manifest:
    """Copy the installation to a folder that is not there yet.

    Raises:
        BackupError: if the folder is there, or lies in the home.
        RegistryError: if the registry cannot be copied.
        WrongInstallation: if home and registry do not belong together.
        OSError: if something cannot be read or written. Nothing is left then.
    """
    if target.exists():
        raise BackupError(f"{target} is there already: name a folder that is not")
    if target.resolve().is_relative_to(settings.home.resolve()):
        raise BackupError(f"{target} lies in the home folder: name one on another disk")
    if link := next(_links(settings.home), None):
        raise BackupError(f"{link} is a link, which a copy does not follow: put the real one there")
    check_home(settings)
    check_schema(engine)
    check_registry(engine, settings)
    part = target.with_name(f"{target.name}.part")
    if part.exists():
        raise BackupError(f"{part} is left of a copy that did not come to its end: take it away")
    try:
        part.mkdir(mode=0o700, parents=True)
        manifest = _copied(settings, engine, part, now)
        part.replace(target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return manifest


def _copied(settings: Settings, engine: Engine, part: Path, now: datetime) -> Manifest:
    for file in _files_of(settings, engine):
        copy = part / HOME / file.relative_to(settings.home)
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy(file, copy)
    with reading(engine) as session:
        journal, installation = head_of(session), belongs_to(session.connection())
    kind: Literal["sqlite", "postgresql"] = "sqlite" if is_sqlite(engine) else "postgresql"
    copy_out(engine, part / REGISTRY[kind])
    if settings.server_file.exists():
        try:
            copy_sqlite(settings.server_file, part / SERVER)
        except sqlite3.Error as error:
            raise BackupError(
                f"the server's cases {settings.server_file} cannot be copied: {error}; try again"
            ) from None
    _keep_settings(settings, engine, part)
    manifest = Manifest(
        made_at=now,
        program=PROGRAM,
        revision=REVISIONS[-1],
        installation=installation,
        registry=kind,
        journal=journal,
        files={str(file.relative_to(part)): _sum(file) for file in _below(part)},
    )
    text = json.dumps(manifest.model_dump(mode="json"), ensure_ascii=False, indent=1)
    (part / MANIFEST).write_text(text + "\n", encoding="utf-8")
    for each in (*_below(part), part):
        _to_disk(each)
    return manifest


def _files_of(settings: Settings, engine: Engine) -> Iterator[Path]:
    """Everything in the home but keys, databases, and what speaks of a running program."""
    databases = [settings.server_file, *([file_of(engine)] if is_sqlite(engine) else [])]
    # Neither keys nor settings, whichever are used now: both hold secrets.
    secrets = (settings.keys_file, settings.home / "keys", settings_file())
    others = {each.resolve() for each in secrets}
    others |= {Path(f"{each.resolve()}{end}") for each in databases for end in ("", "-wal", "-shm")}
    for file in _below(settings.home):
        half_written = file.name.startswith(".") and file.name.endswith(".part")
        if not (half_written or file.name in _OF_THE_MOMENT or file.resolve() in others):
            yield file


def _keep_settings(settings: Settings, engine: Engine, part: Path) -> None:
    said = settings.model_dump(mode="json", exclude={"codec_password"})
    if settings.registry_url is not None:
        bare = engine.url.set(password=None).difference_update_query(["password"])
        said["registry_url"] = bare.render_as_string()
    text = json.dumps(said, ensure_ascii=False, indent=1)
    (part / SETTINGS).write_text(text + "\n", encoding="utf-8")
    shutil.copy(settings.policy_file, part / POLICY)
    if settings.workdays is not None:
        shutil.copy(settings.workdays, part / WORKDAYS)


# -- restoring --------------------------------------------------------------------------------


def restore(settings: Settings, engine: Engine, source: Path) -> Manifest:
    """Make the home and the registry of the settings from a copy.

    Nothing is written over: the home holds nothing but keys, and there is no registry.

    Raises:
        BackupError: if the copy is none, is damaged, is of a later version, belongs to other keys,
            or the home holds something.
        RegistryError: if there is a registry, or it cannot be made.
        OSError: if something cannot be written. Nothing is left then.
    """
    manifest = checked(source)
    _check_target(settings, engine, manifest, source)
    made: list[Path] = []
    try:
        for file in sorted(_below(source / HOME)):
            _put(file, settings.home / file.relative_to(source / HOME), made)
        if (source / SERVER).exists():
            _put(source / SERVER, settings.server_file, made)
        check_empty(engine)
        if is_sqlite(engine):
            made.append(file_of(engine))
        copy_in(engine, source / REGISTRY[manifest.registry])
        if manifest.revision == REVISIONS[-1]:
            Restoring(engine, settings.notices_folder).put_back_files()
    except BaseException:
        for file in made:
            file.unlink(missing_ok=True)
        raise
    return manifest


def checked(source: Path) -> Manifest:
    """What a copy holds, once every file of it is found to be as it was written.

    Raises:
        BackupError: naming the file that is damaged, missing or too much.
    """
    try:
        said = read_bytes(source / MANIFEST, _LONGEST_MANIFEST)
        version = json.loads(said).get("program", "")
        if (late := misfit(f"the backup {source}", str(version))) is not None:
            raise BackupError(late)
        manifest = Manifest.model_validate_json(said)
    except OSError as error:
        raise BackupError(
            f"{source} is no backup: {MANIFEST} cannot be read ({error.strerror}); name a folder "
            "that `exitflow backup` has made"
        ) from None
    except ValidationError as error:
        raise BackupError(f"{source} is damaged: {MANIFEST}: {faults(error)}") from None
    except (ValueError, AttributeError) as error:
        if isinstance(error, BackupError):
            raise
        raise BackupError(f"{source} is damaged: {MANIFEST} is not as it was written") from None
    if manifest.revision not in REVISIONS:
        raise BackupError(
            f"{source} has the schema {manifest.revision} of a later exitflow than this one, "
            f"{PROGRAM}: install {manifest.program} or a later one"
        )
    there = {str(file.relative_to(source)) for file in _below(source)} - {MANIFEST}
    for name, sum in manifest.files.items():
        if name not in there:
            raise BackupError(f"{source} is damaged: {name} is missing; take another copy")
        if _sum(source / name) != sum:
            raise BackupError(
                f"{source} is damaged: {name} is not as it was written; take another copy"
            )
    if strange := sorted(there - manifest.files.keys()):
        raise BackupError(f"{source} holds {strange[0]}, which is no part of it: take it away")
    return manifest


def _check_target(settings: Settings, engine: Engine, manifest: Manifest, source: Path) -> None:
    home = settings.home.resolve()
    keys = settings.keys_file.resolve()
    if any(_links(home)) or any(file.resolve() != keys for file in _below(home)):
        raise BackupError(
            f"the home {home} holds something already, and nothing is written over: name a new "
            "folder in EXITFLOW_HOME"
        )
    own = own_id(settings)
    if None not in (own, manifest.installation) and own != manifest.installation:
        raise BackupError(
            f"{source} is of the installation {manifest.installation}, and {keys} holds the keys "
            f"of {own}: put the keys of the former there, from their own copy"
        )
    kind = "sqlite" if is_sqlite(engine) else "postgresql"
    if kind != manifest.registry:
        raise BackupError(
            f"{source} holds a registry of {manifest.registry}, and EXITFLOW_REGISTRY_URL names "
            f"one of {kind}: name one of the same kind"
        )
    check_empty(engine)


def _put(file: Path, target: Path, made: list[Path]) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.open("rb") as content, target.open("xb") as copy:  # nothing is written over
        made.append(target)
        shutil.copyfileobj(content, copy)
    # A read-only medium may take the right to write from all that lies on it.
    target.chmod(S_IMODE(file.stat().st_mode) | 0o600)
    _to_disk(target)


# -- files ------------------------------------------------------------------------------------


def _below(folder: Path) -> Iterator[Path]:
    """Every file below a folder; links and pipes are none."""
    for each in sorted(folder.rglob("*")):
        if each.is_file() and not each.is_symlink():
            yield each


def _links(folder: Path) -> Iterator[Path]:
    """Every link below a folder."""
    return (each for each in sorted(folder.rglob("*")) if each.is_symlink())


def _sum(file: Path) -> FileSum:
    with file.open("rb") as content:
        digest = file_digest(content, "sha256").hexdigest()
        return FileSum(bytes=content.tell(), sha256=digest)


def _to_disk(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
