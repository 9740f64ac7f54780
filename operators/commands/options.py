"""Options that several commands share, with their help and their words."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import AfterValidator, BeforeValidator, Field

from models import offices
from models.identity import is_case_of
from models.offices import CountyCode, VillageCode
from models.procedures import HOUSEHOLD_EXIT, SUPERVISION
from models.register.households import HouseholdCode, SubjectCode
from operators.commands.words import InputError, unlike, word
from registry.files.disk import read_bytes

County = Annotated[CountyCode, word(CountyCode)]
Village = Annotated[VillageCode, word(VillageCode)]
Household = Annotated[HouseholdCode, word(HouseholdCode)]
Subject = Annotated[SubjectCode, word(SubjectCode)]
Office = Annotated[offices.Office, word(offices.Office)]


def _supervision(text: str) -> str:
    if not is_case_of(SUPERVISION, text):
        raise unlike()
    return text


_Supervision = Annotated[
    str,
    AfterValidator(_supervision),
    Field(
        title="supervision",
        description="its id, for example supervision/411523/2026-q4 or, of a special inspection, "
        "supervision/411523/2026-s1",
    ),
]
Supervision = Annotated[str, word(_Supervision)]


def _roster(text: str) -> str:
    if not is_case_of(HOUSEHOLD_EXIT, text):
        raise unlike()
    return text


_Roster = Annotated[
    str,
    AfterValidator(_roster),
    Field(
        title="case of a roster",
        description="its id, for example household-exit/411523100001/2026/1",
    ),
]
Roster = Annotated[str, word(_Roster)]

Region = Annotated[
    CountyCode | None,
    Parameter(name="--region", help="Only this city, county or province: its six digits."),
    word(CountyCode),
]

As = Annotated[
    offices.Office,
    Parameter(name="--as", help="The acting office, for example A6/411500."),
    word(offices.Office),
]

Officer = Annotated[str, Parameter(help="Who signs for the office.")]

Document = Annotated[
    str | None, Parameter(name="--document", help="Number of the document the office issued.")
]

Proof = Annotated[
    tuple[Path, ...],
    Parameter(name="--evidence", help="A document, bound by its SHA-256; may be repeated."),
]

Id = Annotated[
    str | None,
    Parameter(
        name="--id",
        help="Your own id of this message: the same id sent twice counts once. Without it the id "
        "is derived from case, round, day and content: the same command repeated on a day counts "
        "once, and its first receipt is printed again; but about all households that wait, once "
        "others wait, it counts again. A signal, which is not answered, gets a new id each time.",
    ),
]

AsSignal = Annotated[
    bool,
    Parameter(
        name="--signal",
        help="Leave it with the server, which keeps it while no worker runs; what the rules do "
        "not allow is then recorded in the case as refused.",
    ),
]


def each_once(option: str, codes: Sequence[str]) -> tuple[str, ...]:
    """Make sure that nobody is named twice."""
    for code in codes:
        if codes.count(code) > 1:
            raise InputError(f"{option}: {code} is named twice; name it once")
    return tuple(codes)


# -- workbooks --------------------------------------------------------------------------------


def _xlsx(path: Path) -> Path:
    if path.suffix.lower() != ".xlsx":
        raise unlike()
    return path


_Workbook = Annotated[
    Path,
    AfterValidator(_xlsx),
    Field(title="name of a workbook", description="one that ends in .xlsx"),
]
Workbook = Annotated[Path, word(_Workbook)]


# -- what somebody says -----------------------------------------------------------------------

_MOST_SAID = 64 * 1024


def said(text: str) -> str:
    """What an option says: itself, ``@FILE`` the content of a file, ``@-`` the standard input.

    Whoever is logged in to the machine can read a command line in the list of processes, so names
    and telephones of people had better not stand in one (G8). ``@@`` stands for an ``@`` itself.

    Raises:
        ValueError: if it cannot be read.
    """
    if text.startswith("@@"):
        return text[1:]
    if text == "@-":
        content = sys.stdin.buffer.read(_MOST_SAID + 1)
        if len(content) > _MOST_SAID:
            raise ValueError(f"the standard input has more than {_MOST_SAID} bytes")
        if not content.strip():
            raise ValueError("the standard input says nothing; it can be read once")
    elif text.startswith("@"):
        try:
            content = read_bytes(Path(text[1:]), _MOST_SAID)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise ValueError(
                f"{text[1:]} cannot be read: {why}; write @@ where no file is meant"
            ) from None
    else:
        return text
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding).strip()
        except UnicodeDecodeError:
            continue
    raise ValueError(f"what {text} holds is neither in UTF-8 nor in GB18030")


Said = Annotated[str, word(Annotated[str, BeforeValidator(said)])]
