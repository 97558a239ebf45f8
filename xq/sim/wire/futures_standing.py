"""How an account stands with the venue: modes, allowances, rank."""

from xq.sim.instruments import Face
from xq.sim.wire.limits import order_rules
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Handler, Json

_FUTURES = Face.FUTURES


def _one_asset(_caller: Caller, _params: Params) -> Json:
    return {"multiAssetsMargin": False}


def _no_fees_in_coins(_caller: Caller, _params: Params) -> Json:
    return {"feeBurn": False}


def _allowances(_caller: Caller, _params: Params) -> Json:
    return list(order_rules(_FUTURES))


def _no_indicators(caller: Caller, _params: Params) -> Json:
    """Rules about trading too much for nothing, which this venue does not have."""
    return {"indicators": {}, "updateTime": caller.venue.now_ms}


def _ranks(caller: Caller, params: Params) -> Json:
    """How soon each position would be closed to pay for another's bankruptcy: the lowest rank."""
    symbol = params.text("symbol")
    if symbol is not None:
        caller.venue.market(_FUTURES, symbol)
    held: dict[str, dict[str, int]] = {}
    for item in caller.venue.margin(caller.owner).positions:
        position = item.position
        if symbol in (None, position.symbol):
            held.setdefault(position.symbol, {})[position.side.name] = 0
    return [{"symbol": name, "adlQuantile": ranks} for name, ranks in held.items()]


STANDING_V1: dict[str, Handler] = {
    "GET /multiAssetsMargin": _one_asset,
    "GET /feeBurn": _no_fees_in_coins,
    "GET /rateLimit/order": _allowances,
    "GET /apiTradingStatus": _no_indicators,
    "GET /adlQuantile": _ranks,
}
