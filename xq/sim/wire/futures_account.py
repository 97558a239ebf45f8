"""Signed endpoints about the futures account: balances, positions, leverage, settings."""

from decimal import Decimal
from enum import Enum
from typing import Any

from xq.sim.instruments import Face, SimInstrument
from xq.sim.ledger import Page
from xq.sim.margin import (
    PositionMargin,
    leverage_of,
    max_notional,
    tiers_of,
)
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.futures_payloads import (
    INCOME_TYPES,
    account_v2,
    account_v3,
    balance_row,
    income_row,
    risk_v2,
    risk_v3,
)
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Handler, Json

_FUTURES = Face.FUTURES
_WEEK_MS = 7 * 86_400_000


class _MarginType(Enum):
    ISOLATED = "ISOLATED"
    CROSSED = "CROSSED"


def _account_v3(caller: Caller, _params: Params) -> Json:
    venue = caller.venue
    return account_v3(venue.margin(caller.owner), venue.now_ms)


def _account_v2(caller: Caller, _params: Params) -> Json:
    venue = caller.venue
    return account_v2(venue.margin(caller.owner), venue.now_ms)


def _balance(caller: Caller, _params: Params) -> Json:
    venue = caller.venue
    return [balance_row(venue.margin(caller.owner), venue.now_ms)]


def _risk_v3(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    wanted = _optional_symbol(venue, params)
    rows = venue.margin(caller.owner).positions
    return [risk_v3(item) for item in rows if wanted in (None, item.position.symbol)]


def _risk_v2(caller: Caller, params: Params) -> Json:
    return [risk_v2(item) for item in _all_positions(caller, params)]


def _all_positions(caller: Caller, params: Params) -> list[PositionMargin]:
    """Version 2 shows flat symbols too."""
    venue = caller.venue
    exposed = {item.position.symbol: item for item in venue.margin(caller.owner).positions}
    return [exposed.get(market.id) or _flat(caller, market) for market in _markets(venue, params)]


def _flat(caller: Caller, market: SimInstrument) -> PositionMargin:
    venue = caller.venue
    zero = Decimal(0)
    return PositionMargin(
        position=venue.state.position(caller.owner, market.id),
        mark=venue.feeds[_FUTURES].mark_price(market.id, venue.now_ms),
        leverage=leverage_of(venue.state, caller.owner, market.id),
        notional=zero,
        unrealized=zero,
        initial=zero,
        order_initial=zero,
        maintenance=zero,
        liquidation_price=zero,
    )


def _markets(venue: SimVenue, params: Params) -> tuple[SimInstrument, ...]:
    symbol = _optional_symbol(venue, params)
    return venue.markets(_FUTURES) if symbol is None else (venue.market(_FUTURES, symbol),)


def _optional_symbol(venue: SimVenue, params: Params) -> str | None:
    symbol = params.text("symbol")
    return None if symbol is None else venue.market(_FUTURES, symbol).id


def _set_leverage(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    symbol = params.required("symbol")
    params.required("leverage")
    leverage = params.integer("leverage")
    if leverage is None:
        raise Refusal(Reason.MISSING_PARAMETER, "leverage")
    venue.set_leverage(caller.owner, symbol, leverage)
    cap = f"{max_notional(symbol, leverage):f}"
    return {"leverage": leverage, "maxNotionalValue": cap, "symbol": symbol}


def _set_margin_type(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    venue.market(_FUTURES, params.required("symbol"))
    wanted = params.word("marginType", _MarginType, Reason.INVALID_DATA)
    same = wanted is _MarginType.CROSSED
    raise Refusal(Reason.MARGIN_TYPE_SAME if same else Reason.MARGIN_TYPE_POSITION)


def _position_mode(_caller: Caller, _params: Params) -> Json:
    return {"dualSidePosition": False}


def _set_position_mode(_caller: Caller, params: Params) -> Json:
    params.required("dualSidePosition")
    hedge = params.flag("dualSidePosition")
    raise Refusal(Reason.POSITION_MODE_ORDERS if hedge else Reason.POSITION_MODE_SAME)


def _brackets(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    return [
        {
            "symbol": market.id,
            "notionalCoef": 1.0,
            "brackets": [
                {
                    "bracket": tier.number,
                    "initialLeverage": tier.leverage,
                    "notionalCap": int(tier.cap),
                    "notionalFloor": int(tier.floor),
                    "maintMarginRatio": float(tier.rate),
                    "cum": float(tier.amount),
                }
                for tier in tiers_of(market.id)
            ],
        }
        for market in _markets(venue, params)
    ]


def _symbol_config(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    return [_config(caller, market) for market in _markets(venue, params)]


def _config(caller: Caller, market: SimInstrument) -> dict[str, Any]:
    venue = caller.venue
    leverage = leverage_of(venue.state, caller.owner, market.id)
    return {
        "symbol": market.id,
        "marginType": "CROSSED",
        "isAutoAddMargin": False,
        "leverage": leverage,
        "maxNotionalValue": f"{max_notional(market.id, leverage):f}",
    }


def _account_config(_caller: Caller, _params: Params) -> Json:
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": False,
        "canWithdraw": False,
        "dualSidePosition": False,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def _commission_rate(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    market = venue.market(_FUTURES, params.required("symbol"))
    return {
        "symbol": market.id,
        "makerCommissionRate": f"{market.instrument.maker:f}",
        "takerCommissionRate": f"{market.instrument.taker:f}",
    }


def _income(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    symbol = _optional_symbol(venue, params)
    start, end = params.span()
    if start is None and end is None:
        start = venue.now_ms - _WEEK_MS
    wanted = params.text("incomeType")
    limit = params.limit(100, 1000, capped=False)
    kinds = [kind for kind in INCOME_TYPES if wanted in (None, INCOME_TYPES[kind])]
    page = Page(start_ms=start, end_ms=end, limit=limit)
    return [
        income_row(item)
        for item in venue.ledger.income(caller.owner, _FUTURES, kinds, symbol, page)
    ]


ACCOUNT_V1: dict[str, Handler] = {
    "POST /leverage": _set_leverage,
    "POST /marginType": _set_margin_type,
    "GET /positionSide/dual": _position_mode,
    "POST /positionSide/dual": _set_position_mode,
    "GET /leverageBracket": _brackets,
    "GET /symbolConfig": _symbol_config,
    "GET /accountConfig": _account_config,
    "GET /commissionRate": _commission_rate,
    "GET /income": _income,
}
ACCOUNT_V2: dict[str, Handler] = {
    "GET /account": _account_v2,
    "GET /balance": _balance,
    "GET /positionRisk": _risk_v2,
}
ACCOUNT_V3: dict[str, Handler] = {
    "GET /account": _account_v3,
    "GET /balance": _balance,
    "GET /positionRisk": _risk_v3,
}
