"""Which parameters each spot endpoint knows; it refuses any other, as Binance does.

Names from Binance's spot documents, those that the venue does not heed included. Contracts are
different: there Binance ignores what it does not know.
"""

from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.params import Params

_SIGNED = frozenset({"timestamp", "recvWindow", "signature", "apiKey"})

_ORDER = (
    "symbol side type timeInForce quantity quoteOrderQty price newClientOrderId strategyId "
    "strategyType stopPrice trailingDelta icebergQty newOrderRespType selfTradePreventionMode "
    "pegPriceType pegOffsetValue pegOffsetType"
)
_TICKER = "symbol symbols symbolStatus"
_HISTORY = "symbol orderId startTime endTime limit"

_KNOWN = {
    name: frozenset(text.split()) | _SIGNED
    for name, text in {
        "GET /api/v3/ping": "",
        "GET /api/v3/time": "",
        "GET /api/v3/exchangeInfo": "symbol symbols permissions showPermissionSets symbolStatus",
        "GET /api/v3/depth": "symbol limit symbolStatus",
        "GET /api/v3/trades": "symbol limit",
        "GET /api/v3/historicalTrades": "symbol limit fromId",
        "GET /api/v3/aggTrades": "symbol fromId startTime endTime limit",
        "GET /api/v3/klines": "symbol interval startTime endTime timeZone limit",
        "GET /api/v3/ticker/24hr": f"{_TICKER} type",
        "GET /api/v3/ticker/price": _TICKER,
        "GET /api/v3/ticker/bookTicker": _TICKER,
        "GET /api/v3/account": "omitZeroBalances",
        "POST /api/v3/order": _ORDER,
        "POST /api/v3/order/test": f"{_ORDER} computeCommissionRates",
        "GET /api/v3/order": "symbol orderId origClientOrderId",
        "DELETE /api/v3/order": (
            "symbol orderId origClientOrderId newClientOrderId cancelRestrictions"
        ),
        "GET /api/v3/openOrders": "symbol",
        "DELETE /api/v3/openOrders": "symbol",
        "GET /api/v3/allOrders": _HISTORY,
        "GET /api/v3/myTrades": f"{_HISTORY} fromId",
    }.items()
}


def check_known(method: str, path: str, params: Params) -> None:
    """Refuse a parameter that a spot endpoint does not know.

    Examples
    --------
    >>> check_known("GET", "/fapi/v1/time", Params({"moon": "full"}))
    >>> check_known("GET", "/api/v3/time", Params({"moon": "full"}))
    Traceback (most recent call last):
    xq.sim.refusal.Refusal: unread_parameters: read '0' parameter(s) but was sent '1'
    """
    known = _KNOWN.get(f"{method} {path}")
    if known is None:
        return
    sent = params.values()
    read = sum(name in known for name in sent)
    if read < len(sent):
        detail = f"read '{read}' parameter(s) but was sent '{len(sent)}'"
        raise Refusal(Reason.UNREAD_PARAMETERS, detail)
