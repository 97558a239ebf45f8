"""Time passes: what happens, in the order it happens."""

from support.reference_venue.matching import print_trades
from support.reference_venue.numbers import round8
from support.reference_venue.records import OPEN, Payment
from support.reference_venue.ruin import liquidate
from support.reference_venue.state import State
from support.reference_venue.triggers import look

SECOND, MINUTE = 1_000, 60_000


def pass_time(state: State, until: int) -> None:
    """Bring the venue to ``until``, moment by moment."""
    moments = facts(state, until)
    while moments:
        state.now = min(moments)
        moments.remove(state.now)
        before = fingerprint(state)
        happen(state)
        if fingerprint(state) != before:
            following = {(state.now // grid + 1) * grid for grid in (SECOND, MINUTE)}
            moments |= {ts for ts in following if ts <= until}
    state.now = until


def facts(state: State, until: int) -> set[int]:
    """Moments in (now, until] at which something outside happens, and the grid after each."""
    found = {state.now}
    for market in state.markets:
        found |= {item.ts for item in market.trades}
        found |= {item.ts for item in market.books}
        found |= {ts for ts, _ in market.marks}
        found |= {ts for ts, _ in market.settlements}
    found |= {order.good_till for order in state.orders if order.status in OPEN}
    found |= set(state.countdowns.values())
    found = {ts for ts in found if state.now <= ts <= until}
    for ts in list(found):
        for grid in (SECOND, MINUTE):
            found |= {-(-ts // grid) * grid, (ts // grid + 1) * grid}
    return {ts for ts in found if state.now < ts <= until}


def fingerprint(state: State) -> object:
    """What may make the next whole second or minute matter."""
    return (
        len(state.history),
        [item.status for item in state.orders],
        [item.status for item in state.algos],
    )


def happen(state: State) -> None:
    """Everything of one millisecond: ends, the tape, triggers, liquidation, funding."""
    _end_orders(state)
    printed = []
    for market in state.markets:
        trades = [item for item in market.trades if item.ts == state.now]
        if trades:
            print_trades(state, market, trades)
            printed.append((market.face, market.symbol))
    look(state, printed)
    if state.now % MINUTE == 0:
        liquidate(state)
        before = len(state.history)
        _settle_funding(state)
        if len(state.history) != before:
            liquidate(state)


def _end_orders(state: State) -> None:
    for order in state.orders:
        if order.status in OPEN and order.tif == "gtd" and order.good_till <= state.now:
            order.status = "expired"
    for (owner, symbol), deadline in list(state.countdowns.items()):
        if deadline <= state.now:
            del state.countdowns[owner, symbol]
            for order in state.open_orders("futures", symbol, owner):
                order.status = "canceled"


def _settle_funding(state: State) -> None:
    for market in state.markets:
        for ts, rate in market.settlements:
            for owner in state.owners if ts == state.now else ():
                for key, position in state.books(owner).positions.items():
                    if key[0] == market.symbol:
                        paid = -round8(position.quantity * market.mark(ts) * rate)
                        own = state.is_isolated(owner, market.symbol)
                        state.history.append(
                            Payment(ts, owner, "futures", "funding", "USDT", paid, *key, own)
                        )
