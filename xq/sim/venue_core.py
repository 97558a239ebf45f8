"""The venue without what one may ask of it: ledger, feeds, clock, accounts, events."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from xq.ports import Clock
from xq.sim.account import open_account
from xq.sim.accounts import MAIN, by_key
from xq.sim.altered import altered
from xq.sim.changes import Changes
from xq.sim.draft import Draft
from xq.sim.events import Event
from xq.sim.exact import exact
from xq.sim.feed import Feed
from xq.sim.instruments import Face, Market, SimInstrument
from xq.sim.ledger import Ledger, World
from xq.sim.liquidity import look, merged
from xq.sim.market import Levels
from xq.sim.market_models import Latency
from xq.sim.opening import begin
from xq.sim.pace import Pace, VenueClock
from xq.sim.refusal import Reason, Refusal
from xq.sim.settle import settle
from xq.types import Side

Listener = Callable[[Event], None]


class VenueCore:
    """Everything that orders and settings stand on.

    Parameters
    ----------
    ledger
        The memory; a fresh one is opened with the initial deposits.
    feeds
        Prices of each face.
    clock
        Wall time; the venue's time follows it as the ledger remembers, see `xq.sim.pace`.
    seed
        Seed of the feeds; must be the ledger's own if that has one.
    start_ms
        Venue time to start at; None continues (2024-01-01 for a fresh ledger).
    accounts
        Accounts to open beside those that the ledger knows.
    pace
        How fast venue time passes; None goes on as the ledger remembers.
    end_ms
        Where time stops for good; None is never.
    market
        Where the feeds' prices come from.
    latency
        How long orders and cancellations travel; None is no time.

    Attributes
    ----------
    clock
        The venue's own.
    logins
        Every account by its API key.

    Raises
    ------
    ConfigError
        If the ledger was written with another seed, or at prices from elsewhere.
    UsageError
        If ``start_ms`` lies before what is already in the books.
    """

    def __init__(
        self,
        ledger: Ledger,
        feeds: Mapping[Face, Feed],
        clock: Clock,
        *,
        seed: int,
        start_ms: int | None = None,
        accounts: Sequence[str] = (MAIN,),
        pace: Pace | None = None,
        end_ms: int | None = None,
        market: Market = Market.SYNTHETIC,
        latency: Latency | None = None,
    ) -> None:
        self.logins = by_key(accounts)
        self.ledger = ledger
        self.feeds = feeds
        self._latency = latency
        self._listeners: list[Listener] = []
        self._markets = {
            face: {market.id: market for market in feed.symbols()} for face, feed in feeds.items()
        }
        begun = begin(ledger, clock, seed, start_ms, market)
        self.seed, self.prices, self.state = seed, market, begun.state
        wanted = begun.pace if pace is None else pace
        self.clock = VenueClock(clock, begun.now_ms, wanted, end_ms=end_ms)
        if begun.moved or wanted != begun.pace:
            ledger.commit(Changes(), self.state, self.world)
        self._open(accounts)

    @property
    def now_ms(self) -> int:
        """Venue time of the last `settle`; every answer is as of this moment."""
        return self.state.settled_ms

    @property
    def world(self) -> World:
        """What the ledger remembers beside the books."""
        return World(self.seed, self.clock.offset_ms, self.clock.pace, self.prices)

    def set_pace(self, pace: Pace) -> None:
        """Let time pass at another speed, or pause, from now on."""
        self.clock.set_pace(pace)
        self.save()

    def seek(self, ts_ms: int) -> None:
        """Jump to a later time; what happens on the way is booked. Raises `UsageError`."""
        self.clock.seek(ts_ms)
        self.save()

    def save(self) -> None:
        """Settle, and write down where the clock stands."""
        self.settle()
        self.ledger.commit(Changes(), self.state, self.world)

    def market(self, face: Face, symbol: str) -> SimInstrument:
        """One market by its native id; a `Refusal` if there is none yet."""
        market = self._markets[face].get(symbol)
        if market is None or market.listed_ms > self.now_ms:
            raise Refusal(Reason.BAD_SYMBOL)
        return market

    def markets(self, face: Face) -> tuple[SimInstrument, ...]:
        """Every market of a face that is listed by now."""
        listed = self._markets[face].values()
        return tuple(market for market in listed if market.listed_ms <= self.now_ms)

    def settle(self) -> None:
        """Let venue time catch up with the clock and book what happened on the way.

        Venue time never goes back, even when wall time does.
        """
        self._settle(self.clock.now_ms())

    @exact
    def _settle(self, until_ms: int) -> None:
        if until_ms > self.now_ms:
            with self._change() as draft:
                settle(draft, self.feeds, until_ms)

    def _arrive(self) -> None:
        """Let venue time pass until what is sent now arrives; others sent now arrive then too."""
        if self._latency is not None:
            delay = self._latency.delay_ms(self.state.counters.order)
            self._settle(self.clock.later(delay))

    def depth(self, face: Face, symbol: str, limit: int) -> tuple[Levels, Levels]:
        """(bids, asks), best first: outside liquidity merged with clients' resting orders."""
        gone = sum(key[:2] == (face, symbol) for key in self.state.eaten)
        outside = look(self.feeds[face], face, symbol, self.now_ms, limit + gone)
        book = self.state.book(face, symbol)
        bids, asks = (merged(outside.left(self.state, side), book, side)[:limit] for side in Side)
        return bids, asks

    @contextmanager
    def altered(self, face: Face, market: SimInstrument) -> Iterator[None]:
        """One market by other rules, as long as it lasts: for one request."""
        feeds, markets = self.feeds, self._markets[face]
        own = markets[market.id]
        self.feeds = {**feeds, face: altered(feeds[face], market)}
        markets[market.id] = market
        try:
            yield
        finally:
            self.feeds, markets[market.id] = feeds, own

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell a listener every event, in order, once it is in the ledger; call to unsubscribe."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @contextmanager
    def _change(self) -> Iterator[Draft]:
        """A draft that becomes the truth at the end, on disk first, or is taken back whole."""
        draft = Draft(self.state, heard=bool(self._listeners))
        try:
            yield draft
            if not draft.changes.is_empty:
                self.ledger.commit(draft.changes, self.state, self.world)
        except BaseException:
            draft.rollback()
            raise
        for event in draft.events:
            for listener in tuple(self._listeners):
                listener(event)

    def _open(self, accounts: Sequence[str]) -> None:
        """Open accounts that the ledger does not know yet; those it knows stay."""
        with self._change() as draft:
            for owner in accounts:
                if owner not in self.state.owners:
                    open_account(draft, owner)
        self.logins = by_key(self.state.owners)
