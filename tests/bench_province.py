"""`make bench-lists`: what lists and reports of a whole province cost, each beside its aim.

40 000 open cases and 422 000 households, on SQLite and on PostgreSQL. First while the rosters are
open, then as they have all led to exits. Each question is asked once, in a process of its own.

Processor seconds of the program and of the PostgreSQL server, less those of a program that only
starts; memory is that of the program.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.register.households import PovertyLine
from operators.up import prepare_registry
from registry.desk import Registry
from tests.province import YEAR, end_all, put_province
from tests.registries import postgresql
from tests.stage import settings_in
from workers.settings import Settings

_FIFTY, _REPORT, _WHOLE = 0.5, 5.0, 10.0
"""Seconds: of fifty lines, of a report, of all of a list."""

_MEGABYTES = 150

_START = "registry lines"
"""Opens the registry, and asks for a few rows."""

_OPEN: dict[str, float] = {
    "cases": _FIFTY,
    "cases --region 411500 --step H3": _FIFTY,
    "cases --office A5/411523": _FIFTY,
    "cases --by county": _FIFTY,
    "deadlines": _FIFTY,
    "deadlines --within 3d": _FIFTY,
    "deadlines --region 411523": _FIFTY,
    "deadlines --by office": _FIFTY,
    "cases --json": _WHOLE,
    "cases --excel {}/cases.xlsx": _WHOLE,
    "deadlines --json": _WHOLE,
    "deadlines --excel {}/deadlines.xlsx": _WHOLE,
    f"ready villages --year {YEAR}": _REPORT,
    f"ready counties --year {YEAR}": _REPORT,
    f"ready households --year {YEAR}": _REPORT,
    f"ready households --year {YEAR} --json": _REPORT,
    f"ready reentry --year {YEAR}": _REPORT,
    f"progress --year {YEAR}": _REPORT,
    f"plan list --year {YEAR}": _REPORT,
}
_LEFT: dict[str, float] = {
    f"progress --year {YEAR}": _REPORT,
    f"ready reentry --year {YEAR}": _REPORT,
    f"consequences --year {YEAR}": _REPORT,
    f"consequences --year {YEAR} --json": _REPORT,
    f"consequences --year {YEAR} --excel {{}}/exits.xlsx": _WHOLE,
}
"""What is asked, with its aim."""

_MEASURED = """
import atexit, sys
kept = sys.argv.pop(1)
@atexit.register
def keep():
    with open("/proc/self/status") as status, open(kept, "w") as into:
        into.write(next(line.split()[1] for line in status if line.startswith("VmHWM")))
from operators.cli import main
main()
"""
# What the system says of a child's memory holds that of the parent, which it is for a moment.


@dataclass(frozen=True)
class Cost:
    """Processor seconds, and megabytes at most."""

    seconds: float
    megabytes: int


class Province:
    """A registry, filled; and how it is asked."""

    def __init__(self, settings: Settings, server: int | None) -> None:
        """``server`` is the process of PostgreSQL above those of the connections."""
        self._server = server
        self._folder = settings.home
        self._environment: Mapping[str, str] = {
            **os.environ,
            "EXITFLOW_HOME": str(settings.home),
            **({"EXITFLOW_REGISTRY_URL": settings.registry_url} if settings.registry_url else {}),
        }

    def cost(self, question: str) -> Cost:
        """Ask once.

        Raises:
            CalledProcessError: if there is no answer.
        """
        words, kept = question.format(self._folder).split(), self._folder / "memory"
        before = self._served()
        process = subprocess.Popen(
            [sys.executable, "-c", _MEASURED, str(kept), *words],
            env=self._environment,
            stdout=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, words)
        seconds = used.ru_utime + used.ru_stime + self._served() - before
        return Cost(seconds, int(kept.read_text()) // 1024)

    def _served(self) -> float:
        """What the server has used so far: those that have gone, and those that are there."""
        if self._server is None:
            return 0.0
        gone, there = _stat(self._server)[11:15], 0
        for each in Path("/proc").glob("[0-9]*"):
            try:
                fields = _stat(int(each.name))
            except OSError:
                continue  # gone meanwhile: it is among the others the next time
            there += sum(fields[11:13]) if fields[1] == self._server else 0
        return (sum(gone) + there) / os.sysconf("SC_CLK_TCK")


def _stat(process: int) -> list[int]:
    """The numbers behind the name of a process; the state stands for nought."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return [0, *map(int, fields[1:])]


def province(console: Console, name: str, settings: Settings, server: int | None = None) -> None:
    """Fill a registry and print what each question costs."""
    prepare_registry(settings)
    engine = settings.engine()
    Registry(engine).planning.add_line(PovertyLine(year=YEAR, yuan=3_535, source="synthetic"))
    put_province(engine)
    asked = Province(settings, server)
    start = min((asked.cost(_START) for _ in range(3)), key=lambda each: each.seconds)
    console.print(f"{name}: a program that starts takes {start.seconds:.2f} s of a processor")
    _print(console, f"{name}: 40 000 cases are open", asked, _OPEN, start)
    end_all(engine)
    _print(console, f"{name}: their households have left", asked, _LEFT, start)
    engine.dispose()


def _print(
    console: Console, title: str, asked: Province, questions: Mapping[str, float], start: Cost
) -> None:
    table = Table("exitflow", "s", "aim", "MB", "aim", title=title)
    for question, aim in questions.items():
        cost = asked.cost(question)
        seconds = cost.seconds - start.seconds
        table.add_row(
            question.format("FOLDER"),
            Text(f"{seconds:.2f}", "red" if seconds > aim else ""),
            f"{aim:g}" + (" missed" if seconds > aim else ""),
            Text(str(cost.megabytes), "red" if cost.megabytes > _MEGABYTES else ""),
            f"{_MEGABYTES}" + (" missed" if cost.megabytes > _MEGABYTES else ""),
        )
    console.print(table)


def _above(url: str) -> int:
    """The process of a server that starts all its others."""
    with psycopg.connect(url) as connection:
        return _stat(connection.info.backend_pid)[1]


def main() -> None:
    """Both databases, one after the other."""
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        province(console, "SQLite", settings_in(Path(folder, "sqlite")))
    with tempfile.TemporaryDirectory() as folder, postgresql() as url:
        settings = settings_in(Path(folder, "postgresql"), registry_url=url)
        province(console, "PostgreSQL", settings, _above(url))


if __name__ == "__main__":
    main()
