"""Ways to vary a saved run that need nothing but what was saved of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.api.runs import SavedRun
from xq.api.workspace import Workspace
from xq.errors import NoData

if TYPE_CHECKING:
    import numpy as np

    from xq.backtest.montecarlo import Outcomes

Tick = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Draw:
    """What is varied, how often, and by which chance.

    Attributes
    ----------
    block
        Mean block length; None chooses.
    tick
        Called after every path that takes long.
    """

    ws: Workspace
    run: SavedRun
    count: int
    block: float | None
    rng: "np.random.Generator"
    tick: Tick


@dataclass(frozen=True, slots=True)
class Paths:
    """What a way of varying a run came to.

    Attributes
    ----------
    observed
        The run's own figures, by name.
    block
        Mean block length used, or None.
    """

    outcomes: "Outcomes"
    observed: dict[str, float]
    block: float | None = None
    notes: tuple[str, ...] = ()


def bootstrap(draw: Draw) -> Paths:
    """Daily returns resampled in blocks."""
    from xq.api.trial_days import trial_days
    from xq.backtest.montecarlo import outcomes, resample

    days = trial_days(draw.ws, draw.run).returns
    if len(days) < 10:
        raise NoData(
            f"resampling needs at least 10 days, found {len(days)}",
            where=f"run {draw.run.run_id}",
            hint="xq backtest --save over a longer range",
        )
    paths, block = resample(days, draw.count, draw.rng, draw.block)
    return Paths(outcomes(paths), _observed(days), block)


def trades(draw: Draw) -> Paths:
    """Round trips drawn one by one, with replacement."""
    from xq.api.trial_days import trial_days
    from xq.backtest.montecarlo import shuffled_trades
    from xq.lake.layout import Dataset
    from xq.lake.reader import Lake

    dataset = Dataset("round_trips", run_id=draw.run.run_id)
    pnl = Lake(draw.ws.lake).table(dataset)["pnl"].to_numpy()
    if len(pnl) < 2:
        raise NoData(
            f"drawing round trips needs at least 2 closed ones, found {len(pnl)}",
            where=f"run {draw.run.run_id}",
            hint=f"xq montecarlo {draw.run.run_id[:8]}",
        )
    note = (
        "round trips drawn one by one forget that losses come together: drawdowns and intervals "
        "are too good; --method bootstrap keeps them"
    )
    found = shuffled_trades(pnl, draw.run.initial_cash, draw.count, draw.rng)
    return Paths(found, _observed(trial_days(draw.ws, draw.run).returns), notes=(note,))


def _observed(days: "np.ndarray") -> dict[str, float]:
    from xq.backtest.montecarlo import outcomes

    found = outcomes(days[None, :])
    return {name: float(getattr(found, name)[0]) for name in found.__slots__}
