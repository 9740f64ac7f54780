"""How long support is kept up after an exit (F1)."""

from datetime import date

from models.policy import Policy


def is_kept_up(policy: Policy, year: int) -> bool:
    """Whether support is still kept on the first of January of a year (F1)."""
    return policy.after_exit.support_until >= date(year, 1, 1)
