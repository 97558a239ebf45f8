"""The venue without what one may ask of it: ledger, feeds, clock, accounts, events."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from xq.clock import iso
from xq.errors import ConfigError, UsageError
from xq.ports import Clock
from xq.sim.account import open_account
from xq.sim.accounts import MAIN, by_key
from xq.sim.changes import Changes
from xq.sim.draft import Draft
from xq.sim.events import Event
from xq.sim.exact import exact
from xq.sim.feed import Feed
from xq.sim.instruments import TRADES_START_MS, Face, SimInstrument
from xq.sim.ledger import Ledger, World
from xq.sim.liquidity import look, merged
from xq.sim.market import Levels
from xq.sim.refusal import Reason, Refusal
from xq.sim.settle import settle
from xq.sim.state import State
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
        Wall time; the venue's time is this plus an offset that the ledger remembers.
    seed
        Seed of the feeds; must be the ledger's own if that has one.
    start_ms
        Venue time to start at; None continues (2024-01-01 for a fresh ledger).
    accounts
        Accounts to open beside those that the ledger knows.

    Attributes
    ----------
    logins
        Every account by its API key.

    Raises
    ------
    ConfigError
        If the ledger was written with another seed.
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
    ) -> None:
        self.logins = by_key(accounts)
        self.ledger = ledger
        self.feeds = feeds
        self._clock = clock
        self._listeners: list[Listener] = []
        self._markets = {
            face: {market.id: market for market in feed.symbols()} for face, feed in feeds.items()
        }
        known = ledger.world()
        if known is None:
            begin_ms = TRADES_START_MS if start_ms is None else start_ms
            self.world = World(seed, begin_ms - clock.now_ms())
            self.state = State(settled_ms=begin_ms)
        else:
            check_seed(known.seed, seed, str(ledger.path))
            self.world, self.state = known, ledger.load()
            if start_ms is not None:
                self._restart_clock(start_ms)
        self._open(accounts)

    @property
    def now_ms(self) -> int:
        """Venue time of the last `settle`; every answer is as of this moment."""
        return self.state.settled_ms

    def market(self, face: Face, symbol: str) -> SimInstrument:
        """One market by its native id; a `Refusal` if there is none."""
        market = self._markets[face].get(symbol)
        if market is None:
            raise Refusal(Reason.BAD_SYMBOL)
        return market

    def markets(self, face: Face) -> tuple[SimInstrument, ...]:
        """Every market of a face."""
        return tuple(self._markets[face].values())

    @exact
    def settle(self) -> None:
        """Let venue time catch up with the clock and book what happened on the way.

        Venue time never goes back, even when wall time does.
        """
        with self._change() as draft:
            settle(draft, self.feeds, self._clock.now_ms() + self.world.offset_ms)

    def depth(self, face: Face, symbol: str, limit: int) -> tuple[Levels, Levels]:
        """(bids, asks), best first: outside liquidity merged with clients' resting orders."""
        gone = sum(key[:2] == (face, symbol) for key in self.state.eaten)
        outside = look(self.feeds[face], face, symbol, self.now_ms, limit + gone)
        book = self.state.book(face, symbol)
        bids, asks = (merged(outside.left(self.state, side), book, side)[:limit] for side in Side)
        return bids, asks

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell a listener every event, in order, once it is in the ledger; call to unsubscribe."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @contextmanager
    def _change(self) -> Iterator[Draft]:
        """A draft that becomes the truth at the end, on disk first, or is taken back whole."""
        draft = Draft(self.state)
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

    def _restart_clock(self, start_ms: int) -> None:
        if start_ms < self.state.settled_ms:
            raise UsageError(
                f"the venue's clock cannot go back to {iso(start_ms)}: "
                f"its books reach {iso(self.state.settled_ms)}",
                where=str(self.ledger.path),
                hint="choose a later time, or another --state folder",
            )
        self.world = World(self.world.seed, start_ms - self._clock.now_ms())
        self.ledger.commit(Changes(), self.state, self.world)


def check_seed(known: int, wanted: int, where: str) -> None:
    """Refuse to continue a venue whose prices came from another seed.

    Raises
    ------
    ConfigError
        If the seeds differ.
    """
    if known != wanted:
        raise ConfigError(
            f"this simulated venue lives in the world of seed {known}, found {wanted}",
            where=where,
            hint=f"set exchange.sim_seed = {known}, or move the file away to start a new world",
        )
