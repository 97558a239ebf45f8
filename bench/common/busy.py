"""`xq sim` and a service that trades there as fast as it may, each in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

_SERVICE = Path(__file__).parents[1] / "loopback" / "busy_service.py"
CONFIG = '[exchange]\nname = "sim"\n[trade]\nsymbols = ["BTC/USDT:USDT"]\n'


@dataclass(frozen=True, slots=True)
class Busy:
    """The service, by lines."""

    process: "subprocess.Popen[str]"

    def tell(self, line: str) -> None:
        """Ask something of it."""
        if self.process.stdin is None:
            raise SystemExit("the service has no ear")
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """Its next answer."""
        line = "" if self.process.stdout is None else self.process.stdout.readline()
        if not line:
            raise SystemExit("the service has ended")
        return line.strip()


@contextmanager
def busy(folder: Path) -> Iterator[Busy]:
    """A workspace in an empty folder, a venue and a service in it, until the block ends."""
    (folder / "xq.toml").write_text(CONFIG)
    state = folder / "state"
    state.mkdir()
    limits = ("--port", "0", "--admin-port", "0", "--limits", "off", "--state", str(state))
    venue = [sys.executable, "-m", "xq", "sim", *limits, "--output", "jsonl", "--quiet"]
    with subprocess.Popen(venue, cwd=folder, stdout=subprocess.PIPE, text=True) as serving:
        try:
            url = json.loads("" if serving.stdout is None else serving.stdout.readline())["url"]
            trader = [sys.executable, str(_SERVICE), url, str(state)]
            pipe = subprocess.PIPE
            with subprocess.Popen(trader, stdin=pipe, stdout=pipe, text=True) as trading:
                try:
                    service = Busy(trading)
                    service.hear()
                    yield service
                finally:
                    trading.kill()
        finally:
            serving.terminate()


def percentiles(name: str, found: Sequence[float]) -> float:
    """Print the middle, the 99th and the worst, ms; the 99th."""
    cuts = quantiles(found, n=100, method="inclusive")
    print(f"  {name:28} p50 {cuts[49]:7.2f} ms  p99 {cuts[98]:7.2f} ms  worst {max(found):7.2f} ms")
    return cuts[98]
