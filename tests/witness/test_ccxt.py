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
