"""What follows from an exit (F1-F4): dated facts, a pure function of the exit and the policy.

Nothing of it is kept anywhere. A year that turns over, or a revocation (F7), changes what is in
force without anybody acting.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum

from models.base import Record
from models.offices import SubjectKind
from models.periods import chinese
from models.policy import AfterExit


class ExitState(StrEnum):
    """How an exit stands on a day: not begun, in effect, fallen back since, or revoked."""

    COMING = "coming"
    EXITED = "exited"
    FALLEN_BACK = "fallen_back"
    REVOKED = "revoked"


class Exit(Record):
    """One exit as the register has it.

    Attributes:
        year: The exit year (退出年度): of the case, not of the day.
        since: The first day off the list; of a county the day of its approval (C7).
        document: By which it left.
        revoked_on, revoked_by: Since when it is revoked, and by which document (F7), if it is.
        fallen_back_on: Since when the household is in the register again (F5), if it is.
    """

    kind: SubjectKind
    year: int
    since: date
    document: str | None = None
    revoked_on: date | None = None
    revoked_by: str | None = None
    fallen_back_on: date | None = None

    def state(self, on: date) -> ExitState:
        """How it stands at the end of a day."""
        if self.revoked_on is not None and self.revoked_on <= on:
            return ExitState.REVOKED
        if self.fallen_back_on is not None and self.fallen_back_on <= on:
            return ExitState.FALLEN_BACK
        return ExitState.EXITED if self.since <= on else ExitState.COMING


class Consequence(Record):
    """One thing that follows from an exit, from one day to another.

    Attributes:
        until: The first day on which it no longer holds; None where it has no end.
        in_force: Whether it holds on the day that was asked for.
    """

    clause: str
    zh: str
    en: str
    since: date
    until: date | None
    in_force: bool

    @property
    def last_day(self) -> date | None:
        """The last day on which it holds, as an office writes it."""
        return None if self.until is None else self.until - timedelta(days=1)


def consequences(exit: Exit, policy: AfterExit, on: date) -> tuple[Consequence, ...]:
    """What follows from an exit, by clause, and whether it holds on a day.

    A revocation ends all of it on its day; what would have begun later, or an exit after the end of
    the battle period (攻坚期) would still have been given, is not told: it never held.
    """
    return tuple(
        found
        for clause, zh, en, since, until in _following(exit, policy)
        if (found := _dated(exit, on, clause, zh, en, since, until)) is not None
    )


_Following = tuple[str, str, str, date, date | None]


def _following(exit: Exit, policy: AfterExit) -> Iterator[_Following]:
    yield _support(exit, policy.support_until)
    if exit.kind is not SubjectKind.COUNTY:
        return
    if exit.year in policy.rewarded_years:
        yield (
            "F2",
            f"按退出年度（{exit.year}年）作为率先脱贫摘帽的贫困县给予奖励",
            f"rewarded as a county of {exit.year}, its exit year",
            exit.since,
            None,
        )
    yield (
        "F3",
        f"自批准退出之日起解除{policy.restrictions}规定的贫困县限制、禁止事项",
        f"the restrictions of {policy.restrictions} are lifted from the day of approval",
        exit.since,
        None,
    )
    next_year = exit.since.year + 1
    yield (
        "F4",
        f"从批准退出的次年（{next_year}年）起不再参与贫困县考核",
        f"out of the assessment of poor counties from {next_year}, the year after the approval",
        date(next_year, 1, 1),
        None,
    )


def _support(exit: Exit, last: date) -> _Following:
    """F1. Falling back ends none of it: support was to be kept without a gap, whatever comes."""
    zh = (
        "退出后在攻坚期内国家和省原有扶贫政策保持不变"
        if exit.kind is SubjectKind.COUNTY
        else "退出后在攻坚期内继续享受国家和省扶贫相关政策"
    )
    zh, en = f"{zh}，至{chinese(last)}", f"support is kept to the end of its period, {last}"
    back = exit.fallen_back_on
    if back is not None and back <= last:
        zh += f"；{chinese(back)}返贫，重新登记为贫困户，扶持不中断"
        en += f"; fell back on {back} and is supported as a registered household too"
    return "F1", zh, en, exit.since, last + timedelta(days=1)


def _dated(
    exit: Exit, on: date, clause: str, zh: str, en: str, since: date, until: date | None
) -> Consequence | None:
    """A fact within the exit it rests on; None where it never held."""
    revoked = exit.revoked_on
    if revoked is not None and (until is None or revoked < until):
        until = revoked
        zh, en = (
            f"{zh}；{chinese(revoked)}退出被撤销，{_LAPSED_ZH[clause]}",
            f"{en}; {_LAPSED_EN[clause]} {revoked}",
        )
    if until is not None and until <= since:
        return None
    in_force = since <= on and (until is None or on < until)
    return Consequence(clause=clause, zh=zh, en=en, since=since, until=until, in_force=in_force)


_LAPSED_ZH = {
    "F1": "自该日起按在册对象扶持",
    "F2": "奖励随之撤销",
    "F3": "限制、禁止事项恢复适用",
    "F4": "恢复参与贫困县考核",
}
_LAPSED_EN = {
    "F1": "supported as one on the list again since the exit was revoked on",
    "F2": "the reward lapsed (撤销) when the exit was revoked on",
    "F3": "they apply again since the exit was revoked on",
    "F4": "in it again since the exit was revoked on",
}
"""What became of each when the exit was revoked (F7); a date follows."""
