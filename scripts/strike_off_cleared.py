"""Strike off every household of a county whose publicity has ended without an open objection (H4).

    python scripts/strike_off_cleared.py 411523 2026 某乙 新扶贫〔2026〕9号

One act for each roster that waits for the county group. Its id is made of case, round, document
and how many were struck off before, so that running it twice strikes off once, and a household that
is cleared later can be struck off by the same document. Ends with 1 where a roster has refused.
"""

import argparse
import sys

from models.case.messages import Act, Decision
from models.identity import content_id
from models.offices import Office
from models.policy import Body
from models.roster.households import State
from operators.desk.desk import Desk, Refused, open_desk
from operators.verdicts import explained
from operators.views.terminal import say
from registry.records import CaseFilter
from workers.connection import run


async def strike_off(county: str, year: int, officer: str, document: str) -> bool:
    office = Office(body=Body.COUNTY_GROUP, place=county)
    wanted = CaseFilter(year=year, region=county, step="H4", office=office, open=True)
    async with open_desk() as desk:
        done = [
            await _strike_off(desk, case.case_id, office, officer, document)
            for case in desk.registry.case_rows(wanted)
        ]
    return all(done)


async def _strike_off(desk: Desk, case: str, office: Office, officer: str, document: str) -> bool:
    try:
        status = await desk.status(case)
        before = status.households.counts[State.STRUCK_OFF] if status.households else 0
        act = Act(
            id=content_id("strike-off", case, str(status.round), document, str(before)),
            step="H4",
            round=status.round,
            decision=Decision.APPROVE,
            office=office,
            officer=officer,
            document_number=document,
        )
        said, taken = (await desk.act(case, act)).text, True
    except Refused as refusal:
        said, taken = str(refusal), False
    say("\t".join((case, "taken" if taken else "refused", said)))
    return taken


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Strike off the cleared households of a county.")
    parser.add_argument("county", help="its six digits")
    parser.add_argument("year", type=int)
    parser.add_argument("officer", help="who signs for the county group")
    parser.add_argument("document", help="number of the document")
    with explained():
        sys.exit(0 if run(strike_off(**vars(parser.parse_args()))) else 1)
