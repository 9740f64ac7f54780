"""List the limits that are over or end within some days, one to a line, the nearest first.

    python scripts/list_due.py [DAYS]

Tab-separated: due (Beijing time), overdue or not, clause, office, case. No server is needed.
"""

import argparse
from datetime import timedelta

from models.periods import until
from operators.desk.registry import open_registry, utc_now
from operators.verdicts import explained
from operators.views.printing import is_over
from operators.views.terminal import say
from registry.records import ListFilter
from registry.reports.filings import Filings
from workers.settings import load_settings

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="List the limits that are due.")
    parser.add_argument("days", nargs="?", type=int, default=3, help="within how many days")
    now = utc_now()
    horizon = now + timedelta(days=parser.parse_args().days)
    with explained(), open_registry() as registry:
        settings = load_settings()
        filings = Filings(settings.load_policy(), settings.calendar(), now)
        for deadline in registry.lists.deadlines(ListFilter(until=horizon), filings):
            held = deadline.in_force
            state = "overdue" if is_over(held.limit, held.breached, now) else "open"
            office = f"{held.office_name} {held.office}"
            due = until(held.limit.due)
            say("\t".join((due, state, held.limit.clause, office, deadline.case_id)))
