"""What a step sees of the market."""

from dataclasses import dataclass
from decimal import Decimal

OLDEST_MS = 5_000
AHEAD_MS = 1_000  # between the clocks of a venue's own machines


@dataclass(frozen=True, slots=True)
class MarketView:
    """The market at one moment, venue time.

    Attributes
    ----------
    ts
        When the oldest of these was true.
    bid, ask, last
        Best prices and the last trade's.
    traded
        Base asset that the market traded since the parent's start, as far as it was observed.
    position
        Signed quantity held, base asset; what can be sold on spot.
    """

    ts: int
    bid: Decimal
    ask: Decimal
    last: Decimal
    traded: Decimal
    position: Decimal

    @property
    def middle(self) -> Decimal:
        """Half way between the best prices."""
        return (self.bid + self.ask) / 2

    def is_usable(self, now_ms: int, known_ms: int) -> bool:
        """Whether to act on it: sane, of now, and of after all that is known of own orders."""
        numbers = (self.bid, self.ask, self.last, self.traded, self.position)
        sane = all(number.is_finite() for number in numbers) and 0 < self.bid < self.ask
        return (
            sane
            and self.last > 0
            and self.traded >= 0
            and -AHEAD_MS <= now_ms - self.ts <= OLDEST_MS
            and self.ts > known_ms
        )
