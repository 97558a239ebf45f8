"""Take profit and stop loss of a position: ``/v5/position/trading-stop``."""

from decimal import Decimal
from typing import Any

from xq.sim.algos import AlgoOrder, NewAlgo, Working
from xq.sim.filters import check_price, rules_of
from xq.sim.records import PositionSide, SimPosition
from xq.sim.state import State
from xq.sim.triggers import is_met, rises
from xq.sim.wire.bybit.answers import Fault, plain
from xq.sim.wire.bybit.asks import FACE, Ask
from xq.sim.wire.bybit.conditional import working_of
from xq.sim.wire.bybit.order_params import position_of
from xq.types import OrderType, Side

_AT_MARKET = {
    "takeProfit": OrderType.TAKE_PROFIT_MARKET,
    "stopLoss": OrderType.STOP_MARKET,
}
_AT_LIMIT = {"takeProfit": OrderType.TAKE_PROFIT, "stopLoss": OrderType.STOP}
_SHORT = {"takeProfit": "tp", "stopLoss": "sl"}


def stops_of(state: State, position: SimPosition) -> dict[str, str]:
    """``takeProfit`` and ``stopLoss`` of a position; empty where there is none."""
    found = {name: _protecting(state, position, name) for name in _AT_MARKET}
    return {name: "" if algo is None else plain(algo.trigger_price) for name, algo in found.items()}


def trading_stop(ask: Ask) -> dict[str, Any]:
    """Set, change or take away what protects a position."""
    ask.only_linear()
    market, side = ask.market(), position_of(ask.params)
    position = ask.venue.state.position(ask.owner, market.id, side)
    if not position.quantity:
        raise Fault(10001, "can not set tp/sl/ts for zero position")
    if ask.params.text("trailingStop") not in (None, "0"):
        raise Fault(10001, "params error: this venue knows no trailing stop by distance")
    wanted = {name: ask.params.decimal(name) for name in _AT_MARKET if name in ask.params}
    if not wanted:
        raise Fault(10001, "params error: expected takeProfit or stopLoss")
    for name, price in wanted.items():
        if price:
            _check(ask, position, name, price)
    if ask.params.one_of("tpslMode", ("Full", "Partial"), "Full") == "Partial":
        for name, price in wanted.items():
            if price:
                ask.venue.place_algo(ask.owner, _partly(ask, position, name, price))
        return {}
    changed = [_replace(ask, position, name, price) for name, price in wanted.items()]
    if not any(changed):
        raise Fault(34040, "not modified")
    return {}


def _closing(position: SimPosition) -> Side:
    return Side.SELL if position.quantity > 0 else Side.BUY


def _protecting(state: State, position: SimPosition, name: str) -> AlgoOrder | None:
    """The order that closes a whole position at its take profit or stop loss."""
    if not position.quantity:
        return None
    wanted = (_AT_MARKET[name], _closing(position), position.side)
    for algo in state.algos_of(position.owner, position.symbol):
        is_it = (algo.type, algo.side, algo.position_side) == wanted
        if algo.is_open and algo.close_position and is_it:
            return algo
    return None


def _working(ask: Ask, name: str) -> Working:
    return working_of(ask.params.text(f"{_SHORT[name]}TriggerBy"))


def _check(ask: Ask, position: SimPosition, name: str, price: Decimal) -> None:
    """Refuse a price that the market does not know, or that is met already."""
    check_price(price, rules_of(ask.venue.market(FACE, position.symbol)), name)
    feed, by_mark = ask.feed, _working(ask, name) is Working.MARK_PRICE
    current = (feed.mark_price if by_mark else feed.last_price)(position.symbol, ask.now_ms)
    above = rises(_AT_MARKET[name], _closing(position))
    if is_met(price, current, above=above):
        word = "higher" if above else "lower"
        raise Fault(10001, f"{name}:{plain(price)} should be {word} than price:{plain(current)}")


def _replace(ask: Ask, position: SimPosition, name: str, price: Decimal | None) -> bool:
    """Take the old one away and set the new one; whether anything changed."""
    known, working = _protecting(ask.venue.state, position, name), _working(ask, name)
    if known is None and not price:
        return False
    if known is not None:
        if (known.trigger_price, known.working) == (price, working):
            return False
        ask.venue.cancel_algo(ask.owner, algo_id=known.id)
    if price:
        request = NewAlgo(
            position.symbol,
            _closing(position),
            _AT_MARKET[name],
            trigger_price=price,
            working=working,
            close_position=True,
            with_position=True,
            position_side=position.side,
        )
        ask.venue.place_algo(ask.owner, request)
    return True


def _partly(ask: Ask, position: SimPosition, name: str, price: Decimal) -> NewAlgo:
    """An order that closes a part of a position."""
    short = _SHORT[name]
    size = ask.params.decimal(f"{short}Size")
    at_limit = ask.params.one_of(f"{short}OrderType", ("Market", "Limit"), "Market") == "Limit"
    return NewAlgo(
        position.symbol,
        _closing(position),
        (_AT_LIMIT if at_limit else _AT_MARKET)[name],
        quantity=abs(position.quantity) if size is None else size,
        price=ask.params.decimal(f"{short}LimitPrice") if at_limit else None,
        trigger_price=price,
        working=_working(ask, name),
        reduce_only=position.side is PositionSide.BOTH,
        position_side=position.side,
        with_position=True,
    )
