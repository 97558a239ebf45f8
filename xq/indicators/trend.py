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
    convention="anchored at reversals; first direction by directional movement, as TA-Lib has it",
)
def psar(high: np.ndarray, low: np.ndarray, acceleration: float, maximum: float) -> np.ndarray:
    """Parabolic stop and reverse: the price at which the trend is called over."""
    return cast(np.ndarray, ta_lib().SAR(high, low, acceleration, maximum))
