"""What a backtest says about missing bars."""

import numpy as np

from xq.api.backtest_gaps import treated_gaps
from xq.bars import Bars
from xq.timeframe import HOUR_MS, Timeframe


def _bars(hours: list[int], empty: tuple[int, ...] = ()) -> Bars:
    ts = np.array(hours, dtype=np.int64) * HOUR_MS
    values = np.full((len(ts), 2), 10.0)
    values[list(empty), 1] = np.nan
    return Bars(Timeframe.parse("1h"), ("A/USDT", "B/USDT"), ts, *[values] * 5)


def test_no_gap_is_not_mentioned() -> None:
    assert treated_gaps(_bars([0, 1, 2]), "refuse") == []


def test_what_was_dropped_is_counted() -> None:
    assert treated_gaps(_bars([0, 3, 4, 6]), "drop") == [
        "gaps: drop; 3 bars in 2 gaps are left out, nothing was filled"
    ]


def test_what_was_flagged_is_counted_by_symbol() -> None:
    assert treated_gaps(_bars([0, 1, 3], (0, 2)), "flag") == [
        "gaps: flag; 1 bars in 1 gap are absent for every symbol, nothing was filled",
        "gaps: flag; bars without a price, not tradable: B/USDT 2",
    ]
