"""The keys of an installation: what seals the exchange of its cases, and what else is derived.

One file, which only its owner reads. Each line is a secret of its own: the last one seals, all of
them open what was sealed before. The first one never goes: what ``Keys.derive`` gives comes from
it, so that a tag made before a rotation stays valid after it.

A rotation bounds how much is sealed under one key. It does not mend a leak: who has an old line can
still seal under it (docs/operations.md says what to do then).
"""

import fcntl
import os
import secrets
import stat
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from models.errors import ExitflowError

_BYTES = 32
_HEAD = (
    "# The keys of an exitflow installation. Who has them reads and forges all that it exchanges.\n"
    "# The last line seals, every line opens: take none away while a case lives that it sealed.\n"
    "# `exitflow setup key --another` adds one. Keep a copy apart from the databases' copies.\n"
)
_LONGEST = 100_000
"""Bytes of a file of keys: a thousand rotations."""


class KeysError(ExitflowError, ValueError):
    """The keys cannot be had; says which file, why, and what to do."""


@dataclass(frozen=True)
class Key:
    """One secret of the file.

    Attributes:
        id: Derived from the secret, so that a line that was damaged is found out.
    """

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"Key({self.id})"  # a traceback or a log must not show the secret

    @classmethod
    def of(cls, secret: bytes) -> "Key":
        """The key of a secret."""
        return cls(_derived(secret, "id", 8).hex(), secret)

    @cached_property
    def sealing(self) -> AESGCM:
        """What seals and opens under this key."""
        return AESGCM(_derived(self.secret, "seal"))


@dataclass(frozen=True)
class Keys:
    """All keys of an installation, the oldest first."""

    all: tuple[Key, ...]

    @property
    def newest(self) -> Key:
        """The one that seals."""
        return self.all[-1]

    def find(self, id: str) -> Key | None:
        """A key by its id."""
        return next((key for key in self.all if key.id == id), None)

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for another purpose; the same before and after a rotation."""
        return _derived(self.all[0].secret, f"for {purpose}")

    @classmethod
    def load(cls, file: Path) -> "Keys":
        """Read the keys.

        Raises:
            KeysError: if the file is missing, damaged, or open to others.
        """
        return cls(_parsed(file, _read(file)))

    @classmethod
    def made(cls, file: Path) -> "Keys":
        """Read the keys; make the file with a first one if it is not there.

        Raises:
            KeysError: as ``load`` does, and if it cannot be written.
        """
        if not file.exists():
            with _alone(file.parent):
                if not file.exists():
                    _write(file, (Key.of(secrets.token_bytes(_BYTES)),))
        return cls.load(file)

    @classmethod
    def another(cls, file: Path) -> "Keys":
        """Add a key, which seals from now on, and return them all.

        Raises:
            KeysError: as ``load`` does, and if it cannot be written.
        """
        with _alone(file.parent):
            known = cls.load(file).all
            _write(file, (*known, Key.of(secrets.token_bytes(_BYTES))))
            return cls.load(file)


class Keyring:
    """The keys as their file has them now, for programs that run on while one is added."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = _state(file)
        self._keys = Keys.load(file)

    @property
    def keys(self) -> Keys:
        """As they were last read."""
        return self._keys

    def find(self, id: str) -> Key | None:
        """A key by its id; looks into the file again where it has changed since.

        Raises:
            KeysError: if it has changed and cannot be read.
        """
        found = self._keys.find(id)
        if found is None and (state := _state(self._file)) != self._seen:
            self._keys, self._seen = Keys.load(self._file), state
            found = self._keys.find(id)
        return found


def installation_of(file: Path) -> str | None:
    """The id of the installation whose keys lie in a file; None if there is no file.

    Raises:
        KeysError: as ``Keys.load`` does.
    """
    return Keys.load(file).derive("installation")[:6].hex() if file.exists() else None


def _derived(secret: bytes, purpose: str, length: int = _BYTES) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=f"exitflow {purpose}".encode()).derive(secret)


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            _check_private(file, os.fstat(opened.fileno()))
            return opened.read(_LONGEST).decode("ascii")
    except FileNotFoundError:
        raise KeysError(
            f"there are no keys at {file}: `exitflow up` and `exitflow setup key` make them for a "
            "new installation; for one that has cases, put them back from their copy"
        ) from None
    except OSError as error:
        raise KeysError(f"the keys at {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _damaged(file) from None


def _check_private(file: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise KeysError(f"the keys at {file} are no file")
    if found.st_uid not in (os.geteuid(), 0):
        raise KeysError(
            f"the keys at {file} belong to another user (number {found.st_uid}): they have to "
            "belong to the one that exitflow runs as, or to root"
        )
    # A secret is often handed to a service as a file of root's that its group may read.
    others = 0o037 if found.st_uid == 0 else 0o077
    if stat.S_IMODE(found.st_mode) & others:
        raise KeysError(f"the keys at {file} are open to other users: run chmod 600 {file}")


def _parsed(file: Path, text: str) -> tuple[Key, ...]:
    keys: list[Key] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        id, _, encoded = line.partition(" ")
        try:
            key = Key.of(b64decode(encoded, validate=True))
        except ValueError:
            raise _damaged(file) from None
        if key.id != id or len(key.secret) != _BYTES or key in keys:
            raise _damaged(file)
        keys.append(key)
    if not keys:
        raise _damaged(file)
    return tuple(keys)


def _damaged(file: Path) -> KeysError:
    return KeysError(f"the keys at {file} are damaged: put them back from their copy")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One maker at a time: who comes second finds what the first has made."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise KeysError(f"the folder {folder} cannot hold the keys: {error.strerror}") from None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
        os.fsync(opened)  # the new name, before anything is sealed under it
    finally:
        os.close(opened)


def _write(file: Path, keys: tuple[Key, ...]) -> None:
    lines = (f"{key.id} {b64encode(key.secret).decode()}\n" for key in keys)
    new = file.with_name(f"{file.name}.new")
    try:
        new.unlink(missing_ok=True)  # left by one that was killed: nobody else writes now
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(_HEAD + "".join(lines))
            opened.flush()
            os.fsync(descriptor)
        new.replace(file)
    except OSError as error:
        raise KeysError(f"the keys at {file} cannot be written: {error.strerror}") from None
