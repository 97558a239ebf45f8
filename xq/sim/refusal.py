"""The venue's definite no, in words of the field; the wire gives it Binance's numbers."""

from enum import StrEnum, auto


class Reason(StrEnum):
    """Why a request was refused."""

    MISSING_PARAMETER = auto()
    MALFORMED_PARAMETER = auto()
    EMPTY_PARAMETER = auto()
    DUPLICATE_PARAMETER = auto()
    UNREAD_PARAMETERS = auto()
    UNWANTED_PARAMETER = auto()
    INVALID_DATA = auto()
    ORDER_ID_MISSING = auto()
    TIMES_REVERSED = auto()
    BAD_DEPTH_LIMIT = auto()
    TOO_PRECISE = auto()
    BAD_SYMBOL = auto()
    BAD_INTERVAL = auto()
    BAD_TIME_IN_FORCE = auto()
    BAD_ORDER_TYPE = auto()
    BAD_SIDE = auto()
    BAD_CLIENT_ID = auto()
    NOT_POSITIVE = auto()
    PRICE_TICK = auto()
    PRICE_LOW = auto()
    PRICE_HIGH = auto()
    PRICE_FAR = auto()
    LOT_STEP = auto()
    LOT_SMALL = auto()
    LOT_LARGE = auto()
    MARKET_LOT_LARGE = auto()
    NOTIONAL_SMALL = auto()
    NOTIONAL_LARGE = auto()
    TOO_MANY_ORDERS = auto()
    TOO_MANY_STOPS = auto()
    BAD_GOOD_TILL = auto()
    BAD_SELF_TRADE = auto()
    AMEND_LIMIT_ONLY = auto()
    NOTHING_TO_AMEND = auto()
    TOO_MANY_AT_ONCE = auto()
    WOULD_TRIGGER = auto()
    BAD_CALLBACK = auto()
    BAD_ACTIVATION = auto()
    CLOSE_WITH_QUANTITY = auto()
    CLOSE_WITH_REDUCE = auto()
    CLOSE_TYPE = auto()
    CLOSE_EXISTS = auto()
    CLOSE_NOTHING = auto()
    DUPLICATE_CLIENT_ID = auto()
    NO_FUNDS = auto()
    NO_MARGIN = auto()
    POSITION_LIMIT = auto()
    REDUCE_ONLY = auto()
    POST_ONLY = auto()
    FILL_OR_KILL = auto()
    UNKNOWN_CANCEL = auto()
    UNKNOWN_ORDER = auto()
    CONDITIONAL_ELSEWHERE = auto()
    BAD_LEVERAGE = auto()
    LEVERAGE_ISOLATED = auto()
    MARGIN_TYPE_SAME = auto()
    MARGIN_TYPE_ORDERS = auto()
    MARGIN_TYPE_POSITION = auto()
    POSITION_MODE_SAME = auto()
    POSITION_MODE_ORDERS = auto()
    POSITION_MODE_POSITION = auto()
    POSITION_SIDE = auto()
    NO_POSITION = auto()
    NOT_ISOLATED = auto()
    MARGIN_TOO_MUCH = auto()
    MARGIN_TOO_LITTLE = auto()
    MARGIN_NOT_POSITIVE = auto()
    UNKNOWN_LISTEN_KEY = auto()
    REPLACE_FAILED = auto()
    REPLACE_PARTLY = auto()
    KEY_FORMAT = auto()
    KEY_UNKNOWN = auto()
    BAD_SIGNATURE = auto()
    STALE_TIMESTAMP = auto()
    FUTURE_TIMESTAMP = auto()
    BAD_RECV_WINDOW = auto()


class Refusal(Exception):
    """A request that changed nothing.

    Parameters
    ----------
    reason
        Which rule.
    detail
        The parameter, filter or value concerned.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail
