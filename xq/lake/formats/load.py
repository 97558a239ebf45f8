"""Any file of rows as one raw table with the lake's column names, nothing judged yet."""

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from xq.errors import CorruptFile, NoData
from xq.lake.formats.name import Named
from xq.lake.formats.table import Raw, bytes_of, csv_table, parquet_table
from xq.lake.schema import kind_of

_LARGEST_ZIP = 4 << 30  # bytes unpacked; a day of trades is far below


def load(path: Path, named: Named) -> Raw:
    """The rows of a Parquet, Feather, JSON, CSV file, or of the CSV inside a ZIP.

    Raises
    ------
    NoData
        If there are no rows.
    CorruptFile
        If it is none of these.
    StorageFailed
        If it cannot be read.
    """
    data = bytes_of(path)
    if not data:
        raise NoData("the file is empty, it has no rows", where=str(path))
    if data.startswith(b"PAR1"):
        return renamed(Raw(parquet_table(path, data)), named)
    if path.suffix in (".parquet", ".pq"):
        raise CorruptFile("not a Parquet file", where=str(path))
    if data.startswith((b"ARROW1", b"FEA1")):
        return renamed(Raw(_feather(path, data)), named)
    if data.startswith(b"PK"):
        return renamed(csv_table(_unzipped(path, data), named.kind, path), named)
    if data.startswith(b"\x1f\x8b") or path.name.endswith((".json", ".json.gz")):
        return renamed(Raw(_json(path, data, named)), named)
    return renamed(csv_table(data, named.kind, path), named)


def renamed(raw: Raw, named: Named) -> Raw:
    """The columns under the lake's names, and what follows from them."""
    table = raw.table
    names = _canonical(table.column_names, named.kind)
    if named.kind == "funding":
        names = ["rate" if name in _RATES else name for name in names]
        if "rate" not in names and "open" in names:
            names[names.index("open")] = "rate"  # freqtrade keeps the rate as an open
    if named.kind == "trades":
        names = [_TRADES.get(name, name) for name in names]
    if named.kind == "open_interest":
        names = [_INTEREST.get(name, name) for name in names]
    table = table.rename_columns(names)
    if named.kind == "trades" and "side" not in names and "is_buyer_maker" in names:
        table = table.append_column("side", _sides(table["is_buyer_maker"]))
    return Raw(table, raw.bad)


def _canonical(found: Sequence[str], kind: str) -> list[str]:
    """The lake's names, whatever case or synonym a file has them in; each given once.

    Examples
    --------
    >>> _canonical(["Unix", "Date", "time", "OPEN", "vwap"], "ohlcv")
    ['Unix', 'ts', 'time', 'open', 'vwap']
    """
    own = {name.lower(): name for name in kind_of(kind).schema.names}
    names, taken = list(found), set(found) & set(own.values())
    for at, name in enumerate(found):
        plain = name.strip().lower()
        wanted = own.get(plain) or _ALIASES.get(plain)
        if wanted is not None and wanted not in taken:
            names[at] = wanted
            taken.add(wanted)
    return names


_ALIASES = dict.fromkeys(
    ("date", "datetime", "timestamp", "time", "open_time", "opentime", "open time", "calc_time",
     "transact_time", "fundingtime"), "ts",
) | {"vol": "volume"}  # fmt: skip
_RATES = ("last_funding_rate", "fundingRate", "funding_rate")
_INTEREST = {
    "create_time": "ts", "sum_open_interest": "quantity", "sum_open_interest_value": "notional",
}  # fmt: skip
_TRADES = {"qty": "quantity", "amount": "quantity", "agg_trade_id": "id", "trade_id": "id"}


def _sides(column: pa.ChunkedArray) -> pa.Array:
    """The taker's side: a maker who buys has met a taker who sells."""
    cells = (str(cell).strip().lower() for cell in column.to_pylist())
    return pa.array([{"true": "sell", "false": "buy"}.get(cell) for cell in cells], pa.string())


def _feather(path: Path, data: bytes) -> pa.Table:
    from pyarrow import feather

    try:
        return feather.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise CorruptFile(f"not a readable Feather file: {reason}", where=str(path)) from error


def _unzipped(path: Path, data: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inside = [item for item in archive.infolist() if item.filename.endswith(".csv")]
            if len(inside) != 1:
                raise CorruptFile(
                    f"expected one CSV file inside, found {len(inside)}", where=str(path)
                )
            if inside[0].file_size > _LARGEST_ZIP:
                raise CorruptFile("more than 4 GiB inside", where=str(path))
            return archive.read(inside[0])
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise CorruptFile(f"not a readable ZIP file: {error}", where=str(path)) from error


def _json(path: Path, data: bytes, named: Named) -> pa.Table:
    """Lists of [ms, open, high, low, close, volume], or a list of objects."""
    import gzip

    try:
        rows = json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    except (ValueError, OSError, EOFError) as error:
        raise CorruptFile(f"not a readable JSON file: {error}", where=str(path)) from error
    if not isinstance(rows, list) or not all(isinstance(row, list | dict) for row in rows):
        raise CorruptFile("expected a JSON list of rows", where=str(path))
    if not rows:
        raise NoData("the file has no rows", where=str(path))
    if isinstance(rows[0], dict):
        objects = [row if isinstance(row, dict) else {} for row in rows]
        names = list(dict.fromkeys(name for row in objects for name in row))
        return pa.table({name: _column([row.get(name) for row in objects]) for name in names})
    names = ["ts", "open", "high", "low", "close", "volume"]
    if named.kind == "funding":
        names[1] = "rate"
    cells = [[*row, *[None] * len(names)][: len(names)] for row in map(list, rows)]
    return pa.table({n: _column([row[at] for row in cells]) for at, n in enumerate(names)})


def _column(cells: list[Any]) -> pa.Array:
    try:
        return pa.array(cells)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if cell is None else str(cell) for cell in cells])
