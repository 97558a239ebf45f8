"""What happens at a bar's open: decided orders meet the venue's rules and what money there is."""

from xq.backtest.kernel_state import DUST, Market, Record, State, Terms, fill_price, place, trade
from xq.portfolio.sizing import round_to_lot


def fill_pending(market: Market, i: int, terms: Terms, state: State, record: Record) -> None:
    """Fill at the open: first what frees cash or margin, then the rest, in order of columns."""
    first = (i % terms.delay) * terms.columns
    for increasing in (False, True):
        for j in range(terms.columns):
            slot = first + j
            wanted = state.pending[slot]
            if state.why[slot] < 0 or is_increase(wanted, state.position[j]) != increasing:
                continue
            aimed = market.open[i * terms.columns + j]
            delta = wanted - state.position[j]
            if increasing:
                delta = affordable(market, i, j, wanted, terms, state)
            delta = accepted(market, j, delta, aimed, terms, state)
            trade(j, delta, aimed, state.why[slot], market, terms, state, record)
            state.why[slot] = -1


def is_increase(wanted: float, position: float) -> bool:
    """Whether the quantity to hold is larger than the position, or on the other side."""
    return abs(wanted) > abs(position) or wanted * position < 0.0


def accepted(
    market: Market, j: int, delta: float, price: float, terms: Terms, state: State
) -> float:
    """The change that the venue's filters leave: too small is refused, too large is cut.

    A margin account's reductions know no least notional, and reductions of any size are split into
    as many orders as the largest one asks for.
    """
    p = place(j, market, terms, state)
    position = state.position[j]
    after = position + delta
    opened = abs(after) if position * after < 0.0 and terms.margined else abs(delta)
    shrinks = abs(after) <= abs(position) and position * after >= 0.0
    limited = not (terms.margined and shrinks)
    if delta == 0.0:
        return 0.0
    size = opened * (1.0 + DUST)  # a difference of whole lots is a hair off
    if size < market.book.least[p] or (limited and size * price < market.book.notional[p]):
        state.account[3] += 1.0
        return -position if position * after < 0.0 and terms.margined else 0.0
    most = market.book.most[p]
    if shrinks or opened <= most:
        return delta
    state.account[4] += 1.0
    cut = opened - round_to_lot(most, market.book.lot[p])
    return delta - cut if delta > 0.0 else delta + cut


def affordable(market: Market, i: int, j: int, wanted: float, terms: Terms, state: State) -> float:
    """The part of an increase, base asset, signed, that cash or margin allows."""
    price = market.open[i * terms.columns + j]
    lot = market.book.lot[place(j, market, terms, state)]
    position = state.position[j]
    delta = wanted - position
    direction = 1.0 if delta > 0.0 else -1.0
    paid = fill_price(j, delta, price, market, terms, state)
    if not terms.margined:
        cash = state.account[0]
        if delta * paid * (1.0 + terms.fee) <= cash:
            return delta
        most = round_to_lot(cash / (paid * (1.0 + terms.fee)), lot)
        return most if most > 0.0 else 0.0
    equity, others = margin_at_open(market, i, j, terms, state)
    unit_cost = abs(paid - price) + terms.fee * paid
    same_side = position * wanted > 0.0
    freed = abs(position) if same_side else -abs(position)
    room = terms.max_leverage * (equity + freed * unit_cost) - others
    most = round_to_lot(room / (price + terms.max_leverage * unit_cost), lot)
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
