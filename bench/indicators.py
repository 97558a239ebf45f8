"""Every registered indicator on a year of minutes, beside TA-Lib's C called directly.

    python bench/indicators.py [--rows 525600] [--rounds 7] [--each]

The pairs run in turns in one process. What counts is the total of those that TA-Lib has, as its
package is called by hand on float64 arrays, with the same inputs and outputs; the others are shown
beside it. `--each` prints every one.
"""

import argparse
import statistics
import sys
from collections.abc import Callable

import numpy as np
import talib
from common.paired import interleaved, judged, load

from xq.indicators.registry import every
from xq.timeframe import MINUTE_MS

ROWS = 525_600
LIMIT = 2.0

Lines = dict[str, np.ndarray]
Runs = dict[str, Callable[[], object]]


def market(rows: int) -> Lines:
    random = np.random.default_rng(1)
    close = 30_000 * np.exp(np.cumsum(random.normal(0, 0.0006, rows)))
    opens = np.concatenate(([30_000.0], close[:-1]))
    reach = np.abs(random.normal(0, 0.0003, (2, rows)))
    return {
        "ts": np.arange(rows) * MINUTE_MS,
        "open": opens,
        "high": np.maximum(opens, close) * (1 + reach[0]),
        "low": np.minimum(opens, close) * (1 - reach[1]),
        "close": close,
        "volume": random.lognormal(2, 1, rows),
    }


def direct(lines: Lines) -> Runs:
    """The same values from TA-Lib, as its users call it."""
    high, low, close, volume = (lines[name] for name in ("high", "low", "close", "volume"))
    bar = high, low, close
    return {
        "sma": lambda: talib.SMA(close, 20),
        "ema": lambda: talib.EMA(close, 20),
        "dema": lambda: talib.DEMA(close, 20),
        "tema": lambda: talib.TEMA(close, 20),
        "kama": lambda: talib.KAMA(close, 10),
        "rma": lambda: talib.RMA(close, 14),
        "wma": lambda: talib.WMA(close, 20),
        "hma": lambda: talib.HMA(close, 20),
        "macd": lambda: talib.MACD(close, 12, 26, 9),
        "rsi": lambda: talib.RSI(close, 14),
        "stochrsi": lambda: talib.STOCHRSI(close, 14, 14, 3),
        "stochastic": lambda: talib.STOCH(*bar, 14, 3, 0, 3, 0),
        "roc": lambda: talib.ROC(close, 10),
        "cci": lambda: talib.CCI(*bar, 20),
        "adx": lambda: (talib.ADX(*bar, 14), talib.PLUS_DI(*bar, 14), talib.MINUS_DI(*bar, 14)),
        "psar": lambda: talib.SAR(high, low, 0.02, 0.2),
        "supertrend": lambda: talib.SUPERTREND(*bar, 10, 3.0),
        "true_range": lambda: talib.TRANGE(*bar),
        "atr": lambda: talib.ATR(*bar, 14),
        "std": lambda: talib.STDDEV(close, 20, 1.0),
        "bbands": lambda: talib.BBANDS(close, 20, 2.0, 2.0, 0),
        "donchian": lambda: talib.DONCHIAN(high, low, 20),
        "keltner": lambda: talib.KC(*bar, 20, 10, 2.0),
        "obv": lambda: talib.OBV(close, volume),
        "ad": lambda: talib.AD(*bar, volume),
        "vwap": lambda: talib.VWAP(*bar, volume),
        "cmf": lambda: talib.CMF(*bar, volume, 20),
        "mfi": lambda: talib.MFI(*bar, volume, 14),
    }


def ours(lines: Lines) -> Runs:
    return {
        item.name: lambda item=item: item(*(lines[name] for name in item.inputs))
        for item in every()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--each", action="store_true")
    chosen = parser.parse_args()
    lines = market(chosen.rows)
    mine, theirs = ours(lines), direct(lines)
    shared = {name: run for name, run in mine.items() if name in theirs}
    rest = {name: run for name, run in mine.items() if name not in theirs}
    print(f"{chosen.rows:,} rows, {len(mine)} indicators, {load()}")
    if chosen.each:
        for name, run in mine.items():
            report(name, run, theirs.get(name), chosen.rounds)
    others = {"xq, the others": all_of(rest)}
    times = interleaved({"xq": all_of(shared), "ta-lib": all_of(theirs)} | others, chosen.rounds)
    for name, found in times.items():
        print(f"{name:16} {found}")
    title = f"{len(shared)} indicators, xq / ta-lib"
    return 0 if judged(title, times["xq"], times["ta-lib"], LIMIT) else 1


def all_of(runs: Runs) -> Callable[[], None]:
    def run() -> None:
        for each in runs.values():
            each()

    return run


def report(
    name: str, mine: Callable[[], object], theirs: Callable[[], object] | None, rounds: int
) -> None:
    pair = {"xq": mine} if theirs is None else {"xq": mine, "ta-lib": theirs}
    found = interleaved({who: all_of({name: run}) for who, run in pair.items()}, rounds)
    medians = {who: statistics.median(times.wall) * 1e3 for who, times in found.items()}
    print(f"{name:14}" + "".join(f"  {who} {ms:7.2f} ms" for who, ms in medians.items()))


if __name__ == "__main__":
    sys.exit(main())
