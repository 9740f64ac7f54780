"""Who a worker says it is to the server: which process, and of which version of exitflow."""

import os
import re
import socket

from registry.database.installation import PROGRAM

_VERSION = re.compile(r" exitflow (\d+\.\d+\.\d+)")


def own() -> str:
    """The identity of a worker in this process."""
    return f"{os.getpid()}@{socket.gethostname()} exitflow {PROGRAM}"


def version_of(identity: str) -> str | None:
    """The version in a worker's identity; None if it names none.

    >>> version_of("17@host exitflow 0.2.0"), version_of("17@host")
    ('0.2.0', None)
    """
    found = _VERSION.search(identity)
    return found[1] if found else None
