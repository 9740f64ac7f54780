"""What the registry raises: each says what was wrong, where, and what would be right."""

from collections.abc import Iterable


class RegistryError(Exception):
    """The registry cannot be used: one sentence with what, where and what would be right."""


class LoadError(RegistryError):
    """A list that cannot be loaded; nothing of it was."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class UnknownSubject(RegistryError):
    """The register is well, but knows nobody under a code."""
