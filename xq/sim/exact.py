"""Decimal arithmetic of the simulated venue: exact, or rounded where a function says so."""

from collections.abc import Callable
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from functools import cache, wraps
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")

ZERO = Decimal(0)
PLACES = 8
UNIT = Decimal(1).scaleb(-PLACES)

_EXACT = Context(prec=80, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_ROUNDING = Context(prec=80, traps=[InvalidOperation, DivisionByZero, Overflow])


def exact(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Run a function where any sum or product that would lose a digit raises."""

    @wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with localcontext(_EXACT):
            return function(*args, **kwargs)

    return call


def rounded(value: Decimal, step: Decimal = UNIT, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """The multiple of ``step`` nearest to ``value``.

    Examples
    --------
    >>> rounded(Decimal("1.26"), Decimal("0.5")), rounded(Decimal("0.123456789"))
    (Decimal('1.5'), Decimal('0.12345679'))
    """
    steps = _ROUNDING.divide(value, step).to_integral_value(rounding=rounding)
    return _ROUNDING.multiply(steps, step)


def divided(
    numerator: Decimal, denominator: Decimal, *, rounding: str = ROUND_HALF_EVEN
) -> Decimal:
    """A quotient rounded to eight places.

    Examples
    --------
    >>> divided(Decimal(2), Decimal(3))
    Decimal('0.66666667')
    """
    return rounded(_ROUNDING.divide(numerator, denominator), UNIT, rounding)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether ``value`` lies on the grid of ``step``."""
    return _ROUNDING.remainder(value, step) == 0


def text(value: Decimal) -> str:
    """A number as Binance writes it: eight places, more only where they are not zero.

    Examples
    --------
    >>> text(Decimal("42000.1")), text(Decimal("1E-9")), text(Decimal(0))
    ('42000.10000000', '0.000000001', '0.00000000')
    """
    shown = f"{value:.8f}"
    return shown if Decimal(shown) == value else f"{value.normalize():f}"


def affordable(quote: Decimal, price: Decimal, lot: Decimal) -> Decimal:
    """The most base asset, in whole lots, that costs no more than ``quote`` at ``price``.

    Examples
    --------
    >>> affordable(Decimal(10), Decimal(3), Decimal("0.1"))
    Decimal('3.3')
    """
    lots = _ROUNDING.divide(quote, _ROUNDING.multiply(price, lot))
    return _ROUNDING.multiply(lots.to_integral_value(rounding=ROUND_DOWN), lot)


@cache
def digits_of(step: Decimal) -> int:
    """Decimal places of a tick or lot.

    Examples
    --------
    >>> digits_of(Decimal("0.050")), units_of(Decimal("0.050")), units_of(Decimal(10))
    (2, 5, 10)
    """
    exponent = step.normalize().as_tuple().exponent
    return max(0, -int(exponent))


@cache
def units_of(step: Decimal) -> int:
    """A tick or lot in units of its last decimal place."""
    return int(step.scaleb(digits_of(step)))
