"""Decimal arithmetic of the reference: exact, and rounded where the rules say so."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal, localcontext

ZERO = Decimal(0)
_EIGHT = Decimal("0.00000001")
_WIDE = Context(prec=60)


def round8(value: Decimal) -> Decimal:
    """To eight places, half to even."""
    return value.quantize(_EIGHT, ROUND_HALF_EVEN, _WIDE)


def ratio(numerator: Decimal, denominator: Decimal) -> Decimal:
    """A quotient to eight places, half to even.

    A tie after sixty digits would be a tie of the true quotient too: numbers here are short.
    """
    with localcontext(_WIDE):
        return round8(numerator / denominator)


def ratio_up(numerator: Decimal, denominator: Decimal) -> Decimal:
    """A quotient of amounts that are not negative, to eight places, up."""
    with localcontext(_WIDE):
        return (numerator / denominator).quantize(_EIGHT, ROUND_UP)


def ratio_down(numerator: Decimal, denominator: Decimal) -> Decimal:
    """A quotient of amounts that are not negative, to eight places, down."""
    with localcontext(_WIDE):
        return (numerator / denominator).quantize(_EIGHT, ROUND_DOWN)


def affordable(quote: Decimal, price: Decimal, lot: Decimal) -> Decimal:
    """The most whole lots that cost no more than ``quote``."""
    with localcontext(_WIDE):
        return (quote / (price * lot)).to_integral_value(ROUND_DOWN) * lot


def on_grid(value: Decimal, step: Decimal) -> bool:
    """Whether ``value`` is a multiple of ``step``."""
    with localcontext(_WIDE):
        return value % step == 0


def places(value: Decimal) -> int:
    """Decimal places that are not zero."""
    exponent = value.normalize(_WIDE).as_tuple().exponent
    return max(0, -int(exponent))
