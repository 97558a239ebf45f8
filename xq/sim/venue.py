"""The simulated venue: two faces, one ledger, one clock; call `settle` before every request."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from xq.clock import iso
from xq.errors import ConfigError, UsageError
from xq.ports import Clock
from xq.sim.account import close_order, open_accounts
from xq.sim.contracts import margin_account
from xq.sim.exact import exact
from xq.sim.feed import Feed
from xq.sim.instruments import TRADES_START_MS, Face, SimInstrument
from xq.sim.ledger import Ledger, World
from xq.sim.margin import MarginAccount, leverage_of, max_leverage, max_notional
from xq.sim.orders import Placed
from xq.sim.orders import place as enter
from xq.sim.records import NewOrder, SimOrder
from xq.sim.refusal import Reason, Refusal
from xq.sim.settle import settle
from xq.sim.state import Changes, Draft, State
from xq.types import OrderStatus

_Answer = TypeVar("_Answer")


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
    ) -> None:
        self.ledger = ledger
        self.feeds = feeds
        self._clock = clock
        self._markets = {
            face: {market.id: market for market in feed.symbols()} for face, feed in feeds.items()
        }
        known = ledger.world()
        if known is None:
            self._create(seed, TRADES_START_MS if start_ms is None else start_ms)
            return
        check_seed(known.seed, seed, str(ledger.path))
        self.world, self.state = known, ledger.load()
        if start_ms is not None:
            self._restart_clock(start_ms)

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
        draft = Draft(self.state)
        settle(draft, self.feeds, self._clock.now_ms() + self.world.offset_ms)
        self._keep(draft)

    @exact
    def place(self, face: Face, request: NewOrder) -> Placed:
        """Enter an order. Raises `Refusal`; then nothing has changed."""
        self.market(face, request.symbol)
        return self._change(lambda draft: enter(draft, face, self.feeds[face], request))

    @exact
    def rehearse(self, face: Face, request: NewOrder) -> None:
        """Everything that `place` would refuse, and nothing else."""
        self.market(face, request.symbol)
        enter(Draft(self.state), face, self.feeds[face], request)

    @exact
    def cancel(
        self, face: Face, symbol: str, *, order_id: int | None = None, client_id: str | None = None
    ) -> SimOrder:
        """Cancel one resting order by id or client id. Raises `Refusal` if it does not rest."""
        market = self.market(face, symbol)
        for order in self.state.orders_of(face, symbol):
            if order_id in (None, order.id) and client_id in (None, order.client_id):
                return self._change(
                    lambda draft: close_order(draft, market, order, OrderStatus.CANCELED)  # noqa: B023
                )
        raise Refusal(Reason.UNKNOWN_CANCEL)

    @exact
    def cancel_all(self, face: Face, symbol: str) -> list[SimOrder]:
        """Cancel every resting order of one symbol."""
        market = self.market(face, symbol)

        def change(draft: Draft) -> list[SimOrder]:
            return [
                close_order(draft, market, order, OrderStatus.CANCELED)
                for order in draft.state.orders_of(face, symbol)
            ]

        return self._change(change)

    def order(
        self, face: Face, symbol: str, *, order_id: int | None = None, client_id: str | None = None
    ) -> SimOrder:
        """One order, resting or not; by client id a resting one wins. Raises `Refusal`."""
        self.market(face, symbol)
        for order in self.state.orders_of(face, symbol):
            if order_id in (None, order.id) and client_id in (None, order.client_id):
                return order
        found = self.ledger.order(face, symbol, order_id=order_id, client_id=client_id)
        if found is None:
            raise Refusal(Reason.UNKNOWN_ORDER)
        return found

    @exact
    def margin(self) -> MarginAccount:
        """The futures account at present mark prices."""
        return margin_account(self.state, self.feeds[Face.FUTURES], self.now_ms)

    @exact
    def set_leverage(self, symbol: str, leverage: int) -> None:
        """Choose a symbol's leverage. Raises `Refusal` if brackets or margin forbid it."""
        self.market(Face.FUTURES, symbol)
        if not 1 <= leverage <= max_leverage(symbol):
            raise Refusal(Reason.BAD_LEVERAGE, str(leverage))
        if leverage == leverage_of(self.state, symbol):
            return

        def change(draft: Draft) -> None:
            draft.put_leverage(symbol, leverage)
            feed = self.feeds[Face.FUTURES]
            after = margin_account(draft.state, feed, draft.now_ms)
            if after.positions and after.used > after.equity:
                raise Refusal(Reason.NO_MARGIN)
            here = [item for item in after.positions if item.position.symbol == symbol]
            if any(abs(item.notional) > max_notional(symbol, leverage) for item in here):
                raise Refusal(Reason.POSITION_LIMIT)

        self._change(change)

    def _change(self, change: Callable[[Draft], _Answer]) -> _Answer:
        draft = Draft(self.state)
        answer = change(draft)
        self._keep(draft)
        return answer

    def _keep(self, draft: Draft) -> None:
        """Make a draft the truth: on disk first, then in memory."""
        if not draft.changes.is_empty:
            self.ledger.commit(draft.changes, draft.state, self.world)
        self.state = draft.state

    def _create(self, seed: int, start_ms: int) -> None:
        self.world = World(seed, start_ms - self._clock.now_ms())
        draft = Draft(State(settled_ms=start_ms))
        open_accounts(draft)
        self._keep(draft)

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
