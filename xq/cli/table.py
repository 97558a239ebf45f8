"""Rows and pairs laid out for a terminal."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table

_PLACES = Decimal("1e-8")
_LARGE = 1e6
_LEAST_HEADER = 8
_LEAST_TEXT = 14


class Sheet(Table):
    """A table that knows the narrowest terminal it can be read on."""

    least: int = 0


def fitted(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], title: str | None, width: int
) -> list[RenderableType]:
    """Rows as a table, drawn closer where that makes it fit, else below each other."""
    for roomy in (True, False):
        sheet = layout(names, rows, title, roomy=roomy)
        if sheet.least <= width:
            return [sheet]
    return stacked(names, rows, title)


def layout(
    names: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    title: str | None,
    *,
    roomy: bool = True,
) -> Sheet:
    """A table whose numbers and times never break, and whose headers break at underscores.

    Columns without any value are left out.
    """
    pad = int(roomy)
    table = Sheet(
        title=title, box=SIMPLE_HEAD, pad_edge=False, padding=(0, pad), title_justify="left"
    )
    table.least = 1
    columns = {name: [row.get(name) for row in rows] for name in names}
    columns = {name: held for name, held in columns.items() if not rows or any(map(_said, held))}
    texts = {name: [cell(value) for value in values] for name, values in columns.items()}
    for name, values in columns.items():
        whole = all(isinstance(value, (int, float, Decimal, date, type(None))) for value in values)
        widest = max((len(text) for text in texts[name]), default=0)
        head = header(name, max(widest, _LEAST_HEADER))
        least = max(widest if whole else min(widest, _LEAST_TEXT), *map(len, head.splitlines()))
        table.add_column(
            head,
            justify="right" if whole and not _is(values, bool, date) else "left",
            min_width=least,
            no_wrap=whole,
            overflow="fold",
        )
        table.least += least + 1 + 2 * pad
    for row in zip(*texts.values(), strict=True):
        table.add_row(*row)
    return table


def stacked(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], title: str | None
) -> list[RenderableType]:
    """Rows below each other, name by name, for a terminal too narrow for their table."""
    blocks: list[RenderableType] = [title] if title else []
    for row in rows:
        blocks += ["", pairs([(name, row[name]) for name in names if _said(row.get(name))])]
    return blocks


def pairs(items: Sequence[tuple[str, Any]]) -> Table:
    """Names and values below each other."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in items:
        table.add_row(name, cell(value))
    return table


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
        return f"{value:,.6g}" if abs(value) < _LARGE else f"{value:,.0f}"
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(item) for item in value)
    return json.dumps(value, default=str) if isinstance(value, dict) else str(value)


def _decimal(value: Decimal) -> str:
    if abs(value) >= _LARGE:
        return f"{value:,.0f}"
    short = value.quantize(_PLACES) if value.is_finite() else value
    return f"{short.normalize():f}" if short else "0"


def _said(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and not value)


def _is(values: Sequence[Any], *kinds: type) -> bool:
    return any(value is not None and isinstance(value, kinds) for value in values)
