"""What a roster's case hands over to its next run besides what every case does."""

from collections.abc import Mapping

from models.base import Moment, Record
from models.case.limits import Watched
from models.policy import Body
from models.register.households import HouseholdFacts, PovertyLine
from models.roster.households import Candidate


class Kept(Record):
    """A household as one run of its case hands it over to the next.

    Attributes:
        posting: Key of the limit of its notice.
    """

    facts: HouseholdFacts
    begins: Moment
    verified: dict[Body, str]
    agreed: bool
    overrides: tuple[str, ...]
    posting: str | None
    struck_off: bool
    stale: bool
    out: str | None
    sent_back: int

    @classmethod
    def of(cls, candidate: Candidate) -> "Kept":
        """The household as it stands."""
        posting = candidate.posting
        return cls.model_construct(
            facts=candidate.facts,
            begins=candidate.begins,
            verified=dict(candidate.verified),
            agreed=candidate.agreed,
            overrides=candidate.overrides,
            posting=None if posting is None else posting.key,
            struck_off=candidate.struck_off,
            stale=candidate.stale,
            out=candidate.out,
            sent_back=candidate.sent_back,
        )

    def restore(self, candidate: Candidate, postings: Mapping[str, Watched]) -> None:
        """Let a household of the next run stand so."""
        candidate.verified, candidate.agreed = self.verified, self.agreed
        candidate.overrides, candidate.sent_back = self.overrides, self.sent_back
        candidate.posting = postings.get(self.posting or "")  # none, if it came down too early
        candidate.struck_off, candidate.out = self.struck_off, self.out
        candidate.stale = self.stale


class RosterOwn(Record):
    """What a roster's case keeps of its own, from one run to the next.

    Attributes:
        notices: How many notices there were.
        round: The round that the households were told of last.
    """

    line: PovertyLine
    publish_now: bool
    notices: int
    round: int
    households: tuple[Kept, ...]
