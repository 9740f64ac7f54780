"""What people type or hand in as a file, read into values: every fault in one sentence.

Nothing here talks to a server or a registry, so a fault is found before anything is sent.
"""

import hashlib
import re
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from models.base import Record, faults
from models.case.messages import Rates
from models.case.parts import Evidence
from models.county.messages import CountyApplication
from models.errors import ExitflowError
from models.offices import Office
from models.procedures import ALL_STEPS
from models.register.counties import CountyFigures
from models.register.villages import Incidence, Survey
from models.texts import notation
from models.texts.characters import fault
from models.village.messages import VillageApplication
from registry.files.disk import open_file, read_bytes, read_text

R = TypeVar("R", bound=Record)

_DAY: TypeAdapter[date | None] = TypeAdapter(date | None)


class InputError(ExitflowError):
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
    if text.upper() not in [each.id for each in ALL_STEPS]:
        raise InputError(
            f"{option}: {text!r} is no step; the steps are C1 to C7 of a county, V1 to V3 of a "
            "village, H1 to H4 of a roster, R1 to R4 of an entry, K1 of a follow-up, J1 to J4 of a "
            "supervision, X1 of a revocation"
        )
    return text.upper()


def division(option: str, text: str) -> str:
    """Read the six digits of a county, city or province."""
    if not re.fullmatch(r"[1-9]\d{5}", text, re.ASCII):
        raise InputError(f"{option}: {text!r} is no division code; write six digits, as 411523")
    return text


def village(option: str, text: str) -> str:
    """Read the twelve digits of a village."""
    if not re.fullmatch(r"[1-9]\d{11}", text, re.ASCII):
        raise InputError(f"{option}: {text!r} is no village; write twelve digits, as 411523100001")
    return text


def region(text: str | None) -> str | None:
    """Read ``--region``, where it is given."""
    return division("--region", text) if text is not None else None


def subject(option: str, text: str) -> str:
    """Read the code of a county (six digits) or village (twelve), or a household's number."""
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z-]{3,29}", text):
        raise InputError(
            f"{option}: {text!r} is no code of a county, village or household; write 6 or 12 "
            "digits, or the number of a household"
        )
    return text


def year(option: str, given: int) -> int:
    """Make sure that a year can be one of a plan or a case."""
    if not 2014 <= given <= 2100:
        raise InputError(f"{option}: {given} is no year of an exit; write one from 2014 to 2100")
    return given


def words(option: str, text: str, wanted: str) -> str:
    """Read what a person has to say, which is ``wanted``: not nothing."""
    if not text.strip():
        raise InputError(f"{option}: says nothing; write {wanted}")
    wrong = fault(text.strip())
    if wrong is not None:
        raise InputError(f"{option}: {wrong}")
    return text.strip()


_MOST_SAID = 64 * 1024


def said(option: str, text: str) -> str:
    """What an option says: itself, ``@FILE`` the content of a file, ``@-`` the standard input.

    Whoever is logged in to the machine can read a command line in the list of processes, so names
    and telephones of people had better not stand in one (G8). ``@@`` stands for an ``@`` itself.
    """
    if text.startswith("@@"):
        return text[1:]
    if text == "@-":
        content = sys.stdin.buffer.read(_MOST_SAID + 1)
        if len(content) > _MOST_SAID:
            raise InputError(f"{option}: the standard input has more than {_MOST_SAID} bytes")
        if not content.strip():
            raise InputError(f"{option}: the standard input says nothing; it can be read once")
    elif text.startswith("@"):
        try:
            content = read_bytes(Path(text[1:]), _MOST_SAID)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise InputError(
                f"{option}: {text[1:]} cannot be read: {why}; write @@ where no file is meant"
            ) from None
    else:
        return text
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding).strip()
        except UnicodeDecodeError:
            continue
    raise InputError(f"{option}: what {text} holds is neither in UTF-8 nor in GB18030")


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


Count = Callable[[date | None], Incidence]
"""Counts the poor of a county from the register (S5), as of a day or as of today."""


def county_application(path: Path, code: str, year: int, count: Count) -> CountyApplication:
    """Read an application (县级申请) for a county and a year, which the file need not repeat.

    Evidence may be named by ``path``, counted from the file's own folder; its hash is computed.

    Args:
        count: Asked for the snapshot where the figures leave out poor and population.
    """
    content = application(path, county=code, year=year)
    if isinstance(content.get("figures"), dict):
        content["figures"] = _counted(content["figures"], f"{path}: figures.as_of", count)
    return read_as(CountyApplication, content, path)


def village_application(path: Path, code: str, year: int) -> VillageApplication:
    """Read what takes a village up for its exit (V1); as for a county, without figures."""
    return read_as(VillageApplication, application(path, village=code, year=year), path)


def application(path: Path, **said: str | int) -> dict[str, Any]:
    """The content of an application, which must not contradict what the command says."""
    content = table(path)
    for field, given in said.items():
        if content.setdefault(field, given) != given:
            raise InputError(
                f"{path}: {field} is {content[field]!r}, the command says {given!r}; correct one"
            )
    bind_evidence(content, path)
    return content


def bind_evidence(content: dict[str, Any], source: Path) -> None:
    """Put hashes in place of the paths by which a file names its evidence."""
    if isinstance(content.get("evidence"), list):
        content["evidence"] = [
            _evidence_line(source, number, entry)
            for number, entry in enumerate(content["evidence"], start=1)
        ]


def survey(path: Path) -> Survey:
    """Read what the survey of a village found (V1, S2)."""
    return read_as(Survey, table(path), path)


def figures(path: Path, count: Count) -> CountyFigures:
    """Read a county's figures (S3); ``count`` as for an application."""
    return read_as(CountyFigures, _counted(table(path), f"{path}: as_of", count), path)


def _counted(figures: dict[str, Any], where: str, count: Count) -> dict[str, Any]:
    if "poor" in figures or "population" in figures:
        return figures
    try:
        on = _DAY.validate_python(figures.get("as_of"))
    except ValidationError as error:
        raise InputError(f"{where}: {faults(error)}") from None
    return figures | count(on).model_dump()


def rates(path: Path) -> Rates:
    """Read the four rates of an evaluation (S4)."""
    return read_as(Rates, table(path), path)


def four_rates(file: Path | None, *four: str | None) -> Rates | None:
    """Read the four rates of an evaluation (S4) from a file, or one by one, or not at all."""
    given = [rate for rate in four if rate is not None]
    if file is not None and given:
        raise InputError("--rates: give the file or the four rates, not both")
    if file is not None:
        return rates(file)
    if not given:
        return None
    if len(given) < len(four):
        raise InputError(
            "give all four rates: --incidence, --wrongly-exited, --omitted and --recognition"
        )
    return Rates.model_validate(dict(zip(Rates.model_fields, four, strict=True)))


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
        with open_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{where}: {path} cannot be read: {error.strerror}") from None


def table(path: Path) -> dict[str, Any]:
    """The content of a TOML file, or of a JSON file where it ends in ``.json``."""
    try:
        text = read_text(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not in UTF-8; save it as UTF-8") from None
    kind = "JSON" if path.suffix.lower() == ".json" else "TOML"
    try:
        content = notation.from_json(text) if kind == "JSON" else notation.toml(text)
    except ValueError as error:
        raise InputError(f"{path} is not valid {kind}: {error}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: write one object with named fields")
    return content


def read_as(kind: type[R], content: dict[str, Any], path: Path) -> R:
    """What a file says, as a value of a kind; the file's name stands before its faults."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path}: {faults(error)}") from None
