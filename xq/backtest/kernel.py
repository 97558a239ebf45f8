"""The bar-by-bar simulation: plain functions, interpreted or compiled by Numba.

Read `simulate` first: it is the order of events inside a bar.
"""

from xq.backtest.kernel_exits import adverse_path, favourable_path
from xq.backtest.kernel_margin import give_up
from xq.backtest.kernel_orders import fill_pending
from xq.backtest.kernel_state import (
    FILL_FIELDS,
    FULL,
    SIGNAL,
    TIME_STOP,
    Market,
    Record,
    State,
    Terms,
    Values,
    place,
)
from xq.portfolio.sizing import target_quantity


def simulate(market: Market, terms: Terms, state: State, record: Record) -> int:
    """Run all bars; return the row of ruin, -1 if there is none, `FULL` if fills were too many."""
    for i in range(terms.rows):
        state.account[2] = i
        if (state.account[1] + state.account[5]) * FILL_FIELDS > len(record.fills):
            return FULL
        record.flow[i] = max(market.flows[i], -free_cash(terms, state))
        state.account[0] += record.flow[i]
        record.funding[i] = settle(market.funding_open, i, terms, state)
        fill_pending(market, i, terms, state, record)
        record.funding[i] += settle(market.funding_inside, i, terms, state)
        for s in range(market.path.first[i], market.path.first[i + 1]):
            if adverse_path(market, s, terms, state, record):
                return i
            favourable_path(market, s, terms, state, record)
        equity = close_bar(market, i, terms, state, record)
        if is_emptied(equity, record.flow[i], terms, state):
            continue  # by its owner: nothing to decide with, and nothing was lost
        if equity <= 0.0:
            give_up(terms, state, record)
            record.equity[i] = 0.0
            return i
        if i + terms.delay < terms.rows:
            decide(market, i, equity, terms, state)
    return -1


def free_cash(terms: Terms, state: State) -> float:
    """Cash that may be taken out: the proceeds of what is sold short, and as much again, stay."""
    free = state.account[0]
    for j in range(terms.columns):
        if state.position[j] < 0.0:
            free += 2.0 * state.position[j] * state.mark[j]
    return max(free, 0.0)


def is_emptied(equity: float, flow: float, terms: Terms, state: State) -> bool:
    """Whether nothing is left because it was taken out, in this bar or before."""
    for j in range(terms.columns):
        if state.position[j] != 0.0:
            return False
    return equity == 0.0 and flow <= 0.0


def settle(owed: Values, i: int, terms: Terms, state: State) -> float:
    """Exchange funding for what is held; return what was paid (negative: received)."""
    paid = 0.0
    for j in range(terms.columns):
        if state.position[j] != 0.0:
            paid += state.position[j] * owed[i * terms.columns + j]
    state.account[0] -= paid
    return paid


def decide(market: Market, i: int, equity: float, terms: Terms, state: State) -> None:
    """Fix the quantities to be traded ``delay`` opens later."""
    for j in range(terms.columns):
        k = i * terms.columns + j
        slot = (i % terms.delay) * terms.columns + j
        weight = market.weights[k]
        close = market.close[k]
        following = market.open[k + terms.delay * terms.columns]
        state.why[slot] = -1
        if close != close or following != following:
            continue
        leaves = weight * state.position[j] <= 0.0  # by its own target: no exit is needed
        timed = terms.max_bars > 0 and state.held[j] >= terms.max_bars
        if timed and state.position[j] != 0.0 and not leaves:
            state.blocked[j] = 1.0 if state.position[j] > 0.0 else -1.0
            state.target[j] = 0.0
            state.pending[slot] = 0.0
            state.why[slot] = TIME_STOP
            continue
        if weight != weight:
            continue
        if weight * state.blocked[j] > 0.0:
            continue
        state.blocked[j] = 0.0
        if weight == state.target[j]:
            held = state.position[j] * close / equity
            if not abs(held - weight) > terms.band or is_waiting(j, terms, state):
                continue  # a NaN band never triggers
        state.target[j] = weight
        lot = market.book.lot[place(j, market, terms, state)]
        state.pending[slot] = target_quantity(weight, equity, close, lot)
        state.why[slot] = SIGNAL


def is_waiting(j: int, terms: Terms, state: State) -> bool:
    """Whether an order decided earlier is still to fill."""
    waiting = False
    for slot in range(terms.delay):
        waiting = waiting or state.why[slot * terms.columns + j] >= 0
    return waiting


def close_bar(market: Market, i: int, terms: Terms, state: State, record: Record) -> float:
    """Value the account at the closes; a symbol without a bar keeps its last price."""
    equity = state.account[0]
    for j in range(terms.columns):
        k = i * terms.columns + j
        if market.close[k] == market.close[k]:
            state.mark[j] = market.close[k]
        record.position[k] = state.position[j]
        if state.position[j] != 0.0:
            state.held[j] += 1
            equity += state.position[j] * state.mark[j]
    record.equity[i] = equity
    return equity
