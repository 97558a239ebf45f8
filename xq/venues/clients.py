"""One ccxt client per thread and face, with the symbols loaded once for all of them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from xq.errors import VenueUnclear, unknown
from xq.ports import Clock
from xq.types import Instrument, Symbol
from xq.venues import convert
from xq.venues.bans import Bans
from xq.venues.outcomes import Reply
from xq.venues.pace import Pace
from xq.venues.reads import Reader, Retry
from xq.venues.registry import Profile, client
from xq.venues.wire import WireSession

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a venue.

    Attributes
    ----------
    timeout
        Seconds to wait for one answer.
    keys
        API key and secret; None for public data.
    loopback_only
        Refuse to send anything to another machine.
    bans
        Where bans of this machine's address are remembered.
    """

    timeout: float = 10.0
    keys: tuple[str, str] | None = None
    loopback_only: bool = False
    retry: Retry | None = None
    bans: Bans | None = None


class Clients:
    """The clients of one face.

    Methods raise `VenueError`; `find` raises `UnknownName` too.

    Parameters
    ----------
    source
        Other clients of the face, whose list of symbols is used.
    """

    def __init__(
        self,
        profile: Profile,
        contract: bool,
        access: Access,
        clock: Clock,
        source: "Clients | None" = None,
    ) -> None:
        self.profile = profile
        self.contract = contract
        self.pace: Pace | None = None
        self._access = access
        self._clock = clock
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._made: list[tuple[Any, WireSession]] = []
        self._idle: list[WireSession] = []
        self._lent_out: list[WireSession] = []
        self._elder = source
        self._source: Any = None
        self._reader: Reader | None = None
        self._instruments: dict[Symbol, Instrument] = {}

    def read(self, what: str, ask: Callable[[Any], T], *, weight: int = 1) -> T:
        """Run a repeatable request on this thread's client, symbols loaded."""
        self.load()
        raw, session = self._pair()
        return self._asker(raw)(session, what, lambda: ask(raw), weight=weight)

    def read_bytes(self, what: str, ask: Callable[[WireSession], T], weight: int) -> T:
        """Run a repeatable request that judges the answer itself, on an idle session.

        Unlike `read`, which keeps a client per thread, threads may come and go.
        """
        reader = self._asker(self.source())
        with self._lent() as session:
            return reader(session, what, lambda: ask(session), weight=weight, checked=True)

    def source(self) -> Any:
        """A client that knows the symbols; for looking things up, not for asking."""
        self.load()
        return self._source

    @property
    def timeout(self) -> float:
        """Seconds to wait for one answer."""
        return self._access.timeout

    def limited(self) -> bool:
        """Whether the venue counts requests by weight."""
        self.load()
        return self.pace is not None and self.pace.weight_limit is not None

    def pair(self) -> tuple[Any, WireSession]:
        """Client and session of this thread, symbols loaded; for requests sent only once."""
        self.load()
        return self._pair()

    def instruments(self) -> dict[Symbol, Instrument]:
        """Trading rules of every active symbol of this face."""
        self.load()
        return self._instruments

    def find(self, symbol: Symbol) -> Instrument:
        """The trading rules of one symbol, or an `UnknownName` with a suggestion."""
        known = self.instruments()
        if symbol not in known:
            raise unknown(
                "symbol",
                str(symbol),
                (str(name) for name in known),
                hint=f"xq symbols --quote {symbol.quote} --exchange {self.profile.name}"
                + (" --contracts" if symbol.is_contract else ""),
            )
        return known[symbol]

    def load(self) -> None:
        """Ask for the symbols, once."""
        with self._lock:
            if self._source is not None:
                return
        if self._elder is not None:
            self._instruments, self._source = self._elder.instruments(), self._elder.source()
            return
        raw, session = self._pair()
        with self._lock:
            if self._source is None:
                markets = self._asker(raw)(session, "symbols", raw.load_markets)
                found = convert.instruments(markets.values(), raw.precisionMode)
                wanted = {s: i for s, i in found.items() if s.is_contract == self.contract}
                if not found:
                    raise VenueUnclear(f"{self.profile.name} lists no symbols")
                self._instruments, self._source = wanted, raw
                if self.pace is not None and isinstance(session.last, Reply):
                    told = _weight_limit(session.last.body)
                    self.pace.weight_limit = told or self.pace.weight_limit

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for session in [*(pair[1] for pair in self._made), *self._lent_out]:
                session.close()
            self._made.clear()

    @contextmanager
    def _lent(self) -> Iterator[WireSession]:
        with self._lock:
            session = self._idle.pop() if self._idle else None
        if session is None:
            session = self._session()
            with self._lock:
                self._lent_out.append(session)
        try:
            yield session
        finally:
            with self._lock:
                self._idle.append(session)

    def _pair(self) -> tuple[Any, WireSession]:
        pair = getattr(self._mine, "pair", None)
        if pair is None:
            pair = self._mine.pair = self._make()
        raw, _ = pair
        if raw.markets is None and self._source is not None:
            raw.set_markets_from_exchange(self._source)
        return pair

    def _make(self) -> tuple[Any, WireSession]:
        session = self._session()
        raw = client(
            self.profile,
            self.contract,
            session,
            timeout=self._access.timeout,
            keys=self._access.keys,
        )
        with self._lock:
            self._made.append((raw, session))
        return raw, session

    def _session(self) -> WireSession:
        """Keys go nowhere but to the profile's hosts."""
        hosts = frozenset() if self._access.keys is None else self.profile.hosts
        return WireSession(loopback_only=self._access.loopback_only, hosts=hosts)

    def _asker(self, raw: Any) -> Reader:
        if self._reader is None:
            face = self.profile.face(self.contract)
            spacing = raw.rateLimit / 1000 if face.spacing is None else face.spacing
            self.pace = Pace(
                self._clock,
                spacing=spacing,
                weight_limit=face.weight_limit,
                bans=self._access.bans,
                name=f"{self.profile.name} {'contracts' if self.contract else 'spot'}",
            )
            self._reader = Reader(
                self.profile.name, self.profile.rules, self.pace, self._clock, self._access.retry
            )
        return self._reader


def _weight_limit(body: str) -> int | None:
    """Request weight per minute, as Binance's ``exchangeInfo`` states it."""
    import orjson

    try:
        limits = orjson.loads(body)["rateLimits"]
        return next(
            int(item["limit"])
            for item in limits
            if (item["rateLimitType"], item["interval"]) == ("REQUEST_WEIGHT", "MINUTE")
            and int(item["intervalNum"]) == 1
        )
    except (ValueError, TypeError, KeyError, StopIteration):
        return None
