"""Which version of exitflow a registry was last used by, and for which installation.

A version carries on what one of the same or an earlier minor number has left, from ``OLDEST`` on;
it never goes on from a later one. docs/upgrades.md tells operators so.
"""

from importlib.metadata import version

from sqlalchemy import Connection, Engine, inspect, select, update

from registry.database.faults import place
from registry.errors import RegistryError
from registry.tables import InstallationRow

PROGRAM = version("exitflow")
"""The version of this program."""

OLDEST = "0.2.0"
"""The oldest version whose homes this one carries on: tests/homes holds one of each since."""

_ONLY = 1


def misfit(what: str, found: str, program: str = PROGRAM) -> str | None:
    """Why a program cannot carry on what a version has left, naming both; None where it can.

    >>> misfit("the home", "0.3.0", "0.2.5")
    'the home was last used by exitflow 0.3.0, and this is 0.2.5, which cannot go on from there: \
install exitflow 0.3.0 or a later one'
    >>> misfit("the home", "0.2.7", "0.2.5"), misfit("the home", "0.2.0", "0.3.5")
    (None, None)
    """
    if _numbers(found)[:2] > _numbers(program)[:2]:
        return (
            f"{what} was last used by exitflow {found}, and this is {program}, which cannot go on "
            f"from there: install exitflow {found} or a later one"
        )
    if _numbers(found) < _numbers(OLDEST):
        return (
            f"{what} was last used by exitflow {found}, and this is {program}, which carries on "
            f"what {OLDEST} and later ones have left: let its cases end under exitflow {found}, or "
            "begin with a new home"
        )
    return None


def _numbers(said: str) -> tuple[int, ...]:
    """The numbers of a version; whatever cannot be read is later than any."""
    try:
        return tuple(int(part) for part in said.split(".")[:3])
    except ValueError:
        return (999_999,)


def check_version(engine: Engine, connection: Connection) -> None:
    """Make sure that this program can carry on a registry that is there.

    Raises:
        RegistryError: naming both versions.
    """
    found = _found(connection)
    if found is not None and (said := misfit(place(engine), found[0])) is not None:
        raise RegistryError(said)


def refuse_unversioned(engine: Engine, connection: Connection) -> None:
    """Refuse a registry from before versions were noted: no step leads on from its tables.

    Raises:
        RegistryError: naming this version, and what to do.
    """
    if inspect(connection).has_table(InstallationRow.__tablename__):
        return
    raise RegistryError(
        f"{place(engine)} was set up by an exitflow older than {OLDEST}, and this is {PROGRAM}, "
        "which cannot carry it on: let its cases end under the version that opened them, or begin "
        "with a new home"
    )


def stamp(connection: Connection) -> None:
    """Note that this version uses the registry from now on."""
    noted = connection.execute(
        update(InstallationRow).where(InstallationRow.number == _ONLY).values(version=PROGRAM)  # type: ignore[arg-type]
    )
    if not noted.rowcount:
        connection.execute(
            InstallationRow.__table__.insert().values(number=_ONLY, version=PROGRAM)  # type: ignore[attr-defined]
        )


def belongs_to(connection: Connection) -> str | None:
    """Id of the installation that the registry belongs to; None if to no installation yet."""
    found = _found(connection)
    return found[1] if found else None


def claim_for(connection: Connection, id: str) -> None:
    """Note whose the registry is, where nobody has claimed it."""
    connection.execute(
        update(InstallationRow)
        .where(InstallationRow.number == _ONLY, InstallationRow.id.is_(None))  # type: ignore[arg-type,union-attr]
        .values(id=id)
    )


def _found(connection: Connection) -> tuple[str, str | None] | None:
    if not inspect(connection).has_table(InstallationRow.__tablename__):
        return None
    row = connection.execute(select(InstallationRow.version, InstallationRow.id)).first()  # type: ignore[call-overload]
    return (row[0], row[1]) if row else None
