"""What a worker logs: as text for people or as JSON for machines, with case, step and office.

No name and no text of anybody's is put beside a line; what an error quotes is made harmless.
"""

import logging
import sys
from typing import Any, Literal

import structlog
from structlog.stdlib import ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import EventDict, Processor, WrappedLogger
from temporalio import activity, workflow
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from models.case.orders import Delivery, LedgerBatch, OnFile
from models.texts.characters import indented

Form = Literal["text", "json"]

_LIBRARY = ("temporal_activity", "temporal_workflow")
"""Where the library says of a line which activity or case it is about."""


def log_as(form: Form) -> None:
    """Let everything that is logged from now on go to standard error in a form."""
    # The library would put all it knows of an activity into the sentence itself.
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False
    shared: list[Processor] = [
        _with_case,
        structlog.contextvars.merge_contextvars,
        add_log_level,
        add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_text(shared) if form == "text" else _json(shared))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def _json(shared: list[Processor]) -> logging.Formatter:
    return ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            # All beyond ASCII is escaped: a sign there may end a line or turn the writing round.
            structlog.processors.JSONRenderer(),
        ],
    )


class _Harmless(ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        """In one or more lines, of which the first alone stands at the margin."""
        return indented(super().format(record))


def _text(shared: list[Processor]) -> logging.Formatter:
    return _Harmless(
        foreign_pre_chain=shared,
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.dev.ConsoleRenderer(
                colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
            ),
        ],
    )


def _with_case(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    record = line["_record"]
    for name in _LIBRARY:
        told = getattr(record, name, None)
        if isinstance(told, dict):
            if told.get("workflow_id"):
                line["case"] = told["workflow_id"]
            if "activity_type" in told:
                line["activity"] = told["activity_type"]
    return line


class WithStep(Interceptor):
    """Puts the step of the case, and the office that it waits for, beside what is logged of it."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Part of the worker."""
        return _WithStep(next)


class _WithStep(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        # Not taken back: an activity has a context of its own, and the library logs its end there.
        match input.args:
            case [LedgerBatch(state=state)] | [OnFile(brings=LedgerBatch(state=state))]:
                _beside(step=state.step, office=state.waiting_for)
            case [Delivery(case_id=case_id, told=told)]:  # it is under no workflow
                _beside(case=case_id, told=told)
        return await super().execute_activity(input)


def _beside(**told: object) -> None:
    said = {name: str(value) for name, value in told.items() if value is not None}
    structlog.contextvars.bind_contextvars(**said)
