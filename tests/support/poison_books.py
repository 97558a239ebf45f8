"""Injectors for the levels of order books, and true books to spoil."""

from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
from support.poison import kind, pick

from xq.lake.book_rows import tables_of
from xq.lake.books import diffs, snapshots
from xq.lake.formats.recording import read_recording
from xq.lake.rebuild import OrderBook
from xq.lake.schema import kind_of

SIDES = ("bid", "ask")


def recorded_market(path, symbol):
    """Snapshots and changes of one market of a recording."""
    return tables_of(read_recording(path).markets[symbol], str(path))


def rebuilt_snapshots(tables, *, every, levels, count):
    """Snapshots of a recorded market, taken while its changes are applied to its own."""
    [first] = snapshots(tables["book_snapshot"])
    book, rows, seen = OrderBook(first), [], 0
    for diff in diffs(tables["book_diff"]):
        if not book.apply(diff):
            continue
        seen += 1
        if seen % every == 0:
            bids = sorted(book.bids.items(), reverse=True)[:levels]
            asks = sorted(book.asks.items())[:levels]
            rows.append({"ts": diff.ts, "last_id": book.last_id, "matched": diff.ts,
                         "received_ns": (diff.ts + 40) * 10**6,
                         **_sides(bids, asks)})  # fmt: skip
        if len(rows) == count:
            break
    return pa.Table.from_pylist(rows, schema=kind_of("book_snapshot").schema)


def _sides(bids, asks):
    return {
        f"{side}_{part}": [level[place] for level in levels]
        for side, levels in (("bid", bids), ("ask", asks))
        for place, part in enumerate(("prices", "quantities"))
    }


def change(sheet, row, **cells):
    """One row with other cells; levels that are texts make the column one of texts."""
    raw = sheet.raw
    values = raw.slice(row, 1).to_pylist()[0] | cells
    for name, value in cells.items():
        if isinstance(value, list) and any(isinstance(item, str) for item in value):
            place = raw.column_names.index(name)
            raw = raw.set_column(place, name, raw[name].cast(pa.list_(pa.string())))
            values[name] = [None if item is None else str(item) for item in value]
    one = pa.Table.from_pylist([values], schema=raw.schema)
    return replace(sheet, raw=pa.concat_tables([raw.slice(0, row), one, raw.slice(row + 1)]))


def cell(sheet, row, name):
    return sheet.raw[name][row].as_py()


def filled(sheet, rng, least=1):
    """A row whose sides have so many levels."""
    while True:
        row = pick(sheet, rng)
        if all(len(cell(sheet, row, f"{side}_prices")) >= least for side in SIDES):
            return row


def _level(rule, part, other, least=1):
    """One price or quantity of one side changed."""

    @kind(rule)
    def inject(sheet, rng):
        row, side = filled(sheet, rng, least), str(rng.choice(SIDES))
        return spoiled(sheet, rng, row, side, part, other)


def spoiled(sheet, rng, row, side, part, other):
    name = f"{side}_{part}"
    cells = list(cell(sheet, row, name))
    at = int(rng.integers(len(cells)))
    cells[at] = other(cells[at], rng)
    return change(sheet, row, **{name: cells}), [row]


_WORDS = ["NaN", "inf", "-", "1,5", "1e-13", "12345678901234567", "0.1234567890123"]


def _any_part(rule, other):
    @kind(rule)
    def inject(sheet, rng):
        row, side = filled(sheet, rng), str(rng.choice(SIDES))
        return spoiled(sheet, rng, row, side, str(rng.choice(["prices", "quantities"])), other)


_any_part("level_missing", lambda value, rng: None)
_any_part("level_unreadable", lambda value, rng: str(rng.choice(_WORDS)))
_any_part("level_too_large", lambda value, rng: Decimal(int(rng.integers(2, 9)) * 10**15))


@kind("sides_uneven")
def _uneven(sheet, rng):
    row, side = filled(sheet, rng, 2), str(rng.choice(SIDES))
    name = f"{side}_{rng.choice(['prices', 'quantities'])}"
    return change(sheet, row, **{name: cell(sheet, row, name)[:-1]}), [row]


def _below(side):
    @kind(f"{side}_price_not_positive")
    def price(sheet, rng):
        row = filled(sheet, rng)
        return spoiled(sheet, rng, row, side, "prices", lambda v, rng: rng.choice([-v, Decimal(0)]))

    @kind(f"{side}_quantity_wrong")
    def quantity(sheet, rng):
        bad = [Decimal(-1), Decimal(0)] if sheet.kind == "book_snapshot" else [Decimal("-0.5")]
        row = filled(sheet, rng)
        return spoiled(sheet, rng, row, side, "quantities", lambda v, rng: rng.choice(bad))

    @kind(f"{side}s_unsorted")
    def unsorted(sheet, rng):
        row, name = filled(sheet, rng, 3), f"{side}_prices"
        cells = list(cell(sheet, row, name))
        a, b = sorted(rng.choice(len(cells), 2, replace=False))
        cells[a], cells[b] = cells[b], cells[a]
        return change(sheet, row, **{name: cells}), [row]

    @kind(f"{side}_repeated")
    def repeated(sheet, rng):
        row = filled(sheet, rng, 2)
        cells = {}
        prices = list(cell(sheet, row, f"{side}_prices"))
        source, place = int(rng.integers(len(prices))), int(rng.integers(len(prices) + 1))
        for part in ("prices", "quantities"):
            values = list(cell(sheet, row, f"{side}_{part}"))
            values.insert(place, values[source])
            cells[f"{side}_{part}"] = values
        return change(sheet, row, **cells), [row]


for _side in SIDES:
    _below(_side)


def _held(sheet, row, side):
    cells = zip(
        cell(sheet, row, f"{side}_prices"), cell(sheet, row, f"{side}_quantities"), strict=True
    )
    return [price for price, quantity in cells if quantity > 0]


def _with_resting(sheet, rng):
    while True:
        row = pick(sheet, rng)
        if all(_held(sheet, row, side) for side in SIDES):
            return row


@kind("book_crossed")
def _crossed(sheet, rng):
    row = _with_resting(sheet, rng)
    ask = min(_held(sheet, row, "ask"))
    price = ask * rng.choice([Decimal(1), Decimal("1.001")])
    cells = {
        "bid_prices": [price.quantize(ask), *cell(sheet, row, "bid_prices")],
        "bid_quantities": [Decimal(1), *cell(sheet, row, "bid_quantities")],
    }
    return change(sheet, row, **cells), [row]


@kind("book_time_as_price")
def _epoch(sheet, rng):
    row, side = filled(sheet, rng), str(rng.choice(SIDES))
    at = Decimal(int(sheet.ts[row]) // int(rng.choice([1, 1000])))
    return spoiled(sheet, rng, row, side, "prices", lambda v, rng: at)


@kind("side_empty")
def _empty(sheet, rng):
    row, side = pick(sheet, rng), str(rng.choice(SIDES))
    return change(sheet, row, **{f"{side}_prices": [], f"{side}_quantities": []}), [row]


def _times(sheet, row, side, factor):
    name = f"{side}_prices"
    cells = [(price * factor).quantize(Decimal("1e-8")) for price in cell(sheet, row, name)]
    return change(sheet, row, **{name: cells})


@kind("spread_wide")
def _wide(sheet, rng):
    row = pick(sheet, rng)
    return _times(sheet, row, "ask", Decimal(str(round(rng.uniform(1.6, 9), 3)))), [row]


_level("book_overlong_decimals", "prices",
       lambda v, rng: v + Decimal(int(rng.integers(1, 9))) * Decimal("1e-10"))  # fmt: skip


def _moved(sheet, row, factor):
    for side in SIDES:
        sheet = _times(sheet, row, side, factor)
    return sheet, [row]


@kind("book_scaled")
def _scaled(sheet, rng):
    factor = Decimal(10) ** int(rng.choice([-3, -2, -1, 1, 2, 3]))
    return _moved(sheet, _with_resting(sheet, rng), factor)


@kind("book_spike")
def _spike(sheet, rng):
    factor = float(rng.choice([rng.uniform(1.35, 4), rng.uniform(0.2, 0.7)]))
    return _moved(sheet, _with_resting(sheet, rng), Decimal(str(round(factor, 4))))


_LEVELS = [f"{side}_{part}" for side in SIDES for part in ("prices", "quantities")]


@kind("snapshot_frozen")
def _frozen(sheet, rng):
    row, length = pick(sheet, rng, 6), int(rng.integers(2, 6))
    levels = {name: cell(sheet, row, name) for name in _LEVELS}
    for step in range(1, length + 1):
        sheet = change(sheet, row + step, **levels)
    return sheet, list(range(row + 2, row + length + 1))


@kind("snapshot_conflict")
def _conflict(sheet, rng):
    row, other = pick(sheet, rng), int(rng.integers(-8, 0))
    return change(sheet, row, last_id=cell(sheet, row + other, "last_id")), [row]
