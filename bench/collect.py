"""``xq collect`` against a plain ccxt paging loop: 5 symbols of 1m bars, paired, on loopback.

    python bench/collect.py [--days 180] [--symbols 5] [--limits off|on|both]

The default is half a year with limits lifted; much less measures how long Python takes to start.
`--days 365 --limits both` is the whole bench; its limited half takes a quarter of an hour, because
the loop that it is compared with does. Fewer than about 60 days under limits measure the allowance
of a single minute and prove nothing.

freqtrade's `download-data` would be the closer peer; it cannot be installed beside the versions
that xq pins and is not in this comparison.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

HERE = Path(__file__).resolve().parent
END_MS = 1_704_067_200_000
DAY_MS = 86_400_000
NAMES = ["ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT", "DOGEUSDT"]


class Bench:
    """One venue process and the two clients against it."""

    def __init__(self, days: int, symbols: int, limits: str, folder: Path) -> None:
        self.days, self.names, self.limits, self.folder = days, NAMES[:symbols], limits, folder
        command = [
            sys.executable,
            HERE / "loopback" / "venue.py",
            folder / "archive",
            days,
            symbols,
        ]
        self.process = subprocess.Popen(
            [*map(str, command), limits], stdout=subprocess.PIPE, text=True
        )
        if self.process.stdout is None:
            raise SystemExit("the venue did not start")
        self.archive, self.url = (self.process.stdout.readline().strip() for _ in range(2))

    def run(self, side: str, archive: str = "-", days: int | None = None) -> dict[str, float]:
        """Seconds, rows and peak memory of one client."""
        since = END_MS - (days or self.days) * DAY_MS
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            command = [
                sys.executable,
                HERE / "loopback" / "clients.py",
                side,
                self.url,
                archive,
                place,
            ]
            command += [since, END_MS, self.limits, *self.names]
            answer = subprocess.run(
                [str(word) for word in command], capture_output=True, text=True, check=False,
                env=os.environ | {"NO_PROXY": "127.0.0.1"},
            )  # fmt: skip
        if answer.returncode:
            raise SystemExit(answer.stderr)
        found: dict[str, float] = json.loads(answer.stdout)
        expected = (days or self.days) * 1440 * len(self.names)
        if found["rows"] != expected:
            raise SystemExit(f"{side} stored {found['rows']} of {expected} bars")
        return found

    def refused(self) -> dict[str, int] | None:
        """How many requests got each status so far."""
        with urlopen(f"{self.url}/tally") as answer:
            found: dict[str, int] | None = json.load(answer)
        return found

    def close(self) -> None:
        """End the venue."""
        self.process.kill()
        self.process.wait()


def compare(bench: Bench, title: str, archive: str = "-", floor: float = 5.0) -> None:
    """One pair, ccxt first."""
    theirs = bench.run("ccxt")
    before = bench.refused()
    ours = bench.run("xq", archive)
    after = bench.refused()
    ratio = theirs["seconds"] / ours["seconds"]
    line = f"{title}: ccxt {theirs['seconds']:.1f} s, xq {ours['seconds']:.1f} s, {ratio:.2f}x"
    line += f" (at least {floor}x: {'yes' if ratio >= floor else 'NO'}); peak"
    print(f"{line} {ours['peak_mb']:.0f} MB against {theirs['peak_mb']:.0f} MB", flush=True)
    if before and after:
        print(f"  answered 429 and 418 to xq: {after['429'] - before['429']}, {after['418']}")


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--symbols", type=int, default=5)
    parser.add_argument("--limits", choices=["off", "on", "both"], default="off")
    chosen = parser.parse_args()
    print(f"{chosen.symbols} symbols x {chosen.days} days of 1m bars, paired, on loopback")
    with tempfile.TemporaryDirectory() as folder:
        for limits in ("off", "on") if chosen.limits == "both" else (chosen.limits,):
            bench = Bench(chosen.days, chosen.symbols, limits, Path(folder))
            try:
                if limits == "on":
                    compare(bench, "REST under the venue's limits", floor=1.8)
                else:
                    compare(bench, "REST, limits lifted")
                    compare(bench, "archive", bench.archive)
                    short = bench.run("xq", days=max(1, chosen.days // 4))
                    print(f"peak for a quarter of the range: {short['peak_mb']:.0f} MB")
            finally:
                bench.close()


if __name__ == "__main__":
    main()
