"""What trading costs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Costs:
    """Proportional costs of every fill.

    Attributes
    ----------
    fee
        Fraction of the fill's notional paid to the venue by a taker.
    slippage
        Fraction by which a fill's price is worse than the price it aimed at, where no other is
        measured.
    maker
        Fraction of notional of fills that rested in the book; None: the same fee.

    Examples
    --------
    >>> costs = Costs(fee=0.001, slippage=0.0005)
    >>> costs.fill_price(100.0, 1), costs.fill_price(100.0, -1)
    (100.05, 99.95)
    """

    fee: float = 0.0
    slippage: float = 0.0
    maker: float | None = None

    def fill_price(self, price: float, sign: int) -> float:
        """Price paid (sign +1) or received (sign -1) when aiming at ``price``."""
        return price * (1.0 + sign * self.slippage)

    @property
    def is_free(self) -> bool:
        """Whether trading costs nothing."""
        return self.fee == 0.0 and self.slippage == 0.0


FREE = Costs()
"""No frictions; for parity tests and for comparing."""
