"""One order book per row, as arrays: its levels, its best prices, the ids that chain it."""

from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xq.lake import arrays
from xq.lake.poison.cells import whole_column
from xq.lake.schema import EXACT

SIDES = ("bid", "ask")
_FITS = r"^-?\d{1,16}(\.\d{1,12})?$"


class Levels:
    """One list column as its values, and the row of each.

    Attributes
    ----------
    lengths
        (n,) values per row.
    owner
        (m,) the row of each value.
    missing, unreadable
        (m,) bool: values that are null, or no decimal number that fits into twelve places.
    """

    def __init__(self, column: pa.ChunkedArray) -> None:
        whole = column.combine_chunks()
        whole = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
        self.rows = len(whole)
        lengths = pc.list_value_length(whole).fill_null(0)
        self.lengths = np.asarray(lengths.to_numpy(zero_copy_only=False), np.int64)
        self.owner = np.repeat(np.arange(self.rows), self.lengths)
        given = whole.flatten()
        self.missing = _mask(given.is_null())
        self.exact = exact(given)
        self.unreadable = _mask(self.exact.is_null()) & ~self.missing

    @cached_property
    def numbers(self) -> np.ndarray:
        """(m,) float64; NaN where there is none."""
        return arrays.numbers(pa.chunked_array([self.exact.cast(pa.float64()).fill_null(np.nan)]))

    @cached_property
    def codes(self) -> np.ndarray:
        """(m,) int64: the same for the same number, exactly; -1 where there is none."""
        found = self.exact.dictionary_encode().indices.cast(pa.int64()).fill_null(-1)
        return arrays.numbers(pa.chunked_array([found]))

    def any(self, hit: np.ndarray) -> np.ndarray:
        """(n,) bool: rows of which a value is hit."""
        mask = np.zeros(self.rows, dtype=bool)
        mask[self.owner[hit]] = True
        return mask

    def repeats(self) -> np.ndarray:
        """(n,) bool: rows that hold a number twice."""
        known = self.codes >= 0
        owner, codes = self.owner[known], self.codes[known]
        order = np.lexsort((codes, owner))
        owner, codes = owner[order], codes[order]
        mask = np.zeros(self.rows, dtype=bool)
        mask[owner[1:][(owner[1:] == owner[:-1]) & (codes[1:] == codes[:-1])]] = True
        return mask

    def steps(self) -> tuple[np.ndarray, np.ndarray]:
        """How far each value lies above the one before it in its row, and the row of each step."""
        same = self.owner[1:] == self.owner[:-1]
        return np.diff(self.numbers)[same], self.owner[1:][same]


class Book:
    """The columns of ``book_snapshot`` or ``book_diff``, read without trust."""

    def __init__(self, raw: pa.Table) -> None:
        self._raw = raw
        self.prices = {side: Levels(raw[f"{side}_prices"]) for side in SIDES}
        self.quantities = {side: Levels(raw[f"{side}_quantities"]) for side in SIDES}

    @cached_property
    def best(self) -> dict[str, np.ndarray]:
        """(n,) float64 per side: the best price with a quantity; NaN where there is none."""
        return {"bid": self._best("bid", np.fmax), "ask": self._best("ask", np.fmin)}

    @cached_property
    def mid(self) -> np.ndarray:
        """(n,) float64: half way between the best prices."""
        return np.asarray((self.best["bid"] + self.best["ask"]) / 2)

    @cached_property
    def prints(self) -> np.ndarray:
        """(n, 4) float64: sums over each side that differ where levels do."""
        columns = []
        for levels in (*self.prices.values(), *self.quantities.values()):
            first = np.cumsum(levels.lengths) - levels.lengths
            place = np.arange(len(levels.owner)) - first[levels.owner] + 1
            columns.append(np.bincount(levels.owner, levels.numbers * place, self.size))
        return np.column_stack(columns)

    @property
    def size(self) -> int:
        """Rows."""
        return int(self._raw.num_rows)

    def whole(self, name: str) -> np.ndarray:
        """(n,) int64 of a column of whole numbers; 0 where there is none."""
        return whole_column(self._raw[name])

    def known(self, name: str) -> np.ndarray:
        """(n,) bool: where a column has a value; nowhere if there is no such column."""
        if name not in self._raw.column_names:
            return np.zeros(self.size, dtype=bool)
        return ~arrays.flags(self._raw[name])

    def _best(self, side: str, better: np.ufunc) -> np.ndarray:
        prices, quantities = self.prices[side], self.quantities[side]
        even = prices.lengths == quantities.lengths
        owner = prices.owner[even[prices.owner]]
        value = prices.numbers[even[prices.owner]]
        held = (quantities.numbers[even[quantities.owner]] > 0) & np.isfinite(value)
        found = np.full(self.size, np.nan)
        rows, first = np.unique(owner[held], return_index=True)
        if len(rows):
            found[rows] = better.reduceat(value[held], first)
        return found


def exact(values: pa.Array) -> pa.Array:
    """Numbers or texts as decimals of twelve places; null for those that do not fit.

    Examples
    --------
    >>> [str(n) for n in exact(pa.array(["1.50", "NaN", "1e-13"])).to_pylist()]
    ['1.500000000000', 'None', 'None']
    """
    if values.type == EXACT:
        return values
    texts = values.cast(pa.string())
    try:
        return texts.cast(EXACT)
    except pa.ArrowInvalid:
        fits = pc.match_substring_regex(texts, _FITS).fill_null(True)
        plain = pc.if_else(fits, texts, pa.scalar(None, pa.string())).cast(EXACT)
        odd = np.flatnonzero(~_mask(fits)).tolist()
        if not odd:
            return plain
        cells = plain.to_pylist()
        for row in odd:
            cells[row] = _alone(texts[row].as_py())
        return pa.array(cells, EXACT)


def _alone(text: str) -> object:
    try:
        return pa.array([text]).cast(EXACT)[0].as_py()
    except pa.ArrowInvalid:
        return None


def _mask(flags: pa.Array) -> np.ndarray:
    return np.asarray(flags.to_numpy(zero_copy_only=False), dtype=bool)
