"""Leaks by reaching out: files, clocks, processes, dice, and the input itself."""

from support.leaks.pairs import IMPURE, Pair

FLAT = "return bars.close * 0"
ROLLING = "return np.where(bars.close < ta.sma(bars.close, 20), 1.0, 0.0)"

OUTSIDE = (
    Pair(
        "reads a file",
        f"open('future.csv').read()\n{FLAT}",
        f"import io\nio.StringIO('1,2').read()\n{FLAT}",
        refused=IMPURE,
    ),
    Pair(
        "reads a file while loading",
        FLAT,
        FLAT,
        refused=IMPURE,
        module="FITTED = open('/etc/hostname').read()",
        honest_module="FITTED = '1,2'.split(',')",
    ),
    Pair(
        "reads with Arrow",
        f"import pyarrow.parquet as pq\npq.read_table(__file__)\n{FLAT}",
        "import pyarrow as pa\n"
        "rose = pa.array(bars.close[:, 0] > bars.open[:, 0])\n"
        "return rose.to_numpy(zero_copy_only=False).astype(float).reshape(-1, 1)",
        refused=IMPURE,
    ),
    Pair(
        "writes a file for later",
        f"open('seen.txt', 'w').write('x')\n{FLAT}",
        f"import io\nio.StringIO().write('x')\n{FLAT}",
        refused=IMPURE,
    ),
    Pair(
        "swallows the refusal",
        f"try:\n    open('future.csv').read()\nexcept OSError:\n    pass\n{FLAT}",
        f"try:\n    [][0]\nexcept IndexError:\n    pass\n{FLAT}",
        refused=IMPURE,
    ),
    Pair(
        "shared memory",
        "from multiprocessing.shared_memory import SharedMemory\n"
        f"SharedMemory(create=True, size=64)\n{FLAT}",
        f"bytearray(64)\n{FLAT}",
        refused=IMPURE,
    ),
    Pair(
        "starts a process",
        f"import subprocess\nsubprocess.run(['true'])\n{FLAT}",
        ROLLING,
        refused=IMPURE,
    ),
    Pair(
        "opens a socket",
        f"import socket\nsocket.create_connection(('127.0.0.1', 9))\n{FLAT}",
        ROLLING,
        refused=IMPURE,
    ),
    Pair(
        "reads the clock",
        "import time\nreturn np.full(bars.close.shape, time.perf_counter_ns() % 10**9 / 10**9)",
        "return (bars.ts // 3_600_000 % 24).astype(float).reshape(-1, 1) / 24",
        refused=IMPURE,
    ),
    Pair(
        "throws dice",
        "return np.random.default_rng().uniform(size=bars.close.shape)",
        "return np.array([[np.random.default_rng(int(ts)).uniform()] for ts in bars.ts])",
        refused=IMPURE,
    ),
    Pair(
        "writes into its input",
        "close = bars.close\nclose[0] = 1.0\n" + FLAT,
        "close = bars.close.copy()\nclose[0] = 1.0\n" + FLAT,
        refused=IMPURE,
    ),
    Pair(
        "unlocks its input",
        "bars.close.flags.writeable = True\n" + FLAT,
        "close = np.array(bars.close)\nclose.flags.writeable = True\n" + FLAT,
        refused=IMPURE,
    ),
)
