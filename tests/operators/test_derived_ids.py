"""H2: a household that was sent back can be told the same words again on the same day."""

from typing import Any

import pytest

from models.case.messages import Act
from models.case.status import status_of
from models.roster.messages import Consents
from operators.commands.sending import derived_id
from tests.models.roster_samples import Sample, consents, verification
from tests.models.samples import NOW

ALL = Act.model_validate(verification("A1"))
ONE = Act.model_validate(verification("A1", "H-01"))
AGREED = Consents.model_validate(consents("H-01"))


@pytest.mark.clause("H2", "G3", "G7")
@pytest.mark.parametrize("message", [ALL, ONE, AGREED], ids=["all", "named", "consent"])
def test_the_same_words_count_anew_once_a_household_was_sent_back(message: Any) -> None:
    sample = Sample()
    before = derived_id(status_of(sample.docket, NOW), message)
    assert derived_id(status_of(sample.docket, NOW), message) == before
    sample.roster["H-01"].begin_again(NOW)
    once = derived_id(status_of(sample.docket, NOW), message)
    sample.roster["H-01"].begin_again(NOW)
    twice = derived_id(status_of(sample.docket, NOW), message)
    assert len({before, once, twice}) == 3
