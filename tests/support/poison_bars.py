"""Injectors for prices, volumes and repeats of bars."""

import numpy as np
from support.poison import (
    any_price,
    column,
    kind,
    pick,
    put,
    taken,
    with_cell,
    with_columns,
    with_rows,
)

from xq.lake.poison.sheet import PRICES


def _not_positive(name):
    @kind(f"{name}_not_positive")
    def inject(sheet, rng):
        row = pick(sheet, rng)
        value = float(rng.choice([0.0, -column(sheet, name)[row]]))
        return with_cell(sheet, name, row, value)


for _name in (*PRICES, "price", "quantity"):
    _not_positive(_name)


@kind("high_below_low")
def _upside_down(sheet, rng):
    row = pick(sheet, rng)
    high, low = column(sheet, "high")[row] + 1, column(sheet, "low")[row]
    return with_rows(sheet, [row], high=put(low), low=put(high)), [row]


def _outside(name):
    @kind(f"{name}_outside_range")
    def inject(sheet, rng):
        row = pick(sheet, rng)
        out = {
            "up": column(sheet, "high")[row] * 1.0001,
            "down": column(sheet, "low")[row] * 0.9999,
        }
        return with_cell(sheet, name, row, out[str(rng.choice(["up", "down"]))])


for _name in ("open", "close"):
    _outside(_name)


def _times(sheet, rows, factor):
    return with_rows(sheet, rows, **{name: lambda value: value * factor for name in PRICES})


@kind("open_jump")
def _jump(sheet, rng):
    row = pick(sheet, rng)
    factor = float(rng.choice([rng.uniform(1.7, 3), rng.uniform(0.3, 0.6)]))
    return _times(sheet, list(range(row, len(sheet))), factor), [row]


@kind("wick_up")
def _wick_up(sheet, rng):
    row = pick(sheet, rng)
    return with_rows(sheet, [row], high=lambda high: high * rng.uniform(4.2, 20)), [row]


@kind("wick_down")
def _wick_down(sheet, rng):
    row = pick(sheet, rng)
    return with_rows(sheet, [row], low=lambda low: low * rng.uniform(0.05, 0.38)), [row]


@kind("time_as_price")
def _epoch(sheet, rng):
    row = pick(sheet, rng)
    return with_cell(sheet, any_price(sheet, rng), row, sheet.ts[row] / rng.choice([1, 1000]))


def _scaled(label, factor):
    @kind(f"scaled_{label}")
    def inject(sheet, rng):
        row = pick(sheet, rng)
        return _times(sheet, [row], float(rng.choice([factor, 1 / factor]))), [row]


for _label in ("10", "100", "1e3", "1e4", "1e6", "1e8"):
    _scaled(_label, float(_label))


@kind("inverted")
def _inverted(sheet, rng):
    row = pick(sheet, rng)
    swap = {"high": "low", "low": "high", "open": "open", "close": "close"}
    values = {name: 1 / column(sheet, other)[row] for name, other in swap.items()}
    change = {name: put(value) for name, value in values.items()}
    return with_rows(sheet, [row], **change), [row]


@kind("price_spike")
def _spike(sheet, rng):
    row = pick(sheet, rng)
    factor = float(rng.choice([rng.uniform(2, 7), rng.uniform(0.2, 0.5)]))
    return _times(sheet, [row], factor), [row]


@kind("level_shift")
def _level(sheet, rng):
    row = pick(sheet, rng)
    factor = float(rng.choice([rng.uniform(3, 50), rng.uniform(0.02, 0.33)]))
    return _times(sheet, list(range(row, len(sheet))), factor), [row]


@kind("volume_negative")
def _negative(sheet, rng):
    row = pick(sheet, rng)
    return with_rows(sheet, [row], volume=lambda volume: -volume - 0.1), [row]


@kind("volume_in_quote")
def _in_quote(sheet, rng):
    row = pick(sheet, rng)
    close = column(sheet, "close")[row]
    return with_rows(sheet, [row], volume=lambda volume: volume * close), [row]


@kind("volume_scaled")
def _huge(sheet, rng):
    row = pick(sheet, rng)
    return with_rows(sheet, [row], volume=lambda volume: volume * 1e8 + 1), [row]


@kind("move_without_volume")
def _no_trade(sheet, rng):
    return with_cell(sheet, "volume", pick(sheet, rng), 0.0)


@kind("volume_without_move")
def _flat(sheet, rng):
    row = pick(sheet, rng)
    close = column(sheet, "close")[row]
    change = {name: put(close) for name in PRICES}
    bulky = sheet.usual_volume[row] * rng.uniform(60, 1000)
    return with_rows(sheet, [row], volume=put(bulky), **change), [row]


def _run(sheet, rng, length):
    row = pick(sheet, rng, length)
    return row, list(range(row, row + length))


@kind("long_silence")
def _silence(sheet, rng):
    row, rows = _run(sheet, rng, 120)
    close = column(sheet, "close")[row - 1]
    change = {name: put(close) for name in PRICES}
    return with_rows(sheet, rows, volume=put(0.0), **change), rows


@kind("volume_frozen")
def _same_volume(sheet, rng):
    row, rows = _run(sheet, rng, 6)
    volume = column(sheet, "volume")[row] + 0.5
    return with_rows(sheet, rows, volume=put(volume)), rows


@kind("volume_is_price")
def _price_again(sheet, rng):
    row = pick(sheet, rng)
    return with_cell(sheet, "volume", row, column(sheet, any_price(sheet, rng))[row])


def _average(name, column_name):
    @kind(name)
    def inject(sheet, rng):
        row = pick(sheet, rng)
        factor = float(rng.choice([1.2, 0.8, 1000]))
        return with_rows(sheet, [row], **{column_name: lambda value: value * factor}), [row]


_average("average_outside_range", "quote_volume")
_average("taker_average_outside_range", "taker_quote")


@kind("taker_above_volume")
def _taker(sheet, rng):
    row = pick(sheet, rng)
    volume = column(sheet, "volume")[row]
    return with_cell(sheet, "taker_base", row, float(rng.choice([volume * 1.01, -volume])))


@kind("trade_count_wrong")
def _count(sheet, rng):
    return with_cell(sheet, "trades", pick(sheet, rng), float(rng.choice([0.0, -3.0, 12.5])))


def _copy(sheet, target, source):
    names = [name for name in (*PRICES, "volume") if sheet.has(name)]
    values = {name: column(sheet, name)[source] for name in names}
    change = {name: put(value) for name, value in values.items()}
    return with_rows(sheet, target, **change)


@kind("frozen_bar")
def _frozen(sheet, rng):
    row, rows = _run(sheet, rng, int(rng.integers(1, 6)))
    return _copy(sheet, rows, [row - 1]), rows


@kind("repeated_block")
def _block(sheet, rng):
    length = int(rng.integers(3, 30))
    source = int(rng.integers(0, 100))
    row = int(rng.integers(source + length + 2, len(sheet) - length))
    rows = list(range(row, row + length))
    return _copy(sheet, rows, list(range(source, source + length))), rows


@kind("frozen_price")
def _stuck(sheet, rng):
    row, rows = _run(sheet, rng, 30)
    close = column(sheet, "close")[row]
    return with_rows(sheet, rows, **{name: put(close) for name in PRICES}), rows[1:]


@kind("interpolated")
def _line(sheet, rng):
    length = int(rng.integers(3, 12))
    row, rows = _run(sheet, rng, length)
    after = row + length
    share = np.arange(1, length + 1) / (length + 1)
    change, moved = {}, {}
    for name in PRICES:
        start, stop = column(sheet, name)[[row - 1, after]]
        stop += 7.0 if stop == start else 0.0
        moved[name] = put(stop)
        change[name] = put(start + share * (stop - start))
    return with_rows(with_rows(sheet, [after], **moved), rows, **change), rows


@kind("no_wicks")
def _bare(sheet, rng):
    _, rows = _run(sheet, rng, 40)
    opens, close = column(sheet, "open"), column(sheet, "close")
    opens[rows] += opens[rows] == close[rows]
    high, low = np.maximum(opens, close)[rows], np.minimum(opens, close)[rows]
    moved = with_columns(sheet, open=opens)
    return with_rows(moved, rows, high=put(high), low=put(low)), rows


@kind("side_unknown")
def _side(sheet, rng):
    row = pick(sheet, rng)
    cells = list(sheet.text("side") or ())
    cells[row] = str(rng.choice(["", "BUY", "b", "maker"]))
    return with_columns(sheet, side=cells), [row]


@kind("trades_lost")
def _lost(sheet, rng):
    row = pick(sheet, rng, 5)
    rest = np.delete(np.arange(len(sheet)), np.arange(row, row + int(rng.integers(1, 5))))
    return taken(sheet, rest), [row]


@kind("id_back")
def _id_back(sheet, rng):
    row = pick(sheet, rng)
    return with_rows(sheet, [row], id=lambda number: number - int(rng.integers(2, 9))), [row]


@kind("trade_scaled")
def _trade_scaled(sheet, rng):
    row = pick(sheet, rng)
    factor = 10.0 ** int(rng.choice([-8, -3, -2, -1, 1, 2, 3, 8]))
    return with_rows(sheet, [row], price=lambda price: price * factor), [row]


@kind("trade_spike")
def _trade_spike(sheet, rng):
    row = pick(sheet, rng)
    factor = float(rng.choice([rng.uniform(1.3, 3), rng.uniform(0.3, 0.75)]))
    return with_rows(sheet, [row], price=lambda price: price * factor), [row]
