"""What was changed since somebody looked: so nobody goes through everything at every message."""

from typing import Any, ClassVar


class Changes:
    """What was changed, and how often.

    Attributes:
        count: How often something was changed.
    """

    def __init__(self) -> None:
        self.count = 0
        self._changed: dict[int, Any] = {}

    def note(self, changed: Any) -> None:
        """Something was changed."""
        self.count += 1
        self._changed[id(changed)] = changed

    def take(self) -> list[Any]:
        """What was changed since this was last asked, each once, in the order of the first time."""
        changed, self._changed = self._changed, {}
        return list(changed.values())


class Counted:
    """Its fields, when they are set, are counted as changes.

    What a field holds has to be replaced, and not changed in place.
    """

    changes: Changes
    uncounted: ClassVar[frozenset[str]] = frozenset()
    """Fields that nobody's look rests on."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        changes = self.__dict__.get("changes")
        if changes is not None and name not in self.uncounted:
            changes.note(self)
