"""How the households of a roster look on paper: how many are where, and each of them."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from models.case.state import Households
from models.periods import until
from models.roster.households import STATES, Course, State
from operators.views.printing import table

_STYLES = {
    State.POSTED: "yellow",
    State.HELD: "bold red",
    State.HELD_UNPOSTED: "bold red",
    State.STRUCK_OFF: "green",
    State.OUT: "red",
}


def roster_counts(roster: Households) -> Text:
    """How many households are where; and whom an objection holds back."""
    made = Text("  ")
    for word, count in roster.counts.items():
        state = State(word)
        if count:
            made.append(f"{STATES[state]} {state.value} ", style=_STYLES.get(state, ""))
            made.append(f"{count}   ", style="bold")
    if roster.held:
        made.append(f"\n  异议 {'、'.join(roster.held)}", style="bold red")
    return made


def print_households(out: Console, courses: Sequence[Course]) -> None:
    """Each household with its state; why it is out or held back; which criteria it fails (S1)."""
    columns = ("Household", "Head", "Group", "Size", "State", "Posted until", "Not met", "Reason")
    lines = table(*columns, wrap=["Not met", "Reason"])
    for course in courses:
        lines.add_row(
            course.household,
            course.name,
            course.group,
            str(course.size),
            Text(f"{STATES[course.state]} {course.state.value}", _STYLES.get(course.state, "")),
            until(course.closes) if course.closes else "",
            "\n".join(_failed(course)),
            _reason(course),
        )
    out.print(lines)
    out.print(f"\n{len(courses)} household{'' if len(courses) == 1 else 's'}", style="bold")


def _failed(course: Course) -> Iterator[str]:
    """The criteria by the names under which they can be overridden (S6)."""
    for finding in course.findings:
        if not finding.met and finding.id not in course.overrides:
            yield finding.id


def _reason(course: Course) -> str:
    overridden = f"overridden: {', '.join(course.overrides)}" if course.overrides else ""
    return "; ".join(filter(None, (course.reason, overridden)))
