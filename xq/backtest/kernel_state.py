"""The values the bar-by-bar simulation works on, and the one way to change a position.

Arrays are flat, ``index = row * columns + column``, so that the same code runs on Python lists
(fast to interpret) and on NumPy arrays (fast when compiled). Nothing here allocates or raises.
"""

import math
from typing import NamedTuple

from xq.portfolio.accounting import FLAT_TOLERANCE
from xq.portfolio.sizing import round_to_tick

SIGNAL, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, TIME_STOP, LIQUIDATION = 0, 1, 2, 3, 4, 5
FULL = -2  # returned when there is no room for more fills
FILL_FIELDS = 7
DUST = 1e-12  # this share of a position, or of a fill's notional in cash, is rounding


Values = list[float]  # or a float64 array
Indices = list[int]  # or an int64 array


class Path(NamedTuple):
    """Prices inside bars, flat (P × N): bar i is rows ``first[i]`` to ``first[i + 1]``.

    The marks are what the venue judges margin on; without any they are the prices themselves.
    """

    first: Indices
    open: Values
    high: Values
    low: Values
    mark_open: Values
    mark_high: Values
    mark_low: Values


class Book(NamedTuple):
    """The venue's rules, flat (eras × N); ``era`` says which ones a bar has.

    Brackets of place p are entries ``tier[p]`` to ``tier[p + 1]``: from a notional of ``floor`` on
    the maintenance margin is notional × ``rate`` − ``amount``. ``least`` and ``most`` are base
    asset per order, ``notional`` the least quote asset. Slippage is flat (T × N), or empty.
    """

    era: Indices
    lot: Values
    least: Values
    most: Values
    notional: Values
    tick: Values
    tier: Indices
    floor: Values
    rate: Values
    amount: Values
    slippage: Values
    impact: Values


class Market(NamedTuple):
    """Flat (T × N) inputs; funding is quote asset owed per unit held long, ``flows`` (T,) cash."""

    weights: Values
    open: Values
    high: Values
    low: Values
    close: Values
    funding_open: Values
    funding_inside: Values
    flows: Values
    path: Path
    book: Book


class Terms(NamedTuple):
    """What does not change during a run; NaN switches a rule off, max_bars 0 too."""

    rows: int
    columns: int
    cash: float
    fee: float
    maker: float
    slippage: float
    measured: bool
    band: float
    margined: bool
    max_leverage: float
    liquidation_fee: float
    stop_loss: float
    take_profit: float
    trailing_stop: float
    max_bars: int
    delay: int
    limit_exits: bool


class State(NamedTuple):
    """What changes, per column; ``account`` is cash, fills so far, bar, orders refused and cut,
    and the most fills that one bar can make.

    ``pending`` and ``why`` hold one order per column for each of the next ``delay`` opens.
    """

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
    """Outputs: per row, per row and column, and `FILL_FIELDS` numbers of each fill, see `note`."""

    equity: Values
    funding: Values
    flow: Values
    position: Values
    fills: Values


def place(j: int, market: Market, terms: Terms, state: State) -> int:
    """Where the rules of a symbol at the present bar are found."""
    return market.book.era[int(state.account[2])] * terms.columns + j


def fill_price(
    j: int, delta: float, aimed: float, market: Market, terms: Terms, state: State
) -> float:
    """The aimed price worsened by slippage, on the tick that is worse."""
    slip = terms.slippage
    if terms.measured:
        k = int(state.account[2]) * terms.columns + j
        slip = market.book.slippage[k] + market.book.impact[k] * math.sqrt(abs(delta))
        slip = min(slip, 1.0)
    price = aimed * (1.0 + slip) if delta > 0.0 else aimed * (1.0 - slip)
    return round_to_tick(price, market.book.tick[place(j, market, terms, state)], delta > 0.0)


def trade(
    j: int,
    delta: float,
    aimed: float,
    reason: int,
    market: Market,
    terms: Terms,
    state: State,
    record: Record,
) -> None:
    """Change a position at the aimed price, worsened by slippage unless the order rested there."""
    if abs(delta) <= DUST * abs(state.position[j]):
        return
    rested = reason == TAKE_PROFIT and terms.limit_exits
    price = aimed if rested else fill_price(j, delta, aimed, market, terms, state)
    fee = abs(delta) * price * (terms.maker if rested else terms.fee)
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
    note(j, delta, price, aimed, fee, reason, state, record)


def note(
    j: int,
    delta: float,
    price: float,
    aimed: float,
    fee: float,
    reason: int,
    state: State,
    record: Record,
) -> None:
    """Write a fill down."""
    n = int(state.account[1])
    at = n * FILL_FIELDS
    record.fills[at] = state.account[2]
    record.fills[at + 1] = j
    record.fills[at + 2] = delta
    record.fills[at + 3] = price
    record.fills[at + 4] = aimed
    record.fills[at + 5] = fee
    record.fills[at + 6] = reason
    state.account[1] = n + 1
