"""Signed endpoints about the futures account: balances, positions, leverage, settings."""

from typing import Any

from xq.sim.brackets import max_notional, tiers_of
from xq.sim.instruments import Face, SimInstrument
from xq.sim.ledger import Page
from xq.sim.margin import PositionMargin, leverage_of
from xq.sim.records import MarginMode
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.futures_payloads import (
    INCOME_TYPES,
    account_v2,
    account_v3,
    balance_row,
    income_row,
    margin_row,
    risk_v2,
    risk_v3,
)
from xq.sim.wire.order_params import position_side
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Handler, Json

_FUTURES = Face.FUTURES
_WEEK_MS = 7 * 86_400_000


_DONE = {"code": 200, "msg": "success"}


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
    """Version 2 shows flat symbols too, in hedge mode each with its two sides."""
    venue, owner = caller.venue, caller.owner
    exposed = {item.position.key: item for item in venue.margin(owner).positions}
    return [
        exposed.get((owner, market.id, side)) or venue.flat_margin(owner, market.id, side)
        for market in _markets(venue, params)
        for side in venue.state.sides_of(owner)
    ]


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
    symbol = params.required("symbol")
    caller.venue.market(_FUTURES, symbol)
    wanted = params.word("marginType", MarginMode, Reason.INVALID_DATA)
    caller.venue.set_margin_mode(caller.owner, symbol, wanted)
    return _DONE


def _position_mode(caller: Caller, _params: Params) -> Json:
    return {"dualSidePosition": caller.venue.state.is_hedged(caller.owner)}


def _set_position_mode(caller: Caller, params: Params) -> Json:
    params.required("dualSidePosition")
    caller.venue.set_position_mode(caller.owner, params.flag("dualSidePosition"))
    return _DONE


def _change_margin(caller: Caller, params: Params) -> Json:
    symbol, amount = params.required("symbol"), params.number("amount")
    add = params.required("type")
    if add not in ("1", "2"):
        raise Refusal(Reason.INVALID_DATA, "type")
    signed = amount if add == "1" else -amount
    caller.venue.change_margin(caller.owner, symbol, position_side(params), signed)
    done = {"amount": float(amount), "code": 200, "msg": "Successfully modify position margin."}
    return done | {"type": int(add)}


def _margin_history(caller: Caller, params: Params) -> Json:
    symbol = caller.venue.market(_FUTURES, params.required("symbol")).id
    page = params.page("id", limit=params.limit(500, 1000, capped=True))
    found = caller.venue.ledger.margin_changes(caller.owner, symbol, page)
    wanted = params.text("type")
    rows = [margin_row(item) for item in found]
    return [row for row in rows if wanted in (None, str(row["type"]))]


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
    isolated = venue.state.setting(caller.owner, market.id).isolated
    return {
        "symbol": market.id,
        "marginType": "ISOLATED" if isolated else "CROSSED",
        "isAutoAddMargin": False,
        "leverage": leverage,
        "maxNotionalValue": f"{max_notional(market.id, leverage):f}",
    }


def _account_config(caller: Caller, _params: Params) -> Json:
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": False,
        "canWithdraw": False,
        "dualSidePosition": caller.venue.state.is_hedged(caller.owner),
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
        "rpiCommissionRate": "0",
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
    "POST /positionMargin": _change_margin,
    "GET /positionMargin/history": _margin_history,
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
