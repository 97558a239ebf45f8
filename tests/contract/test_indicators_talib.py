"""TA-Lib without its package: the same values, without pandas, in any order of import."""

import subprocess
import sys
from textwrap import dedent

import pytest

_SETUP = """
import sys
import numpy as np
price = 100 + np.cumsum(np.random.default_rng(5).normal(size=(4, 500)), axis=1)
high, low, close = price.max(axis=0), price.min(axis=0), price[0]
volume = np.abs(price[1])
CALLS = {
    "SMA": (close, 20), "EMA": (close, 20), "RMA": (close, 14), "WMA": (close, 20),
    "RSI": (close, 14), "STOCHF": (high, low, close, 14, 1, 0), "ROC": (close, 10),
    "CCI": (high, low, close, 20), "ADX": (high, low, close, 14),
    "PLUS_DI": (high, low, close, 14), "MINUS_DI": (high, low, close, 14),
    "SAR": (high, low, 0.02, 0.2), "TRANGE": (high, low, close), "ATR": (high, low, close, 14),
    "STDDEV": (close, 20, 1.0), "BBANDS": (close, 20, 2.0, 2.0, 0), "SUM": (volume, 20),
    "DONCHIAN": (high, low, 20), "MFI": (high, low, close, volume, 14),
}

def answers(library):
    return {name: np.atleast_2d(getattr(library, name)(*inputs)) for name, inputs in CALLS.items()}

def check_same(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert np.array_equal(ours[name], theirs[name], equal_nan=True), name
"""


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _SETUP + dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_it_loads_without_pandas_and_equals_the_package() -> None:
    assert (
        _run("""
        from xq.indicators.kernels import ta_lib
        bare = answers(ta_lib())
        assert not {"pandas", "polars", "talib"} & set(sys.modules)
        import talib
        check_same(bare, answers(talib))
        check_same(bare, answers(ta_lib()))
        import pandas, polars
        assert len(talib.SMA(pandas.Series(close), 5)) == 500
        print("same")
    """)
        == "same"
    )


@pytest.mark.parametrize("first", ["pandas", "talib", "polars"])
def test_where_those_are_loaded_the_package_serves(first: str) -> None:
    assert (
        _run(f"""
        import {first}
        from xq.indicators.kernels import ta_lib
        library = ta_lib()
        import talib.abstract
        assert library is talib._ta_lib
        import pandas
        assert talib.abstract.SMA(pandas.DataFrame({{"close": close}}), timeperiod=5).size == 500
        check_same(answers(library), answers(talib))
        print("same")
    """)
        == "same"
    )


def test_an_unexpected_layout_falls_back_to_the_package() -> None:
    assert (
        _run("""
        from xq.indicators import kernels
        kernels._extension = lambda: None
        library = kernels.ta_lib()
        assert "talib" in sys.modules
        check_same(answers(library), answers(sys.modules["talib"]))
        print("same")
    """)
        == "same"
    )
