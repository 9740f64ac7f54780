"""progress --targets: the tables, and the picture with its Chinese labels (F8)."""

import re
import struct
import warnings
from datetime import date
from itertools import combinations
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from sqlalchemy import Engine

from operators.views.targets_picture import draw, figure_of, look
from registry.desk import Registry
from registry.reports.targets import CityTowards, TargetReport, Towards, YearTowards
from tests.activities.registry_cases import COUNTIES, table
from tests.operators.conftest import Shell
from tests.registry.exits import place_leaves
from tests.registry.places import leaves, put_households, put_village
from workers.settings import load_settings

JIA = "411523100201"
WHOLE = (4_300_000, 6_492, 53)
CITIES = """
郑州市 开封市 洛阳市 平顶山市 安阳市 鹤壁市 新乡市 焦作市 濮阳市 许昌市
漯河市 三门峡市 南阳市 商丘市 信阳市 周口市 驻马店市 济源市
""".split()  # noqa: SIM905


@pytest.fixture
async def settled(lonely: Shell) -> Shell:
    """An installation in which the 53 counties have left as they did, and one household."""
    (await lonely("setup", "registry")).done()
    words = ("--listed-since", "2012-03-19", "--plan-source", "HN 二")
    (await lonely("registry", "load", COUNTIES, *words)).done()
    engine = load_settings().engine()
    fill(engine)
    engine.dispose()
    return lonely


def fill(engine: Engine) -> None:
    for row in table():
        place_leaves(
            engine, row["code"], date.fromisoformat(row["approved_on"]), int(row["exit_year"])
        )
    put_village(engine, JIA, 300)
    (household,) = put_households(engine, JIA, [4])
    leaves(engine, household, date(2018, 12, 20))


def a_report(years: range, parts: tuple[float, ...], cities: int = 18) -> TargetReport:
    """A synthetic province; each year leaves its part of every target."""

    def towards(name: str, wanted: int) -> Towards:
        counted, found = 0, []
        for year, part in zip(years, parts, strict=True):
            exited = int(wanted * part)
            counted += exited
            share = counted * 1000 // wanted
            found.append(
                YearTowards(
                    year=year,
                    exited=exited,
                    revoked=0,
                    back=0,
                    cumulative=counted,
                    share=f"{share // 10}.{share % 10}",
                )
            )
        return Towards.model_validate(
            {"name": name, "wanted": wanted, "by": 2020, "years": tuple(found)}
        )

    by_city = tuple(
        CityTowards(
            code=f"41{place:02d}00",
            name=name,
            counties=place % 8,
            counties_listed=place % 3,
            listed=(),
            villages=place * 40,
            people=place * 33_333,
        )
        for place, name in enumerate(CITIES[:cities], start=1)
    )
    names = ("people", "villages", "counties")
    return TargetReport(
        year=years[-1],
        on=date(years[-1], 12, 31),
        province="河南省",
        targets=(),
        measures=tuple(towards(name, many) for name, many in zip(names, WHOLE, strict=True)),
        cities=by_city,
        total=by_city[0] if by_city else CityTowards(
            code="", name="", counties=0, counties_listed=0, listed=(), villages=0, people=0
        ),
    )  # fmt: skip


REPORTS = {
    "henan": a_report(range(2016, 2021), (0.26, 0.25, 0.29, 0.14, 0.06)),
    "just below the target": a_report(range(2016, 2020), (0.5, 0.4, 0.05, 0.04)),
    "beyond it": a_report(range(2016, 2019), (0.6, 0.6, 0.6)),
    "one year, one city": a_report(range(2016, 2017), (0.001,), cities=1),
    "nothing": a_report(range(2016, 2017), (0.0,), cities=0),
    "a long time": a_report(range(2016, 2041), (0.04,) * 25),
}


def beyond_the_axes(figure: Figure) -> set[Text]:
    """Labels of ticks that lie outside of what is shown, which are not drawn."""
    return {
        label
        for axes in figure.get_axes()
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        for label in (tick.label1, tick.label2)
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }


@pytest.mark.clause("F8")
@pytest.mark.parametrize("named", REPORTS)
def test_no_text_of_the_picture_hides_another(named: str) -> None:
    with look(), warnings.catch_warnings():
        # A letter that the font lacks is a warning.
        warnings.simplefilter("error")
        figure = figure_of(REPORTS[named])
        figure.set_dpi(110)
        figure.draw_without_rendering()
        beyond = beyond_the_axes(figure)
        shown = [
            (text.get_text(), text.get_window_extent())
            for text in figure.findobj(Text)
            if isinstance(text, Text)
            and text.get_visible()
            and text.get_text().strip()
            and text not in beyond
        ]
    assert any("目标430万" in text for text, _ in shown)
    assert any("贫困退出进度与目标" in text for text, _ in shown)
    width, height = figure.get_size_inches() * 110
    for text, box in shown:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    for (one, first), (other, second) in combinations(shown, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        along = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert across <= 0.5 or along <= 0.5, (one, other)


@pytest.mark.clause("F8")
def test_the_svg_needs_no_font_no_script_and_nothing_from_elsewhere(tmp_path: Path) -> None:
    first, again = tmp_path / "one.svg", tmp_path / "two.SVG"
    draw(REPORTS["henan"], first)
    draw(REPORTS["henan"], again)
    text = first.read_text(encoding="utf-8")
    assert text == again.read_text(encoding="utf-8")
    assert "<title>" not in text or "贫困" in text
    for forbidden in ("<text", "<script", "<image", "@import", "font-family", "<foreignObject"):
        assert forbidden not in text
    assert all(link.startswith("#") for link in re.findall(r'xlink:href="([^"]*)"', text))
    assert not re.search(r"url\((?!#)", text)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["one.svg", "two.SVG"]


@pytest.mark.clause("F8")
async def test_the_targets_are_shown_and_drawn(settled: Shell, tmp_path: Path) -> None:
    picture = tmp_path / "目标.png"
    words = ("progress", "--year", 2018, "--targets")
    out = (await settled(*words, "--picture", picture)).done()
    assert max(map(len, out.splitlines())) <= 100
    assert re.search(r"^2018 +33 +0 +0 +39 +73\.5 %", out, re.MULTILINE)
    assert re.search(r"^411500 信阳市 +7 +1 +0 +4", out, re.MULTILINE)
    assert "信阳市在册: 淮滨县 411527" in out
    assert out.rstrip().endswith(f"{picture}: drawn")
    header = picture.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    assert min(struct.unpack(">II", header[16:24])) > 900
    found = TargetReport.model_validate((await settled(*words, "--json")).json)
    engine = load_settings().engine()
    policy = load_settings().load_policy()
    assert policy.targets is not None
    told = Registry(engine).planning.targets(2018, policy, policy.targets, found.on)
    engine.dispose()
    assert found == told
    assert found.on == date(2018, 12, 31)


@pytest.mark.clause("F8")
async def test_what_cannot_be_drawn_is_refused(
    settled: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("progress", "--year", 2018)
    gif = tmp_path / "x.gif"
    for more, said in (
        (("--picture", tmp_path / "x.svg"), "give --targets too"),
        (("--targets", "--picture", gif), "end it in .svg or .png"),
        (("--targets", "--picture", tmp_path / "no" / "x.svg"), "cannot be written"),
        (("--targets", "--region", "411500"), "the targets are those of 河南省 as a whole"),
    ):
        assert said in (await settled(*words, *more)).fails(2)
    assert (await settled(*words, "--targets", "--region", "410000")).done()
    monkeypatch.setenv("EXITFLOW_POLICY", "gansu-2016")
    assert "names no targets (F8)" in (await settled(*words, "--targets")).fails(1)
