"""From the words of Bybit's order to what is asked of the venue."""

import re
from enum import Enum

from xq.sim.records import NewOrder, PositionSide, SelfTrade
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.bybit.answers import Fault
from xq.sim.wire.bybit.ids import Sort, read
from xq.sim.wire.params import Params
from xq.types import OrderType, Side, TimeInForce

_LINK_ID = re.compile(r"[A-Za-z0-9_-]{1,36}", re.ASCII)
_SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
_FORCES = {
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "PostOnly": TimeInForce.GTX,
}
_SMP = {
    "None": SelfTrade.NONE,
    "CancelTaker": SelfTrade.EXPIRE_TAKER,
    "CancelMaker": SelfTrade.EXPIRE_MAKER,
    "CancelBoth": SelfTrade.EXPIRE_BOTH,
}
_POSITIONS = (PositionSide.BOTH, PositionSide.LONG, PositionSide.SHORT)
_NOT_HERE = ("takeProfit", "stopLoss", "orderIv", "mmp", "bboSideType", "slippageTolerance")


class Kind(Enum):
    """``orderType``."""

    Market = OrderType.MARKET
    Limit = OrderType.LIMIT


def new_order(venue: SimVenue, owner: str, params: Params) -> NewOrder:
    """A plain order."""
    refuse_what_is_not_here(params)
    side, kind, force = side_of(params), kind_of(params), force_of(params)
    at_market = kind is OrderType.MARKET
    position = position_of(params)
    return NewOrder(
        symbol=params.required("symbol"),
        side=side,
        type=kind,
        client_id=link_id_of(params),
        quantity=params.number("qty"),
        price=None if at_market else params.number("price"),
        time_in_force=TimeInForce.GTC if at_market else force,
        reduce_only=reduces(venue, owner, params, side, position),
        position_side=position,
        self_trade=smp_of(params),
    )


def refuse_what_is_not_here(params: Params) -> None:
    """Refuse parameters that would change what the order does, and that nobody would obey."""
    for name in _NOT_HERE:
        if params.text(name) not in (None, "0", "false"):
            raise Fault(10001, f"params error: this venue knows no {name} on orders")


def side_of(params: Params) -> Side:
    """``side``."""
    side = _SIDES.get(params.required("side"))
    if side is None:
        raise Refusal(Reason.BAD_SIDE)
    return side


def kind_of(params: Params) -> OrderType:
    """``orderType``."""
    return params.word("orderType", Kind, Reason.BAD_ORDER_TYPE).value


def force_of(params: Params) -> TimeInForce:
    """``timeInForce``; good till canceled when absent."""
    word = params.text("timeInForce")
    if word is None:
        return TimeInForce.GTC
    if word not in _FORCES:
        raise Refusal(Reason.BAD_TIME_IN_FORCE)
    return _FORCES[word]


def position_of(params: Params) -> PositionSide:
    """``positionIdx``; the one of one-way mode when absent."""
    word = params.text("positionIdx")
    if word is None:
        return PositionSide.BOTH
    if word not in ("0", "1", "2"):
        raise Refusal(Reason.POSITION_SIDE)
    return _POSITIONS[int(word)]


def reduces(
    venue: SimVenue, owner: str, params: Params, side: Side, position: PositionSide
) -> bool:
    """Whether the venue is to be told so; in hedge mode side and position say it already."""
    wanted = params.flag("reduceOnly") or params.flag("closeOnTrigger")
    if not venue.state.is_hedged(owner) or position.opens is None:
        return wanted
    if wanted and side is position.opens:
        raise Refusal(Reason.REDUCE_ONLY)
    return False


def smp_of(params: Params) -> SelfTrade:
    """``smpType``; none when absent."""
    word = params.text("smpType")
    if word is None:
        return SelfTrade.NONE
    if word not in _SMP:
        raise Refusal(Reason.INVALID_DATA, "smpType")
    return _SMP[word]


def link_id_of(params: Params) -> str | None:
    """``orderLinkId``."""
    text = params.text("orderLinkId")
    if text is not None and not _LINK_ID.fullmatch(text):
        raise Refusal(Reason.BAD_CLIENT_ID)
    return text


def named(params: Params, refused_as: Reason) -> tuple[Sort, int | None, str | None]:
    """Which order ``orderId`` or else ``orderLinkId`` names; ids of nobody's are refused so."""
    text, link = params.text("orderId"), params.text("orderLinkId")
    if text is None:
        if link is None:
            raise Refusal(Reason.ORDER_ID_MISSING)
        return Sort.ORDER, None, link
    found = read(text)
    if found is None:
        raise Refusal(refused_as)
    return found[0], found[1], None
