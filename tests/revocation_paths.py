"""The ways of revocations and supplements that ``tests.record_histories`` records."""

from models.case.documents import CaseDocument
from tests.models.document_samples import document
from tests.play import Play
from tests.registry.places import village_leaves
from tests.revocation_stage import put_exited_household, put_exited_village, revokes
from tests.stage import YEAR, Stage, at
from tests.village_stage import counts_people


async def revocation(stage: Stage) -> Play:
    """Of a household, whose village has left and is above the threshold again."""
    exit = put_exited_household(stage)
    (household,) = exit.households
    counts_people(stage, exit.code, 100)
    village_leaves(stage.settings.engine(), exit.code, at(12, 31).date())
    return await revokes(stage, exit, at(3, 2, year=YEAR + 1), code=household)


async def supplement(stage: Stage) -> Play:
    """Beside the closed file of a village."""
    exit = put_exited_village(stage)
    filed = CaseDocument.model_validate(document(exit.office("V1")))
    receipt = await stage.desk.file(exit.case_id, filed)
    return Play(stage, receipt.case_id, exit.code)
