"""``exchangeInfo`` of both faces: what may be traded, in which steps, and what of it is real.

Two fields per symbol are ours: ``synthetic`` (whether the price is invented from the start) and
``syntheticFrom`` (epoch ms from which it is; 0 when all of it is).
"""

from typing import Any

from xq.sim.exact import text
from xq.sim.filters import MAX_ALGOS, MAX_NOTIONAL, MAX_OPEN_ORDERS, MAX_SPOT_STOPS, Rules, rules_of
from xq.sim.instruments import Face, SimInstrument
from xq.sim.margin import LIQUIDATION_FEE
from xq.sim.wire.market_data import named
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Json

_NEVER_MS = 4_133_404_800_000  # how Binance writes "no delivery"


def spot_info(caller: Caller, params: Params) -> Json:
    """Every spot market, or those of ``symbol`` or ``symbols``."""
    venue = caller.venue
    symbol = params.text("symbol")
    markets = (
        named(venue, params, Face.SPOT) if symbol is None else (venue.market(Face.SPOT, symbol),)
    )
    return {
        "timezone": "UTC",
        "serverTime": venue.now_ms,
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [_spot_symbol(market) for market in markets],
    }


def futures_info(caller: Caller, _params: Params) -> Json:
    """Every perpetual contract."""
    venue = caller.venue
    return {
        "timezone": "UTC",
        "serverTime": venue.now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [],
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "0"}],
        "symbols": [_futures_symbol(market) for market in venue.markets(Face.FUTURES)],
    }


def _label(market: SimInstrument) -> dict[str, Any]:
    return {
        "synthetic": market.instrument.synthetic,
        "syntheticFrom": market.synthetic_from_ms,
    }


def _spot_symbol(market: SimInstrument) -> dict[str, Any]:
    rules = rules_of(market)
    return {
        "symbol": market.id,
        "status": "TRADING",
        "baseAsset": market.base,
        "baseAssetPrecision": 8,
        "quoteAsset": market.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": [
            "LIMIT",
            "LIMIT_MAKER",
            "MARKET",
            "STOP_LOSS",
            "STOP_LOSS_LIMIT",
            "TAKE_PROFIT",
            "TAKE_PROFIT_LIMIT",
        ],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _spot_filters(rules),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": [
            "NONE",
            "EXPIRE_TAKER",
            "EXPIRE_MAKER",
            "EXPIRE_BOTH",
        ],
        **_label(market),
    }


def _futures_symbol(market: SimInstrument) -> dict[str, Any]:
    return {
        "symbol": market.id,
        "pair": market.id,
        "contractType": "PERPETUAL",
        "deliveryDate": _NEVER_MS,
        "onboardDate": market.listed_ms,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": market.base,
        "quoteAsset": market.quote,
        "marginAsset": market.quote,
        "pricePrecision": market.price_digits,
        "quantityPrecision": market.quantity_digits,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "liquidationFee": f"{LIQUIDATION_FEE:.6f}",
        "filters": _futures_filters(rules_of(market)),
        "orderTypes": [
            "LIMIT",
            "MARKET",
            "STOP",
            "STOP_MARKET",
            "TAKE_PROFIT",
            "TAKE_PROFIT_MARKET",
            "TRAILING_STOP_MARKET",
        ],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        **_label(market),
    }


def _spot_filters(rules: Rules) -> list[dict[str, Any]]:
    up, down = f"{rules.price_up:f}", f"{rules.price_down:f}"
    return [
        _price_filter(rules),
        *_lot_filters(rules),
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": up,
            "bidMultiplierDown": down,
            "askMultiplierUp": up,
            "askMultiplierDown": down,
            "avgPriceMins": 0,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": text(rules.min_notional),
            "applyMinToMarket": True,
            "maxNotional": text(MAX_NOTIONAL),
            "applyMaxToMarket": False,
            "avgPriceMins": 0,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": MAX_OPEN_ORDERS},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": MAX_SPOT_STOPS},
    ]


def _futures_filters(rules: Rules) -> list[dict[str, Any]]:
    return [
        _price_filter(rules),
        *_lot_filters(rules),
        {"filterType": "MAX_NUM_ORDERS", "limit": MAX_OPEN_ORDERS},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": MAX_ALGOS},
        {"filterType": "MIN_NOTIONAL", "notional": f"{rules.min_notional:f}"},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": f"{rules.price_up:f}",
            "multiplierDown": f"{rules.price_down:f}",
            "multiplierDecimal": "4",
        },
    ]


def _price_filter(rules: Rules) -> dict[str, Any]:
    return {
        "filterType": "PRICE_FILTER",
        "minPrice": _step(rules, rules.tick),
        "maxPrice": _step(rules, rules.max_price),
        "tickSize": _step(rules, rules.tick),
    }


def _lot_filters(rules: Rules) -> list[dict[str, Any]]:
    most = {"LOT_SIZE": rules.max_quantity, "MARKET_LOT_SIZE": rules.max_market_quantity}
    return [
        {
            "filterType": name,
            "minQty": _step(rules, rules.min_quantity),
            "maxQty": _step(rules, largest),
            "stepSize": _step(rules, rules.lot),
        }
        for name, largest in most.items()
    ]


def _step(rules: Rules, value: Any) -> str:
    return f"{value:f}" if rules.contract else text(value)
