"""Leaks of a pipeline: what is selected, tuned or fitted before the future is cut off."""

from support.leaks.pairs import WINDOWS, Pair

MODULE = (
    WINDOWS
    + """
def chosen(options, worth):
    best = np.argmax(np.stack(worth), axis=0)
    return np.choose(best, options)
def earned(signal, bars):
    held = np.nan_to_num(lagged(signal, 1)) * np.nan_to_num(returns(bars))
    return held
def recent(values, n=20):
    return np.nan_to_num(last(values, n, lambda seen: seen.sum(axis=-1)))
def whole(values):
    return np.broadcast_to(values.sum(axis=0), values.shape)
"""
)

_SIGNALS = """
signals = [long(bars.close > lagged(bars.close, n)) for n in (1, 3, 9)]
"""
_FEATURES = """
features = [
    np.nan_to_num(returns(bars)),
    np.nan_to_num(bars.close / bars.open - 1),
    np.nan_to_num(bars.high + bars.low - 2 * bars.close) / bars.close,
]
"""

PIPELINE = (
    Pair(
        "tuning on the tested bars",
        _SIGNALS + "return chosen(signals, [whole(earned(s, bars)) for s in signals])",
        _SIGNALS
        + "return chosen(signals, [np.round(recent(earned(s, bars)), 9) for s in signals])",
        lookback="40",
        module=MODULE,
    ),
    Pair(
        "selection before the split",
        _FEATURES
        + "ahead = np.vstack([returns(bars)[1:], np.zeros((1, bars.close.shape[1]))])\n"
        + "worth = [whole(f * np.nan_to_num(ahead)) for f in features]\n"
        + "return long(chosen(features, worth) > 0)",
        _FEATURES
        + "worth = [np.round(recent(earned(f, bars)), 9) for f in features]\n"
        + "return long(chosen(features, worth) > 0)",
        lookback="40",
        module=MODULE,
    ),
    Pair(
        "threshold on the full sample",
        "return long(returns(bars) > np.nanquantile(returns(bars), 0.7))",
        "edge = last(returns(bars), 18, lambda seen: np.quantile(seen, 0.7, axis=-1))\n"
        "return long(returns(bars) > edge)",
        module=WINDOWS,
    ),
    Pair(
        "d of the full sample",
        "d = 0.3 + 0.4 * (np.nanstd(returns(bars)) > np.nanstd(returns(bars)[:50]))\n"
        "return long(bars.close - d * lagged(bars.close, 1) > (1 - d) * 100.2)",
        "return long(bars.close - 0.4 * lagged(bars.close, 1) > 0.6 * 100.2)",
        module=WINDOWS,
    ),
    Pair(
        "slices by today's volume",
        "day = bars.ts // 86_400_000\n"
        "whole = np.array([bars.volume[day == d].sum() for d in day]).reshape(-1, 1)\n"
        "return np.clip(bars.volume / whole, 0, 1)",
        "past = last(bars.volume, 20, lambda seen: seen.sum(axis=-1))\n"
        "return np.clip(bars.volume / past, 0, 1)",
        module=WINDOWS,
    ),
)
