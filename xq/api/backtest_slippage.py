"""Slippage measured from data, and its coefficient from own fills."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xq.api.backtest_inputs import Market
from xq.api.workspace import Workspace
from xq.types import Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from xq.backtest.conditions import Frictions
    from xq.bars import Bars
    from xq.lake.reader import Lake
    from xq.portfolio.slippage_fit import Fit

OLDEST_BOOK_MS = 86_400_000
DECISION_MS = 60_000


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


def measured(ws: Workspace, lake: "Lake", market: Market, bars: "Bars", start: int) -> Measured:
    """What the configured model says of every bar, from what was known before it opened.

    Where nothing is known yet, the fixed rate stands in; what is told is of bars from ``start`` on.
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
    booked = float(np.isfinite(spread[start:]).mean())
    told = f"half the spread, from recorded books in {booked:.0%} of bars, else from the bars"
    if settings.slippage_model == "square_root":
        told += (
            f"; plus {settings.slippage_coefficient:g} × daily volatility × "
            "√(quantity / daily volume)"
        )
    early = int(unknown[start:].sum())
    if early:
        told += f"; {settings.slippage:g} of price in {early:,} bars without a past"
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

    A fill is compared with the open of the bar it happened in, as the vector engine aims at it;
    those later than a minute after it are exits and left out.

    Raises
    ------
    NoData
        With fewer than 200 fills in the market's bars, or no bars.
    """
    import numpy as np

    from xq.lake.reader import Lake
    from xq.portfolio.slippage_evidence import from_bars
    from xq.portfolio.slippage_fit import refit

    lake = Lake(ws.lake)
    bars = lake.bars(market.exchange, market.symbols, market.timeframe, gaps="flag")
    known = from_bars(bars, recorded_spread(lake, market, bars))
    parts = [(np.nan, np.nan, np.nan, np.nan)]
    for row in _own_fills(lake, market):
        t = int(bars.ts.searchsorted(row["ts"], side="right")) - 1
        if t < 0 or row["ts"] - bars.ts[t] > DECISION_MS:
            continue
        j = market.symbols.index(row["symbol"])
        worse = (row["price"] / bars.open[t, j] - 1.0) * Side(row["side"]).sign
        share = row["quantity"] / known.volume[t, j]
        parts.append((worse, known.spread[t, j] / 2.0, known.volatility[t, j], share))
    return refit(*np.array(parts, dtype=np.float64).T)


def _own_fills(lake: "Lake", market: Market) -> "Iterator[dict[str, Any]]":
    from xq.lake import layout
    from xq.lake.layout import Dataset

    for item in layout.datasets(lake.root, "fills"):
        table = lake.table(Dataset("fills", run_id=item.run_id))
        for row in table.set_column(0, "ts", table["ts"].cast("int64")).to_pylist():
            ours = row["mode"] != "backtest" and row["exchange"] == market.exchange
            if ours and row["symbol"] in market.symbols:
                yield row
