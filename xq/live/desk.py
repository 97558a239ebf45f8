"""What a tick of the live loop works with: the ports, and the terms it trades on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from xq.execution.journal import Journal
from xq.execution.records import DecisionKey
from xq.execution.resolve import Patience
from xq.ports import Clock, MarketData, Venue
from xq.risk.limits import Limits
from xq.timeframe import Timeframe
from xq.types import Symbol


@dataclass(frozen=True, slots=True)
class Forecast:
    """The newest row of a strategy's answer.

    Attributes
    ----------
    bar_ms
        Open time of the bar it was made on.
    weights
        Target weight of every symbol, signed fraction of equity.
    closes
        Close of that bar, quote asset.
    untold
        Symbols that the bar decides nothing about: what is held of them stays.
    """

    bar_ms: int
    weights: Mapping[Symbol, float]
    closes: Mapping[Symbol, Decimal]
    untold: frozenset[Symbol] = frozenset()


Forecaster = Callable[[int], Forecast]
"""Bar (open time, ms) to forecast; raises `DataError`, `StrategyError` or `VenueError`."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The ports of one run; which venue stands behind them is the caller's choice."""

    market: MarketData
    venue: Venue
    journal: Journal
    clock: Clock
    forecast: Forecaster


@dataclass(frozen=True, slots=True)
class Terms:
    """What is traded and how.

    Attributes
    ----------
    account
        Whose money, as the journal and client ids name it.
    capital
        Most equity that sizes targets, quote asset; None for all of it.
    band
        Drift of weight that triggers a trade without a new target; None for never.
    cash_buffer
        Fraction of cash that purchases leave alone, for fees and slippage.
    leverage
        Set at the venue before the first order of a contract.
    """

    account: str
    strategy: str
    symbols: tuple[Symbol, ...]
    timeframe: Timeframe
    limits: Limits
    capital: Decimal | None = None
    band: float | None = None
    cash_buffer: Decimal = Decimal("0.002")
    leverage: int = 1
    patience: Patience = field(default_factory=Patience)

    @property
    def contracts(self) -> bool:
        """Whether perpetuals are traded; one run trades one kind."""
        return self.symbols[0].is_contract

    @property
    def wallet(self) -> str:
        """Which of a venue's wallets pays."""
        return "contracts" if self.contracts else "spot"

    def key(self, bar_ms: int) -> DecisionKey:
        """The decision of a bar."""
        return DecisionKey(self.account, self.strategy, str(self.timeframe), self.symbols, bar_ms)
