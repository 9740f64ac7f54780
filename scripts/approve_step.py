"""Approve a step of a case and print the sentence that went on file.

    python scripts/approve_step.py county-exit/411523/2026 C2 A6/411500 某乙 [DOCUMENT]

The act's id is made of case, round, step and office, so that running it twice approves once.
"""

import argparse

from models.case.messages import Act, Decision
from models.identity import content_id
from models.offices import Office
from operators.desk.desk import open_desk
from operators.verdicts import explained
from operators.views.terminal import say
from workers.connection import run


async def approve(case: str, step: str, office: str, officer: str, document: str | None) -> str:
    async with open_desk() as desk:
        round_ = (await desk.status(case)).round
        act = Act(
            id=content_id("approve", case, str(round_), step, office),
            step=step,
            round=round_,
            decision=Decision.APPROVE,
            office=Office.parse(office),
            officer=officer,
            document_number=document,
        )
        return (await desk.act(case, act)).text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Approve a step of a case.")
    for name in ("case", "step", "office", "officer"):
        parser.add_argument(name)
    parser.add_argument("document", nargs="?")
    with explained():
        say(run(approve(**vars(parser.parse_args()))))
