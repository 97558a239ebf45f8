"""The simulated venue under a replay: in memory, and at rest where nothing can happen."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from xq.backtest.replay_feed import BarFeed, Quotes
from xq.backtest.replay_track import HANDOVER_MS
from xq.bars import Bars
from xq.clock import ManualClock
from xq.sim.account import open_account
from xq.sim.instruments import Face, Market
from xq.sim.ledger_memory import MemoryLedger
from xq.sim.market_models import Fixed
from xq.sim.venue import SimVenue
from xq.timeframe import Timeframe


class ReplayCore(SimVenue):
    """A venue that lives in memory, its account opened with chosen cash."""

    def __init__(
        self, feeds: Mapping[Face, BarFeed], clock: ManualClock, cash: Decimal, latency_ms: int
    ) -> None:
        self._cash, self._travel_ms = cash, HANDOVER_MS + latency_ms
        self.memory = MemoryLedger()
        super().__init__(
            self.memory,
            feeds,  # type: ignore[arg-type]  # serves what the venue asks of a feed, no wire's part
            clock,
            seed=0,
            start_ms=clock.now_ms(),
            market=Market.REPLAY,
            latency=Fixed(self._travel_ms),
        )

    def _open(self, accounts: Sequence[str]) -> None:
        with self._change() as draft:
            for owner in accounts:
                open_account(draft, owner, self._cash)

    def settle(self) -> None:
        """Let time pass, at once where there is nothing that could happen."""
        if not self._pass_idly(0):
            super().settle()

    def _arrive(self) -> None:
        if not self._pass_idly(self._travel_ms):
            super()._arrive()

    def _pass_idly(self, delay_ms: int) -> bool:
        if self.state.is_idle:
            self.state.settled_ms = max(self.state.settled_ms, self.clock.later(delay_ms))
        return self.state.is_idle

    def forget_book(self) -> None:
        """The next order finds the book as the feed shows it: a bar's open is a book of its own."""
        self.state.eaten.clear()


def nothing() -> BarFeed:
    """The feed of a face on which nothing is replayed."""
    bars = Bars.of(Timeframe.parse("1h"), [], [], close=np.empty((0, 0)))
    return BarFeed(bars, (), Quotes())
