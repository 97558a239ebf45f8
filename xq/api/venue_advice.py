"""How clients are pointed at a running venue."""

from pathlib import Path

from xq.api.venue import ServerReport

_PROGRAM = """
# Python to paste; import ccxt.async_support or ccxt.pro as ccxt just as well
import ccxt

url, ws = "{url}", "{ws}"
keys = {{"apiKey": "{key}", "secret": "{secret}"}}
errors = ccxt.binance().exceptions
spot = ccxt.binance(keys | {{
    "options": {{"fetchMarkets": {{"types": ["spot"]}}}},
    "exceptions": {{"exact": errors["spot"]["exact"]}},
    "urls": {{"api": {{
        "public": url + "/api/v3", "private": url + "/api/v3",
        "v1": url + "/api/v1", "sapi": url + "/sapi/v1",
        "ws": {{"spot": ws + "/stream-spot/ws",
               "ws-api": {{"spot": ws + "/ws-api/v3"}}}}}}}}}})
futures = ccxt.binanceusdm(keys | {{
    "exceptions": {{"exact": errors["linear"]["exact"]}},
    "urls": {{"api": {{
        "fapiPublic": url + "/fapi/v1", "fapiPrivate": url + "/fapi/v1",
        "fapiPublicV2": url + "/fapi/v2", "fapiPrivateV2": url + "/fapi/v2",
        "fapiPublicV3": url + "/fapi/v3", "fapiPrivateV3": url + "/fapi/v3",
        "fapiData": url + "/futures/data", "sapi": url + "/sapi/v1",
        "public": url + "/api/v3", "private": url + "/api/v3",
        "ws": {{"linear": ws + "/ws",
               "ws-api": {{"linear": ws + "/ws-fapi/v1"}}}}}}}}}})
bybit = ccxt.bybit(keys | {{
    "options": {{"defaultType": "swap"}},
    "urls": {{"api": {{
        "public": url, "private": url,
        "ws": {{"public": {{"linear": ws + "/v5/public/linear"}},
               "private": {{"contract": ws + "/v5/private",
                           "spot": {{"unified": ws + "/v5/private"}},
                           "trade": ws + "/v5/trade"}}}}}}}}}})

# status page, faults and time: {admin}
# what is modelled and what is not: docs/venue.md
# Ctrl-C ends it; started again with the same ledger it goes on: {ledger}"""


def advice(report: ServerReport) -> str:
    """A program that makes ccxt trade here, to be pasted, and what else there is to know.

    All of it is Python, and but for the ledger's name it fits a terminal of 80 columns.
    """
    from xq.sim.ledger import FILE_NAME

    return _PROGRAM.format(
        key=report.api_key,
        secret=report.api_secret,
        url=report.url,
        admin=report.admin,
        ws=report.url.replace("http://", "ws://"),
        ledger=Path(report.state) / FILE_NAME,
    )
