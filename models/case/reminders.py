"""When a body is reminded of a limit (T8): before it, at it, and repeatedly after it."""

from datetime import datetime, timedelta

from models.policy import Reminders


def next_after(moment: datetime, due: datetime, reminders: Reminders) -> datetime:
    """The first reminder strictly after a moment.

    Silence is passed over: after an outage of weeks a body hears of a limit once, not once for
    every reminder that nobody was there to send.
    """
    for days in reminders.before_days:
        at = due - timedelta(days=days)
        if at > moment:
            return at
    if due > moment:
        return due
    # Counted, not walked: a thousand limits are asked for it at every reminder of three years.
    every = timedelta(days=reminders.after_every_days)
    return due + ((moment - due) // every + 1) * every
