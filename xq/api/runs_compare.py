"""What tells two saved runs apart, and whether a saved run comes out again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xq.api.runs import SavedRun, show, tables_of
from xq.api.workspace import Workspace
from xq.errors import NoData

if TYPE_CHECKING:
    import pyarrow as pa

    from xq.backtest.result import BacktestResult

FACTS = "run_facts"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a run: what was saved and what came out now, as hashes of their content."""

    part: str
    saved: str
    again: str
    same: bool


@dataclass(frozen=True, slots=True)
class Verification:
    """A run made again from its facts.

    Attributes
    ----------
    changed
        Names of facts that are not what they were: data, source, versions …
    """

    run_id: str
    parts: tuple[Part, ...]
    changed: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether every byte is what it was."""
        return not self.changed and all(part.same for part in self.parts)


def facts_table(result: "BacktestResult", ts: int) -> "pa.Table":
    """The facts of a run as one row of its events."""
    import pyarrow as pa

    from xq.lake.schema import TIMESTAMP

    return pa.table(
        {
            "ts": pa.array([ts], TIMESTAMP),
            "sequence": [0],
            "name": [FACTS],
            "details": [json.dumps(dict(result.facts), sort_keys=True)],
        }
    )


def facts_of(ws: Workspace, run_id: str) -> dict[str, Any]:
    """Everything that decided the outcome of a saved run.

    Raises
    ------
    NoData
        If it was saved by an xq that did not keep them.
    """
    from xq.lake.layout import Dataset
    from xq.lake.reader import Lake

    rows = Lake(ws.lake).table(Dataset("events", run_id=run_id)).to_pylist()
    for row in rows:
        if row["name"] == FACTS:
            found: dict[str, Any] = json.loads(row["details"])
            return found
    raise NoData(
        f"the facts of run {run_id} were not kept", hint="xq backtest --save keeps them now"
    )


def diff(ws: Workspace, first: str, second: str) -> list[dict[str, Any]]:
    """Facts and figures in which two saved runs differ; empty for the same run.

    Raises
    ------
    NoData, UnknownName
        As `xq.api.runs.show`.
    """
    left, right = (_flat(ws, show(ws, run_id)) for run_id in (first, second))
    names = [*left, *(name for name in right if name not in left)]
    return [
        {"name": name, "first": left.get(name), "second": right.get(name)}
        for name in names
        if left.get(name) != right.get(name)
    ]


def _flat(ws: Workspace, run: SavedRun) -> dict[str, Any]:
    facts = _leaves(facts_of(ws, run.run_id))
    return {"run_id": run.run_id} | facts | _leaves({"metrics": run.metrics})


def _leaves(tree: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """A tree as one level with dotted names."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _leaves(value, f"{before}{name}.")
        else:
            flat[f"{before}{name}"] = value
    return flat


def verify(ws: Workspace, run_id: str) -> Verification:
    """Make a saved run again with its settings and compare every byte of what it left.

    Raises
    ------
    NoData, UnknownName
        As `xq.api.runs.show`.
    DataError, StrategyError
        If the run cannot be made at all any more.
    """
    from xq.lake.hashing import hash_table
    from xq.lake.layout import Dataset
    from xq.lake.reader import Lake

    saved = show(ws, run_id)
    facts = facts_of(ws, saved.run_id)
    result = _again(ws, facts)
    lake, parts = Lake(ws.lake), []
    for kind, table in tables_of(result).items():
        dataset = Dataset(kind, run_id=saved.run_id)
        stored = lake.table(dataset).select(table.column_names)
        table = table.cast(stored.schema).sort_by([(key, "ascending") for key in dataset.spec.key])
        if kind == "fills":  # their ids carry the run's
            stored, table = stored.drop(["fill_id"]), table.drop(["fill_id"])
        parts.append(_part(kind, hash_table(stored), hash_table(table)))
    parts.append(_part("metrics", _hash(saved.metrics), _hash(result.metrics.as_dict())))
    before, after = _leaves(facts), _leaves(json.loads(json.dumps(dict(result.facts))))
    changed = sorted(name for name in before | after if before.get(name) != after.get(name))
    return Verification(saved.run_id, tuple(parts), tuple(changed))


def _hash(values: Mapping[str, Any]) -> str:
    text = json.dumps(dict(values), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _part(name: str, saved: str, again: str) -> Part:
    return Part(name, saved, again, saved == again)


def _again(ws: Workspace, facts: Mapping[str, Any]) -> "BacktestResult":
    from xq.api.backtest import BacktestRequest, simulated
    from xq.api.backtest_inputs import Span
    from xq.config import BacktestConfig

    exchange, *symbols, timeframe = facts["market"]
    settings = BacktestConfig.model_validate(facts["settings"])
    named = ws.config.exchange.model_copy(update={"name": exchange})
    config = ws.config.model_copy(update={"backtest": settings, "exchange": named})
    request = BacktestRequest(facts["strategy"], tuple(symbols), timeframe, params=facts["params"])
    if "latency_ms" in facts:  # a strategy on events
        span = Span(facts["since"], facts["until"])
        request = replace(request, span=span, latency_ms=facts["latency_ms"])
    else:
        deposits = tuple((int(ts), float(amount)) for ts, amount in facts["deposits"])
        span = Span(facts["start"], facts["end"], read_from_ms=facts["read_from"])
        engine = {name: facts[name] for name in ("engine", "decide") if name in facts}
        lives = {symbol: (begin, end) for symbol, (begin, end) in facts.get("universe", {}).items()}
        request = replace(request, span=span, deposits=deposits, lives=lives, **engine)
    return simulated(replace(ws, loaded=replace(ws.loaded, config=config)), request)
