"""Who is a member of a household: joining, leaving, and with or without an ID number."""

from collections.abc import Iterable

from sqlmodel import Session, select

from models.register.changes import HEAD, Person
from registry.errors import LoadError
from registry.files.cells import proper_name
from registry.files.sheet_cells import masked
from registry.tables import HouseholdRow, MemberRow


def key_of(household: str, id_number: str | None, name: str) -> str:
    """Under which key a member stands: the ID number, or the household and the name."""
    return id_number or f"{household}/{name}"


def check_called(field: str, name: str | None) -> None:
    """Make sure that a name is one, as a file's has to be.

    Raises:
        LoadError: naming the field, and what would be right.
    """
    try:
        if name is not None:
            proper_name(name)
    except ValueError as error:
        raise LoadError([f"{field}: {name!r} {error}"]) from None


def members_of(session: Session, code: str) -> list[MemberRow]:
    """The members of a household, as far as the register names them."""
    return list(session.exec(select(MemberRow).where(MemberRow.household_code == code)).all())


def found_among(members: Iterable[MemberRow], person: Person) -> MemberRow | None:
    """The member whom a person is, by the ID number or else by the name.

    Raises:
        LoadError: if several have the name, or the number is another's.
    """
    if person.id_number is not None:
        by_number = next((row for row in members if row.id_number == person.id_number), None)
        if by_number is not None and by_number.name != person.name:
            raise LoadError(
                [
                    f"people: {masked(person.id_number)} is {by_number.name} in the register, not "
                    f"{person.name}; correct the one or the other"
                ]
            )
        return by_number
    named = [row for row in members if row.name == person.name]
    if len(named) > 1:
        raise LoadError([f"people: {len(named)} members are called {person.name}; give the number"])
    return named[0] if named else None


def add_member(session: Session, code: str, person: Person, relation: str) -> None:
    """Add a member whom the register does not have.

    Raises:
        LoadError: if somebody without a number is there under the name.
    """
    key = key_of(code, person.id_number, person.name)
    if session.get(MemberRow, key) is not None:
        raise LoadError(
            [
                f"people: {person.name} is in household {code} already, without an ID number too; "
                "tell the two apart by the name"
            ]
        )
    session.add(
        MemberRow(
            key=key,
            household_code=code,
            id_number=person.id_number,
            name=person.name,
            relation=relation,
            without_id=person.without_id,
            born=person.born if person.id_number is None else None,
        )
    )


def new_head(row: HouseholdRow, name: str | None, left: list[MemberRow]) -> None:
    """Let a member be the head, whose name the household bears.

    Raises:
        LoadError: if nobody is named, or nobody of the name is left.
    """
    if name is None:
        names = "、".join(each.name for each in left)
        of = f", of {names}" if names else "; the register names no other member"
        raise LoadError([f"head: the head leaves; say who is it from now on{of}"])
    if not left:
        row.head = name  # the register names none of its members
        return
    named = [each for each in left if each.name == name]
    if len(named) != 1:
        raise LoadError(
            [f"head: {len(named)} members of household {row.code} are called {name}; name one"]
        )
    for each in left:
        if each.relation == HEAD:
            each.relation = "其他"
    named[0].relation = HEAD
    row.head = name
