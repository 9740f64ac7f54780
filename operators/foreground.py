"""Run a module in the terminal's foreground: `python -m operators.foreground MODULE [ARGUMENT...]`.

Ctrl-C goes to every process of the foreground group, and make dies of it whatever its recipe
answers. So the module takes the terminal for a group of its own, gives it back at the end, and
leaving it with Ctrl-C is a success.
"""

import atexit
import contextlib
import os
import runpy
import signal
import sys


def take_terminal() -> None:
    """Do nothing without a terminal, or in the background of one."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return
    group = os.getpgrp()
    if os.tcgetpgrp(terminal) != group or group == os.getpid():
        return
    # Handing a terminal over from the background stops the process, unless it ignores the signal.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    # make, in the other group, would not notice Ctrl-Z: the shell would never get its prompt back.
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpid())
    atexit.register(os.tcsetpgrp, terminal, group)


if __name__ == "__main__":
    take_terminal()
    sys.argv = sys.argv[1:]
    with contextlib.suppress(KeyboardInterrupt):
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
