"""Which exchange a name means: ccxt classes, URLs, options and allowances per face."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from xq.errors import unknown
from xq.venues.binance_orders import BinanceDialect
from xq.venues.bybit_orders import BybitDialect
from xq.venues.codes import BINANCE, BYBIT
from xq.venues.dialect import Dialect
from xq.venues.outcomes import Rules
from xq.venues.wire import WireSession

SIM = "sim"
SIM_BYBIT = "sim-bybit"
SIMULATED = (SIM, SIM_BYBIT)  # one venue, two faces: Binance's and Bybit's


@dataclass(frozen=True, slots=True)
class Face:
    """One ccxt client class: the spot or the contract side of an exchange.

    Attributes
    ----------
    spacing
        Seconds between two requests; None takes ccxt's figure for the exchange.
    weight_limit
        Request weight per minute that the venue reports, if it does.
    error_table
        Name of the ccxt table of error classes, for URLs ccxt does not recognise.
    lacks
        Timeframes that this side does not have although ccxt names them for the exchange.
    """

    ccxt_id: str
    options: Mapping[str, Any] = field(default_factory=dict)
    spacing: float | None = None
    weight_limit: int | None = None
    error_table: str | None = None
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything that differs between venues.

    Attributes
    ----------
    url
        Base URL that replaces the exchange's hosts; None for the real ones.
    pages_skip_holes
        Whether a request for bars from a time without any answers with the first bars after it.
    bare_lists
        Whether bars come as a plain JSON list, so that anything else is no answer.
    dialect
        How orders are said there; None where xq only reads.
    hosts
        The only machines that signed requests may go to; empty for loopback.
    demo
        Whether these are the exchange's test hosts.
    """

    name: str
    spot: Face
    contracts: Face
    rules: Rules
    url: str | None = None
    pages_skip_holes: bool = False
    bare_lists: bool = False
    dialect: Dialect | None = None
    hosts: frozenset[str] = frozenset()
    demo: bool = False

    def face(self, contract: bool) -> Face:
        """The side that lists contracts, or the spot side."""
        return self.contracts if contract else self.spot


_QUIET = {
    "fetchCurrencies": False,
    "fetchMargins": False,
    "warnOnFetchOpenOrdersWithoutSymbol": False,
    "recvWindow": 5000,
}
_BINANCE_SPOT = {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}, **_QUIET}
_BINANCE_LINEAR = {"fetchMarkets": {"types": ["linear"]}, **_QUIET}

_SPOT_ONLY = ("1s",)

_BINANCE = Profile(
    "binance",
    spot=Face("binance", _BINANCE_SPOT, spacing=0.02, weight_limit=6000),
    contracts=Face(
        "binanceusdm", _BINANCE_LINEAR, spacing=0.05, weight_limit=2400, lacks=_SPOT_ONLY
    ),
    rules=BINANCE,
    pages_skip_holes=True,
    bare_lists=True,
    dialect=BinanceDialect(),
    hosts=frozenset({"api.binance.com", "fapi.binance.com"}),
)
_BINANCE_DEMO = replace(
    _BINANCE,
    dialect=BinanceDialect(wallet=False),
    hosts=frozenset({"demo-api.binance.com", "demo-fapi.binance.com"}),
    demo=True,
)
_UNIFIED = {"enableUnifiedMargin": False, "enableUnifiedAccount": True}  # or ccxt asks, each time
_BYBIT_SPOT = {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}, **_UNIFIED}
_BYBIT_LINEAR = {"defaultType": "swap", "fetchMarkets": {"types": ["linear"]}, **_UNIFIED}

_BYBIT = Profile(
    "bybit",
    spot=Face("bybit", _BYBIT_SPOT),
    contracts=Face("bybit", _BYBIT_LINEAR),
    rules=BYBIT,
    dialect=BybitDialect(),
    hosts=frozenset({"api.bybit.com"}),
)
_BYBIT_DEMO = replace(_BYBIT, hosts=frozenset({"api-demo.bybit.com"}), demo=True)
_DEMOS = {"binance": _BINANCE_DEMO, "binanceusdm": _BINANCE_DEMO, "bybit": _BYBIT_DEMO}


def profile(name: str, url: str | None = None) -> Profile:
    """The venue of that name.

    Parameters
    ----------
    url
        Where the simulated venue listens; for its own names only.

    Raises
    ------
    UnknownName
        If neither xq nor ccxt knows the exchange.
    """
    if name == SIM:
        return _simulated(url or "http://127.0.0.1:0")
    if name == SIM_BYBIT:
        return _simulated_bybit(url or "http://127.0.0.1:0")
    if name in ("binance", "binanceusdm"):
        return _BINANCE
    if name == "bybit":
        return _BYBIT
    import ccxt

    if name not in ccxt.exchanges:
        raise unknown("exchange", name, [*SIMULATED, *ccxt.exchanges], hint="--exchange sim")
    face = Face(name)
    return Profile(name, spot=face, contracts=face, rules=BINANCE)


def demo(name: str) -> Profile:
    """The test hosts of an exchange, with money that is worth nothing.

    Raises
    ------
    UnknownName
        If xq knows none.
    """
    if name not in _DEMOS:
        raise unknown("exchange with test hosts", name, _DEMOS, hint="--mode paper")
    return _DEMOS[name]


def _simulated(url: str) -> Profile:
    """Binance on loopback; ccxt chooses error classes by host, so the tables are named here."""
    return Profile(
        SIM,
        spot=Face("binance", _BINANCE_SPOT, spacing=0.0, error_table="spot"),
        contracts=Face(
            "binanceusdm", _BINANCE_LINEAR, spacing=0.0, error_table="linear", lacks=_SPOT_ONLY
        ),
        rules=BINANCE,
        url=url,
        pages_skip_holes=True,
        bare_lists=True,
        dialect=BinanceDialect(wallet=False, spares_stops=True),
    )


def _simulated_bybit(url: str) -> Profile:
    """Bybit on loopback: linear contracts of the simulated venue; its spot side lists nothing."""
    return Profile(
        SIM_BYBIT,
        spot=Face("bybit", _BYBIT_LINEAR, spacing=0.0),
        contracts=Face("bybit", _BYBIT_LINEAR, spacing=0.0),
        rules=BYBIT,
        url=url,
        dialect=BybitDialect(),
    )


def client(
    chosen: Profile,
    contract: bool,
    session: WireSession,
    *,
    timeout: float,
    keys: tuple[str, str] | None = None,
) -> Any:
    """A ccxt client of one face that retries nothing and paces nothing by itself."""
    from xq.venues.light_ccxt import exchange_class

    face = chosen.face(contract)
    kind = exchange_class(face.ccxt_id)
    settings: dict[str, Any] = {
        "session": session,
        "timeout": round(timeout * 1000),
        "enableRateLimit": False,
        "options": {**face.options, "maxRetriesOnFailure": 0},
    }
    if keys is not None:
        no_coins = {"fetchCurrencies": False}  # a signed question that nobody here needs answered
        settings |= {"apiKey": keys[0], "secret": keys[1], "has": no_coins}
    if chosen.url is not None:
        settings["urls"] = {"api": _urls(kind, chosen.url)}
    if face.error_table is not None:
        tables = _described(kind)["exceptions"]
        settings["exceptions"] = {"exact": tables[face.error_table]["exact"]}
    made = kind(settings)
    if chosen.demo:
        made.enable_demo_trading(True)
    return made


def timeframes(chosen: Profile, contract: bool) -> tuple[str, ...]:
    """The bar lengths of one side of a venue, shortest first as ccxt lists them.

    Examples
    --------
    >>> timeframes(profile("binance"), False)[:2], timeframes(profile("binance"), True)[:2]
    (('1s', '1m'), ('1m', '3m'))
    """
    from xq.venues.light_ccxt import exchange_class

    face = chosen.face(contract)
    known = _described(exchange_class(face.ccxt_id)).get("timeframes") or {}
    return tuple(name for name in known if name not in face.lacks)


@cache
def _described(kind: Any) -> dict[str, Any]:
    """What ccxt knows of an exchange; making a client for it is dear."""
    found: dict[str, Any] = kind().describe()
    return found


def _urls(kind: Any, url: str) -> dict[str, str]:
    """Every URL the class knows, moved to one host with its path kept."""
    from urllib.parse import urlsplit

    known = _described(kind)["urls"]["api"]
    return {
        name: url + urlsplit(address).path
        for name, address in known.items()
        if isinstance(address, str)
    }
