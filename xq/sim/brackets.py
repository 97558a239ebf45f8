"""Leverage brackets: the larger a position, the less leverage and the more maintenance margin.

The tables are our own; their form (maintenance = notional × rate − amount) is Binance's. The main
symbols have a table each class of their own, every other one is made from its turnover.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from functools import cache

from xq.sim.exact import ZERO, rounded
from xq.sim.instruments import Face, instruments

_USUAL = 1.0e8  # quote asset a day; the table of smaller and larger markets is scaled from this
_LARGE, _SMALL = 2.0e8, 2.0e7


@dataclass(frozen=True, slots=True)
class Tier:
    """One bracket: notional in (floor, cap], most leverage allowed, maintenance rate and amount."""

    number: int
    floor: Decimal
    cap: Decimal
    leverage: int
    rate: Decimal
    amount: Decimal


def _table(rows: Iterable[tuple[int, int, str]]) -> tuple[Tier, ...]:
    tiers: list[Tier] = []
    floor = amount = previous = ZERO
    for number, (cap, leverage, text) in enumerate(rows, start=1):
        rate = Decimal(text)
        amount += floor * (rate - previous)
        tiers.append(Tier(number, floor, Decimal(cap), leverage, rate, amount))
        floor, previous = Decimal(cap), rate
    return tuple(tiers)


_MAJOR = _table(
    (
        (50_000, 125, "0.004"),
        (500_000, 100, "0.005"),
        (5_000_000, 50, "0.01"),
        (25_000_000, 20, "0.025"),
        (100_000_000, 10, "0.05"),
        (250_000_000, 5, "0.1"),
        (500_000_000, 2, "0.25"),
        (1_000_000_000, 1, "0.5"),
    )
)
_SECOND = _table(
    (
        (10_000, 100, "0.005"),
        (50_000, 75, "0.0065"),
        (250_000, 50, "0.01"),
        (2_500_000, 20, "0.025"),
        (10_000_000, 10, "0.05"),
        (25_000_000, 5, "0.1"),
        (50_000_000, 2, "0.25"),
        (100_000_000, 1, "0.5"),
    )
)
_MINOR = _table(
    (
        (10_000, 50, "0.01"),
        (100_000, 25, "0.02"),
        (1_000_000, 20, "0.025"),
        (5_000_000, 10, "0.05"),
        (20_000_000, 5, "0.1"),
        (50_000_000, 2, "0.25"),
        (100_000_000, 1, "0.5"),
    )
)
_OWN = {
    **dict.fromkeys(("BTCUSDT", "ETHUSDT"), _MAJOR),
    **dict.fromkeys(("SOLUSDT", "BNBUSDT", "XRPUSDT"), _SECOND),
}
# (cap in units of the smallest, leverage, maintenance rate) of a table made from turnover.
_LADDER = (
    (1, 75, "0.0065"),
    (5, 50, "0.01"),
    (10, 25, "0.02"),
    (100, 20, "0.025"),
    (500, 10, "0.05"),
    (1_000, 5, "0.1"),
    (2_500, 2, "0.25"),
    (5_000, 1, "0.5"),
)


@cache
def tiers_of(symbol: str) -> tuple[Tier, ...]:
    """The brackets of one symbol, smallest notional first."""
    known = _OWN.get(symbol)
    if known is not None:
        return known
    turnover = _turnovers().get(symbol, 0.0)
    return made(turnover) if turnover else _MINOR


@cache
def _turnovers() -> dict[str, float]:
    return {item.id: item.profile.turnover for item in instruments(Face.FUTURES)}


def made(turnover: float) -> tuple[Tier, ...]:
    """Brackets of a market by its turnover a day, quote asset.

    Examples
    --------
    >>> [(int(tier.cap), tier.leverage) for tier in made(3e7)][:3]
    [(10000, 50), (20000, 25), (200000, 20)]
    """
    unit = _round_number(10_000 * turnover / _USUAL)
    most = 75 if turnover >= _LARGE else 50 if turnover >= _SMALL else 25
    return _table((cap * unit, lev, rate) for cap, lev, rate in _LADDER if lev <= most)


def _round_number(value: float) -> int:
    """The largest of 1, 2 or 5 times a power of ten that is not above, at least 1,000."""
    found = 1_000
    while True:
        for factor in (2, 5, 10):
            if found * factor > value:
                return found * {2: 1, 5: 2, 10: 5}[factor]
        found *= 10


def tier_at(symbol: str, notional: Decimal) -> Tier:
    """The bracket that a notional falls into; the last one has no end.

    Examples
    --------
    >>> tier_at("BTCUSDT", Decimal(60_000)).leverage
    100
    """
    tiers = tiers_of(symbol)
    return next((tier for tier in tiers if abs(notional) <= tier.cap), tiers[-1])


def max_leverage(symbol: str) -> int:
    """The most leverage that the smallest bracket allows."""
    return tiers_of(symbol)[0].leverage


def max_notional(symbol: str, leverage: int) -> Decimal:
    """The largest notional allowed at a leverage.

    Examples
    --------
    >>> max_notional("BTCUSDT", 20)
    Decimal('25000000')
    """
    return max(tier.cap for tier in tiers_of(symbol) if tier.leverage >= leverage)


def maintenance(symbol: str, notional: Decimal) -> Decimal:
    """Equity below which a position of this notional is liquidated."""
    tier = tier_at(symbol, notional)
    return rounded(abs(notional) * tier.rate - tier.amount, rounding=ROUND_UP)
