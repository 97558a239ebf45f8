"""``result.to_vectorbt()`` tells the same story as the result."""

from pathlib import Path

import numpy as np
import pytest
from support.backtests import bars_table, store, workspace

from xq.api.backtest import BacktestRequest, backtest
from xq.api.backtest_inputs import Span
from xq.api.workspace import open_workspace
from xq.errors import UsageError


def run(folder: Path, **request: object):
    opened = open_workspace(folder / "xq.toml", environ={})
    return backtest(opened, BacktestRequest(**request))


@pytest.mark.parametrize("symbols", [("BTC/USDT",), ("BTC/USDT", "ETH/USDT")])
def test_the_portfolio_has_the_same_equity_and_fees(tmp_path, symbols):
    workspace(tmp_path)
    store(tmp_path, bars_table(1500, seed=2), symbol="ETH/USDT")
    result = run(tmp_path, symbols=symbols, span=Span(days=30))
    portfolio = result.to_vectorbt()
    value = np.asarray(portfolio.value()).ravel()
    np.testing.assert_allclose(value, result.simulation.equity, rtol=1e-9)
    fees = portfolio.orders.records["fees"].sum()
    assert fees == pytest.approx(result.metrics.fees)
    assert len(portfolio.orders.records) == len(result.simulation.fills) > 5


def test_what_vectorbt_cannot_hold_is_refused(tmp_path):
    workspace(tmp_path)
    plugin = '''"""Long."""
import numpy as np
from xq import Exits, Strategy

class Long(Strategy):
    """Long."""
    exits = Exits(stop_loss=0.0001)
    lookback = 1

    def target_weights(self, bars):
        return np.ones(bars.close.shape)
'''
    (tmp_path / "strategies" / "long.py").write_text(plugin, encoding="utf-8")
    result = run(tmp_path, strategy="long")
    assert result.simulation.fills.row.tolist() == [0, 0]
    with pytest.raises(UsageError, match="one order per symbol and bar"):
        result.to_vectorbt()
