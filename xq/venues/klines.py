"""Binance's bars without ccxt in between: the weight of a page, and its bytes as numbers.

ccxt makes a Python list of every bar, which costs more than all the rest of a collect. Here the
bytes go to Arrow's CSV reader, which lets other threads run meanwhile; several pages at once, since
every call costs too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from pyarrow import csv

from xq.errors import VenueUnclear

# "[[1,2],[3,4]]" without its opening brackets and quotes, and with each closing one as a line's
# end, is CSV whose rows begin with a comma.
_LINES, _IGNORED = bytes.maketrans(b"]", b"\n"), b'[" '
_COLUMNS = ["comma", *(f"c{place}" for place in range(12))]
_TAKEN = _COLUMNS[1:7]
_TYPES = {name: pa.float64() for name in _TAKEN} | {"c0": pa.int64()}
_READ = csv.ReadOptions(column_names=_COLUMNS, use_threads=False, block_size=1 << 24)
_PARSE = csv.ParseOptions(quote_char=False)
_CONVERT = csv.ConvertOptions(include_columns=_TAKEN, column_types=_TYPES, null_values=[])
# Pages as Binance writes them need less: with quotes as separators and each closing bracket as a
# line's end, a row is two brackets or comma and bracket, time, comma; then number, comma, number …
_QUOTED, _COMMAS = ("c1", "c3", "c5", "c7", "c9"), ("c2", "c4", "c6", "c8")
_HEAD = 16  # bytes before the first quote, with a time of 13 digits: the years 2001 to 2286
_HEAD_TYPES = {"c0": pa.binary(_HEAD)} | dict.fromkeys(_COMMAS, pa.binary(1))
_FAST_READ = csv.ReadOptions(
    column_names=[f"c{place}" for place in range(19)], use_threads=False, block_size=1 << 24
)
_FAST_PARSE = csv.ParseOptions(delimiter='"', quote_char=False)
_FAST_CONVERT = csv.ConvertOptions(
    include_columns=["c0", *_QUOTED, *_COMMAS],
    column_types=_HEAD_TYPES | dict.fromkeys(_QUOTED, pa.float64()),
    null_values=[],
)
_NONE = b"[]"
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


@dataclass(frozen=True, slots=True)
class RawPage:
    """A page of bars as it came.

    Attributes
    ----------
    text
        Begins and ends as a list of bars; what is between them shows when it is parsed.
    last_ms
        When the last of them opens; None if there is none.
    """

    text: bytes
    last_ms: int | None

    @classmethod
    def of(cls, body: bytes) -> Self:
        """Look at the edges of a page.

        Raises
        ------
        VenueUnclear
            If they are not those of a list of bars.

        Examples
        --------
        >>> RawPage.of(b'[[60000,"1.5"],[120000,"1.7"]]').last_ms
        120000
        """
        text = _listed(body)
        if text == _NONE:
            return cls(text, None)
        start = text.rindex(b"[") + 1
        last = text[start : text.find(b",", start)]
        if not last.isdigit():
            raise VenueUnclear("expected bars that begin with their time")
        return cls(text, int(last))


def _listed(body: bytes) -> bytes:
    """A body that begins and ends as a list of bars."""
    text = body.strip()
    if text != _NONE and not (text.startswith(b"[[") and text.endswith(b"]]")):
        raise VenueUnclear("expected a list of bars")
    return text


def parse_all(pages: Sequence[RawPage]) -> np.ndarray:
    """Several pages as `parse` returns each, one after the other, in whatever order their rows are.

    Raises
    ------
    VenueUnclear
        As `parse`.

    Examples
    --------
    >>> row = b'[1700000000000,"1.5","2","1","1.7","10",1700000059999,"16",3,"5","8","0"]'
    >>> parse_all([RawPage.of(b"[" + row + b"]")] * 2)[:, :2].tolist()
    [[1700000000000.0, 1.5], [1700000000000.0, 1.5]]
    """
    texts = [page.text for page in pages if page.last_ms is not None]
    block = _quoted(texts) if texts else None
    if block is None:  # not as Binance writes them, or no bars at all
        return np.concatenate([np.empty((0, len(_TAKEN))), *(parse(text) for text in texts)])
    return block


def _quoted(texts: Sequence[bytes]) -> np.ndarray | None:
    """Pages whose times have 13 digits and whose numbers are quoted; None if they are others."""
    whole = b"".join(texts).replace(b"]", b"\n")
    try:
        table = csv.read_csv(
            pa.py_buffer(whole),
            read_options=_FAST_READ,
            parse_options=_FAST_PARSE,
            convert_options=_FAST_CONVERT,
        )
    except pa.ArrowInvalid:
        return None
    rows = table.num_rows
    heads, *others = (_raw(table, name) for name in ("c0", *_COMMAS))
    heads = heads.reshape(rows, _HEAD)
    digits = heads[:, 2:-1] - ord("0")  # below "0" wraps round to more than 9
    odd = [
        digits.max(initial=0) > 9,
        not ((heads[:, 0] == ord("[")) | (heads[:, 0] == ord(","))).all(),
        (heads[:, 1] != ord("[")).any(),
        *((commas != ord(",")).any() for commas in (heads[:, -1], *others)),
    ]
    if any(odd):
        return None
    block = np.empty((rows, len(_TAKEN)))
    block[:, 0] = _numbers(digits)
    for place, name in enumerate(_QUOTED, start=1):
        block[:, place] = _raw(table, name).view(np.float64)
    return block


def _numbers(digits: np.ndarray) -> np.ndarray:
    """(n, k) digits as n numbers; a product of matrices would wake the threads of BLAS."""
    total = digits[:, 0].astype(np.float64)
    for place in range(1, digits.shape[1]):
        total *= 10
        total += digits[:, place]
    return total


def _raw(table: pa.Table, name: str) -> np.ndarray:
    """A column's bytes; Arrow's own to_numpy would import pandas."""
    column = table[name]
    width = column.type.bit_width // 8
    parts = [
        np.frombuffer(part.buffers()[1], np.uint8, len(part) * width, part.offset * width)
        for part in column.chunks
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def parse(body: bytes) -> np.ndarray:
    """A page as float64 (n, 6), oldest first: ts, open, high, low, close, volume.

    Raises
    ------
    VenueUnclear
        If it is no list of lists of twelve fields, or one of the first six is no number.

    Examples
    --------
    >>> parse(b'[[60000,"1.5","2","1","1.7","10",119999,"16",3,"5","8","0"]]').tolist()
    [[60000.0, 1.5, 2.0, 1.0, 1.7, 10.0]]
    >>> parse(b"[]").shape
    (0, 6)
    """
    text = _listed(body)
    if text == _NONE:
        return np.empty((0, len(_TAKEN)))
    try:
        table = csv.read_csv(
            pa.py_buffer(b"," + text[:-1].translate(_LINES, _IGNORED)),
            read_options=_READ,
            parse_options=_PARSE,
            convert_options=_CONVERT,
        )
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0][:120]
        raise VenueUnclear(f"expected bars of twelve fields: {reason}") from None
    block = np.empty((table.num_rows, len(_TAKEN)))
    at = 0
    for batch in table.to_batches():
        rows = slice(at, at + batch.num_rows)
        for place, column in enumerate(batch.columns):
            values = column.buffers()[1]  # Arrow's own to_numpy would import pandas
            kind = np.float64 if place else np.int64
            block[rows, place] = np.frombuffer(values, kind, batch.num_rows, column.offset * 8)
        at += batch.num_rows
    ts = block[:, 0]  # who asks for the next page begins after the last row of this one
    return block if (ts[1:] >= ts[:-1]).all() else block[ts.argsort(kind="stable")]
