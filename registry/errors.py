"""What the registry raises: each says what was wrong, where, and what would be right."""

from collections.abc import Iterable

from models.errors import ExitflowError, ExitStatus


class RegistryError(ExitflowError):
    """The registry cannot be used."""

    status = ExitStatus.UNREACHABLE


class LoadError(ExitflowError):
    """A list that cannot be loaded; nothing of it was."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class UnknownSubject(ExitflowError):
    """The register knows nobody under a code."""

    status = ExitStatus.REFUSED
