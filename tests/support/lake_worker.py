"""What the torture of the lake lets a child process do until it is killed."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd  # noqa: F401 - pyarrow would import it in every child
import pyarrow as pa

from xq.collect.plan import jobs
from xq.lake import parquet
from xq.lake.compact import compact
from xq.lake.coverage import Coverage
from xq.lake.layout import Dataset, datasets
from xq.lake.ranges import Range
from xq.lake.remove import remove
from xq.lake.schema import KINDS
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe

HOUR, START = 3_600_000, 1_703_030_400_000  # 2023-12-20: commits cross a change of year
H1 = Timeframe.parse("1h")
SYMBOLS = ("AAA/USDT", "BBB/USDT", "CCC/USDT")
CHUNK = 24

Say = Callable[[str], None]
_WRITE = os.write  # a child may have put something else in its place


def dataset(symbol: str) -> Dataset:
    return Dataset("ohlcv", "binance", symbol, "1h")


def is_hole(hour: int) -> bool:
    """Hours the venue itself has no bar for."""
    return hour % 37 == 5


def bars(hours: "range | list[int]", price: float | None = None) -> pa.Table:
    """Bars whose values follow from their time, so that any reader can check them."""
    at = np.array([hour for hour in hours if not is_hole(hour)], dtype=np.int64)
    close = 100.0 + at % 97 if price is None else np.full(len(at), price)
    columns = [at * HOUR + START, close, close + 1, close - 1, close, np.ones(len(at))]
    schema = KINDS["ohlcv"].schema
    return pa.Table.from_arrays(
        [pa.array(column).cast(field.type) for column, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


def collect(root: Path, until: int, say: Say) -> None:
    """Bring every symbol up to an hour as collecting does: what is not covered, day by day.

    Says up to which hour a symbol must be durable, once a commit has returned.
    """
    writer = LakeWriter(root)

    def bring(symbol: str) -> None:
        item = dataset(symbol)
        wanted = Range(START, START + until * HOUR)
        for job in jobs(wanted, Coverage(root).covered(item), H1):
            for start in range(job.start_ms, job.end_ms, CHUNK * HOUR):
                piece = Range(start, min(start + CHUNK * HOUR, job.end_ms))
                first, stop = ((at - START) // HOUR for at in (piece.start_ms, piece.end_ms))
                writer.upsert(item, bars(range(first, stop)), covered=piece)
                say(f"{symbol} {stop}")

    with ThreadPoolExecutor(len(SYMBOLS)) as pool:
        list(pool.map(bring, SYMBOLS))


def collect_as_an_older_xq(root: Path, until: int, say: Say) -> None:
    """The same with another file layout, so that there is something to compact."""
    parquet._ROW_GROUP = 7
    collect(root, until, say)


def squeeze(root: Path, until: int, say: Say) -> None:
    """Compact everything."""
    for item in list(datasets(root)):
        compact(root, item)


def recover(root: Path, until: int, say: Say) -> None:
    """What every start does."""
    LakeWriter(root)


def drop(root: Path, until: int, say: Say) -> None:
    """Remove one symbol."""
    remove(root, dataset(SYMBOLS[-1]))


WORK = {
    "collect": collect,
    "older": collect_as_an_older_xq,
    "compact": squeeze,
    "recover": recover,
    "remove": drop,
}


def fork(work: Callable[[Say], None]) -> tuple[int, int]:
    """Run something in a child: its pid and the pipe it speaks through; exit 9 on an error."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    code = 9
    try:
        os.close(reading)
        work(lambda text: _say(writing, text))
        code = 0
    except BaseException as error:  # noqa: BLE001 - told to the parent; a child never returns
        _say(writing, f"! {type(error).__name__}: {error}")
    finally:
        os._exit(code)
    raise AssertionError


def _say(descriptor: int, text: str) -> None:
    _WRITE(descriptor, (text + "\n").encode())


def heard(descriptor: int) -> list[str]:
    """Everything a child said until it ended."""
    with os.fdopen(descriptor, "rb") as pipe:
        return pipe.read().decode().splitlines()
