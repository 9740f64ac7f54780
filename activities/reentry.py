"""The register's side of a household's entry (F5): admitted, looked up, its episode begun, once.

As in ``activities.ledger``: an outage is tried again, a contradiction is not.
"""

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.admissions import Gate
from activities.warrants import asked_by, hold_against_file, hold_undisputed, register_conflict
from models.case.admission import Admission
from models.checks.journal import JournalKind
from models.reentry.admission import RULES, AdmitReentry, ReentryFacts
from models.reentry.orders import Entered, EntryOrder, ReentryLookUp
from models.reentry.warrant import entry
from models.refusals import Said
from models.register.households import Cause
from registry.database.engine import claim, reading, writing
from registry.facts.alarms import alarms_of
from registry.facts.reentry import reentry_facts
from registry.journal import note
from registry.tables import EpisodeRow, HouseholdRow


class ReentryActivities:
    """What the entry of a household asks of the register; synchronous, for the thread pool."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate

    @activity.defn
    def admit_reentry(self, order: AdmitReentry) -> Admission[ReentryFacts]:
        """Hold an application against the register (R1, S1, S7, G9): ``Gate.admit``."""
        # The same claim as for rosters: nobody enters and leaves at the same time.
        claimed = f"rosters of {order.opening.subject.village.code}"
        with writing(self._engine) as session:
            return self._gate.admit(session, order, RULES, reentry_facts, claimed)

    @activity.defn
    def look_up_reentry(self, order: ReentryLookUp) -> ReentryFacts:
        """A household as the register has it now.

        Raises:
            RegistryError: if the registry cannot be read now.
        """
        asked_by(order.case_id)
        with reading(self._engine) as session:
            return reentry_facts(session, order, order.on, besides=order.case_id)

    @activity.defn
    def enter_household(self, order: EntryOrder) -> Entered:
        """Begin an episode of a household (R4), once for one case and ledger entry.

        With it, in the same transaction, the incidence of its village and county is looked at.

        Raises:
            ApplicationError: ``RegisterConflict`` where it is in the register already, or its
                last episode does not lie before this one.
            RegistryError: if the registry cannot be written now, or would count more poor people
                than live there: the case waits until somebody has mended that.
        """
        asked_by(order.case_id)
        village = order.household.village.code
        with writing(self._engine) as session:
            claim(session, f"rosters of {village}")
            episodes = session.exec(
                select(EpisodeRow)
                .where(EpisodeRow.household_code == order.household.code)
                .order_by(col(EpisodeRow.number))
            ).all()
            done = [each for each in episodes if _opened_by(each) == (order.case_id, order.seq)]
            if not done:
                hold_against_file(session, order, entry, self._gate.now())
                hold_undisputed(session, order)
                row = session.get(HouseholdRow, order.household.code)
                if row is None or row.village_code != village:
                    zh = "登记中该户已不在本村"
                    raise _conflict(order, zh, "is not in the register of the village any more")
                if row.gone_on is not None and row.gone_because is not None:
                    zh = f"该户已于{row.gone_on}注销（{row.gone_because.zh}）"
                    raise _conflict(order, zh, f"ended on {row.gone_on}")
                if episodes:
                    _check(order, episodes[-1])
                if row.revision != order.revision:
                    return Entered(number=None)
                done = [_begin(session, order, episodes[-1] if episodes else None)]
            (episode,) = done
            return Entered(
                number=episode.number,
                cause=episode.cause,
                alarms=alarms_of(session, village, order.counted_on, order.policy),
            )


def _opened_by(episode: EpisodeRow) -> tuple[str | None, int | None]:
    return episode.opened_by, episode.opened_seq


def _begin(session: Session, order: EntryOrder, last: EpisodeRow | None) -> EpisodeRow:
    episode = EpisodeRow(
        household_code=order.household.code,
        number=last.number + 1 if last else 1,
        cause=Cause.FALLEN_BACK if last else Cause.REGISTERED,
        registered_on=order.effective_on,
        opening_document=order.document_number,
        opened_by=order.case_id,
        opened_seq=order.seq,
    )
    session.add(episode)
    session.flush()
    note(session, JournalKind.CHANGED, order.case_id, {"entry": order.seq})
    return episode


def _check(order: EntryOrder, last: EpisodeRow) -> None:
    """Make sure that a household's last episode has ended before the next begins."""
    if last.exited_on is None:
        since, by = last.registered_on, last.opened_by
        raise _conflict(
            order,
            f"该户自{since}起已是建档立卡贫困户{f'（{by}）' if by else ''}",
            f"is in the register as poor already, since {since}{f', by {by}' if by else ''}",
        )
    if order.effective_on < last.exited_on:
        raise _conflict(
            order,
            f"该户于{last.exited_on}退出，不能自{order.effective_on}起纳入",
            f"cannot enter on {order.effective_on}: it left {last.exited_on}",
        )


def _conflict(order: EntryOrder, zh: str, en: str) -> ApplicationError:
    return register_conflict(order, Said(zh, f"household {order.household.code} {en}"))
