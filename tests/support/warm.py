"""Compile the vector engine's kernel once, before several workers would each do it: ``warm.py``."""

import numpy as np

from xq.backtest import own_engine
from xq.backtest.simulation import Rules
from xq.bars import Bars
from xq.portfolio.costs import Costs
from xq.timeframe import HOUR_MS, Timeframe


def main() -> None:
    flat = np.full((2, 1), 100.0)
    bars = Bars.of(
        Timeframe.parse("1h"), ("A/U",), np.arange(2) * HOUR_MS,
        open=flat, high=flat, low=flat, close=flat,
    )  # fmt: skip
    own_engine.run(
        np.ones((2, 1)), bars, Costs(0.0, 0.0), Rules(1000.0), None,
        margined=False, compile_kernel=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
