"""The targets of F8 on the screen: by year against the target, and by city."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.periods import chinese
from operators.views.printing import heading, paragraph, table
from registry.reports.records import TargetProgress
from registry.reports.targets import CityTowards, TargetReport, Towards

_TARGETS = {
    "people": "people 贫困人口",
    "villages": "villages 贫困村",
    "counties": "counties 贫困县",
    "named_counties": "named counties 率先脱贫",
    "provincial_counties": "provincial counties 省定贫困县",
    "all_counties": "all counties 全部贫困县",
}


def print_targets(out: Console, report: TargetReport) -> None:
    """Every measure year by year, then the cities, and the counties that are listed still."""
    title = f"Targets 目标 (F8) of {report.province} by the end of {report.year}"
    out.print(Text(f"{title}, counted 截至{chinese(report.on)}", style="bold"))
    for measure in report.measures:
        out.print(heading(f"{_TARGETS[measure.name]}: {measure.wanted:,} by {measure.by}"))
        out.print(_years(measure))
    print_target_lines(out, report.targets, report.year)
    out.print(heading(f"By city 分市, by the end of {report.year}"))
    out.print(_cities(report))
    for city in report.cities:
        if city.listed:
            out.print(paragraph(f"{city.name}在册: {'、'.join(city.listed)}", out.width))


def print_target_lines(out: Console, targets: Sequence[TargetProgress], year: int) -> None:
    """Every target by the end of a year, and which counties it misses."""
    out.print(heading(f"Targets 目标 (F8), by the end of {year}"))
    shown = table("Target", "By", "Wanted", "Reached", "Missing")
    for target in targets:
        shown.add_row(
            _TARGETS[target.name],
            str(target.by),
            f"{target.wanted:,}",
            f"{target.reached:,}",
            _missing(target, year),
        )
    out.print(shown)
    for target in targets:
        if target.who and target.by <= year:
            missing = f"{_TARGETS[target.name]} {target.by}: {'、'.join(target.who)}"
            out.print(paragraph(missing, out.width))


def _years(measure: Towards) -> Table:
    columns = ("Exited 退出", "Revoked 撤销", "Fell back 返贫", "In all 累计", "Of target 完成")
    shown = table("Year 年度", *columns)
    for each in measure.years:
        shown.add_row(
            str(each.year),
            f"{each.exited:,}",
            f"{each.revoked:,}",
            f"{each.back:,}",
            f"{each.cumulative:,}",
            Text(f"{each.share} %", "green" if each.cumulative >= measure.wanted else ""),
        )
    return shown


def _cities(report: TargetReport) -> Table:
    shown = table("City 市", "Counties out 县", "Listed 在册县", "Villages out 村", "People out 人")
    for city in report.cities:
        shown.add_row(f"{city.code} {city.name}", *_counts(city))
    shown.add_row("total 合计", *_counts(report.total), style="bold")
    return shown


def _counts(city: CityTowards) -> tuple[str, ...]:
    counted = (city.counties, city.counties_listed, city.villages, city.people)
    return tuple(f"{each:,}" for each in counted)


def _missing(target: TargetProgress, year: int) -> Text:
    if not target.missing:
        return Text("reached 已完成", "green")
    return Text(f"{target.missing:,}", "bold red" if target.by <= year else "")
