"""What a workflow asks for outside itself: an order names its activity and the type of its answer.

Both sides read it here: workflows ask by it (``workflows.calls``), activities carry it out, workers
know by it what a history says was done.
"""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Generic, TypeVar

from models.base import Record

R = TypeVar("R")

BEHIND = "Behind"
"""Type of a refusal: the registry was restored from an older copy and lacks entries of the case."""

REGISTER_CONFLICT = "RegisterConflict"
"""Type of a refusal: the register says otherwise than the order."""

NO_MORE_MET = "NoMoreMet"
"""Type of a refusal: the register's count fails by now, and is worse than was told (S2, S3, S6)."""


DISPUTED = "Disputed"
"""Type of a refusal: somebody has objected since the change was ordered (G2)."""

DAY_OVER = "DayOver"
"""Type of a refusal: the day that a notice says has ended before it was published."""

KEPT_LATE = "KeptLate"
"""Type of a refusal: the entries that an order brings along were kept long after it was given."""

OTHER_CALENDAR = "OtherCalendar"
"""Type of a refusal: the days off have changed since the case computed the limits of its order."""


class Order(Record, Generic[R]):
    """What a workflow asks for; ``R`` is the type of the answer.

    Attributes:
        activity: Name of the activity, which is a method of that name in ``activities``.
    """

    activity: ClassVar[str]

    @property
    @abstractmethod
    def summary(self) -> str:
        """What the Web UI shows with the activity, in Chinese."""

    @classmethod
    def answer(cls) -> Any:
        """The type of the answer: the last one that a class above is made for."""
        made = (vars(each).get("__pydantic_generic_metadata__") for each in cls.__mro__)
        types = (each["args"][-1] for each in made if each and each["args"])
        return next(each for each in types if not isinstance(each, TypeVar))


def declared(kind: Any) -> Iterator[type[Order[Any]]]:
    """Every order of a kind (``Order``, ``Change`` …), as far as its module is imported."""
    for each in kind.__subclasses__():
        if "activity" in vars(each):
            yield each
        yield from declared(each)
