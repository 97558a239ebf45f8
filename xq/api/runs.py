"""Runs kept in the lake: save, list, show."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xq.api.workspace import Workspace
from xq.clock import iso
from xq.errors import NoData, unknown

if TYPE_CHECKING:
    import pyarrow as pa

    from xq.backtest.result import BacktestResult

MODE = "backtest"


@dataclass(frozen=True, slots=True)
class SavedRun:
    """One line of ``xq runs list``.

    Attributes
    ----------
    ts
        When it was saved first, epoch ms.
    start_ts, end_ts
        Open of the first bar and close of the last, epoch ms.
    """

    ts: int
    run_id: str
    strategy: str
    params: dict[str, Any]
    exchange: str
    symbols: list[str]
    timeframe: str
    start_ts: int
    end_ts: int
    bars: int
    data_hash: str
    initial_cash: float
    metrics: dict[str, Any]


def runs(ws: Workspace, *, strategy: str | None = None) -> list[SavedRun]:
    """Saved backtests, oldest first.

    Raises
    ------
    CorruptFile
        If the lake cannot be read.
    """
    from xq.lake.layout import Dataset, periods
    from xq.lake.reader import Lake

    if not periods(ws.lake, Dataset("runs")):
        return []

    table = Lake(ws.lake).table(Dataset("runs"))
    found = [_saved(row) for row in _plain_times(table).to_pylist() if row["kind"] == MODE]
    return [run for run in found if strategy is None or run.strategy == strategy]


def brief(run: SavedRun) -> dict[str, Any]:
    """A run as one row of a list."""
    keys = ("total_return", "sharpe_ratio", "max_drawdown", "round_trips")
    return {
        "run_id": run.run_id,
        "saved": iso(run.ts),
        "strategy": run.strategy,
        "symbols": " ".join(run.symbols),
        "timeframe": run.timeframe,
        "start": iso(run.start_ts),
        "end": iso(run.end_ts),
        **{key: run.metrics.get(key) for key in keys},
    }


def details(run: SavedRun) -> dict[str, Any]:
    """A run as one object, keys as in ``xq backtest --output json``."""
    return {
        "run_id": run.run_id,
        "strategy": run.strategy,
        "params": run.params,
        "exchange": run.exchange,
        "symbols": run.symbols,
        "timeframe": run.timeframe,
        "start": iso(run.start_ts),
        "end": iso(run.end_ts),
        "bars": run.bars,
        "data_hash": run.data_hash,
        "metrics": run.metrics,
        "saved": iso(run.ts),
    }


def show(ws: Workspace, run_id: str) -> SavedRun:
    """One saved run by its id or the beginning of it; among several the newest.

    Raises
    ------
    NoData
        If no run is saved at all.
    UnknownName
        If none begins like that, or two different ones do.
    """
    saved = runs(ws)
    if not saved:
        raise NoData(
            "no run is saved",
            where=ws.lake_name if "://" in ws.lake_name else str(ws.lake),
            hint="xq backtest --save",
        )
    matching = [run for run in saved if run.run_id.startswith(run_id)]
    ids = {run.run_id for run in matching}
    if len(ids) != 1 or not run_id:
        kind = "run" if not ids else "single run"
        raise unknown(kind, run_id, sorted(ids or {r.run_id for r in saved}), hint="xq runs list")
    return matching[-1]


def save(ws: Workspace, result: "BacktestResult") -> None:
    """Keep a run, its equity, fills and round trips; saving it again changes nothing.

    Raises
    ------
    StorageFailed
        If the disk refuses. The run itself is written last: what is listed is complete.
    """
    import pyarrow as pa

    from xq.api.runs_compare import facts_table
    from xq.lake.layout import Dataset
    from xq.lake.writer import LakeWriter

    known = {run.run_id: run.ts for run in runs(ws)}
    writer = LakeWriter(ws.lake)
    now = ws.clock.now_ms()
    ts = known.get(result.run_id, now)
    for kind, table in (tables_of(result) | {"events": facts_table(result, ts)}).items():
        if table.num_rows:
            writer.upsert(Dataset(kind, run_id=result.run_id), table)
    row = _run_row(result, ts)
    schema = Dataset("runs").spec.schema
    fields = [schema.field(name) for name in row]
    writer.upsert(Dataset("runs"), pa.Table.from_pylist([row], schema=pa.schema(fields)))


def tables_of(result: "BacktestResult") -> "dict[str, pa.Table]":
    """What a run leaves in the lake beside its line in the list, by kind."""
    return {
        "equity": _equity(result),
        "fills": _fills(result),
        "round_trips": _round_trips(result),
    }


def _run_row(result: "BacktestResult", ts: int) -> dict[str, Any]:
    from xq import __version__

    return {
        "ts": ts,
        "run_id": result.run_id,
        "kind": MODE,
        "strategy": result.strategy,
        "params": json.dumps(dict(result.params), sort_keys=True),
        "metrics": json.dumps(result.metrics.as_dict()),
        "mode": MODE,
        "exchange": result.exchange,
        "symbols": list(result.bars.symbols),
        "timeframe": str(result.bars.timeframe),
        "start_ts": result.start_ms,
        "end_ts": result.end_ms,
        "bars": len(result.bars),
        "data_hash": result.data_hash,
        "initial_cash": result.rules.initial_cash,
        "version": __version__,
    }


def _times(values: Any) -> "pa.Array":
    import pyarrow as pa

    return pa.array(values, pa.int64()).cast(pa.timestamp("ms", "UTC"))


def _constant(text: str, length: int) -> "pa.Array":
    import pyarrow as pa

    return pa.repeat(pa.scalar(text), length)


def _equity(result: "BacktestResult") -> "pa.Table":
    import pyarrow as pa

    from xq.metrics.drawdown import drawdowns

    run = result.simulation
    length = len(result.bars)
    return pa.table(
        {
            "ts": _times(result.bars.known_at),
            "equity": run.equity,
            "drawdown": drawdowns(run.equity, run.initial_cash),
            "mode": _constant(MODE, length),
            "exchange": _constant(result.exchange, length),
            "strategy": _constant(result.strategy, length),
        }
    )


def _fills(result: "BacktestResult") -> "pa.Table":
    import pyarrow as pa

    rows = result.fill_rows()
    settle = {
        symbol: symbol.rpartition(":")[2].rpartition("/")[2] for symbol in result.bars.symbols
    }
    return pa.table(
        {
            "ts": _times([row["ts"] for row in rows]),
            "fill_id": [f"{result.run_id}-{k:06d}" for k in range(len(rows))],
            **{
                name: pa.array([row[name] for row in rows], pa.string())
                for name in ("symbol", "side")
            },
            **{
                name: pa.array([row[name] for row in rows], pa.float64())
                for name in ("price", "quantity", "fee", "slippage")
            },
            "fee_asset": pa.array([settle[row["symbol"]] for row in rows], pa.string()),
            "mode": _constant(MODE, len(rows)),
            "exchange": _constant(result.exchange, len(rows)),
            "strategy": _constant(result.strategy, len(rows)),
        }
    )


def _round_trips(result: "BacktestResult") -> "pa.Table":
    import pyarrow as pa

    rows = [row for row in result.round_trip_rows() if row["reason"] != "open"]
    numbers = ("quantity", "entry_price", "exit_price", "pnl", "return", "fee")
    return pa.table(
        {
            "ts": _times([row["entry_ts"] for row in rows]),
            "exit_ts": _times([row["exit_ts"] for row in rows]),
            "symbol": pa.array([row["symbol"] for row in rows], pa.string()),
            "side": pa.array([row["side"] for row in rows], pa.string()),
            "bars": pa.array([row["bars"] for row in rows], pa.int64()),
            **{name: pa.array([row[name] for row in rows], pa.float64()) for name in numbers},
            "mode": _constant(MODE, len(rows)),
            "exchange": _constant(result.exchange, len(rows)),
            "strategy": _constant(result.strategy, len(rows)),
        }
    )


def _plain_times(table: "pa.Table") -> "pa.Table":
    import pyarrow as pa

    for name in ("ts", "start_ts", "end_ts"):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, table[name].cast(pa.int64()))
    return table


def _saved(row: dict[str, Any]) -> SavedRun:
    return SavedRun(
        ts=row["ts"],
        run_id=row["run_id"],
        strategy=row["strategy"],
        params=json.loads(row["params"]),
        exchange=row["exchange"],
        symbols=row["symbols"],
        timeframe=row["timeframe"],
        start_ts=row["start_ts"],
        end_ts=row["end_ts"],
        bars=row["bars"],
        data_hash=row["data_hash"],
        initial_cash=row["initial_cash"],
        metrics=json.loads(row["metrics"]),
    )
