"""The notice of one subject (C4, V2, H3, R3), and the announcement of its exit (C7, V3, H4).

The same order gives the same text. A village's notice tells of the village alone; a household's of
its head, village group and head count (G8): no sentence that somebody wrote freely.
"""

from typing import Any

from models.county.orders import RegisterChange
from models.household_standard import named_zh
from models.notices import (
    NoticeOrder,
    Overridden,
    Posted,
    PostedCounty,
    PostedHousehold,
    PostedRoster,
    PostedVillage,
)
from models.offices import County, Tier, Village
from models.periods import beijing, chinese
from models.reentry.rules import CAUSES
from models.register.counties import SERVICES, PoorVillages
from models.register.villages import FieldSurvey
from models.roster.messages import RosterChange, StrikingOff
from models.standards import (
    Counted,
    differ,
    near_zh,
    provincial_findings,
    survey_findings,
    villages_zh,
)
from models.texts.personal_numbers import hide
from models.village.orders import VillageRegisterChange
from registry.notices.texts import growth, incidence, rendered

_TIERS = {Tier.NATIONAL: "国定贫困县", Tier.PROVINCIAL: "省定贫困县"}


def title(order: NoticeOrder) -> str:
    """The title of a notice: it names the county or the village."""
    match order.shows:
        case PostedCounty(county=county):
            return f"关于{county.name}拟退出贫困县的公示"
        case PostedVillage(village=village):
            return f"关于{village.full_name}拟退出贫困村的公示"
        case PostedRoster(village=village, number=number):
            which = f"（第{number}号）" if number > 1 else ""
            return f"关于{village.name}{order.year}年度拟退出贫困户的公示{which}"
        case PostedHousehold(village=village):
            return f"关于{village.name}{order.year}年度拟纳入扶贫对象的公示"


def markdown(order: NoticeOrder) -> str:
    """The text of a notice."""
    return rendered(
        f"{order.shows.kind}_notice.md.j2",
        title=title(order),
        notice_id=order.notice_id,
        replaces=order.replaces,
        publisher=order.publisher,
        basis="、".join(order.basis),
        year=order.year,
        posted_on=chinese(beijing(order.posted_at).date()),
        last_day=chinese(order.closes.last_day),
        counting=order.closes.zh.removeprefix(f"{order.closes.clause} "),
        from_posting=order.from_posting,
        **_own(order.shows),
    )


def _own(shows: Posted) -> dict[str, Any]:
    """What only this kind of notice says."""
    match shows:
        case PostedCounty():
            return _of_county(shows)
        case PostedVillage():
            return _of_village(shows)
        case PostedRoster(number=number, households=households):
            lines = [(each.name, hide(each.group), each.size) for each in households]
            return {"number": number, **_listed(lines)}
        case PostedHousehold():
            return {
                "name": shows.name,
                # An office may have written numbers next to it.
                "group": hide(shows.group),
                "size": shows.size,
                "cause": CAUSES[shows.cause],
            }


def _of_county(shows: PostedCounty) -> dict[str, Any]:
    county, figures = shows.county, shows.figures
    services = (f"{zh}主要指标{near_zh(getattr(figures, name))}" for name, zh in SERVICES.items())
    return {
        "county": county,
        "place": _seat(county),
        "tier": _TIERS[county.tier],
        **_counted(shows.counted or figures),
        "stated": _counted(figures) if differ(figures, shows.counted) else None,
        "villages": villages_zh(shows.villages) if shows.villages != PoorVillages() else None,
        "growth": growth(figures.income_growth_percent),
        "provincial_growth": growth(shows.mean.income_growth_percent),
        "mean_source": hide(shows.mean.source),
        # What offices wrote of each field, without numbers of persons.
        "services": [
            (said, _ended(hide(getattr(figures, name).statement)))
            for name, said in zip(SERVICES, services, strict=True)
        ],
        "checked": [_ended(hide(each.zh)) for each in provincial_findings(shows.findings)],
        **_excepted(shows.overridden),
    }


def _of_village(shows: PostedVillage) -> dict[str, Any]:
    village = shows.village
    return {
        "village": village,
        "place": _line(village),
        **_counted(shows.incidence),
        # Departments and the ground for no bus are words of an office.
        "surveyed": hide(_surveyed(shows.survey)),
        "findings": [hide(finding.zh) for finding in survey_findings(shows.survey)],
        "collective_income": shows.survey.collective_income_yuan,
        **_excepted(shows.overridden),
    }


def _excepted(overridden: Overridden | None) -> dict[str, str]:
    """S6: of what an exception was made, and the reason as the office wrote it."""
    if overridden is None:
        return {"excepted": ""}
    return {"excepted": named_zh(overridden.standards), "why": _ended(hide(overridden.reason))}


def _surveyed(survey: FieldSurvey) -> str:
    first, last = chinese(survey.began_on), chinese(survey.ended_on)
    days = first if first == last else f"{first}至{last}"
    return f"{days}，{'、'.join(survey.departments)}参加"


def _counted(count: Counted) -> dict[str, Any]:
    return {
        "as_of": chinese(count.as_of),
        "poor": count.poor,
        "population": count.population,
        "incidence": incidence(count.poor, count.population),
    }


def _ended(sentence: str) -> str:
    return (
        sentence if sentence.rstrip().endswith(("。", "！", "？", "；", ".")) else f"{sentence}。"
    )


def _seat(county: County) -> str:
    """What a county belongs to."""
    if county.directly_administered:
        return f"{county.province.name}（直管县）"
    return f"{county.province.name}{county.city.name}"


def _line(village: Village) -> str:
    """What a village belongs to."""
    city = "" if village.directly_administered else village.city.name
    return f"{village.province.name}{city}{village.county.name}{village.township.name}"


Exit = RegisterChange | VillageRegisterChange


def announcement_title(change: Exit | RosterChange) -> str:
    """The title of the final announcement (公告)."""
    match change:
        case RegisterChange(county=county):
            return f"关于{county.name}退出贫困县的公告"
        case VillageRegisterChange(village=village):
            return f"关于{village.full_name}退出贫困村的公告"
        case RosterChange(village=village):
            return f"关于{village.name}{change.year}年度贫困户脱贫退出的公告"


def roster_announcement(change: RosterChange, households: tuple[StrikingOff, ...]) -> str:
    """The announcement of those who leave: what the list of them showed, and nothing else (G8)."""
    lines = [(each.shown_as, hide(each.group), each.size) for each in households]
    return _announced("roster_announcement.md.j2", change, _listed(lines))


def exit_announcement(change: Exit) -> str:
    """The announcement that a county or a village has left (公告退出); it shows no figures."""
    match change:
        case RegisterChange(county=county):
            inspected = f"，经{change.inspected_by}评估检查" if change.inspected_by else ""
            own = {
                "what": "县名",
                "name": county.name,
                "code": county.code,
                "place": _seat(county),
                "tier": _TIERS[county.tier],
                "passed": f"经{change.publisher}核查并公示，公示期满且无未办结异议{inspected}",
                "left": "退出贫困县序列",
            }
        case VillageRegisterChange(village=village):
            own = {
                "what": "村名",
                "name": village.name,
                "code": village.code,
                "place": _line(village),
                "tier": "",
                "passed": f"经{change.publisher}组织调查核实并公示，公示期满且无未办结异议",
                "left": "在建档立卡贫困村中退出",
            }
    return _announced("exit_announcement.md.j2", change, own)


def _announced(template: str, change: Exit | RosterChange, own: dict[str, Any]) -> str:
    return rendered(
        template,
        title=announcement_title(change),
        notice_id=change.notice_id,
        basis="、".join(change.basis),
        year=change.year,
        effective_on=chinese(change.effective_on),
        document_number=change.document_number or "",
        ordered_by=change.ordered_by,
        publisher=change.publisher,
        posted_on=chinese(beijing(change.posted_at).date()),
        **own,
    )


def _listed(lines: list[tuple[str, str, int]]) -> dict[str, Any]:
    """Name, village group and head count of households, and how many people they are."""
    return {"households": lines, "people": sum(size for _, _, size in lines)}
