"""What an account chooses: leverage, margin and position mode, margin of its own for a position."""

from decimal import Decimal
from typing import Any

from xq.sim.margin import leverage_of
from xq.sim.records import MarginMode
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.bybit.answers import Fault
from xq.sim.wire.bybit.asks import FACE, Ask
from xq.sim.wire.bybit.order_params import position_of
from xq.sim.wire.bybit.positions import row_at

_MODES = {"0": False, "3": True}
_TRADE_MODES = {"0": MarginMode.CROSSED, "1": MarginMode.ISOLATED}
_ACCOUNT_MODES = {
    "REGULAR_MARGIN": MarginMode.CROSSED,
    "ISOLATED_MARGIN": MarginMode.ISOLATED,
}


def set_leverage(ask: Ask) -> dict[str, Any]:
    """Choose a symbol's leverage, the same for both sides."""
    ask.only_linear()
    market = ask.market()
    leverage = _leverage(ask)
    if leverage == leverage_of(ask.venue.state, ask.owner, market.id):
        raise Fault(110043, "leverage not modified")
    ask.venue.set_leverage(ask.owner, market.id, leverage)
    return {}


def _leverage(ask: Ask) -> int:
    """``buyLeverage`` and ``sellLeverage``, which must be one whole number."""
    buy, sell = ask.params.number("buyLeverage"), ask.params.number("sellLeverage")
    if buy != sell:
        raise Fault(10001, "buy leverage invalid: it must equal sell leverage")
    if buy != buy.to_integral_value() or buy > Decimal(10**6):
        raise Refusal(Reason.INVALID_DATA, "buyLeverage")
    return int(buy)


def switch_mode(ask: Ask) -> dict[str, Any]:
    """One position for each symbol, or a long and a short one; for all symbols at once."""
    ask.only_linear()
    if "symbol" in ask.params:
        ask.market()
    mode = ask.params.required("mode")
    if mode not in _MODES:
        raise Refusal(Reason.INVALID_DATA, "mode")
    ask.venue.set_position_mode(ask.owner, _MODES[mode])
    return {}


def switch_isolated(ask: Ask) -> dict[str, Any]:
    """Choose a symbol's margin mode and leverage."""
    ask.only_linear()
    market = ask.market()
    mode = ask.params.required("tradeMode")
    if mode not in _TRADE_MODES:
        raise Refusal(Reason.INVALID_DATA, "tradeMode")
    leverage = _leverage(ask)
    ask.venue.set_margin_mode(ask.owner, market.id, _TRADE_MODES[mode])
    ask.venue.set_leverage(ask.owner, market.id, leverage)
    return {}


def set_margin_mode(ask: Ask) -> dict[str, Any]:
    """Choose the margin mode of every symbol that has another one."""
    word = ask.params.required("setMarginMode")
    if word not in _ACCOUNT_MODES:
        raise Fault(10001, "params error: this venue has REGULAR_MARGIN and ISOLATED_MARGIN")
    wanted, state = _ACCOUNT_MODES[word], ask.venue.state
    if state.positions_of(ask.owner) or state.index.of(ask.owner, FACE, None):
        reason = {"reasonCode": "3400067", "reasonMsg": "Close all positions and orders first"}
        raise Fault(3400045, f"Set margin mode failed: {reason['reasonMsg']}")
    for market in ask.venue.markets(FACE):
        if state.setting(ask.owner, market.id).isolated != (wanted is MarginMode.ISOLATED):
            ask.venue.set_margin_mode(ask.owner, market.id, wanted)
    return {"reasons": []}


def add_margin(ask: Ask) -> dict[str, Any]:
    """Move money into an isolated position, or out of it."""
    ask.only_linear()
    market, side = ask.market(), position_of(ask.params)
    text = ask.params.required("margin")
    taken = text.startswith("-")
    amount = ask.params.having(margin=text.removeprefix("-")).number("margin")
    ask.venue.change_margin(ask.owner, market.id, side, -amount if taken else amount)
    row = row_at(ask.venue, ask.memory, ask.owner, market.id, side)
    return {"category": "linear", **row}
