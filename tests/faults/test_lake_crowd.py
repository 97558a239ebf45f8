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

PROCESS = """
    import json, sys
    from pathlib import Path
    import numpy as np, pyarrow as pa
    from xq.lake.compact import compact
    from xq.lake.layout import Dataset
    from xq.lake.reader import Lake
    from xq.lake.writer import LakeWriter

    HOUR, START = 3_600_000, 1_703_030_400_000
    BTC = Dataset("ohlcv", "binance", "BTC/USDT", "1h")
    root, role, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

    def day(first):
        ts = (np.arange(first, first + 24) * HOUR) + START
        one = np.full(24, 1.0 + first)
        names = ("ts", "open", "high", "low", "close", "volume")
        return pa.table(dict(zip(names, (ts, one, one, one, one, one))))

    looks = 0
    if role == "writer":
        writer = LakeWriter(root, wait_seconds=60)
        for place in range(20):
            assert writer.upsert(BTC, day((place * 4 + number) * 24)).added == 24
    elif role == "compactor":
        for _ in range(15):
            compact(root, BTC)
    else:
        lake, before = Lake(root), set()
        for looks in range(1, 61):
            table = lake.table(BTC)
            hours = (np.asarray(table["ts"].cast(pa.int64())) - START) // HOUR
            close = np.asarray(table["close"])
            assert len(set(hours.tolist())) == len(hours), "a row twice"
            assert (close == 1.0 + hours // 24 * 24).all(), "a mixture of rows"
            days, counts = np.unique(hours // 24, return_counts=True)
            whole = set(days.tolist())
            assert (counts == 24).all(), "half a commit"
            assert before <= whole, "a commit that was there is gone"
            before = whole
    print(json.dumps(looks))
"""


def test_eight_processes_write_compact_and_read_at_once(tmp_path: Path) -> None:
    """4 writers, 1 compactor, 3 readers on one dataset: every state seen was committed."""
    roles = [("writer", number) for number in range(4)]
    roles += [("compactor", 0), ("reader", 0), ("reader", 1), ("reader", 2)]
    LakeWriter(tmp_path)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROCESS), tmp_path, role, str(number)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for role, number in roles
    ]  # fmt: skip
    for process, role in zip(running, roles, strict=True):
        stdout, stderr = process.communicate(timeout=120)
        assert process.returncode == 0, f"{role}: {stderr}"
        json.loads(stdout)
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
