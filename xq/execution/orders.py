"""The states of an order, the moves between them, and its name."""

import hashlib
import json
from enum import StrEnum
from itertools import product

from xq.types import OrderStatus, Symbol


class OrderState(StrEnum):
    """Where an order stands in the journal."""

    INTENT = "intent"  # written down; whether anything left is not known
    UNKNOWN = "unknown"  # sent, and the answer proves nothing
    NOT_SENT = "not_sent"  # the connection failed before the first byte
    LOST = "lost"  # proven by asking: it never reached the venue
    REJECTED = "rejected"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"

    @property
    def is_final(self) -> bool:
        """Whether nothing is expected to happen to the order any more."""
        return self not in _LIVE

    @property
    def is_unclear(self) -> bool:
        """Whether only the venue can tell what became of the order."""
        return self in (OrderState.INTENT, OrderState.UNKNOWN)

    @classmethod
    def of(cls, status: OrderStatus) -> "OrderState":
        """The state of an order that the venue reports.

        Examples
        --------
        >>> OrderState.of(OrderStatus.FILLED)
        <OrderState.FILLED: 'filled'>
        """
        return _OF[status]


_OF = {status: OrderState(status.value) for status in OrderStatus}
_AT_VENUE = frozenset(
    {
        OrderState.NEW,
        OrderState.PARTIALLY_FILLED,
        OrderState.FILLED,
        OrderState.CANCELED,
        OrderState.EXPIRED,
    }
)
_LIVE = frozenset(
    {OrderState.INTENT, OrderState.UNKNOWN, OrderState.NEW, OrderState.PARTIALLY_FILLED}
)
_ENDED = frozenset({OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED})

# The venue is right: an order thought lost may still turn up, and then it counts.
_MOVES: dict[OrderState, frozenset[OrderState]] = {
    OrderState.INTENT: _AT_VENUE
    | {OrderState.UNKNOWN, OrderState.NOT_SENT, OrderState.LOST, OrderState.REJECTED},
    OrderState.UNKNOWN: _AT_VENUE | {OrderState.LOST, OrderState.REJECTED},
    OrderState.NOT_SENT: frozenset(),
    OrderState.LOST: _AT_VENUE | {OrderState.REJECTED},
    OrderState.REJECTED: frozenset(),
    OrderState.NEW: _ENDED | {OrderState.PARTIALLY_FILLED, OrderState.REJECTED},
    OrderState.PARTIALLY_FILLED: _ENDED,
    OrderState.FILLED: frozenset(),
    OrderState.CANCELED: frozenset({OrderState.FILLED}),
    OrderState.EXPIRED: frozenset({OrderState.FILLED}),
}


def can_move(before: OrderState, after: OrderState) -> bool:
    """Whether an order may go from one state to another; staying is always allowed.

    Examples
    --------
    >>> can_move(OrderState.INTENT, OrderState.FILLED)
    True
    >>> can_move(OrderState.FILLED, OrderState.NEW)
    False
    """
    return before is after or after in _MOVES[before]


def client_order_id(
    account: str, strategy: str, symbol: Symbol, bar: str, leg: str, attempt: int
) -> str:
    """The name under which an order can be found again: a hash of the decision that made it.

    Parameters
    ----------
    bar
        Timeframe and open time of the decision's bar, ``"1h:1704067200000"``.
    leg
        Which part of the decision: ``"open"`` or ``"close"``.
    attempt
        How often this decision was taken anew because nothing had left.

    Examples
    --------
    >>> btc = Symbol("BTC", "USDT")
    >>> client_order_id("sim", "trend_following", btc, "1h:1704067200000", "open", 0)
    'xq-am3j4y4tjp3huk2dag7bsywmf227rdsy'
    """
    parts = json.dumps([account, strategy, str(symbol), bar, leg, attempt])
    digest = int.from_bytes(hashlib.sha256(parts.encode()).digest()[:20])
    return "xq-" + "".join([_PAIRS[digest >> shift & 1023] for shift in _SHIFTS])


_PAIRS = tuple(map("".join, product("abcdefghijklmnopqrstuvwxyz234567", repeat=2)))
_SHIFTS = range(150, -1, -10)  # base 32 of 160 bits, ten at a time: in half of `base64`'s time
