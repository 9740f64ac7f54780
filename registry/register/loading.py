"""Putting villages and households into the register: a whole file, or nothing of it."""

from collections.abc import Iterable

from sqlmodel import Session

from registry import journal
from registry.files.faults import RegisterFaults
from registry.register.bulk import batches
from registry.register.household_loading import HouseholdsLoaded as HouseholdsLoaded
from registry.register.household_loading import HouseholdsLoading
from registry.register.lines import HouseholdLine, VillageLine
from registry.register.village_loading import VillagesLoaded as VillagesLoaded
from registry.register.village_loading import VillagesLoading


def load_villages(session: Session, lines: Iterable[VillageLine], source: str) -> VillagesLoaded:
    """Add villages that the register does not have, and bring the others up to date.

    Within the caller's transaction, which must not be committed if this raises.

    Args:
        source: The file, as faults and the survey's year name it.

    Raises:
        RegisterFaults: a ``LoadError`` with all faults: where the lines contradict the register or
            each other.
    """
    session.flush()
    loading = VillagesLoading(session.connection(), source)
    for batch in batches(lines):
        codes = [line.code for line in batch]
        journal.look_before(session, [f"village/{code}" for code in codes])
        loading.add(batch)
        for part in ("village", "surveys"):
            journal.touch(session, [f"{part}/{code}" for code in codes])
    if loading.faults:
        raise RegisterFaults(source, loading.faults)
    session.expire_all()
    return loading.loaded()


def load_households(
    session: Session, lines: Iterable[HouseholdLine], source: str
) -> HouseholdsLoaded:
    """Add households that the register does not have, and bring the others up to date.

    A new household begins its first episode; one that has exited stays exited, whatever a roster
    says of it. Within the caller's transaction, which must not be committed if this raises.

    Args:
        source: The file, as faults and a year's livelihood name it.

    Raises:
        RegisterFaults: a ``LoadError`` with all faults: where the lines contradict the register or
            each other.
    """
    session.flush()
    loading = HouseholdsLoading(session.connection(), source)
    for batch in batches(lines):
        villages = {f"village/{line.village_code}" for line in batch}
        journal.look_before(session, villages)
        loading.add(batch)
        journal.touch(session, villages)
    loading.finish()
    if loading.faults:
        raise RegisterFaults(source, loading.faults)
    session.expire_all()
    return loading.loaded()
