"""Bybit's envelope and its error numbers."""

from decimal import Decimal
from typing import Any

from xq.sim.exact import ZERO
from xq.sim.refusal import Reason, Refusal

_PARAMETER = 10001


class Fault(Exception):
    """A request that Bybit answers with one of its numbers; nothing has changed.

    Parameters
    ----------
    status
        Of the HTTP answer.
    """

    def __init__(self, code: int, text: str, status: int = 200) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.status = status


_TEXTS: dict[Reason, tuple[int, str]] = {
    Reason.MISSING_PARAMETER: (_PARAMETER, "Missing some parameters that must be filled in, {0}"),
    Reason.MALFORMED_PARAMETER: (_PARAMETER, "params error: {0} invalid"),
    Reason.EMPTY_PARAMETER: (_PARAMETER, "params error: {0} invalid"),
    Reason.INVALID_DATA: (_PARAMETER, "params error: {0} invalid"),
    Reason.TIMES_REVERSED: (_PARAMETER, "params error: startTime must be before endTime"),
    Reason.BAD_SYMBOL: (_PARAMETER, "params error: symbol invalid"),
    Reason.BAD_INTERVAL: (_PARAMETER, "Invalid period!"),
    Reason.BAD_TIME_IN_FORCE: (_PARAMETER, "TimeInForce invalid"),
    Reason.BAD_ORDER_TYPE: (_PARAMETER, "OrderType invalid"),
    Reason.BAD_SIDE: (_PARAMETER, "Side invalid"),
    Reason.BAD_CLIENT_ID: (_PARAMETER, "OrderLinkId invalid"),
    Reason.ORDER_ID_MISSING: (_PARAMETER, "params error: orderId or orderLinkId is required"),
    Reason.NOT_POSITIVE: (_PARAMETER, "params error: {0} must be above zero"),
    Reason.TOO_PRECISE: (_PARAMETER, "params error: {0} has too many decimal places"),
    Reason.PRICE_TICK: (_PARAMETER, "params error: price is not a multiple of the tick size"),
    Reason.LOT_STEP: (_PARAMETER, "Qty invalid"),
    Reason.LOT_SMALL: (_PARAMETER, "The number of contracts is below minimum limit {0}"),
    Reason.LOT_LARGE: (_PARAMETER, "The number of contracts exceeds maximum limit {0}"),
    Reason.MARKET_LOT_LARGE: (_PARAMETER, "The number of contracts exceeds maximum limit {0}"),
    Reason.PRICE_LOW: (110003, "Order price exceeds the allowable range."),
    Reason.PRICE_HIGH: (110003, "Order price exceeds the allowable range."),
    Reason.PRICE_FAR: (110003, "Order price exceeds the allowable range."),
    Reason.NOTIONAL_SMALL: (110094, "Order does not meet minimum order value {0}USDT"),
    Reason.TOO_MANY_ORDERS: (110020, "Not allowed to have too many active orders"),
    Reason.DUPLICATE_CLIENT_ID: (110072, "OrderLinkedID is duplicate"),
    Reason.NO_FUNDS: (110007, "ab not enough for new order"),
    Reason.NO_MARGIN: (110007, "ab not enough for new order"),
    Reason.POSITION_LIMIT: (110090, "Order placement failed as your position may exceed the max"),
    Reason.REDUCE_ONLY: (110017, "current position is zero, cannot fix reduce-only order qty"),
    Reason.UNKNOWN_CANCEL: (110001, "order not exists or too late to cancel"),
    Reason.UNKNOWN_ORDER: (110001, "order not exists or too late to replace"),
    Reason.BAD_LEVERAGE: (110013, "cannot set leverage [{0}] by risk limit"),
    Reason.POSITION_MODE_SAME: (110025, "Position mode is not modified"),
    Reason.MARGIN_TYPE_SAME: (110026, "Cross/isolated margin mode is not modified"),
    Reason.NOTHING_TO_AMEND: (
        _PARAMETER,
        "The order remains unchanged as the parameters entered match the existing ones.",
    ),
    Reason.AMEND_LIMIT_ONLY: (_PARAMETER, "params error: only limit orders can be amended"),
    Reason.TOO_MANY_STOPS: (110009, "The number of stop orders exceeds the maximum limit allowed"),
    Reason.WOULD_TRIGGER: (_PARAMETER, "params error: the order would trigger at once"),
    Reason.MARGIN_TYPE_ORDERS: (3400045, "Set margin mode failed: there are open orders"),
    Reason.MARGIN_TYPE_POSITION: (3400045, "Set margin mode failed: there is a position"),
    Reason.POSITION_MODE_ORDERS: (
        110028,
        "You have existing open orders, so the position mode cannot be switched",
    ),
    Reason.POSITION_MODE_POSITION: (
        110024,
        "You have an existing position, so the position mode cannot be switched",
    ),
    Reason.LEVERAGE_ISOLATED: (110013, "cannot lower the leverage of an isolated position"),
    Reason.NO_POSITION: (_PARAMETER, "position does not exist"),
    Reason.NOT_ISOLATED: (_PARAMETER, "the position is not isolated"),
    Reason.MARGIN_TOO_MUCH: (110044, "Available margin is insufficient."),
    Reason.MARGIN_TOO_LITTLE: (110045, "Wallet balance is insufficient."),
    Reason.MARGIN_NOT_POSITIVE: (110027, "Margin is not modified"),
    Reason.BAD_CALLBACK: (_PARAMETER, "params error: trailing stop invalid"),
    Reason.POSITION_SIDE: (_PARAMETER, "position idx not match position mode"),
}


def fault(refusal: Refusal) -> Fault:
    """What Bybit answers where the venue refuses.

    Examples
    --------
    >>> fault(Refusal(Reason.NO_MARGIN)).code
    110007
    """
    if refusal.reason not in _TEXTS:
        return Fault(_PARAMETER, f"Request parameter error: {refusal}")
    code, text = _TEXTS[refusal.reason]
    return Fault(code, text.format(refusal.detail))


def envelope(now_ms: int, result: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """A good answer."""
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": extra, "time": now_ms}


def sorry(now_ms: int, problem: Fault) -> dict[str, Any]:
    """A bad one."""
    return {
        "retCode": problem.code,
        "retMsg": problem.text,
        "result": {},
        "retExtInfo": {},
        "time": now_ms,
    }


def plain(value: Decimal) -> str:
    """A number as Bybit writes it: as many places as it has.

    Examples
    --------
    >>> plain(Decimal("42000.10000000")), plain(Decimal("1E+3")), plain(Decimal("0.00"))
    ('42000.1', '1000', '0')
    """
    return f"{value.normalize():f}" if value else "0"


def filled(value: Decimal) -> str:
    """A number, or nothing where there is none."""
    return plain(value) if value != ZERO else ""
