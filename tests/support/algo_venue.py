"""A venue that always tells the truth, though late, twice or not at all: for laws of parents."""

from dataclasses import dataclass, field
from decimal import Decimal

from xq.execution.algos.children import Cancel, Child, Place
from xq.execution.algos.codec import read, to_json
from xq.execution.algos.plan import Plan, Pov
from xq.execution.algos.progress import Progress
from xq.execution.algos.step import step
from xq.execution.algos.view import MarketView
from xq.execution.orders import OrderState

ZERO = Decimal(0)
S = OrderState


@dataclass
class TrueOrder:
    """An order as it really is."""

    child: Child
    filled: Decimal = ZERO
    state: S = S.NEW

    @property
    def at_risk(self) -> Decimal:
        return self.filled if self.state.is_final else self.child.quantity


@dataclass
class Trial:
    """A parent being worked while everything goes wrong that can."""

    plan: Plan
    position: Decimal
    now_ms: int = 0
    price: Decimal = Decimal(100)
    traded: Decimal = ZERO
    progress: Progress = field(default_factory=Progress)
    orders: dict[int, TrueOrder] = field(default_factory=dict)
    untold: list[tuple[int, str, Decimal, Decimal]] = field(default_factory=list)
    told: list[tuple[int, str, Decimal, Decimal]] = field(default_factory=list)
    fills: int = 0
    stray: Decimal = ZERO  # position moved by own fills
    seen: MarketView | None = None

    def look(self) -> MarketView:
        """See the market as it is; later turns may still use it."""
        held = self.position + self.stray
        self.seen = MarketView(
            self.now_ms, self.price, self.price + 1, self.price, self.traded, held
        )
        self.now_ms += 1
        return self.seen

    def turn(self, fate: str, *, fresh: bool = True) -> list[Place | Cancel]:
        """One step and what becomes of its action, the progress going through its text."""
        before = self.progress
        view = self.look() if fresh else self.seen
        made = step(self.plan, before, view, self.now_ms)
        again = step(self.plan, before, view, self.now_ms)
        assert made == again
        self.progress = read(Progress, to_json(made.progress))
        assert self.progress == made.progress
        for action in made.actions:
            if isinstance(action, Place):
                assert action.number == len(before.children)
                self._placed(action, fate, before)
            else:
                self._cancelled(action, fate)
        return list(made.actions)

    def _placed(self, action: Place, fate: str, before: Progress) -> None:
        if fate == "killed before written":
            self.progress = before
            return
        if fate == "killed before sent":
            return
        if fate in ("rejected", "not_sent"):
            self.tell(action.number, S(fate), ZERO)
            return
        child, rules = action.child, self.plan.instrument
        worth = min(p for p in (self.price, child.price, child.stop_price) if p is not None)
        assert child.reduce_only or child.quantity * worth >= rules.min_notional
        cap = self.plan.how.rate if isinstance(self.plan.how, Pov) else self.plan.cap
        if cap is not None and self.plan.end_ms is not None and self.now_ms < self.plan.end_ms:
            assert self.progress.committed <= cap * self.traded
        self.orders[action.number] = TrueOrder(child)
        if fate == "answered":
            self.tell(action.number, S.NEW, ZERO)
        elif fate == "no answer":
            self.tell(action.number, S.UNKNOWN, ZERO)

    def _cancelled(self, action: Cancel, fate: str) -> None:
        order = self.orders[action.number]
        if fate in ("answered", "no answer", "rejected") and not order.state.is_final:
            order.state = S.CANCELED
            if fate == "answered":
                self.tell(action.number, S.CANCELED, order.filled)

    def tell(self, number: int, state: S, filled: Decimal) -> None:
        self.progress = self.progress.with_order(number, state, filled, self.now_ms, "so it is")

    def ask(self, number: int) -> None:
        """Ask the venue for a child, as the loop does for what is unclear."""
        order = self.orders.get(number)
        if order is None:
            if self.progress.children[number].state.is_unclear:
                self.tell(number, S.LOST, ZERO)
            return
        self.tell(number, order.state, order.filled)

    def fill(self, number: int, share: int) -> None:
        """Some of an order is really filled; nobody is told yet."""
        order = self.orders.get(number)
        if order is None or order.state.is_final:
            return
        lot = self.plan.instrument.lot
        lots = int((order.child.quantity - order.filled) / lot)
        quantity = max(lots * share // 100, 1) * lot
        order.filled += quantity
        self.stray += quantity * order.child.side.sign
        full = order.filled == order.child.quantity
        order.state = S.FILLED if full else S.PARTIALLY_FILLED
        self.fills += 1
        self.untold.append((number, f"f{self.fills}", self.price, quantity))

    def deliver(self, index: int, *, again: bool) -> None:
        """Tell of a fill, in any order; or of one already told."""
        source = self.told if again else self.untold
        if not source:
            return
        fill = source[index % len(source)] if again else source.pop(index % len(source))
        if not again:
            self.told.append(fill)
        number, fill_id, price, quantity = fill
        self.progress = self.progress.with_fill(number, fill_id, price, quantity, self.now_ms)

    def expire(self, number: int) -> None:
        order = self.orders.get(number)
        if order is not None and not order.state.is_final:
            order.state = S.EXPIRED

    @property
    def really_filled(self) -> Decimal:
        return sum((order.filled for order in self.orders.values()), ZERO)

    def check(self) -> None:
        """What must hold at every moment."""
        plan, progress = self.plan, self.progress
        at_risk = sum((order.at_risk for order in self.orders.values()), ZERO)
        assert at_risk <= plan.quantity
        assert progress.committed <= plan.quantity
        assert (
            self.really_filled + sum((o.at_risk - o.filled for o in self.orders.values()), ZERO)
            == at_risk
        )
        assert progress.filled <= self.really_filled
        assert progress.filled + progress.remaining(plan.quantity) == plan.quantity
        live = [order for order in self.orders.values() if not order.state.is_final]
        assert len(live) <= 1
        for order in self.orders.values():
            assert order.child.quantity % plan.instrument.lot == 0
            assert order.child.quantity >= plan.instrument.min_quantity
        if plan.reduce_only:
            held = self.position + self.stray
            assert abs(held) <= abs(self.position)
            assert held * self.position >= 0

    def settle(self) -> None:
        """Everything is asked and told."""
        while self.untold:
            self.deliver(0, again=False)
        for number in self.progress.live:
            self.ask(number)
