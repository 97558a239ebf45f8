"""Bar by bar: a streaming library, which only ever sees the newest bar, gives the same values.

What it lacks is asked bar by bar in `test_indicators.py`: the newest bars alone, as many as the
memory, give what the whole gives.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest
from support.plugins import recorded
from talipp import indicators as talipp
from talipp.ohlcv import OHLCV

from xq.bars import FIELDS, Bars
from xq.indicators.registry import parse

ROWS, SETTLED = 2500, 1500
BANDS = {"ub": "upper", "cb": "middle", "lb": "lower"}
KD = {"k": "k", "d": "d"}


class Case(NamedTuple):
    """An indicator as the command line spells it, and its twin; its fields and our outputs."""

    ours: str
    twin: Callable[[Any], Any]
    fields: Mapping[str, str] = MappingProxyType({})


CASES = (
    Case("sma:20", lambda s: s.SMA(20)),
    Case("ema:20", lambda s: s.EMA(20)),
    Case("dema:20", lambda s: s.DEMA(20)),
    Case("tema:20", lambda s: s.TEMA(20)),
    Case("kama:10", lambda s: s.KAMA(10, 2, 30)),
    Case("rma:14", lambda s: s.SMMA(14)),
    Case("wma:20", lambda s: s.WMA(20)),
    Case("hma:20", lambda s: s.HMA(20)),
    Case("rsi:14", lambda s: s.RSI(14)),
    Case("roc:10", lambda s: s.ROC(10)),
    Case("std:20", lambda s: s.StdDev(20)),
    Case("cci:20", lambda s: s.CCI(20)),
    Case("atr:14", lambda s: s.ATR(14)),
    Case("psar", lambda s: s.ParabolicSAR(0.02, 0.02, 0.2), {"value": "psar"}),
    Case("supertrend:10:3", lambda s: s.SuperTrend(10, 3), {"value": "line"}),
    Case("macd:12:26:9", lambda s: s.MACD(12, 26, 9),
         {"macd": "macd", "signal": "signal", "histogram": "histogram"}),
    Case("stochrsi:14:14:3:3", lambda s: s.StochRSI(14, 14, 3, 3), KD),
    Case("stochastic:14:1:3", lambda s: s.Stoch(14, 3), KD),
    Case("adx:14", lambda s: s.ADX(14, 14),
         {"adx": "adx", "plus_di": "plus_di", "minus_di": "minus_di"}),
    Case("bbands:20:2", lambda s: s.BB(20, 2), BANDS),
    Case("keltner:20:10:2", lambda s: s.KeltnerChannels(20, 10, 2, 2), BANDS),
    Case("donchian:20", lambda s: s.DonchianChannels(20), BANDS),
    Case("ichimoku:9:26:52:26", lambda s: s.Ichimoku(26, 9, 26, 52, 25),
         {"conversion_line": "conversion", "base_line": "base",
          "cloud_leading_fast_line": "span_a"}),
    Case("ad_change:20", lambda s: s.AccuDist()),
    Case("obv_change:20", lambda s: s.OBV()),
)  # fmt: skip


@pytest.fixture(scope="module")
def bars(market_data: Path) -> Bars:
    return recorded(market_data, "binance_spot_BTCUSDT_1h", "1h", -ROWS, ROWS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.ours)
def test_a_streaming_library_gives_the_same(case: Case, bars: Bars) -> None:
    request = parse(case.ours)
    ours = dict(zip(request.indicator.outputs, request.compute(bars).values(), strict=True))
    whole_bars = request.indicator.inputs != ("close",)
    line = _streamed(case.twin(talipp), bars, whole_bars)
    for field, output in (case.fields or {"": request.indicator.name}).items():
        theirs = np.array([_number(item, field) for item in line])
        if output.endswith("_change"):  # theirs is the running total
            theirs[20:] -= theirs[:-20].copy()
        found = ours[output][SETTLED:, 0]
        scale = np.median(np.abs(found))
        np.testing.assert_allclose(found, theirs[SETTLED:], rtol=1e-9, atol=1e-9 * scale)


def _streamed(twin: Any, bars: Bars, whole_bars: bool) -> list[Any]:
    line = []
    for bar in zip(*(getattr(bars, name)[:, 0].tolist() for name in FIELDS), strict=True):
        twin.add(OHLCV(*bar) if whole_bars else bar[3])
        line.append(twin[-1])
    return line


def _number(item: Any, field: str) -> float:
    value = getattr(item, field, None) if field else item
    return np.nan if value is None else float(value)
