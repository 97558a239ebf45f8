"""What happens inside a bar: stops, liquidation, take-profits.

The path of prices inside a bar is unknown; the pessimistic reading is taken. From the open, every
symbol moves to its adverse extreme at the same pace (long: low, short: high), and stops and
liquidation happen in the order in which that path meets them; only what survives may reach its
take-profit. A stop that the open has already passed fills at the open. A trailing stop follows
the extremes of earlier bars only. No exit ever aims at a better price than its level. Where finer
bars are stored, each of them is such a path of its own, one after the other.
"""

from xq.backtest.kernel_margin import liquidate, liquidation_point
from xq.backtest.kernel_state import (
    STOP_LOSS,
    TAKE_PROFIT,
    TRAILING_STOP,
    Market,
    Record,
    State,
    Terms,
    place,
    trade,
)
from xq.portfolio.sizing import round_to_tick

NEVER = 2.0  # beyond the end of the path from open (0) to extreme (1)


def adverse_path(market: Market, s: int, terms: Terms, state: State, record: Record) -> bool:
    """Stops and liquidation on the way to the adverse extremes; True when the account is gone."""
    path = market.path
    while True:
        end = liquidation_point(path, s, market, terms, state)
        first = NEVER
        chosen = -1
        for j in range(terms.columns):
            k = s * terms.columns + j
            if state.position[j] == 0.0 or path.open[k] != path.open[k]:
                continue
            side = 1.0 if state.position[j] > 0.0 else -1.0
            extreme = path.low[k] if side > 0.0 else path.high[k]
            level = stop_level(j, market, terms, state)
            point = meeting_point(side, path.open[k], extreme, level)
            if point < first:
                first = point
                chosen = j
        if end < NEVER and end < first:
            if liquidate(path, s, end, market, terms, state, record):
                return True
            continue
        if chosen < 0:
            return False
        level = stop_level(chosen, market, terms, state)
        aimed = path.open[s * terms.columns + chosen] if first == 0.0 else level
        reason = stop_reason(chosen, level, market, terms, state)
        leave(chosen, aimed, reason, market, terms, state, record)


def meeting_point(side: float, start: float, extreme: float, level: float) -> float:
    """Share of the way from start to extreme at which a stop is met; NEVER if it is not."""
    if level != level or side * (extreme - level) > 0.0:
        return NEVER
    if side * (start - level) <= 0.0:
        return 0.0
    return (start - level) / (start - extreme)


def stop_level(j: int, market: Market, terms: Terms, state: State) -> float:
    """The stop that an adverse move meets first; NaN if there is none."""
    side = 1.0 if state.position[j] > 0.0 else -1.0
    fixed = fixed_stop(j, market, terms, state)
    trailing = on_tick(j, state.best[j] * (1.0 - side * terms.trailing_stop), market, terms, state)
    if fixed != fixed:
        return trailing
    if trailing != trailing:
        return fixed
    return max(fixed, trailing) if side > 0.0 else min(fixed, trailing)


def fixed_stop(j: int, market: Market, terms: Terms, state: State) -> float:
    """The level of the stop loss; NaN if there is none."""
    side = 1.0 if state.position[j] > 0.0 else -1.0
    return on_tick(j, state.entry[j] * (1.0 - side * terms.stop_loss), market, terms, state)


def on_tick(j: int, level: float, market: Market, terms: Terms, state: State) -> float:
    """A level of an exit on the tick further below for a long, further above for a short."""
    if level != level:
        return level
    tick = market.book.tick[place(j, market, terms, state)]
    return round_to_tick(level, tick, state.position[j] < 0.0)


def stop_reason(j: int, level: float, market: Market, terms: Terms, state: State) -> int:
    """Which stop a level belongs to."""
    return STOP_LOSS if level == fixed_stop(j, market, terms, state) else TRAILING_STOP


def favourable_path(market: Market, s: int, terms: Terms, state: State, record: Record) -> None:
    """Take-profits of what survived, then the new extremes for trailing stops.

    An order resting at its level is filled only by prices beyond it; one that the level triggers
    needs it to be touched.
    """
    path = market.path
    for j in range(terms.columns):
        k = s * terms.columns + j
        if state.position[j] == 0.0 or path.open[k] != path.open[k]:
            continue
        side = 1.0 if state.position[j] > 0.0 else -1.0
        extreme = path.high[k] if side > 0.0 else path.low[k]
        level = on_tick(j, state.entry[j] * (1.0 + side * terms.take_profit), market, terms, state)
        beyond = side * (extreme - level)
        if beyond > 0.0 or (beyond == 0.0 and not terms.limit_exits):
            leave(j, level, TAKE_PROFIT, market, terms, state, record)
        elif side * (extreme - state.best[j]) > 0.0:
            state.best[j] = extreme


def leave(
    j: int, aimed: float, reason: int, market: Market, terms: Terms, state: State, record: Record
) -> None:
    """Close a position by an exit; the symbol stays flat until its target is 0 or turns."""
    state.blocked[j] = 1.0 if state.position[j] > 0.0 else -1.0
    state.target[j] = 0.0
    for slot in range(terms.delay):
        state.why[slot * terms.columns + j] = -1
    trade(j, -state.position[j], aimed, reason, market, terms, state, record)
