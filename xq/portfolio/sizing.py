"""How much to hold: the one sizing rule of backtest, replay and live.

A target weight becomes a quantity at the close on which the decision is made: ``weight × equity /
close``, rounded toward zero to whole lots. The order fills later and elsewhere; the quantity stays.
"""

import math
from decimal import ROUND_DOWN, Decimal

LOT_TOLERANCE = 1e-9
"""A quantity this close below a whole lot, in lots, counts as whole: 0.3 is three times 0.1."""


ROUNDING = 1e-15
"""Relative error of the division that counts the lots."""


def round_to_lot(quantity: float, lot: float) -> float:
    """Round a signed quantity toward zero to whole lots.

    Parameters
    ----------
    quantity
        Base asset, signed.
    lot
        Smallest step of quantity, base asset; 0 means that there is none.

    Examples
    --------
    >>> round_to_lot(0.37, 0.1), round_to_lot(-0.37, 0.1), round_to_lot(0.3, 0.1)
    (0.30000000000000004, -0.30000000000000004, 0.30000000000000004)
    >>> round_to_lot(0.37, 0.0)
    0.37
    """
    if lot <= 0.0:
        return quantity
    steps = abs(quantity) / lot
    whole = math.floor(steps + LOT_TOLERANCE + steps * ROUNDING) * lot
    return whole if quantity >= 0.0 else -whole


def round_to_tick(price: float, tick: float, up: bool) -> float:
    """Round a price to whole ticks, away from the trader: up when buying, else down.

    Parameters
    ----------
    tick
        Smallest step of price; 0 means that there is none.

    Examples
    --------
    >>> round_to_tick(10.3, 0.5, True), round_to_tick(10.3, 0.5, False), round_to_tick(1.3, 0, True)
    (10.5, 10.0, 1.3)
    """
    if tick <= 0.0:
        return price
    steps = price / tick
    nudge = LOT_TOLERANCE + steps * ROUNDING
    return (math.ceil(steps - nudge) if up else math.floor(steps + nudge)) * tick


def target_quantity(weight: float, equity: float, price: float, lot: float = 0.0) -> float:
    """Quantity to hold for a target weight.

    Parameters
    ----------
    weight
        Signed fraction of equity.
    equity
        Quote asset, at the decision's close.
    price
        The decision's close, quote per base.
    lot
        Smallest step of quantity, base asset; 0 means that there is none.

    Returns
    -------
    float
        Base asset, signed. NaN weight or price gives NaN; equity at or below zero gives 0.

    Examples
    --------
    >>> target_quantity(0.5, 10_000.0, 40_000.0, 0.001)
    0.125
    >>> target_quantity(-1.0, 10_000.0, 30_000.0, 0.01)
    -0.33
    """
    if equity <= 0.0:
        return 0.0
    quantity = weight * equity / price
    if quantity != quantity:  # NaN cannot be rounded
        return quantity
    return round_to_lot(quantity, lot)


def target_decimal(weight: float, equity: Decimal, price: Decimal, lot: Decimal) -> Decimal:
    """`target_quantity` for order code: the same rule, and exactly a multiple of the lot.

    Examples
    --------
    >>> target_decimal(0.5, Decimal(10_000), Decimal(40_000), Decimal("0.001"))
    Decimal('0.125')
    """
    quantity = target_quantity(weight, float(equity), float(price), float(lot))
    if lot <= 0:
        return Decimal(repr(quantity))
    steps = (Decimal(repr(quantity)) / lot + _nudge(quantity)).to_integral_value(ROUND_DOWN)
    return steps * lot


def _nudge(quantity: float) -> Decimal:
    half = Decimal("0.5")  # the quantity is a whole number of lots already, give or take an ulp
    return half if quantity >= 0 else -half
