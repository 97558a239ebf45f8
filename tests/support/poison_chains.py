"""Injectors for order books in a row: ids, clocks, snapshots and the market's grid."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
from support.poison import kind, pick, taken
from support.poison_books import SIDES, cell, change, filled

from xq.lake import arrays
from xq.lake.poison.sheet import Evidence, Sheet

MINUTE = 60_000


@kind("id_not_positive")
def _id(sheet, rng):
    row = pick(sheet, rng)
    return change(sheet, row, last_id=int(rng.choice([0, -7]))), [row]


@kind("ids_reversed")
def _reversed(sheet, rng):
    row = pick(sheet, rng)
    first = cell(sheet, row, "last_id") + int(rng.integers(1, 99))
    return change(sheet, row, first_id=first), [row]


@kind("previous_id_late")
def _late(sheet, rng):
    row = pick(sheet, rng)
    late = cell(sheet, row, "last_id") + int(rng.integers(0, 9))
    return change(sheet, row, previous_id=late), [row]


@kind("previous_id_mixed")
def _mixed_rule(sheet, rng):
    row = pick(sheet, rng)
    return change(sheet, row, previous_id=None), [row]


@kind("book_gap")
def _gap(sheet, rng):
    row = pick(sheet, rng, 5)
    rest = np.delete(np.arange(len(sheet)), np.arange(row, row + int(rng.integers(1, 5))))
    return taken(sheet, rest), [row]


@kind("changes_overlap")
def _overlap(sheet, rng):
    row = pick(sheet, rng)
    back = cell(sheet, row - 1, "last_id") - int(rng.integers(1, 5))
    return change(sheet, row, first_id=back, previous_id=back - 1), [row]


@kind("update_back")
def _back(sheet, rng):
    """From some row on, ids begin anew, as after a restart of the venue."""
    row = pick(sheet, rng)
    away = cell(sheet, row, "last_id") // 2
    for name in ("first_id", "last_id", "previous_id"):
        if sheet.has(name):
            values = sheet.raw[name].to_numpy().copy()
            values[row:] -= away
            place = sheet.raw.column_names.index(name)
            sheet = replace(sheet, raw=sheet.raw.set_column(place, name, pa.array(values)))
    return sheet, [row]


@kind("update_repeated")
def _repeated(sheet, rng):
    row = pick(sheet, rng, 5)
    order = np.insert(np.arange(len(sheet)), row + 3, row)
    again = int(sheet.ts[row + 2])
    double = taken(sheet, order)
    return change(double, row + 3, ts=_stamp(again)), [row + 3]


def _stamp(ts):
    return np.datetime64(int(ts), "ms").item().replace(tzinfo=None)


@kind("mixed_stream")
def _mixed(sheet, rng):
    row = pick(sheet, rng)
    away = int(rng.choice([-1, 1])) * int(rng.integers(10**6, 10**9))
    double = taken(sheet, np.insert(np.arange(len(sheet)), row, row))
    ids = {n: cell(sheet, row, n) + away for n in ("first_id", "last_id", "previous_id")}
    return change(double, row, **ids), [row]


def _clock(rule, low, high, column):
    @kind(rule)
    def inject(sheet, rng):
        row, away = pick(sheet, rng), int(rng.integers(low, high))
        at = int(sheet.ts[row]) + away
        value = _stamp(at) if column == "matched" else at * 10**6
        return change(sheet, row, **{column: value}), [row]


_clock("matched_after_event", 1000, 10**7, "matched")
_clock("matched_long_before", -(10**8), -MINUTE, "matched")
_clock("received_early", -(10**8), -MINUTE, "received_ns")
_clock("received_late", 60 * MINUTE, 10**9, "received_ns")


@kind("received_not_ns")
def _unit(sheet, rng):
    row = pick(sheet, rng)
    scale = int(rng.choice([10**3, 10**6, 10**9]))
    return change(sheet, row, received_ns=cell(sheet, row, "received_ns") // scale), [row]


@kind("received_back")
def _received_back(sheet, rng):
    row = pick(sheet, rng)
    at = cell(sheet, row - 1, "received_ns") - int(rng.integers(MINUTE + 1, 10**7)) * 10**6
    return change(sheet, row, received_ns=at), [row]


@kind("before_snapshot")
def _before(sheet, rng):
    row = pick(sheet, rng)
    at, last = int(sheet.ts[row]) + int(rng.integers(MINUTE + 1, 10**7)), sheet.whole("last_id")
    return _with_snapshots(sheet, [at], [int(last[row]) + 1]), list(range(row + 1))


@kind("snapshot_disagrees")
def _disagrees(sheet, rng):
    row, away = pick(sheet, rng), int(rng.integers(10 * MINUTE, 10**8))
    last = int(sheet.whole("last_id")[row])
    early = bool(rng.integers(2))
    at, told = int(sheet.ts[row]), last - 1 if early else last + 1
    return _with_snapshots(sheet, [at + (away if early else -away)], [told]), [row]


def _with_snapshots(sheet, ts, ids):
    times = arrays.column(np.array(ts)).cast(pa.timestamp("ms", "UTC"))
    books = Sheet(pa.table({"ts": times, "last_id": ids}), "book_snapshot")
    return replace(sheet, evidence=replace(sheet.evidence, snapshots=books))


def _off_grid(rule, part, step):
    """A level near the market's price: deep ones may be older than the grid."""

    @kind(rule)
    def inject(sheet, rng):
        usual, side = float(np.nanmedian(sheet.book.best["bid"])), str(rng.choice(SIDES))
        while True:
            row = filled(sheet, rng)
            prices = cell(sheet, row, f"{side}_prices")
            near = [at for at, price in enumerate(prices) if abs(float(price) / usual - 1) < 0.03]
            if near:
                break
        away = Decimal(step) / Decimal(int(rng.choice([2, 4, 10])))
        cells = list(cell(sheet, row, f"{side}_{part}"))
        cells[int(rng.choice(near))] += away
        return change(sheet, row, **{f"{side}_{part}": cells}), [row]


_off_grid("price_off_tick", "prices", "0.1")
_off_grid("quantity_off_lot", "quantities", "0.001")


def grid(ticks):
    """Instruments as evidence: (epoch ms, tick, lot) each."""
    ts, tick, lot = (list(column) for column in zip(*ticks, strict=True))
    times = pa.array(ts, pa.int64()).cast(pa.timestamp("ms", "UTC"))
    return Evidence(instruments=Sheet(pa.table({"ts": times, "tick": tick, "lot": lot})))
