"""Parts that several messages share."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from models.base import Line, Reason, Record
from models.texts.characters import one_line
from models.texts.personal_numbers import stands_in_id


def _of_nobody(identifier: str) -> str:
    if stands_in_id(identifier):
        raise ValueError(
            "holds the number of an identity card or a telephone, and stands where everybody reads "
            "it; write another (G8)"
        )
    return identifier


Key = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$"),
    AfterValidator(_of_nobody),
]
"""A sender's own id for a message: the same id sent twice counts once."""

LARGEST = 10_000_000_000
Count = Annotated[int, Field(ge=0, le=LARGEST, strict=True)]

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(one_line),
]
"""What somebody or something is called."""


class Evidence(Record):
    """A document attached to an act: kept by the office, bound here by its hash."""

    name: Name
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


Proofs = Annotated[tuple[Evidence, ...], Field(max_length=50)]
"""Attached evidence: bounded, so that a message always fits into a payload."""


class PlanAddition(Record):
    """Why a county outside the year's plan is added to it (G6 应退则退), and by which document."""

    reason: Reason
    document_number: Line
