"""What the torture of the lake lets a child process do until it is killed."""

import importlib
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd  # noqa: F401 - pyarrow would import it in every child
import pyarrow as pa
from support import torture_imports
from support.children import Say, fork, heard
from support.lake_damage import plant
from support.torture_venue import HOUR, NAMES, NOW, START, is_hole, values

from xq.clock import ManualClock
from xq.collect.archive import Archive
from xq.collect.donors import Venue
from xq.collect.fetch import Source
from xq.collect.mend import Patient, mend
from xq.collect.run import Ways
from xq.collect.run import collect as bring
from xq.collect.task import Task
from xq.lake import parquet
from xq.lake.compact import compact
from xq.lake.damage import damage_of
from xq.lake.layout import Dataset, datasets
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.lake.remove import remove
from xq.lake.schema import KINDS
from xq.lake.verify import verify
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.clients import Access
from xq.venues.download import Downloads, Site
from xq.venues.registry import profile

H1 = Timeframe.parse("1h")
SYMBOLS = tuple(f"{name}/USDT" for name in NAMES)
CANONICAL, OLDER = parquet._ROW_GROUP, 7  # rows in a group; another xq wrote other files


def dataset(symbol: str) -> Dataset:
    return Dataset("ohlcv", "binance", symbol, "1h")


def bars(
    hours: "range | list[int]", price: float | None = None, symbol: str = SYMBOLS[0]
) -> pa.Table:
    """Bars of a symbol as the venue has them, or all of one price."""
    at = [hour for hour in hours if not is_hole(hour)]
    close = np.array([values(symbol, hour)[3] if price is None else price for hour in at])
    ts = np.array(at, dtype=np.int64) * HOUR + START
    columns = [ts, close, close + 1, close - 1, close, np.ones(len(at))]
    schema = KINDS["ohlcv"].schema
    return pa.Table.from_arrays(
        [pa.array(column).cast(field.type) for column, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


class Worker:
    """Everything a lake is made to do, against one venue and its archive.

    Parameters
    ----------
    url
        Where both listen. Their symbols are asked for here, once for all children.
    """

    def __init__(self, url: str) -> None:
        self._clock = ManualClock(NOW)
        self._market = CcxtMarket(profile("sim", url), self._clock, Access(loopback_only=True))
        self._market.find(Symbol.parse(SYMBOLS[0]))
        self._market.close()  # no child is to inherit a connection
        self._url = url

    def collect(self, root: Path, until: int, say: Say, *, archive: bool = False) -> None:
        """Bring every symbol up to an hour; says which hours each commit has acknowledged."""
        source = Source(self._market, self._market.skips_holes, self._market)
        ways = Ways(source)
        if archive:
            site = Downloads(Site(self._url), self._clock)
            ways = Ways(source, Archive(site), "archive")
        target = Range(START, START + until * HOUR)
        tasks = [Task("binance", Symbol.parse(name), H1, target, NOW) for name in SYMBOLS]
        with _overheard(say):
            for done in bring(ways, root, tasks):
                if done.error is not None:
                    raise done.error

    def repair(self, root: Path, symbol: str, now_ms: int) -> None:
        """What ``xq data repair --symbol`` does."""
        donor = Venue(Ways(Source(self._market, self._market.skips_holes)), "binance")
        sick = dataset(symbol)
        damage = damage_of(Lake(root), sick, now_ms=now_ms)
        if not damage.is_empty:
            done = mend(Patient(root, sick, damage, donor, now_ms))
            if done.refused:
                raise AssertionError(done.refused)

    def bring_in(self, root: Path, given: torture_imports.Given, say: Say) -> None:
        """What ``xq data import`` does; says which hours each commit has acknowledged."""
        with _overheard(say):
            torture_imports.bring(root, given)

    def preload(self, root: Path) -> None:
        """Import what the work imports late, so that no child has to."""

        def everything(say: Say) -> None:
            self.collect(root, 99, lambda _text: None, archive=True)
            for name in torture_imports.LAYOUTS:
                given = torture_imports.written(root.parent, SYMBOLS[0], range(9), name)
                torture_imports.bring(root, given)
            for rows in (OLDER, CANONICAL):
                squeeze(root, rows)
            plant(root, dataset(SYMBOLS[0]), random.Random(1), "poison")
            self.repair(root, SYMBOLS[0], NOW)
            drop(root)
            verify(root, dataset(SYMBOLS[0]))
            for name in list(sys.modules):
                say(name)

        pid, pipe = fork(everything)
        said = heard(pipe)
        if os.waitpid(pid, 0)[1]:
            raise AssertionError(said)
        for name in said:
            if name.partition(".")[0] in ("pyarrow", "xq", "numpy", "pandas", "requests"):
                importlib.import_module(name)


@contextmanager
def _overheard(say: Say) -> Iterator[None]:
    """Every commit of this process says what it has acknowledged, once it has returned."""
    real = LakeWriter.upsert

    def upsert(self: LakeWriter, item: Dataset, table: pa.Table, **options: object) -> object:
        commit = real(self, item, table, **options)
        if len(table) and item.symbol:
            ts = np.asarray(table["ts"].cast(pa.int64()))
            first, last = ((int(at) - START) // HOUR for at in (ts.min(), ts.max()))
            say(f"{item.symbol} {first} {last}")
        return commit

    LakeWriter.upsert = upsert
    try:
        yield
    finally:
        LakeWriter.upsert = real


def squeeze(root: Path, rows_in_group: int) -> None:
    """Compact everything into another layout, as after a change of version."""
    parquet._ROW_GROUP = rows_in_group
    for item in list(datasets(root)):
        compact(root, item)


def recover(root: Path) -> None:
    """What every start does."""
    LakeWriter(root)


def drop(root: Path) -> None:
    """Remove one symbol."""
    remove(root, dataset(SYMBOLS[-1]))
