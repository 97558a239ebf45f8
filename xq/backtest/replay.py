"""The replay engine: the live loop on stored bars, order by order.

It has no loop of its own. `xq.live.loop.tick` is given a clock that is moved from bar to bar, the
simulated venue in this process, a journal in memory and a forecaster of stored weights; it decides,
sizes, passes the risk gate, sends and reads back as it does live. Bars at which it could do nothing
are not looked at, see `xq.backtest.replay_wake`.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from math import ceil
from typing import cast

import numpy as np

from xq.backtest.conditions import NOTHING, Conditions
from xq.backtest.replay_books import simulation
from xq.backtest.replay_core import RUIN, Money
from xq.backtest.replay_exits import Reasons, exits_of
from xq.backtest.replay_feed import BarFeed, Quotes, exact
from xq.backtest.replay_forecast import Asked, Decide, Stored, Told
from xq.backtest.replay_listing import Listing, fineness, grain
from xq.backtest.replay_scope import filters_of, require_replayable
from xq.backtest.replay_track import Inside
from xq.backtest.replay_venue import ReplayVenue
from xq.backtest.replay_wake import Wakes, carried, moves_of, usable
from xq.backtest.simulation import Funding, Rules, Simulation
from xq.backtest.vector import check_weights, is_margined
from xq.bars import Bars
from xq.clock import ManualClock
from xq.errors import XqError
from xq.execution.memory import MemoryJournal
from xq.garbage import uncollected
from xq.live.desk import Desk, Forecaster, Terms
from xq.live.loop import tick
from xq.portfolio.costs import Costs
from xq.ports import Venue
from xq.risk.limits import Limits
from xq.sim.brackets import max_leverage
from xq.types import Symbol

ACCOUNT = "replay"

_MANY = 10**9
_VAST = Decimal(10) ** 18
_TOLERANCE = Decimal("1.000000001")  # of the gross weight, as `check_weights` has it


@dataclass(frozen=True, slots=True)
class Handling:
    """How orders get to the venue, which weights and bars do not say.

    Attributes
    ----------
    latency_ms
        How long they travel; they meet the price of that moment.
    fee_in_quote
        False: spot takes the fee of a purchase from what was bought.
    max_leverage
        The risk gate's, at the decision's close; None is that of the rules.
    """

    latency_ms: int = 0
    fee_in_quote: bool = True
    max_leverage: float | None = None


AT_ONCE = Handling()
"""Orders meet the next open, whatever they cost comes from the quote asset."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A replay.

    Attributes
    ----------
    ticks
        Bars at which the loop was woken.
    problems
        What kept an order from being done, with the bar (open time, ms) it was decided on.
    wallet
        Equity at the end as the venue itself counts it, quote asset.
    """

    simulation: Simulation
    ticks: int
    problems: tuple[tuple[int, XqError], ...]
    wallet: float


def replay(
    weights: np.ndarray,
    bars: Bars,
    costs: Costs,
    rules: Rules,
    funding: Funding | None = None,
    conditions: Conditions = NOTHING,
    *,
    handling: Handling = AT_ONCE,
    decide: Decide | None = None,
) -> Replayed:
    """Let the live loop trade target weights on stored bars.

    Parameters
    ----------
    weights
        (T, N) signed fractions of equity; NaN means: leave the position alone.
    conditions
        The venue's filters, measured spreads, prices inside bars.
    decide
        Asked at every bar in place of ``weights``, of which then only the NaNs count.

    Raises
    ------
    BadWeights
        As `xq.backtest.vector.simulate`.
    UsageError
        For what a replay does not do, see `xq.backtest.replay_scope`.

    Examples
    --------
    >>> from xq.timeframe import Timeframe
    >>> bars = Bars.of(Timeframe.parse("1h"), ["BTC/USDT"], [0, 3600000, 7200000],
    ...                open=[100.0, 100.0, 125.0], close=[100.0, 110.0, 130.0])
    >>> rules = Rules(initial_cash=1000.0)
    >>> run = replay(np.array([[1.0], [0.0], [0.0]]), bars, Costs(), rules).simulation
    >>> run.equity.tolist(), run.fills.quantity.tolist()
    ([1000.0, 1100.0, 1250.0], [10.0, -10.0])
    """
    weights = np.asarray(weights, dtype=np.float64)
    require_replayable(bars, rules, conditions)
    margined = is_margined(bars.symbols)
    check_weights(weights, bars, limit=rules.max_leverage if margined else 1.0, short=margined)
    with uncollected():  # a replay makes no circles, and keeps its books
        return _Replay(weights, bars, costs, rules, funding, conditions, handling, decide).run()


@dataclass(frozen=True)
class _Replay:
    weights: np.ndarray
    bars: Bars
    costs: Costs
    rules: Rules
    funding: Funding | None
    conditions: Conditions
    handling: Handling
    decide: Decide | None
    problems: list[tuple[int, XqError]] = field(default_factory=list)

    @cached_property
    def symbols(self) -> tuple[Symbol, ...]:
        """In the order of the columns; everybody has the same objects, which compare at once."""
        return tuple(Symbol.parse(name) for name in self.bars.symbols)

    def run(self) -> Replayed:
        decides = usable(self.weights, self.bars)
        targets = carried(self.weights, decides)
        listings = self._listings()
        markets = [item.market() for item in listings]
        ids = [market.id for market in markets]
        inside = Inside(self.conditions.path, self.conditions.marks)
        feed = BarFeed(self.bars, markets, self._quotes(listings), self.funding, inside)
        clock = ManualClock(int(self.bars.ts[0]))
        cash, latency = self.rules.initial_cash, self.handling.latency_ms
        money = Money.of(cash, self.bars, self.conditions.flows)
        venue = ReplayVenue(listings, feed, clock, money, latency)
        # Of the port only what a tick without switches asks: the rest is never reached.
        door, journal = cast(Venue, venue), MemoryJournal(ACCOUNT)
        desk = Desk(venue, door, journal, clock, self._forecaster(decides))
        contracts = ids if self.symbols[0].is_contract else None
        band = self.rules.rebalance_band
        extremes = inside.extremes(self.bars)
        moved = moves_of(self.funding, self.conditions.flows)
        wakes = Wakes(targets, decides, self.bars, extremes, band, moved, contracts)
        ticks = self._go_through(desk, venue, clock, wakes, self._terms(ids, targets))
        clock.advance_to(int(self.bars.timeframe.end(int(self.bars.ts[-1]))) - 1)
        venue.settle()
        reasons = Reasons(journal, venue.ledger, self.rules, venue.instruments())
        run = simulation(venue.ledger, self.bars, ids, cash, reasons.of, feed.met)
        return Replayed(run, ticks, tuple(self.problems), float(venue.account().equity))

    def _go_through(
        self, desk: Desk, venue: ReplayVenue, clock: ManualClock, wakes: Wakes, terms: Terms
    ) -> int:
        """Wake the loop at every bar at which it could do something; how often that was."""
        row, ticks, cash = wakes.start - 1, 0, self.rules.initial_cash
        always, exits = self.decide is not None, self.rules.has_exits
        while True:
            failed = bool(self.problems) and self.problems[-1][0] == row
            again = always or failed or (exits and not venue.is_at_rest)
            row = row + 1 if again else wakes.after(row, venue.standing)
            if row >= wakes.end:
                break
            clock.advance_to(int(self.bars.ts[row + 1]))
            venue.settle()
            if venue.ledger.liquidating and float(venue.account().equity) < float(RUIN) * cash:
                break
            report = tick(desk, terms)
            ticks += 1
            self.problems.extend((row, problem) for problem in report.problems)
        self.problems[:] = [(int(self.bars.ts[at]), error) for at, error in self.problems]
        return ticks

    def _forecaster(self, decides: np.ndarray) -> Forecaster:
        told = Told(self.bars, self.symbols, decides, exits_of(self.rules))
        if self.decide is None:
            return Stored(told, self.weights)
        return Asked(told, decides, self.decide)

    def _listings(self) -> list[Listing]:
        first = {
            j: float(column[np.isfinite(column)][0]) if np.isfinite(column).any() else 1.0
            for j, column in enumerate(self.bars.close.T)
        }
        filters = filters_of(self.rules, self.conditions, len(self.symbols))
        return [
            Listing(
                symbol,
                filters[j],
                grain(first[j], self.rules.initial_cash),
                fineness(first[j]),
                exact(self.costs.fee),
                self.handling.fee_in_quote,
            )
            for j, symbol in enumerate(self.symbols)
        ]

    def _quotes(self, listings: list[Listing]) -> Quotes:
        measured = self.conditions.frictions
        slippage = float(self.costs.slippage) if measured is None else measured.base
        return Quotes(slippage, tuple(item.filters.tick for item in listings))

    def _terms(self, ids: list[str], targets: np.ndarray) -> Terms:
        limit, fee = self.handling.max_leverage, exact(self.costs.fee)
        leverage = self.rules.max_leverage if limit is None else limit
        gross = float(np.abs(targets).sum(axis=1).max(initial=0.0))
        needed = max(1, ceil(2 * gross))  # what the venue asks as margin is never the bound
        allowed = min(max_leverage(name) for name in ids)
        return Terms(
            account=ACCOUNT,
            strategy=ACCOUNT,
            symbols=self.symbols,
            timeframe=self.bars.timeframe,
            limits=Limits(
                max_order_notional=_VAST,
                max_position_notional=_VAST,
                max_leverage=exact(leverage) * _TOLERANCE,
                price_collar=_VAST,
                max_orders_per_minute=_MANY,
                max_price_age_ms=_MANY,
                symbols=frozenset(self.symbols),
            ),
            band=self.rules.rebalance_band,
            cash_buffer=fee / (1 + fee) if self.handling.fee_in_quote else Decimal(0),
            leverage=min(needed, allowed),
        )
