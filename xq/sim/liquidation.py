"""Liquidation: the venue closes what an account's margin no longer carries.

Orders go first. Then the position that needs most is cut to the bracket below, again and again
until the rest is carried; in the lowest bracket it is closed whole. What the book cannot take is
taken over by clients on the other side, those who gained most first. A wallet that would end below
zero is made whole by the insurance fund.
"""

from decimal import ROUND_UP, Decimal

from xq.sim.account import close_order, execute
from xq.sim.algos import AlgoStatus
from xq.sim.brackets import maintenance, tier_at
from xq.sim.changes import About, transfer
from xq.sim.draft import Draft
from xq.sim.events import Cause, Liquidation, MarginCall
from xq.sim.exact import ZERO, divided, rounded
from xq.sim.feed import Feed
from xq.sim.instruments import Face
from xq.sim.liquidity import FAR, look
from xq.sim.margin import ASSET, LIQUIDATION_FEE, leverage_of
from xq.sim.matching import Execution, Taker
from xq.sim.orders_forced import forced_order
from xq.sim.records import Account, Kind, SimFill, SimOrder, SimPosition
from xq.sim.ruin import CALL_AT, WHOLE, Pool, pool_of, pools
from xq.sim.state import PoolKey
from xq.sim.trading import carry_out, expire_idle_reductions, meet, opposite
from xq.types import OrderStatus


def examine(draft: Draft, feed: Feed) -> None:
    """Look at every pool's margin: call what is nearly used up, close what does not suffice.

    Pools follow one another by their keys. What a liquidation opens for a later one is looked at
    too, in the same minute.
    """
    pool = _next(draft, None)
    while pool is not None:
        if pool.key not in draft.state.warned and pool.fails(feed, draft.now_ms, CALL_AT):
            draft.warn(pool.key)
            draft.events.append(MarginCall(draft.now_ms, pool.key[0], pool.positions))
        if pool.fails(feed, draft.now_ms, WHOLE):
            liquidate(draft, feed, pool.key)
        pool = _next(draft, pool.key)


def _next(draft: Draft, key: PoolKey | None) -> Pool | None:
    """The first pool after a key, as it is now."""
    later = (pool for pool in pools(draft.state) if key is None or pool.key > key)
    return min(later, key=lambda pool: pool.key, default=None)


def liquidate(draft: Draft, feed: Feed, key: PoolKey) -> None:
    """Cut or close the positions of a pool until it carries the rest."""
    _cancel_orders(draft, feed, key)
    pool = pool_of(draft.state, key)
    while pool is not None and pool.fails(feed, draft.now_ms, WHOLE):
        _cut(draft, feed, _heaviest(draft, feed, pool))
        pool = pool_of(draft.state, key)
    debt = -draft.state.balance(key[0], Face.FUTURES, Account.FREE, ASSET)
    if debt > 0 and pool is None and not key[1]:
        legs = transfer(Account.INSURANCE, Account.FREE, ASSET, debt)
        draft.post(Kind.BANKRUPTCY, legs, About(key[0], Face.FUTURES))
    draft.flush(Kind.CLEARANCE)


def _cancel_orders(draft: Draft, feed: Feed, key: PoolKey) -> None:
    """All orders of an account, or those that an isolated position shares its symbol with."""
    owner, symbol, side = key
    for order in draft.state.orders_of(owner, Face.FUTURES, symbol or None):
        if not symbol or order.position_side == side:
            close_order(draft, feed.instrument(order.symbol), order, OrderStatus.CANCELED)
    for algo in draft.state.algos_of(owner, symbol or None):
        if algo.is_open and (not symbol or algo.position_side == side):
            draft.end_algo(algo, AlgoStatus.CANCELED)


def _heaviest(draft: Draft, feed: Feed, pool: Pool) -> SimPosition:
    """The position that needs most maintenance margin."""

    def needed(position: SimPosition) -> Decimal:
        mark = feed.mark_price(position.symbol, draft.now_ms)
        return maintenance(position.symbol, position.quantity * mark)

    return max(pool.positions, key=needed)


def _cut(draft: Draft, feed: Feed, position: SimPosition) -> None:
    """Bring a position into the bracket below, or close it if there is none."""
    mark = feed.mark_price(position.symbol, draft.now_ms)
    tier = tier_at(position.symbol, position.quantity * mark)
    quantity = abs(position.quantity)
    if tier.floor:
        lot = feed.instrument(position.symbol).instrument.lot
        excess = quantity - divided(tier.floor, mark)
        quantity = min(quantity, max(lot, rounded(excess, lot, ROUND_UP)))
    order = draft.put_order(forced_order(draft, position, quantity, "autoclose"), Cause.NEW)
    order, fills = _filled(draft, feed, order)
    draft.events.append(Liquidation(draft.now_ms, order.symbol, order, tuple(fills)))
    _charge(draft, position, order, fills)


def _filled(draft: Draft, feed: Feed, order: SimOrder) -> tuple[SimOrder, list[SimFill]]:
    """The forced order done: by the book, else by those on the other side, else by the venue."""
    taker = Taker(order.owner, order.side, order.quantity, position_side=order.position_side)
    meeting = meet(draft, feed, order.face, order.symbol, taker)
    order, fills = carry_out(draft, feed, order, meeting, Cause.LIQUIDATION)
    worst = _worst(draft, feed, order)
    for victim in _other_side(draft, feed, order):
        if not order.remaining:
            break
        execution = Execution(worst, min(order.remaining, abs(victim.quantity)))
        order = _execute(draft, feed, order, execution, Cause.LIQUIDATION, fills)
        forced = forced_order(draft, victim, execution.quantity, "adl_autoclose")
        _execute(draft, feed, draft.put_order(forced, Cause.NEW), execution, Cause.ADL, [])
        expire_idle_reductions(draft, feed, victim.owner, order.symbol)
    if order.remaining:
        execution = Execution(worst, order.remaining)
        order = _execute(draft, feed, order, execution, Cause.LIQUIDATION, fills)
    return order, fills


def _execute(
    draft: Draft,
    feed: Feed,
    order: SimOrder,
    execution: Execution,
    cause: Cause,
    fills: list[SimFill],
) -> SimOrder:
    market = feed.instrument(order.symbol)
    order, fill = execute(draft, market, order, execution, maker=False, cause=cause)
    fills.append(fill)
    return order


def _worst(draft: Draft, feed: Feed, order: SimOrder) -> Decimal:
    """The last price in the book that a forced order walks through."""
    outside = look(feed, order.face, order.symbol, draft.now_ms, FAR)
    levels = outside.shown[opposite(order.side)]
    return levels[-1][0] if levels else feed.last_price(order.symbol, draft.now_ms)


def _other_side(draft: Draft, feed: Feed, order: SimOrder) -> list[SimPosition]:
    """Positions that the forced order could be matched with, most leveraged profit first."""
    mark = feed.mark_price(order.symbol, draft.now_ms)

    def rank(position: SimPosition) -> Decimal:
        gain = divided(position.quantity * mark - position.cost, abs(position.cost))
        return gain * leverage_of(draft.state, position.owner, position.symbol)

    found = [
        position
        for key, position in sorted(draft.state.positions.items())
        if key[1] == order.symbol
        and key[0] != order.owner
        and position.quantity * order.side.sign > 0
    ]
    return sorted(found, key=rank, reverse=True)


def _charge(draft: Draft, before: SimPosition, order: SimOrder, fills: list[SimFill]) -> None:
    """The clearance fee goes to the insurance fund, as far as the pool's wallet reaches."""
    source, most = Account.FREE, draft.state.balance(order.owner, Face.FUTURES, Account.FREE, ASSET)
    after = draft.state.position(order.owner, order.symbol, order.position_side)
    if before.isolated:
        most = before.margin + sum((fill.realized for fill in fills), ZERO)
        source = Account.ISOLATED if after.quantity else Account.FREE
    fee = min(max(most, ZERO), rounded(order.filled_quote * LIQUIDATION_FEE))
    about = About(order.owner, Face.FUTURES, order.symbol)
    draft.post(Kind.CLEARANCE, transfer(source, Account.INSURANCE, ASSET, fee), about)
    if source is Account.ISOLATED:
        draft.put_margin(after, after.margin - fee)
