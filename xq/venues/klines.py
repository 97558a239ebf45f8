"""Binance's bars without ccxt in between: the weight of a page, and many pages parsed at once.

ccxt makes a Python list of every bar, which costs more than all the rest of a collect. Here the
text of the pages goes to Arrow's CSV reader as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyarrow import csv

from xq.errors import VenueUnclear

_COLUMNS = [f"c{place}" for place in range(12)]
_TAKEN = _COLUMNS[:6]
_TYPES = {name: pa.float64() for name in _TAKEN} | {"c0": pa.int64()}
_BLOCK = 1 << 26
_SPOT_WEIGHT = 2
# Weight of a page by its limit, from Binance's documents of GET /fapi/v1/klines.
_CONTRACT_WEIGHTS = ((99, 1), (499, 2), (1000, 5), (1500, 10))
_SPOT_PAGE, _CONTRACT_PAGE, _CHEAPEST_PAGE = 1000, 1500, 499


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page of bars.

    Attributes
    ----------
    price
        Of which price: ``ohlcv`` of trades, ``mark`` or ``index``.
    end_ms
        Bars that open before this; None takes whatever follows ``start_ms``.
    """

    price: str
    timeframe: str
    start_ms: int
    end_ms: int | None
    limit: int

    def on_wire(self, market_id: str) -> tuple[str, dict[str, str | int]]:
        """Path and parameters as Binance spells them.

        Examples
        --------
        >>> PageRequest("index", "1h", 0, None, 9).on_wire("BTCUSDT")[0]
        'indexPriceKlines'
        """
        path = _PATHS[self.price]
        asked: dict[str, str | int] = {"pair" if self.price == "index" else "symbol": market_id}
        asked |= {"interval": self.timeframe, "startTime": self.start_ms, "limit": self.limit}
        if self.end_ms is not None:
            asked["endTime"] = self.end_ms - 1
        return path, asked


_PATHS = {"ohlcv": "klines", "mark": "markPriceKlines", "index": "indexPriceKlines"}


def weight(contract: bool, limit: int) -> int:
    """What Binance counts for one page of bars.

    Examples
    --------
    >>> weight(False, 1000), weight(True, 499), weight(True, 1000)
    (2, 2, 5)
    """
    if not contract:
        return _SPOT_WEIGHT
    return next(cost for most, cost in _CONTRACT_WEIGHTS if limit <= most)


def page_size(contract: bool, limited: bool) -> int:
    """Bars per request that bring the most for the allowance, or per request without one.

    Examples
    --------
    >>> page_size(True, limited=True), page_size(True, limited=False), page_size(False, True)
    (499, 1500, 1000)
    """
    if not contract:
        return _SPOT_PAGE
    return _CHEAPEST_PAGE if limited else _CONTRACT_PAGE


def checked(body: str) -> str:
    """The rows of a page, one a line, without the outer brackets; empty for no bars.

    Raises
    ------
    VenueUnclear
        If the text is no list of lists.
    """
    text = body.strip()
    if text == "[]":
        return ""
    if not (text.startswith("[[") and text.endswith("]]")):
        raise VenueUnclear("expected a list of bars")
    if " " in text[:200]:
        text = text.replace(" ", "")
    return text[2:-2].replace("],[", "\n")


def parse(pages: Sequence[str]) -> np.ndarray:
    """Pages that `checked` returned as float64 (n, 6): ts, open, high, low, close, volume.

    Raises
    ------
    VenueUnclear
        If a row has not twelve fields, or one of the first six is no number.

    Examples
    --------
    >>> row = '[60000,"1.5","2","1","1.7","10",119999,"16",3,"5","8","0"]'
    >>> parse([checked(f"[{row}]")]).tolist()
    [[60000.0, 1.5, 2.0, 1.0, 1.7, 10.0]]
    """
    text = "\n".join(page for page in pages if page)
    if not text:
        return np.empty((0, len(_TAKEN)))
    try:
        table = csv.read_csv(
            pa.py_buffer(text.encode()),
            read_options=csv.ReadOptions(
                column_names=_COLUMNS, use_threads=False, block_size=_BLOCK
            ),
            convert_options=csv.ConvertOptions(
                include_columns=_TAKEN, column_types=_TYPES, null_values=[]
            ),
        )
    except pa.ArrowInvalid as error:
        raise VenueUnclear(f"expected bars of twelve fields: {_short(error)}") from None
    block = np.empty((table.num_rows, len(_TAKEN)))
    for place, name in enumerate(_TAKEN):
        block[:, place] = _values(table[name])
    return block


def _values(column: pa.ChunkedArray) -> np.ndarray:
    parts = [np.asarray(chunk.to_numpy(zero_copy_only=True)) for chunk in column.chunks]
    return np.concatenate(parts)


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:120]
