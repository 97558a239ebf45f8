"""Two more clients of Binance; both are called ``binance``, so each has its own environment."""

from support.witness import hear, venue


def test_the_older_official_client(tmp_path):
    with venue(tmp_path) as handle:
        seen = hear("connector", "connector", handle.url)
    seen.check(expected={"cancel_order again": "ClientError", "new_order too large": "ClientError"})
    assert {f"stream {name}" for name in ("depthUpdate", "ORDER_TRADE_UPDATE")} <= seen.calls


def test_the_communitys_client(tmp_path):
    with venue(tmp_path) as handle:
        seen = hear("python-binance", "python_binance", handle.url)
    seen.check(expected={"too large": "BinanceAPIException"})
    assert {f"stream {name}" for name in ("depthUpdate", "ORDER_TRADE_UPDATE")} <= seen.calls
