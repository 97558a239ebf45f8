"""What may be collected, in which steps, and by which ways it comes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xq.api.workspace import Workspace
from xq.errors import UsageError, unknown

if TYPE_CHECKING:
    from xq.collect.archive_plan import SourceChoice
    from xq.collect.run import Ways
    from xq.timeframe import Timeframe
    from xq.types import Symbol
    from xq.venues.ccxt_market import CcxtMarket

KINDS = (
    "ohlcv", "trades", "funding", "mark", "index", "open_interest", "instruments", "book_snapshot",
)  # fmt: skip
NOW_ONLY = ("instruments", "book_snapshot")  # as they stand; no venue tells how they stood
CONTRACTS_ONLY = ("funding", "mark", "index", "open_interest")
_PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")  # of open interest
_STEPS = {"trades": "1h", "funding": "1h", "open_interest": "5m"}
_ARCHIVES = {"binance": "https://data.binance.vision"}


def check_kind(kind: str) -> None:
    """Refuse what no venue is asked for.

    Raises
    ------
    UnknownName
        With a suggestion.
    UsageError
        For changes of order books: no venue tells past ones.
    """
    if kind == "book_diff":
        raise UsageError(
            "book_diff is recorded while it happens, no venue tells it afterwards",
            hint="xq data import --kind book_diff RECORDING.raw.gz",
        )
    if kind not in KINDS:
        raise unknown("kind of market data", kind, KINDS, hint=f"one of {' '.join(KINDS)}")


def check_contract(kind: str, symbol: "Symbol") -> None:
    """Refuse a spot symbol for what only contracts have.

    Raises
    ------
    UsageError
        With the contract's name as the hint.
    """
    if kind in CONTRACTS_ONLY and not symbol.is_contract:
        raise UsageError(
            f"{kind} is of contracts, found {symbol}",
            hint=f"xq collect --kind {kind} --symbol {symbol}:{symbol.quote}",
        )


def steps(kind: str, configured: str, given: str | None) -> "Timeframe":
    """Bar length of a kind; for kinds without bars whole hours.

    Examples
    --------
    >>> [steps(kind, "1d", None).name for kind in ("ohlcv", "open_interest", "trades")]
    ['1d', '5m', '1h']
    """
    from xq.timeframe import Timeframe, check_edges

    if kind in ("trades", "funding") and given is not None:
        raise UsageError(f"{kind} has no timeframe, found {given}")
    if kind == "open_interest" and given is not None and given not in _PERIODS:
        raise unknown("period of open interest", given, _PERIODS)
    bar = Timeframe.parse(given or _STEPS.get(kind, configured))
    check_edges(bar)
    return bar


def check_now(kind: str, **given: object) -> None:
    """Refuse a range or a timeframe for kinds that are taken as they stand.

    Raises
    ------
    UsageError
        Naming what was given.
    """
    found = [name.removesuffix("_ms") for name, value in given.items() if value is not None]
    if kind in NOW_ONLY and found:
        raise UsageError(
            f"{kind} is taken as it stands now, found --{found[0]}",
            hint=f"xq collect --kind {kind} --symbol BTC/USDT",
        )


@contextmanager
def ways(ws: Workspace, market: "CcxtMarket", choice: "SourceChoice") -> Iterator["Ways"]:
    """REST and, where there is one, the archive.

    Raises
    ------
    UsageError
        If the archive is asked for and xq knows none of this exchange.
    """
    from xq.collect.archive import Archive
    from xq.collect.fetch import Source
    from xq.collect.run import Ways
    from xq.venues.bans import Bans
    from xq.venues.download import Downloads, Site

    source = Source(market, market.skips_holes, market)
    url = ws.config.exchange.archive_url
    if url is None:
        url = _ARCHIVES.get(market.name)
    if url is None or choice == "rest" or not market.has_pages:
        if choice == "archive":
            raise UsageError(
                f"no archive of {market.name} is known",
                hint="xq config explain exchange.archive_url",
            )
        yield Ways(source, None, "rest")
        return
    site = Site(url.rstrip("/"), ws.config.exchange.timeout_seconds)
    downloads = Downloads(site, ws.clock, bans=Bans(ws.state / "bans.json"))
    try:
        yield Ways(source, Archive(downloads), choice)
    finally:
        downloads.close()
