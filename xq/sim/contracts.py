"""Futures accounts as time passes: their value at mark prices, and funding."""

from collections.abc import Iterable
from decimal import Decimal

from xq.sim.changes import About, transfer
from xq.sim.draft import Draft
from xq.sim.exact import rounded
from xq.sim.feed import Feed, Paced
from xq.sim.instruments import Face
from xq.sim.margin import ASSET, MarginAccount, evaluate, exposed
from xq.sim.records import Account, Kind
from xq.sim.state import State
from xq.timeframe import HOUR_MS

FUNDING_MS = 8 * HOUR_MS


def margin_account(state: State, owner: str, feed: Feed, now_ms: int) -> MarginAccount:
    """One futures account valued at one moment."""
    return evaluate(state, owner, marks(feed, exposed(state, owner), now_ms))


def marks(feed: Feed, symbols: Iterable[str], now_ms: int) -> dict[str, Decimal]:
    """Mark prices of several symbols at one moment."""
    return {symbol: feed.mark_price(symbol, now_ms) for symbol in symbols}


def next_funding(after_ms: int, feed: object = None) -> int:
    """The first funding time after ``after_ms``: 00:00, 08:00 and 16:00 UTC, or the feed's own.

    Examples
    --------
    >>> next_funding(0) == FUNDING_MS, next_funding(FUNDING_MS) == 2 * FUNDING_MS
    (True, True)
    """
    if isinstance(feed, Paced):
        return feed.next_funding(after_ms)
    return (after_ms // FUNDING_MS + 1) * FUNDING_MS


def pay_funding(draft: Draft, feed: Feed) -> None:
    """Settle funding of every position at the draft's time: longs pay a positive rate."""
    for _, position in sorted(draft.state.positions.items()):
        for funding in feed.funding(position.symbol, draft.now_ms, draft.now_ms, 1):
            amount = rounded(-position.quantity * funding.mark * funding.rate)
            wallet = Account.ISOLATED if position.isolated else Account.FREE
            legs = transfer(Account.FUNDING, wallet, ASSET, amount)
            about = About(position.owner, Face.FUTURES, position.symbol)
            draft.post(Kind.FUNDING, legs, about)
            if position.isolated:
                draft.put_margin(position, position.margin + amount)
    draft.flush(Kind.FUNDING)
