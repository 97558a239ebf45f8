"""The bar-by-bar simulation: plain functions, interpreted or compiled by Numba.

Read `simulate` first: it is the order of events inside a bar.
"""

from xq.backtest.kernel_exits import adverse_path, favourable_path, wipe_out
from xq.backtest.kernel_state import SIGNAL, TIME_STOP, Market, Record, State, Terms, Values, trade
from xq.portfolio.sizing import round_to_lot, target_quantity


def simulate(market: Market, terms: Terms, state: State, record: Record) -> int:
    """Run all bars; return the row of ruin, or -1."""
    for i in range(terms.rows):
        state.account[2] = i
        record.funding[i] = settle(market.funding_open, i, terms, state)
        fill_pending(market, i, terms, state, record)
        record.funding[i] += settle(market.funding_inside, i, terms, state)
        if adverse_path(market, i, terms, state, record):
            return i
        favourable_path(market, i, terms, state, record)
        equity = close_bar(market, i, terms, state, record)
        if equity <= 0.0:
            wipe_out(terms, state, record)
            record.equity[i] = 0.0
            return i
        if i + 1 < terms.rows:
            decide(market, i, equity, terms, state)
    return -1


def settle(owed: Values, i: int, terms: Terms, state: State) -> float:
    """Exchange funding for what is held; return what was paid (negative: received)."""
    paid = 0.0
    for j in range(terms.columns):
        if state.position[j] != 0.0:
            paid += state.position[j] * owed[i * terms.columns + j]
    state.account[0] -= paid
    return paid


def decide(market: Market, i: int, equity: float, terms: Terms, state: State) -> None:
    """Fix the quantities to be traded at the next open."""
    for j in range(terms.columns):
        k = i * terms.columns + j
        weight = market.weights[k]
        close = market.close[k]
        following = market.open[k + terms.columns]
        state.why[j] = -1
        if close != close or following != following:
            continue
        if terms.max_bars > 0 and state.position[j] != 0.0 and state.held[j] >= terms.max_bars:
            state.blocked[j] = 1.0 if state.position[j] > 0.0 else -1.0
            state.target[j] = 0.0
            state.pending[j] = 0.0
            state.why[j] = TIME_STOP
            continue
        if weight != weight:
            continue
        if weight * state.blocked[j] > 0.0:
            continue
        state.blocked[j] = 0.0
        if weight == state.target[j]:
            held = state.position[j] * close / equity
            if not abs(held - weight) > terms.band:  # a NaN band never triggers
                continue
        state.target[j] = weight
        state.pending[j] = target_quantity(weight, equity, close, terms.lot[j])
        state.why[j] = SIGNAL


def fill_pending(market: Market, i: int, terms: Terms, state: State, record: Record) -> None:
    """Fill at the open: first what frees cash or margin, then the rest, in order of columns."""
    for increasing in (False, True):
        for j in range(terms.columns):
            if state.why[j] < 0 or is_increase(j, state) != increasing:
                continue
            delta = affordable(market, i, j, terms, state) if increasing else reduction(j, state)
            aimed = market.open[i * terms.columns + j]
            trade(j, delta, aimed, state.why[j], terms, state, record)
            state.why[j] = -1


def is_increase(j: int, state: State) -> bool:
    """Whether the pending quantity is larger than the position, or on the other side."""
    wanted = state.pending[j]
    position = state.position[j]
    return abs(wanted) > abs(position) or wanted * position < 0.0


def reduction(j: int, state: State) -> float:
    """Change of position, base asset, signed."""
    return state.pending[j] - state.position[j]


def affordable(market: Market, i: int, j: int, terms: Terms, state: State) -> float:
    """The part of a pending increase, base asset, signed, that cash or margin allows."""
    price = market.open[i * terms.columns + j]
    position = state.position[j]
    wanted = state.pending[j]
    delta = wanted - position
    direction = 1.0 if delta > 0.0 else -1.0
    fill_price = price * (1.0 + direction * terms.slippage)
    if not terms.margined:
        cash = state.account[0]
        if delta * fill_price * (1.0 + terms.fee) <= cash:
            return delta
        most = round_to_lot(cash / (fill_price * (1.0 + terms.fee)), terms.lot[j])
        return most if most > 0.0 else 0.0
    equity, others = margin_at_open(market, i, j, terms, state)
    unit_cost = abs(fill_price - price) + terms.fee * fill_price
    same_side = position * wanted > 0.0
    freed = abs(position) if same_side else -abs(position)
    room = terms.max_leverage * (equity + freed * unit_cost) - others
    most = round_to_lot(room / (price + terms.max_leverage * unit_cost), terms.lot[j])
    size = min(abs(wanted), max(most, freed, 0.0))
    return direction * size - position


def margin_at_open(
    market: Market, i: int, j: int, terms: Terms, state: State
) -> tuple[float, float]:
    """Equity at the opens, and the gross notional of the symbols other than ``j``."""
    equity = state.account[0]
    others = 0.0
    for c in range(terms.columns):
        if state.position[c] == 0.0:
            continue
        price = market.open[i * terms.columns + c]
        value = state.position[c] * (price if price == price else state.mark[c])
        equity += value
        others += 0.0 if c == j else abs(value)
    return equity, others


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
