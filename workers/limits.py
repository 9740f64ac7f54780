"""How much the server lets anybody do to a case: its limits, set on purpose and in one place.

The embedded server gets them as arguments, production by docker/temporal-dynamic-config.yaml, which
repeats this list; a test compares the two, and others drive a server over each of them.

A message is bounded by the case (``models.case.bounds``), but a case that cannot carry a message
cannot refuse it either: an answer to an update, yes or no, brings the whole request back to the
server. So what no case can carry is refused before it reaches one.
"""

import json
from collections.abc import Mapping
from datetime import timedelta

KILO, MEGA = 1024, 1024**2

PAYLOAD = 1 * MEGA
"""Bytes of one payload: a signal, an order to an activity, its answer. Ours are half of it at most;
a larger signal is refused, and its sender told. Above ``UPDATES_IN_FLIGHT_BYTES``, or an update
that is let in could not be answered, and its case would try to for ever."""

UPDATES_IN_FLIGHT_BYTES = 512 * KILO
"""Bytes of all updates of a case that wait for their answer, so also of one; ours are 400 000 at
most. What comes beyond is told to wait, and the client and the desk send it again."""

UPDATES_IN_FLIGHT = 100
"""Updates of a case that wait for their answer: a village that objects at the same moment."""

UPDATES = 20_000
"""Updates of one run of a case, which has some hundreds before it hands over. The server keeps a
line for each while the run is open, so there is a limit."""

SIGNALS = 10_000
"""Signals of one run of a case; offices send some dozens. As many as a worker that comes back
can take over at once: the library's own work on them takes two seconds, on a busy machine ten."""

IN_A_TURN, IN_A_TURN_BYTES = SIGNALS, 16 * MEGA
"""Signals, and bytes of them, that may come in while a worker has the case in hand. Of more than
that the server takes the turn away: were it the usual 100, a case that is played from its beginning
would never come to an end of it while a village objects."""

EVENTS = 500_000
HISTORY = 512 * MEGA
"""Events and bytes of a history, over which the server ends a case: only a flood that comes without
a pause leads there, as a case hands over long before."""

LONG = 1_500
LONG_BYTES = 4 * MEGA
"""Events and bytes of a history from which on a case hands over to a new run as soon as it is at
rest (``models.case.handover``). A county's case has some 160; a worker plays so many from their
beginning in less than a second. So long the first answer of a case takes that no worker has in
memory."""

TURN = timedelta(seconds=30)
"""How long a worker may have a case in hand before the server gives it to another: a case that
nobody holds in memory is played from its beginning first (docs/operations.md has how long that
takes). As long it takes until a case goes on whose worker was killed in the middle of it, so it is
not longer."""

STANDALONE = "activity.enableStandalone"
"""That what lies in the outbox is delivered by activities under no workflow: a server of today has
it on."""

ENDS_POLLS = "frontend.enableCancelWorkerPollsOnShutdown"
"""That the server ends the polls of a worker that says it stops. Else the last of them takes work
which the worker has no hands for any more: an act, which nobody answers for a whole ``TURN``."""

LIMITS: Mapping[str, int | str] = {
    "limit.blobSize.error": PAYLOAD,
    "limit.blobSize.warn": PAYLOAD * 3 // 4,
    "history.maxInFlightUpdates": UPDATES_IN_FLIGHT,
    "history.maxInFlightUpdatePayloads": UPDATES_IN_FLIGHT_BYTES,
    "history.maxTotalUpdates": UPDATES,
    "history.maximumSignalsPerExecution": SIGNALS,
    "history.maximumBufferedEventsBatch": IN_A_TURN,
    "history.maximumBufferedEventsSizeInBytes": IN_A_TURN_BYTES,
    "limit.historySize.error": HISTORY,
    "limit.historySize.warn": HISTORY // 2,
    "limit.historyCount.error": EVENTS,
    "limit.historyCount.warn": EVENTS // 2,
    "history.defaultWorkflowTaskTimeout": f"{TURN.seconds}s",
    "limit.historySize.suggestContinueAsNew": LONG_BYTES,
    "limit.historyCount.suggestContinueAsNew": LONG,
    STANDALONE: True,
    ENDS_POLLS: True,
}
"""By their names in the server's dynamic configuration."""


def arguments() -> list[str]:
    """The same for the command that starts the embedded server."""
    return [part for name, value in LIMITS.items() for part in _argument(name, value)]


def _argument(name: str, value: int | str) -> tuple[str, str]:
    return "--dynamic-config-value", f"{name}={json.dumps(value)}"
