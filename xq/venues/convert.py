"""ccxt's unified dictionaries into xq's frozen values."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import numpy as np

from xq.errors import VenueUnclear
from xq.types import (
    Balance,
    Book,
    Fill,
    Instrument,
    Order,
    OrderStatus,
    OrderType,
    Position,
    Side,
    Symbol,
)
from xq.venue_types import Ticker

Raw = Mapping[str, Any]
Known = TypeVar("Known")

_ZERO = Decimal(0)
_DECIMAL_PLACES = 2  # ccxt precision modes; 4 is tick size
_SIGNIFICANT_DIGITS = 3

_STATUS = {
    "open": OrderStatus.NEW,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "canceling": OrderStatus.NEW,
    "rejected": OrderStatus.REJECTED,
    "expired": OrderStatus.EXPIRED,
}
_TYPE = {kind.value: kind for kind in OrderType}
_SPOT_TYPE = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "limit_maker": OrderType.LIMIT,
    "stop_loss": OrderType.STOP_MARKET,
    "stop_loss_limit": OrderType.STOP,
    "take_profit": OrderType.TAKE_PROFIT_MARKET,
    "take_profit_limit": OrderType.TAKE_PROFIT,
}


def decimal(value: Any, default: Decimal = _ZERO) -> Decimal:
    """A number as the venue wrote it; floats by their shortest spelling.

    Examples
    --------
    >>> decimal(0.1), decimal("1.50"), decimal(None)
    (Decimal('0.1'), Decimal('1.50'), Decimal('0'))
    """
    if value is None or value == "":
        return default
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise VenueUnclear(f"expected a number, found {value!r}") from None
    if not number.is_finite():
        raise VenueUnclear(f"expected a number, found {value!r}")
    return number


def instruments(markets: Iterable[Raw], precision_mode: int) -> dict[Symbol, Instrument]:
    """Trading rules of active spot markets and linear perpetuals; others are left out."""
    found = {}
    for market in markets:
        kind_fits = market.get("spot") or (market.get("swap") and market.get("linear"))
        if not kind_fits or market.get("active") is False:
            continue
        symbol = Symbol(market["base"], market["quote"], market.get("settle"))
        if str(symbol) == market["symbol"]:
            found[symbol] = _instrument(symbol, market, precision_mode)
    return found


def _instrument(symbol: Symbol, market: Raw, precision_mode: int) -> Instrument:
    precision, limits = market["precision"], market["limits"]
    lot = _step(precision.get("amount"), precision_mode)
    return Instrument(
        symbol=symbol,
        tick=_step(precision.get("price"), precision_mode),
        lot=lot,
        min_quantity=decimal(limits["amount"].get("min"), lot),
        min_notional=decimal(limits["cost"].get("min")),
        maker=decimal(market.get("maker")),
        taker=decimal(market.get("taker")),
        synthetic=bool((market.get("info") or {}).get("synthetic", False)),
    )


def _step(value: Any, precision_mode: int) -> Decimal:
    if value is None or precision_mode == _SIGNIFICANT_DIGITS:
        return Decimal("1e-8")
    if precision_mode == _DECIMAL_PLACES:
        return Decimal(1).scaleb(-int(value))
    return decimal(value)


def bars(rows: Sequence[Sequence[Any]]) -> np.ndarray:
    """Rows of ccxt's OHLCV as float64 (n, 6): ts, open, high, low, close, volume."""
    try:
        block = np.array([row[:6] for row in rows], dtype=np.float64).reshape(-1, 6)
    except (TypeError, ValueError):
        raise VenueUnclear("expected bars of six numbers") from None
    if not np.isfinite(block[:, 0]).all():
        raise VenueUnclear("expected a time in every bar")
    return block


def ticker(symbol: Symbol, raw: Raw) -> Ticker | None:
    """None for a symbol that has not traded."""
    if raw.get("last") is None:
        return None
    return Ticker(symbol, decimal(raw["last"]), decimal(raw.get("quoteVolume")))


def book(symbol: Symbol, raw: Raw, ts: int) -> Book:
    """Levels without quantity are dropped; ``ts`` is used where the venue states no time."""
    stamp = raw.get("timestamp")
    return Book(symbol, _levels(raw["bids"]), _levels(raw["asks"]), int(stamp) if stamp else ts)


def _levels(raw: Sequence[Sequence[Any]]) -> tuple[tuple[Decimal, Decimal], ...]:
    levels = ((decimal(level[0]), decimal(level[1])) for level in raw)
    return tuple((price, quantity) for price, quantity in levels if quantity > 0)


def order(symbol: Symbol, raw: Raw) -> Order:
    """An order as ccxt parsed it.

    Raises
    ------
    VenueUnclear
        If a field that must be there is missing or of an unknown kind.
    """
    filled = decimal(raw.get("filled"))
    average = raw.get("average")
    return Order(
        symbol=symbol,
        venue_id=named(raw, "id"),
        client_id=named(raw, "clientOrderId"),
        side=Side(named(raw, "side")),
        type=_order_type(symbol, raw),
        quantity=decimal(raw.get("amount")),
        status=_status(raw, filled),
        filled=filled,
        price=_optional(raw.get("price")),
        stop_price=_optional(raw.get("triggerPrice")),
        average_price=_optional(average) if filled else None,
        reduce_only=bool(raw.get("reduceOnly")),
        ts=int(raw.get("lastUpdateTimestamp") or raw.get("timestamp") or 0),
    )


def _order_type(symbol: Symbol, raw: Raw) -> OrderType:
    """As the venue named it first; ccxt calls a triggered or spot stop a market order."""
    info = raw.get("info") or {}
    table = _TYPE if symbol.is_contract else _SPOT_TYPE
    for value in (info.get("origType"), info.get("type"), raw.get("type")):
        name = str(value or "").lower()
        if name in table:
            return table[name]
    raise VenueUnclear(f"unknown order type {raw.get('type')!r}")


def _status(raw: Raw, filled: Decimal) -> OrderStatus:
    status = _STATUS.get(str(raw.get("status")))
    if status is None:
        raise VenueUnclear(f"unknown order status {raw.get('status')!r}")
    if status is OrderStatus.NEW and filled:
        return OrderStatus.PARTIALLY_FILLED
    return status


def fill(symbol: Symbol, raw: Raw) -> Fill:
    """One of our executions."""
    fee = raw.get("fee") or {}
    return Fill(
        symbol=symbol,
        fill_id=named(raw, "id"),
        order_id=named(raw, "order"),
        side=Side(named(raw, "side")),
        price=decimal(raw["price"]),
        quantity=decimal(raw["amount"]),
        fee=decimal(fee.get("cost")),
        fee_asset=str(fee.get("currency") or symbol.settle or symbol.quote),
        ts=int(raw["timestamp"]),
        maker=raw.get("takerOrMaker") == "maker",
    )


def balances(raw: Raw) -> tuple[Balance, ...]:
    """Assets that are not empty, by name."""
    totals: Raw = raw.get("total") or {}
    found = (
        Balance(asset, decimal(raw["free"].get(asset)), decimal(raw["used"].get(asset)))
        for asset in sorted(totals)
    )
    return tuple(balance for balance in found if balance.total)


def position(raw: Raw) -> Position | None:
    """A contract position, signed; None when flat."""
    size = decimal(raw.get("contracts")) * decimal(raw.get("contractSize"), Decimal(1))
    if not size:
        return None
    side = str(raw.get("side"))
    if side not in ("long", "short"):
        raise VenueUnclear(f"unknown position side {side!r}")
    return Position(
        symbol=Symbol.parse(str(raw["symbol"])),
        quantity=size if side == "long" else -size,
        entry_price=decimal(raw.get("entryPrice")),
        mark_price=decimal(raw.get("markPrice")),
        unrealized_pnl=decimal(raw.get("unrealizedPnl")),
        leverage=decimal(raw.get("leverage"), Decimal(1)),
        liquidation_price=_optional(raw.get("liquidationPrice")),
    )


def balance_sheet(raw: Raw, rows: str) -> Raw:
    """An account's answer, which must have its ``rows``. Raises `VenueUnclear`."""
    info = raw.get("info")
    if not isinstance(info, Mapping) or not isinstance(info.get(rows), list):
        raise VenueUnclear("expected an account, found something else")
    return raw


def positive(value: Any, what: str) -> Decimal:
    """A number above zero. Raises `VenueUnclear`."""
    number = decimal(value)
    if number <= 0:
        raise VenueUnclear(f"expected a {what}, found {value!r}")
    return number


def one_of(table: Mapping[str, Known], value: Any, what: str) -> Known:
    """What a venue's word means. Raises `VenueUnclear` for a word of tomorrow."""
    if str(value) not in table:
        raise VenueUnclear(f"unknown {what} {value!r}")
    return table[str(value)]


def _optional(value: Any) -> Decimal | None:
    number = decimal(value)
    return number or None


def named(raw: Raw, name: str) -> str:
    """A field that must be there. Raises `VenueUnclear`."""
    value = raw.get(name)
    if value is None or value == "":
        raise VenueUnclear(f"the answer has no {name}")
    return str(value)
