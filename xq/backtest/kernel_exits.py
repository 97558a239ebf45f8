"""What happens inside a bar: stops, liquidation, take-profits.

The path of prices inside a bar is unknown; the pessimistic reading is taken. From the open, every
symbol moves to its adverse extreme at the same pace (long: low, short: high), and stops and
liquidation happen in the order in which that path meets them; only what survives may reach its
take-profit. A stop that the open has already passed fills at the open. A trailing stop follows
the extremes of earlier bars only. No exit ever aims at a better price than its level.
"""

from xq.backtest.kernel_state import (
    LIQUIDATION,
    STOP_LOSS,
    TAKE_PROFIT,
    TRAILING_STOP,
    Market,
    Record,
    State,
    Terms,
    trade,
)

NEVER = 2.0  # beyond the end of the path from open (0) to extreme (1)


def adverse_path(market: Market, i: int, terms: Terms, state: State, record: Record) -> bool:
    """Stops and liquidation on the way to the adverse extremes; True when the account is gone."""
    while True:
        end = liquidation_point(market, i, terms, state)
        first = NEVER
        chosen = -1
        for j in range(terms.columns):
            k = i * terms.columns + j
            if state.position[j] == 0.0 or market.open[k] != market.open[k]:
                continue
            side = 1.0 if state.position[j] > 0.0 else -1.0
            extreme = market.low[k] if side > 0.0 else market.high[k]
            point = meeting_point(side, market.open[k], extreme, stop_level(j, terms, state))
            if point < first:
                first = point
                chosen = j
        if end < NEVER and end < first:
            mark_along_path(market, i, end, terms, state)
            wipe_out(terms, state, record)
            return True
        if chosen < 0:
            return False
        level = stop_level(chosen, terms, state)
        aimed = market.open[i * terms.columns + chosen] if first == 0.0 else level
        leave(chosen, aimed, stop_reason(chosen, level, terms, state), terms, state, record)


def meeting_point(side: float, start: float, extreme: float, level: float) -> float:
    """Share of the way from start to extreme at which a stop is met; NEVER if it is not."""
    if level != level or side * (extreme - level) > 0.0:
        return NEVER
    if side * (start - level) <= 0.0:
        return 0.0
    return (start - level) / (start - extreme)


def stop_level(j: int, terms: Terms, state: State) -> float:
    """The stop that an adverse move meets first; NaN if there is none."""
    side = 1.0 if state.position[j] > 0.0 else -1.0
    fixed = state.entry[j] * (1.0 - side * terms.stop_loss)
    trailing = state.best[j] * (1.0 - side * terms.trailing_stop)
    if fixed != fixed:
        return trailing
    if trailing != trailing:
        return fixed
    return max(fixed, trailing) if side > 0.0 else min(fixed, trailing)


def stop_reason(j: int, level: float, terms: Terms, state: State) -> int:
    """Which stop a level belongs to."""
    side = 1.0 if state.position[j] > 0.0 else -1.0
    fixed = state.entry[j] * (1.0 - side * terms.stop_loss)
    return STOP_LOSS if level == fixed else TRAILING_STOP


def liquidation_point(market: Market, i: int, terms: Terms, state: State) -> float:
    """Share of the adverse path at which equity is down to the maintenance margin."""
    if not terms.margined:
        return NEVER
    held = False
    spare = state.account[0]
    change = 0.0
    for j in range(terms.columns):
        position = state.position[j]
        if position == 0.0:
            continue
        held = True
        k = i * terms.columns + j
        start = market.open[k]
        extreme = market.low[k] if position > 0.0 else market.high[k]
        if start != start:
            start = extreme = state.mark[j]
        unit = position - terms.maintenance * abs(position)
        spare += unit * start
        change += unit * (extreme - start)
    if not held or spare + change > 0.0:
        return NEVER
    return 0.0 if spare <= 0.0 else -spare / change


def mark_along_path(market: Market, i: int, point: float, terms: Terms, state: State) -> None:
    """Set the marks to the prices at a point of the adverse path."""
    for j in range(terms.columns):
        k = i * terms.columns + j
        if state.position[j] != 0.0 and market.open[k] == market.open[k]:
            extreme = market.low[k] if state.position[j] > 0.0 else market.high[k]
            state.mark[j] = market.open[k] + point * (extreme - market.open[k])


def wipe_out(terms: Terms, state: State, record: Record) -> None:
    """Close everything at the marks; what is left of the margin is the venue's."""
    n = int(state.account[1])
    for j in range(terms.columns):
        if state.position[j] == 0.0:
            continue
        record.row[n] = int(state.account[2])
        record.column[n] = j
        record.quantity[n] = -state.position[j]
        record.price[n] = state.mark[j]
        record.aimed[n] = state.mark[j]
        record.fee[n] = 0.0
        record.reason[n] = LIQUIDATION
        state.account[0] += state.position[j] * state.mark[j]
        state.position[j] = 0.0
        n += 1
    if n > 0:
        record.fee[n - 1] += state.account[0]
    state.account[0] = 0.0
    state.account[1] = n


def favourable_path(market: Market, i: int, terms: Terms, state: State, record: Record) -> None:
    """Take-profits of what survived, then the new extremes for trailing stops."""
    for j in range(terms.columns):
        k = i * terms.columns + j
        if state.position[j] == 0.0 or market.open[k] != market.open[k]:
            continue
        side = 1.0 if state.position[j] > 0.0 else -1.0
        extreme = market.high[k] if side > 0.0 else market.low[k]
        level = state.entry[j] * (1.0 + side * terms.take_profit)
        if side * (extreme - level) >= 0.0:
            leave(j, level, TAKE_PROFIT, terms, state, record)
        elif side * (extreme - state.best[j]) > 0.0:
            state.best[j] = extreme


def leave(j: int, aimed: float, reason: int, terms: Terms, state: State, record: Record) -> None:
    """Close a position by an exit; the symbol stays flat until its target is 0 or turns."""
    state.blocked[j] = 1.0 if state.position[j] > 0.0 else -1.0
    state.target[j] = 0.0
    trade(j, -state.position[j], aimed, reason, terms, state, record)
