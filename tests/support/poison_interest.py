"""Injectors for open interest."""

import numpy as np
from support.poison import column, kind, pick, put, with_cell, with_rows

NAMES = ("quantity", "notional")


def _negative(name):
    @kind(f"{name}_negative")
    def inject(sheet, rng):
        row = pick(sheet, rng)
        return with_cell(sheet, name, row, -column(sheet, name)[row])


for _name in NAMES:
    _negative(_name)


@kind("interest_without_value")
def _half(sheet, rng):
    return with_cell(sheet, str(rng.choice(NAMES)), pick(sheet, rng), 0.0)


@kind("interest_swapped")
def _swapped(sheet, rng):
    row = pick(sheet, rng)
    held, value = (put(column(sheet, name)[row]) for name in NAMES)
    return with_rows(sheet, [row], quantity=value, notional=held), [row]


def _times(sheet, rows, factor, names=NAMES):
    return with_rows(sheet, rows, **{name: lambda value: value * factor for name in names})


def _factor(rng, low, high):
    return float(rng.uniform(low, high)) ** int(rng.choice([-1, 1]))


@kind("interest_scaled")
def _scaled(sheet, rng):
    row, power = pick(sheet, rng), int(rng.choice([-8, -3, -1, 1, 2, 6]))
    return _times(sheet, [row], 10.0**power), [row]


@kind("value_scaled")
def _value_scaled(sheet, rng):
    row, power = pick(sheet, rng), int(rng.choice([-8, -3, -1, 1, 2, 6]))
    return _times(sheet, [row], 10.0**power, [str(rng.choice(NAMES))]), [row]


@kind("interest_spike")
def _spike(sheet, rng):
    row = pick(sheet, rng)
    return _times(sheet, [row], _factor(rng, 4.5, 50)), [row]


@kind("value_spike")
def _value_spike(sheet, rng):
    row = pick(sheet, rng)
    return _times(sheet, [row], _factor(rng, 1.6, 9), [str(rng.choice(NAMES))]), [row]


@kind("interest_shift")
def _shift(sheet, rng):
    row = pick(sheet, rng)
    return _times(sheet, list(range(row, len(sheet))), _factor(rng, 5, 50)), [row]


@kind("interest_frozen")
def _frozen(sheet, rng):
    row, length = pick(sheet, rng, 30), int(rng.integers(12, 30))
    rows = list(range(row, row + length))
    change = {name: put(column(sheet, name)[row]) for name in NAMES}
    return with_rows(sheet, rows, **change), rows[1:]


@kind("interest_interpolated")
def _line(sheet, rng):
    length = int(rng.integers(4, 12))
    row = pick(sheet, rng, length)
    rows, share = list(range(row, row + length)), np.arange(1, length + 1) / (length + 1)
    change = {}
    for name in NAMES:
        start, stop = column(sheet, name)[[row - 1, row + length]]
        change[name] = put(start + share * (stop - start))
    return with_rows(sheet, rows, **change), rows
