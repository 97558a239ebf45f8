"""The law of strategies: every classic leak is refused by name, every honest twin passes."""

from pathlib import Path

import numpy as np
import pytest
from support.plugins import plugin, walk

from xq.errors import (
    BadWeights,
    ImpureStrategy,
    LookAhead,
    NoData,
    ShortWarmUp,
    StrategyBroken,
    StrategyError,
    StrategyTimeout,
)
from xq.strategy.sandbox import evaluate

LEAKS = {
    "shift(-1)": """
        close = bars.frame(bars.symbols[0])["close"]
        return np.sign(close.shift(-1).ffill() - close).to_numpy().reshape(-1, 1)
    """,
    "roll by one bar": "return np.sign(np.roll(bars.close, -1, axis=0) - bars.close)",
    "full-sample z-score": """
        score = (bars.close - bars.close.mean(axis=0)) / bars.close.std(axis=0)
        return np.clip(-score, -1, 1)
    """,
    "min-max scaling": """
        low, high = bars.close.min(axis=0), bars.close.max(axis=0)
        return (bars.close - low) / (high - low)
    """,
    "full-sample rank": """
        ranks = bars.close.argsort(axis=0).argsort(axis=0)
        return np.where(ranks > len(bars) / 2, 1.0, 0.0)
    """,
    "centred window": """
        close = bars.frame(bars.symbols[0])["close"]
        smooth = close.rolling(21, center=True, min_periods=1).mean()
        return np.where(close > smooth, 1.0, 0.0).reshape(-1, 1)
    """,
    "backfill": """
        close = bars.frame(bars.symbols[0])["close"]
        daily = close.where(np.arange(len(close)) % 24 == 23).bfill()
        return np.where(daily > close, 1.0, 0.0).reshape(-1, 1)
    """,
    "interpolation": """
        close = bars.frame(bars.symbols[0])["close"]
        path = close.where(np.arange(len(close)) % 24 == 0).interpolate()
        return np.where(path > close, 1.0, 0.0).reshape(-1, 1)
    """,
    "next bar's high": """
        high = np.vstack([bars.high[1:], bars.high[-1:]])
        return np.where(high > bars.close * 1.01, 1.0, 0.0)
    """,
    "next bar's open": """
        opened = np.vstack([bars.open[1:], bars.close[-1:]])
        return np.where(opened > bars.close, 1.0, 0.0) + 0.001 * opened / bars.close
    """,
    "last close": "return np.where(bars.close < bars.close[-1], 1.0, 0.0)",
    "low-pass filter over all": """
        spectrum = np.fft.rfft(bars.close, axis=0)
        spectrum[20:] = 0
        smooth = np.fft.irfft(spectrum, n=len(bars), axis=0)
        return np.where(bars.close < smooth, 1.0, 0.0)
    """,
    "trend line over all": """
        t = np.arange(len(bars))
        slope, start = np.polyfit(t, bars.close[:, 0], 1)
        return np.where(bars.close[:, 0] < start + slope * t, 1.0, 0.0).reshape(-1, 1)
    """,
    "winsorised by all": """
        low, high = np.quantile(bars.close, [0.05, 0.95], axis=0)
        return np.where(bars.close < low, 1.0, 0.0) + np.where(bars.close > high, 0.5, 0.0)
    """,
    "volatility target of all": """
        returns = np.diff(np.log(bars.close), axis=0, prepend=np.nan)
        return np.full(bars.close.shape, 0.01 / np.nanstd(returns))
    """,
}

CACHES = {
    "in the module": (
        "_STATE = {}",
        """
        if "mean" not in _STATE:
            _STATE["mean"] = bars.close.mean(axis=0)
        return np.where(bars.close < _STATE["mean"], 1.0, 0.0)
        """,
    ),
    "in the class": (
        "",
        """
        if not hasattr(Subject, "mean"):
            Subject.mean = bars.close.mean(axis=0)
        return np.where(bars.close < Subject.mean, 1.0, 0.0)
        """,
    ),
    "in a memo by time": (
        "_SEEN = {}",
        """
        ahead = np.vstack([bars.close[1:], bars.close[-1:]]) > bars.close
        for ts, value in zip(bars.ts.tolist(), ahead[:, 0].tolist()):
            _SEEN.setdefault(ts, float(value))
        return np.array([[_SEEN[ts]] for ts in bars.ts.tolist()])
        """,
    ),
}

SHORT = {
    "average of 30 in 20 bars": "return np.where(bars.close > ta.sma(bars.close, 30), 1.0, 0.0)",
    "recursive average": """
        spread = ta.ema(bars.close, 10) / bars.close - 1
        return np.clip(np.nan_to_num(spread) * 10, -1, 1)
    """,
    "running total": """
        signed = np.sign(np.diff(bars.close, axis=0, prepend=bars.close[:1])) * bars.volume
        return np.where(np.cumsum(signed, axis=0) > 0, 1.0, 0.0)
    """,
    "expanding mean": """
        mean = np.cumsum(bars.close, axis=0) / np.arange(1, len(bars) + 1).reshape(-1, 1)
        return np.where(bars.close > mean, 1.0, 0.0)
    """,
    "entry held for ever": """
        close = bars.close[:, 0]
        held, state = [], 0.0
        for t in range(len(close)):
            if t and close[t] > close[t - 1] * 1.02:
                state = 1.0
            elif t and close[t] < close[t - 1] * 0.98:
                state = 0.0
            held.append([state])
        return np.array(held)
    """,
    "row number": "return (np.arange(len(bars)) % 2).reshape(-1, 1).astype(float)",
}

IMPURE = {
    "reads a file": "open('prices.csv')\nreturn bars.close * 0",
    "swallows the refusal": """
        try:
            open("prices.csv").read()
        except OSError:
            pass
        return bars.close * 0
    """,
    "writes a file": """
        from pathlib import Path
        Path("seen.txt").write_text("x")
        return bars.close * 0
    """,
    "reads with numpy": "return np.load('weights.npy')",
    "reads with pandas": "import pandas as pd\nreturn pd.read_csv('weights.csv').to_numpy()",
    "reads with Arrow": """
        import pyarrow.parquet as pq
        return pq.ParquetFile(__file__).read()
    """,
    "reads with compiled Polars": """
        import polars as pl
        return pl.scan_csv(__file__).collect().to_numpy()
    """,
    "reads with compiled DuckDB": """
        import duckdb
        return duckdb.sql(f"select * from read_text('{__file__}')").fetchall()
    """,
    "opens a socket": "import socket\nsocket.create_connection(('127.0.0.1', 9))",
    "looks a name up": "import socket\nsocket.gethostbyname('localhost')",
    "fetches": "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')",
    "starts a process": "import subprocess\nsubprocess.run(['true'])",
    "asks the shell": "import os\nos.system('true')",
    "calls the C library": "import ctypes\nctypes.CDLL(None).getpid()",
    "lists a folder": "import os\nos.listdir('/')",
    "writes into its input": "bars.close[0] = 1.0\nreturn bars.close * 0",
    "unlocks its input": "bars.close.flags.writeable = True\nreturn bars.close * 0",
    "adds in place": "close = bars.close\nclose += 1\nreturn close",
    "keeps state on itself": "self.last = bars.close[-1]\nreturn bars.close * 0",
    "throws dice": "return np.random.default_rng().uniform(size=bars.close.shape)",
}

HONEST = {
    "moving averages": (
        "ta.ema.memory(30)",
        "return ta.sign(ta.ema(bars.close, 10) - ta.ema(bars.close, 30)).clip(0)",
    ),
    "rolling z-score": ("50", "return np.clip(-ta.zscore(bars.close, 50) / 4, -1, 1)"),
    "pandas": (
        "30",
        """
        close = bars.frame(bars.symbols[0])["close"]
        return (close > close.rolling(30).mean()).astype(float).to_numpy().reshape(-1, 1)
        """,
    ),
    "pandas-ta-classic": (
        "250",
        """
        import pandas_ta_classic as pta
        strength = pta.rsi(bars.frame(bars.symbols[0])["close"], length=7)
        return (strength < 50).astype(float).to_numpy().reshape(-1, 1)
        """,
    ),
    "latch": (
        "ta.rsi.memory(14) + 40 - 1",
        """
        strength = ta.rsi(bars.close, 14)
        return latch(strength < 35, strength > 55, max_bars=40).astype(float)
        """,
    ),
    "lagged bar": (
        "3",
        "rise = np.where(bars.close[2:] > bars.close[:-2], 1.0, 0.0)\n"
        "return np.vstack([np.zeros((2, 1)), rise])",
    ),
    "Polars, computing only": (
        "20",
        """
        import polars as pl
        mean = pl.Series(bars.close[:, 0]).rolling_mean(20).to_numpy()
        return np.where(bars.close[:, 0] > mean, 1.0, 0.0).reshape(-1, 1)
        """,
    ),
    "TA-Lib's own package": (
        "20",
        """
        import talib
        mean = talib.SMA(bars.close[:, 0].copy(), 20)
        return np.where(bars.close[:, 0] > mean, 1.0, 0.0).reshape(-1, 1)
        """,
    ),
    "lazily imported library": (
        "5",
        "import json, decimal\nreturn np.where(bars.close > bars.open, 1.0, 0.0)",
    ),
    "prints": ("1", "print('hello from the plugin')\nreturn bars.close * 0 + 0.5"),
    "honest state within the call": (
        "1",
        """
        weights = np.empty_like(bars.close)
        weights[:] = np.where(bars.close > bars.open, 1.0, -1.0)
        return weights
        """,
    ),
}


def _refused(tmp_path: Path, body: str, kind: type[StrategyError], **options: str) -> StrategyError:
    with pytest.raises(StrategyError) as caught:
        evaluate(plugin(tmp_path, body, **options), walk(), seed=3)
    assert type(caught.value) is kind, caught.value
    assert caught.value.where
    assert caught.value.where.startswith(str(tmp_path / "subject.py"))
    return caught.value


@pytest.mark.parametrize("body", LEAKS.values(), ids=LEAKS)
def test_future_is_refused(tmp_path: Path, body: str) -> None:
    error = _refused(tmp_path, body, LookAhead)
    assert "C0/USDT at 1970-01-" in error.message


@pytest.mark.parametrize(("module", "body"), CACHES.values(), ids=CACHES)
def test_a_cache_cannot_carry_the_future(tmp_path: Path, module: str, body: str) -> None:
    _refused(tmp_path, body, LookAhead, module=module)


@pytest.mark.parametrize("body", SHORT.values(), ids=SHORT)
def test_short_warm_up_is_refused(tmp_path: Path, body: str) -> None:
    lookback = "30" if "recursive" in body or "ta.ema" in body else "20"
    kind = BadWeights if "ta.sma" in body and lookback == "30" else ShortWarmUp
    _refused(tmp_path, body, kind, lookback=lookback)


def test_a_cache_cannot_hide_a_short_warm_up(tmp_path: Path) -> None:
    body = """
        for ts, price in zip(bars.ts.tolist(), bars.close[:, 0].tolist()):
            _PAST[ts] = price
        mean = [np.mean([p for s, p in _PAST.items() if s <= ts][-60:]) for ts in bars.ts.tolist()]
        return np.where(bars.close[:, 0] > mean, 1.0, 0.0).reshape(-1, 1)
    """
    _refused(tmp_path, body, ShortWarmUp, module="_PAST = {}")


@pytest.mark.parametrize("body", IMPURE.values(), ids=IMPURE)
def test_the_outside_world_is_refused(tmp_path: Path, body: str) -> None:
    error = _refused(tmp_path, body, ImpureStrategy)
    if "default_rng" not in body:
        assert error.where is not None
        assert error.where.rpartition(":")[2].isdigit(), error.where
    assert not (tmp_path / "seen.txt").exists()


def test_a_file_read_while_loading_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fitted.csv").write_text("1,2,3")
    module = f"TABLE = open({str(tmp_path / 'fitted.csv')!r}).read()"
    _refused(tmp_path, "return bars.close * 0", ImpureStrategy, module=module)


@pytest.mark.parametrize(("lookback", "body"), HONEST.values(), ids=HONEST)
def test_honest_strategies_pass(tmp_path: Path, lookback: str, body: str) -> None:
    spec = plugin(tmp_path, body, lookback=lookback)
    evaluation = evaluate(spec, walk(), seed=3)
    assert len(evaluation.checked_rows) == 24
    assert evaluation.checked_rows[0] == evaluation.lookback - 1
    assert evaluation.checked_rows[-1] == 599
    assert evaluation.thin_margins == ()
    warm_up, rest = np.split(evaluation.weights, [evaluation.lookback - 1])
    assert np.isnan(warm_up).all()
    assert np.isfinite(rest).all()


def test_what_it_prints_is_kept_apart(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    body = "import sys\nprint('seen once')\nprint('and this', file=sys.stderr)\nreturn bars.close*0"
    evaluation = evaluate(plugin(tmp_path, body), walk())
    assert evaluation.printed.splitlines() == ["and this", "seen once"]
    assert capfd.readouterr() == ("", "")


def test_rounding_alone_is_listed_not_refused(tmp_path: Path) -> None:
    # The mean of a flat stretch differs from the price by rounding: which way depends on history.
    bars = walk(600)
    close = bars.close.copy()
    close[400:] = close[400] / 3
    flat = type(bars).of(bars.timeframe, bars.symbols, bars.ts, close=close)
    body = """
        total = np.cumsum(bars.close, axis=0)
        mean = (total[20:] - total[:-20]) / 20
        return np.vstack([np.zeros((20, 1)), np.where(bars.close[20:] > mean, 1.0, 0.0)])
    """
    evaluation = evaluate(plugin(tmp_path, body, lookback="21"), flat, rows="all")
    assert evaluation.thin_margins
    assert all(thin.ts_ms >= 400 * 3_600_000 for thin in evaluation.thin_margins)
    assert {thin.full - thin.window for thin in evaluation.thin_margins} <= {1.0, -1.0}


def test_matrix_rounding_is_explained(tmp_path: Path) -> None:
    body = "return bars.close * 0 + (len(bars) % 7) * 1e-15"
    error = _refused(tmp_path, body, LookAhead)
    assert error.hint is not None
    assert "matrix products" in error.hint


def test_every_row_can_be_asked(tmp_path: Path) -> None:
    body = """
        weights = np.where(bars.close > bars.open, 1.0, 0.0)
        if len(bars) > 300:
            weights[299] += 0.25
        return weights
    """
    bars = walk(600)
    with pytest.raises(StrategyError):
        evaluate(plugin(tmp_path, body, lookback="5"), bars, rows="all")


def test_weights_of_many_symbols_are_checked_each(tmp_path: Path) -> None:
    bars = walk(400, symbols=3)
    honest = "return np.where(bars.close > ta.sma(bars.close, 20), 1.0, 0.0) / 3"
    assert evaluate(plugin(tmp_path, honest), bars).weights.shape == (400, 3)
    leak = f"weights = {honest.removeprefix('return ')}\nweights[:, 2] += bars.close[-1, 2] / 1e6"
    with pytest.raises(LookAhead, match="C2/USDT"):
        evaluate(plugin(tmp_path, leak + "\nreturn weights"), bars)


def test_nan_is_legal_until_a_symbol_has_traded_for_a_lookback(tmp_path: Path) -> None:
    bars = walk(400, symbols=2)
    close = bars.close.copy()
    close[:150, 1] = np.nan  # listed later
    close[300, 1] = np.nan  # one hole
    holey = type(bars).of(bars.timeframe, bars.symbols, bars.ts, close=close)
    body = "return ta.sign(bars.close - ta.sma(bars.close, 20)) / 2"
    weights = evaluate(plugin(tmp_path, body), holey).weights
    assert np.flatnonzero(np.isnan(weights[:, 1])).tolist() == [*range(169), *range(300, 320)]
    assert np.isfinite(weights[19:, 0]).all()
    dropped = f"weights = {body.removeprefix('return ')}\nweights[330:, 1] = np.nan\nreturn weights"
    with pytest.raises(BadWeights, match="nan for C1/USDT"):
        evaluate(plugin(tmp_path, dropped), holey)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return bars.close[:, 0]", "(600, 1), found (600,)"),
        ("return bars.close[1:]", "(600, 1), found (599, 1)"),
        ("return None", "found None"),
        ("return bars.close / 0", "weights must be finite, found inf"),
        (
            "return np.where(np.arange(600) < 300, 1, np.nan)[: len(bars)].reshape(-1, 1)",
            "no weight",
        ),
    ],
)
def test_bad_weights(tmp_path: Path, body: str, expected: str) -> None:
    assert expected in _refused(tmp_path, body, BadWeights).message


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return bars.closs", "AttributeError"),
        ("raise RuntimeError('no luck\\nat all')", "RuntimeError: no luck"),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("return ta.ema(bars.close, 1)", "length must be"),
        ("import os\nos._exit(0)", "ended its own process"),
        ("import os, signal\nsignal.raise_signal(signal.SIGSEGV)", "died of signal 11"),
    ],
)
def test_whatever_it_raises_has_its_line(tmp_path: Path, body: str, expected: str) -> None:
    error = _refused(tmp_path, body, StrategyBroken)
    assert expected in error.message
    if "process" not in expected and "signal" not in expected:
        assert error.where is not None
        assert error.where.rpartition(":")[2].isdigit()


def test_an_endless_strategy_is_killed(tmp_path: Path) -> None:
    spec = plugin(tmp_path, "while True: pass")
    with pytest.raises(StrategyTimeout):
        evaluate(spec, walk(), deadline_s=0.7)
    loading = plugin(tmp_path, "return bars.close", module="while True: pass")
    with pytest.raises(StrategyTimeout):
        evaluate(loading, walk(), deadline_s=0.7)


def test_too_few_bars_and_missing_inputs(tmp_path: Path) -> None:
    with pytest.raises(NoData, match="needs 700 bars for its first weight, found 600"):
        evaluate(plugin(tmp_path, "return bars.close", lookback="700"), walk())
    spec = plugin(tmp_path, "return bars.close", attributes="inputs = ('funding',)")
    with pytest.raises(NoData, match="needs funding"):
        evaluate(spec, walk())


def test_secrets_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XQ_API_SECRET", "hush")
    body = "import os\nassert 'XQ_API_SECRET' not in os.environ\nreturn bars.close * 0"
    evaluate(plugin(tmp_path, body), walk())


def test_its_process_imports_nothing_it_does_not_need(tmp_path: Path) -> None:
    body = """
        import sys
        heavy = {"pandas", "polars", "pyarrow", "pydantic", "talib", "typer", "rich", "sqlalchemy"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
        return bars.close * 0
    """
    evaluate(plugin(tmp_path, body), walk())
