"""A test that hangs where nothing can interrupt it ends its process, and says where it hung."""

import subprocess
import sys

HANGS = """
import asyncio
import sys
from tests.hanging import given_up_after

async def waits_for_ever():
    await asyncio.Event().wait()

with given_up_after(0.2, "test_of_something", sys.stderr):
    asyncio.run(waits_for_ever())
"""

ENDS = """
import sys
import time
from tests.hanging import given_up_after

with given_up_after(0.2, "test_of_something", sys.stderr):
    pass
time.sleep(0.4)
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )


def test_it_is_named_with_the_stack_of_what_waits() -> None:
    done = run(HANGS)
    assert done.returncode == 70
    assert "test_of_something hangs: given up after 0.2 s" in done.stderr
    assert "in waits_for_ever" in done.stderr


def test_what_ends_in_time_is_left_alone() -> None:
    done = run(ENDS)
    assert (done.returncode, done.stderr) == (0, "")
