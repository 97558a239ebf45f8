"""What a switch is told: a number, the time up to which its facts are complete, or why not."""

from dataclasses import dataclass
from decimal import Decimal

from xq.risk.switches import Switch

FUTURE_MS = 1_000
"""How far ahead of now a fact may be dated: two clocks are never quite the same."""

_PLACES, _DIGITS = 12, 28


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured number.

    Attributes
    ----------
    value
        Daily loss: quote asset, negative for a profit. Losing streak: round trips. Volatility, API
        errors, disagreement: fractions. Drawdown: fraction, at most 0. Leverage: multiple of
        equity. None if it cannot be told.
    as_of_ms
        The facts are complete up to here; None if there are none.
    samples
        Calls (API errors) or declared forecasts (disagreement) behind the value.
    problem
        Why there is no value.
    """

    value: Decimal | None
    as_of_ms: int | None
    samples: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Readings:
    """The newest reading of every switch; None where nobody took one."""

    daily_loss: Reading | None = None
    losing_streak: Reading | None = None
    volatility: Reading | None = None
    api_errors: Reading | None = None
    disagreement: Reading | None = None
    drawdown: Reading | None = None
    leverage: Reading | None = None

    def of(self, switch: Switch) -> Reading | None:
        """The reading of one switch.

        Examples
        --------
        >>> Readings(leverage=Reading(Decimal(2), 0)).of(Switch.LEVERAGE).value
        Decimal('2')
        """
        found: Reading | None = getattr(self, switch.value)
        return found


def blind(problem: str, as_of_ms: int | None = None) -> Reading:
    """A reading that could not be taken.

    Examples
    --------
    >>> blind("no equity is known")
    Reading(value=None, as_of_ms=None, samples=None, problem='no equity is known')
    """
    return Reading(None, as_of_ms, problem=problem)


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch of time a reading looks back on: after ``start_ms``, up to ``now_ms``.

    Attributes
    ----------
    window_ms
        None: back to the re-arm.
    since_ms
        The last re-arm; what came before it no longer counts.
    """

    now_ms: int
    window_ms: int | None = None
    since_ms: int = 0

    @property
    def start_ms(self) -> int:
        """A fact of exactly this time is outside.

        Examples
        --------
        >>> Span(1_000, 300).start_ms, Span(1_000, 300, 900).start_ms, Span(1_000).start_ms
        (700, 900, 0)
        """
        if self.window_ms is None:
            return self.since_ms
        return max(self.since_ms, self.now_ms - self.window_ms)

    @property
    def period_start_ms(self) -> int:
        """Start of the running window where windows follow each other from 1970 on: the UTC day.

        Examples
        --------
        >>> Span(90_000_000, 86_400_000).period_start_ms
        86400000
        """
        if self.window_ms is None:
            return self.since_ms
        return max(self.since_ms, self.now_ms // self.window_ms * self.window_ms)

    def is_future(self, ts_ms: int) -> bool:
        """Whether a fact is dated later than any clock of ours could say."""
        return ts_ms > self.now_ms + FUTURE_MS


def rounded(value: Decimal) -> Decimal:
    """To 12 places: what division and roots leave behind them is no fact.

    Examples
    --------
    >>> rounded(Decimal(1) / 3), rounded(Decimal("1e30"))
    (Decimal('0.333333333333'), Decimal('1E+30'))
    """
    return round(value, _PLACES) if value.adjusted() < _DIGITS - _PLACES else value


def is_number(value: object) -> bool:
    """Whether a value is a `Decimal` that can be an amount or a price: finite, and of a size that
    neither overflows nor vanishes when multiplied with another.

    Examples
    --------
    >>> is_number(Decimal(1)), is_number(Decimal("nan")), is_number(1.0), is_number(None)
    (True, False, False, False)
    >>> is_number(Decimal(0)), is_number(Decimal("9e24")), is_number(Decimal("1e-30"))
    (True, True, True)
    >>> is_number(Decimal("1e25")), is_number(Decimal("9e-31"))
    (False, False)
    """
    if not isinstance(value, Decimal) or not value.is_finite():
        return False
    return -30 <= value.adjusted() <= 24 or value.is_zero()
