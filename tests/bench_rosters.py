"""What a roster costs a household, by its size: ``make bench``, second part."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from temporalio.api.enums.v1 import EventType

from models.case.ledger import EntryKind
from tests.bench_measures import ACTIONS, Clocks
from tests.roster_stage import RosterPlay, opens_roster
from tests.stage import Stage, at

SIZES = (1, 10, 50, 200)
ROUNDS = 5
ACTIONS_AIM = 16
"""Billable actions of a roster, whatever its size, with consent in bulk."""

CPU_AIM_AT_10 = 0.2
"""Seconds of processor time of a roster of ten."""


@dataclass(frozen=True)
class RosterCost:
    """What one roster took from its opening to its end."""

    households: int
    actions: Counter[str]
    deliveries: int
    events: int
    size: int
    cpu: float
    wall: float


async def roster_costs(stage: Stage, clocks: Clocks) -> list[RosterCost]:
    """Rosters of each size, all the way, the median by actions; a first one warms up."""
    await _one(stage, clocks, 1)
    costs = []
    for size in SIZES:
        rounds = [await _one(stage, clocks, size) for _ in range(ROUNDS)]
        costs.append(sorted(rounds, key=lambda cost: cost.actions.total())[ROUNDS // 2])
    return costs


async def _one(stage: Stage, clocks: Clocks, households: int) -> RosterCost:
    case = await opens_roster(stage, at(11, 16), households)
    await case.reaches("H2")
    began, cpu = time.perf_counter(), clocks.cpu()
    # As a season's script does it: what does not wait for another is sent together.
    await asyncio.gather(*(case.verify(body) for body in ("A1", "A2", "A3")), case.consent())
    await case.reaches("H3")
    wall = time.perf_counter() - began
    await case.end_notice()
    began = time.perf_counter()
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    await case.act("H4")
    await case.ends()
    wall += time.perf_counter() - began
    cpu = clocks.cpu() - cpu
    actions, events, size = await _history(case)
    deliveries = len(await case.entries(EntryKind.NOTIFIED))
    return RosterCost(households, actions, deliveries, events, size, cpu, wall)


async def _history(case: RosterPlay) -> tuple[Counter[str], int, int]:
    history = await case.handle.fetch_history()
    kinds = [EventType.ValueType(event.event_type) for event in history.events]
    actions = Counter(ACTIONS[kind] for kind in kinds if kind in ACTIONS)
    return actions, len(kinds), sum(event.ByteSize() for event in history.events)


def print_costs(console: Console, costs: list[RosterCost]) -> None:
    """By size: actions and processor time, and a household's share of events, bytes, time."""
    table = Table(title="a roster from its opening to its end, and for each of its households")
    for column in (
        "households",
        f"actions (aim {ACTIONS_AIM})",
        "deliveries",
        "cpu s",
        "events each",
        "bytes each",
        "cpu ms each",
        "wall ms each",
    ):
        table.add_column(column, justify="right")
    for cost in costs:
        number, total = cost.households, sum(cost.actions.values())
        aim = f" (aim {CPU_AIM_AT_10})" if number == 10 else ""
        table.add_row(
            str(number),
            str(total),
            str(cost.deliveries),
            f"{cost.cpu:.2f}{aim}",
            f"{cost.events / number:.1f}",
            f"{cost.size / number:,.0f}",
            f"{1000 * cost.cpu / number:.1f}",
            f"{1000 * cost.wall / number:.1f}",
        )
    console.print(table)
    console.print(", ".join(f"{name} {times}" for name, times in sorted(costs[2].actions.items())))
