"""500 symbols with 3 years of 1h bars in a bucket: ``xq data ls`` and a point query.

    python bench/lake_objects_many.py [MILLISECONDS] [SYMBOLS]

Whole command lines in fresh processes, against an S3-compatible server on loopback that answers
after some milliseconds: with an empty cache, then with one up to date. Figures only: the server's
own work is part of them.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from lake_many import ASKED, bars
from support.object_store import BUCKET, serving

from xq.lake.layout import Dataset
from xq.lake.objects.opening import open_lake
from xq.lake.writer import LakeWriter

LINES = {"xq data ls": ("data", "ls"), "point query": ("sql", ASKED.format("ohlcv"))}
ROUNDS = 3


def timed(folder: Path, environ: dict[str, str], words: tuple[str, ...]) -> float:
    """Seconds of one command line."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "xq", *words, "--output", "jsonl"],
        cwd=folder, env=os.environ | environ, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode or not done.stdout:
        raise SystemExit(done.stderr)
    return time.perf_counter() - began


def main() -> int:
    milliseconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    symbols = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    with tempfile.TemporaryDirectory() as name, serving(milliseconds) as server:
        folder, url = Path(name), f"s3://{BUCKET}/many"
        (folder / "xq.toml").write_text(f'[exchange]\nname = "sim"\n[lake]\npath = "{url}"\n')
        writer = LakeWriter(open_lake(url, folder / "writer", server.environ))
        for number in range(symbols):
            item = Dataset("ohlcv", "binance", f"S{number:03}/USDT", "1h")
            writer.upsert(item, bars(number))
        print(f"{symbols} symbols, {milliseconds:g} ms before each answer; seconds:")
        for place, (title, words) in enumerate(LINES.items()):
            cache = {"XQ_LAKE__CACHE": str(folder / f"cache-{place}")}
            server.requests()
            cold = timed(folder, server.environ | cache, words)
            asked = server.requests()
            warm = min(timed(folder, server.environ | cache, words) for _ in range(ROUNDS))
            counts = ", ".join(f"{asked.get(kind, 0)} {kind}" for kind in ("GET", "LIST"))
            print(
                f"{title:12} empty cache {cold:.2f} ({counts}), up to date {warm:.2f}", flush=True
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
