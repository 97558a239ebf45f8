"""What a tick of the live loop works with: the ports, and the terms it trades on."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from xq.errors import unknown
from xq.execution.journal import Journal
from xq.execution.records import DecisionKey
from xq.execution.resolve import Patience
from xq.live.calls import CallLog
from xq.live.manner import Manner
from xq.live.stop_file import StopFile
from xq.portfolio.sizing_methods import Sizing
from xq.ports import Clock, MarketData, Venue
from xq.risk.limits import Limits
from xq.risk.switches import Rules
from xq.strategy.base import Exits
from xq.timeframe import Timeframe
from xq.types import Instrument, Symbol


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
    exits
        What must rest at the venue while something is held; None for nothing.
    parts
        What of the weights comes from which strategy; empty where nobody keeps sub-ledgers.
    """

    bar_ms: int
    weights: Mapping[Symbol, float]
    closes: Mapping[Symbol, Decimal]
    untold: frozenset[Symbol] = frozenset()
    exits: Exits | None = None
    parts: Mapping[str, Mapping[Symbol, float]] = field(default_factory=dict)


POOL_SIZE = 4
"""Threads of `Desk.pool`, each with connections of its own."""


class Foreign(StrEnum):
    """What is done about what somebody else did on the account."""

    ADOPT = "adopt"  # take it over and go on
    HALT = "halt"  # enter the symbol no more until a run adopts it


Forecaster = Callable[[int], Forecast]
"""Bar (open time, ms) to forecast; raises `DataError`, `StrategyError` or `VenueError`."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The ports of one run; which venue stands behind them is the caller's choice.

    Attributes
    ----------
    calls
        What was asked of the venue of late; None if nobody listens.
    stop
        The emergency stop's latch; None where nobody can pull one, as in a replay.
    pool
        Threads that ask and send several things at once; None does one after the other.
    """

    market: MarketData
    venue: Venue
    journal: Journal
    clock: Clock
    forecast: Forecaster
    calls: CallLog | None = None
    stop: StopFile | None = None
    pool: Executor | None = None


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
    rules
        Of the kill switches; without any, as in a replay, none is looked at.
    needs_stop
        Whether nothing is entered that no stop will guard.
    foreign
        What is done about orders, fills and leverage that are not ours.
    sizing
        Scales the strategy's weights; None leaves them.
    window
        Closed bars that tell sizing of mean and volatility.
    manners
        How a symbol's orders of a decision are worked between bars; without one they are sent at
        once.
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
    rules: Rules = field(default_factory=dict)
    needs_stop: bool = False
    foreign: Foreign = Foreign.ADOPT
    sizing: Sizing | None = None
    window: int = 60
    manners: Mapping[Symbol, Manner] = field(default_factory=dict)

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
        return DecisionKey(self.account, self.strategy, self.timeframe.name, self.symbols, bar_ms)


def instrument_of(symbol: Symbol, desk: Desk) -> Instrument:
    """The venue's rules for a symbol. Raises `UnknownName` if it has none."""
    known = desk.market.instruments()
    found = known.get(symbol)
    if found is None:
        raise unknown(
            f"symbol on {desk.market.name}",
            str(symbol),
            map(str, known),
            hint=f"xq symbols --quote {symbol.quote}",
        )
    return found
