"""What we rely on in vectorbt 1.2.0: record layouts, the light call, the pinned version."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from xq.backtest import light_vectorbt, rust_engine
from xq.backtest.simulation import Rules
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.portfolio.costs import Costs
from xq.timeframe import Timeframe

LIGHT = """
import sys
import numpy as np
from xq.backtest.simulation import Rules
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.portfolio.costs import Costs
from xq.timeframe import Timeframe
bars = Bars.of(Timeframe.parse("1h"), ["BTC/USDT"], np.arange(5) * 3600000, close=np.ones(5))
run = simulate(np.array([[0.0], [1], [1], [0], [0]]), bars, Costs(), Rules())
assert run.engine == "vectorbt" and len(run.fills) == 2, run
heavy = {"vectorbt", "numba", "pandas", "scipy", "plotly"} & set(sys.modules)
assert not heavy, heavy
"""


def test_a_run_neither_imports_vectorbt_nor_leaves_its_stand_in_behind():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_layouts_are_vectorbts_own():
    from vectorbt.portfolio import enums

    assert enums.order_dt == light_vectorbt.ORDER_LAYOUT
    assert enums.log_dt == light_vectorbt.LOG_LAYOUT
    assert enums.SizeType.TargetPercent == rust_engine._TARGET_PERCENT
    assert enums.Direction.LongOnly == rust_engine._LONG_ONLY
    assert enums.OrderSide.Sell == rust_engine._SELL


def test_the_kernel_is_the_pinned_one_and_another_is_not_used(monkeypatch):
    import vectorbt_rust

    assert rust_engine.is_available()
    monkeypatch.setattr(vectorbt_rust, "__version__", "1.3.0")
    assert not rust_engine.is_available()
    bars = Bars.of(Timeframe.parse("1h"), ["BTC/USDT"], np.arange(3) * 3_600_000, close=np.ones(3))
    assert simulate(np.ones((3, 1)), bars, Costs(), Rules()).engine == "xq"


def test_threads_may_run_at_the_same_time():
    bars = Bars.of(
        Timeframe.parse("1h"),
        ["BTC/USDT"],
        np.arange(500) * 3_600_000,
        close=np.linspace(1, 2, 500),
    )
    weights = (np.arange(500) % 2)[:, None].astype(float)
    found: list[bytes] = []

    def work() -> None:
        found.append(simulate(weights, bars, Costs(0.001, 0.001), Rules()).equity.tobytes())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_very_short_runs(rows):
    times = np.arange(rows) * 3_600_000
    bars = Bars.of(Timeframe.parse("1h"), ["BTC/USDT"], times, close=np.ones((rows, 1)))
    run = simulate(np.ones((rows, 1)), bars, Costs(), Rules())
    assert run.equity.tolist() == [10_000.0] * rows
    assert len(run.fills) == max(rows - 1, 0)
