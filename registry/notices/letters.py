"""告知书: what a household is told on paper, from the kept file of its roster (F15).

A household is told of its posting, of an objection against it and the result, of its exit and of
what it keeps (F1). The letters are made from the file whenever they are asked for, one page a
household. They are for the household alone: they show its name in full, and never who objected.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from models.consequences import Exit, consequences
from models.offices import Office, SubjectKind
from models.periods import chinese
from models.policy import Policy
from models.procedures import H3, H4
from models.texts.personal_numbers import hide
from registry.cases.letters import Occasions, WrittenLetter, letters_in, occasions_of
from registry.notices.texts import rendered
from registry.tables import HouseholdRow


class Letter(WrittenLetter):
    """A letter with its page."""

    markdown: str


def letters_of(session: Session, case_id: str) -> tuple[Letter, ...]:
    """The letters that a roster's file gives reason for, in its order."""
    occasions = occasions_of(session, case_id)
    if occasions is None:
        return ()
    written = letters_in(session, case_id, occasions)
    codes = {each.household for each in written}
    rows = session.exec(select(HouseholdRow).where(col(HouseholdRow.code).in_(codes)))
    heads = {row.code: row.head for row in rows}
    return tuple(
        Letter(
            **dict(letter),
            markdown=_page(occasions, letter, heads[letter.household], occasion.said),
        )
        for letter, occasion in zip(written, occasions.found, strict=True)
    )


def _page(occasions: Occasions, letter: WrittenLetter, head: str, said: Mapping[str, Any]) -> str:
    """One page."""
    village, policy, year = occasions.village, occasions.policy, occasions.year
    on, (group, size) = letter.written_on, occasions.posted[letter.household]

    def name(office: Office) -> str:
        return policy.name_of(office.body, village.place_name(office), on)

    committees, decides = village.office(H3.body), village.office(H4.body)
    of_objection = occasions.objections.get(said.get("objection", ""))
    investigator = of_objection.investigator if of_objection else occasions.investigator
    senders = {"posting": committees, "exit": decides}
    return rendered(
        "letter.md.j2",
        kind=letter.kind,
        title=letter.title,
        household=letter.household,
        name=head,
        group=hide(group),
        size=size,
        year=year,
        basis="、".join(policy.basis),
        publisher=name(committees),
        investigator=name(investigator),
        decides=name(decides),
        days=policy.objection.days,
        keeps=_keeps(year, policy, on),
        sender=name(senders.get(letter.kind, investigator)),
        written_on=chinese(on),
        number=letter.entry,
        **said,
    )


def _keeps(year: int, policy: Policy, on: date) -> str:
    """F1: what it keeps after its exit; nothing is said of what is over."""
    exit = Exit(kind=SubjectKind.HOUSEHOLD, year=year, since=on)
    found = consequences(exit, policy.after_exit, on)
    return "".join(f"你户{each.zh}。" for each in found)
