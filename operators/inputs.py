"""What people type or hand in as a file, read into values: every fault in one sentence.

Nothing here talks to a server or a registry, so a fault is found before anything is sent.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from models.base import Record, faults
from models.messages import CountyApplication, CountyFigures, Evidence, Rates
from models.offices import Office
from models.steps import COUNTY_STEPS

R = TypeVar("R", bound=Record)


class InputError(ValueError):
    """Something typed or handed in cannot be right; the text says where, and what would be."""


# -- words of a command line ------------------------------------------------------------------


def office(option: str, text: str) -> Office:
    """Read ``A6/411500``."""
    try:
        return Office.parse(text)
    except ValidationError:
        raise InputError(
            f"{option}: {text!r} is not an office; write body/place, for example A6/411500"
        ) from None


def step(option: str, text: str) -> str:
    """Read ``C2``, in capitals or not."""
    known = [each.id for each in COUNTY_STEPS]
    if text.upper() not in known:
        raise InputError(f"{option}: {text!r} is no step; the steps are {known[0]} to {known[-1]}")
    return text.upper()


def division(option: str, text: str) -> str:
    """Read the six digits of a county, city or province."""
    if not re.fullmatch(r"[1-9]\d{5}", text, re.ASCII):
        raise InputError(f"{option}: {text!r} is no division code; write six digits, as 411523")
    return text


def day(option: str, text: str) -> date:
    """Read ``2018-01-05``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{option}: {text!r} is no date; write YYYY-MM-DD, for example 2018-01-05"
        ) from None


def moment(option: str, text: str) -> datetime:
    """Read ``2018-01-05T10:00+08:00``; without an offset nobody could tell which moment it is."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise InputError(
            f"{option}: {text!r} is no moment with an offset; write it as 2018-01-05T10:00+08:00"
        )
    return read


def duration(option: str, text: str) -> timedelta:
    """Read ``3d``, ``12h`` or ``1d12h``."""
    match = re.fullmatch(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?", text.strip(), re.ASCII)
    if match is None or not any(match.groups()):
        raise InputError(f"{option}: {text!r} is no length of time; write 3d, 12h or 1d12h")
    return timedelta(days=int(match[1] or 0), hours=int(match[2] or 0))


def ports(port: int, ui_port: int) -> None:
    """Make sure that two ports can be asked for; 0 stands for any free one."""
    for option, number in (("--port", port), ("--ui-port", ui_port)):
        if not 0 <= number <= 65535:
            raise InputError(
                f"{option}: {number} is no port; write 1 to 65535, or 0 for a free one"
            )
    if port == ui_port != 0:
        raise InputError(f"--ui-port: {ui_port} is the server's own port; name another")


# -- files ------------------------------------------------------------------------------------


def county_application(path: Path, code: str, year: int) -> CountyApplication:
    """Read an application (县级申请) for a county and a year, which the file need not repeat.

    Evidence may be named by ``path``, counted from the file's own folder; its hash is computed.
    """
    content = _table(path)
    for field, given in (("county", code), ("year", year)):
        if content.setdefault(field, given) != given:
            raise InputError(
                f"{path}: {field} is {content[field]!r}, the command says {given!r}; correct one"
            )
    if isinstance(content.get("evidence"), list):
        content["evidence"] = [
            _evidence_line(path, number, entry)
            for number, entry in enumerate(content["evidence"], start=1)
        ]
    return _read(CountyApplication, content, path)


def figures(path: Path) -> CountyFigures:
    """Read a county's figures (S3)."""
    return _read(CountyFigures, _table(path), path)


def rates(path: Path) -> Rates:
    """Read the four rates of an evaluation (S4)."""
    return _read(Rates, _table(path), path)


def evidence(paths: Sequence[Path]) -> tuple[Evidence, ...]:
    """Bind documents to a message by name and SHA-256."""
    return tuple(Evidence(name=path.name, sha256=_sha256(path)) for path in paths)


def _evidence_line(source: Path, number: int, entry: Any) -> Any:
    if not isinstance(entry, dict) or "path" not in entry:
        return entry
    where = f"{source}: evidence.{number}"
    if not isinstance(entry["path"], str):
        raise InputError(f"{where}.path: write the path of a file")
    path = source.parent / entry["path"]
    found = _sha256(path, where)
    if entry.get("sha256", found) != found:
        raise InputError(f"{where}.sha256: {path} has another hash, {found}")
    rest = {field: value for field, value in entry.items() if field != "path"}
    return {"name": path.name, **rest, "sha256": found}


def _sha256(path: Path, where: str = "evidence") -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{where}: {path} cannot be read: {error.strerror}") from None


def _table(path: Path) -> dict[str, Any]:
    """The content of a TOML file, or of a JSON file where it ends in ``.json``."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not in UTF-8; save it as UTF-8") from None
    kind = "JSON" if path.suffix.lower() == ".json" else "TOML"
    try:
        content = json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} is not valid {kind}: {error}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: write one object with named fields")
    return content


def _read(kind: type[R], content: dict[str, Any], path: Path) -> R:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path}: {faults(error)}") from None
