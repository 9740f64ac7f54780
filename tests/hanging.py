"""A test that hangs, with no way left to interrupt it, says where and ends its process.

``pytest-timeout`` interrupts a test; but once the test has failed, nothing bounds its fixtures any
more, and a runner that waits for one of them never reports anything.
"""

import asyncio
import faulthandler
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TextIO

_STATUS = 70


@contextmanager
def given_up_after(seconds: float, name: str, to: TextIO) -> Iterator[None]:
    """End the process, with the stack of every thread and task, unless the block ends before."""
    watch = Timer(seconds, _give_up, (name, seconds, to))
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _give_up(name: str, seconds: float, to: TextIO) -> None:
    try:
        print(f"\n{name} hangs: given up after {seconds:g} s", file=to, flush=True)
        faulthandler.dump_traceback(to)
        for task in [each for each in gc.get_objects() if isinstance(each, asyncio.Task)]:
            if not task.done():
                task.print_stack(file=to)
        to.flush()
    finally:  # whatever cannot be printed
        os._exit(_STATUS)
