"""Rows and pairs laid out for a terminal."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table

from xq.cli.plain import interval, is_interval

_PLACES = Decimal("1e-8")
_LARGE = 1e6
_SHORT = 12  # significant digits up to which a number is shown as it is
_ONE_SIZE = 1e4  # times the smallest: larger ranges are not brought to equally many decimals
_LEAST_HEADER = 8
_LEAST_TEXT = 14
_RULE = 60
_ROOMY, _TIGHT = 3, 1  # signs between two columns
_EDGES = 2


@dataclass(frozen=True, slots=True)
class _Column:
    """One column as text; ``whole`` ones are numbers and times, which never break."""

    name: str
    texts: list[str]
    whole: bool
    right: bool

    @property
    def widest(self) -> int:
        """Signs of its widest cell line or header line."""
        return max([self._header_width, *map(_width, self.texts)])

    @property
    def least(self) -> int:
        """Signs without which a word, a number or a time would break."""
        if self.whole:
            return self.widest
        words = max((cell_len(word) for text in self.texts for word in text.split()), default=0)
        return max(words, min(self.widest, _LEAST_TEXT), self._header_width)

    @property
    def header(self) -> str:
        """Its name, broken at underscores where it is wider than its values."""
        return header(self.name, max([_LEAST_HEADER, *map(_width, self.texts)]))

    @property
    def _header_width(self) -> int:
        return _width(self.header)


def layout(names: Sequence[str], rows: Sequence[Mapping[str, Any]], title: str | None) -> Table:
    """A table as wide as its cells, for a file or a pipe.

    Columns without any value are left out.
    """
    columns = _columns(names, rows)
    return _table(columns, [column.widest for column in columns], _ROOMY, title)


def fitting(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], title: str | None, width: int
) -> list[Table | str]:
    """The table for a terminal; no word, number or time is ever broken or cut.

    What does not fit moves together, then columns of one value move above the table, then the
    rows stand one below the other.
    """
    columns = _columns(names, rows)
    own = [column for column in columns if len(rows) < 2 or len(set(column.texts)) > 1]
    same = [column for column in columns if column not in own]
    for shown, gap in ((columns, _ROOMY), (columns, _TIGHT), (own, _TIGHT)):
        widths = _widths(shown, width - _EDGES - gap * (len(shown) - 1))
        if shown and widths is not None:
            table = _table(shown, widths, gap, None)
            above = [title] if title else []
            if shown is own and same:
                values = " · ".join(f"{item.name} {item.texts[0]}".rstrip() for item in same)
                above.append(f"in every row: {values}")
            return [*above, table]
    return [*([title] if title else []), *_stacked(columns, len(rows), width)]


def pairs(items: Sequence[tuple[str, Any]], width: int | None = None) -> Table:
    """Names and values below each other; a value too wide to stand beside its name, below it."""
    texts = [(name, cell(value)) for name, value in items]
    names = max((cell_len(name) for name, _ in texts), default=0)
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    if width is None:
        table.add_column(width=names, no_wrap=True)
        table.add_column(width=max((_width(text) for _, text in texts), default=0), no_wrap=True)
        for name, text in texts:
            table.add_row(name, text)
        return table
    shown = [_pair(name, text, names, width) for name, text in texts]
    table.add_column(width=max(map(_width, shown), default=0), no_wrap=True)
    for text in shown:
        table.add_row(text)
    return table


def _pair(name: str, text: str, names: int, width: int) -> str:
    """A name and the lines of its value, beside it if every word has room there."""
    room = width - names - 4
    lines = _folded(text, room)
    if any(cell_len(line) > room for line in lines):
        return "\n".join([name, *(f"  {line}" for line in _folded(text, width - 4))])
    first = f"{name:<{names}}  {lines[0]}" if lines else name
    return "\n".join([first, *(" " * (names + 2) + line for line in lines[1:])])


def _columns(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[_Column]:
    held = {name: [row.get(name) for row in rows] for name in names}
    return [
        _Column(
            name,
            cells(values),
            whole := all(
                isinstance(value, (int, float, Decimal, date, type(None))) for value in values
            ),
            whole and not _is(values, bool, date),
        )
        for name, values in held.items()
        if not rows or _is(values, object)
    ]


def _widths(columns: Sequence[_Column], room: int) -> list[int] | None:
    """Signs for every column, the widest texts giving way first; None if something would break."""
    widths, least = ([getattr(item, name) for item in columns] for name in ("widest", "least"))
    if sum(least) > room:
        return None
    while sum(widths) > room:
        loose = [at for at, width in enumerate(widths) if width > least[at]]
        widths[max(loose, key=lambda at: widths[at])] -= 1
    return widths


def _table(columns: Sequence[_Column], widths: Sequence[int], gap: int, title: str | None) -> Table:
    padding = (0, (gap - 1) // 2)
    table = Table(
        title=title, box=SIMPLE_HEAD, pad_edge=False, padding=padding, title_justify="left"
    )
    for column, width in zip(columns, widths, strict=True):
        table.add_column(
            column.header,
            justify="right" if column.right else "left",
            width=width,
            no_wrap=column.whole,
            overflow="fold",
        )
    for row in zip(*(column.texts for column in columns), strict=True):
        table.add_row(*row)
    return table


def _stacked(columns: Sequence[_Column], rows: int, width: int) -> Iterator[Table | str]:
    for at in range(rows):
        held = [(column.name, column.texts[at]) for column in columns if column.texts[at]]
        yield f"── row {at + 1} ".ljust(min(width, _RULE), "─")
        yield pairs(held, width)


def _folded(text: str, width: int) -> list[str]:
    from textwrap import wrap

    return [
        part
        for line in text.splitlines()
        for part in wrap(line, max(1, width), break_long_words=False, break_on_hyphens=False)
    ]


def _width(text: str) -> int:
    return max(map(cell_len, text.splitlines()), default=0)


def header(name: str, width: int) -> str:
    """A column's name, broken at underscores where it is wider than its values.

    Examples
    --------
    >>> header("macd_signal_12_26_9", 10).split()
    ['macd_', 'signal_12_', '26_9']
    """
    lines = [""]
    for part in name.replace("_", "_ ").split():
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def cell(value: Any) -> str:
    """One value as a person reads it.

    Examples
    --------
    >>> cell(Decimal("960490096.2281537")), cell(Decimal("0.23602")), cell(None), cell(True)
    ('960,490,096', '0.23602', '', 'yes')
    >>> cell(("a", "b"))
    'a, b'
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return _float(value, _places(value))
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
    if is_interval(value):
        return interval(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(item) for item in value)
    if isinstance(value, dict) and all(isinstance(item, (str, Decimal)) for item in value.values()):
        return ", ".join(f"{name} {cell(item)}" for name, item in value.items())
    text = json.dumps(value, default=str) if isinstance(value, dict) else str(value)
    return text if text.isprintable() else visible(text)


def cells(values: Sequence[Any]) -> list[str]:
    """One column as a person reads it: numbers of one size with equally many decimals.

    Examples
    --------
    >>> cells([42283.58, 37724.0, None]), cells([40000.0, 0.0000103]), cells([42468.1, 1 / 3])
    (['42,283.58', '37,724.00', ''], ['40,000', '0.0000103'], ['42,468.1', '0.333333'])
    """
    numbers = [value for value in values if isinstance(value, float)]
    places = [_places(value) for value in numbers]
    if not numbers or len(numbers) + list(values).count(None) < len(values):
        return [cell(value) for value in values]
    sizes = [abs(value) for value in numbers if value]
    if None in places:
        shared = None
    elif sizes and max(sizes) / min(sizes) > _ONE_SIZE:
        return [cell(value) for value in values]
    else:
        shared = max(place for place in places if place is not None)
    return ["" if value is None else _float(value, shared) for value in values]


def _places(value: float) -> int | None:
    """Decimals of a short number, which is shown as it is; None for one that is rounded."""
    number = Decimal(repr(value))
    if not number.is_finite():
        return 0
    _, digits, exponent = number.normalize().as_tuple()
    return max(0, -int(exponent)) if len(digits) <= _SHORT else None


def _float(value: float, places: int | None) -> str:
    if places is not None:
        return f"{value:,.{places}f}"
    return f"{value:,.6g}" if abs(value) < _LARGE else f"{value:,.0f}"


def visible(text: str) -> str:
    """A text whose control signs are spelt out, so that data cannot steer the terminal."""
    return "".join(
        sign if sign.isprintable() or sign == "\n" else sign.encode("unicode_escape").decode()
        for sign in text
    )


def _decimal(value: Decimal) -> str:
    if abs(value) >= _LARGE:
        return f"{value:,.0f}"
    short = value.quantize(_PLACES) if value.is_finite() else value
    return f"{short.normalize():f}" if short else "0"


def _is(values: Sequence[Any], *kinds: type) -> bool:
    return any(value is not None and isinstance(value, kinds) for value in values)
