"""What may be traded, in which steps, and how much leverage a position of some size may have."""

from typing import Any

from xq.sim.brackets import Tier, max_leverage, tiers_of
from xq.sim.exact import divided
from xq.sim.filters import rules_of
from xq.sim.instruments import SimInstrument
from xq.sim.wire.bybit.answers import plain
from xq.sim.wire.bybit.asks import LINEAR, SETTLED_IN, Ask, page_of

_TRADING = "Trading"
_FUNDING_MINUTES = 480
_MOST_FUNDING = "0.00375"


def instruments_info(ask: Ask) -> dict[str, Any]:
    """Every perpetual; other categories are empty here."""
    category = ask.params.required("category")
    status = ask.params.text("status")
    here = category == LINEAR and status in (None, _TRADING)
    markets = list(ask.markets()) if here else []
    page, cursor = page_of(ask, markets, 500, 1000)
    rows = [_instrument(market) for market in page]
    return {"category": category, "list": rows, "nextPageCursor": cursor}


def _instrument(market: SimInstrument) -> dict[str, Any]:
    rules = rules_of(market)
    return {
        "symbol": market.id,
        "contractType": "LinearPerpetual",
        "status": _TRADING,
        "baseCoin": market.base,
        "quoteCoin": market.quote,
        "launchTime": str(market.listed_ms),
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(market.price_digits),
        "leverageFilter": {
            "minLeverage": "1",
            "maxLeverage": f"{max_leverage(market.id)}.00",
            "leverageStep": "1",
        },
        "priceFilter": {
            "minPrice": plain(rules.tick),
            "maxPrice": plain(rules.max_price),
            "tickSize": plain(rules.tick),
        },
        "lotSizeFilter": {
            "maxOrderQty": plain(rules.max_quantity),
            "minOrderQty": plain(rules.min_quantity),
            "qtyStep": plain(rules.lot),
            "postOnlyMaxOrderQty": plain(rules.max_quantity),
            "maxMktOrderQty": plain(rules.max_market_quantity),
            "minNotionalValue": plain(rules.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": _FUNDING_MINUTES,
        "settleCoin": SETTLED_IN,
        "copyTrading": "none",
        "upperFundingRate": _MOST_FUNDING,
        "lowerFundingRate": f"-{_MOST_FUNDING}",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": {
            "priceLimitRatioX": plain(rules.price_up - 1),
            "priceLimitRatioY": plain(rules.price_up - 1),
        },
        "displayName": "",
        "symbolType": "",
    }


def risk_limit(ask: Ask) -> dict[str, Any]:
    """The brackets of one symbol, or of all."""
    ask.only_linear()
    rows = [_tier(market, tier) for market in ask.markets() for tier in tiers_of(market.id)]
    return {"category": LINEAR, "list": rows, "nextPageCursor": ""}


def _tier(market: SimInstrument, tier: Tier) -> dict[str, Any]:
    return {
        "id": tier.number,
        "symbol": market.id,
        "riskLimitValue": plain(tier.cap),
        "maintenanceMargin": plain(tier.rate),
        "initialMargin": plain(divided(tier.cap, tier.cap * tier.leverage)),
        "isLowestRisk": int(tier.number == 1),
        "maxLeverage": f"{tier.leverage}.00",
        "mmDeduction": plain(tier.amount),
    }
