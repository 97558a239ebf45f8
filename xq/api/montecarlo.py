"""Paths that a saved run could have taken instead."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xq.api.montecarlo_paths import Draw, Tick, bootstrap, trades
from xq.api.montecarlo_reruns import jitter, synthetic
from xq.api.runs import show
from xq.api.workspace import Workspace
from xq.errors import UsageError, unknown

if TYPE_CHECKING:
    from xq.backtest.montecarlo import Spread

DEFAULT_PATHS = {"bootstrap": 1000, "trades": 1000, "jitter": 20, "synthetic": 50}
LEAST_PATHS, MOST_PATHS = 2, 100_000
_ENOUGH = 20  # paths, for ends that one in twenty is beyond


@dataclass(frozen=True, slots=True)
class MonteCarloRequest:
    """What to vary.

    Attributes
    ----------
    run_id
        A saved run, or the beginning of its id.
    method
        ``bootstrap`` resamples daily returns in blocks, ``trades`` draws round trips one by one,
        ``jitter`` moves the parameters by up to a tenth, ``synthetic`` invents prices.
    paths
        None takes `DEFAULT_PATHS`.
    block
        Mean block length: days for ``bootstrap``, bars for ``synthetic``; None chooses.
    seed
        Of all that is drawn; None takes the workspace's.
    """

    run_id: str
    method: str = "bootstrap"
    paths: int | None = None
    block: float | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.method not in DEFAULT_PATHS:
            raise unknown("method", self.method, list(DEFAULT_PATHS), hint="xq montecarlo --help")
        if self.paths is not None and not LEAST_PATHS <= self.paths <= MOST_PATHS:
            raise UsageError(
                f"paths must be between {LEAST_PATHS} and {MOST_PATHS:,}, found {self.paths:,}"
            )
        if self.seed is not None and self.seed < 0:
            raise UsageError(f"seed must be at least 0, found {self.seed}")
        if self.block is not None and not 1.0 <= self.block < float("inf"):
            raise UsageError(f"block must be at least 1, found {self.block:g}")
        if self.block is not None and self.method not in ("bootstrap", "synthetic"):
            raise UsageError(
                f"{self.method} has no blocks", hint="--block goes with bootstrap and synthetic"
            )

    @property
    def count(self) -> int:
        """Paths to make."""
        return DEFAULT_PATHS[self.method] if self.paths is None else self.paths


@dataclass(frozen=True, slots=True)
class MonteCarlo:
    """The answer.

    Attributes
    ----------
    paths
        Made; fewer than asked for where the strategy refuses parameters.
    block
        Mean block length used, or None.
    losing
        Share of paths that earn nothing or lose.
    """

    run_id: str
    strategy: str
    method: str
    paths: int
    seed: int
    block: float | None
    losing: float
    spreads: tuple["Spread", ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values; what is not a number is None."""
        figures = {
            row.figure: {
                name: _plain(getattr(row, name)) for name in row.__slots__ if name != "figure"
            }
            for row in self.spreads
        }
        names = ("run_id", "strategy", "method", "paths", "seed", "block", "losing")
        plain = {name: getattr(self, name) for name in names}
        return {**plain, "figures": figures, "notes": list(self.notes)}


def montecarlo(
    ws: Workspace, request: MonteCarloRequest, *, tick: Tick = lambda: None
) -> MonteCarlo:
    """Vary a saved run and tell how far its figures spread.

    Parameters
    ----------
    tick
        Called after every path of ``jitter`` and ``synthetic``.

    Raises
    ------
    NoData
        No such run, too few days or round trips, or its bars are gone.
    UsageError
        A number out of range, or a strategy without numbers to move.
    """
    import numpy as np

    from xq.backtest.montecarlo import spreads

    run = show(ws, request.run_id)
    seed = ws.seed if request.seed is None else request.seed
    draw = Draw(ws, run, request.count, request.block, np.random.default_rng(seed), tick)
    ways = {"bootstrap": bootstrap, "trades": trades, "jitter": jitter, "synthetic": synthetic}
    made = ways[request.method](draw)
    paths = len(made.outcomes.total_return)
    few = f"with {paths} path{'s' * (paths > 1)} the 5 % and 95 % ends are hardly known"
    return MonteCarlo(
        run_id=run.run_id,
        strategy=run.strategy,
        method=request.method,
        paths=paths,
        seed=seed,
        block=made.block,
        losing=float(np.mean(made.outcomes.total_return <= 0.0)),
        spreads=spreads(made.observed, made.outcomes),
        notes=made.notes if paths >= _ENOUGH else (*made.notes, few),
    )


def _plain(value: float) -> float | None:
    return None if value != value else value
