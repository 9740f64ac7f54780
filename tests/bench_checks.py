"""What it costs to hold orders against the kept file, of all that a case costs."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from activities import warrants
from activities.admissions import Gate
from activities.notifications.outbox import Outbox

AIM = 0.05


class Checks:
    """Processor seconds spent in checks, by whichever thread of the worker."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    def clocked(self, check: Callable[..., Any]) -> Callable[..., Any]:
        """The same check, its processor time added up."""

        def timed(*args: Any) -> Any:
            began = time.thread_time()
            try:
                return check(*args)
            finally:
                with self._lock:
                    self.seconds += time.thread_time() - began

        return timed

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Clock the checks of every worker that is built meanwhile."""
        held = warrants.hold_against_file
        with ExitStack() as patched:
            for module in list(sys.modules.values()):
                if getattr(module, "hold_against_file", None) is held:
                    timed = self.clocked(held)
                    patched.enter_context(mock.patch.object(module, "hold_against_file", timed))
            patched.enter_context(mock.patch.object(Gate, "check", self._method(Gate.check)))
            taken_in = self._method(Outbox.take_in)
            patched.enter_context(mock.patch.object(Outbox, "take_in", taken_in))
            yield

    def _method(self, check: Callable[..., Any]) -> Callable[..., Any]:
        timed = self.clocked(check)
        return lambda itself, *args: timed(itself, *args)
