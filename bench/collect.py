"""``xq collect`` against what else there is: 5 symbols of 1m bars, paired, on loopback.

    python bench/collect.py [--days 180] [--symbols 5] [--limits off|on|both] [--freqtrade PROGRAM]

Peers are a plain ccxt paging loop and, where PROGRAM names one, freqtrade's `download-data`
(2026.9, in an environment of its own: it cannot be installed beside the versions that xq pins).
The floor is one bare connection that throws the pages away. All are whole processes.

The default is half a year with limits lifted; much less measures how long Python takes to start.
`--days 365 --limits both` is the whole bench; its limited half takes half an hour, because the
loops that it is compared with do. Fewer than about 60 days under limits measure the allowance of a
single minute and prove nothing.
"""

import argparse
import compileall
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from loopback import freqtrade_peer

_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
HERE = Path(__file__).resolve().parent
# Modules as an installed package has them: compiled. Python would compile xq's at every start.
_ENVIRONMENT = {name: text for name, text in os.environ.items() if name != _NO_BYTECODE}
_ENVIRONMENT |= {"NO_PROXY": "127.0.0.1"}
END_MS = 1_704_067_200_000
DAY_MS = 86_400_000
NAMES = ["ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT", "DOGEUSDT"]


@dataclass(frozen=True, slots=True)
class Figures:
    """One client's run: wall and user CPU in seconds, peak memory in MB, refused requests."""

    seconds: float
    cpu: float
    peak_mb: float
    refused: dict[str, int]

    def __str__(self) -> str:
        return f"{self.seconds:7.1f} s  (CPU {self.cpu:6.1f} s)  peak {self.peak_mb:4.0f} MB"


class Bench:
    """One venue process and the clients against it."""

    def __init__(self, days: int, symbols: int, limits: str, folder: Path) -> None:
        self.days, self.names, self.limits, self.folder = days, NAMES[:symbols], limits, folder
        words = [HERE / "loopback" / "venue.py", folder / "archive", days, symbols, limits]
        self.process = subprocess.Popen(
            [sys.executable, *map(str, words)], stdout=subprocess.PIPE, text=True
        )
        if self.process.stdout is None:
            raise SystemExit("the venue did not start")
        self.archive, self.url = (self.process.stdout.readline().strip() for _ in range(2))

    def run(
        self, side: str, archive: str = "-", days: int | None = None, program: str = ""
    ) -> Figures:
        """Measure one client, which must have stored every bar."""
        since, before = END_MS - (days or self.days) * DAY_MS, self.refused()
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            folder = Path(place)
            if side == "freqtrade":
                words = freqtrade_peer.command(
                    program, self.url, folder, since, END_MS, self.names, paced=self.limits == "on"
                )
            else:
                given = [HERE / "loopback" / "clients.py", side, self.url, archive, place]
                given += [since, END_MS, self.limits, *self.names]
                words = [sys.executable, *map(str, given)]
            seconds, cpu, peak_mb, out = measured(words)
            freqtrade = side == "freqtrade"
            rows = freqtrade_peer.stored(folder, self.names) if freqtrade else json.loads(out)
        expected = (days or self.days) * 1440 * len(self.names)
        if rows != expected:
            raise SystemExit(f"{side} stored {rows} of {expected} bars\n{out[-2000:]}")
        after = self.refused()
        return Figures(seconds, cpu, peak_mb, {name: after[name] - before[name] for name in after})

    def refused(self) -> dict[str, int]:
        """How many requests were refused so far; nothing without limits."""
        with urlopen(f"{self.url}/tally") as answer:
            tally: dict[str, int] | None = json.load(answer)
        return {} if tally is None else {name: tally[name] for name in ("429", "418")}

    def close(self) -> None:
        """End the venue."""
        self.process.kill()
        self.process.wait()


def measured(words: list[str]) -> tuple[float, float, float, str]:
    """Wall and user CPU seconds, peak MB and stdout of one process."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(words, stdout=out, stderr=err, env=_ENVIRONMENT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        texts = [(stream.seek(0), stream.read())[1] for stream in (out, err)]
    if process.returncode:
        raise SystemExit("\n".join(text[-2000:] for text in texts))
    return seconds, usage.ru_utime, usage.ru_maxrss / 1024, texts[0]


def compare(
    bench: Bench, title: str, peers: dict[str, str], archive: str = "-", floor: float = 5.0
) -> None:
    """Each peer, then xq; ratios of wall time."""
    print(f"{title} (load {os.getloadavg()[0]:.1f})", flush=True)
    found = {}
    for side, program in peers.items():
        found[side] = bench.run(side, program=program)
        print(f"  {side:10} {found[side]}  refused {found[side].refused or '-'}", flush=True)
    ours = bench.run("xq", archive)
    print(f"  {'xq':10} {ours}  refused {ours.refused or '-'}")
    for side, theirs in found.items():
        ratio = theirs.seconds / ours.seconds
        aim = "" if side == "floor" else f" (at least {floor}: {'yes' if ratio >= floor else 'NO'})"
        print(f"  ratio {side} / xq {ratio:.2f}{aim}", flush=True)


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--symbols", type=int, default=5)
    parser.add_argument("--limits", choices=["off", "on", "both"], default="off")
    parser.add_argument("--freqtrade", metavar="PROGRAM", help="freqtrade of its own environment")
    chosen = parser.parse_args()
    peers = {"ccxt": ""} | ({"freqtrade": chosen.freqtrade} if chosen.freqtrade else {})
    compileall.compile_dir(HERE.parent / "xq", quiet=2)
    print(f"{chosen.symbols} symbols x {chosen.days} days of 1m bars, paired, on loopback")
    with tempfile.TemporaryDirectory() as folder:
        for limits in ("off", "on") if chosen.limits == "both" else (chosen.limits,):
            bench = Bench(chosen.days, chosen.symbols, limits, Path(folder))
            try:
                if limits == "on":
                    compare(bench, "REST under the venue's limits", peers, floor=1.8)
                    continue
                compare(bench, "REST, limits lifted", {"floor": ""} | peers)
                compare(bench, "archive", peers, bench.archive)
                short = bench.run("xq", days=max(1, chosen.days // 4))
                print(f"xq, a quarter of the range: {short}")
            finally:
                bench.close()


if __name__ == "__main__":
    main()
