"""Binance's public bulk archive: where its files lie and what their rows mean.

Layout and columns after github.com/binance/binance-public-data. Spot files have no header and
tell time in microseconds since 2025; files of contracts have a header since 2022. Both are seen
in the file, not assumed.
"""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from xq.collect.task import Task
from xq.errors import CorruptFile
from xq.lake import arrays
from xq.lake.schema import TIMESTAMP
from xq.venues.download import Downloads

_BLOCK = 1 << 20
# Unpacked: a month of 1m bars is 6 MiB, a day of the busiest trades 300 MiB.
_LARGEST, _LARGEST_OTHER = {"trades": 1 << 30}, 64 << 20
_BROKEN = (
    zipfile.BadZipFile, zlib.error, pa.ArrowInvalid, EOFError, ValueError, KeyError,
    NotImplementedError, RuntimeError,  # a method or a password that zipfile does not know
)  # fmt: skip
_MICROSECONDS_FROM = 10**14  # as milliseconds this is the year 5138


@dataclass(frozen=True, slots=True)
class _Layout:
    folder: str
    columns: tuple[str, ...]
    taken: tuple[str, ...]
    has_timeframe: bool = True


_BARS = ("ts", "open", "high", "low", "close", "volume", *(f"unused{n}" for n in range(6)))
_LAYOUTS = {
    "ohlcv": _Layout("klines", _BARS, _BARS[:6]),
    "mark": _Layout("markPriceKlines", _BARS, _BARS[:5]),
    "index": _Layout("indexPriceKlines", _BARS, _BARS[:5]),
    "trades": _Layout(
        "aggTrades",
        ("id", "price", "quantity", "first", "last", "ts", "buyer_is_maker", "best"),
        ("id", "price", "quantity", "ts", "buyer_is_maker"),
        has_timeframe=False,
    ),
    "funding": _Layout("fundingRate", ("ts", "hours", "rate"), ("ts", "rate"), has_timeframe=False),
    "open_interest": _Layout(
        "metrics",
        ("ts", "symbol", "quantity", "notional", *(f"unused{n}" for n in range(4))),
        ("ts", "quantity", "notional"),
        has_timeframe=False,
    ),
}
_WHOLE_NUMBERS = ("ts", "id")


class Archive:
    """Files of the bulk archive as rows of the lake.

    Parameters
    ----------
    downloads
        The site; files come from there checked against their checksums.
    """

    def __init__(self, downloads: Downloads) -> None:
        self._downloads = downloads

    def rows(self, task: Task, period: str) -> pa.Table | None:
        """Rows of one file, ``2024-02`` or ``2024-02-29``; None if the archive has no such file.

        Raises
        ------
        CorruptFile
            If the file does not match its checksum or is not what its name says.
        VenueError
            If the archive cannot be asked.
        """
        path = file_path(task, period)
        file = self._downloads.verified(path)
        if file is None:
            return None
        with file:
            try:
                with zipfile.ZipFile(file) as opened:
                    return _table(opened, task.kind)
            except _BROKEN as error:
                reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
                raise CorruptFile(f"not a file of the archive: {reason}", where=path) from error


def file_path(task: Task, period: str) -> str:
    """Where a file lies below the archive's address.

    Examples
    --------
    >>> from xq.lake.ranges import Range; from xq.timeframe import Timeframe
    >>> from xq.types import Symbol
    >>> bars = Timeframe.parse("1m")
    >>> file_path(Task("binance", Symbol("BTC", "USDT"), bars, Range(0, 1), 0), "2024-02")
    'data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-02.zip'
    >>> month = Task("binance", Symbol("BTC", "USDT"), Timeframe.parse("1M"), Range(0, 1), 0)
    >>> file_path(month, "2024-02")
    'data/spot/monthly/klines/BTCUSDT/1mo/BTCUSDT-1mo-2024-02.zip'
    >>> perpetual = Symbol("BTC", "USDT", "USDT")
    >>> file_path(Task("binance", perpetual, bars, Range(0, 1), 0, "trades"), "2024-02-29")
    'data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-02-29.zip'
    """
    layout = _LAYOUTS[task.kind]
    market = "futures/um" if task.symbol.is_contract else "spot"
    span = "daily" if len(period) == len("2024-02-29") else "monthly"
    name = f"{task.symbol.base}{task.symbol.quote}"
    if layout.has_timeframe:
        length = "1mo" if task.timeframe.is_month else task.timeframe.name
        return f"data/{market}/{span}/{layout.folder}/{name}/{length}/{name}-{length}-{period}.zip"
    return f"data/{market}/{span}/{layout.folder}/{name}/{name}-{layout.folder}-{period}.zip"


def _table(opened: zipfile.ZipFile, kind: str) -> pa.Table:
    members = opened.infolist()
    if len(members) != 1:
        raise ValueError(f"expected one file inside, found {len(members)}")
    member, most = members[0], _LARGEST.get(kind, _LARGEST_OTHER)
    # What it says of its size is also all that is ever unpacked of it.
    if member.file_size > most:
        raise ValueError(
            f"expected at most {most >> 20} MiB inside, found {member.file_size:,} bytes"
        )
    with opened.open(member) as content:
        first = content.readline()
        content.seek(0)
        parts = [_rows(kind, batch) for batch in _batches(kind, content, first)]
    return pa.concat_tables(parts).combine_chunks() if parts else _nothing(kind)


def _batches(kind: str, content: IO[bytes], first: bytes) -> Iterator[pa.RecordBatch]:
    layout = _LAYOUTS[kind]
    if not first.strip():
        return
    names = list(layout.columns)[: first.count(b",") + 1]
    with csv.open_csv(
        content,
        read_options=csv.ReadOptions(
            column_names=names,
            skip_rows=0 if first[:1].isdigit() and not _is_header(first) else 1,
            block_size=_BLOCK,
            use_threads=False,
        ),
        convert_options=csv.ConvertOptions(
            include_columns=list(layout.taken),
            column_types={name: _type(kind, name) for name in layout.taken},
            null_values=[],
            true_values=["true", "True"],
            false_values=["false", "False"],
        ),
    ) as reader:
        yield from reader


def _is_header(line: bytes) -> bool:
    return line.split(b",", 1)[0].strip(b'"').isalpha()


def _type(kind: str, name: str) -> pa.DataType:
    if name == "ts" and kind == "open_interest":
        return pa.timestamp("s")
    if name in _WHOLE_NUMBERS:
        return pa.int64()
    return pa.bool_() if name == "buyer_is_maker" else pa.float64()


def _rows(kind: str, batch: pa.RecordBatch) -> pa.Table:
    table = pa.Table.from_batches([batch])
    place = table.schema.get_field_index("ts")
    table = table.set_column(place, "ts", _milliseconds(table["ts"]))
    if kind == "trades":
        sides = pc.if_else(table["buyer_is_maker"], "sell", "buy")  # of the taker
        table = table.drop_columns(["buyer_is_maker"]).append_column("side", sides)
    return table


def _milliseconds(ts: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(ts.type):
        return ts.cast(pa.timestamp("ms")).cast(pa.int64()).cast(TIMESTAMP)
    values = arrays.numbers(ts)
    values = np.where(values >= _MICROSECONDS_FROM, values // 1000, values)
    return pa.chunked_array([arrays.column(values).cast(TIMESTAMP)])


def _nothing(kind: str) -> pa.Table:
    from xq.lake.schema import kind_of

    return kind_of(kind).schema.empty_table()
