"""How orders are worked: what is chosen once, for all orders of a strategy."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Manner:
    """How orders are worked, whatever the order.

    Attributes
    ----------
    kind
        ``twap``, ``vwap``, ``almgren_chriss`` or ``pov``.
    rate, clip
        Of ``pov``; without a clip a child is a twentieth of the whole.
    risk_aversion
        Of ``almgren_chriss``, per quote asset.
    over_ms
        Time for the orders of one decision.
    """

    kind: str
    slices: int = 10
    size_jitter: float = 0.0
    time_jitter: float = 0.0
    passive: bool = False
    rate: float = 0.1
    clip: Decimal | None = None
    risk_aversion: float = 1e-6
    over_ms: int = 0
