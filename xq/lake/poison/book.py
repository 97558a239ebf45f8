"""Order books row by row: their levels, alone and beside the books around them."""

from collections.abc import Callable

import numpy as np

from xq.lake.poison.levels import SIDES, Book, Levels
from xq.lake.poison.rule import BOOKS, Hits, Rule, Severity
from xq.lake.poison.sheet import Sheet, around

_LARGEST = 1e15
_DECIMALS = 8  # no venue quotes finer
_SPIKE = np.log(1.2)
_SPREAD = 1.5
_AROUND = 8  # changes on each side whose best prices a change is held against
_FROZEN = 3
_DAY_S = 86_400

_Test = Callable[[Levels], np.ndarray]


def _values(test: _Test) -> Callable[[Sheet], Hits]:
    """Rows of which a price or a quantity passes a test, and which column that is."""

    def find(sheet: Sheet) -> Hits:
        mask, which = sheet.nothing(), np.full(len(sheet), "", dtype=object)
        for part, sides in (("price", sheet.book.prices), ("quantity", sheet.book.quantities)):
            for side, levels in sides.items():
                found = levels.any(test(levels)) & ~mask
                which[found] = f"{side} {part}"
                mask |= found
        return Hits(mask, {"what": which})

    return find


def _uneven(sheet: Sheet) -> Hits:
    book = sheet.book
    uneven = [book.prices[side].lengths != book.quantities[side].lengths for side in SIDES]
    return Hits(uneven[0] | uneven[1])


def _price_wrong(side: str) -> Callable[[Sheet], Hits]:
    def find(sheet: Sheet) -> Hits:
        prices = sheet.book.prices[side]
        return Hits(prices.any(prices.numbers <= 0))

    return find


def _quantity_wrong(side: str) -> Callable[[Sheet], Hits]:
    """0 in a change takes the level away."""

    def find(sheet: Sheet) -> Hits:
        quantities = sheet.book.quantities[side]
        value = quantities.numbers
        bad = value <= 0 if sheet.kind == "book_snapshot" else value < 0
        return Hits(quantities.any(bad))

    return find


def _unsorted(side: str) -> Callable[[Sheet], Hits]:
    def find(sheet: Sheet) -> Hits:
        step, owner = sheet.book.prices[side].steps()
        mask = sheet.nothing()
        mask[owner[step > 0 if side == "bid" else step < 0]] = True
        return Hits(mask)

    return find


def _repeated(side: str) -> Callable[[Sheet], Hits]:
    return lambda sheet: Hits(sheet.book.prices[side].repeats())


def _crossed(sheet: Sheet) -> Hits:
    best = sheet.book.best
    return Hits(best["bid"] >= best["ask"], {"bid": best["bid"], "ask": best["ask"]})


def _empty(sheet: Sheet) -> Hits:
    prices = sheet.book.prices
    none = [prices[side].lengths == 0 for side in SIDES]
    which = np.where(none[0], "bids", "asks").astype(object)
    return Hits(none[0] | none[1], {"side": which})


def _wide(sheet: Sheet) -> Hits:
    best = sheet.book.best
    return Hits(best["ask"] > _SPREAD * best["bid"], {"bid": best["bid"], "ask": best["ask"]})


def _overlong(levels: Levels) -> np.ndarray:
    value = levels.numbers
    off = np.abs(value - np.round(value, _DECIMALS)) > 8 * np.spacing(np.abs(value))
    return np.asarray(off & np.isfinite(value))


def _overlong_price(sheet: Sheet) -> Hits:
    prices = sheet.book.prices
    long = [prices[side].any(_overlong(prices[side])) for side in SIDES]
    return Hits(long[0] | long[1])


def _time_as_price(sheet: Sheet) -> Hits:
    mask = sheet.nothing()
    for prices in sheet.book.prices.values():
        seconds = sheet.ts[prices.owner] / 1000
        near = np.abs(prices.numbers - seconds) < _DAY_S
        near |= np.abs(prices.numbers - seconds * 1000) < _DAY_S * 1000
        mask |= prices.any(near & (seconds > 1e9))
    return Hits(mask)


def _away(sheet: Sheet) -> np.ndarray:
    """(n,) how far, in logarithms, the prices lie from those around; NaN if unknown.

    Of a snapshot the middle from the usual one. A change may touch deep levels only: of it, how far
    a bid lies above the lowest asks of the changes around, or an ask below their highest bids.
    """
    book = sheet.book
    if sheet.kind == "book_snapshot":
        return np.asarray(np.abs(np.log(book.mid / around(book.mid))))
    over = np.log(book.best["bid"] / -second_best(-book.best["ask"]))
    under = np.log(second_best(book.best["bid"]) / book.best["ask"])
    return np.asarray(np.fmax(over, under))


def second_best(values: np.ndarray) -> np.ndarray:
    """The second largest of the values around each, without itself: one may be poison too."""
    width = 2 * _AROUND + 1
    if not len(values):
        return values
    padded = np.pad(values, _AROUND, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    others = np.delete(windows, _AROUND, axis=1)
    ranked = np.partition(np.where(np.isnan(others), -np.inf, others), width - 3, axis=1)
    second = ranked[:, width - 3]
    return np.where(np.isfinite(second), second, np.nan)


def _scaled(sheet: Sheet) -> Hits:
    decades = _away(sheet) / np.log(10)
    return Hits((np.abs(decades - np.round(decades)) < 0.1) & (np.round(decades) >= 1))


def _spike(sheet: Sheet) -> Hits:
    away = _away(sheet)
    return Hits(away > _SPIKE, {"times": np.exp(away)})


def _frozen(sheet: Sheet) -> Hits:
    """Snapshots with the levels of those before them, although updates came between."""
    book: Book = sheet.book
    same = sheet.nothing()
    same[1:] = (book.prints[1:] == book.prints[:-1]).all(axis=1)
    same[1:] &= np.diff(book.whole("last_id")) > 0
    long = same.copy()
    for step in range(1, _FROZEN - 1):
        long[step:] &= same[:-step]
        long[:step] = False
    return Hits(long)


def _snapshot_conflict(sheet: Sheet) -> Hits:
    """Two snapshots after one update are one book, as deep as both of them are."""
    book: Book = sheet.book
    last = book.whole("last_id")
    order = np.argsort(last, kind="stable")
    again = last[order][1:] == last[order][:-1]
    own, other = order[1:], order[:-1]
    best = book.best
    differs = (best["bid"][own] != best["bid"][other]) | (best["ask"][own] != best["ask"][other])
    deep = [levels.lengths for levels in book.prices.values()]
    equal = np.all([length[own] == length[other] for length in deep], axis=0)
    differs |= equal & (book.prints[own] != book.prints[other]).any(axis=1)
    mask = sheet.nothing()
    mask[own[again & differs]] = True
    return Hits(mask)


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_SNAPSHOT = ("book_snapshot",)
# What a row shows by itself: these refuse a write.
ALONE = (
    Rule("sides_uneven", "book", "a side has more prices than quantities, or fewer", _ERROR,
         "a side of update {last_id} has more prices than quantities, or fewer", _uneven,
         kinds=BOOKS),
    Rule("level_missing", "book", "a price or quantity of a level is empty", _ERROR,
         "a {what} of update {last_id} is missing", _values(lambda levels: levels.missing),
         kinds=BOOKS),
    Rule("level_unreadable", "book", "a price or quantity is no decimal number of twelve places: "
         "NaN, a word, too many digits", _ERROR,
         "a {what} of update {last_id} is no decimal number that fits",
         _values(lambda levels: levels.unreadable), kinds=BOOKS),
    Rule("level_too_large", "book", "a price or quantity too large for any market", _ERROR,
         "a {what} of update {last_id} is above 1e15",
         _values(lambda levels: levels.numbers > _LARGEST), kinds=BOOKS),
    *(Rule(f"{side}_price_not_positive", "book", f"a {side} price is zero or below", _ERROR,
           f"a {side} price of update {{last_id}} is 0 or less", _price_wrong(side), kinds=BOOKS)
      for side in SIDES),
    *(Rule(f"{side}_quantity_wrong", "book", f"a {side} quantity is below zero, or, in a snapshot, "
           "zero", _ERROR, f"a {side} quantity of update {{last_id}} is too small",
           _quantity_wrong(side), kinds=BOOKS) for side in SIDES),
    *(Rule(f"{side}s_unsorted", "book", f"the {side}s of a snapshot do not begin with the best",
           _ERROR, f"{side}s of update {{last_id}} are not sorted from the best on",
           _unsorted(side), kinds=_SNAPSHOT) for side in SIDES),
    *(Rule(f"{side}_repeated", "book", f"a {side} price is named twice", _ERROR,
           f"a {side} price of update {{last_id}} is named twice", _repeated(side), kinds=BOOKS)
      for side in SIDES),
    Rule("book_crossed", "book", "the best bid is not below the best ask", _ERROR,
         "the best bid {bid} of update {last_id} is not below the best ask {ask}", _crossed,
         kinds=BOOKS),
    Rule("book_time_as_price", "book", "a price is an epoch: the columns slipped", _ERROR,
         "a price of update {last_id} is an epoch", _time_as_price, kinds=BOOKS),
)  # fmt: skip
RULES = (
    *ALONE,
    Rule("side_empty", "book", "a snapshot without bids or without asks", _WARNING,
         "update {last_id} has no {side}", _empty, kinds=_SNAPSHOT),
    Rule("spread_wide", "book", "the best ask is 50 % above the best bid", _WARNING,
         "ask {ask} above bid {bid} at update {last_id}", _wide, kinds=_SNAPSHOT),
    Rule("book_overlong_decimals", "book", "a price finer than 8 decimals: computed, not quoted",
         _WARNING, "a price of update {last_id} has more than 8 decimals", _overlong_price,
         kinds=BOOKS),
    Rule("book_scaled", "book", "prices are a power of ten away from those around", _ERROR,
         "prices of update {last_id} are a power of ten away from those around", _scaled,
         kinds=BOOKS),
    Rule("book_spike", "book", "prices are 20 % away from those around", _WARNING,
         "prices of update {last_id} are {times} times away from those around", _spike,
         kinds=BOOKS),
    Rule("snapshot_frozen", "book", "three snapshots or more with the same levels although "
         "updates came between", _WARNING, "update {last_id} shows the levels of those before",
         _frozen, kinds=_SNAPSHOT),
    Rule("snapshot_conflict", "book", "two snapshots of one update show other levels", _ERROR,
         "another snapshot of update {last_id} has other levels", _snapshot_conflict,
         kinds=_SNAPSHOT),
)  # fmt: skip
