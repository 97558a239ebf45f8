"""Two machines at one lake in a bucket, one of them killed: a sample of ``make torture``."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

from support.object_store import BUCKET, ObjectStore, python

SUPPORT = Path(__file__).resolve().parents[1] / "support"

PROCESS = """
    import json, sys
    from pathlib import Path
    import numpy as np, pyarrow as pa
    from xq.lake.compact import compact
    from xq.lake.layout import Dataset
    from xq.lake.objects.opening import open_lake
    from xq.lake.reader import Lake
    from xq.lake.writer import LakeWriter

    HOUR, START = 3_600_000, 1_703_030_400_000
    BTC = Dataset("ohlcv", "binance", "BTC/USDT", "1h")
    url, cache, environ, role, number = *sys.argv[1:5], int(sys.argv[5])
    root = open_lake(url, Path(cache), json.loads(environ))

    def day(first):
        ts = (np.arange(first, first + 24) * HOUR) + START
        one = np.full(24, 1.0 + first)
        names = ("ts", "open", "high", "low", "close", "volume")
        return pa.table(dict(zip(names, (ts, one, one, one, one, one))))

    if role == "writer":
        writer = LakeWriter(root, wait_seconds=500)
        for place in range(6):
            assert writer.upsert(BTC, day((place * 3 + number) * 24)).added == 24
    elif role == "compactor":
        for _ in range(4):
            compact(root, BTC)
    else:
        lake, before = Lake(root), set()
        for looks in range(1, 13):
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
"""


def test_six_processes_on_four_machines_write_compact_and_read_at_once(
    s3: ObjectStore, tmp_path: Path
) -> None:
    """Two writers share a machine, and so a lock; the others meet at the conditional put."""
    url = f"s3://{BUCKET}/crowd-{tmp_path.parent.name}"
    roles = [("one", "writer", 0), ("one", "writer", 1), ("two", "writer", 2),
             ("two", "compactor", 0), ("three", "reader", 0), ("one", "reader", 1)]  # fmt: skip
    running = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROCESS), url, tmp_path / machine,
             json.dumps(s3.environ), role, str(number)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for machine, role, number in roles
    ]  # fmt: skip
    for process, role in zip(running, roles, strict=True):
        _, errors = process.communicate(timeout=600)
        assert process.returncode == 0, (role, errors)
    found = _fresh(url, tmp_path / "judge", s3)
    assert found == {"rows": 18 * 24, "faults": [], "findings": []}


def _fresh(url: str, cache: Path, s3: ObjectStore) -> dict[str, object]:
    from xq.lake.audit import check
    from xq.lake.layout import Dataset
    from xq.lake.objects.opening import open_lake
    from xq.lake.reader import Lake
    from xq.lake.verify import verify

    root, btc = open_lake(url, cache, s3.environ), Dataset("ohlcv", "binance", "BTC/USDT", "1h")
    return {
        "rows": Lake(root).table(btc).num_rows,
        "faults": list(verify(root, btc).faults),
        "findings": [found for found in check(Lake(root)) if found.rule != "gap"],
    }


def _torture(*arguments: object) -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, SUPPORT / "objects_torture.py", *map(str, arguments)],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.stdout.startswith("{"), done.stderr
    return done.returncode, json.loads(done.stdout)


def test_one_of_two_machines_is_killed_at_a_request() -> None:
    assert python().exists(), "run: make .venv-s3/.ready"
    code, figures = _torture(4, 1)
    assert (code, figures["violations"]) == (0, [])
    assert figures["upsert killed"] == 3, "kills that came too late prove nothing"


def test_the_judge_sees_commits_that_overwrite_each_other() -> None:
    """One unconditional put: rows that were acknowledged are lost."""
    code, figures = _torture(1, 1, "blind")
    assert code == 1
    assert "35 acknowledged rows lost" in str(figures["violations"])
