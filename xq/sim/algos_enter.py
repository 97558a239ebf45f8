"""Conditional futures orders enter and end: what is asked, what is refused, what is canceled."""

from dataclasses import replace
from decimal import Decimal

from xq.sim.algos import AlgoOrder, AlgoStatus, NewAlgo, Working
from xq.sim.draft import Draft
from xq.sim.exact import ZERO
from xq.sim.feed import Feed
from xq.sim.filters import MAX_ALGOS, Rules, check_price, check_quantity, rules_of
from xq.sim.orders import require_life
from xq.sim.records import Kind, PositionSide
from xq.sim.refusal import Reason, Refusal
from xq.sim.trading import reducible_by
from xq.sim.triggers import is_met, rises
from xq.types import OrderType, TimeInForce

LIMITS = {OrderType.STOP: OrderType.LIMIT, OrderType.TAKE_PROFIT: OrderType.LIMIT}
_CLOSERS = (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)
_RATES = Decimal("0.1"), Decimal(10)  # percent


def place_algo(draft: Draft, owner: str, feed: Feed, request: NewAlgo) -> AlgoOrder:
    """Let a conditional order wait for its price.

    Raises
    ------
    Refusal
        If a filter or the order's own conditions say no. Margin is asked for when it triggers.
    """
    index = draft.state.index
    if request.client_id and index.algo_named(owner, request.client_id) is not None:
        raise Refusal(Reason.DUPLICATE_CLIENT_ID)
    _check_side(draft, owner, request)
    here = [a for a in draft.state.algos_of(owner, request.symbol) if a.is_open]
    if len(here) >= MAX_ALGOS:
        raise Refusal(Reason.TOO_MANY_STOPS)
    _check_numbers(request, rules_of(feed.instrument(request.symbol)))
    _check_closing(draft, owner, request, here)
    if request.time_in_force is TimeInForce.GTD:
        require_life(draft, request.good_till_ms)
    algo = _new_algo(draft, owner, request)
    _check_price_now(feed, algo, draft.now_ms)
    if request.type is OrderType.TRAILING_STOP_MARKET and request.activate_price is None:
        algo = replace(algo, extreme=price_of(feed, algo, draft.now_ms))
    algo = draft.put_algo(algo)
    draft.flush(Kind.HOLD)
    return algo


def cancel_algo(draft: Draft, algo: AlgoOrder, status: AlgoStatus = AlgoStatus.CANCELED) -> None:
    """End one that still waits."""
    draft.put_algo(replace(algo, status=status))
    draft.flush(Kind.RELEASE)


def price_of(feed: Feed, algo: AlgoOrder, now_ms: int) -> Decimal:
    """The price that a conditional order watches."""
    if algo.working is Working.MARK_PRICE:
        return feed.mark_price(algo.symbol, now_ms)
    return feed.last_price(algo.symbol, now_ms)


def _check_side(draft: Draft, owner: str, request: NewAlgo) -> None:
    hedged = draft.state.is_hedged(owner)
    if hedged == (request.position_side is PositionSide.BOTH):
        raise Refusal(Reason.POSITION_SIDE)
    if hedged and request.reduce_only:
        raise Refusal(Reason.UNWANTED_PARAMETER, "reduceOnly")


def _check_numbers(request: NewAlgo, rules: Rules) -> None:
    trailing = request.type is OrderType.TRAILING_STOP_MARKET
    for name, price, wanted in (
        ("triggerPrice", request.trigger_price, not trailing),
        ("price", request.price, request.type in LIMITS),
        ("activatePrice", request.activate_price, False),
    ):
        if price is not None:
            check_price(price, rules, name)
        elif wanted:
            raise Refusal(Reason.MISSING_PARAMETER, name)
    if trailing:
        rate = request.callback_rate
        if rate is None or not _RATES[0] <= rate <= _RATES[1] or rate % _RATES[0]:
            raise Refusal(Reason.BAD_CALLBACK)
    if request.quantity is not None:
        check_quantity(request.quantity, LIMITS.get(request.type, OrderType.MARKET), rules)
        price = request.price or request.trigger_price
        small = price is not None and request.quantity * price < rules.min_notional
        if small and not request.reduce_only:
            raise Refusal(Reason.NOTIONAL_SMALL, f"{rules.min_notional:f}")


def _check_closing(draft: Draft, owner: str, request: NewAlgo, here: list[AlgoOrder]) -> None:
    if not request.close_position:
        if request.quantity is None:
            raise Refusal(Reason.MISSING_PARAMETER, "quantity")
    elif request.type not in _CLOSERS:
        raise Refusal(Reason.CLOSE_TYPE, request.type.name)
    elif request.quantity is not None:
        raise Refusal(Reason.CLOSE_WITH_QUANTITY)
    elif request.reduce_only:
        raise Refusal(Reason.CLOSE_WITH_REDUCE)
    elif any(a.close_position and _same_way(a, request) for a in here):
        raise Refusal(Reason.CLOSE_EXISTS)
    if request.with_position and not reducible_by(
        draft.state, owner, request.symbol, request.position_side, request.side
    ):
        raise Refusal(Reason.CLOSE_NOTHING)


def _same_way(algo: AlgoOrder, request: NewAlgo) -> bool:
    return (algo.type, algo.side, algo.position_side) == (
        request.type,
        request.side,
        request.position_side,
    )


def _check_price_now(feed: Feed, algo: AlgoOrder, now_ms: int) -> None:
    """Refuse what would trigger at once, or trail from a price already passed."""
    price = price_of(feed, algo, now_ms)
    if algo.type is OrderType.TRAILING_STOP_MARKET:
        passed = algo.activate_price and (price - algo.activate_price) * algo.side.sign <= 0
    else:
        passed = is_met(algo.trigger_price, price, above=rises(algo.type, algo.side))
    if passed:
        raise Refusal(Reason.WOULD_TRIGGER)


def _new_algo(draft: Draft, owner: str, request: NewAlgo) -> AlgoOrder:
    number = draft.next_algo_id()
    return AlgoOrder(
        id=number,
        owner=owner,
        symbol=request.symbol,
        client_id=f"sim-algo-{number}" if request.client_id is None else request.client_id,
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force,
        quantity=request.quantity or ZERO,
        price=request.price or ZERO,
        trigger_price=request.trigger_price or ZERO,
        activate_price=request.activate_price or ZERO,
        callback_rate=request.callback_rate or ZERO,
        working=request.working,
        reduce_only=request.reduce_only,
        close_position=request.close_position,
        price_protect=request.price_protect,
        position_side=request.position_side,
        self_trade=request.self_trade,
        good_till_ms=request.good_till_ms,
        with_position=request.with_position,
        status=AlgoStatus.NEW,
        created_ms=draft.now_ms,
        updated_ms=draft.now_ms,
    )
