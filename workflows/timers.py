"""The timers of a case, one for each moment at which a limit has something to say."""

import asyncio
from datetime import datetime

from temporalio import workflow

from models.case.limits import Watched
from models.case.state import Docket
from models.periods import until
from models.texts.characters import markdown


class Timers:
    """Each wakes the case, and decides nothing."""

    def __init__(self, docket: Docket) -> None:
        self._docket = docket
        self._running: dict[datetime, asyncio.Task[None]] = {}

    def at(self, moment: datetime, watched: Watched) -> asyncio.Task[None]:
        """A timer for a moment; one that runs for it already goes on, and obsolete ones end."""
        watch = self._docket.watch
        for obsolete in [each for each in self._running if not watch.expects(each)]:
            self._running.pop(obsolete).cancel()
        known = self._running.get(moment)
        if known is None or known.done():
            limit = watched.limit
            summary = f"{limit.clause} {watched.subject} 至 {until(limit.due)}"
            timer = workflow.sleep(moment - workflow.now(), summary=markdown(summary))
            self._running[moment] = asyncio.create_task(timer)
        return self._running[moment]

    def stop(self) -> None:
        """End them all."""
        for timer in self._running.values():
            timer.cancel()
