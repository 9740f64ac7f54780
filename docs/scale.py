"""What a province, the western provinces and the nation need: a small model over measured figures.

    python -m docs.scale

prints the table of docs/scale.md. Whoever measures on other machines puts the figures in here.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """What was measured. Processor seconds hold on a busy machine too; times of day do not.

    Attributes:
        server, worker, offices: Processor seconds of a roster of eleven from its opening to its
            end, with its share of villages and counties (`make season SCALE=100`).
        kept: Bytes of registry and server for it (the same).
        hearing: Processor seconds of a roster that hears of a limit (`make season WAITING=300`).
    """

    server: float
    worker: float
    offices: float
    kept: float
    hearing: float


FIGURES = Figures(server=0.45, worker=0.33, offices=0.04, kept=300_000, hearing=0.09)
"""Of November 2026, two virtual cores (AMD EPYC), which other programs used at the same time."""

HOUSEHOLDS_OF_A_ROSTER = 420_000 / 39_000
SECONDS = 80 * 8 * 3600
"""Of a season, October to January, in which offices work: eighty days of eight hours."""

PEAK = 10
"""How many times as much as on average comes in the busiest hour: assumed."""

OPEN_AT_ONCE = 1 / 4
"""How many of a season's rosters are open at the end of the year: thirty days of four months."""

CORES = 2
"""Of the machine that is looked at."""

HEARD_WITHIN = 300
"""Seconds in which all have to hear of a limit that falls due for all."""

DISK = 1e12
"""Bytes that one machine keeps without more ado."""


@dataclass(frozen=True)
class Area:
    """What leaves in its largest season, and in all of them together."""

    name: str
    counties: int
    villages: int
    households: int
    largest: float = 1.0

    @property
    def rosters(self) -> float:
        """Of all seasons."""
        return self.households / HOUSEHOLDS_OF_A_ROSTER

    @property
    def season(self) -> float:
        """Rosters of the largest season."""
        return self.rosters * self.largest


LARGEST = 344 / 832
"""The counties of 2019, the year in which most left, among all."""

AREAS = (
    Area("a province (Henan, 2018)", 33, 2_502, 420_000),
    # 568 of the 832 counties; villages and households in their proportion, which is too many.
    Area("the western provinces", 568, 87_400, 20_500_000, LARGEST),
    Area("the nation", 832, 128_000, 30_000_000, LARGEST),
)


@dataclass(frozen=True)
class Need:
    """What an area needs.

    Attributes:
        peak: Rosters a second in the busiest hour.
        cores: Of server and worker, in that hour.
        interpreters: Workers, as one interpreter uses one core.
        open: Rosters that wait at the end of the year.
        hearing: Cores that let all of those hear of it in time.
        kept: Bytes of registry and server, of all seasons.
        replayed: Hours in which the largest season would be played on ``CORES``.
    """

    peak: float
    cores: float
    interpreters: float
    open: float
    hearing: float
    kept: float
    replayed: float

    def limits(self) -> Iterator[tuple[float, str]]:
        """By how many times each limit of one machine is used up."""
        yield self.hearing / CORES, "the end of the year, of which all hear at once"
        yield self.cores / CORES, "processors in the busiest hour"
        yield self.interpreters, "one worker's interpreter in the busiest hour"
        yield self.kept / DISK, "the disk"

    @property
    def first(self) -> tuple[float, str]:
        """The limit that comes first."""
        return max(self.limits())


def need(area: Area, figures: Figures = FIGURES) -> Need:
    """What an area needs by the figures."""
    peak = PEAK * area.season / SECONDS
    waiting = OPEN_AT_ONCE * area.season
    return Need(
        peak=peak,
        cores=peak * (figures.server + figures.worker),
        interpreters=peak * figures.worker,
        open=waiting,
        hearing=waiting * figures.hearing / HEARD_WITHIN,
        kept=area.rosters * figures.kept,
        replayed=area.season * (figures.server + figures.worker + figures.offices) / CORES / 3600,
    )


def table() -> list[str]:
    """The table of the page, a line each."""
    head = [
        *(
            "",
            "largest season",
            "busiest hour",
            "cores then",
            "workers then",
            "open on 31 December",
        ),
        *("cores to hear of it", "kept, all seasons", "first limit of one machine"),
    ]
    lines = [_line(head), _line(["---"] * len(head))]
    for area in AREAS:
        its = need(area)
        times, limit = its.first
        cells = [
            *(area.name, f"{area.season:,.0f} rosters", f"{its.peak:.2f} rosters/s"),
            *(f"{its.cores:.1f}", f"{its.interpreters:.1f}", f"{its.open:,.0f}"),
            *(f"{its.hearing:,.0f}", f"{its.kept / 1e9:,.0f} GB", f"{limit}: {times:.1f} times"),
        ]
        lines.append(_line(cells))
    return lines


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print("\n".join(table()))
