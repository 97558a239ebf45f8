"""Maintenance margin by brackets, and what the venue does when equity no longer covers it.

The position that needs most margin is cut to the bracket below, at the market and for the
liquidation fee, until the rest is carried; in the lowest bracket it is closed whole. What an
account then owes is paid by the venue's insurance, never by the trader.
"""

import math

from xq.backtest.kernel_state import (
    DUST,
    FILL_FIELDS,
    LIQUIDATION,
    Market,
    Path,
    Record,
    State,
    Terms,
    fill_price,
    note,
    place,
)
from xq.portfolio.sizing import round_to_lot

NOWHERE = 2.0  # beyond the end of the path from open (0) to extreme (1)
SEARCH_STEPS = 60


def liquidation_point(path: Path, s: int, market: Market, terms: Terms, state: State) -> float:
    """Share of the adverse path at which equity is down to the maintenance margin."""
    if not terms.margined:
        return NOWHERE
    held = False
    for j in range(terms.columns):
        held = held or state.position[j] != 0.0
    if not held or spare(path, s, 1.0, market, terms, state) > 0.0:
        return NOWHERE
    if spare(path, s, 0.0, market, terms, state) <= 0.0:
        return 0.0
    return crossing(path, s, market, terms, state)


def crossing(path: Path, s: int, market: Market, terms: Terms, state: State) -> float:
    """Where spare margin turns, by secants kept inside a shrinking interval (Illinois).

    It falls along the path and is linear between two brackets, so that few steps are needed.
    """
    low, high = 0.0, 1.0
    above = spare(path, s, low, market, terms, state)
    below = spare(path, s, high, market, terms, state)
    kept = 0
    for _ in range(SEARCH_STEPS):
        point = low + (high - low) * above / (above - below)
        value = spare(path, s, point, market, terms, state)
        if value == 0.0 or high - low <= 1e-15:
            return point
        if value > 0.0:
            below = below * 0.5 if kept == 1 else below
            low, above, kept = point, value, 1
        else:
            above = above * 0.5 if kept == -1 else above
            high, below, kept = point, value, -1
    return high


def spare(path: Path, s: int, point: float, market: Market, terms: Terms, state: State) -> float:
    """Equity at the marks less maintenance margin, at a share of the adverse path."""
    left = state.account[0]
    for j in range(terms.columns):
        position = state.position[j]
        if position != 0.0:
            mark = mark_at(path, s, point, j, terms, state)
            left += position * mark - maintenance(j, abs(position) * mark, market, terms, state)
    return left


def mark_at(path: Path, s: int, point: float, j: int, terms: Terms, state: State) -> float:
    """Mark price of a held symbol at a share of the adverse path; the last one without a bar."""
    k = s * terms.columns + j
    start = path.mark_open[k]
    if start != start:
        return state.mark[j]
    extreme = path.mark_low[k] if state.position[j] > 0.0 else path.mark_high[k]
    return start + point * (extreme - start)


def bracket(j: int, notional: float, market: Market, terms: Terms, state: State) -> int:
    """Index of the bracket that a notional falls into; the last one has no end."""
    p = place(j, market, terms, state)
    found = market.book.tier[p]
    for index in range(found + 1, market.book.tier[p + 1]):
        if notional > market.book.floor[index]:
            found = index
    return found


def maintenance(j: int, notional: float, market: Market, terms: Terms, state: State) -> float:
    """Equity below which a position of this notional is liquidated."""
    index = bracket(j, notional, market, terms, state)
    return notional * market.book.rate[index] - market.book.amount[index]


def liquidate(
    path: Path, s: int, point: float, market: Market, terms: Terms, state: State, record: Record
) -> bool:
    """Cut or close positions until the rest is carried; True when nothing is left at all."""
    while True:
        heaviest = -1
        most = -1.0
        for j in range(terms.columns):
            if state.position[j] != 0.0:
                mark = mark_at(path, s, point, j, terms, state)
                need = maintenance(j, abs(state.position[j]) * mark, market, terms, state)
                if need > most:
                    most = need
                    heaviest = j
        if heaviest < 0:
            if state.account[0] <= 0.0:
                return insure(state, record)
            return False
        cut(path, s, point, heaviest, market, terms, state, record)
        if spare(path, s, point, market, terms, state) > 0.0:
            return False


def cut(
    path: Path,
    s: int,
    point: float,
    j: int,
    market: Market,
    terms: Terms,
    state: State,
    record: Record,
) -> None:
    """Bring a position to the bracket below, or close it if there is none; it may not grow again.

    It fills at the price on the same share of the bar's own path, and pays the liquidation fee as
    far as cash reaches.
    """
    position = state.position[j]
    mark = mark_at(path, s, point, j, terms, state)
    floor = market.book.floor[bracket(j, abs(position) * mark, market, terms, state)]
    size = abs(position)
    if floor > 0.0:
        lot = market.book.lot[place(j, market, terms, state)]
        excess = size - floor / mark
        least = round_to_lot(excess, lot)
        if least < excess * (1.0 - DUST):
            least += lot
        size = min(size, max(least, lot, DUST * size))
    delta = -size if position > 0.0 else size
    aimed = last_at(path, s, point, j, terms, state)
    price = fill_price(j, delta, aimed, market, terms, state)
    fee = size * price * terms.fee
    state.position[j] = position + delta if size < abs(position) else 0.0
    state.account[0] -= delta * price + fee
    wallet = state.account[0]
    for c in range(terms.columns):
        wallet += state.position[c] * state.entry[c]
    charge = min(max(wallet, 0.0), size * price * terms.liquidation_fee)
    state.account[0] -= charge
    state.blocked[j] = 1.0 if position > 0.0 else -1.0
    state.target[j] = math.nan if state.position[j] != 0.0 else 0.0  # the rest is to be closed
    for slot in range(terms.delay):
        state.why[slot * terms.columns + j] = -1
    note(j, delta, price, aimed, fee + charge, LIQUIDATION, state, record)


def last_at(path: Path, s: int, point: float, j: int, terms: Terms, state: State) -> float:
    """Last price of a held symbol at a share of the adverse path."""
    k = s * terms.columns + j
    start = path.open[k]
    if start != start:
        return state.mark[j]
    extreme = path.low[k] if state.position[j] > 0.0 else path.high[k]
    return start + point * (extreme - start)


def insure(state: State, record: Record) -> bool:
    """The venue pays what the account owes; the last fee tells how much."""
    record.fills[int(state.account[1]) * FILL_FIELDS - 2] += state.account[0]
    state.account[0] = 0.0
    return True


def give_up(terms: Terms, state: State, record: Record) -> None:
    """Close everything at the last prices of an account that the close finds without equity."""
    for j in range(terms.columns):
        position = state.position[j]
        if position != 0.0:
            state.account[0] += position * state.mark[j]
            state.position[j] = 0.0
            note(j, -position, state.mark[j], state.mark[j], 0.0, LIQUIDATION, state, record)
    if int(state.account[1]) > 0:
        insure(state, record)
