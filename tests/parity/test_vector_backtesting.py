"""A moving-average cross on real BTC/USDT hours against backtesting.py, trade by trade.

backtesting.py trades whole units only, so prices are quoted per millionth of a bitcoin and the lot
is one of those: that checks the lot rounding as well.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from xq.backtest.simulation import Rules, Simulation
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.portfolio.accounting import RoundTrips, round_trips
from xq.portfolio.costs import Costs
from xq.timeframe import Timeframe

pytestmark = [
    pytest.mark.market_data,
    pytest.mark.filterwarnings("ignore:DatetimeIndex.dayofweek is deprecated"),
    pytest.mark.filterwarnings("ignore:Some trades remain open at the end:UserWarning"),
]

CASH = 10_000.0
FAST, SLOW = 20, 50
SHARE = 0.95


@pytest.fixture(scope="module")
def bars(market_data: Path) -> Bars:
    table = pq.read_table(market_data / "ohlcv" / "binance_spot_BTCUSDT_1h.parquet")
    rows = slice(-6000, None)
    columns = {
        name: table[name].to_numpy()[rows] * 1e-6 for name in ("open", "high", "low", "close")
    }
    ts = table["ts"].cast("int64").to_numpy()[rows]
    return Bars.of(Timeframe.parse("1h"), ["BTC/USDT"], ts, **columns)


def mean(values: np.ndarray, length: int) -> np.ndarray:
    return pd.Series(values).rolling(length).mean().to_numpy()


def theirs(bars: Bars, *, fee: float, stop_loss: float | None = None):
    from backtesting import Backtest, Strategy

    class Cross(Strategy):
        def init(self):
            self.fast = self.I(mean, self.data.Close, FAST)
            self.slow = self.I(mean, self.data.Close, SLOW)
            self.was_above = False

        def next(self):
            above = self.fast[-1] > self.slow[-1]
            if above and not self.was_above:
                close = self.data.Close[-1]
                units = int(SHARE * self.equity / close + 1e-9)
                following = bars.open[len(self.data), 0]  # where the entry will fill
                stop = None if stop_loss is None else following * (1 - stop_loss)
                self.buy(size=units, sl=stop)
            elif not above and self.was_above:
                self.position.close()
            self.was_above = above

    frame = pd.DataFrame(
        {name.title(): getattr(bars, name)[:, 0] for name in ("open", "high", "low", "close")},
        index=pd.DatetimeIndex(bars.ts.astype("datetime64[ms]")),
    )
    return Backtest(frame, Cross, cash=CASH, commission=fee).run()


def ours(bars: Bars, *, fee: float, stop_loss: float | None = None) -> Simulation:
    close = bars.close[:, 0]
    fast, slow = mean(close, FAST), mean(close, SLOW)
    weights = np.where(fast > slow, SHARE, 0.0)
    weights[:SLOW] = 0.0  # backtesting.py begins one bar after the indicators are known
    rules = Rules(initial_cash=CASH, lots=(1.0,), stop_loss=stop_loss)
    return simulate(weights[:, None], bars, Costs(fee=fee), rules)


def closed(run: Simulation, bars: Bars) -> tuple[RoundTrips, np.ndarray]:
    trips = round_trips(run.fills, bars.close[-1], len(bars) - 1)
    return trips, np.flatnonzero(trips.closed)


@pytest.mark.parametrize("fee", [0.0, 0.001])
def test_every_trade_of_a_moving_average_cross_is_the_same(bars, fee):
    stats = theirs(bars, fee=fee)
    trades = stats._trades.sort_values("ExitBar", kind="stable")
    run = ours(bars, fee=fee)
    trips, index = closed(run, bars)
    assert len(index) == len(trades) > 50
    np.testing.assert_array_equal(trips.entry_row[index], trades["EntryBar"])
    np.testing.assert_array_equal(trips.exit_row[index], trades["ExitBar"])
    opened = bars.ts[trips.entry_row[index]].astype("datetime64[ms]")
    np.testing.assert_array_equal(opened, trades["EntryTime"].to_numpy())
    np.testing.assert_allclose(trips.entry_price[index], trades["EntryPrice"], rtol=1e-12)
    np.testing.assert_allclose(trips.exit_price[index], trades["ExitPrice"], rtol=1e-12)
    np.testing.assert_array_equal(trips.quantity[index], trades["Size"])
    np.testing.assert_allclose(trips.pnl[index], trades["PnL"], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(run.equity, stats._equity_curve["Equity"], rtol=1e-9)


def test_the_same_with_a_stop_loss_inside_the_bar(bars):
    stats = theirs(bars, fee=0.001, stop_loss=0.01)
    trades = stats._trades.sort_values("ExitBar", kind="stable")
    trips, index = closed(ours(bars, fee=0.001, stop_loss=0.01), bars)
    stopped = int(np.sum(trips.reason[index] == 1))
    assert len(index) == len(trades) > 50
    assert stopped > 10
    np.testing.assert_array_equal(trips.entry_row[index], trades["EntryBar"])
    np.testing.assert_array_equal(trips.exit_row[index], trades["ExitBar"])
    np.testing.assert_allclose(trips.exit_price[index], trades["ExitPrice"], rtol=1e-12)
    np.testing.assert_allclose(trips.pnl[index], trades["PnL"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("take_profit", [None, 0.02])
def test_long_and_short_with_stops_and_targets_are_the_same_trade_by_trade(bars, take_profit):
    from backtesting import Backtest, Strategy

    stop_loss = 0.03
    close = bars.close[:, 0]
    sign = np.where(mean(close, FAST) > mean(close, SLOW), 1.0, -1.0)
    sign[:SLOW] = 0.0

    class Turns(Strategy):
        def init(self):
            self.last = 0.0

        def next(self):
            t = len(self.data) - 1
            now = sign[t]
            if now != self.last and t + 1 < len(bars):
                units = int(SHARE * self.equity / self.data.Close[-1] + 1e-9)
                following = bars.open[t + 1, 0]
                target = None if take_profit is None else following * (1 + now * take_profit)
                self.position.close()
                enter = self.buy if now > 0 else self.sell
                enter(size=units, sl=following * (1 - now * stop_loss), tp=target)
            self.last = now

    frame = pd.DataFrame(
        {name.title(): getattr(bars, name)[:, 0] for name in ("open", "high", "low", "close")},
        index=pd.DatetimeIndex(bars.ts.astype("datetime64[ms]")),
    )
    stats = Backtest(frame, Turns, cash=CASH, commission=0.001).run()
    trades = stats._trades.sort_values("ExitBar", kind="stable")
    perpetual = Bars.of(
        bars.timeframe, ["BTC/USDT:USDT"], bars.ts, open=bars.open, high=bars.high, low=bars.low,
        close=bars.close,
    )  # fmt: skip
    rules = Rules(CASH, max_leverage=2.0, lots=(1.0,), stop_loss=stop_loss, take_profit=take_profit)
    run = simulate(SHARE * sign[:, None], perpetual, Costs(fee=0.001), rules)
    trips, index = closed(run, perpetual)
    assert len(index) == len(trades) > 100
    assert (trips.direction[index] == np.sign(trades["Size"])).all()
    np.testing.assert_array_equal(trips.entry_row[index], trades["EntryBar"])
    np.testing.assert_array_equal(trips.exit_row[index], trades["ExitBar"])
    np.testing.assert_array_equal(trips.quantity[index], trades["Size"].abs())
    np.testing.assert_allclose(trips.exit_price[index], trades["ExitPrice"], rtol=1e-12)
    np.testing.assert_allclose(trips.pnl[index], trades["PnL"], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(run.equity, stats._equity_curve["Equity"], rtol=1e-9)
