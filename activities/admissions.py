"""Admitting a case: what is held against the register is listed in the same transaction (G9).

A file begins by an admission that the registry made, and by nothing else. It answers with a token
that only this installation can make; every batch of the file bears it. So the registry knows its
own admission again, also where it was restored from a copy that is older than the case.
"""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from sqlmodel import Session

from activities.warrants import Clock, asked_by, not_warranted, utc_now
from models.case.orders import LedgerBatch, ToAdmit, Verdict
from models.offices import County, Subject, Village
from models.policy import Policy, PolicyError
from registry.cases.projections import list_case
from registry.tables import CaseRow


class Gate:
    """Who may begin a file.

    Args:
        key: Of the installation, for the tokens of its admissions.
        policies: A policy by its id, as this installation has it; raises ``PolicyError`` where it
            has none.
        clock: What time it is; a rehearsal lives in its own.
    """

    def __init__(
        self, key: bytes, policies: Callable[[str], Policy], clock: Clock = utc_now
    ) -> None:
        self._key = key
        self._policies = policies
        self.now = clock

    def admit(
        self,
        session: Session,
        order: ToAdmit[Any],
        procedure: str,
        subject: Subject,
        policy: Policy,
        case_id: str,
        *faults: str | None,
    ) -> Verdict:
        """List a case that nothing speaks against, so that no second one of its subject can be.

        Nothing is written of one that is not admitted.

        Args:
            subject, policy: What its opening says.
            case_id: What its id is by the register.
            faults: What speaks against it, each None where it does not.

        Raises:
            ApplicationError: ``NotWarranted`` if it is not the case itself that asks.
        """
        state = order.state
        asked_by(state.case_id)
        said = self._taken(session, order) or next(filter(None, faults), None)
        if said is None and state.case_id != case_id:
            said = f"the id of this case is not {state.case_id} but {case_id} (G9)"
        if said is None:
            said = self._policy_fault(policy) or _line_fault(order, procedure, subject)
        if said is not None:
            return Verdict(fault=said)
        list_case(session, state, order.now, order.run)
        return Verdict(fault=None, token=self.token(state.case_id, order.run))

    def check(self, session: Session, batch: LedgerBatch) -> None:
        """Make sure that a batch belongs to the file of an admission that was made here.

        Raises:
            ApplicationError: ``NotWarranted``.
        """
        asked_by(batch.case_id)
        row = session.get(CaseRow, batch.case_id)
        own = hmac.compare_digest(self.token(batch.case_id, batch.run), batch.token)
        if not own or (row is not None and row.run != batch.run):
            why = "no admission of this registry begins such a file"
            raise not_warranted(batch.case_id, why)

    def _taken(self, session: Session, order: ToAdmit[Any]) -> str | None:
        """Another run of a workflow has been admitted under this id; a reset one is the same."""
        row = session.get(CaseRow, order.state.case_id)
        if row is None or row.run == order.run:
            return None
        return f"{order.state.case_id} is the id of a case that was admitted already (G9)"

    def _policy_fault(self, policy: Policy) -> str | None:
        try:
            known = self._policies(policy.id)
        except PolicyError as error:
            return str(error)
        different = known.difference(policy)
        if different is None:
            return None
        return (
            f"policy {policy.id}: the case was opened with another one than this installation has "
            f"under that id (it differs in {different})"
        )

    def token(self, case_id: str, run: str) -> str:
        """By which the registry knows its own admission again."""
        return hmac.new(self._key, f"{case_id}\n{run}".encode(), sha256).hexdigest()


def _line_fault(order: ToAdmit[Any], procedure: str, subject: Subject) -> str | None:
    """The line to be listed is of the subject that was looked up."""
    state = order.state
    listed = (state.procedure, state.subject_code, state.region, state.outcome)
    if listed == (procedure, subject.code, subject.region_path, None):
        return None
    return f"the line of {state.case_id} is not that of {subject.full_name}"


def difference(what: str, given: County | Village, known: County | Village | None) -> str | None:
    """What an opening says otherwise than the register of its subject, in one sentence.

    None where nothing, or where the register has no such subject: that is a fault of its own.
    """
    if known is None:
        return None
    told, true = given.model_dump(mode="json"), known.model_dump(mode="json")
    said = [
        f"{field} {told[field]!r} for {true[field]!r}"
        for field in true
        if told[field] != true[field]
    ]
    if not said:
        return None
    return (
        f"the case was opened with another {what} than the register has under {known.code}: "
        f"{', '.join(said)}; open it again with what the register says"
    )
