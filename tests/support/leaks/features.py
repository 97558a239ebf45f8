"""The twenty-five leaks of features: each looks ahead where its twin does not."""

from support.leaks.pairs import SERIES, WINDOWS, Pair

PANDAS = (
    Pair(
        "shift(-1)",
        "close = series(bars)\nreturn held(close.shift(-1).ffill() > close)",
        "close = series(bars)\nreturn held(close > close.shift(1))",
    ),
    Pair(
        "rank(pct)",
        "return held(series(bars).rank(pct=True) > 0.5)",
        "return held(series(bars).rolling(20).rank(pct=True) > 0.5)",
    ),
    Pair(
        "centred rolling mean",
        "close = series(bars)\nreturn held(close > close.rolling(19, center=True).mean())",
        "close = series(bars)\nreturn held(close > close.rolling(19).mean())",
    ),
    Pair(
        "bfill",
        "close = series(bars)\nreturn held(close.where(close.index.hour == 23).bfill() > close)",
        "close = series(bars)\nreturn held(close.where(close.index.hour == 23).ffill() > close)",
        lookback="24",
    ),
    Pair(
        "interpolate",
        "close = series(bars)\n"
        "return held(close.where(close.index.hour == 0).interpolate() > close)",
        "close = series(bars)\nreturn held(close.where(close.index.hour == 0).ffill() > close)",
        lookback="24",
    ),
    Pair(
        "resampled, bfill",
        "close = series(bars)\ndays = close.resample('1D').mean()\n"
        "return held(days.reindex(close.index, method='bfill') > close)",
        "close = series(bars)\ndays = close.resample('1D').mean().shift(1)\n"
        "return held(days.reindex(close.index, method='ffill') > close)",
        lookback="48",
    ),
    Pair(
        "resampled, label=left",
        "close = series(bars)\ndays = close.resample('1D', label='left').last()\n"
        "return held(days.reindex(close.index, method='ffill') > close)",
        "close = series(bars)\ndays = close.resample('1D', label='right').last()\n"
        "return held(days.reindex(close.index, method='ffill') > close)",
        lookback="48",
    ),
    Pair(
        "qcut over all",
        "close = series(bars)\nreturn held(pd.qcut(close, 5, labels=False) == 0)",
        "close = series(bars)\nreturn held(close < close.rolling(20).quantile(0.2))",
    ),
    Pair(
        "target encoding",
        "close = series(bars)\nnext_bar = close.pct_change().shift(-1)\n"
        "return held(next_bar.groupby(close.index.hour).transform('mean') > 0)",
        "close = series(bars)\nchange = close.pct_change()\n"
        "return held(sum(change.shift(24 * day - 1) for day in range(1, 6)) > 0)",
        lookback="121",
    ),
)

NUMPY = (
    Pair(
        "z-score over all",
        "return long(bars.close < bars.close.mean(axis=0) - bars.close.std(axis=0))",
        "return long(ta.zscore(bars.close, 20) < -1)",
    ),
    Pair(
        "min-max over all",
        "low, high = bars.close.min(axis=0), bars.close.max(axis=0)\n"
        "return (bars.close - low) / (high - low)",
        "low, high = ta.donchian(bars, 20).lower, ta.donchian(bars, 20).upper\n"
        "return (bars.close - low) / (high - low)",
    ),
    Pair(
        "standard scaler fitted on all",
        "change = returns(bars)\n"
        "return long((change - np.nanmean(change)) / np.nanstd(change) > 0.5)",
        "change = returns(bars)\nreturn long(ta.zscore(change, 19) > 0.5)",
    ),
    Pair(
        "wavelet over all",
        "close, size = bars.close[:, 0], 8\n"
        "full = np.pad(close, (0, -len(close) % size), mode='edge').reshape(-1, size)\n"
        "return long(np.repeat(full.mean(axis=1), size)[: len(close)] > close).reshape(-1, 1)",
        "return long(last(bars.close, 8, lambda seen: seen.mean(axis=-1)) > bars.close)",
    ),
    Pair(
        "Savitzky-Golay",
        "from scipy.signal import savgol_filter\n"
        "return long(savgol_filter(bars.close, 19, 3, axis=0) > bars.close)",
        "from scipy.signal import savgol_coeffs\n"
        "ends = savgol_coeffs(19, 3, pos=18, use='dot')\n"
        "return long(last(bars.close, 19, lambda seen: (seen * ends).sum(axis=-1)) > bars.close)",
    ),
    Pair(
        "filtfilt",
        "from scipy.signal import butter, filtfilt\n"
        "return long(filtfilt(*butter(2, 0.1), bars.close, axis=0) > bars.close)",
        "from scipy.signal import butter, lfilter\n"
        "return long(lfilter(*butter(2, 0.1), bars.close, axis=0) > bars.close)",
        lookback="300",
    ),
    Pair(
        "low-pass by FFT over all",
        "spectrum = np.fft.rfft(bars.close, axis=0)\nspectrum[20:] = 0\n"
        "return long(np.fft.irfft(spectrum, n=len(bars), axis=0) > bars.close)",
        "def smooth(seen):\n    spectrum = np.fft.rfft(seen, axis=-1)\n    spectrum[..., 4:] = 0\n"
        "    return np.fft.irfft(spectrum, n=20, axis=-1)[..., -1]\n"
        "return long(last(bars.close, 20, smooth) > bars.close)",
    ),
    Pair(
        "hidden states, smoothed",
        """
        like = np.exp(-0.5 * (np.nan_to_num(returns(bars)) / [0.005, 0.015]) ** 2) / [0.005, 0.015]
        forward, back = np.ones((len(bars), 2)) / 2, np.ones((len(bars), 2)) / 2
        turn = np.array([[0.95, 0.05], [0.05, 0.95]])
        for t in range(1, len(bars)):
            forward[t] = like[t] * (turn * forward[t - 1][:, None]).sum(axis=0)
            forward[t] /= forward[t].sum()
        for t in range(len(bars) - 2, -1, -1):
            back[t] = (turn * like[t + 1] * back[t + 1]).sum(axis=1)
            back[t] /= back[t].sum()
        return long((forward * back)[:, :1] > (forward * back)[:, 1:])
        """,
        """
        like = np.exp(-0.5 * (np.nan_to_num(returns(bars)) / [0.005, 0.015]) ** 2) / [0.005, 0.015]
        forward = np.ones((len(bars), 2)) / 2
        turn = np.array([[0.95, 0.05], [0.05, 0.95]])
        for t in range(1, len(bars)):
            forward[t] = like[t] * (turn * forward[t - 1][:, None]).sum(axis=0)
            forward[t] /= forward[t].sum()
        return long(forward[:, :1] > forward[:, 1:])
        """,
        lookback="250",
    ),
    Pair(
        "k-means fitted on all",
        """
        low, high = bars.volume.min(), bars.volume.max()
        for _ in range(10):
            upper = np.abs(bars.volume - high) < np.abs(bars.volume - low)
            low, high = bars.volume[~upper].mean(), bars.volume[upper].mean()
        return long(upper)
        """,
        """
        def upper(seen):
            low, high = seen.min(axis=-1), seen.max(axis=-1)
            for _ in range(10):
                above = np.abs(seen - high[..., None]) < np.abs(seen - low[..., None])
                low = np.where(above, 0, seen).sum(axis=-1) / (~above).sum(axis=-1)
                high = np.where(above, seen, 0).sum(axis=-1) / above.sum(axis=-1)
            return above[..., -1].astype(float)
        return long(last(bars.volume, 20, upper) > 0)
        """,
    ),
    Pair(
        "principal component of all",
        """
        changes = [bars.close / lagged(bars.close, n) - 1 for n in (1, 5, 19)]
        table = np.nan_to_num(np.hstack(changes))
        first = np.linalg.svd(table - table.mean(axis=0), full_matrices=False)[2][0]
        score = (table * first * np.sign(first.sum())).sum(axis=1) / table[:, 0].std()
        return np.clip(score, -1, 1).reshape(-1, 1)
        """,
        """
        changes = [bars.close / lagged(bars.close, n) - 1 for n in (1, 5, 19)]
        table = np.nan_to_num(np.hstack(changes))
        return np.clip((table * [0.2, 0.4, 0.9]).sum(axis=1) * 20, -1, 1).reshape(-1, 1)
        """,
    ),
    Pair(
        "zig-zag that repaints",
        """
        low = last(bars.close, 11, lambda seen: seen.min(axis=-1))
        low = np.concatenate([low[5:], np.full((5, 1), np.nan)])
        high = last(bars.close, 11, lambda seen: seen.max(axis=-1))
        high = np.concatenate([high[5:], np.full((5, 1), np.nan)])
        return 1.0 * latch(bars.close == low, bars.close == high, 40)
        """,
        """
        low = last(bars.close, 11, lambda seen: seen.min(axis=-1))
        high = last(bars.close, 11, lambda seen: seen.max(axis=-1))
        confirmed = lagged(bars.close, 5)
        return 1.0 * latch(confirmed == low, confirmed == high, 40)
        """,
        lookback="50",
    ),
    Pair(
        "Fibonacci of the extremes of all",
        "low, high = bars.low.min(axis=0), bars.high.max(axis=0)\n"
        "return long(bars.close < high - 0.618 * (high - low))",
        "channel = ta.donchian(bars, 20)\n"
        "return long(bars.close < channel.upper - 0.618 * (channel.upper - channel.lower))",
    ),
    Pair(
        "trend line through all",
        "t = np.arange(len(bars))\nslope, start = np.polyfit(t, bars.close[:, 0], 1)\n"
        "return long(bars.close < (start + slope * t).reshape(-1, 1))",
        "t = np.arange(20) - 9.5\n"
        "ends = 1 / 20 + t * t[-1] / (t * t).sum()\n"
        "return long(last(bars.close, 20, lambda seen: (seen * ends).sum(axis=-1)) > bars.close)",
    ),
    Pair(
        "winsorised by all",
        "low, high = np.quantile(bars.close, [0.05, 0.95])\n"
        "return long(bars.close < low) + 0.5 * long(bars.close > high)",
        "low = last(bars.close, 20, lambda seen: np.quantile(seen, 0.05, axis=-1))\n"
        "return long(bars.close < low)",
    ),
    Pair(
        "volatility target of all",
        "return np.full(bars.close.shape, 0.005 / np.nanstd(returns(bars)))",
        "return np.clip(0.005 / ta.std(returns(bars), 19), 0, 1)",
    ),
    Pair(
        "next bar's high and open",
        "ahead = np.concatenate([bars.high[1:] + bars.open[1:], bars.high[-1:] + bars.open[-1:]])\n"
        "return long(ahead > 2.01 * bars.close)",
        "behind = lagged(bars.high, 1) + lagged(bars.open, 1)\n"
        "return long(behind > 2.01 * bars.close)",
    ),
)


def _with(module: str, pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
    return tuple(
        Pair(pair.name, pair.leak, pair.honest, pair.refused, pair.lookback, module)
        for pair in pairs
    )


FEATURES = _with(SERIES, PANDAS) + _with(WINDOWS, NUMPY)
