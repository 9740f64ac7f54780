"""Options that several commands share, with their help."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Json = Annotated[bool, Parameter(name="--json", help="Print JSON, and nothing else.")]

Region = Annotated[
    str | None,
    Parameter(name="--region", help="Only this city, county or province: its six digits."),
]

As = Annotated[str, Parameter(name="--as", help="The acting office, for example A6/411500.")]

Officer = Annotated[str, Parameter(help="Who signs for the office.")]

At = Annotated[
    str | None,
    Parameter(
        name="--at",
        help="When it was signed, with offset: 2018-01-05T10:00+08:00; lateness is judged by it. "
        "Otherwise the moment of receipt counts.",
    ),
]

Document = Annotated[
    str | None, Parameter(name="--document", help="Number of the document the office issued.")
]

Proof = Annotated[
    tuple[Path, ...],
    Parameter(name="--evidence", help="A document, bound by its SHA-256; may be repeated."),
]

Return = Annotated[str | None, Parameter(name="--return")]

Id = Annotated[
    str | None,
    Parameter(
        name="--id",
        help="Your own id of this message: the same id sent twice counts once. Without it the id "
        "is derived from case, round, day and content: the same command repeated on a day counts "
        "once, and its first receipt is printed again; but about all households that wait, once "
        "others wait, it counts anew. A signal, which is not answered, gets a new id each time.",
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
