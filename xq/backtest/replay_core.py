"""The simulated venue under a replay: in memory, and at rest where nothing can happen."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from xq.backtest.replay_feed import BarFeed, Quotes, exact
from xq.backtest.replay_track import HANDOVER_MS
from xq.bars import Bars
from xq.clock import ManualClock
from xq.sim.account import open_account
from xq.sim.accounts import MAIN
from xq.sim.changes import About, transfer
from xq.sim.exact import exact as decimals_exact
from xq.sim.instruments import Face, Market
from xq.sim.ledger_memory import MemoryLedger
from xq.sim.margin import ASSET
from xq.sim.market_models import Fixed
from xq.sim.records import Account, Kind
from xq.sim.venue import SimVenue
from xq.timeframe import Timeframe

RUIN = Decimal("0.001")
"""After a liquidation an account with less than this share of its cash trades no more."""


@dataclass(frozen=True, slots=True)
class Money:
    """What an account is given, quote asset.

    Attributes
    ----------
    deposits
        What is brought in later, oldest first: moment and amount.
    """

    cash: Decimal
    deposits: tuple[tuple[int, Decimal], ...] = ()

    @classmethod
    def of(cls, cash: float, bars: Bars, flows: np.ndarray | None) -> "Money":
        """Deposits arrive with the orders of their bar's open, whose sender did not count on them.

        Examples
        --------
        >>> bars = Bars.of(Timeframe.parse("1h"), ["A/B"], [0, 3_600_000], close=[1.0, 1.0])
        >>> Money.of(10.0, bars, np.array([0.0, 2.5])).deposits
        ((3600001, Decimal('2.5')),)
        """
        rows = [] if flows is None else np.flatnonzero(flows).tolist()
        amounts = [] if flows is None else flows.tolist()
        later = ((int(bars.ts[row]) + HANDOVER_MS, exact(amounts[row])) for row in rows)
        return cls(exact(cash), tuple(later))


class ReplayCore(SimVenue):
    """A venue that lives in memory, its account opened with chosen cash."""

    def __init__(
        self, feeds: Mapping[Face, BarFeed], clock: ManualClock, money: Money, latency_ms: int
    ) -> None:
        self._cash, self._travel_ms = money.cash, HANDOVER_MS + latency_ms
        self._deposits = deque(money.deposits)
        self._traded = next((face for face, feed in feeds.items() if feed.symbols()), Face.SPOT)
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
        then = self.clock.later(delay_ms)
        if not self.state.is_idle or (self._deposits and self._deposits[0][0] <= then):
            return False
        self.state.settled_ms = max(self.state.settled_ms, then)
        return True

    @decimals_exact
    def _settle(self, until_ms: int) -> None:
        while self._deposits and self._deposits[0][0] <= until_ms:
            ts, amount = self._deposits.popleft()
            super()._settle(ts)
            if self._is_ruined:
                continue
            with self._change() as draft:
                legs = transfer(Account.DEPOSITS, Account.FREE, ASSET, amount)
                draft.post(Kind.DEPOSIT, legs, About(MAIN, self._traded))
        super()._settle(until_ms)

    @property
    def _is_ruined(self) -> bool:
        """Whether a liquidation left nothing: into such an account nobody brings money."""
        left = self.state.balance(MAIN, self._traded, Account.FREE, ASSET)
        emptied = not self.state.positions and left < RUIN * self._cash
        return bool(self.memory.liquidating) and emptied

    def forget_book(self) -> None:
        """The next order finds the book as the feed shows it: a bar's open is a book of its own."""
        self.state.eaten.clear()


def nothing() -> BarFeed:
    """The feed of a face on which nothing is replayed."""
    bars = Bars.of(Timeframe.parse("1h"), [], [], close=np.empty((0, 0)))
    return BarFeed(bars, (), Quotes())
