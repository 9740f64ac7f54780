"""What the registry says of a year: who could leave, and how far plan and targets are."""

from datetime import date

from models.base import Record
from models.offices import SubjectKind, Tier


class Headcount(Record):
    """A unit's people against the threshold of S5, all in whole numbers.

    Attributes:
        poor: Registered people still poor.
        population: Rural registered population of all its villages.
        must_leave: How many of the poor have to leave before the threshold is met; 0 where it is.
    """

    poor: int
    population: int
    as_of: date
    must_leave: int


class VillageReadiness(Record):
    """A poor village (贫困村) that has not left: what it still lacks for an exit in a year.

    Attributes:
        heads: None where the register has no people of it.
        unmet: Criteria of S2 that the year's survey found missing, as ``S2.road``.
        surveyed: Whether the register has a survey of the year (V1).
        open_case: Its case under way, whatever the year.
        refused_case: A case of the year that ended as not exited: it may apply next year (G3).
        open_rosters: Rosters of its households under way (H1-H4).
        lacks: Why it could not leave now, each in a sentence.
        notes: What is good to know besides.
    """

    code: str
    name: str
    township: str
    county_code: str
    county: str
    year: int
    planned: bool
    heads: Headcount | None
    surveyed: bool
    unmet: tuple[str, ...]
    open_case: str | None
    refused_case: str | None
    open_rosters: tuple[str, ...]
    lacks: tuple[str, ...]
    notes: tuple[str, ...]
    ready: bool


class CountyReadiness(Record):
    """A county on the list of poor counties: what it still lacks for an application in a year.

    Attributes:
        heads: None where the register holds no people of its villages.
        poor_villages: How many of its villages are on the list of poor villages still.
        open_villages, open_rosters: Cases of its villages, and of their households, under way.
        with_application: Criteria of S3 that the register cannot know.
        lacks, notes: As of a village.
    """

    code: str
    name: str
    city: str
    tier: Tier | None
    directly_administered: bool
    year: int
    planned: bool
    heads: Headcount | None
    poor_villages: int
    open_villages: int
    open_rosters: int
    open_case: str | None
    refused_case: str | None
    with_application: tuple[str, ...] = (
        "S3.income",
        "S3.education",
        "S3.culture",
        "S3.health",
    )
    lacks: tuple[str, ...]
    notes: tuple[str, ...]
    ready: bool


class Counted(Record):
    """Subjects of one kind in a year: planned, in cases under way, and exited."""

    planned: int = 0
    under_way: int = 0
    exited: int = 0


class CountyProgress(Record):
    """A year in one county; ``people`` are the heads of the households beside them."""

    code: str
    name: str
    households: Counted
    people: Counted
    villages: Counted
    county: Counted


class TargetProgress(Record):
    """One target of F8, and how far it is by the end of a year.

    Attributes:
        name: ``people``, ``villages``, ``counties``, ``provincial_counties``, ``all_counties``, or
            ``named_counties``.
        by: The year by whose end it is to be reached.
        wanted, reached: How many, and how many of them have left by the end of the year.
        missing: How many are missing.
        who: Counties that are missing, where the target names them or their tier.
    """

    name: str
    by: int
    wanted: int
    reached: int
    missing: int
    who: tuple[str, ...] = ()


class Progress(Record):
    """A year against its plan, and everything up to its end against the targets of F8.

    Attributes:
        targets: None where the policy has none, or only a part of its province is looked at.
    """

    year: int
    region: str | None
    counties: tuple[CountyProgress, ...]
    total: CountyProgress
    targets: tuple[TargetProgress, ...] | None


class PlanLine(Record):
    """A subject of a year's plan (G6).

    Attributes:
        name: What the place is called; of a household, its village.
        village: The code of a household's village; None for a place.
    """

    year: int
    kind: SubjectKind
    code: str
    name: str
    village: str | None = None
    source: str
    addition: bool
    reason: str | None
    document: str | None


class PlannedIn(Record):
    """How many households of a village are in a plan."""

    code: str
    name: str
    households: int


class Planned(Record):
    """A year's plan for the screen.

    Attributes:
        places, households: The first counties and villages, and villages of households; or all.
        household_villages: In how many villages there are households.
        many: How many subjects of each kind are in the plan.
    """

    places: tuple[PlanLine, ...]
    households: tuple[PlannedIn, ...]
    household_villages: int
    many: dict[SubjectKind, int]


class PlanLoaded(Record):
    """How much of a plan was new, by kind; ``there`` was in the plan already.

    Of these, ``otherwise`` by another document than the file names: the first one stays.
    """

    households: int
    villages: int
    counties: int
    there: int
    otherwise: int
