"""Every kind of dataset the lake knows: its columns, its key and when its rows are known.

A new kind is one more entry of `KINDS`; the first key column is always ``ts``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa

from xq.errors import unknown

MARKET = ("exchange", "symbol")
BARS = (*MARKET, "timeframe")
RUN = ("run_id",)

TIMESTAMP = pa.timestamp("ms", "UTC")
EXACT = pa.decimal128(28, 12)  # sixteen digits before the point, twelve after it
LATER = "the later of ts and received_ns"


@dataclass(frozen=True, slots=True)
class Kind:
    """What one kind of dataset looks like on disk.

    Attributes
    ----------
    schema
        Columns of the files. Fields that are not nullable must have a value in every row.
    key
        Columns that identify a row and order the file; the first is ``ts``.
    partition
        Folders above the files, outermost first. They are not columns of the files.
    known_at
        When a row may be used by a decision: a rule over its columns.
    leaf
        Time held by one file: ``day``, ``month``, ``year``, or ``timeframe`` to size it by
        the bar length.
    """

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    partition: tuple[str, ...]
    known_at: str
    leaf: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column a query sees: partition folders, then columns of the files."""
        return (*self.partition, *self.schema.names)


def _schema(required: str, optional: str = "") -> pa.Schema:
    fields = [_field(text, nullable=False) for text in required.split()]
    return pa.schema(fields + [_field(text, nullable=True) for text in optional.split()])


def _field(text: str, *, nullable: bool) -> pa.Field:
    name, _, type_name = text.partition(":")
    types = {
        "": pa.float64(),
        "time": TIMESTAMP,
        "text": pa.string(),
        "int": pa.int64(),
        "flag": pa.bool_(),
        "texts": _list(pa.string()),
        "levels": _list(EXACT),
    }
    return pa.field(name, types[type_name], nullable=nullable)


def _list(values: pa.DataType) -> pa.DataType:
    """With the name that Parquet gives to a list's values: rows read back have the same schema,
    and so the same bytes when they are written again.
    """
    return pa.list_(pa.field("element", values))


def _of_run(
    name: str, required: str, optional: str, *, key: tuple[str, ...], known_at: str = "ts"
) -> Kind:
    """What one run left, or one account that is traded."""
    return Kind(
        name, _schema(required, optional), key=key, partition=RUN, known_at=known_at, leaf="year"
    )


_ORIGIN = "mode:text exchange:text strategy:text"

_LEVELS = "bid_prices:levels bid_quantities:levels ask_prices:levels ask_quantities:levels"

_ALL = (
    Kind(
        "ohlcv",
        _schema("ts:time open high low close volume"),
        key=("ts",),
        partition=BARS,
        known_at="ts + timeframe",
        leaf="timeframe",
    ),
    Kind(
        "mark",
        _schema("ts:time open high low close"),
        key=("ts",),
        partition=BARS,
        known_at="ts + timeframe",
        leaf="timeframe",
    ),
    Kind(
        "trades",
        _schema("ts:time id:int price quantity side:text"),
        key=("ts", "id"),
        partition=MARKET,
        known_at="ts",
        leaf="day",
    ),
    Kind(
        "funding",
        _schema("ts:time rate", "mark_price"),
        key=("ts",),
        partition=MARKET,
        known_at="ts",
        leaf="year",
    ),
    Kind(
        "index",
        _schema("ts:time open high low close"),
        key=("ts",),
        partition=BARS,
        known_at="ts + timeframe",
        leaf="timeframe",
    ),
    Kind(
        "open_interest",
        _schema("ts:time quantity notional"),
        key=("ts",),
        partition=BARS,
        known_at="ts + timeframe",
        leaf="timeframe",
    ),
    Kind(
        "book_snapshot",
        _schema(f"ts:time last_id:int {_LEVELS}", "matched:time received_ns:int"),
        key=("ts", "last_id"),
        partition=MARKET,
        known_at=LATER,
        leaf="day",
    ),
    Kind(
        "book_diff",
        _schema(
            f"ts:time first_id:int last_id:int {_LEVELS}",
            "previous_id:int matched:time received_ns:int",
        ),
        key=("ts", "last_id"),
        partition=MARKET,
        known_at=LATER,
        leaf="day",
    ),
    Kind(
        "instruments",
        _schema(
            "ts:time tick lot min_quantity min_notional maker taker filters:text",
            "brackets:text",
        ),
        key=("ts",),
        partition=MARKET,
        known_at="ts",
        leaf="year",
    ),
    Kind(
        "features",
        _schema("ts:time name:text value"),
        key=("ts", "name"),
        partition=BARS,
        known_at="ts + timeframe",
        leaf="timeframe",
    ),
    Kind(
        "feature_definitions",
        _schema(
            "ts:time name:text definition:text indicator:text parameters:text memory:int "
            "version:text data_hash:text start_ts:time end_ts:time bars:int"
        ),
        key=("ts", "name"),
        partition=BARS,
        known_at="ts",
        leaf="year",
    ),
    _of_run(
        "signals",
        "ts:time strategy:text symbol:text timeframe:text target_weight known_at:time",
        "mode:text exchange:text close",
        key=("ts", "strategy", "symbol", "timeframe"),
        known_at="known_at",
    ),
    _of_run(
        "orders",
        "ts:time client_id:text symbol:text side:text type:text quantity status:text",
        f"{_ORIGIN} venue_id:text price stop_price reduce_only:flag filled average_price "
        "fee fee_asset:text updated:time reason:text",
        key=("ts", "client_id"),
        known_at="updated, else ts",
    ),
    _of_run(
        "fills",
        "ts:time fill_id:text symbol:text side:text price quantity",
        f"{_ORIGIN} client_id:text order_id:text fee fee_asset:text slippage maker:flag",
        key=("ts", "fill_id"),
    ),
    _of_run(
        "equity",
        "ts:time equity",
        f"{_ORIGIN} cash position notional drawdown",
        key=("ts",),
    ),
    _of_run(
        "positions",
        "ts:time symbol:text quantity",
        f"{_ORIGIN} entry_price mark_price unrealized_pnl leverage liquidation_price",
        key=("ts", "symbol"),
    ),
    _of_run(
        "cash_flows",
        "ts:time kind:text venue_id:text asset:text amount external:flag",
        f"{_ORIGIN} symbol:text",
        key=("ts", "kind", "venue_id", "asset"),
    ),
    _of_run(
        "round_trips",
        "ts:time symbol:text side:text quantity entry_price exit_price pnl",
        f"{_ORIGIN} exit_ts:time return fee slippage funding bars:int",
        key=("ts", "symbol", "side"),
        known_at="exit_ts",
    ),
    _of_run(
        "risk_events",
        "ts:time sequence:int name:text",
        f"{_ORIGIN} symbol:text message:text switch:text action:text reading threshold "
        "client_id:text who:text",
        key=("ts", "sequence"),
    ),
    _of_run(
        "events",
        "ts:time sequence:int name:text",
        f"{_ORIGIN} symbol:text message:text details:text",
        key=("ts", "sequence"),
    ),
    Kind(
        "quarantine",
        _schema(
            "ts:time dataset:text source:text line:int rule:text reason:text",
            "cells:text quarantined:time",
        ),
        key=("ts", "dataset", "source", "line", "rule", "reason"),
        partition=(),
        known_at="quarantined",
        leaf="year",
    ),
    Kind(
        "runs",
        _schema(
            "ts:time run_id:text kind:text strategy:text params:text metrics:text",
            "mode:text exchange:text symbols:texts timeframe:text start_ts:time end_ts:time "
            "bars:int data_hash:text initial_cash seed:int version:text",
        ),
        key=("ts", "run_id"),
        partition=(),
        known_at="ts",
        leaf="year",
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})


def is_levels(kind: pa.DataType) -> bool:
    """Whether a column holds one side of a book: lists of exact prices or quantities."""
    return bool(pa.types.is_list(kind) and pa.types.is_decimal(kind.value_type))


def kind_of(name: str) -> Kind:
    """The kind of that name.

    Raises
    ------
    UnknownName
        If the lake has no such kind.

    Examples
    --------
    >>> kind_of("ohlcv").key, kind_of("ohlcv").known_at
    (('ts',), 'ts + timeframe')
    """
    if name not in KINDS:
        raise unknown("kind of dataset", name, KINDS, hint="xq data ls")
    return KINDS[name]
