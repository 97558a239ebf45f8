"""Unmodified ccxt, synchronous and asynchronous, makes every call a trader makes."""

import pytest
from support.witness import OWN, hear, venue

LINEAR = {
    "set_position_mode unchanged": "OperationRejected",
    "set_margin_mode unchanged": "MarginModeAlreadySet",
    "create_order same client id": "InvalidOrder",
    "cancel_order again": "OrderNotFound",
    "create_order postOnly taking": "OrderNotFillable",
    "create_order too large": "InsufficientFunds",
    "create_order triggering at once": "OrderImmediatelyFillable",
    "create_order reducing nothing": "InvalidOrder",
}
MODES = {
    "set_margin_mode unchanged": "MarginModeAlreadySet",
    "set_margin_mode with a position": "OperationRejected",
    "one-way order": "OperationRejected",
    "set_position_mode with positions": "OperationRejected",
}
SPOT = {
    "edit_order of nothing": "BadResponse",
    "cancel_order again": "OrderNotFound",
    "create_order postOnly taking": "OrderImmediatelyFillable",
    "create_order too large": "InsufficientFunds",
}


@pytest.mark.parametrize("exchange", ["binanceusdm", "binance"])
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_linear(tmp_path, mode, exchange):
    with venue(tmp_path) as handle:
        seen = hear(OWN, "ccxt_linear", handle.url, mode, exchange)
    seen.check(expected=LINEAR)
    assert len(seen.rows) >= 80


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_spot(tmp_path, mode):
    with venue(tmp_path) as handle:
        seen = hear(OWN, "ccxt_spot", handle.url, mode)
    seen.check(expected=SPOT)


@pytest.mark.parametrize(("mode", "exchange"), [("sync", "binance"), ("async", "binanceusdm")])
def test_isolated_margin_and_hedge_mode(tmp_path, mode, exchange):
    with venue(tmp_path) as handle:
        seen = hear(OWN, "ccxt_modes", handle.url, mode, exchange)
    seen.check(expected=MODES)
