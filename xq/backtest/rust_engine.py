"""One spot symbol through the Rust kernel of vectorbt, called without importing vectorbt itself.

`vectorbt_rust.portfolio.simulate_from_orders_rs` is what ``vectorbt.Portfolio.from_orders(...,
engine="rust")`` calls; a contract test keeps the two equal. Two facts of it (1.2.0) shape this
file. It needs only the bars on which orders are made, since prices of valuation and execution are
given. It rounds the *change* of a position to lots, by a floor division for which 0.3 is two times
0.1, so that lots are left to our own kernel.
"""

from importlib.util import find_spec

import numpy as np

from xq.backtest.hold import last_known
from xq.backtest.light_vectorbt import simulate_from_orders
from xq.backtest.simulation import Rules, Simulation
from xq.bars import Bars
from xq.portfolio.accounting import Fills, positions_after
from xq.portfolio.costs import Costs

KERNEL_VERSION = "1.2.0"

_TARGET_PERCENT = 5  # vectorbt.portfolio.enums.SizeType
_LONG_ONLY = 0  # vectorbt.portfolio.enums.Direction
_SELL = 1  # vectorbt.portfolio.enums.OrderSide


def is_available() -> bool:
    """Whether the very kernel this file was written for is installed."""
    if find_spec("vectorbt_rust") is None:
        return False
    import vectorbt_rust

    return bool(vectorbt_rust.__version__ == KERNEL_VERSION)


def run(weights: np.ndarray, bars: Bars, costs: Costs, rules: Rules) -> Simulation:
    """Trade checked long weights of one symbol; see `xq.backtest.vector.simulate`."""
    opens, closes = bars.open[:, 0], bars.close[:, 0]
    decided = target_changes(weights[:, 0], opens, closes)
    orders = _orders(weights[decided, 0], opens[decided + 1], closes[decided], costs, rules)
    fills = _fills(orders, decided + 1, opens)
    equity = _steps(fills.row, _balance(fills, rules.initial_cash), len(bars))
    held = np.concatenate(([0.0], positions_after(fills.quantity)))
    position = _steps(fills.row, held, len(bars))
    value = position * last_known(closes)
    value[position == 0.0] = 0.0  # before a first price there is none
    equity += value
    return Simulation(
        equity=equity,
        positions=position[:, None],
        fills=fills,
        funding=np.zeros(len(bars)),
        initial_cash=rules.initial_cash,
        ruin_row=None,
        engine="vectorbt",
    )


def target_changes(weights: np.ndarray, opens: np.ndarray, closes: np.ndarray) -> np.ndarray:
    """Rows whose weight differs from the last one acted on, which starts at 0.

    A row is acted on if its weight and close exist and so does the bar after it.

    Examples
    --------
    >>> prices = np.array([1.0, 1.0, np.nan, 1.0, 1.0])
    >>> target_changes(np.array([0.0, 0.5, 0.5, 0.5, 0.2]), prices, prices).tolist()
    [3]
    """
    known = np.isfinite(weights[:-1])
    warm_up = int(np.argmax(known)) if len(known) else 0
    if warm_up:
        return warm_up + target_changes(weights[warm_up:], opens[warm_up:], closes[warm_up:])
    usable = known & np.isfinite(closes[:-1]) & np.isfinite(opens[1:])
    if usable.all():
        changed = np.empty(len(usable), dtype=np.bool_)
        changed[:1] = weights[:-1][:1] != 0.0
        np.not_equal(weights[1:-1], weights[:-2], out=changed[1:])
        return np.flatnonzero(changed)
    rows = np.flatnonzero(usable)
    acted = weights[rows]
    before = np.concatenate(([0.0], acted))[: len(acted)]
    return np.asarray(rows[acted != before])


def _orders(
    weights: np.ndarray, prices: np.ndarray, valued_at: np.ndarray, costs: Costs, rules: Rules
) -> np.ndarray:
    column = weights.shape[0], 1
    valued = valued_at.reshape(column)
    return simulate_from_orders(
        column,
        np.array([1]),
        np.array([rules.initial_cash], dtype=np.float64),
        np.zeros(column, dtype=np.int64),
        weights.reshape(column),
        prices.reshape(column),
        np.asarray(_TARGET_PERCENT),
        np.asarray(_LONG_ONLY),
        np.asarray(costs.fee, dtype=np.float64),
        np.asarray(0.0),  # fixed fees
        np.asarray(costs.slippage, dtype=np.float64),
        np.asarray(0.0),  # smallest size
        np.asarray(np.inf),  # largest size
        np.asarray(np.nan),  # granularity
        np.asarray(0.0),  # probability of rejection
        np.asarray(False),  # lock cash
        np.asarray(True),  # allow partial fills
        np.asarray(False),  # raise on rejection
        np.asarray(False),  # log
        valued,
        valued,
        max_orders=len(weights),
        max_logs=1,
    )


def _fills(orders: np.ndarray, rows: np.ndarray, opens: np.ndarray) -> Fills:
    """Fills of the orders made on ``rows``; in place, for half a million are not rare."""
    row = rows if len(orders) == len(rows) else rows[orders["idx"]]
    price, quantity = orders["price"].copy(), orders["size"].copy()
    slippage = opens[row]
    np.subtract(price, slippage, out=slippage)
    np.abs(slippage, out=slippage)
    slippage *= quantity
    np.negative(quantity, out=quantity, where=orders["side"] == _SELL)
    return Fills(
        row=row,
        symbol=np.zeros(len(row), dtype=np.int64),
        quantity=quantity,
        price=price,
        fee=orders["fees"].copy(),
        slippage=slippage,
        reason=np.zeros(len(row), dtype=np.int8),
    )


def _balance(fills: Fills, cash: float) -> np.ndarray:
    """(F + 1,) cash at first and after every fill."""
    balance = np.empty(len(fills) + 1)
    balance[0], spent = cash, balance[1:]
    np.multiply(fills.quantity, fills.price, out=spent)
    spent += fills.fee
    np.negative(spent, out=spent)
    return np.cumsum(balance, out=balance)


def _steps(rows: np.ndarray, values: np.ndarray, length: int) -> np.ndarray:
    """A path that is ``values[0]`` until the first row and ``values[k + 1]`` from ``rows[k]``."""
    ends = np.append(rows, length)
    ends[1:] -= rows
    return np.repeat(values, ends)
