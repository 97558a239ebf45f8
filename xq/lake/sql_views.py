"""The tables of ``xq sql``: a view per kind, what was known when, and coarser bars on read."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from xq.lake import sql_macros
from xq.lake.schema import BARS, KINDS, LATER, MARKET, Kind
from xq.lake.sql_errors import refused

if TYPE_CHECKING:
    import duckdb

_SIGNS = re.compile(r"[*?\[]")
_BARS = "ohlcv"
KNOWN = "ohlcv_known"
AS_OF = "ohlcv_asof"
FEATURES = "ohlcv_features"
BEST = "book_best"


@dataclass(frozen=True, slots=True)
class View:
    """One table a query may name.

    Attributes
    ----------
    select
        Its definition; None for a kind, whose files have to be looked for.
    needs
        Views its definition is built on.
    """

    name: str
    about: str
    select: str | None = None
    needs: tuple[str, ...] = ()


def views() -> dict[str, View]:
    """Every view over a lake, each after those it needs."""
    found = [
        View(kind.name, f"as stored; a row is known at: {kind.known_at}") for kind in KINDS.values()
    ]
    found += [_known_view(kind) for kind in KINDS.values() if _has_known_view(kind)]
    found += [_as_of_view(f"{_BARS}_{kind.name}", (kind,)) for kind in joined_kinds()]
    found += [_as_of_view(AS_OF, joined_kinds()), _features_view(), _best_view()]
    return {view.name: view for view in found}


def create(
    connection: "duckdb.DuckDBPyConnection",
    files: Mapping[str, Sequence[str]],
    wanted: Iterable[str] | None = None,
) -> None:
    """Create the macros and the wanted views, or all, in a connection.

    A view is bound when it is created, which looks at every file of its kind: a question about
    one kind need not pay for the others, nor one about a symbol for other symbols.

    Parameters
    ----------
    files
        Paths by kind, of every kind that a wanted view is built on.
    """
    import duckdb

    wanted = None if wanted is None else set(wanted)
    for macro in sql_macros.BASIC:
        connection.execute(macro).fetchall()
    for view in _chosen(views(), wanted):
        select = view.select or _stored(KINDS[view.name], files.get(view.name, ()))
        try:
            connection.execute(f'CREATE VIEW "{view.name}" AS {select}').fetchall()
        except duckdb.Error as error:
            if refused(str(error)) is not None:
                raise  # the file may be sound
            # One broken file must not take the other kinds away; asking for this one will tell.
            broken = _broken(view.name, str(error))
            connection.execute(f'CREATE VIEW "{view.name}" AS {broken}').fetchall()
    for kind, macro in sql_macros.RESAMPLE.items():
        if wanted is None or kind in wanted:
            connection.execute(macro).fetchall()


def joined_kinds() -> tuple[Kind, ...]:
    """Market data with one row per time, which bars can be joined with."""
    return tuple(
        kind
        for kind in KINDS.values()
        if kind.key == ("ts",) and kind.partition in (MARKET, BARS) and kind.name != _BARS
    )


def known_at(kind: Kind) -> str:
    """The kind's rule of when a row is known, as SQL over its columns.

    Examples
    --------
    >>> [known_at(KINDS[name]) for name in ("ohlcv", "funding", "orders")]
    ['bar_end(timeframe, ts)', 'ts', 'coalesce(updated, ts)']
    """
    if kind.known_at == LATER:
        return "greatest(ts, make_timestamptz(received_ns // 1000))"
    first, _, other = kind.known_at.partition(", else ")
    if other:
        return f"coalesce({first}, {other})"
    return "bar_end(timeframe, ts)" if first == "ts + timeframe" else first


def _chosen(every: dict[str, View], wanted: Iterable[str] | None) -> list[View]:
    if wanted is None:
        return list(every.values())
    needed: set[str] = set()
    queue = [every[name] for name in wanted if name in every]
    while queue:
        view = queue.pop()
        needed.add(view.name)
        queue += [every[name] for name in view.needs]
    return [view for name, view in every.items() if name in needed]


def _stored(kind: Kind, paths: Sequence[str]) -> str:
    if not paths:
        return f"SELECT {_typed(kind, 'NULL')} WHERE false"
    files = ", ".join(text(literal_glob(path)) for path in paths)
    columns = ", ".join(f'"{name}"' for name in kind.columns)
    source = f"read_parquet([{files}], hive_partitioning = true, hive_types_autocast = false)"
    return f"SELECT {columns} FROM {source}"  # noqa: S608 (quoted)


def _has_known_view(kind: Kind) -> bool:
    return kind.partition[:1] == MARKET[:1] and "known_at" not in kind.columns


def _known_view(kind: Kind) -> View:
    select = f'SELECT *, {known_at(kind)} AS known_at FROM main."{kind.name}"'  # noqa: S608
    about = f"{kind.name} with known_at: when a decision could first use the row"
    return View(f"{kind.name}_known", about, select, (kind.name,))


def _as_of_view(name: str, kinds: tuple[Kind, ...]) -> View:
    """Bars, each with the newest row of other kinds that was known when the bar closed."""
    columns, joins, needs = ["b.*"], [], [KNOWN]
    for kind in kinds:
        other = f'"{kind.name}"'
        columns += [f'{other}."{c}" AS "{kind.name}_{c}"' for c in (*_values(kind), "known_at")]
        joins.append(
            f"ASOF LEFT JOIN ({_latest(kind)}) {other} ON b.exchange = {other}.exchange "
            f"AND b.symbol = {other}.symbol AND b.known_at >= {other}.known_at"
        )
        needs.append(f"{kind.name}_known")
    titles = " and ".join(kind.name for kind in kinds)
    about = f"bars, each with the newest {titles} known at its close, and since when"
    select = f"SELECT {', '.join(columns)} FROM main.{KNOWN} b {' '.join(joins)}"  # noqa: S608
    return View(name, about, select, tuple(needs))


def _latest(kind: Kind) -> str:
    """One row per market and time known: of bars that close together, the shortest tells.

    Grouped even where rows are unique: DuckDB 2.0.0 joins wrongly if two keys of both sides are
    the constants that folders make (see `sql_guard`); grouping makes them ordinary columns.
    """
    first = "bar_length(timeframe)" if kind.partition == BARS else "known_at"
    values = ", ".join(f'arg_min_null("{name}", {first}) AS "{name}"' for name in _values(kind))
    return (
        f'SELECT exchange, symbol, known_at, {values} FROM main."{kind.name}_known" '  # noqa: S608
        "GROUP BY exchange, symbol, known_at"
    )


def _features_view() -> View:
    series = "SELECT DISTINCT exchange, symbol, timeframe, name FROM main.features"
    keys = "exchange, symbol, timeframe, name, known_at"
    latest = f"SELECT {keys}, any_value(value) AS value FROM main.features_known GROUP BY {keys}"  # noqa: S608
    select = (
        "SELECT b.*, s.name AS feature, s.timeframe AS feature_timeframe, "  # noqa: S608
        "f.value AS feature_value, f.known_at AS feature_known_at "
        f"FROM main.{KNOWN} b JOIN ({series}) s "
        "ON b.exchange = s.exchange AND b.symbol = s.symbol "
        f"ASOF LEFT JOIN ({latest}) f ON b.exchange = f.exchange "
        "AND b.symbol = f.symbol AND s.timeframe = f.timeframe AND s.name = f.name "
        "AND b.known_at >= f.known_at"
    )
    about = "bars times stored features, each value the newest known at the bar's close"
    return View(FEATURES, about, select, (KNOWN, "features", "features_known"))


def _best_view() -> View:
    best = ", ".join(
        f"{side}_{part}[1] AS {side}_{name}"
        for side in ("bid", "ask")
        for part, name in (("prices", "price"), ("quantities", "quantity"))
    )
    select = (
        f"SELECT exchange, symbol, ts, last_id, {best}, "  # noqa: S608 (ours)
        "ask_prices[1] - bid_prices[1] AS spread, known_at FROM main.book_snapshot_known"
    )
    about = "best bid and ask of every stored snapshot of a book, prices exact"
    return View(BEST, about, select, ("book_snapshot", "book_snapshot_known"))


def _values(kind: Kind) -> list[str]:
    return [name for name in kind.schema.names if name != "ts"]


def _broken(name: str, reason: str) -> str:
    """A view that fails whatever is asked: a filter on constants would never get to its own."""
    kind, failing = KINDS.get(name), f"error({text(reason)})"
    columns = _typed(kind, failing) if kind else f"{failing} AS unreadable"
    return f"SELECT {columns} WHERE {failing} IS NOT NULL"


def _typed(kind: Kind, value: str) -> str:
    texts = [f'CAST({value} AS VARCHAR) AS "{name}"' for name in kind.partition]
    typed = [f'CAST({value} AS {_sql_type(f.type)}) AS "{f.name}"' for f in kind.schema]
    return ", ".join(texts + typed)


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"{_sql_type(kind.value_type)}[]"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP WITH TIME ZONE"
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    names = {pa.float64(): "DOUBLE", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN"}
    return names.get(kind, "VARCHAR")


def text(value: str) -> str:
    """A value as an SQL text."""
    return "'" + value.replace("'", "''") + "'"


def literal_glob(path: str) -> str:
    """A path as a pattern that matches only itself."""
    return _SIGNS.sub(r"[\g<0>]", path)
