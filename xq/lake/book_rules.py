"""What every true snapshot and diff of an order book obeys; pure, over columns."""

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xq.lake import arrays
from xq.lake.schema import EXACT

KINDS = ("book_snapshot", "book_diff")
_SIDES = ("bid", "ask")
_ZERO = pa.Array.from_buffers(EXACT, 1, [None, pa.py_buffer(bytes(16))])[0]  # without pandas

Broken = tuple[np.ndarray, str, str]  # mask, rule, format of the message over a row's values


def checks(table: pa.Table, kind: str) -> Iterator[Broken]:
    """Rows of a book that cannot be true, rule by rule."""
    yield from _ids(table, kind)
    snapshot = kind == "book_snapshot"
    for side in _SIDES:
        prices, quantities = (_Flat(table[f"{side}_{part}"]) for part in ("prices", "quantities"))
        uneven = prices.lengths != quantities.lengths
        yield uneven, "sides_uneven", f"{side}s have more prices than quantities, or fewer"
        below = prices.any(pc.less_equal(prices.values, _ZERO))
        yield below, f"{side}_price_not_positive", f"a {side} price is 0 or less"
        bad = pc.less_equal if snapshot else pc.less  # 0 in a diff takes the level away
        wrong = quantities.any(bad(quantities.values, _ZERO))
        yield wrong, f"{side}_quantity_wrong", f"a {side} quantity is {_NOT[snapshot]}"
        for part, name in ((prices, "price"), (quantities, "quantity")):
            yield part.any(part.values.is_null()), "missing_value", f"a {side} {name} is missing"
        if snapshot:
            order = pc.greater_equal if side == "bid" else pc.less_equal
            message = f"{side}s are not sorted from the best on, or repeat a price"
            yield prices.neighbours(order), f"{side}s_unsorted", message
        else:
            twice = prices.neighbours(pc.equal)
            yield twice, f"{side}_repeated", f"a {side} price is named twice"
    if snapshot:
        yield _crossed(table), "book_crossed", "the best bid is not below the best ask"


_NOT = {True: "0 or less", False: "below 0"}


def _ids(table: pa.Table, kind: str) -> Iterator[Broken]:
    last = arrays.numbers(table["last_id"].fill_null(0))
    yield last <= 0, "id_not_positive", "last_id is {last_id}"
    if kind == "book_snapshot":
        return
    first = arrays.numbers(table["first_id"].fill_null(0))
    yield first > last, "ids_reversed", "first_id {first_id} is after last_id {last_id}"
    before = arrays.numbers(table["previous_id"].fill_null(-1))
    known = ~arrays.flags(table["previous_id"])
    message = "previous_id {previous_id} is not before last_id {last_id}"
    yield known & (before >= last), "previous_id_late", message


class _Flat:
    """One list column as its values, and the row of each."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        whole = column.combine_chunks()
        self.rows = len(whole)
        lengths = pc.list_value_length(whole).fill_null(0)
        self.lengths = np.asarray(lengths.to_numpy(zero_copy_only=False))
        self.values = whole.flatten()
        self.owner = np.repeat(np.arange(self.rows), self.lengths)

    def any(self, hit: pa.Array) -> np.ndarray:
        """(n,) bool: rows of which a value is hit."""
        mask = np.zeros(self.rows, dtype=bool)
        mask[self.owner[hit.fill_null(False).to_numpy(zero_copy_only=False)]] = True
        return mask

    def neighbours(self, wrong: Callable[[pa.Array, pa.Array], pa.Array]) -> np.ndarray:
        """(n,) bool: rows in which a value and the next of the same row are wrong together."""
        if len(self.values) < 2:
            return np.zeros(self.rows, dtype=bool)
        tail, head = self.values.slice(1), self.values.slice(0, len(self.values) - 1)
        hit = wrong(tail, head).fill_null(False).to_numpy(zero_copy_only=False)
        same = self.owner[1:] == self.owner[:-1]
        mask = np.zeros(self.rows, dtype=bool)
        mask[self.owner[1:][hit & same]] = True
        return mask


def _crossed(table: pa.Table) -> np.ndarray:
    best = []
    for side in _SIDES:
        prices = table[f"{side}_prices"].combine_chunks()
        some = pc.greater(pc.list_value_length(prices), 0)
        best.append(pc.list_element(pc.if_else(some, prices, pa.scalar([None], prices.type)), 0))
    crossed = pc.greater_equal(best[0], best[1])
    return np.asarray(crossed.fill_null(False).to_numpy(zero_copy_only=False))
