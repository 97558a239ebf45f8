"""How clients are pointed at a running venue."""

from xq.api.venue import ServerReport

_CCXT = """\
ccxt, spot:     ccxt.binance({{"apiKey": "{key}", "secret": "{secret}", "urls": {{"api": {{
                    "public": "{spot}", "private": "{spot}", "sapi": "{url}/sapi/v1",
                    "ws": {{"spot": "{ws}/stream-spot/ws",
                           "ws-api": {{"spot": "{ws}/ws-api/v3"}}}}}}}},
                    "options": {{"fetchMarkets": {{"types": ["spot"]}}}}}})
ccxt, futures:  ccxt.binanceusdm({{"apiKey": "{key}", "secret": "{secret}", "urls": {{"api": {{
                    "fapiPublic": "{url}/fapi/v1", "fapiPrivate": "{url}/fapi/v1",
                    "fapiPrivateV2": "{url}/fapi/v2", "fapiPrivateV3": "{url}/fapi/v3",
                    "sapi": "{url}/sapi/v1",
                    "ws": {{"linear": "{ws}/ws", "ws-api": {{"linear": "{ws}/ws-fapi/v1"}}}}}}}}}})
Status page: {admin}. Ctrl-C ends the server. What is real of its prices: docs/venue/markets.md"""


def advice(report: ServerReport) -> str:
    """What to tell ccxt, to be pasted."""
    return _CCXT.format(
        key=report.api_key,
        secret=report.api_secret,
        spot=report.spot,
        url=report.url,
        admin=report.admin,
        ws=report.url.replace("http://", "ws://"),
    )
