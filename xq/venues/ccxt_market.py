"""Public data of one exchange through ccxt."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from xq.errors import UnknownName, VenueRefused, VenueUnclear
from xq.ports import Clock
from xq.timeframe import Timeframe, names
from xq.types import Book, Instrument, Symbol
from xq.venue_types import Ticker
from xq.venues import convert
from xq.venues.clients import Access, Clients
from xq.venues.history import History
from xq.venues.outcomes import Reply
from xq.venues.registry import SIMULATED, Profile, timeframes

if TYPE_CHECKING:
    import numpy as np

PAGE = 1000  # bars per request; the most that every face of every profile answers
_NO_ROWS = "[]"


class CcxtMarket(History):
    """`xq.ports.MarketData` over ccxt; may be used by several threads at once.

    Symbols with a settlement currency go to the contract face, all others to the spot face; a face
    is contacted only when something of it is asked for.

    Parameters
    ----------
    contracts
        Which face tells the time when none is named.
    """

    def __init__(
        self,
        profile: Profile,
        clock: Clock,
        access: Access | None = None,
        *,
        contracts: bool = False,
    ) -> None:
        self.name = profile.name
        self._contracts = contracts
        self._profile = profile
        self._clock = clock
        chosen = access or Access()
        self._faces = {kind: Clients(profile, kind, chosen, clock) for kind in (False, True)}
        self._ahead_ms: int | None = None
        self._lock = threading.Lock()

    @property
    def skips_holes(self) -> bool:
        """Whether an empty page of bars proves that none follow."""
        return self._profile.pages_skip_holes

    def now_ms(self, contract: bool | None = None) -> int:
        """The venue's own time, epoch ms, as the contract or the spot face tells it."""
        clients = self._faces[self._contracts if contract is None else contract]
        raw, session = clients.pair()
        if raw.has["fetchTime"]:
            now = clients.read("time", lambda client: int(client.fetch_time()))
        else:
            now = _date_header(self.name, session.last)
        with self._lock:
            self._ahead_ms = now - self._clock.now_ms()
        if clients.pace is not None:
            clients.pace.synchronise(now)
        return now

    def instruments(self) -> Mapping[Symbol, Instrument]:
        """Trading rules of every active symbol; a look-up asks only the face it concerns."""
        return _Instruments(self._faces[False], self._faces[True])

    def listed(self, contract: bool) -> Mapping[Symbol, Instrument]:
        """Trading rules of every active symbol of one face."""
        return self._faces[contract].instruments()

    def synthetic_from_ms(self, symbol: Symbol) -> int | None:
        """From when on the venue invents a symbol's prices: 0 always, None never."""
        if self._profile.name not in SIMULATED:
            return None
        raw, _ = self._faces[symbol.is_contract].pair()
        return int(raw.market(str(symbol))["info"]["syntheticFrom"])

    def find(self, symbol: Symbol) -> Instrument:
        """The trading rules of one symbol.

        Raises
        ------
        UnknownName
            With a suggestion from the venue's own list.
        """
        return self._faces[symbol.is_contract].find(symbol)

    def check_timeframe(self, timeframe: Timeframe, symbol: Symbol) -> None:
        """Raise `UnknownName` if the venue has no bars of that length."""
        offered = timeframes(self._profile, symbol.is_contract)
        if timeframe.name not in offered:
            market = "contracts" if symbol.is_contract else "spot"
            raise UnknownName(
                f"{self.name} has no {timeframe} bars of {market}, only {' '.join(offered)}",
                hint=_shorter(timeframe, offered),
            )

    def tickers(self, contracts: bool = False) -> Sequence[Ticker]:
        """Last price and daily turnover of every active symbol of one face."""
        clients = self._faces[contracts]
        known = clients.instruments()
        by_name = {str(symbol): symbol for symbol in known}

        def ask(client: Any) -> tuple[Ticker, ...]:
            found = client.fetch_tickers().items()
            listed = (convert.ticker(by_name[name], raw) for name, raw in found if name in by_name)
            return tuple(ticker for ticker in listed if ticker is not None)

        return clients.read("tickers", ask)

    def bars(
        self, symbol: Symbol, timeframe: Timeframe, since_ms: int, limit: int = PAGE
    ) -> "np.ndarray":
        """Closed and open bars from ``since_ms`` on, oldest first.

        Returns
        -------
        numpy.ndarray
            float64 (n, 6): ts (epoch ms), open, high, low, close, volume (base asset).
        """
        clients = self._faces[symbol.is_contract]
        clients.find(symbol)
        self.check_timeframe(timeframe, symbol)
        _, session = clients.pair()

        def ask(client: Any) -> "np.ndarray":
            rows = client.fetch_ohlcv(str(symbol), timeframe.name, since_ms, limit)
            if not rows and self._profile.bare_lists and _body(session.last) != _NO_ROWS:
                raise VenueUnclear(f"{self.name} answered with something other than a list")
            return convert.bars(rows)  # ccxt sorts them

        return clients.read(f"{symbol} {timeframe} bars", ask)

    def book(self, symbol: Symbol, depth: int = 20) -> Book:
        """Resting orders, best first."""
        clients = self._faces[symbol.is_contract]
        clients.find(symbol)
        ts = self._stamp(symbol.is_contract)
        return clients.read(
            f"{symbol} book",
            lambda client: convert.book(symbol, client.fetch_order_book(str(symbol), depth), ts),
        )

    def close(self) -> None:
        """Release connections."""
        for clients in self._faces.values():
            clients.close()

    def _stamp(self, contract: bool) -> int:
        """The venue's time without asking again: how far it was ahead of ours last time."""
        with self._lock:
            ahead = self._ahead_ms
        return self.now_ms(contract) if ahead is None else self._clock.now_ms() + ahead


class _Instruments(Mapping[Symbol, Instrument]):
    """Both faces as one mapping; a look-up loads one face, a walk loads both."""

    def __init__(self, spot: Clients, contracts: Clients) -> None:
        self._faces = {False: spot, True: contracts}

    def __getitem__(self, symbol: Symbol) -> Instrument:
        return self._faces[symbol.is_contract].instruments()[symbol]

    def __iter__(self) -> Iterator[Symbol]:
        for clients in self._faces.values():
            yield from clients.instruments()

    def __len__(self) -> int:
        return sum(len(clients.instruments()) for clients in self._faces.values())


def _shorter(timeframe: Timeframe, offered: Sequence[str]) -> str | None:
    """What to collect instead: the longest bars of the venue that make such bars on read."""
    known = [Timeframe.parse(name) for name in offered if name in names()]
    fitting = [item for item in known if item.divides(timeframe)]
    longest = max(fitting, key=lambda item: item.ms, default=None)
    if longest is None:
        return None
    return f"--timeframe {longest}   # {timeframe} bars are made of them when they are read"


def _body(wire: Any) -> str:
    return "".join(wire.body.split()) if isinstance(wire, Reply) else ""


def _date_header(name: str, wire: Any) -> int:
    """The server's HTTP date, for exchanges without a time endpoint; whole seconds."""
    text = wire.headers.get("date", "") if isinstance(wire, Reply) else ""
    try:
        return round(parsedate_to_datetime(text).timestamp() * 1000)
    except (ValueError, TypeError):
        raise VenueRefused(f"{name} does not tell its time") from None
