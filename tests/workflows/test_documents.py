"""Filing, data entry, evaluation (F9): in the file of an open case, and beside a closed one."""

from datetime import timedelta
from typing import Any

import pytest

from models.case.documents import CaseDocument
from models.case.ledger import EntryKind, verify
from models.case.messages import Ending
from models.supplement import SupplementApplication, SupplementOpening
from operators.desk.desk import Refused
from registry.tables import DocumentRow
from tests.activities.registry_cases import rows
from tests.models.document_samples import RATES, document
from tests.play import Play, eventually
from tests.replays import replay
from tests.revocation_stage import put_exited_county, put_exited_village
from tests.roster_stage import opens_roster
from tests.stage import Stage, at
from tests.village_stage import VillagePlay
from workers.catalogue import TASK_QUEUE
from workflows.supplement import SupplementWorkflow

pytestmark = pytest.mark.clause("F9")


def filed(office: str, **changes: Any) -> CaseDocument:
    """A document of an office."""
    return CaseDocument.model_validate(document(office, **changes))


@pytest.mark.clause("S4", "C2")
async def test_an_evaluation_in_a_running_case_blocks_nothing_by_itself(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    failing = filed(play.office("C3"), kind="evaluation", rates=RATES)
    receipt = await stage.desk.file(play.case_id, failing)
    assert receipt == await stage.desk.file(play.case_id, failing)  # sent twice, on file once
    with pytest.raises(Refused, match="already used for a different content"):
        await stage.desk.file(play.case_id, filed(play.office("C3")))
    with pytest.raises(Refused, match="A5/411523 does not act for"):
        await stage.desk.file(play.case_id, filed("A5/411523", id="document-2"))
    await play.signal("file", document(play.office("C1"), id="document-3"))
    await play.act("C2")
    await play.reaches("C3")
    assert [entry.step for entry in await play.entries(EntryKind.DOCUMENT)] == ["C2", "C2"]
    found = stage.registry.documents.of(play.case_id)
    assert [each.document.id for each in found] == ["document-1", "document-3"]
    assert (found[0].case_id, found[0].seq, found[0].hash) == (
        play.case_id, receipt.seq, receipt.hash
    )  # fmt: skip


async def test_a_roster_takes_documents_while_it_is_posted(stage: Stage) -> None:
    play = await opens_roster(stage, at(11, 16))
    await play.is_posted()
    await stage.desk.file(play.case_id, filed(f"A2/{play.code}", kind="data_entry"))
    (entry,) = await play.entries(EntryKind.DOCUMENT)
    assert entry.text.endswith("驻村工作队信息录入：已报备（合成）")
    assert (await play.status()).step == "H3"


async def beside(stage: Stage, exit: VillagePlay, number: int = 1) -> Play:
    """A supplement of an exit that has ended."""
    return Play(stage, f"supplement/{exit.case_id}/{number}", exit.code)


@pytest.mark.clause("G7")
async def test_what_comes_after_the_end_is_bound_to_the_closed_file(stage: Stage) -> None:
    exit = put_exited_village(stage)
    closed = stage.registry.ledger(exit.case_id)
    receipt = await stage.desk.file(exit.case_id, filed(exit.office("V1")))
    play = await beside(stage, exit)
    assert receipt.case_id == play.case_id
    outcome = await play.ends()
    assert (outcome.ending, outcome.step) == (Ending.CONCLUDED, "F9")
    entries = await play.file()
    (entry,) = [each for each in entries if each.kind is EntryKind.DOCUMENT]
    assert entry.data["belongs_to"] == exit.case_id
    assert (entry.data["entries"], entry.data["head"]) == (len(closed), closed[-1].hash)
    verify(play.case_id, entries)
    assert stage.registry.ledger(exit.case_id) == closed
    # The same again is the same; another one stands beside it; another content is refused.
    assert await stage.desk.file(exit.case_id, filed(exit.office("V1"))) == receipt
    second = await stage.desk.file(exit.case_id, filed(exit.office("V3"), id="document-2"))
    assert second.case_id == (await beside(stage, exit, 2)).case_id
    with pytest.raises(Refused, match="already used for a different content"):
        await stage.desk.file(exit.case_id, filed(exit.office("V1"), text="别的（合成）"))
    with pytest.raises(Refused, match="A5/411523 does not act for"):
        await stage.desk.file(exit.case_id, filed("A5/411523", id="document-3"))
    found = stage.registry.documents.of(exit.case_id)
    assert [each.case_id for each in found] == [receipt.case_id, second.case_id]
    history = await play.history()
    assert (await replay(history)).entries[-1].hash == entries[-1].hash


@pytest.mark.clause("A1")
async def test_a_village_files_beside_the_closed_file_of_its_county(stage: Stage) -> None:
    """A county has no village's committees: the end is told to the county."""
    exit = put_exited_county(stage)
    receipt = await stage.desk.file(exit.case_id, filed(f"A1/{exit.code}100001"))
    play = Play(stage, receipt.case_id, exit.code)
    assert (await play.ends()).ending is Ending.CONCLUDED
    await play.file()
    assert {line["recipient"]["office"] for line in play.told("结果")} == {f"A5/{exit.code}"}


async def test_past_the_desk_an_open_case_has_no_supplement(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.file()
    of = {
        "case_id": play.case_id,
        "subject": stage.known(play.code),
        "year": (await play.status()).year,
        "entries": 1,
        "head": stage.registry.ledger(play.case_id)[0].hash,
    }
    opening = SupplementOpening.model_validate(
        {
            "case_id": f"supplement/{play.case_id}/1",
            "application": {"of": of, "document": document(play.office("C1"))},
            "subject": of["subject"],
            "policy": stage.policy,
        }
    )
    await stage.desk.client.start_workflow(
        SupplementWorkflow.run, opening, id=opening.case_id, task_queue=TASK_QUEUE
    )
    outcome = await Play(stage, opening.case_id, play.code).ends()
    assert outcome.ending is Ending.NOT_ADMITTED
    assert f"{play.case_id} has not ended" in outcome.reason
    known = rows(stage.settings.engine(), DocumentRow)
    assert play.case_id not in [row["belongs_to"] for row in known]


async def test_a_supplement_waits_for_the_registry_and_takes_nothing(stage: Stage) -> None:
    exit = put_exited_village(stage)
    play = await beside(stage, exit)
    stage.outages.begin(play.case_id, "admit_supplement", again_in=timedelta(seconds=1))
    ended = stage.registry.documents.ended(exit.case_id)
    assert ended is not None
    application = SupplementApplication(of=ended, document=filed(exit.office("V1")))
    assert await stage.desk.open(application) == play.case_id

    async def felt() -> bool:
        return stage.outages.felt(play.case_id, "admit_supplement")

    await eventually(felt)
    # It is not in the registry, and yet the same document is no second supplement.
    assert await stage.desk.open(application) == play.case_id
    for name in ("file", "act"):
        said = await play.update(name, document(exit.office("V1"), id="document-9"))
        assert f"{name}: a supplement takes nothing" in said
    stage.outages.end(play.case_id)
    await play.until(await play.now() + timedelta(seconds=5))
    assert (await play.ends()).ending is Ending.CONCLUDED


async def test_a_document_without_a_worker_is_kept(own_stage: Stage) -> None:
    exit = put_exited_village(own_stage)
    play = await beside(own_stage, exit)
    await own_stage.crew.goes()
    ended = own_stage.registry.documents.ended(exit.case_id)
    assert ended is not None
    application = SupplementApplication(of=ended, document=filed(exit.office("V1")))
    for _ in range(2):
        case_id = await own_stage.desk.open(application)
        assert case_id == play.case_id
    await own_stage.crew.comes()
    assert (await play.ends()).ending is Ending.CONCLUDED
    (found,) = own_stage.registry.documents.of(exit.case_id)
    assert found.case_id == play.case_id
