"""Orders that wait for a price: how they are asked for, found and ended."""

from typing import Any

from xq.sim.algos import AlgoOrder, NewAlgo, Working
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.bybit.algo_rows import algo_id, algo_link
from xq.sim.wire.bybit.answers import Fault, plain
from xq.sim.wire.bybit.asks import FACE, Ask
from xq.sim.wire.bybit.order_params import new_order
from xq.types import OrderType, Side, TimeInForce

WORKINGS = {"LastPrice": Working.CONTRACT_PRICE, "MarkPrice": Working.MARK_PRICE}

_DIRECTIONS = {"1": True, "2": False}
# (at market, with the direction of the order) -> what the venue calls it.
_TYPES = {
    (True, True): OrderType.STOP_MARKET,
    (True, False): OrderType.TAKE_PROFIT_MARKET,
    (False, True): OrderType.STOP,
    (False, False): OrderType.TAKE_PROFIT,
}


def create(ask: Ask) -> dict[str, Any]:
    """Let an order wait for its trigger price."""
    request = _request(ask)
    names = ask.venue.state.index
    link = request.client_id
    if link is not None and names.named(ask.owner, FACE, link) is not None:
        raise Refusal(Reason.DUPLICATE_CLIENT_ID)
    try:
        return ids(ask.venue.place_algo(ask.owner, request))
    except Refusal as refusal:
        if refusal.reason is not Reason.WOULD_TRIGGER:
            raise
        raise _too_late(ask, request) from None


def ids(algo: AlgoOrder) -> dict[str, Any]:
    """All that an acknowledgement says."""
    return {"orderId": algo_id(algo), "orderLinkId": algo_link(algo)}


def working_of(word: str | None) -> Working:
    """Which price triggers; the last one when not named."""
    if word is None:
        return Working.CONTRACT_PRICE
    if word not in WORKINGS:
        raise Fault(10001, "params error: this venue triggers by LastPrice or MarkPrice")
    return WORKINGS[word]


def _request(ask: Ask) -> NewAlgo:
    plain_one = new_order(ask.venue, ask.owner, ask.params)
    word = ask.params.required("triggerDirection")
    if word not in _DIRECTIONS:
        raise Fault(10001, "params error: triggerDirection must be 1 or 2")
    rising = _DIRECTIONS[word]
    with_it = rising == (plain_one.side is Side.BUY)
    at_market = plain_one.type is OrderType.MARKET
    return NewAlgo(
        symbol=plain_one.symbol,
        side=plain_one.side,
        type=_TYPES[at_market, with_it],
        client_id=plain_one.client_id,
        quantity=plain_one.quantity,
        price=plain_one.price,
        trigger_price=ask.params.number("triggerPrice"),
        time_in_force=TimeInForce.GTC if at_market else plain_one.time_in_force,
        working=working_of(ask.params.text("triggerBy")),
        reduce_only=plain_one.reduce_only,
        position_side=plain_one.position_side,
        self_trade=plain_one.self_trade,
    )


def _too_late(ask: Ask, request: NewAlgo) -> Fault:
    """The price was met already."""
    feed, now = ask.feed, ask.now_ms
    by_mark = request.working is Working.MARK_PRICE
    current = (feed.mark_price if by_mark else feed.last_price)(request.symbol, now)
    trigger = request.trigger_price
    shown = "" if trigger is None else plain(trigger)
    if ask.params.text("triggerDirection") == "1":
        return Fault(
            110092, f"expect Rising, but trigger_price[{shown}] <= current[{plain(current)}]"
        )
    return Fault(110093, f"expect Falling, but trigger_price[{shown}] >= current[{plain(current)}]")


def waiting(ask: Ask, symbol: str, *, algo_id: int | None, link: str | None) -> AlgoOrder | None:
    """The conditional order of a symbol that waits under this id."""
    state = ask.venue.state
    found = state.index.algo_named(ask.owner, link) if link is not None else algo_id
    algo = state.algos.get(-1 if found is None else found)
    if algo is None or not algo.is_open or (algo.owner, algo.symbol) != (ask.owner, symbol):
        return None
    return algo


def cancel(ask: Ask, algo: AlgoOrder) -> dict[str, Any]:
    """End one that waits."""
    return ids(ask.venue.cancel_algo(ask.owner, algo_id=algo.id))


def cancel_all(ask: Ask, symbol: str) -> list[dict[str, Any]]:
    """End all of a symbol that wait."""
    ended = ask.venue.open_algos(ask.owner, symbol)
    if ended:
        ask.venue.cancel_all_algos(ask.owner, symbol)
    return [ids(algo) for algo in ended]
