"""Where this installation keeps things and how it reaches people.

From the environment (``EXITFLOW_HOME``, …), then from a TOML file (``exitflow.toml`` in the working
folder, or the file that ``EXITFLOW_CONFIG`` names), then the defaults. A workflow never reads any
of it.
"""

import os
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError

import models
from activities.notifications.channels import Channel, FileChannel
from models.base import Record, faults
from models.errors import ExitflowError
from models.policy import Policy, PolicyError
from models.policy_file import parse_policy
from models.texts import notation
from registry.files.disk import read_text

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from registry.calendar import OfficialCalendar
    from registry.checks.checks import Checks
    from workers.keys import Keyring

SHIPPED = Path(models.__file__).resolve().parent.parent
"""The folder that holds the packages, and beside them ``policies/`` and ``data/``."""


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("write an address and a port, for example 127.0.0.1:9464")
    return text


def _collector(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError(
            "write the address of an OTLP/HTTP collector without user and password, for example "
            "http://127.0.0.1:4318/v1/traces"
        )
    return text


Collector = Annotated[str, AfterValidator(_collector)]
MetricsAddress = Annotated[str, AfterValidator(_address)]


class SettingsError(ExitflowError, ValueError):
    """A setting that cannot be right; names it and says what would be."""


class Settings(Record):
    """One installation.

    Attributes:
        home: Folder of everything this installation writes.
        registry_url: The registry; a SQLite file in ``home`` where none is named.
        policy: Id of a shipped policy, or path of a policy file.
        workdays: Override file for years whose calendar is not yet published.
        channels: How notifications go out; a file log in ``home`` where none is named.
        keys: File of the installation's keys; ``keys`` in ``home`` if not named.
        logs: How a worker writes its log: text for people, or JSON.
        metrics: Where a worker serves its numbers to Prometheus; nowhere if not named.
        traces: Where OpenTelemetry's traces go, by OTLP over HTTP; nowhere if not named.
        cases_in_memory: How many open cases a worker keeps, a third of a megabyte each; one that it
            does not keep is played from its beginning when somebody acts on it.
        codec_password: Whoever knows it reads through ``exitflow codec``, from other machines too.
    """

    home: Path = Path(".exitflow")
    registry_url: str | None = None
    policy: str = "henan-2016"
    workdays: Path | None = None
    channels: tuple[Channel, ...] = ()
    keys: Path | None = None
    logs: Literal["text", "json"] = "text"
    metrics: MetricsAddress | None = None
    traces: Collector | None = None
    cases_in_memory: int = Field(default=1_000, ge=1)
    codec_password: SecretStr | None = Field(default=None, min_length=8)

    @property
    def registry(self) -> str:
        """URL of the registry."""
        return self.registry_url or f"sqlite:///{self.home.resolve() / 'registry.db'}"

    @property
    def notices_folder(self) -> Path:
        """Where published notices lie as files."""
        return self.home / "notices"

    @property
    def letters_folder(self) -> Path:
        """Where letters to households lie as files (F15): beside the notices, not among them."""
        return self.home / "letters"

    @property
    def server_file(self) -> Path:
        """Where the embedded Temporal server keeps its cases."""
        return self.home / "temporal.db"

    @property
    def keys_file(self) -> Path:
        """Where the keys of the installation lie."""
        return self.keys or self.home / "keys"

    @property
    def policy_file(self) -> Path:
        """Where the policy is written: a shipped one, or the file that is named."""
        named = Path(self.policy)
        return named if named.suffix == ".toml" else SHIPPED / "policies" / f"{self.policy}.toml"

    # What an installation consists of is imported when it is asked for: `exitflow when` needs a
    # policy and a calendar, and shall not wait for the database's libraries.

    def keyring(self) -> "Keyring":
        """The keys of the installation; raises ``KeysError`` if they cannot be read."""
        from workers.keys import Keyring

        return Keyring(self.keys_file)

    def engine(self) -> "Engine":
        """The registry's database; raises ``RegistryError`` for a URL that names none."""
        from registry.database.engine import open_engine

        return open_engine(self.registry)

    def checks(self, engine: "Engine") -> "Checks":
        """The check of this installation's registry and files; ``KeysError`` as ``keyring``."""
        from registry.checks.checks import Checks
        from workers.keys import installation_of

        own = installation_of(self.keys_file)
        return Checks(engine, self.home, self.notices_folder, self.load_policy, self.opened, own)

    def opened(self, sealed: str) -> str | None:
        """What an entry keeps sealed, opened with the keys that are there now; None if it cannot.

        A reader who has no keys can check the rest all the same.
        """
        from models.sealed import NotSealed
        from workers.keys import KeysError
        from workers.seal import opened_text

        try:
            return opened_text(sealed, self.keyring())
        except (NotSealed, KeysError):
            return None

    def calendar(self) -> "OfficialCalendar":
        """Days off, with the overrides; raises ``CalendarError`` for a wrong override file."""
        from registry.calendar import OfficialCalendar

        return OfficialCalendar.from_file(self.workdays)

    def outgoing(self) -> tuple[Channel, ...]:
        """The channels in use."""
        return self.channels or (FileChannel(name="file", path=self.home / "notifications.jsonl"),)

    def load_policy(self) -> Policy:
        """The policy new cases are started under.

        Raises:
            PolicyError: if there is no such file, or it contradicts the regulation.
        """
        path = self.policy_file
        try:
            text = read_text(path)
        except OSError as error:
            raise PolicyError(
                f"policy {self.policy!r}: {path} cannot be read ({error.strerror}); name a shipped "
                "policy, for example henan-2016, or a .toml file"
            ) from error
        return parse_policy(text, str(path))

    def policy_of(self, id: str) -> Policy:
        """The policy that cases of an id are held against.

        Raises:
            PolicyError: as ``load_policy`` does, and where this installation works under another.
        """
        policy = self.load_policy()
        if policy.id != id:
            raise PolicyError(f"policy {id}: this installation works under {policy.id}")
        return policy


def settings_file() -> Path:
    """Where the settings are written, if they are."""
    return Path(os.environ.get("EXITFLOW_CONFIG") or "exitflow.toml")


def load_settings(**given: object) -> Settings:
    """Read the settings of this installation; ``given`` wins over environment and file.

    Raises:
        SettingsError: naming the setting that is wrong.
    """
    file = settings_file()
    if os.environ.get("EXITFLOW_CONFIG") and not file.is_file():
        raise SettingsError(f"EXITFLOW_CONFIG: {file} is not a file")
    try:
        return Settings.model_validate(_from_file(file) | _from_environment() | given)
    except ValidationError as error:
        # Without its cause, which repeats what was given: a password, a webhook's key.
        raise SettingsError(f"settings: {faults(error)}") from None
    except RecursionError:
        raise SettingsError("settings: a value is nested too deeply") from None
    except (TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"settings: {file} is not valid TOML in UTF-8: {error}") from None
    except OSError as error:
        raise SettingsError(f"settings: {file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise SettingsError(f"settings: {error}") from None


def _from_file(path: Path) -> dict[str, object]:
    return notation.toml(read_text(path)) if path.is_file() else {}


def _from_environment() -> dict[str, object]:
    named = {f"EXITFLOW_{field.upper()}": field for field in Settings.model_fields}
    found: dict[str, object] = {
        field: os.environ[name] for name, field in named.items() if name in os.environ
    }
    if "channels" in found:
        try:
            found["channels"] = notation.from_json(os.environ["EXITFLOW_CHANNELS"])
        except ValueError as error:
            raise SettingsError(f"EXITFLOW_CHANNELS is not valid JSON: {error}") from None
    return found
