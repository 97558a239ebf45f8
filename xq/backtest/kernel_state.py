"""The values the bar-by-bar simulation works on, and the one way to change a position.

Arrays are flat, ``index = row * columns + column``, so that the same code runs on Python lists
(fast to interpret) and on NumPy arrays (fast when compiled). Nothing here allocates or raises.
"""

from typing import NamedTuple

from xq.portfolio.accounting import FLAT_TOLERANCE

SIGNAL, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, TIME_STOP, LIQUIDATION = 0, 1, 2, 3, 4, 5
DUST = 1e-12  # this share of a position, or of a fill's notional in cash, is rounding


Values = list[float]  # or a float64 array
Indices = list[int]  # or an int64 array


class Market(NamedTuple):
    """Flat (T × N) inputs; funding is quote asset owed per unit held long."""

    weights: Values
    open: Values
    high: Values
    low: Values
    close: Values
    funding_open: Values
    funding_inside: Values


class Terms(NamedTuple):
    """What does not change during a run; NaN switches a rule off, max_bars 0 too."""

    rows: int
    columns: int
    cash: float
    fee: float
    slippage: float
    band: float
    margined: bool
    max_leverage: float
    maintenance: float
    stop_loss: float
    take_profit: float
    trailing_stop: float
    max_bars: int
    lot: Values


class State(NamedTuple):
    """What changes; one value per column except ``account``: cash, fills so far, bar."""

    account: Values
    position: Values
    entry: Values
    best: Values
    held: Indices
    blocked: Values
    target: Values
    pending: Values
    why: Indices
    mark: Values


class Record(NamedTuple):
    """Outputs: per row, per row and column, per fill."""

    equity: Values
    funding: Values
    position: Values
    row: Indices
    column: Indices
    quantity: Values
    price: Values
    aimed: Values
    fee: Values
    reason: Indices


def trade(
    j: int, delta: float, aimed: float, reason: int, terms: Terms, state: State, record: Record
) -> None:
    """Change a position at the aimed price worsened by slippage."""
    if abs(delta) <= DUST * abs(state.position[j]):
        return
    price = aimed * (1.0 + terms.slippage) if delta > 0.0 else aimed * (1.0 - terms.slippage)
    fee = abs(delta) * price * terms.fee
    before = state.position[j]
    after = before + delta
    if abs(after) <= FLAT_TOLERANCE * abs(delta):
        after = 0.0
    state.account[0] -= delta * price + fee
    if not terms.margined and abs(state.account[0]) <= DUST * abs(delta) * price:
        state.account[0] = 0.0  # all cash was to be spent
    if before * after <= 0.0:
        state.entry[j] = price
        state.best[j] = price
        state.held[j] = 0
    elif abs(after) > abs(before):
        state.entry[j] += (price - state.entry[j]) * delta / after
    state.position[j] = after
    n = int(state.account[1])
    record.row[n] = int(state.account[2])
    record.column[n] = j
    record.quantity[n] = delta
    record.price[n] = price
    record.aimed[n] = aimed
    record.fee[n] = fee
    record.reason[n] = reason
    state.account[1] = n + 1
