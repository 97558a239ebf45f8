"""Direction and strength of a trend."""

from math import ceil
from typing import NamedTuple, cast

import numpy as np

from xq.indicators.indicator import Parameter, fading, indicator, indicators, length
from xq.indicators.kernels import ta_lib


class Adx(NamedTuple):
    """Result of `adx`, 0 to 100."""

    adx: np.ndarray
    plus_di: np.ndarray
    minus_di: np.ndarray


@indicators(
    Adx,
    inputs=("high", "low", "close"),
    parameters=(length(14),),
    memory=lambda n: fading(n + 1, 1 / n) + fading(n, 1 / n) - 1,
    kind="decaying",
    source="Wilder 1978, p. 35",
    start="sums of the first bars; adx by the simple average of its first values",
    units="percent",
)
def adx(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> tuple[np.ndarray, ...]:
    """Average directional index with the two directional indicators."""
    library = ta_lib()
    lines = (high, low, close, n)
    return library.ADX(*lines), library.PLUS_DI(*lines), library.MINUS_DI(*lines)


@indicator(
    inputs=("high", "low"),
    parameters=(
        Parameter("acceleration", 0.02, 0.001, 0.5),
        Parameter("maximum", 0.2, 0.01, 1.0),
    ),
    memory=lambda acceleration, _maximum: max(ceil(10 / acceleration), 50),
    kind="anchored",
    source="Wilder 1978, p. 9",
    start="first direction by directional movement, as TA-Lib has it",
    anchor="reversal",
    units="price",
)
def psar(high: np.ndarray, low: np.ndarray, acceleration: float, maximum: float) -> np.ndarray:
    """Parabolic stop and reverse: the price at which the trend is called over."""
    return cast(np.ndarray, ta_lib().SAR(high, low, acceleration, maximum))


class Supertrend(NamedTuple):
    """Result of `supertrend`: the stop in units of price, and 1 above it or -1 below."""

    line: np.ndarray
    direction: np.ndarray


@indicators(
    Supertrend,
    inputs=("high", "low", "close"),
    parameters=(length(10), Parameter("width", 3.0, 0.5, 10.0, "average true ranges")),
    memory=lambda n, width: fading(n + 1, 1 / n) + ceil(25 * width * width),
    kind="anchored",
    source="Olivier Seban, early 2000s; never in a paper",
    convention="Wilder's average true range around (h + l) / 2; the memory is that range's and the "
    "bars until price has passed a band, some width squared",
    start="upwards",
    anchor="reversal",
    units=("price", "number"),
)
def supertrend(
    high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int, width: float
) -> tuple[np.ndarray, ...]:
    """Supertrend: a stop some average true ranges away that only follows the trend."""
    line, direction = ta_lib().SUPERTREND(high, low, close, n, width)
    return line, np.where(np.isnan(line), np.nan, direction)


class Ichimoku(NamedTuple):
    """Result of `ichimoku`, in units of price."""

    conversion: np.ndarray
    base: np.ndarray
    leading_a: np.ndarray
    leading_b: np.ndarray
    span_a: np.ndarray
    span_b: np.ndarray


@indicators(
    Ichimoku,
    inputs=("high", "low"),
    parameters=(
        length(9, "conversion"),
        length(26, "base"),
        length(52, "slow"),
        length(26, "displacement", low=1),
    ),
    memory=lambda conversion, base, slow, displacement: (
        max(conversion, base, slow) + displacement - 1
    ),
    source="Hosoda 1969; Elliott 2007, Ichimoku Charts",
    convention="span_a and span_b are the cloud as drawn at this bar, made displacement - 1 bars "
    "before; leading_a and leading_b are made at this bar and drawn as far ahead; no lagging span, "
    "which is the close drawn into the past",
    units="price",
)
def ichimoku(
    high: np.ndarray, low: np.ndarray, conversion: int, base: int, slow: int, displacement: int
) -> tuple[np.ndarray, ...]:
    """Ichimoku: middles of three ranges, and the cloud between two of them."""
    library = ta_lib()
    quick, middle = (library.MIDPRICE(high, low, n) for n in (conversion, base))
    leading = (quick + middle) / 2, library.MIDPRICE(high, low, slow)
    return (quick, middle, *leading, *(_later(line, displacement - 1) for line in leading))


def _later(line: np.ndarray, bars: int) -> np.ndarray:
    moved = np.full(len(line), np.nan)
    moved[bars:] = line[: max(len(line) - bars, 0)]
    return moved
