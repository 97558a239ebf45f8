"""``xq data`` and ``xq sql``: what the lake holds, whether it is sound, and the ways in and out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.workspace import Workspace
from xq.errors import DataError, UsageError
from xq.types import Symbol

if TYPE_CHECKING:
    import pyarrow as pa

    from xq.lake.audit import Finding
    from xq.lake.layout import Dataset

_EXCHANGE = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Stored:
    """One dataset of the lake.

    Attributes
    ----------
    start, end
        First time, and the time after the last: the close of the last bar.
    gaps, missing
        Stretches without rows, before the first too if it was wanted, and the rows absent in them:
        bars, or updates of an order book. None where neither a grid nor ids tell.
    unreadable
        Files that could not be read; their rows are not counted.
    """

    kind: str
    exchange: str | None
    symbol: str | None
    timeframe: str | None
    start: datetime | None
    end: datetime | None
    rows: int
    bytes: int
    gaps: int | None
    missing: int | None
    unreadable: int
    run_id: str | None


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote.

    Attributes
    ----------
    derived_from
        The stored timeframe that the bars were made of; None for rows as stored.
    """

    path: str
    rows: int
    bytes: int
    derived_from: str | None = None


def stored(ws: Workspace, kind: str | None = None) -> list[Stored]:
    """Every dataset of the lake.

    Raises
    ------
    UnknownName
        If there is no such kind.
    """
    from xq.lake.reader import Lake

    return [
        Stored(
            kind=info.dataset.kind,
            exchange=info.dataset.exchange,
            symbol=info.dataset.symbol,
            timeframe=info.dataset.timeframe,
            start=_moment(info.start_ms),
            end=_moment(info.end_ms),
            rows=info.rows,
            bytes=info.bytes,
            gaps=info.gaps,
            missing=info.missing,
            unreadable=info.unreadable,
            run_id=info.dataset.run_id,
        )
        for info in Lake(ws.lake).datasets(kind)
    ]


def check(ws: Workspace, kind: str | None = None) -> Iterator["Finding"]:
    """What is wrong in the lake, as it is found; nothing for a sound one."""
    from xq.lake import audit
    from xq.lake.reader import Lake

    return audit.check(Lake(ws.lake), now_ms=ws.clock.now_ms(), kind=kind)


def export(
    ws: Workspace,
    path: Path,
    *,
    kind: str = "ohlcv",
    exchange: str | None = None,
    symbol: str | None = None,
    timeframe: str | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
    force: bool = False,
) -> ExportReport:
    """Write rows of a market to a Parquet, CSV or JSON-lines file; gaps stay gaps.

    Bars that are not stored are made of shorter stored ones, whole buckets only.

    Raises
    ------
    NoData
        If there are none in the range.
    UsageError
        If the file exists and ``force`` is false, its ending is unknown, or the kind is not of
        a market.
    """
    from xq.lake.derive import finer_stored
    from xq.lake.exporter import write_file
    from xq.lake.reader import Lake

    lake = Lake(ws.lake)
    dataset = series_of(ws, kind, exchange, symbol, timeframe)
    table = lake.table(dataset, since_ms, until_ms)
    if not table.num_rows:
        raise lake.nothing(dataset, since_ms, until_ms)
    size = write_file(table, path, replace=force)
    finer = finer_stored(ws.lake, dataset)
    return ExportReport(str(path), table.num_rows, size, None if finer is None else finer.name)


@contextmanager
def ask(
    ws: Workspace, sql: str, parameters: Mapping[str, str] | None = None
) -> "Iterator[pa.RecordBatchReader]":
    """The answer of one SELECT over the lake, in batches.

    Parameters
    ----------
    parameters
        Values of ``$name`` in the statement: bound, never part of its text.

    Raises
    ------
    UsageError
        If the SQL is wrong or does more than read.
    CorruptFile
        If a file it needs cannot be read.
    """
    from xq.lake.sql import stream

    if not sql.strip():
        raise UsageError("expected a SELECT, found nothing", hint='xq sql "show tables"')
    with stream(ws.lake, sql, parameters or {}) as reader:
        yield reader


def bars_of(
    ws: Workspace, exchange: str | None, symbol: str | None, timeframe: str | None
) -> "Dataset":
    """The dataset that flags and configuration name together."""
    from xq.lake.layout import Dataset
    from xq.timeframe import Timeframe

    name = ws.config.exchange.name if exchange is None else exchange
    if not _EXCHANGE.fullmatch(name):
        raise UsageError(f"expected an exchange like binance, found {name!r}")
    text = ws.config.collect.symbols[0] if symbol is None else symbol
    length = ws.config.collect.timeframe if timeframe is None else timeframe
    return Dataset("ohlcv", name, str(Symbol.parse(text)), Timeframe.parse(length).name)


def series_of(
    ws: Workspace, kind: str, exchange: str | None, symbol: str | None, timeframe: str | None
) -> "Dataset":
    """`bars_of` for any kind of market data.

    Raises
    ------
    UnknownName
        If there is no such kind.
    UsageError
        If it is not of a market, or has no timeframe and one is given.
    """
    from xq.lake.layout import Dataset
    from xq.lake.schema import MARKET, kind_of

    partition = kind_of(kind).partition
    if partition[:2] != MARKET:
        hint = f'xq sql "select * from {kind}" --to FILE.parquet'  # noqa: S608 (a hint)
        raise UsageError(f"expected a kind of market data, found {kind}", hint=hint)
    has_bars = "timeframe" in partition
    if timeframe is not None and not has_bars:
        raise UsageError(f"{kind} has no timeframe, found {timeframe}")
    usual = "5m" if kind == "open_interest" and timeframe is None else timeframe
    like = bars_of(ws, exchange, symbol, usual)
    return Dataset(kind, like.exchange, like.symbol, like.timeframe if has_bars else None)


def fault(findings: "Sequence[Finding]", where: str | None = None) -> DataError:
    """The error that ends a check with findings, of the lake or of a file: how many, all told."""
    count, kinds = sum(item.rows for item in findings), len({item.rule for item in findings})
    listed = sum(item.rows == 1 for item in findings)
    place = "" if where is not None else " in the lake"
    what = "1 fault" if count == 1 else f"{count:,} faults of {kinds} {_plural('kind', kinds)}"
    if listed == count:
        comma = "," if place else ""
        return DataError(f"{what}{place}{comma} listed above", where=where)
    return DataError(
        f"{what}{place}, {listed} of them listed above",
        where=where,
        hint="add --every-row to list all of them",
    )


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


def _moment(ts_ms: int | None) -> datetime | None:
    return None if ts_ms is None else _at(ts_ms)


def _at(ts_ms: int) -> datetime:
    return datetime.fromtimestamp(ts_ms / 1000, UTC)
