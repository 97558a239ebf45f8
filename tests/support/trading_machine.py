"""The live loop against a venue on which anything happens in any order, as a state machine."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from support.direct_venue import BTC, MARKET, DirectVenue, by_hand
from support.scripted_feed import WALL
from support.trading_model import JumpingClock, Model, is_money

from xq.clock import ManualClock
from xq.errors import OrderRefused
from xq.execution import send
from xq.execution.journal import Journal
from xq.execution.memory import MemoryJournal
from xq.execution.orders import OrderState
from xq.execution.records import JournalOrder
from xq.live.desk import Desk, Forecast, Terms
from xq.live.latches import JournalLatches
from xq.live.legs import FIRED, FLATTEN
from xq.live.loop import tick, watch
from xq.live.report import Report
from xq.risk.gate import check, check_cancel
from xq.risk.latch import by_hand as pulled
from xq.risk.limits import Limits, Situation
from xq.risk.switches import DEFAULT_RULES, Action, Switch
from xq.sim.accounts import MAIN
from xq.sim.instruments import Face
from xq.sim.records import Account
from xq.sim.refusal import Refusal
from xq.strategy.base import Exits
from xq.timeframe import HOUR_MS, Timeframe
from xq.types import OrderRequest, OrderType, Side, TimeInForce

D = Decimal
HOUR = Timeframe.parse("1h")
RULES = {s: replace(r, enabled=s is Switch.DRAWDOWN) for s, r in DEFAULT_RULES.items()}
_WIDE = D(10**9)
LIMITS = Limits(_WIDE, _WIDE, D(100), D("0.9"), 10**6, 10**9, frozenset({BTC}))
EXITS = (None, Exits(stop_loss=0.02), Exits(stop_loss=0.05, take_profit=0.03),
         Exits(trailing_stop=0.03))  # fmt: skip
QUANTITIES = st.integers(1, 300).map(lambda lots: D(lots) / 1000)
LARGER = st.integers(3, 300).map(lambda lots: D(lots) / 1000)  # than the least notional


class Trading(RuleBasedStateMachine):
    """What may happen; a memory journal unless a subclass opens a file."""

    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        true = ManualClock(WALL)
        self.venue, self.clock = DirectVenue(true), JumpingClock(true)
        self.journal: Journal = self.open()
        self.model = Model()
        self.weight, self.exits = 0.0, EXITS[0]
        self.terms = Terms("direct", "machine", (BTC,), HOUR, LIMITS, rules=RULES)
        self.named = 0
        self.looked = False

    def open(self) -> Journal:
        """A journal, empty."""
        return MemoryJournal("direct")

    def again(self) -> None:
        """What a restart does to the journal: nothing to one in memory."""

    @initialize()
    def begin(self) -> None:
        """The account is taken over before anything happens."""
        self._did(self._look(tick))

    # the market

    @rule(share=st.integers(-80, 80), minutes=st.integers(0, 90))
    def price_moves(self, share: int, minutes: int) -> None:
        self._step()
        self._move(share)
        self.venue.pass_time(minutes * 60_000)

    @rule(quantity=QUANTITIES)
    def others_trade(self, quantity: D) -> None:
        """At the price of an order of ours, if one rests."""
        self._step()
        own = [o for o in self._resting_own() if o.type is OrderType.LIMIT]
        price = own[0].price if own else self.venue.price()
        self.venue.print(price, quantity, sold=bool(own) and own[0].side is Side.BUY)

    # the venue

    @rule(fate=st.sampled_from(["ack lost", "request lost", "not sent"]))
    def the_wire_fails(self, fate: str) -> None:
        self._step()
        self.venue.fate = fate

    # a person

    @rule(quantity=QUANTITIES, side=st.sampled_from(Side), resting=st.booleans())
    def trade_by_hand(self, quantity: D, side: Side, resting: bool) -> None:
        self._step()
        price = self.venue.price() - side.sign * 40 if resting else None
        self._refusable(lambda: self.venue.core.place(
            MAIN, Face.FUTURES, by_hand(side, quantity, price)))  # fmt: skip

    @rule(share=st.integers(1, 9), down=st.booleans())
    def amend_by_hand(self, share: int, down: bool) -> None:
        self._step()
        for order in self.venue.core.state.orders_of(MAIN, Face.FUTURES, MARKET)[:1]:
            price = order.price + (-share if down else share)
            self._refusable(lambda o=order, p=price: self.venue.core.amend(
                MAIN, MARKET, order_id=o.id, price=p, quantity=o.quantity))  # fmt: skip

    @rule(amount=st.integers(1, 5_000))
    def deposit(self, amount: int) -> None:
        self._step()
        self.venue.deposit(D(amount))

    @rule(leverage=st.sampled_from([1, 5, 20, 75, 125]))
    def change_leverage(self, leverage: int) -> None:
        self._step()
        self._refusable(lambda: self.venue.core.set_leverage(MAIN, MARKET, leverage))

    @rule(side=st.sampled_from(Side), chance=st.sampled_from(range(5)))
    def risk_it_all(self, side: Side, chance: int) -> None:
        """Somebody makes of it, now and then, a position that the next move takes away."""
        self._step()
        if chance:
            return
        self._refusable(lambda: self.venue.core.set_leverage(MAIN, MARKET, 100))
        free = self.venue.core.margin(MAIN).available
        quantity = D(int(free * 30 / self.venue.price() * 1000)) / 1000
        if quantity > 0:
            self._refusable(
                lambda: self.venue.core.place(MAIN, Face.FUTURES, by_hand(side, quantity))
            )
            self._move(-60 * side.sign)
            self.venue.pass_time(60_000)
            self.venue.deposit(D(10_000))  # or the story would be over

    @rule(action=st.sampled_from(Action))
    def pull_a_switch(self, action: Action) -> None:
        self._step()
        latches, now_ms = JournalLatches(self.journal), self.venue.now_ms()
        trip = pulled(Switch.DRAWDOWN, "news", "ann", now_ms, action)
        latches.store(latches.load(now_ms).after([trip]), now_ms)

    @rule()
    def rearm(self) -> None:
        self._step()
        latches, now_ms = JournalLatches(self.journal), self.venue.now_ms()
        known = latches.load(now_ms)
        if known.of(Switch.DRAWDOWN).trip is not None:
            latches.store(known.rearm(Switch.DRAWDOWN, "checked", "ann", now_ms), now_ms)

    # the trader

    @rule(seconds=st.integers(-600, 600))
    def its_clock_jumps(self, seconds: int) -> None:
        self._step()
        self.clock.wrong_ms += seconds * 1000

    @rule()
    def restarts(self) -> None:
        self._step()
        self.again()

    @rule(quantity=LARGER, side=st.sampled_from(Side), crossing=st.booleans())
    def rests_an_order(self, quantity: D, side: Side, crossing: bool) -> None:
        """As an algorithm would: a limit order, at the market or a little away from it."""
        self._step()
        self.named += 1
        price = self.venue.price() + side.sign * (D("0.5") if crossing else -1)
        name = f"xq-limit-{self.named}"
        asked = OrderRequest(BTC, side, OrderType.LIMIT, quantity, name, price=price,
                             time_in_force=TimeInForce.GTC)  # fmt: skip
        now_ms = self.venue.now_ms()
        situation = Situation(
            self.venue.instruments()[BTC], now_ms, price, now_ms, price, price, 0, 0, D(0),
            _WIDE, _WIDE, D(0), 0,
        )  # fmt: skip
        ticket = send.Ticket(None, "limit", price, self.venue.held(), now_ms, "machine")
        desk = self.venue, self.journal, self.clock, tuple
        self._refusable(lambda: send.place(check(asked, situation, LIMITS), ticket, *desk))

    @precondition(lambda self: self._resting_own())
    @rule()
    def cancels_an_order(self) -> None:
        self._step()
        order = self._resting_own()[0]
        send.cancel(check_cancel(BTC, order.client_id), self.venue)

    @rule(weight=st.integers(-4, 4), exits=st.sampled_from(EXITS), late=st.integers(0, 50))
    def a_bar_closes(self, weight: int, exits: Exits | None, late: int) -> None:
        self._step()
        self.weight, self.exits = weight / 4, exits
        now_ms = self.venue.now_ms()
        self.venue.pass_time(HOUR.floor(now_ms) + HOUR_MS - now_ms + late * 1000)
        self._did(self._look(tick))

    @rule()
    def it_looks(self) -> None:
        self._step()
        self._did(self._look(watch))

    # what always holds

    @invariant()
    def the_venue_is_what_the_model_says(self) -> None:
        self.model.follow(self.venue)
        state = self.venue.core.state
        position = state.position(MAIN, MARKET)
        cash = state.balance(MAIN, Face.FUTURES, Account.FREE, "USDT")
        assert position.quantity == self.model.quantity
        assert abs(cash - position.cost - self.model.cash) <= D("1e-6"), "profit is not the model's"

    @invariant()
    def the_journal_is_what_the_venue_says(self) -> None:
        if not self.looked:
            return
        self.looked = False
        books, orders = self.journal.books, self.journal.orders()
        fills = books.fills(symbol=BTC)
        signed = sum((fill.side.sign * fill.quantity for fill in fills), D(0))
        assert signed == books.position(BTC) == self.venue.held(), "fills are not the position"
        done = dict.fromkeys((order.client_id for order in orders), D(0))
        for fill in fills:
            if fill.client_id is not None:
                done[fill.client_id] += fill.quantity
        for order in orders:
            assert done[order.client_id] == order.filled <= order.quantity, order
        equity = self.venue.account().equity
        earned = sum((-f.side.sign * f.quantity * f.price - f.fee for f in fills), D(0))
        brought = sum((p.amount for p in self.venue.postings() if is_money(p)), D(0))
        worth = brought + earned + books.position(BTC) * self.venue.price()
        assert abs(worth - equity) <= D("1e-6"), "profit of the journal's fills is not the venue's"
        self._check_parents()

    def _check_parents(self) -> None:
        """Orders of a decision together want no more than the decision did."""
        signals = dict(self.journal.decisions.signals())
        wanted = {key.bar_ms: signal for key, signal in signals.items()}
        of = {d: [] for d in wanted}  # type: ignore[var-annotated]
        for key in signals:
            decision = self.journal.decisions.find(key)
            assert decision is not None
            of[key.bar_ms] = self.journal.orders_of(decision)
        for bar_ms, signal in wanted.items():
            adding = sum((o.filled for o in of[bar_ms] if not o.reduce_only), D(0))
            assert adding <= abs(signal.target) + abs(signal.position), "children exceed the parent"

    def _resting_own(self) -> list[JournalOrder]:
        working = (OrderState.NEW, OrderState.PARTIALLY_FILLED)
        return [o for o in self.journal.unsettled_orders() if o.state in working]

    def _look(self, act: Callable[[Desk, Terms], Report]) -> Report:
        def forecast(bar_ms: int) -> Forecast:
            return Forecast(bar_ms, {BTC: self.weight}, {BTC: self.venue.price()}, exits=self.exits)

        desk = Desk(self.venue, self.venue, self.journal, self.clock, forecast)
        return act(desk, self.terms)

    def _did(self, report: Report) -> None:
        assert not [note for note in report.notes if "taking that" in note], report.notes
        # An order whose fate is open may have fills that the trader cannot know yet.
        self.looked = not any(o.state.is_unclear for o in self.journal.unsettled_orders())

    def _move(self, share: int) -> None:
        price = self.venue.price() * (1000 + share) / 1000
        self.venue.print(max(price.quantize(D("0.1")), D(1000)))

    def _refusable(self, act: Callable[[], object]) -> None:
        with suppress(Refusal, OrderRefused):
            act()

    def _step(self) -> None:
        type(self).seen["steps"] += 1

    def teardown(self) -> None:
        orders = self.journal.orders()
        type(self).seen.update(
            {
                "liquidations": len(self.venue.memory.liquidating),
                "partial fills": sum(0 < order.filled < order.quantity for order in orders),
                "exits fired": sum(o.leg in FIRED and o.filled > 0 for o in orders),
                "lost": sum(order.state is OrderState.LOST for order in orders),
                "flattened": sum(order.leg == FLATTEN for order in orders),
                "fills": len(self.venue.memory.executions),
            }
        )
