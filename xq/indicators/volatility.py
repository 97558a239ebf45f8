"""Ranges, dispersion and the bands drawn from them."""

from typing import NamedTuple, cast

import numpy as np

from xq.indicators.averages import MEAN
from xq.indicators.indicator import Parameter, fading, indicator, indicators, length
from xq.indicators.kernels import ta_lib


class Bands(NamedTuple):
    """Result of `bbands`, `donchian` and `keltner`, in units of price."""

    upper: np.ndarray
    middle: np.ndarray
    lower: np.ndarray


@indicator(
    inputs=("high", "low", "close"),
    memory=lambda: 2,
    source="Wilder 1978, p. 21",
    convention="none for the first bar, which has no close before it",
    units="price",
)
def true_range(high: np.ndarray, low: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Range of the bar, widened to the close before it."""
    return cast(np.ndarray, ta_lib().TRANGE(high, low, close))


@indicator(
    inputs=("high", "low", "close"),
    parameters=(length(14),),
    memory=lambda n: fading(n + 1, 1 / n),
    kind="decaying",
    source="Wilder 1978, p. 21",
    convention="Wilder's average, in units of price",
    start=f"{MEAN} that have a close before them",
    units="price",
)
def atr(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Average true range."""
    return cast(np.ndarray, ta_lib().ATR(high, low, close, n))


@indicator(
    parameters=(length(20),),
    memory=lambda n: n,
    source="Bollinger 2001, ch. 7",
    convention="of the population (divisor length)",
    ddof=0,
    units="price",
)
def std(series: np.ndarray, n: int) -> np.ndarray:
    """Standard deviation of the last bars."""
    return cast(np.ndarray, ta_lib().STDDEV(series, n, 1.0))


@indicator(
    parameters=(length(20),),
    memory=lambda n: n,
    source="Bollinger 2001, ch. 7",
    convention="population deviation; 0 where the series is flat",
    ddof=0,
    units="number",
)
def zscore(series: np.ndarray, n: int) -> np.ndarray:
    """Distance from the mean of the last bars in standard deviations."""
    library = ta_lib()
    deviation = library.STDDEV(series, n, 1.0)
    distance = series - library.SMA(series, n)
    score: np.ndarray = np.zeros_like(distance)
    np.divide(distance, deviation, out=score, where=deviation != 0)
    return score


@indicators(
    Bands,
    parameters=(length(20), Parameter("width", 2.0, 0.1, 10.0, "standard deviations")),
    memory=lambda n, _width: n,
    source="Bollinger 2001, ch. 7",
    convention="simple average, population deviation (divisor length)",
    ddof=0,
    units="price",
)
def bbands(series: np.ndarray, n: int, width: float) -> tuple[np.ndarray, ...]:
    """Bollinger bands: an average and a number of standard deviations around it."""
    return cast(tuple[np.ndarray, ...], ta_lib().BBANDS(series, n, width, width, 0))


@indicators(
    Bands,
    inputs=("high", "low"),
    parameters=(length(20),),
    memory=lambda n: n,
    source="Donchian 1960, Commodity Year Book",
    convention="this bar included; the middle is the mean of the two",
    units="price",
)
def donchian(high: np.ndarray, low: np.ndarray, n: int) -> tuple[np.ndarray, ...]:
    """Donchian channel: highest high and lowest low of the last bars."""
    return cast(tuple[np.ndarray, ...], ta_lib().DONCHIAN(high, low, n))


@indicators(
    Bands,
    inputs=("high", "low", "close"),
    parameters=(
        length(20),
        length(10, "atr_length"),
        Parameter("width", 2.0, 0.1, 10.0, "average true ranges"),
    ),
    memory=lambda n, m, _width: max(fading(n, 2 / (n + 1)), fading(m + 1, 1 / m)),
    kind="decaying",
    source="Raschke & Connors 1996, Street Smarts",
    convention="exponential average of the close, Wilder's average true range",
    start=f"each average by {MEAN}",
    units="price",
)
def keltner(
    high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int, m: int, width: float
) -> tuple[np.ndarray, ...]:
    """Keltner channel: an average and a number of average true ranges around it."""
    library = ta_lib()
    middle = library.EMA(close, n)
    reach = library.ATR(high, low, close, m)
    reach *= width
    return middle + reach, middle, middle - reach
