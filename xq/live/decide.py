"""From a forecast and what is held to one signal per symbol."""

from collections.abc import Sequence
from decimal import Decimal

from xq.errors import VenueRefused
from xq.execution.records import Decision, DecisionKey, DecisionStatus, Signal
from xq.live import by_hand, plan, protect
from xq.live.desk import Desk, Forecast, Terms
from xq.live.exits import bars_held, entered_ms
from xq.live.holdings import Holdings
from xq.types import Symbol

_NOT_JOURNALLED = 0
UNCHANGED = "target unchanged"
EXITED = "an exit closed it: flat until the target is 0 or turns"


def signals(forecast: Forecast, now: Holdings, desk: Desk, terms: Terms) -> tuple[Signal, ...]:
    """What to hold of every symbol; a target that is not due is what is held.

    Raises
    ------
    BadWeights
        For a weight that is no number, or short on spot.
    """
    told = (symbol for symbol in terms.symbols if symbol not in forecast.untold)
    return tuple(_signal(symbol, forecast, now, desk, terms) for symbol in told)


def sizing_equity(now: Holdings, terms: Terms) -> Decimal:
    """The equity that weights are fractions of."""
    return now.equity if terms.capital is None else min(now.equity, terms.capital)


def _signal(symbol: Symbol, forecast: Forecast, now: Holdings, desk: Desk, terms: Terms) -> Signal:
    weight, close = forecast.weights[symbol], forecast.closes[symbol]
    equity = sizing_equity(now, terms)
    position = now.positions[symbol]
    last = desk.journal.decisions.last_signal(symbol)
    same = last is not None and last[0].maker == terms.key(forecast.bar_ms).maker
    earlier = last[1] if last is not None and same else None
    touched = by_hand.is_expected(symbol, desk)
    aside = by_hand.aside(symbol, desk) if touched else Decimal(0)
    target = plan.target(weight, equity, close, desk.market.instruments()[symbol]) + aside
    may_be_out = forecast.exits is not None or touched
    if may_be_out and _is_out(symbol, weight, position, forecast, desk, terms):
        return Signal(symbol, weight, close, position, aside, position == aside, EXITED)
    if not plan.is_due(weight, earlier, position - aside, close, equity, terms.band):
        return Signal(symbol, weight, close, position, position, True, UNCHANGED)
    return Signal(
        symbol, weight, close, position, target, False, _taken_over(last, position, terms)
    )


def _is_out(
    symbol: Symbol, weight: float, position: Decimal, forecast: Forecast, desk: Desk, terms: Terms
) -> bool:
    """Whether an exit holds the symbol flat: until its target is 0 or changes sign."""
    sign = protect.blocked(symbol, desk)
    most = None if forecast.exits is None else forecast.exits.max_bars
    if most is not None and position:
        entry_ms = entered_ms(desk.journal.books.fills(symbol=symbol), position)
        if entry_ms is not None and bars_held(entry_ms, forecast.bar_ms, terms.timeframe) >= most:
            sign = 1 if position > 0 else -1
    stays = weight * sign > 0
    protect.remember(symbol, sign if stays else 0, desk)
    return stays


def _taken_over(last: tuple[DecisionKey, Signal] | None, position: Decimal, terms: Terms) -> str:
    if last is None or not position or last[0].strategy == terms.strategy:
        return ""
    return f"takes over what {last[0].strategy} held"


def begin(bar_ms: int, found: Sequence[Signal], desk: Desk, terms: Terms) -> Decision:
    """Journal that a bar is being decided, and how."""
    decision = desk.journal.decisions.begin(terms.key(bar_ms), desk.clock.now_ms())
    desk.journal.decisions.record_signals(decision, found)
    return decision


def rehearse(bar_ms: int, desk: Desk, terms: Terms) -> Decision:
    """The decision as it would be journalled."""
    key = terms.key(bar_ms)
    earlier = desk.journal.decisions.find(key)
    attempt = earlier.attempt + 1 if earlier else 0
    now_ms = desk.clock.now_ms()
    return Decision(_NOT_JOURNALLED, key, DecisionStatus.DECIDING, attempt, now_ms)


def without_leverage(found: Sequence[Signal], desk: Desk, terms: Terms) -> tuple[Symbol, ...]:
    """Contracts that may be entered and whose leverage was not set yet."""
    moving = (signal.symbol for signal in found if signal.target != signal.position)
    return tuple(symbol for symbol in moving if not _has_leverage(symbol, desk, terms))


def set_leverage(symbols: Sequence[Symbol], desk: Desk, terms: Terms) -> dict[Symbol, str]:
    """Set the leverage of contracts.

    Returns
    -------
    dict
        The symbols of which the venue refuses it, and why: they may be left, not entered.

    Raises
    ------
    VenueError
        If the venue cannot be asked.
    """
    refused: dict[Symbol, str] = {}
    for symbol in symbols:
        try:
            ensure_leverage(symbol, desk, terms)
        except VenueRefused as refusal:
            refused[symbol] = f"its leverage cannot be set: {refusal.message}"
    return refused


def ensure_leverage(symbol: Symbol, desk: Desk, terms: Terms) -> None:
    """Set the leverage of a contract, once per symbol and value.

    Raises
    ------
    VenueError
        If the venue refuses or cannot be asked.
    """
    if not _has_leverage(symbol, desk, terms):
        desk.venue.set_leverage(symbol, terms.leverage)
        desk.journal.books.set_note(f"leverage:{symbol}", str(terms.leverage))


def _has_leverage(symbol: Symbol, desk: Desk, terms: Terms) -> bool:
    known = desk.journal.books.note(f"leverage:{symbol}") if symbol.is_contract else None
    return not symbol.is_contract or known == str(terms.leverage)


def selling_first(found: Sequence[Signal]) -> tuple[Signal, ...]:
    """The order in which symbols are traded: what frees cash comes before what needs it."""
    return tuple(sorted(found, key=lambda signal: signal.target > signal.position))
