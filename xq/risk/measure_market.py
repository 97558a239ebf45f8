"""Readings of markets and models: volatility, disagreement."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from xq.risk.readings import Reading, Span, blind, is_number, rounded
from xq.timeframe import Timeframe
from xq.types import Symbol

_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True)
class CloseAt:
    """A bar's open time and its close."""

    ts_ms: int
    close: float


@dataclass(frozen=True, slots=True)
class ModelForecast:
    """What one model wants: signed weights by symbol, told on the bar that closed at a time."""

    model: str
    closed_ms: int
    weights: Mapping[Symbol, Decimal]


def volatility(
    series: Mapping[Symbol, Sequence[CloseAt]], timeframe: Timeframe, span: Span
) -> Reading:
    """Realised volatility of the window, of the liveliest symbol; a fraction, not annualised.

    The root of the sum of squared log returns of the newest closed bars that make up the window
    (Andersen & Bollerslev 1998), to 12 places; of the newest bar alone where a bar is longer than
    the window. Bars still open are left out. A bar missing within, or a symbol without bars, gives
    no value.

    Examples
    --------
    >>> hour, btc = Timeframe.parse("1h"), Symbol("BTC", "USDT")
    >>> bars = [CloseAt(n * hour.ms, close) for n, close in enumerate([100.0, 103.0, 99.0])]
    >>> volatility({btc: bars}, hour, Span(3 * hour.ms, 2 * hour.ms)).value
    Decimal('0.049422733743')
    """
    if not series:
        return blind("there is no bar")
    count = max((span.window_ms or 0) // timeframe.ms, 1)
    found = [_realised(s, closes, timeframe, count, span) for s, closes in series.items()]
    for reading in found:
        if reading.value is None:
            return reading
    as_of = min(reading.as_of_ms for reading in found if reading.as_of_ms is not None)
    return Reading(max(r.value for r in found if r.value is not None), as_of)


def disagreement(
    forecasts: Sequence[ModelForecast],
    declared: Sequence[str],
    timeframe: Timeframe,
    now_ms: int,
) -> Reading:
    """How much of what the models want cancels out, of the symbol where it is most: 0 to 1.

    ``1 - |sum of weights| / sum of |weights|``: 0 when all point the same way or want nothing, 1
    when they cancel out. A declared model without a forecast, or without one for a symbol that
    another speaks of, gives no value.

    Examples
    --------
    >>> hour, btc = Timeframe.parse("1h"), Symbol("BTC", "USDT")
    >>> wants = {"tree": Decimal(3), "net": Decimal(-1)}
    >>> told = [ModelForecast(name, 0, {btc: weight}) for name, weight in wants.items()]
    >>> disagreement(told, ("tree", "net"), hour, 0).value
    Decimal('0.5')
    """
    names = set(declared)
    if len(names) < 2:
        return Reading(None, now_ms, len(names), "fewer than two forecasts are declared")
    own = [forecast for forecast in forecasts if forecast.model in names]
    as_of = min((min(now_ms, timeframe.end(f.closed_ms)) for f in own), default=None)
    if any(forecast.closed_ms > now_ms for forecast in own):
        as_of = max(forecast.closed_ms for forecast in own)
    silent = sorted(names - {forecast.model for forecast in own})
    if silent or len(own) != len(names):
        said = f"no forecast of {', '.join(silent)}" if silent else "a model forecasts twice"
        return Reading(None, as_of, len(names), said)
    symbols = sorted({symbol for forecast in own for symbol in forecast.weights})
    if not symbols:
        return Reading(None, as_of, len(names), "the forecasts speak of no symbol")
    most = _ZERO
    for symbol in symbols:
        weights = [forecast.weights.get(symbol) for forecast in own]
        sound = [weight for weight in weights if weight is not None and is_number(weight)]
        if len(sound) != len(weights):
            return Reading(None, as_of, len(names), f"a forecast of {symbol} is no number")
        most = max(most, _cancelled(sound))
    return Reading(most, as_of, len(names))


def _cancelled(weights: Sequence[Decimal]) -> Decimal:
    gross = sum((abs(weight) for weight in weights), _ZERO)
    return _ONE - abs(sum(weights, _ZERO)) / gross if gross else _ZERO


def _realised(
    symbol: Symbol, closes: Sequence[CloseAt], timeframe: Timeframe, count: int, span: Span
) -> Reading:
    if any(span.is_future(bar.ts_ms) for bar in closes):
        return blind(f"a bar of {symbol} opens in the future", max(bar.ts_ms for bar in closes))
    closed = {(b.ts_ms, b.close) for b in closes if timeframe.end(b.ts_ms) <= span.now_ms}
    bars = sorted(closed)[-(count + 1) :]
    if not bars:
        return blind(f"{symbol} has no closed bar")
    newest_ms = timeframe.end(bars[-1][0])
    as_of = min(span.now_ms, timeframe.end(newest_ms))
    wanted = [timeframe.shift(bars[-1][0], -step) for step in range(count, -1, -1)]
    if [ts for ts, _ in bars] != wanted:
        return blind(f"{symbol} lacks some of its last {count + 1} bars of {timeframe}", as_of)
    prices = [price for _, price in bars]
    if not all(math.isfinite(price) and price > 0 for price in prices):
        return blind(f"a close of {symbol} is no price", as_of)
    steps = (math.log(after / before) for before, after in pairwise(prices))
    root = math.sqrt(math.fsum(step * step for step in steps))
    return Reading(rounded(Decimal(repr(root))), as_of)
