"""告知书: what a household is told on paper, from the kept file of its roster (F15).

A household is told of its posting, of an objection against it and the result, of its exit and of
what it keeps (F1). The letters are made from the file whenever they are asked for, one page a
household. They are for the household alone: they show its name in full, and never who objected.
"""

from datetime import date

from sqlmodel import Session

from models.consequences import Exit, consequences
from models.offices import Office, SubjectKind
from models.periods import chinese
from models.policy import Policy
from models.procedures import H3, H4
from models.texts.personal_numbers import hide
from registry.cases.letters import Occasion, Occasions, WrittenLetter, letters_in, occasions_of
from registry.notices.texts import rendered


class Letter(WrittenLetter):
    """A letter with its page."""

    markdown: str


def letters_of(session: Session, case_id: str) -> tuple[Letter, ...]:
    """The letters that a roster's file gives reason for, in its order."""
    occasions = occasions_of(session, case_id)
    if occasions is None:
        return ()
    written = letters_in(session, case_id, occasions)
    return tuple(
        Letter(**dict(letter), markdown=_page(occasions, letter, occasion))
        for letter, occasion in zip(written, occasions.found, strict=True)
    )


def _page(occasions: Occasions, letter: WrittenLetter, occasion: Occasion) -> str:
    """One page, as the household was then."""
    village, policy, year = occasions.village, occasions.policy, occasions.year
    on, shown, said = letter.written_on, occasion.shown, occasion.said

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
        name=shown.head,
        group=hide(shown.group),
        size=shown.size,
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
