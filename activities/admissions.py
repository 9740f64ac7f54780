"""Admitting a case: what is held against the register is listed in the same transaction (G9).

A file begins by an admission that the registry made, and by nothing else. It answers with a token
that only this installation can make; every batch of the file bears it. So the registry knows its
own admission again, also where it was restored from a copy that is older than the case.
"""

import hmac
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from typing import Any

from sqlmodel import Session

from activities.warrants import Clock, asked_by, not_warranted, utc_now
from models.calendar import Calendar, Known
from models.case.admission import A, Admission, AdmitOrder, F, K, Opening, Rules
from models.case.orders import CaseState, LedgerBatch
from models.offices import AnySubject, Household
from models.periods import beijing
from models.policy import Policy, PolicyError
from models.procedures import Procedure
from registry.calendar import OfficialCalendar
from registry.cases.projections import list_case
from registry.database.engine import claim
from registry.tables import CaseRow


class Gate:
    """Who may begin a file.

    Args:
        key: Of the installation, for the tokens of its admissions.
        policies: A policy by its id, as this installation has it; raises ``PolicyError`` where it
            has none.
        calendar: Of days off, as this installation has it.
        clock: What time it is; a rehearsal lives in its own.
    """

    def __init__(
        self,
        key: bytes,
        policies: Callable[[str], Policy],
        calendar: OfficialCalendar,
        clock: Clock = utc_now,
    ) -> None:
        self._key = key
        self._policies = policies
        self._calendar = calendar
        self.now = clock

    def admit(
        self,
        session: Session,
        order: AdmitOrder[Opening[A, Any], Any],
        rules: Rules[A, F],
        look_up: Callable[[Session, A, date, str], F],
        claimed: str,
    ) -> Admission[F]:
        """Hold an application against the register as of the case's day; list it if it may open.

        Args:
            look_up: Gathers what the register knows, without the case itself.
            claimed: What nobody else may decide about meanwhile.

        Raises:
            ApplicationError: ``NotWarranted`` if it is not the case itself that asks.
            RegistryError: if the registry cannot be used now.
        """
        claim(session, claimed)
        opening = order.opening
        application, policy = opening.application, opening.policy
        facts = look_up(session, application, beijing(order.now).date(), order.state.case_id)
        return self.hold(
            session,
            order,
            rules.procedure,
            rules.case_id(application, facts.attempt),
            rules.fault(application, facts, policy, order.now)
            or other_subject(opening.subject, facts.subject),
            known=facts,
        )

    def hold(
        self,
        session: Session,
        order: AdmitOrder[Any, K],
        procedure: Procedure,
        case_id: str,
        fault: str | None,
        known: K | None = None,
    ) -> Admission[K]:
        """List a case that nothing speaks against, so that no second one of its subject can be.

        Nothing is written of one that is not admitted.

        Args:
            case_id: What its id is by the register.
            fault: What speaks against it.
            known: What is answered if it is admitted.

        Raises:
            ApplicationError: ``NotWarranted`` if it is not the case itself that asks.
        """
        state, opening = order.state, order.opening
        asked_by(state.case_id)
        said = self._taken(session, order) or fault
        if said is None and state.case_id != case_id:
            said = f"the id of this case is not {state.case_id} but {case_id} (G9)"
        if said is None:
            said = self._policy_fault(opening.policy)
        if said is None:
            said = _line_fault(state, procedure, opening.subject)
        if said is not None:
            return Admission(fault=said)
        list_case(session, state, order.now, order.run)
        since = beijing(opening.received_at or order.now).year
        return Admission(
            token=self.token(state.case_id, order.run),
            calendar=self._part(since),
            known=known,
        )

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

    def newer(self, known: Known) -> Calendar | None:
        """The calendar of today, for a case that has one; None if that is it."""
        calendar = self._part(known.since)
        return None if calendar.known == known else calendar

    def _part(self, since: int) -> Calendar:
        return self._calendar.part(since, beijing(self.now()).date())

    def _taken(self, session: Session, order: AdmitOrder[Any, Any]) -> str | None:
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


def _line_fault(state: CaseState, procedure: Procedure, subject: AnySubject) -> str | None:
    """The line to be listed is of the subject that was looked up."""
    listed = (state.procedure, state.subject_code, state.region, state.outcome)
    if listed == (procedure.id, subject.code, subject.region_path, None):
        return None
    return f"the line of {state.case_id} is not that of {subject.full_name}"


def other_subject(given: AnySubject, known: AnySubject | None) -> str | None:
    """What an opening says of its subject otherwise than the register, in one sentence.

    None if nothing, or if the register has no such subject: that is a fault of its own.
    """
    if known is None or given == known:
        return None
    if isinstance(given, Household) and isinstance(known, Household) and given.code == known.code:
        return other_subject(given.village, known.village)
    if type(given) is not type(known) or isinstance(given, Household):
        return f"the case was opened for {given.code}, its application names {known.code}"
    told, true = given.model_dump(mode="json"), known.model_dump(mode="json")
    said = [
        f"{field} {told[field]!r} for {true[field]!r}"
        for field in true
        if told[field] != true[field]
    ]
    return (
        f"the case was opened with another {type(given).__name__.lower()} than the register has "
        f"under {known.code}: {', '.join(said)}; open it again with what the register says"
    )
