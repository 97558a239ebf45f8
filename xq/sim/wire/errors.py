"""Refusals in Binance's numbers and words.

Codes and texts follow Binance's public error lists for spot and USDⓈ-M futures; a few differ
between the two, which is why every lookup names the face.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from xq.sim.instruments import Face
from xq.sim.refusal import Reason, Refusal

_BAD_REQUEST = 400
_UNAUTHORIZED = 401
_CONFLICT = 409


@dataclass(frozen=True, slots=True)
class WireError:
    """What the client reads."""

    status: int
    code: int
    message: str
    data: Mapping[str, object] | None = None

    @property
    def payload(self) -> dict[str, object]:
        """The JSON body."""
        body: dict[str, object] = {"code": self.code, "msg": self.message}
        return body if self.data is None else body | {"data": self.data}


class Replacement(Refusal):
    """A cancel-and-replace that failed, whole or in part, and what came of its two halves."""

    def __init__(self, reason: Reason, data: Mapping[str, object]) -> None:
        super().__init__(reason)
        self.data = data


_Text = tuple[int, str]

_COMMON: dict[Reason, _Text] = {
    Reason.MISSING_PARAMETER: (
        -1102,
        "Mandatory parameter '{0}' was not sent, was empty/null, or malformed.",
    ),
    Reason.MALFORMED_PARAMETER: (-1100, "Illegal characters found in parameter '{0}'."),
    Reason.DUPLICATE_PARAMETER: (-1101, "Duplicate values for a parameter detected."),
    Reason.UNREAD_PARAMETERS: (-1104, "Not all sent parameters were read; {0}."),
    Reason.EMPTY_PARAMETER: (-1105, "Parameter '{0}' was empty."),
    Reason.UNWANTED_PARAMETER: (-1106, "Parameter '{0}' sent when not required."),
    Reason.INVALID_DATA: (-1130, "Data sent for parameter '{0}' is not valid."),
    Reason.ORDER_ID_MISSING: (
        -1102,
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    ),
    Reason.TOO_PRECISE: (-1111, "Precision is over the maximum defined for this asset."),
    Reason.BAD_TIME_IN_FORCE: (-1115, "Invalid timeInForce."),
    Reason.BAD_ORDER_TYPE: (-1116, "Invalid orderType."),
    Reason.BAD_SIDE: (-1117, "Invalid side."),
    Reason.BAD_INTERVAL: (-1120, "Invalid interval."),
    Reason.BAD_SYMBOL: (-1121, "Invalid symbol."),
    Reason.TIMES_REVERSED: (-1023, "Start time is greater than end time."),
    Reason.BAD_CLIENT_ID: (
        -1100,
        "Illegal characters found in parameter 'newClientOrderId'; "
        "legal range is '^[\\.A-Z\\:/a-z0-9_-]{{1,36}}$'.",
    ),
    Reason.UNKNOWN_CANCEL: (-2011, "Unknown order sent."),
    Reason.UNKNOWN_ORDER: (-2013, "Order does not exist."),
    Reason.KEY_FORMAT: (-2014, "API-key format invalid."),
    Reason.KEY_UNKNOWN: (-2015, "Invalid API-key, IP, or permissions for action."),
    Reason.BAD_SIGNATURE: (-1022, "Signature for this request is not valid."),
    Reason.STALE_TIMESTAMP: (-1021, "Timestamp for this request is outside of the recvWindow."),
    Reason.FUTURE_TIMESTAMP: (
        -1021,
        "Timestamp for this request was 1000ms ahead of the server's time.",
    ),
    Reason.UNKNOWN_LISTEN_KEY: (-1125, "This listenKey does not exist."),
    Reason.BAD_SELF_TRADE: (-5039, "Invalid self trade prevention mode."),
    Reason.BAD_RECV_WINDOW: (-1131, "recvWindow must be less than 60000."),
}

_SPOT: dict[Reason, _Text] = {
    Reason.TOO_PRECISE: (-1111, "Parameter '{0}' has too much precision."),
    Reason.NOT_POSITIVE: (-1100, "Illegal characters found in parameter '{0}'."),
    Reason.PRICE_TICK: (-1013, "Filter failure: PRICE_FILTER"),
    Reason.PRICE_LOW: (-1013, "Filter failure: PRICE_FILTER"),
    Reason.PRICE_HIGH: (-1013, "Filter failure: PRICE_FILTER"),
    Reason.PRICE_FAR: (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    Reason.LOT_STEP: (-1013, "Filter failure: LOT_SIZE"),
    Reason.LOT_SMALL: (-1013, "Filter failure: LOT_SIZE"),
    Reason.LOT_LARGE: (-1013, "Filter failure: LOT_SIZE"),
    Reason.MARKET_LOT_LARGE: (-1013, "Filter failure: MARKET_LOT_SIZE"),
    Reason.NOTIONAL_SMALL: (-1013, "Filter failure: NOTIONAL"),
    Reason.NOTIONAL_LARGE: (-1013, "Filter failure: NOTIONAL"),
    Reason.TOO_MANY_ORDERS: (-1013, "Filter failure: MAX_NUM_ORDERS"),
    Reason.TOO_MANY_STOPS: (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS"),
    Reason.WOULD_TRIGGER: (-2010, "Stop price would trigger immediately."),
    Reason.DUPLICATE_CLIENT_ID: (-2010, "Duplicate order sent."),
    Reason.NO_FUNDS: (-2010, "Account has insufficient balance for requested action."),
    Reason.POST_ONLY: (-2010, "Order would immediately match and take."),
    Reason.REPLACE_FAILED: (-2022, "Order cancel-replace failed."),
    Reason.REPLACE_PARTLY: (-2021, "Order cancel-replace partially failed."),
}

_FUTURES: dict[Reason, _Text] = {
    Reason.PRICE_TICK: (-4014, "Price not increased by tick size."),
    Reason.PRICE_LOW: (-4013, "Price less than min price."),
    Reason.PRICE_HIGH: (-4002, "Price greater than max price."),
    Reason.LOT_STEP: (-4023, "Qty not increased by step size."),
    Reason.LOT_SMALL: (-4004, "Quantity less than min quantity."),
    Reason.LOT_LARGE: (-4005, "Quantity greater than max quantity."),
    Reason.MARKET_LOT_LARGE: (-4005, "Quantity greater than max quantity."),
    Reason.NOTIONAL_SMALL: (
        -4164,
        "Order's notional must be no smaller than {0} (unless you choose reduce only).",
    ),
    Reason.TOO_MANY_ORDERS: (-2025, "Reach max open order limit."),
    Reason.DUPLICATE_CLIENT_ID: (-4116, "ClientOrderId is duplicated."),
    Reason.NO_MARGIN: (-2019, "Margin is insufficient."),
    Reason.POSITION_LIMIT: (
        -2027,
        "Exceeded the maximum allowable position at current leverage.",
    ),
    Reason.REDUCE_ONLY: (-2022, "ReduceOnly Order is rejected."),
    Reason.POST_ONLY: (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected. "
        "The order will not be recorded in the order history",
    ),
    Reason.FILL_OR_KILL: (
        -5021,
        "Due to the order could not be filled immediately, the FOK order has been rejected. "
        "The order will not be recorded in the order history",
    ),
    Reason.CONDITIONAL_ELSEWHERE: (
        -4120,
        "Order type not supported for this endpoint. "
        "Please use the Algo Order API endpoints instead.",
    ),
    Reason.BAD_DEPTH_LIMIT: (-4021, "{0} is not valid depth limit"),
    Reason.BAD_LEVERAGE: (-4028, "Leverage {0} is not valid"),
    Reason.LEVERAGE_ISOLATED: (
        -4161,
        "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
    ),
    Reason.MARGIN_TYPE_SAME: (-4046, "No need to change margin type."),
    Reason.MARGIN_TYPE_ORDERS: (
        -4047,
        "Margin type cannot be changed if there exists open orders.",
    ),
    Reason.MARGIN_TYPE_POSITION: (-4048, "Margin type cannot be changed if there exists position."),
    Reason.POSITION_MODE_SAME: (-4059, "No need to change position side."),
    Reason.POSITION_MODE_ORDERS: (
        -4067,
        "Position side cannot be changed if there exists open orders.",
    ),
    Reason.POSITION_MODE_POSITION: (
        -4068,
        "Position side cannot be changed if there exists position.",
    ),
    Reason.NO_POSITION: (-4054, "Cannot add position margin: position is 0."),
    Reason.NOT_ISOLATED: (-4046, "Cross margin position has no margin of its own."),
    Reason.MARGIN_TOO_MUCH: (-4050, "Cross balance insufficient."),
    Reason.MARGIN_TOO_LITTLE: (-4051, "Isolated balance insufficient."),
    Reason.MARGIN_NOT_POSITIVE: (-4055, "Amount must be positive."),
    Reason.TOO_MANY_STOPS: (-4045, "Reach max stop order limit."),
    Reason.BAD_GOOD_TILL: (
        -5040,
        "The goodTillDate timestamp must be greater than the current time plus 600 seconds "
        "and smaller than 253402300799000.",
    ),
    Reason.AMEND_LIMIT_ONLY: (-5025, "Only limit order is supported."),
    Reason.NOTHING_TO_AMEND: (-5027, "No need to modify the order."),
    Reason.TOO_MANY_AT_ONCE: (-4082, "Invalid number of batch place orders: {0}."),
    Reason.WOULD_TRIGGER: (-2021, "Order would immediately trigger."),
    Reason.BAD_CALLBACK: (-2007, "Invalid callBack rate."),
    Reason.BAD_ACTIVATION: (-4135, "Invalid activation price."),
    Reason.CLOSE_WITH_QUANTITY: (-4137, "Quantity must be zero with closePosition equals true."),
    Reason.CLOSE_WITH_REDUCE: (-4138, "Reduce only must be true with closePosition equals true."),
    Reason.CLOSE_TYPE: (-4136, "Target strategy invalid for orderType {0}, closePosition true."),
    Reason.CLOSE_EXISTS: (
        -4130,
        "An open stop or take profit order with GTE and closePosition in the direction is "
        "existing.",
    ),
    Reason.CLOSE_NOTHING: (
        -4509,
        "Time in Force (TIF) GTE can only be used with open positions. "
        "Please ensure that positions are available.",
    ),
    Reason.POSITION_SIDE: (-4061, "Order's position side does not match user's setting."),
}

_ZERO_TEXTS = {
    "quantity": (-4003, "Quantity less than or equal to zero."),
    "price": (-4001, "Price less than 0."),
    "stopPrice": (-4006, "Stop price less than zero."),
    "triggerPrice": (-4006, "Stop price less than zero."),
    "activatePrice": (-4135, "Invalid activation price."),
}


def wire_error(refusal: Refusal, face: Face) -> WireError:
    """The error that Binance would answer.

    Examples
    --------
    >>> wire_error(Refusal(Reason.DUPLICATE_CLIENT_ID), Face.FUTURES).code
    -4116
    """
    code, template = _text(refusal, face)
    unauthorized = refusal.reason in (Reason.KEY_FORMAT, Reason.KEY_UNKNOWN)
    status = _UNAUTHORIZED if unauthorized else _BAD_REQUEST
    if isinstance(refusal, Replacement):
        partly = refusal.reason is Reason.REPLACE_PARTLY
        return WireError(_CONFLICT if partly else _BAD_REQUEST, code, template, refusal.data)
    return WireError(status, code, template.format(refusal.detail))


def _text(refusal: Refusal, face: Face) -> _Text:
    reason = refusal.reason
    if face is Face.FUTURES:
        if reason is Reason.NOT_POSITIVE:
            return _ZERO_TEXTS[refusal.detail]
        if reason is Reason.PRICE_FAR:
            return _price_far(refusal.detail)
    table = _SPOT if face is Face.SPOT else _FUTURES
    return table[reason] if reason in table else _COMMON[reason]


def _price_far(bound: str) -> _Text:
    side, _, price = bound.partition(" ")
    if side == "above":
        return -4016, f"Limit price can't be higher than {price}."
    return -4024, f"Limit price can't be lower than {price}."
