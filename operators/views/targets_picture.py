"""The targets of F8 as a picture: bars by year against the target, bars by city; SVG or PNG.

The font comes with the program and letters are drawn as outlines, so that the picture reads the
same on a machine without a Chinese font. Nothing in it is fetched.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from pylopdf_fonts_zh_cn import sans_path

from models.periods import chinese
from registry.reports.targets import CityTowards, TargetReport, Towards

_TITLES = {"people": "贫困人口（人）", "villages": "贫困村（个）", "counties": "贫困县（个）"}
_BEFORE, _NEW, _TARGET = "#9ec3e6", "#1f5f9e", "#c0392b"
_OUT, _LISTED = "#3b8f6e", "#d0d0d0"
_MOST_LABELLED = 8
"""Of more years than these the bars are too narrow for a figure each."""
_ROOM_ABOVE, _ROOM_BESIDE = 1.18, 1.42
"""How much longer an axis is than what it shows: there stand the figures."""


def draw(report: TargetReport, path: Path) -> None:
    """Write the picture, as the suffix of its name says; a file that is there is replaced.

    Raises:
        OSError: if the file cannot be written; what was there stays as it was.
    """
    with look(), TemporaryDirectory(prefix=".exitflow-", dir=path.parent) as folder:
        made = Path(folder, f"picture{path.suffix.lower()}")
        # Without the day it was drawn on: the same register gives the same file.
        metadata = {"Date": None, "Creator": None, "Title": _title(report)}
        if made.suffix == ".png":
            metadata = {"Software": None, "Title": _title(report)}
        figure_of(report).savefig(made, metadata=metadata, dpi=110)
        os.replace(made, path)


@contextmanager
def look() -> Iterator[None]:
    """The font of the program, and letters as outlines, as long as it lasts."""
    font_manager.fontManager.addfont(sans_path())
    font = font_manager.FontProperties(fname=sans_path()).get_name()
    ways: Any = {"font.family": font, "font.size": 11, "svg.fonttype": "path", "svg.hashsalt": "F8"}
    with rc_context(ways):
        yield


def _title(report: TargetReport) -> str:
    return f"{report.province}贫困退出进度与目标"


def figure_of(report: TargetReport) -> Figure:
    """The whole sheet: three axes by year above, three by city below, and the legend."""
    height = 7 + 0.32 * max(len(report.cities), 3)
    layout = ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.12, hspace=0.06, wspace=0.03)
    figure = Figure(figsize=(13, height), layout=layout)
    figure.suptitle(
        f"{_title(report)}（截至{chinese(report.on)}）", fontsize=18, fontweight="normal"
    )
    halves: Any = figure.subfigures(2, 1, height_ratios=[4.2, height - 5.6])
    above, below = halves
    above.suptitle("分年度累计退出与目标", fontsize=14)
    for axes, measure in zip(above.subplots(1, 3), report.measures, strict=True):
        _draw_years(axes, measure)
    below.suptitle("分市累计退出", fontsize=14)
    if report.cities:
        _draw_cities(below.subplots(1, 3, sharey=True), report.cities)
    else:
        below.text(0.5, 0.5, "尚无退出", ha="center", va="center", fontsize=14)
    figure.legend(
        handles=[
            Patch(color=_BEFORE, label="以前年度退出"),
            Patch(color=_NEW, label="当年退出"),
            Line2D([], [], color=_TARGET, linestyle="--", label="目标"),
            Patch(color=_OUT, label="累计退出（分市）"),
            Patch(color=_LISTED, label="仍在册的县"),
        ],
        loc="outside lower center",
        ncols=5,
        frameon=False,
        title="按退出年度统计；撤销的退出不计入，返贫的自返贫当年起不计入",
    )
    return figure


def _draw_years(axes: Axes, measure: Towards) -> None:
    years = [each.year for each in measure.years]
    in_all = [each.cumulative for each in measure.years]
    # Who fell back is taken from those of earlier years.
    new = [min(each.exited, each.cumulative) for each in measure.years]
    before = [whole - part for whole, part in zip(in_all, new, strict=True)]
    axes.bar(years, before, color=_BEFORE, width=0.66)
    axes.bar(years, new, bottom=before, color=_NEW, width=0.66)
    axes.axhline(measure.wanted, color=_TARGET, linestyle="--")
    axes.set_title(
        f"{_TITLES[measure.name]}\n目标{_tick(measure.wanted, 0)}（{measure.by}年）",
        fontsize=12,
        linespacing=1.4,
    )
    axes.set_ylim(0, max(measure.wanted, *in_all) * _ROOM_ABOVE)
    axes.set_xlim(years[0] - 0.7, max(years[-1], years[0] + 2) + 0.7)
    if len(years) <= _MOST_LABELLED:
        axes.set_xticks(years)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(_MOST_LABELLED, integer=True))
    labelled = measure.years if len(years) <= _MOST_LABELLED else measure.years[-1:]
    for each in labelled:
        axes.annotate(
            f"{_figures(each.cumulative)}\n{each.share}%",
            (each.year, each.cumulative),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85},
        )
    axes.yaxis.set_major_formatter(FuncFormatter(_tick))
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    _plain(axes)


def _draw_cities(three: Sequence[Axes], cities: Sequence[CityTowards]) -> None:
    places = range(len(cities))
    counties, villages, people = three
    out = [city.counties for city in cities]
    listed = [city.counties_listed for city in cities]
    counties.barh(places, out, color=_OUT, height=0.66)
    counties.barh(places, listed, left=out, color=_LISTED, height=0.66)
    both = [
        f"{city.counties}，在册{city.counties_listed}"
        if city.counties_listed
        else f"{city.counties}"
        for city in cities
    ]
    _label(counties, [gone + still for gone, still in zip(out, listed, strict=True)], both)
    counties.set_title("贫困县（个）", fontsize=12)
    for axes, title, counted in (
        (villages, "贫困村（个）", [city.villages for city in cities]),
        (people, "贫困人口（人）", [city.people for city in cities]),
    ):
        axes.barh(places, counted, color=_OUT, height=0.66)
        _label(axes, counted, [_figures(many) for many in counted])
        axes.set_title(title, fontsize=12)
    counties.set_yticks(places, [city.name or city.code for city in cities])
    counties.invert_yaxis()


def _label(axes: Axes, lengths: Sequence[int], said: Sequence[str]) -> None:
    """A figure at the end of every bar, and room for it."""
    axes.set_xlim(0, max(*lengths, 1) * _ROOM_BESIDE)
    for place, (length, text) in enumerate(zip(lengths, said, strict=True)):
        axes.annotate(
            text,
            (length, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(_tick))
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=0, pad=7)


def _figures(many: int) -> str:
    """A number as an office writes it: 131.1万, 9,999."""
    return f"{many:,}" if many < 100_000 else f"{many / 10_000:.1f}万"


def _tick(value: float, _place: int) -> str:
    return _figures(round(value)).replace(".0万", "万")
