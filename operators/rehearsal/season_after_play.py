"""Playing what happens after an exit: how each event is handed in, sent or looked at."""

from collections.abc import Mapping
from datetime import timedelta

from models.case.documents import CaseDocument
from models.follow_up.messages import Visit, Visits
from models.periods import beijing
from models.reentry.messages import ReentryApplication
from models.revocation.messages import ResponsibleAct, RevocationApplication
from models.rounds import Round
from models.supervision.messages import (
    Findings,
    HouseholdCheck,
    Plea,
    SupervisionApplication,
    VillageCheck,
)
from operators.desk.desk import Message
from operators.rehearsal.case_play import CasePlay, otherwise
from operators.rehearsal.course import CaseCourse
from operators.rehearsal.events import content_of
from operators.rehearsal.season import Season
from operators.rehearsal.season_after import (
    AfterInCase,
    AfterOpening,
    CheckIn,
    FileIn,
    FollowUpEvent,
    PleadIn,
    ReenterEvent,
    RevokeEvent,
    SuperviseEvent,
    VisitIn,
)
from operators.rehearsal.season_after_course import sample_of
from operators.rehearsal.season_register import SeasonRegister
from operators.rehearsal.stage import Stage
from workers.catalogue import TASK_QUEUE
from workflows.rounds import FollowUpRound


class AfterExit:
    """The events after an exit, in the words of the desk.

    Args:
        plays: The cases that are open, by key.
    """

    def __init__(
        self,
        stage: Stage,
        season: Season,
        register: SeasonRegister,
        plays: Mapping[str, CasePlay],
    ) -> None:
        self._stage, self._season = stage, season
        self._register, self._plays = register, plays
        self._desk = stage.desk

    async def start(self, number: int, event: AfterOpening, wait: timedelta) -> str:
        """Open a case on its day and return its id.

        Raises:
            Refused: if it may not be opened.
            Unexpected: if it names an act that is not on file.
        """
        desk, season = self._desk, self._season
        match event:
            case SuperviseEvent():
                inspection = SupervisionApplication(
                    county=season.county.code,
                    year=beijing(event.at).year,
                    reason=event.reason,
                    officer=event.officer,
                    seed=event.seed,
                    households=event.households,
                    villages=event.villages,
                )
                return await desk.open(inspection, begins_in=wait)
            case FollowUpEvent():
                return await self._round(number, event, wait)
            case ReenterEvent():
                application = ReentryApplication(
                    household=event.household,
                    year=event.year,
                    officer=event.officer,
                    reason=event.reason,
                    document_number=event.document_number,
                )
                return await desk.open(application, begins_in=wait)
            case RevokeEvent():
                return await desk.open(self._revocation(number, event), begins_in=wait)

    async def _round(self, number: int, event: FollowUpEvent, wait: timedelta) -> str:
        """Begin the county's follow-ups of the year; its only township has one."""
        county = self._season.county.code
        starter = await self._desk.client.start_workflow(
            FollowUpRound.run,
            Round(region=county),
            id=f"round/follow-up/{county}",
            task_queue=TASK_QUEUE,
            start_delay=wait,
        )
        await self._stage.skipper.fast_forward(starter, wait)
        result = await starter.result()
        if not result.started:
            raise otherwise(number, event, f"nothing begins: {'; '.join(result.left_out)}")
        return result.started[0]

    def _revocation(self, number: int, event: RevokeEvent) -> RevocationApplication:
        kind, code = self._register.unit(event.of)
        acts = []
        for each in event.responsible:
            play = self._plays[each.case]
            seq = _entry_of(play.course(), each.act)
            if seq is None:
                raise otherwise(number, event, f"{each.case} has no act {each.act}")
            acts.append(ResponsibleAct(case_id=play.case_id, seq=seq, why=each.why))
        found_by = event.supervision
        return RevocationApplication(
            subject=code,
            kind=kind,
            year=event.year,
            office=event.office,
            officer=event.officer,
            document_number=event.document_number,
            reason=event.reason,
            responsible=tuple(acts),
            evidence=event.evidence,
            supervision=self._plays[found_by].case_id if found_by is not None else None,
        )

    def message(self, number: int, event: AfterInCase) -> Message:
        """What an event sends to its case.

        Raises:
            Unexpected: if it speaks of a sample that the case has not drawn.
        """
        match event:
            case CheckIn():
                return self._findings(number, event)
            case PleadIn():
                _, about = self._register.unit(event.about)
                return Plea.model_validate(content_of(event, Plea, number) | {"about": about})
            case VisitIn():
                return _visits(number, event)
            case FileIn():
                return CaseDocument.model_validate(content_of(event, CaseDocument, number))

    def _findings(self, number: int, event: CheckIn) -> Findings:
        """Findings on everybody who was drawn; what the file does not say is in order."""
        sample = sample_of(self._plays[event.case].course())
        if sample is None:
            raise otherwise(number, event, "no sample was drawn")
        checked = event.households or tuple(each.code for each in sample.households)
        households = [
            HouseholdCheck(
                household=code,
                wrongly_exited=code in event.wrong,
                failed=event.wrong.get(code, ()),
                recognises=code not in event.not_recognising,
            )
            # Who was not drawn is sent too, and refused: the file speaks of another sample then.
            for code in dict.fromkeys((*checked, *event.wrong, *event.not_recognising))
        ]
        villages = [
            VillageCheck(village=self._register.unit(key)[1], **dict(found))
            for key, found in event.villages.items()
        ]
        return Findings(
            id=f"check-{number}",
            office=event.office,
            officer=event.officer,
            households=tuple(households),
            villages=tuple(villages),
        )


def _entry_of(course: CaseCourse, act: str) -> int | None:
    """The number of the entry in which an act stands."""
    for entry in course.entries:
        content = entry.data.get(entry.kind.value)
        if isinstance(content, dict) and content.get("id") == act:
            return entry.seq
    return None


def _visits(number: int, event: VisitIn) -> Visits:
    made_on = beijing(event.at).date()
    visits = [Visit(household=code, made_on=made_on, stable=True) for code in event.stable]
    visits += [
        Visit(household=code, made_on=made_on, stable=False, note=found.note, risk=found.risk)
        for code, found in event.unstable.items()
    ]
    return Visits(
        id=f"visit-{number}", office=event.office, officer=event.officer, visits=tuple(visits)
    )
