"""Ending the episodes of households in the register (H4 脱贫销号), a roster at a time.

In one statement over the whole roster and not household by household: in a season hundreds of
thousands of households are struck off within weeks.
"""

import json
from dataclasses import dataclass, field

from sqlalchemy import TextClause, text
from sqlmodel import Session, col, select

from models.roster.messages import RosterChange, StrikingOff
from registry.tables import EpisodeRow, HouseholdRow

_POSTED = {
    "sqlite": (
        "SELECT json_extract(value, '$[0]') AS code, json_extract(value, '$[1]') AS revision "
        "FROM json_each(:posted)"
    ),
    "postgresql": (
        "SELECT value ->> 0 AS code, CAST(value ->> 1 AS integer) AS revision "
        "FROM json_array_elements(CAST(:posted AS json))"
    ),
}
"""What was posted, as rows: each database unpacks JSON in its own words."""


def _end(posted: str) -> TextClause:
    return text(
        "UPDATE household_episodes SET exited_on = :day, exit_year = :year, "
        "document = :document, case_id = :case_id, seq = :seq "
        "WHERE exited_on IS NULL AND registered_on < :day AND household_code IN ("
        # CROSS JOIN, because SQLite keeps its order: every posted household is looked up once.
        f"SELECT households.code FROM ({posted}) AS posted CROSS JOIN households "
        "WHERE households.code = posted.code AND households.revision = posted.revision "
        "AND households.village_code = :village)"
    )


_END = {dialect: _end(posted) for dialect, posted in _POSTED.items()}


@dataclass(frozen=True)
class Leaving:
    """What came of a change.

    Attributes:
        households: Who was struck off by it.
        changed: Whose entry is not the posted one any more: it stays.
        conflicts: Who could not be struck off, and why.
    """

    households: tuple[StrikingOff, ...]
    changed: tuple[str, ...] = ()
    conflicts: dict[str, str] = field(default_factory=dict)


def strike_off(session: Session, change: RosterChange) -> Leaving:
    """End the episodes of everybody whose entry is as it was posted; the rest is left and named."""
    connection = session.connection()
    ended = connection.execute(
        _END[connection.dialect.name],
        {
            "posted": json.dumps([(each.code, each.revision) for each in change.households]),
            "day": change.effective_on,
            "year": change.year,
            "document": change.document_number,
            "case_id": change.case_id,
            "seq": change.seq,
            "village": change.village.code,
        },
    )
    if ended.rowcount == len(change.households):
        return Leaving(change.households)
    return struck_off_by(session, change)


def is_done(session: Session, change: RosterChange) -> bool:
    """Whether an earlier attempt at the same change has struck somebody off."""
    return bool(_done(session, change))


def _done(session: Session, change: RosterChange) -> set[str]:
    return set(
        session.exec(
            select(EpisodeRow.household_code).where(
                EpisodeRow.case_id == change.case_id, EpisodeRow.seq == change.seq
            )
        ).all()
    )


def struck_off_by(session: Session, change: RosterChange) -> Leaving:
    """Who was struck off by a change, and why the others were not."""
    done = _done(session, change)
    changed, conflicts = [], {}
    for each in change.households:
        if each.code in done:
            continue
        why = _why_not(session, change, each.code)
        if why is None:
            changed.append(each.code)
        else:
            conflicts[each.code] = why
    struck = tuple(each for each in change.households if each.code in done)
    return Leaving(struck, tuple(changed), conflicts)


def _why_not(session: Session, change: RosterChange, code: str) -> str | None:
    """Why a household cannot be struck off; None where only its entry has changed."""
    row = session.get(HouseholdRow, code)
    if row is not None and row.gone_on is not None and row.gone_because is not None:
        return f"登记中已于{row.gone_on}注销（{row.gone_because.zh}）"
    if row is None or row.village_code != change.village.code:
        return "登记中不在本村"
    open_since = session.exec(
        select(col(EpisodeRow.registered_on)).where(
            EpisodeRow.household_code == code, col(EpisodeRow.exited_on).is_(None)
        )
    ).first()
    if open_since is None:
        return "登记中已销号"
    if open_since >= change.effective_on:
        return f"{open_since}方登记，不能自{change.effective_on}销号"
    return None
