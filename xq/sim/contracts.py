"""Futures positions as time passes: funding, liquidation, idle reduce-only orders."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from xq.sim.account import close_order, execute
from xq.sim.algos import AlgoStatus
from xq.sim.draft import About, Draft, transfer
from xq.sim.events import Cause, Liquidation
from xq.sim.exact import ZERO, rounded
from xq.sim.feed import Feed
from xq.sim.instruments import Face
from xq.sim.liquidity import FAR, look
from xq.sim.margin import ASSET, LIQUIDATION_FEE, MarginAccount, evaluate, exposed, maintenance
from xq.sim.matching import Execution, Taker
from xq.sim.records import Account, Kind, SimOrder, SimPosition
from xq.sim.state import State
from xq.sim.trading import carry_out, meet, opposite
from xq.timeframe import HOUR_MS, MINUTE_MS
from xq.types import OrderStatus, OrderType, Side, TimeInForce

FUNDING_MS = 8 * HOUR_MS

_MARK_SLACK = Decimal("0.01")  # the mark price stays this close to the traded range


def margin_account(state: State, owner: str, feed: Feed, now_ms: int) -> MarginAccount:
    """One futures account valued at one moment."""
    return evaluate(state, owner, marks(feed, exposed(state, owner), now_ms))


def marks(feed: Feed, symbols: Iterable[str], now_ms: int) -> dict[str, Decimal]:
    """Mark prices of several symbols at one moment."""
    return {symbol: feed.mark_price(symbol, now_ms) for symbol in symbols}


def next_funding(after_ms: int) -> int:
    """The first funding time after ``after_ms``: 00:00, 08:00 and 16:00 UTC.

    Examples
    --------
    >>> next_funding(0) == FUNDING_MS, next_funding(FUNDING_MS) == 2 * FUNDING_MS
    (True, True)
    """
    return (after_ms // FUNDING_MS + 1) * FUNDING_MS


def pay_funding(draft: Draft, feed: Feed) -> None:
    """Settle funding of every position at the draft's time: longs pay a positive rate."""
    for _, position in sorted(draft.state.positions.items()):
        for funding in feed.funding(position.symbol, draft.now_ms, draft.now_ms, 1):
            amount = rounded(-position.quantity * funding.mark * funding.rate)
            legs = transfer(Account.FUNDING, Account.FREE, ASSET, amount)
            draft.post(Kind.FUNDING, legs, About(position.owner, Face.FUTURES, position.symbol))
    draft.flush(Kind.FUNDING)


def first_bankruptcy(
    state: State, feed: Feed, start_ms: int, end_ms: int
) -> tuple[int, str] | None:
    """The first full minute in (start_ms, end_ms] at which an account's equity does not suffice.

    With the account's name, the first of them by name. Minutes that the traded range proves
    harmless are skipped whole.
    """
    first, last = start_ms // MINUTE_MS * MINUTE_MS, end_ms // MINUTE_MS * MINUTE_MS
    found = []
    for owner in sorted({key[0] for key in state.positions}):
        moment = _search(state, owner, feed, first, last)
        if moment is not None:
            found.append((moment, owner))
    return min(found, default=None)


def _search(state: State, owner: str, feed: Feed, start_ms: int, end_ms: int) -> int | None:
    if start_ms >= end_ms or _is_safe(state, owner, feed, start_ms, end_ms):
        return None
    if end_ms - start_ms == MINUTE_MS:
        return end_ms if margin_account(state, owner, feed, end_ms).is_bankrupt else None
    middle = (start_ms + end_ms) // 2 // MINUTE_MS * MINUTE_MS
    early = _search(state, owner, feed, start_ms, middle)
    return _search(state, owner, feed, middle, end_ms) if early is None else early


def _is_safe(state: State, owner: str, feed: Feed, start_ms: int, end_ms: int) -> bool:
    equity = state.balance(owner, Face.FUTURES, Account.FREE, ASSET)
    required = ZERO
    for position in state.positions_of(owner):
        symbol = position.symbol
        low, high = feed.price_range(symbol, start_ms, end_ms)
        low, high = low * (1 - _MARK_SLACK), high * (1 + _MARK_SLACK)
        worst = low if position.quantity > 0 else high
        equity += position.quantity * worst - position.cost
        required += maintenance(symbol, position.quantity * high)
    return equity > required


def liquidate(draft: Draft, feed: Feed, owner: str) -> None:
    """Cancel every order, close every position in the book, charge the clearance fee.

    A wallet that would end below zero is made whole by the insurance fund.
    """
    for order in draft.state.orders_of(owner, Face.FUTURES):
        close_order(draft, feed.instrument(order.symbol), order, OrderStatus.CANCELED)
    for algo in draft.state.algos_of(owner):
        if algo.is_open:
            draft.put_algo(replace(algo, status=AlgoStatus.CANCELED))
    for position in draft.state.positions_of(owner):
        _close_out(draft, feed, position)
    debt = -draft.state.balance(owner, Face.FUTURES, Account.FREE, ASSET)
    if debt > 0:
        legs = transfer(Account.INSURANCE, Account.FREE, ASSET, debt)
        draft.post(Kind.BANKRUPTCY, legs, About(owner, Face.FUTURES))
    draft.flush(Kind.CLEARANCE)


def _close_out(draft: Draft, feed: Feed, position: SimPosition) -> None:
    market = feed.instrument(position.symbol)
    order = draft.put_order(_forced_order(draft, position), Cause.NEW)
    taker = Taker(order.owner, order.side, order.quantity)
    order, fills = carry_out(
        draft, feed, order, meet(draft, feed, order.face, order.symbol, taker), Cause.LIQUIDATION
    )
    if order.remaining:
        rest = Execution(_worst(draft, feed, order), order.remaining)
        order, fill = execute(draft, market, order, rest, maker=False, cause=Cause.LIQUIDATION)
        fills.append(fill)
    draft.events.append(Liquidation(draft.now_ms, order.symbol, order, tuple(fills)))
    wallet = draft.state.balance(order.owner, Face.FUTURES, Account.FREE, ASSET)
    fee = min(max(wallet, ZERO), rounded(order.filled_quote * LIQUIDATION_FEE))
    legs = transfer(Account.FREE, Account.INSURANCE, ASSET, fee)
    draft.post(Kind.CLEARANCE, legs, About(order.owner, Face.FUTURES, position.symbol))


def _worst(draft: Draft, feed: Feed, order: SimOrder) -> Decimal:
    """The last price in the book that a forced order walks through."""
    outside = look(feed, order.face, order.symbol, draft.now_ms, FAR)
    levels = outside.shown[opposite(order.side)]
    return levels[-1][0] if levels else feed.last_price(order.symbol, draft.now_ms)


def _forced_order(draft: Draft, position: SimPosition) -> SimOrder:
    number = draft.next_order_id()
    return SimOrder(
        id=number,
        owner=position.owner,
        face=Face.FUTURES,
        symbol=position.symbol,
        client_id=f"autoclose-{draft.now_ms}-{number}",
        side=Side.SELL if position.quantity > 0 else Side.BUY,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.IOC,
        price=ZERO,
        quantity=abs(position.quantity),
        quote_quantity=ZERO,
        reduce_only=True,
        status=OrderStatus.NEW,
        filled=ZERO,
        filled_quote=ZERO,
        created_ms=draft.now_ms,
        updated_ms=draft.now_ms,
    )
