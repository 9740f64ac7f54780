"""What happens to households (动态调整): one change, or a list of what was put down."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import ValidationError

from models.appraisals import Proposal
from models.base import faults
from models.case.receipts import USED
from models.errors import ExitflowError
from models.identity import content_id
from models.periods import beijing
from models.register import changes as forms
from models.register.changes import (
    ChangeKind,
    Concerned,
    DivisionChange,
    DivisionKind,
    Person,
    RegisterChange,
)
from models.roster.messages import Amendment
from operators.commands.options import As, Household, Officer, Region, Said, Subject
from operators.commands.words import Day, InputError, Json, Year, word
from operators.desk.registry import open_registry, utc_now
from operators.views.printing import as_json, console
from operators.views.register import print_changes
from operators.views.terminal import say
from workers.settings import load_settings

PlaceCode = Annotated[forms.PlaceCode, word(forms.PlaceCode)]


def change(
    kind: ChangeKind,
    household: Household,
    /,
    *,
    on: Day,
    reason: str,
    document: str,
    office: As,
    officer: Officer,
    name: Said | None = None,
    id_number: Said | None = None,
    relation: str | None = None,
    without_id: str | None = None,
    born: Day | None = None,
    to: Subject | None = None,
    group: str | None = None,
    head: Said | None = None,
) -> None:
    """Put one change down; the same one again is no change. `registry import` takes many.

    It counts from its day on: incidence on the days before stays what it was. Open rosters of the
    household take its entry again. Several people at once, as of a split, come from a file.

    Args:
        kind: born (出生), married-in (婚入), moved-in (迁入), died (死亡), married-out (婚出),
            moved-out (迁出), numbered (补录证件), head (户主变更), split (分户), joined (合户),
            resettled (易地搬迁), died-out (整户死亡) or left (整户迁出).
        household: Its number (户编号).
        on: The first day on which it holds, YYYY-MM-DD.
        reason: What happened (事由).
        document: The number of the document that says so.
        name: Who joins, leaves or parts; @FILE and @- keep names off the list of processes.
        id_number: The number of the identity card, as above.
        relation: Of who joins: to the head (与户主关系).
        without_id: Why somebody who joins has no ID number, as 新生儿未落户.
        born: The day of birth of who has none, YYYY-MM-DD.
        to: Of split the number of the new household, of joined the household that stays, of
            resettled the village.
        group: The village group (村民小组) there.
        head: Who is the head from now on, if the head leaves.
    """
    try:
        people: tuple[Person, ...] = ()
        if name is not None:
            person = Person(
                name=name,
                id_number=id_number.strip().upper() if id_number is not None else None,
                relation=relation,
                without_id=without_id,
                born=born,
            )
            people = (person,)
        said = RegisterChange(
            kind=kind,
            household=household,
            on=on,
            reason=reason,
            document=document,
            office=office,
            officer=officer,
            people=people,
            to=to,
            group=group,
            head=head,
        )
    except ValidationError as error:
        raise InputError(faults(error)) from None
    _put(said)


def division(
    kind: DivisionKind,
    code: PlaceCode,
    /,
    *,
    on: Day,
    reason: str,
    document: str,
    office: As,
    officer: Officer,
    to: PlaceCode | None = None,
    name: str | None = None,
) -> None:
    """Put down that a place is renamed, recoded or merged (区划变动). `registry import` takes many.

    Old cases keep code and name, new ones have the new. Of a township or county that gets another
    code, all villages get theirs. Open rosters of a village that ends let its households go.

    Args:
        kind: renamed (更名), recoded (改码) or merged (并入).
        code: The village's twelve digits, the township's nine or the county's six.
        on: The first day on which it holds, YYYY-MM-DD.
        reason: What was decided (事由).
        document: The number of the document that says so.
        to: The code that follows, or that of the place that it is merged into.
        name: The new name.
    """
    try:
        said = DivisionChange(
            kind=kind,
            code=code,
            on=on,
            reason=reason,
            document=document,
            office=office,
            officer=officer,
            to=to,
            name=name,
        )
    except ValidationError as error:
        raise InputError(faults(error)) from None
    _put(said)


def _put(said: RegisterChange | DivisionChange) -> None:
    today, policy = beijing(utc_now()).date(), load_settings().load_policy()
    with open_registry() as registry:
        if isinstance(said, RegisterChange):
            loaded = registry.changes.put(said, today)
        else:
            loaded = registry.changes.put_division(said, today)
        alarms = registry.register.alarms_due(loaded.counties, today, policy)
    say(f"{said.id}: {'put down' if loaded.new else 'was put down before'}")
    tell_cases(loaded.concerned)
    say_stale(loaded.stale)
    if alarms:
        from operators.commands.register import tell_alarms

        tell_alarms(alarms, policy)


def tell_cases(concerned: Iterable[Concerned]) -> None:
    """Let open rosters take the entries of their households again; say which cannot be told.

    What a case is not told of it meets when it strikes off: the register refuses whose entry has
    changed since, and who is gone.
    """
    from operators.desk.desk import open_desk
    from workers.connection import run

    those = list(concerned)
    if not those:
        return

    async def tell() -> None:
        async with open_desk() as desk:
            for each in those:
                try:
                    receipt = await desk.amend(each.case_id, amendment_of(each))
                except ExitflowError as error:
                    # Of those whom it was told of, some have left it since by that.
                    told = USED in str(error)
                    say(f"{each.case_id}: was told before" if told else _not_told(each, error))
                else:
                    say(f"{each.case_id}: entry {receipt.seq}, {receipt.text}")

    try:
        run(tell())
    except ExitflowError as error:
        say(*(_not_told(each, error) for each in those))


def say_stale(cases: Iterable[str]) -> None:
    """Name the cases of a household or place that has ended: they cannot be approved any more."""
    for case_id in cases:
        say(
            f"{case_id} is stale 已失效: its household or the code of its place has ended, and the "
            "register refuses its approval; withdraw it, and open one under the code that follows, "
            "if one does"
        )


def _not_told(concerned: Concerned, error: Exception) -> str:
    return (
        f"{concerned.case_id} is not told of {', '.join(concerned.households)}: {error}; "
        "the same command tells it again, and the register lets nobody be struck off as posted"
    )


def amendment_of(concerned: Concerned) -> Amendment:
    """What an open roster is told: to take the entries of these households again (G1)."""
    said = concerned.change
    return Amendment(
        id=content_id("amendment", concerned.case_id, said.id),
        office=said.office,
        officer=said.officer,
        reason=f"动态调整：{concerned.text}",
        document_number=said.document,
        households=tuple(Proposal(household=code, in_favour=0) for code in concerned.households),
    )


def changes(
    code: Subject | None = None,
    /,
    *,
    region: Region = None,
    year: Year | None = None,
    json: Json = False,
) -> None:
    """List what has happened, by its day, with the entries of the register's own ledger.

    Args:
        code: Only of this household.
        year: Only of this year.
    """
    with open_registry() as registry:
        registry.check_division("--region", region)
        found = registry.changes.of(code) if code else registry.changes.listed(region, year)
    if json:
        as_json(found)
    elif found:
        print_changes(console(), found)
    else:
        say("no change")
