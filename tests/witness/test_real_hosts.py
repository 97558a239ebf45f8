"""ccxt as it ships, with the exchange's own host names, ends on loopback.

A CONNECT proxy plays the internet: it knows the exchange's hosts, shows them a certificate of an
authority made for the test, hands everything to the simulated venue, and refuses every other host.
"""

import pytest
from support.connect_proxy import ConnectProxy
from support.witness import OWN, hear, venue

HOSTS = ("fapi.binance.com", "fstream.binance.com", "api.binance.com", "ws-fapi.binance.com")
REFUSED = {
    "same client id": "InvalidOrder",
    "unknown order": "OrderNotFound",
    "too large": "InsufficientFunds",
    "too small": "InvalidOrder",
    "taking post-only": "OrderNotFillable",
    "nothing to reduce": "InvalidOrder",
    "stop at once": "OrderImmediatelyFillable",
}
ADDRESSES = {
    "sync": {"address https://fapi.binance.com/fapi/v1"},
    "pro": {
        "address wss://fstream.binance.com/public/ws/0",
        "address wss://fstream.binance.com/private/ws",
        "address wss://ws-fapi.binance.com/ws-fapi/v1",
    },
}


@pytest.mark.parametrize("which", ["sync", "pro"])
def test_real_addresses_end_on_loopback(tmp_path, which):
    with venue(tmp_path) as handle, ConnectProxy(HOSTS, handle.port) as proxy:
        environ = proxy.environment(tmp_path / "ca.pem") if which == "sync" else {}
        ca = proxy.write_ca(tmp_path / "ca.pem")
        seen = hear(OWN, "ccxt_hosts", proxy.url, str(ca), which, **environ)
    refused = seen.failures["elsewhere"]  # the class is another with each of ccxt's libraries
    seen.check(expected=REFUSED | {"elsewhere": refused})
    assert ADDRESSES[which] <= seen.calls
    assert set(proxy.asked) - proxy.hosts == {"www.binance.com"}
