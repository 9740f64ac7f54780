"""Households by their last time in the register: who has left it, and who is in it again."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import col, select

from registry.tables import EpisodeRow, HouseholdRow


def has_exited(as_of: date) -> tuple[ColumnElement[bool], ...]:
    """Households, joined to their episodes, whose last one ended by a day: neither fallen back
    nor revoked since, and not gone themselves."""
    return (*_last_episode(), col(EpisodeRow.exited_on) <= as_of, is_there(as_of))


def is_there(on: date) -> ColumnElement[bool]:
    """Whether a household is there on a day: not died out, left or joined to another."""
    return or_(col(HouseholdRow.gone_on).is_(None), col(HouseholdRow.gone_on) > on)


def is_back(on: date) -> tuple[ColumnElement[bool], ...]:
    """Households, joined to their episodes, whose last one began by a day and goes on."""
    return (
        *_last_episode(),
        col(EpisodeRow.exited_on).is_(None),
        col(EpisodeRow.registered_on) <= on,
    )


def comes_after(later: Any, episode: Any) -> ColumnElement[bool]:
    """Episodes that come next after others of the same household."""
    return and_(
        col(later.household_code) == episode.household_code,
        col(later.number) == episode.number + 1,
    )


def _last_episode() -> tuple[ColumnElement[bool], ...]:
    last = (
        select(func.max(EpisodeRow.number))
        .where(EpisodeRow.household_code == HouseholdRow.code)
        .correlate(HouseholdRow)
        .scalar_subquery()
    )
    return (
        col(EpisodeRow.household_code) == col(HouseholdRow.code),
        col(EpisodeRow.number) == last,
    )
