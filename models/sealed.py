"""What did not come from this installation: not sealed with its key, or sealed for something else.

The seal itself is outside (``workers.seal``). A case and an activity meet only what is left of a
content that did not open.
"""

from dataclasses import dataclass

from models.errors import ExitflowError, ExitStatus

NOT_SEALED = "NotSealed"
"""Type of the failure that refuses such an order, and of a failure that is itself not sealed."""


@dataclass(frozen=True)
class Unsealed:
    """Stands in the place of an order or an answer that cannot be opened.

    Attributes:
        reason: Why it did not open.
    """

    reason: str


class NotSealed(ExitflowError):
    """What came is not sealed by this installation, where nothing else is believed."""

    status = ExitStatus.UNREACHABLE


class UnknownKey(NotSealed):
    """What came is sealed with a key that the file of keys does not have; it may come there yet.

    Attributes:
        key: Id of that key.
        whole: All that came, as a text that can be opened once the key is there.
    """

    def __init__(self, key: str, whole: str = "") -> None:
        super().__init__(
            f"it is sealed with the key {key}, which this installation's worker does not have; the "
            "whole content is kept"
        )
        self.key, self.whole = key, whole
