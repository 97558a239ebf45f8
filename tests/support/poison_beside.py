"""Injectors for what only other series can show, and for funding rates."""

from dataclasses import replace

import numpy as np
from support.poison import column, kind, pick, put, taken, with_cell, with_rows

from xq.lake.poison.sheet import FIELDS, PRICES, around, measured
from xq.timeframe import HOUR_MS


def _slightly_off(rule, name):
    @kind(rule)
    def inject(sheet, rng):
        row = pick(sheet, rng)
        away = float(rng.choice([-1, 1])) * 10.0 ** rng.uniform(-4.5, -2)
        value = column(sheet, name)[row] * (1 + away) + (1e-3 if name == "volume" else 0)
        return with_cell(sheet, name, row, value)


for _name in FIELDS:
    for _source in ("finer_", "trades_", ""):
        _slightly_off(f"{_source}{_name}_differs", _name)
for _name in ("rate", "quantity", "notional"):
    _slightly_off(f"{_name}_differs", _name)


@kind("not_in_finer")
def _not_in_finer(sheet, rng):
    row = pick(sheet, rng)
    finer = sheet.evidence.finer
    inside = (finer.ts >= sheet.ts[row]) & (finer.ts < sheet.ts[row] + sheet.bar.ms)
    rest = taken(finer, np.flatnonzero(~inside))
    return replace(sheet, evidence=replace(sheet.evidence, finer=rest)), [row]


def _away(rule, least):
    @kind(rule)
    def inject(sheet, rng):
        row = pick(sheet, rng)
        factor = float(rng.choice([1 + least, 1 / (1 + least)])) ** rng.uniform(1.2, 3)
        name = "close" if sheet.has("close") else "notional"
        return with_rows(sheet, [row], **{name: lambda value: value * factor}), [row]


_away("far_from_mark", 0.12)
_away("far_from_last", 0.12)
_away("far_from_index", 0.06)
_away("far_from_twin", 0.25)


def _other(sheet):
    [other] = sheet.evidence.siblings.values()
    return other


@kind("copied_symbol")
def _copied(sheet, rng):
    row, other = pick(sheet, rng), _other(sheet)
    place = int(np.searchsorted(other.ts, sheet.ts[row]))
    change = {name: put(column(other, name)[place]) for name in measured(sheet.kind)}
    return with_rows(sheet, [row], **change), [row]


@kind("swapped_symbol")
def _swapped(sheet, rng):
    row, other = pick(sheet, rng), _other(sheet)
    place = int(np.searchsorted(other.ts, sheet.ts[row]))
    change = {name: put(column(other, name)[place]) for name in PRICES}
    return with_rows(sheet, [row], **change), [row]


@kind("shifted")
def _shifted(sheet, rng):
    """A stretch holds the values of some bars later, as a wrong time zone makes them."""
    bars, length = int(rng.integers(1, 25)), int(rng.integers(1, 30))
    row = int(rng.integers(30, len(sheet) - length - bars))
    rows = list(range(row, row + length))
    change = {
        n: put(column(sheet, n)[row + bars : row + bars + length]) for n in measured(sheet.kind)
    }
    return with_rows(sheet, rows, **change), rows


@kind("not_in_reference")
def _invented(sheet, rng):
    row = pick(sheet, rng)
    rest = taken(sheet.evidence.reference, np.delete(np.arange(len(sheet)), row))
    return replace(sheet, evidence=replace(sheet.evidence, reference=rest)), [row]


@kind("rate_too_large")
def _rate(sheet, rng):
    return with_cell(
        sheet, "rate", pick(sheet, rng), float(rng.choice([-1, 1]) * rng.uniform(0.05, 9))
    )


@kind("rate_in_percent")
def _percent(sheet, rng):
    row = pick(sheet, rng)
    usual = around(np.abs(column(sheet, "rate")))[row]
    return with_cell(sheet, "rate", row, max(usual * 100, 0.006) * rng.choice([-1, 1]))


@kind("funding_off_hour")
def _off_hour(sheet, rng):
    away = int(rng.integers(90_000, HOUR_MS - 90_000))
    return with_cell(sheet, "ts", (row := pick(sheet, rng)), sheet.ts[row] + away)


@kind("settlement_missing")
def _settlement(sheet, rng):
    row = pick(sheet, rng)
    return taken(sheet, np.delete(np.arange(len(sheet)), row)), [row]
