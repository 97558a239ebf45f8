"""What the lake holds, as bars, tables and frames; readers never see half a commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from xq.bars import Bars
from xq.errors import CorruptFile, NoData
from xq.lake import (
    align,
    arrays,
    columns,
    coverage,
    derive,
    hashing,
    hints,
    inventory,
    layout,
    store,
    summary,
)
from xq.lake.align import Gaps
from xq.lake.format import check_format
from xq.lake.layout import Dataset
from xq.lake.ranges import Range, subtract
from xq.lake.rebuild import OrderBook
from xq.lake.trust import Trust
from xq.timeframe import Timeframe

if TYPE_CHECKING:
    import duckdb
    import polars as pl


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """One line of ``xq data ls``.

    Attributes
    ----------
    start_ms, end_ms
        First time and the time after the last: the close of the last bar, or 1 ms after the
        last row. None without rows.
    missing
        Bars that were ever wanted, or updates of an order book, that are absent; None where
        nothing tells how many and beside unreadable files.
    gaps
        Stretches they form; None for kinds whose rows have no grid and no chain, likewise.
    unreadable
        Files that are unreadable or changed, and are not counted.
    """

    dataset: Dataset
    rows: int
    start_ms: int | None
    end_ms: int | None
    bytes: int
    missing: int | None
    gaps: int | None
    unreadable: int = 0


class Lake:
    """Read access to a lake.

    Parameters
    ----------
    root
        Folder of the lake; may be absent, which is an empty lake.

    Raises
    ------
    DataError
        If the lake was written by a newer xq.
    """

    def __init__(self, root: Path) -> None:
        check_format(root)
        self.root = root

    def bars(
        self,
        exchange: str,
        symbols: Sequence[str],
        timeframe: Timeframe | str,
        start_ms: int | None = None,
        end_ms: int | None = None,
        *,
        gaps: Gaps = "refuse",
    ) -> Bars:
        """Bars that open in ``[start_ms, end_ms)``, symbols side by side.

        A symbol without bars of this length gets them from finer stored ones, complete buckets
        only; `derived_from` tells.

        Parameters
        ----------
        start_ms, end_ms
            Epoch ms UTC; None is the first and last stored bar.
        gaps
            ``refuse``: every symbol has every bar, up to both ends of the range, or it fails.
            ``flag``: the union of the symbols' times, NaN where one has no bar.
            ``drop``: only times at which every symbol has a bar.

        Raises
        ------
        UnknownName
            If ``gaps`` is none of the three, or there is no such timeframe.
        NoData
            If a symbol has no bar in the range; the hint brings them.
        DataGap
            If bars are missing and ``gaps`` is ``refuse``.
        CorruptFile
            If a file cannot be read or is not sorted.
        PoisonRows
            If a stored number is NaN or infinite.
        """
        align.refuse_unknown(gaps)
        timeframe = timeframe if isinstance(timeframe, Timeframe) else Timeframe.parse(timeframe)
        asked = [Dataset("ohlcv", exchange, symbol, timeframe.name) for symbol in symbols]
        place = store.of(self.root)
        with place.snapshot():
            place.bring_all(asked, columns.span(start_ms, end_ms))
            blocks = [derive.bar_columns(self.root, item, start_ms, end_ms).bars for item in asked]
        for item, block in zip(asked, blocks, strict=True):
            if not len(block.ts):
                raise self.nothing(item, start_ms, end_ms)
        if gaps == "refuse":
            self._refuse_gaps(asked, blocks, start_ms, end_ms)
        return align.aligned(timeframe, tuple(symbols), blocks, gaps)

    def derived_from(
        self, exchange: str, symbol: str, timeframe: Timeframe, kind: str = "ohlcv"
    ) -> Timeframe | None:
        """The stored timeframe that bars of this length are made of; None if they are stored
        themselves, or cannot be made.
        """
        return derive.finer_stored(self.root, Dataset(kind, exchange, symbol, timeframe.name))

    def table(
        self, dataset: Dataset, start_ms: int | None = None, end_ms: int | None = None
    ) -> pa.Table:
        """Rows of one dataset with ``ts`` in ``[start_ms, end_ms)``, sorted by key.

        Bars that are not stored are made of shorter ones, as in `bars`. No rows is an answer
        here: an empty table.

        Raises
        ------
        CorruptFile
            If a file cannot be read.
        """
        finer = derive.finer_stored(self.root, dataset)
        if finer is not None:
            return derive.table(dataset, finer, start_ms, end_ms, self.stored)
        return self.stored(dataset, start_ms, end_ms)

    def stored(
        self, dataset: Dataset, start_ms: int | None = None, end_ms: int | None = None
    ) -> pa.Table:
        """`table` without bars that would be made of shorter ones."""
        parts = [arrays.no_rows(dataset.spec.schema)]
        with Trust(self.root, dataset) as trust:
            for leaf in columns.leaves_within(self.root, dataset, start_ms, end_ms):
                part = trust.table(leaf)
                rows = columns.rows_within(arrays.times(part["ts"]), start_ms, end_ms)
                parts.append(part.slice(rows.start, rows.stop - rows.start))
        return pa.concat_tables([part.cast(dataset.spec.schema) for part in parts])

    def book(self, exchange: str, symbol: str, at_ms: int) -> OrderBook:
        """The order book of a market at a venue time; see `xq.lake.books.book_at`."""
        from xq.lake.books import book_at

        return book_at(self, exchange, symbol, at_ms)

    def content_hash(
        self, dataset: Dataset, start_ms: int | None = None, end_ms: int | None = None
    ) -> str:
        """Fingerprint of the rows in a range: the same for the same rows in any files."""
        return hashing.hash_table(self.table(dataset, start_ms, end_ms))

    def gaps(
        self, dataset: Dataset, start_ms: int | None = None, end_ms: int | None = None
    ) -> tuple[Range, ...]:
        """Stretches without bars, between the stored bars or in the range asked."""
        bar = dataset.bar
        if bar is None:
            return ()
        stored = inventory.stretches(self.root, dataset, bar)
        if not stored and (start_ms is None or end_ms is None):
            return ()
        first = bar.ceil(stored[0].start_ms if start_ms is None else start_ms)
        last = bar.ceil(stored[-1].end_ms if end_ms is None else end_ms)
        return subtract([Range(first, last)], stored)

    def datasets(self, kind: str | None = None) -> list[DatasetInfo]:
        """Every dataset with at least one file, by kind and path.

        Raises
        ------
        UnknownName
            If there is no such kind.
        """
        with store.of(self.root).snapshot():
            infos = [self._info(item) for item in layout.datasets(self.root, kind)]
        return [info for info in infos if info is not None]

    def scan(
        self,
        kind: str,
        *,
        exchange: str | None = None,
        symbol: str | None = None,
        timeframe: str | None = None,
        run_id: str | None = None,
    ) -> "pl.LazyFrame":
        """A lazy Polars frame over every dataset of a kind that matches, partitions as columns.

        With a ``timeframe``, markets that have no bars of that length get them made of shorter
        ones, as in `bars`; without one every stored length is in it, and nothing is made.
        """
        from xq.lake.frames import Selection, scan

        return scan(self, kind, Selection(exchange, symbol, timeframe, run_id))

    def duckdb(self) -> "duckdb.DuckDBPyConnection":
        """A DuckDB connection with a view for every kind, the as-of views and `resample`.

        The caller closes it. It is an ordinary connection that may do anything DuckDB can. It
        reads the files there are now; what is stored later, the next connection reads. Of
        ASOF joins on several columns, which DuckDB 2.0.0 may answer wrongly, compare one tuple:
        ``ON (a.exchange, a.symbol) = (b.exchange, b.symbol) AND a.ts >= b.ts``.
        """
        from xq.lake.sql import connect

        return connect(self.root)

    def _info(self, dataset: Dataset) -> DatasetInfo | None:
        files = inventory.listing(self.root, dataset)
        if not files:
            return None
        refused = summary.refused(self.root, dataset)
        rows, size, unreadable = 0, 0, len(refused)
        ends: list[int] = []
        sizes = {period: length for period, _, length in files}
        known = inventory.facts(self.root, dataset, sizes)
        for period, path, _ in files:
            size += sizes[period]
            if period in refused:
                continue
            try:
                found = known.get(period) or columns.footer(Path(path))
            except CorruptFile:
                unreadable += 1
                continue
            rows += found.rows
            ends += [found.first_ms, found.last_ms]
        if not ends:
            return DatasetInfo(dataset, 0, None, None, size, None, None, unreadable)
        start, last = min(ends), max(ends)
        end = dataset.bar.end(last) if dataset.bar else last + 1
        missing, stretches = None, None
        if not unreadable:
            missing, stretches = summary.holes(self.root, dataset, Range(start, end), rows)
        return DatasetInfo(dataset, rows, start, end, size, missing, stretches, unreadable)

    def nothing(self, dataset: Dataset, start_ms: int | None, end_ms: int | None) -> NoData:
        """The error when a dataset has no rows in a range; its hint brings them."""
        stored = [
            item.timeframe
            for item in layout.datasets(self.root, dataset.kind)
            if item.timeframe and (item.exchange, item.symbol) == (dataset.exchange, dataset.symbol)
        ]
        made_of = self._made_of(dataset)
        held = self._info(made_of or dataset)
        last_ms = None if held is None else held.end_ms
        return hints.nothing_stored(dataset, start_ms, end_ms, stored, made_of, last_ms)

    def _made_of(self, dataset: Dataset) -> Dataset | None:
        finer = derive.finer_stored(self.root, dataset)
        return None if finer is None else derive.of_length(dataset, finer.name)

    def _refuse_gaps(
        self,
        asked: Sequence[Dataset],
        blocks: Sequence[columns.BarColumns],
        start_ms: int | None,
        end_ms: int | None,
    ) -> None:
        for item, within, found in align.holes_of(asked, blocks, start_ms, end_ms):
            if found:
                made_of = self._made_of(item)
                known: Sequence[Range] = coverage.load(self.root, made_of or item).empty
                if made_of is not None:  # of a bar that lacks a part, the parts are asked for
                    absent = self.gaps(made_of, found[0].start_ms, found[-1].end_ms)
                    known = subtract(found, subtract(absent, known))
                raise hints.bars_missing(item, within, found, known, made_of)
