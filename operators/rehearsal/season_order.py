"""Events of a season side by side: who waits for whom, and told in the order of the file."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

from models.case.ledger import Entry
from models.case.status import CaseStatus
from operators.rehearsal.course import Answer, Onlooker
from operators.rehearsal.events import Event
from operators.rehearsal.season import COUNTY, Season, SeasonEvent
from operators.rehearsal.season_after import (
    AFTER_EXIT,
    AfterOpening,
    LivesEvent,
    ReenterEvent,
    RevokeEvent,
)
from operators.rehearsal.season_events import (
    ChangeEvent,
    CountyEvent,
    OfCase,
    OpeningEvent,
    ReadyEvent,
    RosterEvent,
    VillageEvent,
)

Lane = Sequence[tuple[int, SeasonEvent]]
"""Events that happen one after the other, each with its number in the file."""


def phases(season: Season) -> Iterator[Iterable[Lane]]:
    """The events of each place by themselves, up to the next that concerns all of them.

    What happens in one village waits for nothing in another; what counts the whole county, its
    application among that, waits for everything before it. So does what happens after an exit,
    where cases hear of each other.
    """
    place, concerns_all = places(season), joint(season)
    lanes: defaultdict[str, list[tuple[int, SeasonEvent]]] = defaultdict(list)
    for number, event in enumerate(season.events, start=1):
        if not isinstance(event, ReadyEvent | CountyEvent) and number not in concerns_all:
            lanes[place(event)].append((number, event))
            continue
        if lanes:
            yield list(lanes.values())
        yield [[(number, event)]]
        lanes.clear()
    if lanes:
        yield list(lanes.values())


def joint(season: Season) -> set[int]:
    """The numbers of the events before which every case has to have come to their day."""
    after: set[str] = set()
    found: set[int] = set()
    for number, event in enumerate(season.events, start=1):
        if isinstance(event, AfterOpening):
            after.add(event.case)
        if isinstance(event, AFTER_EXIT) or getattr(event, "case", None) in after:
            found.add(number)
    return found


def places(season: Season) -> Callable[[SeasonEvent], str]:
    """Tells in which village an event happens, by its key; what is of none is the county's."""
    of_household = {code: group.village for group in season.households for code in group.codes}
    of_case: dict[str, str] = {}

    def place(event: SeasonEvent) -> str:
        match event:
            case RosterEvent() | VillageEvent():
                return event.village
            case ChangeEvent() | LivesEvent() | ReenterEvent():
                return of_household[event.household]
            case RevokeEvent():
                return of_household.get(event.of, event.of)
            case OfCase():
                return of_case[event.case]
            case _:
                return COUNTY

    for event in season.events:
        if isinstance(event, OpeningEvent):
            of_case[event.case] = place(event)
    return place


class Order:
    """What is told of events that go on at once, passed on in the order of the file."""

    def __init__(self) -> None:
        self._next = 1
        self._done: set[int] = set()
        self._held: defaultdict[int, list[Callable[[], None]]] = defaultdict(list)

    def tell(self, number: int, said: Callable[[], None]) -> None:
        """Something is told of an event, at once or when those before it are done."""
        self._held[number].append(said)
        self._pass_on()

    def done(self, number: int) -> None:
        """Nothing more is told of an event."""
        self._done.add(number)
        self._pass_on()

    def rest(self) -> None:
        """Pass on what waits for events that will not happen."""
        for number in sorted(self._held):
            self._say(number)

    def _pass_on(self) -> None:
        self._say(self._next)
        while self._next in self._done:
            self._next += 1
            self._say(self._next)

    def _say(self, number: int) -> None:
        for said in self._held.pop(number, []):
            said()


class InTurn:
    """Looks on at a case for somebody who is told in the order of the file.

    Attributes:
        number: Which event is happening.
    """

    def __init__(self, onlooker: Onlooker, order: Order, number: int) -> None:
        self.number = number
        self._onlooker, self._order = onlooker, order

    def happened(self, event: Event, answer: Answer) -> None:
        """An event was answered."""
        self._order.tell(self.number, partial(self._onlooker.happened, event, answer))

    def entered(self, entries: Sequence[Entry]) -> None:
        """New entries are on file."""
        self._order.tell(self.number, partial(self._onlooker.entered, entries))

    def stands(self, status: CaseStatus, now: datetime) -> None:
        """How the case stands now."""
        self._order.tell(self.number, partial(self._onlooker.stands, status, now))
