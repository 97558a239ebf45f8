"""The strategy author's namespace: ``from xq import indicators as ta``, then ``ta.ema(...)``."""

from xq.indicators.averages import ema, hma, rma, sma, wma
from xq.indicators.momentum import cci, macd, roc, rsi, stochastic, stochrsi
from xq.indicators.tools import cross_above, cross_below, sign
from xq.indicators.trend import adx, psar
from xq.indicators.volatility import atr, bbands, donchian, keltner, std, true_range, zscore
from xq.indicators.volume import mfi, obv_change, vwap

__all__ = [
    "adx", "atr", "bbands", "cci", "cross_above", "cross_below", "donchian", "ema", "hma",
    "keltner", "macd", "mfi", "obv_change", "psar", "rma", "roc", "rsi", "sign", "sma", "std",
    "stochastic", "stochrsi", "true_range", "vwap", "wma", "zscore",
]  # fmt: skip
