"""The live loop, stepped bar by bar, trades what the vector engine trades, order by order."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from support.toy_venue import HOUR, ToyVenue, instrument, journal_path, limits

from xq.backtest.simulation import Rules
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.clock import ManualClock
from xq.execution.journal import open_journal
from xq.live.desk import Desk, Forecast, Terms
from xq.live.loop import tick
from xq.portfolio.costs import Costs
from xq.types import Symbol

ROWS = 250
CASH = 10_000


@pytest.fixture(scope="module")
def recorded(market_data: Path) -> dict[str, np.ndarray]:
    path = next(market_data.rglob("binance_spot_BTCUSDT_1h.parquet"))
    table = pq.read_table(path).slice(0, ROWS)
    names = ("open", "high", "low", "close", "volume")
    found = {name: table[name].to_numpy().astype(np.float64) for name in names}
    return found | {"ts": table["ts"].cast("int64").to_numpy()}


def bars_of(recorded: dict[str, np.ndarray], symbol: Symbol) -> Bars:
    arrays = {name: values for name, values in recorded.items() if name != "ts"}
    return Bars.of(HOUR, [str(symbol)], recorded["ts"], **arrays)


def weights_of(symbol: Symbol) -> np.ndarray:
    """Held for a while, changed now and then, flat at times, short where that is possible."""
    random = np.random.default_rng(11)
    low = -0.9 if symbol.is_contract else 0.0
    levels = np.where(random.random(ROWS) < 0.2, 0.0, random.uniform(low, 0.9, ROWS))
    kept = np.maximum.accumulate(np.where(random.random(ROWS) < 0.3, np.arange(ROWS), 0))
    return levels[kept].reshape(-1, 1)


@pytest.mark.parametrize("band", [None, 0.02])
@pytest.mark.parametrize("name", ["BTC/USDT", "BTC/USDT:USDT"])
def test_order_by_order(
    recorded: dict[str, np.ndarray], tmp_path: Path, name: str, band: float | None
) -> None:
    symbol = Symbol.parse(name)
    bars, weights = bars_of(recorded, symbol), weights_of(symbol)
    lot = float(instrument(symbol).lot)
    rules = Rules(initial_cash=CASH, rebalance_band=band, lots=(lot,))
    vector = simulate(weights, bars, Costs(fee=0.001), rules)

    clock = ManualClock(int(bars.ts[1]) + 1)
    venue = ToyVenue(clock, (symbol,), cash=Decimal(CASH))
    row = {int(ts): index for index, ts in enumerate(bars.ts)}
    price = {"close": bars.close[:, 0], "open": bars.open[:, 0]}

    def forecast(bar_ms: int) -> Forecast:
        at = row[bar_ms]
        close = Decimal(repr(float(price["close"][at])))
        return Forecast(bar_ms, {symbol: float(weights[at, 0])}, {symbol: close})

    wide = limits((symbol,), price_collar=Decimal(1), max_leverage=Decimal(2))
    terms = Terms("toy", "plan", (symbol,), HOUR, wide, band=band)
    equity = [float(CASH)]
    with open_journal(journal_path(tmp_path), "toy") as journal:
        table = Desk(venue, venue, journal, clock, forecast)
        for at in range(ROWS - 1):
            clock.advance_to(int(bars.ts[at + 1]) + 1)
            venue.marked[symbol] = Decimal(repr(float(price["close"][at])))
            venue.prices[symbol] = Decimal(repr(float(price["open"][at + 1])))
            report = tick(table, terms)
            assert report.problems == ()
            held = float(venue.held.get(symbol, Decimal(0)))
            equity.append(float(venue.cash) + held * float(price["close"][at + 1]))

    live = np.zeros(ROWS)
    for fill in venue.trades:
        at = row[HOUR.floor(fill.ts)]
        live[at] += fill.side.sign * float(fill.quantity)
    expected = np.zeros(ROWS)
    np.add.at(expected, vector.fills.row, vector.fills.quantity)
    assert len(vector.fills) > 30
    np.testing.assert_allclose(live, expected, atol=1e-9)
    np.testing.assert_allclose(equity, vector.equity, rtol=1e-9)
