"""Parquet and CSV as raw tables; a CSV may lack its header, as Binance's dumps do."""

import codecs
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from xq.errors import CorruptFile, NoData
from xq.lake.disk import failed
from xq.lake.rules import Poison

_CHUNK = 1 << 20
_NUMBER = re.compile(r"\s*\"?-?\d+(\.\d*)?\"?\s*")
_KLINES = ("ts", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count",
           "taker_buy_volume", "taker_buy_quote_volume", "ignore")  # fmt: skip
_AGGREGATED = ("id", "price", "quantity", "first_trade_id", "last_trade_id", "ts",
               "is_buyer_maker", "is_best_match")  # fmt: skip
_SINGLE = ("id", "price", "quantity", "quote_qty", "ts", "is_buyer_maker", "is_best_match")
_TEXT = ("ts", "open", "high", "low", "close", "volume", "price", "quantity", "rate", "date",
         "timestamp", "open_time", "time", "qty", "transact_time", "calc_time", "id",
         "last_funding_rate", "is_buyer_maker", "agg_trade_id", "amount")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Raw:
    """Rows as found, and lines that are no rows."""

    table: pa.Table
    bad: tuple[Poison, ...] = ()


def bytes_of(path: Path) -> bytes:
    """The whole file: a disk that refuses is no damaged file, so it is read before it is parsed.

    Raises
    ------
    StorageFailed
        If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise failed(error, path) from error


def parquet_table(path: Path, data: bytes) -> pa.Table:
    """Every row of the bytes of a Parquet file.

    Raises
    ------
    CorruptFile
        If they are no such file.
    """
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(pa.BufferReader(data)).read()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise CorruptFile(f"not a readable Parquet file: {reason}", where=str(path)) from error


def csv_table(given: bytes, kind: str, path: Path) -> Raw:
    """Every row of a CSV file as text cells; ragged lines are told by number.

    Raises
    ------
    CorruptFile
        If it is no UTF-8 text.
    NoData
        If it is empty.
    """
    from pyarrow import csv

    data = io.BytesIO(given)
    head = _first_line(data, path)
    mark = _separator(head)
    cells = [cell.strip('"') for cell in head.split(mark)]
    names = _headless(cells, kind) if _NUMBER.fullmatch(cells[0]) else None
    bad: list[Poison] = []

    def note(row: Any) -> str:
        message = f"{row.actual_columns} cells, expected {row.expected_columns}"
        number = (row.number or len(bad) + 2) - (0 if names else 1)
        bad.append(Poison(number, "ragged", message))
        return "skip"

    known = [name for name in cells if name.strip().lower() in _TEXT]
    text = dict.fromkeys((*_TEXT, *known), pa.string())
    try:
        table = csv.read_csv(
            data,
            read_options=csv.ReadOptions(use_threads=False, column_names=names),
            parse_options=csv.ParseOptions(delimiter=mark, invalid_row_handler=note),
            convert_options=csv.ConvertOptions(
                column_types=text, strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            raise NoData("the file has no rows", where=str(path)) from error
        reason = str(error).splitlines()[0]
        raise CorruptFile(f"not a readable CSV file: {reason}", where=str(path)) from error
    return Raw(table, tuple(bad))


def _first_line(data: io.BytesIO, path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    head = ""
    try:
        while part := data.read(_CHUNK):
            text = decoder.decode(part)
            head = head or text.partition("\n")[0]
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise CorruptFile("neither Parquet nor UTF-8 text", where=str(path)) from error
    data.seek(0)
    return head.strip("\ufeff\r\n ")


def _separator(head: str) -> str:
    r"""What stands between the cells of a line; a comma may also stand inside a number.

    Examples
    --------
    >>> [_separator(line) for line in ("ts,open", "1704067200;42283,58", "ts\topen", "ts")]
    [',', ';', '\t', ',']
    """
    return next((mark for mark in (";", "\t", ",") if mark in head), ",")


def _headless(cells: list[str], kind: str) -> list[str]:
    """Names for the cells of a file without a header line."""
    if kind == "trades":
        single = len(cells) > 5 and not _NUMBER.fullmatch(cells[5])  # whether the maker bought
        known: tuple[str, ...] = _SINGLE if single else _AGGREGATED
    else:
        known = ("ts", "interval_hours", "rate") if kind == "funding" else _KLINES
    return [*known, *(f"column_{n}" for n in range(len(known), len(cells)))][: len(cells)]
