"""Quantities in whole lots: smallest orders, last crumbs, sizes drawn at random."""

from decimal import ROUND_CEILING, Decimal
from random import Random

from xq.execution.algos.children import ZERO
from xq.types import Instrument


def floor_lot(quantity: Decimal, lot: Decimal) -> Decimal:
    """Whole lots, toward zero."""
    return (quantity // lot) * lot


def ceil_lot(quantity: Decimal, lot: Decimal) -> Decimal:
    """Whole lots, at least as much."""
    return (quantity / lot).to_integral_value(ROUND_CEILING) * lot


def smallest_order(instrument: Instrument, price: Decimal, reduce_only: bool) -> Decimal:
    """The least base asset that the venue takes at a price; reducing knows no least notional."""
    least = max(instrument.min_quantity, instrument.lot)
    if not reduce_only:
        least = max(least, instrument.min_notional / price)
    return ceil_lot(least, instrument.lot)


def sized(wanted: Decimal, most: Decimal, rest: Decimal, least: Decimal, lot: Decimal) -> Decimal:
    """What to send so that no crumb below the smallest order stays behind, if that can be.

    Parameters
    ----------
    wanted
        What is due.
    most
        What may be sent at most now.
    rest
        What the parent has left.
    least
        The venue's smallest order.

    Returns
    -------
    Decimal
        0, or whole lots in [least, most].

    Examples
    --------
    Of 10 left, 8 are due and 3 is the smallest order: all of it, or 7 if no more than 9 may go.

    >>> lots = Decimal(1)
    >>> sized(Decimal(8), Decimal(10), Decimal(10), Decimal(3), lots)
    Decimal('10')
    >>> sized(Decimal(8), Decimal(9), Decimal(10), Decimal(3), lots)
    Decimal('7')
    """
    size = floor_lot(min(wanted, most, rest), lot)
    if size < least:
        return ZERO
    left = rest - size
    if left == 0 or left >= least:
        return size
    if rest <= most:
        return floor_lot(rest, lot)
    shorter = floor_lot(rest - least, lot)
    return shorter if shorter >= least else ZERO


def drawn(base: Decimal, jitter: float, lot: Decimal, seed: int, number: int) -> Decimal:
    """A size within ``base × (1 ± jitter)``, in whole lots, at least one; the same every time.

    Examples
    --------
    >>> sizes = [drawn(Decimal(100), 0.2, Decimal(1), 7, number) for number in range(50)]
    >>> min(sizes) >= 80, max(sizes) <= 120, len(set(sizes)) > 20
    (True, True, True)
    """
    chance = Random(f"{seed}:{number}").uniform(-jitter, jitter)  # noqa: S311 - sizes, not secrets
    return max(floor_lot(base * (1 + Decimal(repr(chance))), lot), lot)
