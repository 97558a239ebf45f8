"""A run through events as bars of any length: every figure and report of a backtest holds."""

import numpy as np

from xq.backtest.market import MarketRun
from xq.backtest.simulation import Simulation
from xq.bars import Bars
from xq.portfolio.accounting import Fills
from xq.strategy.market_tape import TRADE, Tape
from xq.timeframe import Timeframe


def mids(tape: Tape) -> np.ndarray:
    """(E,) middle of the best quotes, the last known one where the book is unknown."""
    levels = tape.levels
    middle = (tape.books[:, 0] + tape.books[:, 2 * levels]) / 2
    known = np.where(np.isnan(middle), 0, np.arange(len(middle)))
    return np.asarray(middle[np.maximum.accumulate(known)])


def bars_of(tape: Tape, timeframe: Timeframe) -> tuple[Bars, np.ndarray]:
    """Bars of the mid with the traded volume, and the last event of each.

    A bar without an event keeps the mid; its last event is that of the bar before.
    """
    middle = mids(tape)
    first = timeframe.floor(int(tape.ts[0]))
    number = (tape.ts - first) // timeframe.ms
    count = int(number[-1]) + 1
    last = np.searchsorted(number, np.arange(count), side="right") - 1
    opening = np.concatenate([[0], last[:-1]])  # the mid that the bar before left behind
    before, after = middle[opening], middle[last]
    high, low = np.maximum(before, after), np.minimum(before, after)
    np.maximum.at(high, number, middle)
    np.minimum.at(low, number, middle)
    is_trade = tape.kind == TRADE
    volume = np.bincount(number[is_trade], weights=tape.trades[is_trade, 1], minlength=count)
    ts = first + timeframe.ms * np.arange(count)
    fields = {"open": before, "high": high, "low": low, "close": after, "volume": volume}
    return Bars.of(timeframe, [tape.symbol], ts, **{n: v[:, None] for n, v in fields.items()}), last


def simulation_of(run: MarketRun, bars: Bars, last: np.ndarray, initial_cash: float) -> Simulation:
    """The run at each bar's close, its fills in the bars they happened in."""
    ms = bars.timeframe.ms
    row = np.array([(fill.ts - int(bars.ts[0])) // ms for fill in run.fills], dtype=np.int64)
    columns = {name: np.array([getattr(fill, name) for fill in run.fills], dtype=np.float64)
               for name in ("quantity", "price", "fee", "slippage")}  # fmt: skip
    fills = Fills(
        row=row.clip(max=len(bars) - 1),
        symbol=np.zeros(len(run.fills), dtype=np.int64),
        reason=np.array([int(fill.reason) for fill in run.fills], dtype=np.int8),
        **columns,
    )
    paid = np.cumsum(run.funding)[last]
    ruin = None if run.ruin is None else int(np.searchsorted(last, run.ruin))
    return Simulation(
        equity=run.equity[last],
        positions=run.position[last][:, None],
        fills=fills,
        funding=np.diff(paid, prepend=0.0),
        initial_cash=initial_cash,
        ruin_row=ruin,
        engine="events",
    )
