"""The vector engine against vectorbt itself, and our kernel against both."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from xq.backtest import own_engine, rust_engine
from xq.backtest.simulation import Funding, Rules, Simulation
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.portfolio.costs import FREE, Costs
from xq.timeframe import Timeframe

pytestmark = [
    pytest.mark.market_data,
]

HOUR = Timeframe.parse("1h")
PAID = Costs(fee=0.001, slippage=0.0005)


def stored(folder: Path, name: str, symbol: str, rows: slice) -> Bars:
    table = pq.read_table(folder / "ohlcv" / f"binance_{name}.parquet")
    columns = {n: table[n].to_numpy()[rows] for n in ("open", "high", "low", "close", "volume")}
    ts = table["ts"].cast("int64").to_numpy()[rows]
    return Bars.of(HOUR, [symbol], ts, **columns)


@pytest.fixture(scope="module")
def bitcoin(market_data: Path) -> Bars:
    return stored(market_data, "spot_BTCUSDT_1h", "BTC/USDT", slice(-4000, None))


def averages_cross(bars: Bars, fast: int = 10, slow: int = 30) -> np.ndarray:
    close = bars.close[:, 0]
    means = [np.convolve(close, np.ones(n) / n, "full")[: len(close)] for n in (fast, slow)]
    weights = np.where(means[0] > means[1], 1.0, 0.0)
    weights[: slow - 1] = np.nan
    return weights[:, None]


def breakout(bars: Bars) -> np.ndarray:
    high = np.array([bars.high[max(0, t - 48) : t + 1, 0].max() for t in range(len(bars))])
    return np.where(bars.close[:, 0] > 0.99 * high, 0.6, 0.0)[:, None]


def inverse_volatility(bars: Bars) -> np.ndarray:
    moves = np.abs(np.diff(np.log(bars.close[:, 0]), prepend=np.nan))
    scale = np.array(
        [np.nanmean(moves[max(0, t - 24) : t + 1]) if t else 1 for t in range(len(bars))]
    )
    return np.clip(0.002 / scale, 0, 1)[:, None]


STRATEGIES = [averages_cross, breakout, inverse_volatility]


def vectorbt_run(weights: np.ndarray, bars: Bars, costs: Costs, cash: float):
    """What a careful user of vectorbt would write for the same rules."""
    import pandas as pd
    import vectorbt as vbt

    index = pd.DatetimeIndex(bars.ts.astype("datetime64[ms]"))
    close = pd.Series(bars.close[:, 0], index)
    target = pd.Series(weights[:, 0], index).ffill()
    changed = target.ne(target.shift(1).fillna(0.0)) & target.notna()
    return vbt.Portfolio.from_orders(
        close,
        target.where(changed).shift(1),
        size_type="targetpercent",
        direction="longonly",
        price=pd.Series(bars.open[:, 0], index),
        val_price=close.shift(1),
        fees=costs.fee,
        slippage=costs.slippage,
        init_cash=cash,
        freq="1h",
        engine="rust",
    )


@pytest.mark.parametrize("costs", [FREE, PAID], ids=["free", "paid"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_rust_path_is_what_vectorbt_portfolio_says(bitcoin, strategy, costs):
    weights = strategy(bitcoin)
    ours = simulate(weights, bitcoin, costs, Rules())
    theirs = vectorbt_run(weights, bitcoin, costs, 10_000.0)
    orders = theirs.orders.records
    assert ours.engine == "vectorbt"
    assert len(ours.fills) == len(orders) > 20
    np.testing.assert_array_equal(ours.fills.row, orders["idx"])
    np.testing.assert_allclose(np.abs(ours.fills.quantity), orders["size"], rtol=1e-12)
    np.testing.assert_allclose(ours.fills.price, orders["price"], rtol=1e-12)
    np.testing.assert_allclose(ours.fills.fee, orders["fees"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ours.equity, theirs.value().to_numpy(), rtol=1e-9)
    np.testing.assert_allclose(ours.positions[:, 0], theirs.assets().to_numpy(), atol=1e-12)


@pytest.mark.parametrize("costs", [FREE, PAID], ids=["free", "paid"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_our_kernel_is_the_rust_path(bitcoin, strategy, costs):
    weights = strategy(bitcoin)
    rust = rust_engine.run(weights, bitcoin, costs, Rules())
    own = own_engine.run(weights, bitcoin, costs, Rules(), None, margined=False)
    assert_same(own, rust)


def test_our_kernel_trades_several_symbols_as_a_vectorbt_group_with_shared_cash(market_data):
    import pandas as pd
    import vectorbt as vbt

    names = ("BTC", "ETH", "SOL")
    single = [
        stored(market_data, f"spot_{name}USDT_1h", f"{name}/USDT", slice(-2000, None))
        for name in names
    ]
    fields = {
        name: np.hstack([getattr(one, name) for one in single])
        for name in ("open", "high", "low", "close", "volume")
    }
    bars = Bars.of(HOUR, [f"{name}/USDT" for name in names], single[0].ts, **fields)
    # below full investment no order is cut, so that the order of buys does not matter
    weights = np.hstack([breakout(one) for one in single]) * 0.5
    ours = simulate(weights, bars, PAID, Rules())
    index = pd.DatetimeIndex(bars.ts.astype("datetime64[ms]"))
    close, target = pd.DataFrame(bars.close, index), pd.DataFrame(weights, index)
    changed = target.ne(target.shift(1).fillna(0.0)).shift(1, fill_value=False)
    theirs = vbt.Portfolio.from_orders(
        close,
        target.shift(1).where(changed, 0.0),
        size_type=np.where(changed, 5, 0),
        direction="longonly",
        price=pd.DataFrame(bars.open, index),
        val_price=close.shift(1),
        fees=PAID.fee,
        slippage=PAID.slippage,
        init_cash=10_000.0,
        group_by=True,
        cash_sharing=True,
        call_seq="auto",
        freq="1h",
        engine="rust",
    )
    assert ours.engine == "xq"
    assert len(ours.fills) == len(theirs.orders.records) > 100
    np.testing.assert_allclose(ours.equity, theirs.value().to_numpy(), rtol=1e-9)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_slippage_of_every_bar_and_its_tick_free_fills_are_vectorbts(bitcoin, strategy):
    import pandas as pd
    import vectorbt as vbt

    from xq.backtest.conditions import Conditions, Frictions

    weights = strategy(bitcoin)
    rates = np.random.default_rng(3).uniform(0, 0.003, weights.shape)
    known = Conditions(frictions=Frictions(rates, rates * 0.0))
    ours = simulate(weights, bitcoin, Costs(fee=0.0007), Rules(), None, known)
    index = pd.DatetimeIndex(bitcoin.ts.astype("datetime64[ms]"))
    close = pd.Series(bitcoin.close[:, 0], index)
    target = pd.Series(weights[:, 0], index).ffill()
    changed = target.ne(target.shift(1).fillna(0.0)) & target.notna()
    theirs = vbt.Portfolio.from_orders(
        close, target.where(changed).shift(1), size_type="targetpercent", direction="longonly",
        price=pd.Series(bitcoin.open[:, 0], index), val_price=close.shift(1), fees=0.0007,
        slippage=pd.Series(rates[:, 0], index), init_cash=10_000.0, freq="1h", engine="rust",
    )  # fmt: skip
    orders = theirs.orders.records
    assert ours.engine == "xq"
    np.testing.assert_array_equal(ours.fills.row, orders["idx"])
    np.testing.assert_allclose(np.abs(ours.fills.quantity), orders["size"], rtol=1e-9)
    np.testing.assert_allclose(ours.fills.price, orders["price"], rtol=1e-12)
    np.testing.assert_allclose(ours.equity, theirs.value().to_numpy(), rtol=1e-9)


@pytest.mark.parametrize("symbols", [1, 3])
def test_interpreted_and_compiled_are_equal_bit_for_bit(bitcoin, symbols):
    random = np.random.default_rng(symbols)
    shape = len(bitcoin), symbols
    fields = {
        name: np.repeat(getattr(bitcoin, name), symbols, axis=1) * np.geomspace(1, 0.1, symbols)
        for name in ("open", "high", "low", "close", "volume")
    }
    bars = Bars.of(HOUR, [f"S{j}/USDT:USDT" for j in range(symbols)], bitcoin.ts, **fields)
    turns = np.cumsum(random.random(shape) < 0.02, axis=0)
    weights = np.where(turns % 3 == 0, -1.0, 0.7) * 2 / symbols
    weights[random.random(shape) < 0.05] = np.nan
    rules = Rules(
        max_leverage=3, rebalance_band=0.3, lots=(0.001,) * symbols, stop_loss=0.01,
        take_profit=0.02, trailing_stop=0.015, max_bars=40,
    )  # fmt: skip
    owed = random.normal(0, 0.2, (2, *shape))
    funding = Funding(owed[0], owed[1])
    runs = [
        own_engine.run(weights, bars, PAID, rules, funding, margined=True, compile_kernel=compiled)
        for compiled in (False, True)
    ]
    assert set(runs[0].fills.reason.tolist()) == {0, 1, 2, 3, 4}
    assert_identical(*runs)


def test_a_big_run_is_compiled_and_a_small_one_is_not(bitcoin, monkeypatch):
    asked = []
    monkeypatch.setattr(own_engine, "_compiled", lambda *parts: asked.append(1) or -1)
    weights = averages_cross(bitcoin)
    own_engine.run(weights, bitcoin, FREE, Rules(), None, margined=False)
    assert not asked
    monkeypatch.setattr(own_engine, "INTERPRETED_CELLS", 3999)
    own_engine.run(weights, bitcoin, FREE, Rules(), None, margined=False)
    assert asked


def assert_same(left: Simulation, right: Simulation) -> None:
    np.testing.assert_array_equal(left.fills.row, right.fills.row)
    np.testing.assert_allclose(left.fills.quantity, right.fills.quantity, rtol=1e-9)
    np.testing.assert_allclose(left.fills.fee, right.fills.fee, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(left.fills.slippage, right.fills.slippage, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(left.equity, right.equity, rtol=1e-9)
    np.testing.assert_allclose(left.positions, right.positions, rtol=1e-9, atol=1e-12)


def assert_identical(left: Simulation, right: Simulation) -> None:
    for name in ("equity", "positions", "funding"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))
    for name in left.fills.__slots__:
        np.testing.assert_array_equal(getattr(left.fills, name), getattr(right.fills, name))
    assert left.ruin_row == right.ruin_row
