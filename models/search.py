"""Search attributes: what cases are listed, filtered and sorted by. The one list there is.

The embedded server, the set-up of a production namespace and the tests register ``ALL``. No
personal data: attributes are indexed in plain text. A namespace on a SQL store has room for ten
Keyword attributes and three of every other type.
"""

from typing import Any

from temporalio.common import SearchAttributeKey

PROCEDURE = SearchAttributeKey.for_keyword("ExitProcedure")
"""``county``, ``village`` or ``household``; ``reentry``, ``follow_up``, ``supervision``,
``revocation`` or ``supplement`` after an exit."""
YEAR = SearchAttributeKey.for_int("ExitYear")
REGION = SearchAttributeKey.for_keyword_list("ExitRegion")
"""Division codes from the province down; one city's cases are ``ExitRegion = "411500"``."""
SUBJECT = SearchAttributeKey.for_keyword("ExitSubject")
"""Name of the county, for people who do not read codes."""
STEP = SearchAttributeKey.for_keyword("ExitStep")
WAITING_FOR = SearchAttributeKey.for_keyword("ExitWaitingFor")
"""The office the case waits for, ``A6/411500``; ``none`` while it waits for time to pass."""
DEADLINE = SearchAttributeKey.for_datetime("ExitDeadline")
"""The last second of the nearest limit in force: 23:59:59 of its last day, Beijing time. The moment
it is over would be shown as midnight of the next day, and read as a day too many."""
OVERDUE = SearchAttributeKey.for_bool("ExitOverdue")
OPEN_OBJECTIONS = SearchAttributeKey.for_int("ExitOpenObjections")
OUTCOME = SearchAttributeKey.for_keyword("ExitOutcome")

ALL = (
    PROCEDURE,
    YEAR,
    REGION,
    SUBJECT,
    STEP,
    WAITING_FOR,
    DEADLINE,
    OVERDUE,
    OPEN_OBJECTIONS,
    OUTCOME,
)


def type_name(key: SearchAttributeKey[Any]) -> str:
    """The type of an attribute as the server's command line spells it: ``KeywordList``."""
    words = key.indexed_value_type.name.split("_")
    return "".join(word.capitalize() for word in words)
