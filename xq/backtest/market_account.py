"""One account that trades one market by taking what the recorded book offers."""

from dataclasses import dataclass, field
from math import floor, isnan

from xq.portfolio.accounting import FLAT_TOLERANCE, Reason

Row = list[float]
"""Bid prices, bid quantities, ask prices, ask quantities; best first."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One order as it filled: signed quantity, average price, costs in quote asset."""

    ts: int
    quantity: float
    price: float
    fee: float
    slippage: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class MarketTerms:
    """How orders of the account meet the book.

    Attributes
    ----------
    fee
        Fraction of notional; every order takes.
    latency_ms
        From a decision until its order is in the book, at least 1.
    maintenance
        Margin as a fraction of notional at which a position is liquidated; 0 for spot.
    lot
        Smallest step of quantity; 0 for none.
    stop_loss, take_profit, trailing_stop
        As in `xq.strategy.base.Exits`; None for none.
    """

    initial_cash: float = 10_000.0
    fee: float = 0.0
    latency_ms: int = 100
    maintenance: float = 0.0
    lot: float = 0.0
    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None


def taken(row: Row, quantity: float) -> tuple[float, float]:
    """What a market order of a signed quantity finds: signed quantity filled, and its cost.

    Examples
    --------
    Two levels a side; three bought take all of the first ask and one of the second:

    >>> taken([9.0, 8.0, 5.0, 5.0, 10.0, 11.0, 2.0, 2.0], 3.0)
    (3.0, 31.0)
    >>> taken([9.0, 8.0, 5.0, 5.0, 10.0, 11.0, 2.0, 2.0], -20.0)
    (-10.0, -85.0)
    """
    levels = len(row) // 4
    begin = 2 * levels if quantity > 0 else 0
    sign = 1.0 if quantity > 0 else -1.0
    left, paid = abs(quantity), 0.0
    for price, size in zip(
        row[begin : begin + levels], row[begin + levels : begin + 2 * levels], strict=True
    ):
        if left <= 0.0 or isnan(price):
            break
        part = min(left, size)
        paid += part * price
        left -= part
    return sign * (abs(quantity) - max(left, 0.0)), sign * paid


@dataclass(slots=True)
class Account:
    """Cash and position; the average entry price is that of the position as it stands."""

    terms: MarketTerms
    cash: float = field(init=False)
    position: float = 0.0
    entry: float = 0.0
    best: float = 0.0
    fills: list[Fill] = field(default_factory=list)
    short_of_book: int = 0

    def __post_init__(self) -> None:
        self.cash = self.terms.initial_cash

    def equity(self, mid: float) -> float:
        """Quote asset, the position valued at a mid."""
        return self.cash + self.position * mid

    def wanted(self, target: float, mid: float) -> float:
        """Signed quantity to hold for a target weight, fixed now."""
        quantity = target * max(self.equity(mid), 0.0) / mid
        lot = self.terms.lot
        if lot > 0.0:
            steps = floor(abs(quantity) / lot + 1e-9)
            quantity = steps * lot if quantity > 0 else -steps * lot
        return quantity

    def trade_to(self, ts: int, quantity: float, row: Row, reason: Reason) -> None:
        """Take from the book until that quantity is held, as far as the recorded levels go."""
        change = quantity - self.position
        if abs(change) <= FLAT_TOLERANCE * max(abs(quantity), abs(self.position)):
            return
        filled, paid = taken(row, change)
        if abs(filled) < abs(change) * (1.0 - FLAT_TOLERANCE):
            self.short_of_book += 1
        if filled == 0.0:
            return
        mid = mid_of(row)
        fee = abs(paid) * self.terms.fee
        self._enter(filled, paid / filled)
        self.cash -= paid + fee
        slippage = paid - filled * mid
        self.fills.append(Fill(ts, filled, paid / filled, fee, slippage, reason))

    def _enter(self, filled: float, price: float) -> None:
        before, after = self.position, self.position + filled
        if abs(after) <= FLAT_TOLERANCE * abs(filled):
            after = 0.0
        if before * after <= 0.0:
            self.entry = self.best = price
        elif abs(after) > abs(before):
            self.entry = (self.entry * before + price * filled) / after
        self.position = after

    def exit_reason(self, row: Row) -> Reason | None:
        """Why the position should be left at these quotes, judged at the price it would get."""
        if self.position == 0.0:
            return None
        long = self.position > 0
        price = row[0] if long else row[len(row) // 2]
        self.best = max(self.best, price) if long else min(self.best, price)
        sign = 1.0 if long else -1.0
        gain, from_best = sign * (price / self.entry - 1), sign * (price / self.best - 1)
        terms = self.terms
        if terms.stop_loss is not None and gain <= -terms.stop_loss:
            return Reason.STOP_LOSS
        if terms.trailing_stop is not None and from_best <= -terms.trailing_stop:
            return Reason.TRAILING_STOP
        if terms.take_profit is not None and gain >= terms.take_profit:
            return Reason.TAKE_PROFIT
        return None

    def is_ruined(self, mid: float) -> bool:
        """Whether the margin no longer covers the position."""
        notional = abs(self.position) * mid
        return self.position != 0.0 and self.equity(mid) <= self.terms.maintenance * notional


def mid_of(row: Row) -> float:
    """Middle between the best quotes; NaN where the book is unknown."""
    return (row[0] + row[len(row) // 2]) / 2.0
