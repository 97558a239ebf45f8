"""The strategy author's namespace: ``from xq import indicators as ta``, then ``ta.ema(...)``."""

from xq.indicators.averages import dema, ema, hma, kama, rma, sma, tema, wma
from xq.indicators.fracdiff import frac_diff
from xq.indicators.momentum import cci, macd, roc, rsi, stochastic, stochrsi
from xq.indicators.order_flow import volume_burst
from xq.indicators.swings import fibonacci
from xq.indicators.tools import cross_above, cross_below, sign
from xq.indicators.trend import adx, ichimoku, psar, supertrend
from xq.indicators.volatility import atr, bbands, donchian, keltner, std, true_range, zscore
from xq.indicators.volume import ad, ad_change, cmf, mfi, obv, obv_change, rolling_vwap, vwap
from xq.indicators.wavelets import wavelet

__all__ = [
    "ad", "ad_change", "adx", "atr", "bbands", "cci", "cmf", "cross_above", "cross_below", "dema",
    "donchian", "ema", "fibonacci", "frac_diff", "hma", "ichimoku", "kama", "keltner", "macd",
    "mfi", "obv", "obv_change", "psar", "rma", "roc", "rolling_vwap", "rsi", "sign", "sma", "std",
    "stochastic", "stochrsi", "supertrend", "tema", "true_range", "volume_burst", "vwap", "wavelet",
    "wma", "zscore",
]  # fmt: skip
