"""One injector per kind of poison row: what it does to true rows, and which rows it spoils."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa

from xq.lake.poison.sheet import PRICES, Sheet, counted, measured
from xq.timeframe import HOUR_MS

Injector = Callable[[Sheet, np.random.Generator], tuple[Sheet, list[int]]]
INJECTORS: dict[str, Injector] = {}
_EDGE = 12  # rows at the ends have too few neighbours for some kinds


def kind(*names: str) -> Callable[[Injector], Injector]:
    def register(injector: Injector) -> Injector:
        INJECTORS.update(dict.fromkeys(names, injector))
        return injector

    return register


def pick(sheet: Sheet, rng: np.random.Generator, room: int = 1) -> int:
    """A row, with room for a stretch behind it."""
    return int(rng.integers(_EDGE, len(sheet) - _EDGE - room))


def column(sheet: Sheet, name: str) -> np.ndarray:
    return sheet.number(name).copy() if name != "ts" else sheet.ts.copy()


def with_columns(sheet: Sheet, **columns: object) -> Sheet:
    raw = sheet.raw
    for name, values in columns.items():
        array = values if isinstance(values, pa.Array) else pa.array(values)
        place = raw.column_names.index(name) if name in raw.column_names else raw.num_columns
        raw = (raw.remove_column(place) if place < raw.num_columns else raw).add_column(
            place, name, array
        )
    return replace(sheet, raw=raw)


def with_cell(sheet: Sheet, name: str, row: int, value: object) -> tuple[Sheet, list[int]]:
    values = column(sheet, name)
    values[row] = value
    return with_columns(sheet, **{name: values}), [row]


def with_rows(sheet: Sheet, rows: list[int], **changes: Callable[[np.ndarray], object]) -> Sheet:
    """Columns changed in some rows by a function of their values there."""
    changed = {}
    for name, change in changes.items():
        values = column(sheet, name)
        values[rows] = change(values[rows])
        changed[name] = values
    return with_columns(sheet, **changed)


def put(values: object) -> Callable[[np.ndarray], object]:
    """The change that puts these values in place of any."""
    return lambda _: values


def taken(sheet: Sheet, rows: np.ndarray) -> Sheet:
    return replace(sheet, raw=sheet.raw.take(pa.array(rows)))


def any_number(sheet: Sheet, rng: np.random.Generator) -> str:
    names = [n for n in measured(sheet.kind) or counted(sheet.kind) if sheet.has(n)]
    return str(rng.choice(names))


def any_price(sheet: Sheet, rng: np.random.Generator) -> str:
    return str(rng.choice([n for n in (*PRICES, "price") if sheet.has(n)]))


def as_text(sheet: Sheet, rng: np.random.Generator, write: Callable[[float], str]) -> tuple:
    name, row = any_number(sheet, rng), pick(sheet, rng)
    cells = [repr(float(value)) for value in column(sheet, name)]
    cells[row] = write(float(cells[row]))
    return with_columns(sheet, **{name: cells}), [row]


@kind("missing_value")
def _missing(sheet, rng):
    name, row = any_number(sheet, rng), pick(sheet, rng)
    cells = column(sheet, name).tolist()
    cells[row] = None
    return with_columns(sheet, **{name: pa.array(cells, pa.float64())}), [row]


@kind("not_finite")
def _not_finite(sheet, rng):
    value = rng.choice([np.nan, np.inf, -np.inf])
    return with_cell(sheet, any_number(sheet, rng), pick(sheet, rng), value)


@kind("unreadable")
def _word(sheet, rng):
    return as_text(sheet, rng, lambda _: str(rng.choice(["n/a", "x", "-", "NaN", "1.2.3", ""])))


@kind("grouped_digits")
def _grouped(sheet, rng):
    return as_text(sheet, rng, lambda value: f"{value + 1000:,.2f}")


@kind("too_many_digits")
def _digits(sheet, rng):
    return as_text(sheet, rng, lambda value: f"{value:.2f}" + "1234567890123456789")


@kind("unreadable_time")
def _no_time(sheet, rng):
    row = pick(sheet, rng)
    cells = [str(value) for value in sheet.ts]
    cells[row] = str(rng.choice(["", "soon", "2016-12-31T23:59:60Z", "2023-13-01", "25:00"]))
    return with_columns(sheet, ts=cells), [row]


@kind("placeholder")
def _placeholder(sheet, rng):
    value = rng.choice([-999.0, -9999.0, 999_999_999.0, 2.0**31 - 1, 2.0**63])
    return with_cell(sheet, any_number(sheet, rng), pick(sheet, rng), value)


@kind("underflow")
def _tiny(sheet, rng):
    return with_cell(
        sheet, any_number(sheet, rng), pick(sheet, rng), 10.0 ** rng.uniform(-300, -13)
    )


@kind("overflow")
def _huge(sheet, rng):
    return with_cell(sheet, any_number(sheet, rng), pick(sheet, rng), 10.0 ** rng.uniform(16, 300))


@kind("overlong_decimals")
def _computed(sheet, rng):
    name, row = any_price(sheet, rng), pick(sheet, rng)
    value = column(sheet, name)[row]
    return with_cell(sheet, name, row, value + 1 / float(rng.choice([3, 7, 9])))


@kind("off_grid")
def _off_grid(sheet, rng):
    row = pick(sheet, rng)
    away = int(rng.integers(1000, sheet.bar.ms // 2 - 1000)) * int(rng.choice([-1, 1]))
    return with_cell(sheet, "ts", row, sheet.ts[row] + away)


@kind("time_jitter")
def _jitter(sheet, rng):
    row, away = pick(sheet, rng), int(rng.integers(2, 999)) * int(rng.choice([-1, 1]))
    return with_cell(sheet, "ts", row, sheet.ts[row] + away)


@kind("close_time_as_open")
def _close_time(sheet, rng):
    row = pick(sheet, rng)
    return with_cell(sheet, "ts", row, sheet.ts[row] + sheet.bar.ms - 1)


@kind("time_in_seconds")
def _seconds(sheet, rng):
    row = pick(sheet, rng)
    return with_cell(sheet, "ts", row, sheet.ts[row] // 1000)


@kind("time_in_microseconds")
def _micros(sheet, rng):
    row = pick(sheet, rng)
    return with_cell(sheet, "ts", row, sheet.ts[row] * 1000)


@kind("time_in_nanoseconds")
def _nanos(sheet, rng):
    row = pick(sheet, rng)
    return with_cell(sheet, "ts", row, sheet.ts[row] * 10**6)


@kind("time_too_early")
def _early(sheet, rng):
    return with_cell(sheet, "ts", pick(sheet, rng), int(rng.integers(150, 1220)) * 10**9)


@kind("future")
def _future(sheet, rng):
    years = int(rng.integers(2, 60)) * 365 * 24 * HOUR_MS
    return with_cell(sheet, "ts", len(sheet) - 1, sheet.now_ms + years)


@kind("unfinished")
def _unfinished(sheet, rng):
    now = int(sheet.ts[-1]) + int(rng.integers(0, sheet.bar.ms - 1))
    return replace(sheet, now_ms=now), [len(sheet) - 1]


def _again(sheet, rng, change):
    row = pick(sheet, rng)
    double = taken(sheet, np.insert(np.arange(len(sheet)), row + 1, row))
    return (with_rows(double, [row + 1], **change) if change else double), [row + 1]


@kind("duplicate")
def _duplicate(sheet, rng):
    return _again(sheet, rng, {})


@kind("conflict")
def _conflict(sheet, rng):
    if not measured(sheet.kind):
        return _other_levels(sheet, rng)
    return _again(sheet, rng, {any_number(sheet, rng): lambda value: value * 1.0001 + 1e-9})


def _other_levels(sheet, rng):
    double, [row] = _again(sheet, rng, {})
    other = double.raw.slice(row + 1, 1)
    same = double.raw.slice(row, 1)
    for place, name in enumerate(same.column_names):
        if name.startswith(("bid_", "ask_")):
            same = same.set_column(place, same.schema.field(place), other[name])
    parts = [double.raw.slice(0, row), same, double.raw.slice(row + 1)]
    return replace(double, raw=pa.concat_tables(parts)), [row]


@kind("unsorted")
def _unsorted(sheet, rng):
    row, away = pick(sheet, rng, 5), int(rng.integers(1, 5))
    while sheet.ts[row] == sheet.ts[row + max(away - 1, 1)]:
        row, away = pick(sheet, rng, 5), int(rng.integers(1, 5))
    order = np.arange(len(sheet))
    order[[row, row + away]] = order[[row + away, row]]
    return taken(sheet, order), [row + away]


def _on_switch_day(sheet, rng, days):
    """The sheet moved in time so that one of its rows opens an hour of such a day."""
    row = pick(sheet, rng)
    wanted = int(np.datetime64(str(rng.choice(days)), "ms").astype(np.int64))
    wanted += int(rng.integers(0, 4)) * HOUR_MS
    return replace(with_columns(sheet, ts=sheet.ts + wanted - sheet.ts[row]), now_ms=None), row


@kind("dst_hole")
def _dst_hole(sheet, rng):
    days = ["2019-03-31", "2020-03-29", "2021-03-14", "2022-03-13", "2023-03-26"]
    moved, row = _on_switch_day(sheet, rng, days)
    rest = np.delete(np.arange(len(sheet)), row - 1)
    return taken(moved, rest), [row - 1]


@kind("dst_repeat")
def _dst_repeat(sheet, rng):
    days = ["2019-10-27", "2020-10-25", "2021-11-07", "2022-11-06", "2023-10-29"]
    moved, row = _on_switch_day(sheet, rng, days)
    return taken(moved, np.insert(np.arange(len(sheet)), row + 1, row)), [row + 1]
