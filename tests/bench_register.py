"""What importing a roster of 100 000 people costs, against reading and writing the same rows bare.

The bare run reads the file with the library alone and inserts its rows as they are: no check, no
look-up, one process. Each run has a process and a registry of its own; its memory is the largest
resident set of that process and of the one that reads its workbook.

    python -m tests.bench_register
"""

import csv
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_calamine import load_workbook
from rich.console import Console
from rich.table import Table

from models.offices import Division
from registry.database.engine import open_engine, upgrade
from registry.desk import Registry
from registry.register.register import Register
from tests.rosters import (
    PERSON_HEADER,
    TODAY,
    VILLAGE_HEADER,
    person_rows,
    village_row,
    write_csv,
    write_xlsx,
)

PEOPLE = 100_000
VILLAGES = 260
AIM_SECONDS = 60

_COUNTIES = Path(__file__).parents[1] / "data" / "henan-counties.csv"
_TABLES = {
    "households": "code, village_code, village_group, head, size, revision",
    "members": "key, id_number, household_code, name, relation",
    "household_years": "household_code, year, wages, business, assets, transfers, costs, "
    "income_sources, livelihood, stable_because, food_and_clothing, schooling, no_dropouts, "
    "insurance, illness_aid, housing_improved, housing, source",
    "household_episodes": "household_code, number, cause, registered_on",
}


@dataclass(frozen=True)
class Run:
    """What one process took: seconds of wall clock and of processors, and megabytes."""

    seconds: float
    cpu: float
    megabytes: int


@dataclass(frozen=True)
class Measured:
    """An import beside its floor."""

    kind: str
    imported: Run
    bare: Run

    @property
    def ratio(self) -> float:
        """How many times as long as the floor an import takes."""
        return self.imported.seconds / self.bare.seconds


def measure(folder: Path, people: int = PEOPLE) -> list[Measured]:
    """Import a roster as .xlsx and as .csv into new SQLite registries in a folder."""
    files = {
        "xlsx": write_xlsx(folder / "roster.xlsx", [PERSON_HEADER, *person_rows(people)]),
        "csv": write_csv(folder / "roster.csv", [PERSON_HEADER, *person_rows(people)]),
    }
    measured = []
    for kind, path in files.items():
        runs = [_run(what, _registry(folder / f"{kind}-{what}.db"), path) for what in _WHAT]
        measured.append(Measured(kind, *runs))
    return measured


def show(measured: Sequence[Measured], people: int = PEOPLE) -> bool:
    """Print what was measured; whether every import kept below the aim."""
    table = Table(title=f"Import of a roster of {people:,} people into SQLite", box=None)
    for name in ("file", "seconds", "cpu s", "peak MB", "bare s", "bare MB", "ratio"):
        table.add_column(name, justify="right")
    for each in measured:
        done, bare = each.imported, each.bare
        table.add_row(
            *(each.kind, f"{done.seconds:.1f}", f"{done.cpu:.1f}", str(done.megabytes)),
            *(f"{bare.seconds:.1f}", str(bare.megabytes), f"{each.ratio:.1f}"),
        )
    Console(highlight=False).print(table)
    return all(each.imported.seconds < AIM_SECONDS for each in measured)


def _registry(path: Path) -> Path:
    """A registry with the county and its villages."""
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    registry = Registry(engine)
    registry.load_counties(_COUNTIES, TODAY, "HN 二", Division(code="410000", name="河南省"))
    villages = write_csv(
        path.with_suffix(".csv"), [VILLAGE_HEADER, *(village_row(each) for each in range(VILLAGES))]
    )
    registry.register.import_file(villages, TODAY)
    engine.dispose()
    return path


def _run(what: str, registry: Path, roster: Path) -> Run:
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench_register", what, str(registry), str(roster)]
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    seconds = time.perf_counter() - began
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)


def _import(registry: Path, roster: Path) -> None:
    engine = open_engine(f"sqlite:///{registry}")
    Register(engine).import_file(roster, TODAY)
    engine.dispose()


def _bare(registry: Path, roster: Path) -> None:
    rows = [dict(zip(PERSON_HEADER, row, strict=True)) for row in _rows(roster)][1:]
    households = [row for row in rows if row["与户主关系"] == "户主"]
    contents: dict[str, list[Sequence[Any]]] = {
        "households": [_household(row) for row in households],
        "members": [_member(row) for row in rows],
        "household_years": [_year(row) for row in households],
        "household_episodes": [_episode(row) for row in households],
    }
    with sqlite3.connect(registry) as connection:
        for table, columns in _TABLES.items():
            places = ", ".join("?" * len(columns.split(",")))
            connection.executemany(
                f"INSERT INTO {table} ({columns}) VALUES ({places})", contents[table]
            )
    connection.close()


def _rows(roster: Path) -> Iterator[Sequence[Any]]:
    if roster.suffix == ".xlsx":
        yield from load_workbook(roster).get_sheet_by_index(0).to_python()
        return
    with roster.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file)


def _household(row: dict[str, Any]) -> Sequence[Any]:
    size = int(row["家庭人口"])
    return (row["户编号"], row["行政村代码"], row["村民小组"], row["姓名"], size, 1)


def _member(row: dict[str, Any]) -> Sequence[Any]:
    number = row["证件号码"]
    return (number, number, row["户编号"], row["姓名"], row["与户主关系"])


def _year(row: dict[str, Any]) -> Sequence[Any]:
    money = (round(float(row[name]) * 100) for name in PERSON_HEADER[9:14])
    said = (row[name] if len(row[name]) > 1 else row[name] == "是" for name in PERSON_HEADER[14:])
    return (row["户编号"], int(row["年度"]), *money, *said, "roster")


def _episode(row: dict[str, Any]) -> Sequence[Any]:
    return (row["户编号"], 1, "registered", str(row["识别时间"]))


_WHAT = {"import": _import, "bare": _bare}

if __name__ == "__main__":
    if len(sys.argv) == 4:
        _WHAT[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            sys.exit(0 if show(measure(Path(folder))) else 1)
