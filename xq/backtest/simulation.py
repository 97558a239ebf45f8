"""What the vector engine is given besides weights and bars, and what it gives back."""

from dataclasses import dataclass, replace

import numpy as np

from xq.portfolio.accounting import Fills


@dataclass(frozen=True, slots=True)
class Rules:
    """The account and how it trades.

    Attributes
    ----------
    initial_cash
        Quote asset at the start.
    rebalance_band
        Drift of a weight that triggers a trade without a new target; None: never.
    max_leverage
        Largest gross notional over equity; contracts only, spot is always 1.
    maintenance
        Maintenance margin as a fraction of notional; contracts only.
    lots
        Smallest step of quantity per symbol, base asset; empty or 0: none.
    stop_loss, take_profit, trailing_stop
        Fractions of the entry price (trailing: of the best price since entry); None: none.
    max_bars
        Longest time in a position, bars; None: no limit.
    """

    initial_cash: float = 10_000.0
    rebalance_band: float | None = None
    max_leverage: float = 1.0
    maintenance: float = 0.005
    lots: tuple[float, ...] = ()
    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None
    max_bars: int | None = None

    @property
    def has_exits(self) -> bool:
        """Whether positions may be closed by anything but the strategy's weights."""
        exits = (self.stop_loss, self.take_profit, self.trailing_stop, self.max_bars)
        return any(rule is not None for rule in exits)

    @property
    def has_lots(self) -> bool:
        """Whether quantities are rounded."""
        return any(lot > 0 for lot in self.lots)


@dataclass(frozen=True, slots=True, eq=False)
class Funding:
    """Funding of perpetuals, quote asset per unit of base held long; negative is received.

    Attributes
    ----------
    at_open
        (T, N) settled at the instant a bar opens, before anything fills there.
    inside
        (T, N) settled between a bar's open and its close.
    """

    at_open: np.ndarray
    inside: np.ndarray

    def slice(self, start: int, stop: int) -> "Funding":
        """Rows ``start`` to ``stop``."""
        return Funding(self.at_open[start:stop], self.inside[start:stop])


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """One account through all bars.

    Attributes
    ----------
    equity
        (T,) quote asset at each close. After ruin it is 0.
    positions
        (T, N) base asset at each close, signed.
    fills
        Executions in time order.
    funding
        (T,) quote asset paid in each bar; negative is received.
    initial_cash
        Quote asset before the first bar.
    ruin_row
        Bar in which the account was liquidated, or None.
    engine
        ``"vectorbt"`` or ``"xq"``.
    """

    equity: np.ndarray
    positions: np.ndarray
    fills: Fills
    funding: np.ndarray
    initial_cash: float
    ruin_row: int | None
    engine: str

    def after(self, rows: int) -> "Simulation":
        """The same run without its first rows, in which nothing may have been filled."""
        fills = replace(self.fills, row=self.fills.row - rows)
        return replace(
            self,
            equity=self.equity[rows:],
            positions=self.positions[rows:],
            fills=fills,
            funding=self.funding[rows:],
            ruin_row=None if self.ruin_row is None else self.ruin_row - rows,
        )
