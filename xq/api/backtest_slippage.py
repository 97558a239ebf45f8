"""Slippage measured from data, and its coefficient from own fills."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.api.backtest_inputs import Market
from xq.api.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np

    from xq.backtest.conditions import Frictions
    from xq.bars import Bars
    from xq.lake.reader import Lake
    from xq.portfolio.slippage_fit import Fit

OLDEST_BOOK_MS = 86_400_000


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Slippage of every bar; None is the fixed rate of the costs.

    Attributes
    ----------
    told
        The model and what it rests on, for people.
    """

    frictions: "Frictions | None"
    told: str


def measured(ws: Workspace, lake: "Lake", market: Market, bars: "Bars") -> Measured:
    """What the configured model says of every bar, from what was known before it opened.

    Where nothing is known yet, the fixed rate stands in.
    """
    settings = ws.config.backtest
    if settings.slippage_model == "fixed":
        return Measured(None, f"fixed, {settings.slippage:g} of price")
    import numpy as np

    from xq.backtest.conditions import Frictions
    from xq.portfolio.slippage import model_of
    from xq.portfolio.slippage_evidence import from_bars

    spread = recorded_spread(lake, market, bars)
    model = model_of(settings.slippage_model, settings.slippage, settings.slippage_coefficient)
    base, impact = model.terms(from_bars(bars, spread))
    unknown = ~(np.isfinite(base) & np.isfinite(impact))
    base = np.where(unknown, settings.slippage, base)
    booked = float(np.isfinite(spread).mean()) if spread.size else 0.0
    told = f"half the spread, from recorded books in {booked:.0%} of bars, else from the bars"
    if settings.slippage_model == "square_root":
        told += (
            f"; plus {settings.slippage_coefficient:g} × daily volatility × "
            "√(quantity / daily volume)"
        )
    if unknown.any():
        told += f"; {settings.slippage:g} of price in {int(unknown.sum()):,} bars without a past"
    return Measured(Frictions(base, np.where(unknown, 0.0, impact)), told)


def recorded_spread(lake: "Lake", market: Market, bars: "Bars") -> "np.ndarray":
    """(T, N) spread of the last recorded book before each open, at most a day old; NaN without."""
    import numpy as np

    from xq.lake.layout import Dataset

    found = np.full(bars.close.shape, np.nan)
    start, end = int(bars.ts[0]) - OLDEST_BOOK_MS, int(bars.ts[-1]) + 1
    for column, symbol in enumerate(market.symbols):
        table = lake.table(Dataset("book_snapshot", market.exchange, symbol), start, end)
        if not table.num_rows:
            continue
        ts = table["ts"].cast("int64").to_numpy()
        sides = [
            np.array([float(side[0]) if side else np.nan for side in table[name].to_pylist()])
            for name in ("bid_prices", "ask_prices")
        ]
        relative = (sides[1] - sides[0]) / ((sides[0] + sides[1]) / 2.0)
        at = np.searchsorted(ts, bars.ts, side="right") - 1
        fresh = (at >= 0) & (bars.ts - ts[np.maximum(at, 0)] <= OLDEST_BOOK_MS)
        found[fresh, column] = relative[at[fresh]]
    return found


def fit_slippage(ws: Workspace, market: Market) -> "Fit":
    """The coefficient of the square-root model from own fills of paper, testnet and live runs.

    Raises
    ------
    NoData
        With fewer than 200 fills in the market's bars, or no bars.
    """
    import numpy as np

    from xq.lake import layout
    from xq.lake.layout import Dataset
    from xq.lake.reader import Lake
    from xq.portfolio.slippage_evidence import from_bars
    from xq.portfolio.slippage_fit import refit

    lake = Lake(ws.lake)
    bars = lake.bars(market.exchange, market.symbols, market.timeframe, gaps="flag")
    known = from_bars(bars, recorded_spread(lake, market, bars))
    parts: list[tuple[float, float, float, float]] = []
    for item in layout.datasets(ws.lake, "fills"):
        table = lake.table(Dataset("fills", run_id=item.run_id))
        table = table.set_column(0, "ts", table["ts"].cast("int64"))
        for row in table.to_pylist():
            if row["mode"] == "backtest" or row["exchange"] != market.exchange:
                continue
            if row["symbol"] not in market.symbols or row["slippage"] is None:
                continue
            t = int(bars.ts.searchsorted(row["ts"], side="right")) - 1
            if t < 0 or row["ts"] >= bars.timeframe.end(int(bars.ts[t])):
                continue
            j = market.symbols.index(row["symbol"])
            parts.append((
                row["slippage"] / (row["price"] * row["quantity"]),
                known.spread[t, j] / 2.0,
                known.volatility[t, j],
                row["quantity"] / known.volume[t, j],
            ))  # fmt: skip
    table_of = np.array(parts, dtype=np.float64).reshape(-1, 4)
    return refit(*table_of.T)
