"""When the watchdog fires: a silent service, a loss, too much exposure. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from xq.types import Account

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Hard limits; None where nothing is watched. A reading that exceeds its limit fires.

    Attributes
    ----------
    max_loss
        Quote asset lost since the UTC day began, or since the first look of it.
    max_leverage
        Gross exposure over equity.
    """

    max_silence_ms: int
    max_loss: Decimal | None = None
    max_leverage: Decimal | None = None

    @property
    def need_account(self) -> bool:
        """Whether the venue has to be asked at all."""
        return self.max_loss is not None or self.max_leverage is not None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look saw; None where it saw nothing.

    Attributes
    ----------
    silence_ms
        Age of the service's last sign of life; None if no service runs.
    """

    silence_ms: int | None = None
    loss: Decimal | None = None
    leverage: Decimal | None = None


def leverage_of(account: Account) -> Decimal:
    """Gross exposure at marks over equity; infinite if something is held on nothing.

    Examples
    --------
    >>> from xq.types import Position, Symbol
    >>> held = Position(Symbol("BTC", "USDT", "USDT"), Decimal(-2), mark_price=Decimal(100))
    >>> leverage_of(Account((), (held,), Decimal(50), 0))
    Decimal('4')
    """
    gross = sum((abs(p.quantity) * p.mark_price for p in account.positions), _ZERO)
    if not gross:
        return _ZERO
    return gross / account.equity if account.equity > 0 else Decimal("Infinity")


def why_fire(seen: Seen, bounds: Bounds) -> str | None:
    """Why the stop is to be pulled; None if it is not.

    Examples
    --------
    >>> bounds = Bounds(60_000, max_loss=Decimal(500))
    >>> why_fire(Seen(60_000, Decimal(500)), bounds) is None
    True
    >>> why_fire(Seen(60_001), bounds)
    'the service has been silent for 60 s, at most 60 s'
    >>> why_fire(Seen(loss=Decimal("500.5")), bounds)
    'the loss of the day is 500.5, at most 500'
    """
    if seen.silence_ms is not None and seen.silence_ms > bounds.max_silence_ms:
        quiet, most = seen.silence_ms // 1000, bounds.max_silence_ms // 1000
        return f"the service has been silent for {quiet} s, at most {most} s"
    if seen.loss is not None and bounds.max_loss is not None and seen.loss > bounds.max_loss:
        return f"the loss of the day is {seen.loss:f}, at most {bounds.max_loss:f}"
    most_leverage = bounds.max_leverage
    if seen.leverage is not None and most_leverage is not None and seen.leverage > most_leverage:
        return f"exposure is {seen.leverage:.2f} times equity, at most {most_leverage:f}"
    return None
