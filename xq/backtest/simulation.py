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
        Maintenance margin as a fraction of notional, where no brackets are known; contracts only.
    liquidation_fee
        Fraction of the notional closed by a liquidation, as far as the wallet reaches.
    lots
        Smallest step of quantity per symbol, base asset, where no filters are known; empty or 0:
        none.
    stop_loss, take_profit, trailing_stop
        Fractions of the entry price (trailing: of the best price since entry); None: none.
    max_bars
        Longest time in a position, bars; None: no limit.
    limit_exits
        Whether take-profits rest in the book as limit orders: the maker's fee and no slippage,
        filled only by prices beyond the level; else the level triggers an order at the market.
    delay
        Opens from a decision to its fill, at least 1.
    """

    initial_cash: float = 10_000.0
    rebalance_band: float | None = None
    max_leverage: float = 1.0
    maintenance: float = 0.005
    liquidation_fee: float = 0.0125
    lots: tuple[float, ...] = ()
    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None
    max_bars: int | None = None
    limit_exits: bool = False
    delay: int = 1

    @property
    def has_exits(self) -> bool:
        """Whether positions may be closed by anything but the strategy's weights."""
        exits = (self.stop_loss, self.take_profit, self.trailing_stop, self.max_bars)
        return any(rule is not None for rule in exits)

    @property
    def without_exits(self) -> "Rules":
        """The same, but that only the strategy's weights close positions."""
        return replace(self, stop_loss=None, take_profit=None, trailing_stop=None, max_bars=None)

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
    flows
        (T,) quote asset brought in (negative: taken out) before each open; None: nothing.
    orders_refused, orders_cut
        Orders too small for the venue's filters, and those cut to its largest quantity.
    """

    equity: np.ndarray
    positions: np.ndarray
    fills: Fills
    funding: np.ndarray
    initial_cash: float
    ruin_row: int | None
    engine: str
    flows: np.ndarray | None = None
    orders_refused: int = 0
    orders_cut: int = 0

    @property
    def growth(self) -> np.ndarray:
        """(T,) what the initial cash alone would have become: time-weighted, flows are no profit.

        Examples
        --------
        >>> from xq.portfolio.accounting import Fills
        >>> none = Fills(*[np.empty(0)] * 7)
        >>> flows = np.array([0.0, 100.0])
        >>> Simulation(np.array([150.0, 375.0]), np.zeros((2, 1)), none, flows * 0, 100.0, None,
        ...            "xq", flows).growth.tolist()
        [150.0, 225.0]
        """
        if self.flows is None or not self.flows.any():
            return self.equity
        start = np.concatenate(([self.initial_cash], self.equity[:-1])) + self.flows
        # An account without money neither earns nor loses: ruin is the bar that began with some.
        change = np.divide(self.equity, start, out=np.ones(len(start)), where=start > 0.0)
        return np.asarray(self.initial_cash * np.cumprod(change))

    def after(self, rows: int) -> "Simulation":
        """The same run without its first rows, in which nothing may have been filled."""
        fills = replace(self.fills, row=self.fills.row - rows)
        return replace(
            self,
            equity=self.equity[rows:],
            positions=self.positions[rows:],
            fills=fills,
            funding=self.funding[rows:],
            flows=None if self.flows is None else self.flows[rows:],
            ruin_row=None if self.ruin_row is None else self.ruin_row - rows,
        )
