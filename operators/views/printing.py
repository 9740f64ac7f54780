"""What people read: text, tables and limits, in English with the Chinese terms; and JSON.

Nothing is printed before everything that can fail has been done. And nothing reaches a terminal
but through here: what people wrote may steer none, nor look like a line of ours.
"""

import codecs
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import Any, TextIO

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import StyleType
from rich.table import Column, Table
from rich.text import Span, Text

from models.base import Record
from models.periods import Limit, LimitKind, beijing, until
from models.texts.characters import visible

_WIDTH_WITHOUT_TERMINAL = 100
_NOT_AT_START = set("，。、；：！？）》】”’,.;:!?)")
_NOT_AT_END = set("（《【“‘(")

MONDAY_TO_SUNDAY = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class _Terminal(Console):
    """A console that writes what steers a terminal only where it is a style of ours."""

    def render_str(self, text: str, *args: Any, **options: Any) -> Text:
        """Text of a cell or a line."""
        return super().render_str(visible(text, lines=True), *args, **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Whatever is printed."""
        if isinstance(renderable, Text):
            renderable = harmless(renderable)
        return super().render(renderable, options)


def harmless(text: Text) -> Text:
    """A text with its styles where they were, in which nothing steers a terminal."""
    plain = text.plain
    if visible(plain, lines=True) == plain:
        return text
    signs = [visible(sign, lines=True) for sign in plain]
    places = [0]
    for sign in signs:
        places.append(places[-1] + len(sign))
    made = text.blank_copy("".join(signs))
    made.spans = [Span(places[each.start], places[each.end], each.style) for each in text.spans]
    return made


def console() -> Console:
    """The terminal; where there is none, a page of a fixed width."""
    width = None
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        width = _WIDTH_WITHOUT_TERMINAL
    return _Terminal(width=width, highlight=False, markup=False, emoji=False)


def counted(number: int, one: str, many: str = "") -> str:
    """So many of something.

    >>> counted(1, "case"), counted(1200, "entry", "entries")
    ('1 case', '1,200 entries')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def as_json(value: Record | Iterable[Record]) -> None:
    """Print a value as JSON, or a list of values as JSON Lines, and nothing else.

    A list is written aside first, value by value: it may be long, and a fault leaves nothing half
    printed.
    """
    if isinstance(value, Record):
        content = value.model_dump(mode="json")
        print_json([json.dumps(content, ensure_ascii=False, indent=2), "\n"])
        return
    with TemporaryFile("w+", encoding="utf-8") as whole:
        whole.writelines(f"{each.model_dump_json()}\n" for each in value)
        print_json(in_pieces(whole))


def from_json(text: str) -> Any:
    """What was printed as JSON: a value, or a list, whose every line is a value of its own."""
    first, _, _ = text.partition("\n")
    try:
        json.loads(first)
    except ValueError:
        return json.loads(text) if text else []
    return [json.loads(line) for line in text.splitlines()]


def in_pieces(whole: TextIO) -> Iterator[str]:
    """A file from its beginning, which may be longer than memory."""
    whole.seek(0)
    return iter(lambda: whole.read(_PIECE), "")


def print_json(pieces: Iterable[str]) -> None:
    """Print JSON, piece by piece: lines, or whatever else.

    In UTF-8, with escapes for what no terminal may get; with escapes for all beyond ASCII where the
    terminal is set to another encoding.
    """
    encoding = codecs.lookup(sys.stdout.encoding or "utf-8").name
    for piece in pieces:
        if encoding != "utf-8":
            piece = "".join(sign if sign.isascii() else json.dumps(sign)[1:-1] for sign in piece)
        # Only within strings can such a sign stand; the ends of lines stand between them.
        bare = piece.replace("\n", " ")
        if visible(bare) != bare:
            piece = "".join(_in_json(sign) for sign in piece)
        sys.stdout.write(piece)


def _in_json(sign: str) -> str:
    return sign if sign == "\n" or visible(sign) == sign else json.dumps(sign)[1:-1]


_PIECE = 1 << 20
"""Characters that are read at once."""

_NARROWEST = 8
"""Columns of characters that a wrapping column is left at least."""


class _Whole(Table):
    """A table that never cuts a value: a code that lost its end would be another one.

    Where its values do not fit beside each other, they are folded, the longest first.
    """

    def add_row(
        self,
        *renderables: RenderableType | None,
        style: StyleType | None = None,
        end_section: bool = False,
    ) -> None:
        """A row, whose widths are those of what is shown in the end."""
        cells = [harmless(each) if isinstance(each, Text) else each for each in renderables]
        super().add_row(*cells, style=style, end_section=end_section)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Let all columns wrap where those that should not are too wide together."""
        needed = sum(self._needs(column, console, options) for column in self.columns)
        if needed + 2 * len(self.columns) > options.max_width:
            for column in self.columns:
                column.no_wrap = False
        yield from super().__rich_console__(console, options)

    def _needs(self, column: Column, console: Console, options: ConsoleOptions) -> int:
        if not column.no_wrap:
            return _NARROWEST
        wide = options.update(max_width=_UNLIMITED)
        cells = (column.header, *column.cells)
        return max(Measurement.get(console, wide, cell).maximum for cell in cells)


_UNLIMITED = 10_000


def table(*columns: str, wrap: Sequence[str] = ()) -> Table:
    """A table without rules between its lines; the columns named in ``wrap`` give way first."""
    made = _Whole(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        made.add_column(name, no_wrap=name not in wrap, overflow="fold")
    return made


def heading(text: str) -> Text:
    """A line that begins a section."""
    return Text(f"\n{text}", style="bold")


ALL = "--limit all lists all of them"
WHOLE = f"{ALL}, --excel FILE writes them"


def print_cut(out: Console, shown: int, many: int, how: str = WHOLE) -> None:
    """Say that there are more than are shown, and how to get them."""
    if shown < many:
        out.print(f"{shown:,} of {many:,} are shown: {how}", style="dim")


def paragraph(text: str, width: int, indent: int = 0, style: str = "") -> Text:
    """Wrap a sentence that may be Chinese, whose words have no blanks between them."""
    margin = " " * indent
    shown = visible(text, lines=True).expandtabs(4).split("\n")
    lines = (line for each in shown for line in _lines(each, width - indent))
    return Text("\n".join(f"{margin}{line}" for line in lines), style=style)


def _lines(text: str, width: int) -> Iterator[str]:
    """Break at blanks and between Chinese characters, but never before a closing mark."""
    line = ""
    for piece in _pieces(text):
        if line and cell_len((line + piece).rstrip()) > width:
            yield line.rstrip()
            line = piece.lstrip()
        else:
            line += piece
    if line.rstrip():
        yield line.rstrip()


def _pieces(text: str) -> Iterator[str]:
    """The smallest parts that stay together on a line."""
    piece = ""
    for character in text:
        glued = character in _NOT_AT_START or (piece != "" and piece[-1] in _NOT_AT_END)
        narrow = cell_len(character) < 2 and character != " "
        follows_narrow = piece != "" and cell_len(piece[-1]) < 2 and piece[-1] != " "
        if piece and not glued and not (narrow and follows_narrow) and character != " ":
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


# -- moments and limits -----------------------------------------------------------------------


def at(moment: datetime) -> str:
    """A moment in Beijing, to the minute."""
    return f"{beijing(moment):%Y-%m-%d %H:%M}"


def due(limit: Limit) -> str:
    """When a limit ends, in Beijing, with the day of the week."""
    return f"{MONDAY_TO_SUNDAY[limit.last_day.weekday()]} {until(limit.due)}"


def is_over(limit: Limit, breached: bool, now: datetime) -> bool:
    """Whether a limit was missed; nobody can miss the end of a publicity."""
    return breached or (limit.kind is not LimitKind.MINIMUM and now >= limit.due)


def left(limit: Limit, now: datetime) -> str:
    """How long a limit still runs, or since when it is over."""
    span = abs(limit.due - now)
    days, hours = span.days, span.seconds // 3600
    length = f"{days} d {hours} h" if days else f"{hours} h {span.seconds // 60 % 60} min"
    if limit.due > now:
        return f"{length} left"
    return f"ended {length} ago" if limit.kind is LimitKind.MINIMUM else f"overdue {length}"


def urgency(limit: Limit, breached: bool, now: datetime) -> str:
    """The style that shows how pressing a limit is."""
    if is_over(limit, breached, now):
        return "bold red"
    return "yellow" if limit.due - now <= timedelta(days=3) else ""


def sentences(limit: Limit, width: int, indent: int = 2) -> Iterable[Text]:
    """How a limit was counted, in Chinese and in English."""
    yield paragraph(limit.zh, width, indent)
    yield paragraph(limit.en, width, indent, "dim")
