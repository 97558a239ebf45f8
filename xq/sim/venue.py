"""The simulated venue: two faces, one ledger, one clock; call `settle` before every request."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from xq.clock import iso
from xq.errors import ConfigError, UsageError
from xq.ports import Clock
from xq.sim.account import close_order, open_account
from xq.sim.accounts import MAIN, by_key
from xq.sim.contracts import margin_account
from xq.sim.draft import Changes, Draft
from xq.sim.events import ConfigEvent, Event
from xq.sim.exact import exact
from xq.sim.feed import Feed
from xq.sim.instruments import TRADES_START_MS, Face, SimInstrument
from xq.sim.ledger import Ledger, World
from xq.sim.margin import MarginAccount, leverage_of, max_leverage, max_notional
from xq.sim.market import Levels
from xq.sim.matching import merged
from xq.sim.orders import Placed
from xq.sim.orders import place as enter
from xq.sim.records import Kind, NewOrder, SimOrder
from xq.sim.refusal import Reason, Refusal
from xq.sim.settle import settle
from xq.sim.state import State
from xq.types import OrderStatus

Listener = Callable[[Event], None]


class SimVenue:
    """The core behind the wire: no protocol, no sockets. Not for use from two threads at once.

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

    @exact
    def place(self, owner: str, face: Face, request: NewOrder) -> Placed:
        """Enter an order. Raises `Refusal`; then nothing has changed."""
        self.market(face, request.symbol)
        with self._change() as draft:
            return enter(draft, owner, face, self.feeds[face], request)

    @exact
    def rehearse(self, owner: str, face: Face, request: NewOrder) -> None:
        """Everything that `place` would refuse, and nothing else."""
        self.market(face, request.symbol)
        draft = Draft(self.state)
        try:
            enter(draft, owner, face, self.feeds[face], request)
        finally:
            draft.rollback()

    @exact
    def cancel(
        self,
        owner: str,
        face: Face,
        symbol: str,
        *,
        order_id: int | None = None,
        client_id: str | None = None,
    ) -> SimOrder:
        """Cancel one resting order by id or client id. Raises `Refusal` if it does not rest."""
        market = self.market(face, symbol)
        order = self._resting(owner, face, symbol, order_id, client_id)
        if order is None:
            raise Refusal(Reason.UNKNOWN_CANCEL)
        with self._change() as draft:
            canceled = close_order(draft, market, order, OrderStatus.CANCELED)
            draft.flush(Kind.RELEASE)
            return canceled

    @exact
    def cancel_all(self, owner: str, face: Face, symbol: str) -> list[SimOrder]:
        """Cancel every resting order of one symbol."""
        market = self.market(face, symbol)
        with self._change() as draft:
            canceled = [
                close_order(draft, market, order, OrderStatus.CANCELED)
                for order in self.state.orders_of(owner, face, symbol)
            ]
            draft.flush(Kind.RELEASE)
            return canceled

    def order(
        self,
        owner: str,
        face: Face,
        symbol: str,
        *,
        order_id: int | None = None,
        client_id: str | None = None,
    ) -> SimOrder:
        """One order, resting or not; by client id a resting one wins. Raises `Refusal`."""
        self.market(face, symbol)
        found = self._resting(owner, face, symbol, order_id, client_id)
        if found is None:
            found = self.ledger.order(owner, face, symbol, order_id=order_id, client_id=client_id)
        if found is None:
            raise Refusal(Reason.UNKNOWN_ORDER)
        return found

    @exact
    def margin(self, owner: str) -> MarginAccount:
        """One futures account at present mark prices."""
        return margin_account(self.state, owner, self.feeds[Face.FUTURES], self.now_ms)

    @exact
    def set_leverage(self, owner: str, symbol: str, leverage: int) -> None:
        """Choose a symbol's leverage. Raises `Refusal` if brackets or margin forbid it."""
        self.market(Face.FUTURES, symbol)
        if not 1 <= leverage <= max_leverage(symbol):
            raise Refusal(Reason.BAD_LEVERAGE, str(leverage))
        if leverage == leverage_of(self.state, owner, symbol):
            return
        with self._change() as draft:
            draft.put_setting(replace(self.state.setting(owner, symbol), leverage=leverage))
            after = self.margin(owner)
            if after.positions and after.used > after.equity:
                raise Refusal(Reason.NO_MARGIN)
            here = [item for item in after.positions if item.position.symbol == symbol]
            if any(abs(item.notional) > max_notional(symbol, leverage) for item in here):
                raise Refusal(Reason.POSITION_LIMIT)
            draft.events.append(ConfigEvent(self.now_ms, owner, symbol, leverage=leverage))

    def depth(self, face: Face, symbol: str, limit: int) -> tuple[Levels, Levels]:
        """(bids, asks), best first: outside liquidity merged with clients' resting orders."""
        book = self.feeds[face].book(symbol, self.now_ms, limit)
        return merged(book, self.state.resting(face, symbol), limit)

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

    def _resting(
        self, owner: str, face: Face, symbol: str, order_id: int | None, client_id: str | None
    ) -> SimOrder | None:
        number = order_id
        if number is None and client_id is not None:
            number = self.state.index.named(owner, face, client_id)
        order = self.state.open_orders.get(-1 if number is None else number)
        if order is None or (order.owner, order.face, order.symbol) != (owner, face, symbol):
            return None
        return order if client_id in (None, order.client_id) else None

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
