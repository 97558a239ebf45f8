"""Datasets of a kind as one lazy Polars frame; bars not stored are made of shorter ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.lake import layout, trust
from xq.lake.layout import Dataset
from xq.lake.schema import kind_of
from xq.timeframe import Timeframe

if TYPE_CHECKING:
    import polars as pl

    from xq.lake.reader import Lake


@dataclass(frozen=True, slots=True)
class Selection:
    """Which datasets; None leaves a name open."""

    exchange: str | None = None
    symbol: str | None = None
    timeframe: str | None = None
    run_id: str | None = None

    def __contains__(self, dataset: Dataset) -> bool:
        names = ("exchange", "symbol", "timeframe", "run_id")
        return all(getattr(self, n) in (None, getattr(dataset, n)) for n in names)


def scan(lake: "Lake", kind: str, chosen: Selection) -> "pl.LazyFrame":
    """See `xq.lake.reader.Lake.scan`."""
    import polars as pl

    found = [item for item in layout.datasets(lake.root, kind) if item in chosen]
    trust.proven_files(lake.root, found)
    frames = []
    for item in found:
        files = [leaf.path for leaf in layout.at_hand(lake.root, item)]
        if files:  # names are ours to read: a root like year=2024/ would confuse Polars
            rows = pl.scan_parquet(files, glob=False, hive_partitioning=False)
            frames.append(rows.with_columns(_names(item)).select(item.spec.columns))
    if chosen.timeframe is not None:
        frames += _made(lake, kind, chosen)
    return pl.concat(frames) if frames else pl.DataFrame(schema=_schema(kind)).lazy()


def _made(lake: "Lake", kind: str, chosen: Selection) -> "Iterator[pl.LazyFrame]":
    """Bars of markets that have only shorter ones; nothing is read before it is asked for."""
    import polars as pl

    bar = Timeframe.parse(str(chosen.timeframe))
    every = Selection(chosen.exchange, chosen.symbol)
    found = [item for item in layout.datasets(lake.root, kind) if item in every]
    for exchange, symbol in dict.fromkeys((str(i.exchange), str(i.symbol)) for i in found):
        if lake.derived_from(exchange, symbol, bar, kind) is None:
            continue
        item = Dataset(kind, exchange, symbol, bar.name)

        def make(item: Dataset = item) -> pl.DataFrame:
            made = pl.DataFrame(lake.table(item)).with_columns(_names(item))
            return made.select(item.spec.columns)

        yield pl.defer(make, schema=_schema(kind))


def _names(dataset: Dataset) -> "list[pl.Expr]":
    import polars as pl

    return [pl.lit(getattr(dataset, name)).alias(name) for name in dataset.spec.partition]


def _schema(kind: str) -> "pl.Schema":
    import polars as pl

    spec = kind_of(kind)
    stored = pl.DataFrame(spec.schema.empty_table()).schema
    texts = dict.fromkeys(spec.partition, pl.String())
    return pl.Schema({name: (stored | texts)[name] for name in spec.columns})
