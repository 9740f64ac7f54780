"""Striking off 100 000 households (H4), against the same change as plain SQL: ``make bench``.

Ours holds every household against what was posted and ends the episodes of those that are as they
were, in one transaction a roster. Plain SQL ends the same episodes with one UPDATE a roster, in as
many transactions, on a copy of the same database. The announcement that goes with it in a case, a
rendered page and two files, is measured beside it.
"""

import time
from datetime import date
from pathlib import Path

from rich.console import Console
from sqlalchemy import Engine, text

from activities.notices import NoticeBoard
from activities.roster import RosterActivities
from models.identity import notice
from models.offices import Division, Village
from models.policy import Body
from models.roster.messages import RosterChange, StrikingOff
from registry.cases.striking_off import strike_off
from registry.database.engine import claim, upgrade, writing
from registry.desk import Registry
from registry.register.lines import HouseholdLine, VillageLine
from registry.register.loading import load_households, load_villages
from tests.activities.admitted import called, carry, gate
from tests.models import carrying
from tests.models.samples import HENAN
from tests.stage import YEAR, at, settings_in

ROSTERS, HOUSEHOLDS = 200, 500
AIM = 2.0
COUNTY = "410999"


def striking_off(console: Console, folder: Path) -> None:
    """Run both, roster by roster in turn, on two registers that are the same; print the ratio."""
    engine, villages = _register(folder / "ours")
    plain, _ = _register(folder / "plain")
    seconds = {"ours": 0.0, "plain": 0.0}
    for number, village in enumerate(villages):
        change = _change(number, village)
        began = time.perf_counter()
        _ours(engine, change)
        between = time.perf_counter()
        _plain(plain, village.code)
        seconds["ours"] += between - began
        seconds["plain"] += time.perf_counter() - between
    _check(engine)
    _check(plain)
    console.print(
        f"striking off {ROSTERS * HOUSEHOLDS:,} households in {ROSTERS} rosters: "
        f"{seconds['ours']:.2f} s, plain SQL {seconds['plain']:.2f} s, "
        f"ratio {seconds['ours'] / seconds['plain']:.2f} (aim at most {AIM})"
    )
    engine, villages = _register(folder / "announced")
    activities = RosterActivities(engine, NoticeBoard(engine, folder / "notices"), gate())
    change = _change(0, villages[0])
    carry(engine, carrying.striking_off(change))
    began = time.perf_counter()
    called(activities.strike_off_households, change, change.case_id)
    took = 1000 * (time.perf_counter() - began)
    console.print(f"announcing and striking off one roster of {HOUSEHOLDS}: {took:.0f} ms")
    engine.dispose()


def _village(number: int) -> str:
    return f"{COUNTY}100{number:03d}"


def _code(village: int, number: int) -> str:
    return f"B{village:03d}-{number:03d}"


def _register(folder: Path) -> tuple[Engine, list[Village]]:
    settings = settings_in(folder)
    engine = settings.engine()
    upgrade(engine)
    policy = settings.load_policy()
    county = {
        "code": COUNTY,
        "name": "合成县",
        "city": "合成市",
        "tier": "national",
        "directly_administered": "false",
        "exit_year": str(YEAR),
        "approved_on": f"{YEAR + 1}-04-01",
        "townships": "1",
        "villages": str(ROSTERS),
    }
    province = Division(code=policy.province, name=policy.province_name)
    Registry(engine).load_counties([county], date(2014, 1, 1), "合成计划", province)
    lines = [
        VillageLine(
            code=_village(number),
            name=f"合成{number}村",
            township_code=f"{COUNTY}100",
            township_name="合成镇",
            county_code=COUNTY,
            population=5_000,
            population_as_of=date(YEAR - 1, 12, 31),
            work_team=True,
            first_secretary=True,
        )
        for number in range(ROSTERS)
    ]
    with writing(engine) as session:
        load_villages(session, lines, "合成名单")
        load_households(
            session,
            [
                HouseholdLine(
                    code=_code(village, number),
                    village_code=_village(village),
                    group="一组",
                    head=f"张{number}",
                    size=3,
                    registered_on=date(2014, 6, 1),
                )
                for village in range(ROSTERS)
                for number in range(HOUSEHOLDS)
            ],
            "合成花名册",
        )
    known = [
        Registry(engine).known_households(line.code, YEAR, at(11, 1).date(), [])[0]
        for line in lines
    ]
    return engine, [village for village in known if village is not None]


def _ours(engine: Engine, change: RosterChange) -> None:
    with writing(engine) as session:
        claim(session, f"rosters of {change.village.code}")
        assert len(strike_off(session, change).households) == HOUSEHOLDS


def _change(number: int, village: Village) -> RosterChange:
    case_id = f"household-exit/{village.code}/{YEAR}/1"
    day = at(11, 24).date()
    return RosterChange(
        case_id=case_id,
        seq=40,
        notice_id=notice(case_id, 40),
        village=village,
        year=YEAR,
        effective_on=day,
        posted_at=at(11, 24),
        basis=HENAN.basis,
        publisher=HENAN.name_of(Body.VILLAGE_COMMITTEES, village.name, day),
        ordered_by=HENAN.name_of(Body.COUNTY_GROUP, village.county.name, day),
        document_number="合成〔4〕号",
        households=tuple(
            StrikingOff(
                code=_code(number, each),
                revision=1,
                group="一组",
                size=3,
                shown_as=f"张{each}",
            )
            for each in range(HOUSEHOLDS)
        ),
    )


_PLAIN = text(
    "UPDATE household_episodes SET exited_on = :day, exit_year = :year, document = :document, "
    "case_id = :case_id, seq = 40 WHERE exited_on IS NULL AND household_code IN "
    "(SELECT code FROM households WHERE village_code = :village)"
)


def _plain(engine: Engine, village: str) -> None:
    values = {
        "day": at(11, 24).date(),
        "year": YEAR,
        "document": "合成〔4〕号",
        "case_id": f"household-exit/{village}/{YEAR}/1",
        "village": village,
    }
    with engine.begin() as connection:
        connection.execute(_PLAIN, values)


def _check(engine: Engine) -> None:
    left = "SELECT count(*) FROM household_episodes WHERE exited_on IS NOT NULL"
    with engine.connect() as connection:
        assert connection.scalar(text(left)) == ROSTERS * HOUSEHOLDS
    engine.dispose()
