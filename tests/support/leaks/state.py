"""Leaks by memory: something survives from one call to the next, or a start is never forgotten."""

from support.leaks.pairs import AHEAD, IMPURE, SHORT, Pair

BELOW = "return np.where(bars.close < mean, 1.0, 0.0)"
ROLLING = "return np.where(bars.close < ta.sma(bars.close, 20), 1.0, 0.0)"

STATE = (
    Pair(
        "cache in the module",
        f"mean = CACHE.setdefault('mean', bars.close.mean(axis=0))\n{BELOW}",
        f"length = CACHE.setdefault('length', 20)\nmean = ta.sma(bars.close, length)\n{BELOW}",
        module="CACHE = {}",
    ),
    Pair(
        "attribute of the class",
        "if not hasattr(Subject, 'mean'):\n    Subject.mean = bars.close.mean(axis=0)\n"
        "mean = Subject.mean\n" + BELOW,
        "if not hasattr(Subject, 'length'):\n    Subject.length = 20\n"
        "mean = ta.sma(bars.close, Subject.length)\n" + BELOW,
    ),
    Pair(
        "memo by time",
        """
        ahead = np.append(bars.close[1:, 0], bars.close[-1, 0]) > bars.close[:, 0]
        for ts, value in zip(bars.ts.tolist(), ahead.tolist()):
            SEEN.setdefault(ts, float(value))
        return np.array([[SEEN[ts]] for ts in bars.ts.tolist()])
        """,
        """
        rose = bars.close[:, 0] > bars.open[:, 0]
        for ts, value in zip(bars.ts.tolist(), rose.tolist()):
            SEEN.setdefault(ts, float(value))
        return np.array([[SEEN[ts]] for ts in bars.ts.tolist()])
        """,
        module="SEEN = {}",
    ),
    Pair(
        "cached function",
        f"HELD.append(bars.close)\nmean = fitted(bars.symbols[0])\n{BELOW}",
        "return np.where(bars.close < (ta.sma(bars.close, kernel(4))), 1.0, 0.0)",
        module="""
        import functools
        HELD = []
        @functools.cache
        def fitted(symbol):
            return HELD[-1].mean(axis=0)
        """,
        honest_module="""
        import functools
        @functools.cache
        def kernel(half):
            return half * 5
        """,
    ),
    Pair(
        "mutable default argument",
        f"mean = remembered(bars.close)\n{BELOW}",
        f"mean = remembered(bars.close)\n{BELOW}",
        module="""
        def remembered(close, seen=[]):
            seen.append(close.mean(axis=0))
            return seen[0]
        """,
        honest_module="""
        def remembered(close, lengths=(20,)):
            return ta.sma(close, lengths[0])
        """,
    ),
    Pair(
        "generator kept alive",
        f"mean = MEANS.send(bars.close)\n{BELOW}",
        f"mean = next(ta.sma(close, 20) for close in [bars.close])\n{BELOW}",
        module="""
        def means():
            close = yield
            first = close.mean(axis=0)
            while True:
                close = yield first
        MEANS = means()
        next(MEANS)
        """,
        honest_module="",
    ),
    Pair(
        "stowed in another module",
        f"import math\nmath.kept = getattr(math, 'kept', bars.close.mean(axis=0))\n"
        f"mean = math.kept\n{BELOW}",
        f"import math\nmean = ta.sma(bars.close, math.isqrt(400))\n{BELOW}",
    ),
    Pair(
        "in the environment",
        "import os\nmean = float(os.environ.setdefault('MEAN', str(bars.close.mean())))\n" + BELOW,
        "names = {}\nmean = names.setdefault('MEAN', ta.sma(bars.close, 20))\n" + BELOW,
    ),
    Pair(
        "a thread that remembers",
        """
        import threading
        def work():
            KEPT.setdefault("mean", bars.close.mean(axis=0))
        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
        return np.where(bars.close < KEPT["mean"], 1.0, 0.0)
        """,
        """
        import threading
        found = {}
        def work():
            found["mean"] = ta.sma(bars.close, 20)
        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
        return np.where(bars.close < found["mean"], 1.0, 0.0)
        """,
        module="KEPT = {}",
    ),
    Pair(
        "counts its calls",
        "CALLS.append(1)\nreturn np.full(bars.close.shape, len(CALLS) % 2 * 0.5)",
        "calls = []\ncalls.append(1)\nreturn np.full(bars.close.shape, len(calls) * 0.5)",
        refused=AHEAD + SHORT + IMPURE,
        module="CALLS = []",
    ),
    Pair(
        "state on itself",
        "self.mean = bars.close.mean(axis=0)\nmean = self.mean\n" + BELOW,
        ROLLING,
        refused=IMPURE,
    ),
    Pair(
        "average declared too short",
        "return np.clip((ta.ema(bars.close, 10) / bars.close - 1) * 10, -1, 1)",
        "return np.clip((ta.sma(bars.close, 10) / bars.close - 1) * 10, -1, 1)",
        refused=SHORT,
    ),
    Pair(
        "running total",
        "signed = np.sign(np.diff(bars.close, axis=0, prepend=bars.close[:1])) * bars.volume\n"
        "return np.where(signed.cumsum(axis=0) > 0, 1.0, 0.0)",
        "signed = np.sign(np.diff(bars.close, axis=0, prepend=np.nan)) * bars.volume\n"
        "return np.where(ta.sma(signed, 19) > 0, 1.0, 0.0)",
        refused=SHORT,
    ),
    Pair(
        "expanding mean",
        "count = np.arange(1, len(bars) + 1).reshape(-1, 1)\n"
        "mean = bars.close.cumsum(axis=0) / count\n" + BELOW,
        ROLLING,
        refused=SHORT,
    ),
    Pair(
        "entry held for ever",
        """
        held, weights = 0.0, []
        for before, close in zip(bars.close[:-1, 0], bars.close[1:, 0]):
            held = 1.0 if close > before * 1.015 else 0.0 if close < before * 0.985 else held
            weights.append([held])
        return np.array([[0.0], *weights])
        """,
        """
        rise = bars.close / np.concatenate([bars.close[:1] * np.nan, bars.close[:-1]])
        return 1.0 * latch(rise > 1.015, rise < 0.985, 19)
        """,
        refused=SHORT,
    ),
    Pair(
        "day counted from the first row",
        "return (np.arange(len(bars)) % 24 < 12).astype(float).reshape(-1, 1)",
        "return (bars.ts // 3_600_000 % 24 < 12).astype(float).reshape(-1, 1)",
        refused=SHORT,
    ),
)
