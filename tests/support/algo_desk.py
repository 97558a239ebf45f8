"""A parent order worked on the simulated venue itself, in process, second by second."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from xq.clock import ManualClock
from xq.execution.algos.children import Cancel, Child, Place
from xq.execution.algos.codec import read, to_json
from xq.execution.algos.completion import Completion, completion
from xq.execution.algos.plan import Plan
from xq.execution.algos.progress import Progress
from xq.execution.algos.step import step
from xq.execution.algos.view import MarketView
from xq.execution.orders import OrderState
from xq.sim.accounts import MAIN
from xq.sim.algos import AlgoOrder, AlgoStatus, NewAlgo
from xq.sim.events import Event, OrderEvent
from xq.sim.feed import Feed
from xq.sim.instruments import Face
from xq.sim.ledger import FILE_NAME, Ledger
from xq.sim.records import NewOrder, PositionSide, SimOrder
from xq.sim.refusal import Refusal
from xq.sim.venue import SimVenue
from xq.types import Instrument, OrderType, TimeInForce

SYMBOL = "BTCUSDT"
WALL = 1_800_000_000_000
_ENDED = {
    AlgoStatus.CANCELED: OrderState.CANCELED,
    AlgoStatus.REJECTED: OrderState.REJECTED,
    AlgoStatus.EXPIRED: OrderState.EXPIRED,
}


@dataclass
class Worked:
    """What became of a parent."""

    progress: Progress
    report: Completion
    done: list[tuple[int, Decimal]] = field(default_factory=list)  # by venue time
    stops: list[Decimal] = field(default_factory=list)
    ended_ms: int = 0


class Desk:
    """The perpetual's face of a venue on any feed, and one parent at a time."""

    def __init__(self, folder: Path, feed: Feed, spot: Feed) -> None:
        self.clock = ManualClock(WALL)
        self.feed = feed
        feeds = {Face.SPOT: spot, Face.FUTURES: feed}
        self.venue = SimVenue(Ledger(folder / FILE_NAME), feeds, self.clock, seed=7)
        self.venue.settle()
        self.venue.subscribe(self._happened)
        self.traded = Decimal(0)
        self.fills: dict[int, list[tuple[str, Decimal, Decimal, int]]] = {}
        self.fees = Decimal(0)

    @property
    def now_ms(self) -> int:
        return self.venue.now_ms

    @property
    def instrument(self) -> Instrument:
        return self.feed.instrument(SYMBOL).instrument

    def position(self) -> Decimal:
        return self.venue.state.position(MAIN, SYMBOL, PositionSide.BOTH).quantity

    def view(self) -> MarketView:
        bids, asks = self.venue.depth(Face.FUTURES, SYMBOL, 1)
        last = self.feed.last_price(SYMBOL, self.now_ms)
        return MarketView(self.now_ms, bids[0][0], asks[0][0], last, self.traded, self.position())

    def advance(self, milliseconds: int) -> None:
        since = self.now_ms
        self.clock.advance_to(self.clock.now_ms() + milliseconds)
        self.venue.settle()
        trades = self.feed.trades(
            SYMBOL, start_ms=since + 1, end_ms=self.now_ms, limit=1000, now_ms=self.now_ms
        )
        self.traded += sum((trade.quantity for trade in trades), Decimal(0))

    def market(self, child: Child) -> None:
        """Trade outside of any parent."""
        self._send("by-hand", child)

    def work(self, plan: Plan, *, every_ms: int = 1_000, most: int = 5_000) -> Worked:
        """Step until the parent is over; the state goes through its text every time."""
        self.traded, self.fees = Decimal(0), Decimal(0)
        self.fills.clear()
        worked = Worked(Progress(), completion(plan, Progress(), Decimal(1)))
        for _ in range(most):
            worked.progress = self._heard(plan, read(Progress, to_json(worked.progress)))
            made = step(plan, worked.progress, self.view(), self.now_ms)
            worked.progress = made.progress
            for action in made.actions:
                worked.progress = self._carried_out(plan, worked, action)
            worked.done.append((self.now_ms, worked.progress.filled))
            if worked.progress.ended and not worked.progress.live:
                break
            self.advance(every_ms)
        worked.progress = self._heard(plan, worked.progress)
        worked.report = completion(plan, worked.progress, self.view().middle, self.fees)
        worked.ended_ms = self.now_ms
        return worked

    def _carried_out(self, plan: Plan, worked: Worked, action: Place | Cancel) -> Progress:
        name, progress = f"{plan.parent_id}-{action.number}", worked.progress
        if isinstance(action, Cancel):
            self._cancel(name, progress.children[action.number].child)
            return self._heard(plan, progress)
        if action.child.stop_price is not None:
            worked.stops.append(action.child.stop_price)
        try:
            self._send(name, action.child)
        except Refusal as refusal:
            return progress.with_order(
                action.number, OrderState.REJECTED, Decimal(0), self.now_ms, refusal.reason
            )
        return self._heard(plan, progress)

    def _send(self, name: str, child: Child) -> None:
        if child.type is OrderType.STOP_MARKET:
            self.venue.place_algo(
                MAIN,
                NewAlgo(
                    SYMBOL, child.side, child.type, name, child.quantity,
                    trigger_price=child.stop_price, reduce_only=child.reduce_only,
                ),
            )  # fmt: skip
            return
        order = NewOrder(
            SYMBOL, child.side, child.type, name, child.quantity, price=child.price,
            time_in_force=child.time_in_force or TimeInForce.GTC, reduce_only=child.reduce_only,
        )  # fmt: skip
        self.venue.place(MAIN, Face.FUTURES, order)

    def _cancel(self, name: str, child: Child) -> None:
        try:
            if child.type is OrderType.STOP_MARKET:
                self.venue.cancel_algo(MAIN, client_id=name)
            else:
                self.venue.cancel(MAIN, Face.FUTURES, SYMBOL, client_id=name)
        except Refusal:
            return  # it has ended by itself; asking tells how

    def _heard(self, plan: Plan, progress: Progress) -> Progress:
        """What the venue says of the children that are not final, and their fills."""
        for number in progress.live:
            name = f"{plan.parent_id}-{number}"
            if progress.children[number].child.type is OrderType.STOP_MARKET:
                algo = self.venue.algo(MAIN, client_id=name)
                progress, order = _of_algo(progress, number, algo), self._sent_by(algo)
            else:
                order = self.venue.order(MAIN, Face.FUTURES, SYMBOL, client_id=name)
            if order is not None:
                state = OrderState.of(order.status)
                progress = progress.with_order(number, state, order.filled, order.updated_ms)
                for fill in self.fills.get(order.id, ()):
                    progress = progress.with_fill(number, *fill)
        return progress

    def _sent_by(self, algo: AlgoOrder) -> SimOrder | None:
        if not algo.order_id:
            return None
        return self.venue.order(MAIN, Face.FUTURES, SYMBOL, order_id=algo.order_id)

    def _happened(self, event: Event) -> None:
        if isinstance(event, OrderEvent) and event.fill is not None:
            fill = event.fill
            found = (str(fill.id), fill.price, fill.quantity, fill.ts)
            self.fills.setdefault(event.order.id, []).append(found)
            self.fees += fill.fee


def _of_algo(progress: Progress, number: int, algo: AlgoOrder) -> Progress:
    state = OrderState.NEW if not algo.order_id else None
    state = _ENDED.get(algo.status, state) if not algo.order_id else state
    if state is None:
        return progress
    return progress.with_order(number, state, Decimal(0), algo.updated_ms, algo.note)
