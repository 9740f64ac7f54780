"""Changes that nobody may make to a live procedure, for proving that they are found.

In a module of its own: the sandbox imports again what a workflow's module imports.
"""

from temporalio import workflow

from models.case.messages import Outcome
from models.county.messages import CountyOpening
from models.procedures import C1, C2, C3, C4, C5, C6, C7
from workflows.county_exit import CountyExitWorkflow


@workflow.defn(name="CountyExit")
class ReviewAfterCheck(CountyExitWorkflow):
    """C2 and C3 swapped: Temporal sees the same kinds of commands for a while."""

    @workflow.init
    def __init__(self, opening: CountyOpening) -> None:
        super().__init__(opening)

    @workflow.run
    async def run(self, opening: CountyOpening) -> Outcome:
        """The steps in a wrong order."""
        return await self.case.walk(
            (C1, self.application),
            (C3, self.provincial_check),
            (C2, self.city_review),
            (C4, self.publicity),
            (C5, self.report),
            (C6, self.inspection),
            (C7, self.approval),
        )


@workflow.defn(name="CountyExit")
class ReportBeforePublicity(CountyExitWorkflow):
    """C4 and C5 swapped."""

    @workflow.init
    def __init__(self, opening: CountyOpening) -> None:
        super().__init__(opening)

    @workflow.run
    async def run(self, opening: CountyOpening) -> Outcome:
        """The steps in a wrong order."""
        return await self.case.walk(
            (C1, self.application),
            (C2, self.city_review),
            (C3, self.provincial_check),
            (C5, self.report),
            (C4, self.publicity),
            (C6, self.inspection),
            (C7, self.approval),
        )


@workflow.defn(name="CountyExit")
class OtherWords(CountyExitWorkflow):
    """The same commands, but a sentence of the file reads otherwise."""

    @workflow.init
    def __init__(self, opening: CountyOpening) -> None:
        super().__init__(opening)

    @workflow.run
    async def run(self, opening: CountyOpening) -> Outcome:
        """The right order."""
        return await super().run(opening)

    async def report(self) -> None:
        """C5 under another title."""
        await self.case.decision(C5, subject="C5 审定上报")
