"""Eight processes at once, and pages in every disorder: one committed state, one hash."""

import json
import random
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from xq.errors import PoisonRows
from xq.lake import layout
from xq.lake.audit import check
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.schema import KINDS
from xq.lake.verify import verify
from xq.lake.writer import LakeWriter

HOUR, START = 3_600_000, 1_703_030_400_000  # 2023-12-20
BTC = Dataset("ohlcv", "binance", "BTC/USDT", "1h")
SCHEMA = KINDS["ohlcv"].schema

COMMON = """
    import json, sys
    import numpy as np
    HOUR, START = 3_600_000, 1_703_030_400_000
    root, role, number = sys.argv[1], sys.argv[2], int(sys.argv[3])

    def judged(hours, close, before):
        assert len(set(hours.tolist())) == len(hours), "a row twice"
        assert (close == 1.0 + hours // 24 * 24).all(), "a mixture of rows"
        days, counts = np.unique(hours // 24, return_counts=True)
        whole = set(days.tolist())
        assert (counts == 24).all(), "half a commit"
        assert before <= whole, "a commit that was there is gone"
        return whole

    def started():
        print("ready", flush=True)
        sys.stdin.readline()
"""

PROCESS = """
    from pathlib import Path
    import pyarrow as pa
    from xq.errors import LockHeld
    from xq.lake import parquet
    from xq.lake.compact import compact
    from xq.lake.layout import Dataset
    from xq.lake.reader import Lake
    from xq.lake.writer import LakeWriter

    BTC = Dataset("ohlcv", "binance", "BTC/USDT", "1h")
    root = Path(root)

    def day(first):
        ts = (np.arange(first, first + 24) * HOUR) + START
        one = np.full(24, 1.0 + first)
        names = ("ts", "open", "high", "low", "close", "volume")
        return pa.table(dict(zip(names, (ts, one, one, one, one, one))))

    looks = 0
    started()
    if role == "writer":
        writer = LakeWriter(root, wait_seconds=300)
        for place in range(20):
            assert writer.upsert(BTC, day((place * 4 + number) * 24)).added == 24
    elif role == "compactor":
        while looks < 10:  # each rewrites what the one before, or a writer, has left
            parquet._ROW_GROUP = 131_079 - parquet._ROW_GROUP
            try:
                looks += compact(root, BTC).rewritten > 0
            except LockHeld:  # five seconds are not much among five on a slow machine
                continue
    else:
        lake, before = Lake(root), set()
        while len(before) < 80:
            table = lake.table(BTC)
            hours = (np.asarray(table["ts"].cast(pa.int64())) - START) // HOUR
            before = judged(hours, np.asarray(table["close"]), before)
            looks += 1
    print(json.dumps(looks))
"""

FOREIGN = """
    import duckdb

    connection = duckdb.connect()
    query = f'''
        SELECT (epoch_ms(ts) - {START}) // {HOUR} AS hour, close
        FROM read_parquet('{root}/ohlcv/*/*/*/*/part.parquet')
    '''
    looks, before = 0, set()
    started()
    while len(before) < 80:
        try:
            rows = connection.execute(query).fetchnumpy()
        except duckdb.Error:  # none yet, or replaced between its two looks at a file: it says so
            continue
        before = judged(np.asarray(rows["hour"]), np.asarray(rows["close"]), before)
        looks += 1
    print(json.dumps(looks))
"""


def _start(root: Path, role: str, number: int) -> "subprocess.Popen[str]":
    own = FOREIGN if role == "duckdb" else PROCESS
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(COMMON) + textwrap.dedent(own),
         root, role, str(number)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_eight_processes_write_compact_and_read_at_once(tmp_path: Path) -> None:
    """4 writers, 1 compactor, 2 readers, 1 DuckDB without xq on one dataset, until all is there.

    Every state that anyone saw was committed: whole days, none twice, none that went away. DuckDB
    opens a file twice and fails if it was replaced in between; every answer it gives is whole.
    """
    roles = [("writer", number) for number in range(4)]
    roles += [("compactor", 0), ("reader", 0), ("reader", 1), ("duckdb", 0)]
    LakeWriter(tmp_path)
    running = [_start(tmp_path, *role) for role in roles]
    assert len(running) == 8
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    try:
        for process, role in zip(running, roles, strict=True):
            stdout, stderr = process.communicate(timeout=600)
            assert process.returncode == 0, f"{role}: {stderr}"
            assert json.loads(stdout) >= 1 or role[0] == "writer"
    finally:
        for process in running:
            process.kill()
            process.communicate()
    assert Lake(tmp_path).table(BTC).num_rows == 4 * 20 * 24
    assert verify(tmp_path, BTC).faults == ()
    assert list(check(Lake(tmp_path))) == []


def _bars(hours: list[int], *, revised: frozenset[int] = frozenset()) -> pa.Table:
    at = np.asarray(hours, dtype=np.int64)
    close = 100.0 + at % 13 + np.isin(at, list(revised)) * 0.5
    columns = [at * HOUR + START, close, close + 1, close - 1, close, np.ones(len(at))]
    return pa.Table.from_arrays(
        [pa.array(column).cast(field.type) for column, field in zip(columns, SCHEMA, strict=True)],
        schema=SCHEMA,
    )


def _disorder(chance: random.Random, last: int) -> list[list[int]]:
    """Pages over hours 0 to ``last``: overlapping, repeated, truncated, shuffled in and out."""
    pages = []
    first = 0
    while first < last:
        size = chance.randint(1, 90)
        page = list(range(max(0, first - chance.randint(0, 20)), min(last, first + size)))
        page += chance.sample(page, chance.randint(0, len(page) // 3))
        chance.shuffle(page)
        pages.append(page)
        first += size
    pages += [page[: len(page) // 2] for page in chance.sample(pages, len(pages) // 3)]
    chance.shuffle(pages)
    return pages


@pytest.mark.parametrize("seed", range(12))
def test_pages_in_any_disorder_end_as_the_same_bytes(tmp_path: Path, seed: int) -> None:
    """Unfinished bars are refused whole pages at a time and come again when they are over."""
    chance, last = random.Random(seed), 500
    now_ms = START + last * HOUR
    writer = LakeWriter(tmp_path / "disorder")
    for page in _disorder(chance, last):
        writer.upsert(BTC, _bars(page), known_until_ms=now_ms)
        if chance.random() < 0.2:
            with pytest.raises(PoisonRows, match="not over"):
                writer.upsert(BTC, _bars([*page, last]), known_until_ms=now_ms)
    revised = frozenset(chance.sample(range(last), 25))
    for hour in chance.sample(sorted(revised), len(revised)):
        assert writer.upsert(BTC, _bars([hour], revised=revised)).revised == 1
    plain = LakeWriter(tmp_path / "plain")
    plain.upsert(BTC, _bars(list(range(last)), revised=revised))
    one, other = ({path.relative_to(root): path.read_bytes() for path in root.rglob(layout.PART)}
                  for root in (tmp_path / "disorder", tmp_path / "plain"))  # fmt: skip
    assert one == other
