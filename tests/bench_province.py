"""What lists and reports of a whole province cost: 40 000 open cases, 422 000 households.

python -m tests.bench_province
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from models.register.households import PovertyLine
from operators.up import prepare_registry
from registry.desk import Registry
from tests.province import YEAR, put_province
from tests.stage import settings_in

_FIFTY, _WHOLE, _REPORT = 1.2, 10.0, 5.0
"""Processor seconds, with the start of the program."""

_ASKED: dict[str, float] = {
    "deadlines --within 3d": _FIFTY,
    "deadlines --region 411523": _FIFTY,
    "deadlines --by office": _FIFTY,
    "cases": _FIFTY,
    "cases --region 411500 --step H3": _FIFTY,
    "deadlines --json": _WHOLE,
    "deadlines --excel {}/deadlines.xlsx": _WHOLE,
    "cases --json": _WHOLE,
    f"ready villages --year {YEAR}": _REPORT,
    f"ready counties --year {YEAR}": _REPORT,
    f"progress --year {YEAR}": _REPORT,
}
"""What is asked, with its aim."""


def province(console: Console, folder: Path) -> None:
    """Ask each question once of a registry on SQLite, in a process of its own."""
    settings = settings_in(folder)
    prepare_registry(settings)
    engine = settings.engine()
    Registry(engine).planning.add_line(PovertyLine(year=YEAR, yuan=3_535, source="synthetic"))
    put_province(engine)
    engine.dispose()
    environment = {**os.environ, "EXITFLOW_HOME": str(settings.home)}
    for question, aim in _ASKED.items():
        words = question.format(folder).split()
        process = subprocess.Popen(
            [sys.executable, "-m", "operators.cli", *words],
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, words)
        seconds, megabytes = used.ru_utime + used.ru_stime, used.ru_maxrss // 1024
        console.print(
            f"exitflow {question}: {seconds:.1f} s of a processor (aim {aim}), "
            f"{megabytes} MB (aim 150)"
        )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        province(Console(highlight=False), Path(made) / "province")
