"""Rules that every true row obeys; pure, over columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from xq.clock import iso
from xq.errors import PoisonRows
from xq.lake import arrays
from xq.lake.poison import book, chain
from xq.lake.poison.rule import BOOKS
from xq.lake.poison.sheet import PRICES, Sheet
from xq.lake.schema import Kind, kind_of
from xq.timeframe import Timeframe

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Poison:
    """One row that cannot be true.

    Attributes
    ----------
    row
        Counted from 1, as a person counts the rows below the header.
    rule
        Short name of the broken rule: ``high_below_low``, ``duplicate`` …
    message
        What was found.
    """

    row: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.message} ({self.rule})"


_Broken = tuple[np.ndarray, str, str]  # mask, rule, format of the message over a row's values


def validate_rows(
    table: pa.Table,
    kind: str | Kind = "ohlcv",
    *,
    timeframe: Timeframe | None = None,
    known_until_ms: int | None = None,
    ordered: bool = False,
) -> list[Poison]:
    """Rows that cannot be true.

    Parameters
    ----------
    table
        Rows of the kind, with its columns and types.
    timeframe
        Checks that bars open on its edges; None skips that.
    known_until_ms
        The present: bars that close later are unfinished, other rows later are from the future.
    ordered
        Whether rows out of order are reported as well.

    Returns
    -------
    list of Poison
        By row, then rule; empty for true rows.

    Examples
    --------
    >>> rows = {"ts": [0, 60_000], "open": [5.0, 5.0], "high": [4.0, 6.0], "low": [3.0, 4.0],
    ...         "close": [3.5, 5.5], "volume": [1.0, 0.0]}
    >>> print(*validate_rows(pa.table(rows, schema=kind_of("ohlcv").schema)))
    row 1: open 5.0 is outside low 3.0 to high 4.0 (open_outside_range)
    """
    spec = kind if isinstance(kind, Kind) else kind_of(kind)
    found = [
        poison
        for mask, rule, message in _checks(table, spec, timeframe, known_until_ms, ordered)
        for poison in _rows(table, mask, rule, message)
    ]
    return sorted(found, key=lambda poison: (poison.row, poison.rule))


def refuse(poison: Sequence[Poison], where: str, hint: str | None = None) -> None:
    """Raise `PoisonRows` naming the first rows, if there are any.

    Raises
    ------
    PoisonRows
        With the rows and the rules they break.
    """
    if not poison:
        return
    rows = len({item.row for item in poison})
    lines = [str(item) for item in poison[:_SHOWN]]
    if len(poison) > _SHOWN:
        lines.append(f"and {len(poison) - _SHOWN} more")
    noun = "row" if rows == 1 else "rows"
    message = f"{rows} {noun} cannot be true; nothing was stored\n  " + "\n  ".join(lines)
    raise PoisonRows(message, where=where, hint=hint)


def _checks(
    table: pa.Table,
    spec: Kind,
    timeframe: Timeframe | None,
    known_until_ms: int | None,
    ordered: bool,
) -> Iterator[_Broken]:
    for field in spec.schema:
        if not field.nullable and table[field.name].null_count:
            mask = arrays.flags(table[field.name])
            yield mask, "missing_value", f"{field.name} is missing"
    values = {field.name: _numbers(table[field.name]) for field in spec.schema}
    numbers = {name: value for name, value in values.items() if value is not None}
    ts = arrays.times(table["ts"])
    yield from _time_checks(table, ts, spec, timeframe, known_until_ms, ordered)
    for name, value in numbers.items():
        optional = spec.schema.field(name).nullable
        infinite = np.isinf(value) if optional else ~np.isfinite(value)
        infinite &= ~arrays.flags(table[name])
        yield infinite, "not_finite", f"{name} is {{{name}}}"
    if spec.name in ("ohlcv", "mark", "index"):
        yield from _bar_checks(numbers)
    elif spec.name == "open_interest":
        for name in ("quantity", "notional"):
            yield numbers[name] < 0, f"{name}_negative", f"{name} is {{{name}}}"
    elif spec.name in BOOKS:
        yield from _book_checks(Sheet(table, spec.name))
    elif spec.name == "trades":
        for name in ("price", "quantity"):
            yield numbers[name] <= 0, f"{name}_not_positive", f"{name} is {{{name}}}"


def _time_checks(
    table: pa.Table,
    ts: np.ndarray,
    spec: Kind,
    timeframe: Timeframe | None,
    known_until_ms: int | None,
    ordered: bool,
) -> Iterator[_Broken]:
    yield _repeated(table, ts, spec), "duplicate", "the same key as an earlier row, {ts}"
    if ordered:
        late = np.concatenate(([False], np.diff(ts) < 0)) if len(ts) else np.zeros(0, bool)
        yield late, "unsorted", "{ts} is earlier than the row before"
    if timeframe is not None and spec.known_at == "ts + timeframe":
        yield _off_grid(ts, timeframe), "off_grid", f"{{ts}} is no {timeframe} edge"
    if known_until_ms is not None:
        bar = timeframe if spec.known_at == "ts + timeframe" else None
        over, rule = (bar.end(ts), "unfinished") if bar else (ts, "future")
        yield over > known_until_ms, rule, f"{{ts}} is not over at {iso(known_until_ms)}"


def _bar_checks(values: dict[str, np.ndarray]) -> Iterator[_Broken]:
    high, low = values["high"], values["low"]
    for name in PRICES:
        yield values[name] <= 0, f"{name}_not_positive", f"{name} is {{{name}}}"
    upside_down = high < low
    yield upside_down, "high_below_low", "high {high} is below low {low}"
    for name in ("open", "close"):
        outside = ~upside_down & ((values[name] > high) | (values[name] < low))
        message = f"{name} {{{name}}} is outside low {{low}} to high {{high}}"
        yield outside, f"{name}_outside_range", message
    if "volume" in values:
        yield values["volume"] < 0, "volume_negative", "volume is {volume}"


def _book_checks(sheet: Sheet) -> Iterator[_Broken]:
    for rule in (*chain.ALONE, *book.ALONE):
        if sheet.kind in rule.kinds and len(sheet):
            hits = rule.find(sheet)
            if hits is not None:
                yield hits.mask, rule.name, rule.meaning


def _off_grid(ts: np.ndarray, timeframe: Timeframe) -> np.ndarray:
    """(T,) bool: which times are no bar's open."""
    if timeframe.is_month:
        return np.asarray(timeframe.floor(ts) != ts)
    breaks = np.flatnonzero(ts[1:] - ts[:-1] != timeframe.ms) + 1
    heads = np.concatenate((ts[:1], ts[breaks])) - timeframe.floor(0)
    if not (heads % timeframe.ms).any():  # the others follow one of these by whole bars
        return np.zeros(len(ts), dtype=bool)
    return np.asarray((ts - timeframe.floor(0)) % timeframe.ms != 0)


def _repeated(table: pa.Table, ts: np.ndarray, spec: Kind) -> np.ndarray:
    if bool((ts[1:] > ts[:-1]).all()):
        return np.zeros(len(ts), dtype=bool)
    order = np.argsort(ts, kind="stable")
    same = np.concatenate(([False], np.diff(ts[order]) == 0)) if len(ts) else np.zeros(0, bool)
    mask = np.zeros(len(ts), dtype=bool)
    if spec.key == ("ts",) or not same.any():
        mask[order] = same
        return mask
    seen: set[tuple[object, ...]] = set()
    keys = zip(*(table[name].to_pylist() for name in spec.key), strict=True)
    for row, key in enumerate(keys):
        mask[row] = key in seen
        seen.add(key)
    return mask


def _rows(table: pa.Table, mask: np.ndarray, rule: str, message: str) -> Iterator[Poison]:
    for row in np.flatnonzero(mask):
        values = {name: table[name][int(row)].as_py() for name in table.column_names}
        stamp = arrays.times(table["ts"].slice(int(row), 1))[0] if values["ts"] else 0
        yield Poison(int(row) + 1, rule, message.format(**values | {"ts": iso(int(stamp))}))


def _numbers(column: pa.ChunkedArray) -> np.ndarray | None:
    if not pa.types.is_floating(column.type):
        return None
    return arrays.numbers(column.fill_null(np.nan) if column.null_count else column)
