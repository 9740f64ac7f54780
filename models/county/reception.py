"""What a county's case takes in beside what every case does: results of supervision (F6, C7)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from models.base import Record
from models.case.ledger import Entry, EntryKind
from models.case.messages import Act, Decision
from models.case.reception import MESSAGES, Reception
from models.case.state import Docket
from models.county.inspections import Inspections
from models.policy import Body
from models.procedures import C7
from models.refusals import Refusal
from models.supervision.messages import SupervisionResult


class CountyReception(Reception):
    """The desk at which a county's case receives."""

    messages: Mapping[str, type[Record]] = {**MESSAGES, "inspect": SupervisionResult}

    def __init__(
        self, docket: Docket, vet: Callable[[Act, datetime], None], inspections: Inspections
    ) -> None:
        super().__init__(docket, vet)
        self._inspections = inspections

    def keep_inspection(self, result: SupervisionResult, now: datetime) -> Entry:
        """Put a result on file; an approval that waits lapses where a rate fails now (S4)."""
        docket = self._docket
        known = not self._inspections.take(result)
        failed = f"{len(result.failed)}项未达标" if result.failed else "没有未达标项"
        entry = docket.record(
            EntryKind.SUPERVISION,
            now,
            f"{'再次' if known else ''}收到督导结果 {result.supervision}：{failed}",
            {"supervision": result.content()},
            actor=str(result.office),
        )
        if not known and self._inspections.failing():
            self._lapse_approvals(now)
        return entry

    def hold_against(
        self, told: Sequence[str], found: Sequence[SupervisionResult], now: datetime
    ) -> None:
        """Anybody can send a message: what counts is the result that the registry has (F6)."""
        kept = {each.supervision: each for each in found}
        for supervision in dict.fromkeys(told):
            true, said = kept.get(supervision), self._inspections.results[supervision]
            if true == said:
                continue
            self._inspections.drop(supervision)
            # Its id can be foreseen: the true result, when it comes, is not to be taken for it.
            self.receipts.forget("inspect", said.id)
            why = f"登记中没有{'如此的' if true else ''}督导结果 {supervision}，不予采信"
            data: dict[str, JsonValue] = {"message": "inspect", "why": why}
            self._docket.record(EntryKind.REFUSED, now, why, data)
            if true is not None:
                self.keep_inspection(true, now)
        if self._inspections.failing():
            self._lapse_approvals(now)  # what had lifted a block was no result

    def _lapse_approvals(self, now: datetime) -> None:
        """Approvals that wait to be looked at, of a county that cannot be approved any more."""
        docket = self._docket
        waiting = docket.waiting_acts(C7)
        for act in [each for each in waiting if each.message.decision is Decision.APPROVE]:
            waiting.remove(act)
            text = f"C7 决定（案卷第{act.seq}条）因督导{self._inspections.block_zh()}不再有效"
            data: dict[str, JsonValue] = {"entry": act.seq, "act": act.message.id}
            docket.record(EntryKind.LAPSED, now, text, data)

    def _check_moment(self, message: Any, now: datetime) -> None:
        """A result comes from another case, which had the time from the same server."""
        if not isinstance(message, SupervisionResult):
            super()._check_moment(message, now)

    def _check_message(self, message: Any, now: datetime) -> None:
        if not isinstance(message, SupervisionResult):
            super()._check_message(message, now)
            return
        provincial = self._docket.subject.office(Body.PROVINCIAL_GROUP)
        self._only(provincial, message.office, "tell a result of supervision", now)
        if message.county != self._docket.subject.code:
            raise Refusal(
                f"county: {message.supervision} is of {message.county}, this case of "
                f"{self._docket.subject.code}"
            )
        known = self._inspections.results.get(message.supervision)
        if known is not None and known != message:
            raise Refusal(f"supervision: {message.supervision} was told with another result")

    def _take(self, message: Any, now: datetime) -> Entry:
        if isinstance(message, SupervisionResult):
            if message.supervision not in self._inspections.results:
                self._inspections.told.append(message.supervision)
            return self.keep_inspection(message, now)
        return super()._take(message, now)
