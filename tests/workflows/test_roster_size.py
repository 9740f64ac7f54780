"""A roster of five hundred households stays far inside the server's limits.

Run it with ``-s`` to see how far.
"""

import asyncio
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from temporalio.contrib.pydantic import pydantic_data_converter

from tests.roster_stage import (
    RosterPlay,
    meeting,
    opens_roster,
    put_households,
    stands,
    strikes_off,
)
from tests.stage import YEAR, Stage, at

pytestmark = pytest.mark.server

HOUSEHOLDS = 500
PAYLOAD, MESSAGE = 2 * 1024**2, 4 * 1024**2
EVENTS, HISTORY = 51_200, 50 * 1024**2
"""Where the server refuses, or ends a case: a payload, a message, a history."""


def payloads(content: Any) -> Iterator[int]:
    """The size of every payload in an event, however deep."""
    if isinstance(content, list):
        for each in content:
            yield from payloads(each)
    elif isinstance(content, dict) and isinstance(content.get("data"), str):
        yield len(b64decode(content["data"]))
    elif isinstance(content, dict):
        yield from payloads(list(content.values()))


async def measured(case: RosterPlay) -> dict[str, tuple[int, int]]:
    """What there was of each kind at most, and the limit of it."""
    history = await case.handle.fetch_history()
    events = list(history.events)
    answers = {
        "status answer": await answer(case, "status"),
        "households answer": await answer(case, "households", 0),
        "file answer": await answer(case, "ledger", 0),
        "details": len((await case.details()).encode()),
    }
    largest = max(size for event in events for size in payloads(MessageToDict(event)))
    return {
        "largest payload": (largest, PAYLOAD),
        "largest event": (max(event.ByteSize() for event in events), MESSAGE),
        "events": (len(events), EVENTS),
        "history bytes": (sum(event.ByteSize() for event in events), HISTORY),
        **{name: (size, PAYLOAD) for name, size in answers.items()},
    }


async def answer(case: RosterPlay, query: str, *arguments: Any) -> int:
    """Bytes of an answer to a query."""
    said = await case.handle.query(query, args=list(arguments))
    (payload,) = await pydantic_data_converter.encode([said])
    return len(payload.data)


@pytest.mark.clause("H1", "H2", "H3", "H4", "G1")
@pytest.mark.timeout(240)
async def test_five_hundred_households(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), HOUSEHOLDS)
    refuses, objected, changed, *_ = case.households
    await case.reaches("H2")
    await case.verify()
    await case.consent(refuses, agreed=False)
    await case.consent(*case.households[1:])
    await stands(case, posted=HOUSEHOLDS - 1)
    objection = await case.object(household=objected)
    put_households(stage, case.code, 1, codes=[changed], size=2)
    added = put_households(stage, case.code, 5)
    await case.amend(changed, *added, meeting=meeting(held_on=f"{YEAR}-11-16"))
    await stands(case, drafted=5)
    await case.verify()
    # Who answers one by one, all at once.
    await asyncio.gather(*(case.consent(code) for code in added))
    await stands(case, posted=HOUSEHOLDS - 2 + 5, held=1)
    await case.end_notice()  # and those that end at the same moment
    await case.waits(
        lambda seen: (
            seen.waiting_for == case.office("H4")
            and seen.households is not None
            and seen.households.closes is None
        )
    )
    await case.act("H4")
    await stands(case, struck_off=HOUSEHOLDS - 2 + 5, held=1)
    await case.resolve(objection, "dismissed")
    await strikes_off(case, HOUSEHOLDS - 1 + 5)
    assert (await case.ends()).reason == f"{HOUSEHOLDS - 1 + 5}户脱贫销号，1户未退出"
    await case.file()
    found = await measured(case)
    for name, (size, limit) in found.items():
        print(f"{name}: {size:,} of {limit:,}, {size / limit:.1%}")
    assert {name for name, (size, limit) in found.items() if size > limit / 4} == set()
