"""Orders over HTTP: `xq sim` beside a bare aiohttp handler, asked by the same bare client.

    python bench/venue_orders.py [SECONDS] [--pairs 200] [--rounds 5]

Signed limit orders are placed and canceled one after the other on one kept connection, in turns
with a server that answers one body to everything: alone, and with a depth stream open. Then 1,000
orders a second arrive for SECONDS on four connections, whether or not the venue keeps up, for twice
as long at most: three of four rest and are canceled a hundred at a time, the fourth trades at the
market; latencies count from when an order was due. At last orders beside somebody else's long
answers.
"""

import argparse
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from time import perf_counter

from common.paired import load
from loopback.rest import Wire, signed

RATE, CONNECTIONS = 1_000, 4
GOAL_P50_MS, GOAL_P99_MS = 2.0, 10.0

LONG = (
    ("/fapi/v1/premiumIndex", ""),
    ("/fapi/v1/ticker/24hr", ""),
    ("/fapi/v1/ticker/bookTicker", ""),
    ("/fapi/v1/fundingRate", ""),
    ("/api/v3/ticker/24hr", ""),
    ("/v5/market/tickers", "category=linear"),
    ("/fapi/v1/klines", "symbol=ETHUSDT&interval=1d&limit=1500"),
    ("/fapi/v1/markPriceKlines", "symbol=ETHUSDT&interval=1d&limit=1500"),
    ("/fapi/v1/indexPriceKlines", "pair=BTCUSDT&interval=1h&limit=1500"),
)

_PEERS = str(Path(__file__).parent / "loopback" / "orders_peers.py")
_ORDER = "/fapi/v1/order"
_LIMIT = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price="


@dataclass(slots=True)
class Server:
    """A process that answers, and what it has used of the machine."""

    pid: int
    url: str

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        values = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """MiB that are resident."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / 2**20


@dataclass(slots=True)
class Seen:
    """Latencies, ms."""

    found: list[float] = field(default_factory=list)

    def percentile(self, percent: int) -> float:
        """The latency that so many percent stay below."""
        return quantiles(self.found, n=100, method="inclusive")[percent - 1]

    def __str__(self) -> str:
        return f"p50 {self.percentile(50):6.2f} ms  p99 {self.percentile(99):6.2f} ms"


@contextmanager
def process(*command: str) -> Iterator[tuple[int, str]]:
    """A process and the first line that it prints; ended at the end."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        if started.stdout is None:
            raise SystemExit("no pipe")
        try:
            yield started.pid, started.stdout.readline().decode().strip()
        finally:
            started.terminate()


@contextmanager
def venue(folder: str) -> Iterator[Server]:
    """`xq sim` as anybody runs it."""
    arguments = ("--port", "0", "--admin-port", "0", "--limits", "off", "--state", folder)
    command = (sys.executable, "-m", "xq", "sim", *arguments, "--output", "jsonl", "--quiet")
    with process(*command) as (pid, line):
        yield Server(pid, json.loads(line)["url"])


def price(wire: Wire) -> str:
    """A price that rests: five percent below the last."""
    last = wire.ask(signed("GET", "/fapi/v1/ticker/price", "symbol=BTCUSDT"))["price"]
    return f"{float(last) * 0.95:.1f}"


def pairs(wire: Wire, at: str, count: int, seen: Seen) -> None:
    """Place an order and cancel it, so many times."""
    for _ in range(count):
        order: dict[str, object] = {}
        for method in ("POST", "DELETE"):
            query = f"symbol=BTCUSDT&orderId={order['orderId']}" if order else _LIMIT + at
            request = signed(method, _ORDER, query)
            start = perf_counter()
            order = wire.ask(request)
            seen.found.append((perf_counter() - start) * 1e3)


def round_trips(server: Server, bare: Server, count: int, rounds: int) -> tuple[Seen, Seen]:
    """Latencies of the venue and of the floor, in turns; prints them."""
    ours, floor = Seen(), Seen()
    with Wire(server.url) as wire, Wire(bare.url) as other:
        at = price(wire)
        for where in (wire, other):
            pairs(where, at, count // 4, Seen())
        cpu = server.cpu(), bare.cpu()
        for _ in range(rounds):
            pairs(wire, at, count, ours)
            pairs(other, at, count, floor)
        spent = server.cpu() - cpu[0], bare.cpu() - cpu[1]
    each = [seconds * 1e3 / (2 * count * rounds) for seconds in spent]
    print(f"  venue  {ours}  CPU {each[0]:.2f} ms a request (all the server's)")
    print(f"  floor  {floor}  CPU {each[1]:.2f} ms")
    for name, percent, goal in (("p50", 50, GOAL_P50_MS), ("p99", 99, GOAL_P99_MS)):
        reached = ours.percentile(percent)
        times = reached / floor.percentile(percent)
        kept = "yes" if reached < goal else "not here"
        print(f"  {name} below {goal:.0f} ms: {kept}; {times:.1f} times the floor")
    return ours, floor


def beside(server: Server, bare: Server) -> None:
    """The longest that an order waits while another client's long answer is being made."""
    with Wire(server.url) as wire, Wire(server.url) as other, Wire(bare.url) as floor:
        at = price(wire)
        for path, query in LONG:
            seen, alone = Seen(), Seen()
            start = perf_counter()
            other.send(signed("GET", path, query))
            while not select.select([other], [], [], 0)[0]:
                pairs(wire, at, 1, seen)
            took = perf_counter() - start
            size = len(other.receive())
            pairs(floor, at, max(len(seen.found) // 2, 1), alone)
            print(
                f"  {path} {query}: {size / 2**10:.0f} KiB in {took * 1e3:.0f} ms; meanwhile "
                f"{len(seen.found)} requests, longest {max(seen.found):.1f} ms "
                f"(floor {max(alone.found):.1f} ms)"
            )


def orders(at: str, count: int) -> Iterator[bytes]:
    """So many new orders; after each hundred of them those that rest are canceled."""
    for number in range(count):
        if number % 4 < 3:
            yield signed("POST", _ORDER, _LIMIT + at)
        else:
            side = "BUY" if number % 8 == 3 else "SELL"
            query = f"symbol=BTCUSDT&side={side}&type=MARKET&quantity=0.01"
            yield signed("POST", _ORDER, query)
        if number % 100 == 99:
            yield signed("DELETE", "/fapi/v1/allOpenOrders", "symbol=BTCUSDT")


def pour(server: Server, seconds: int) -> tuple[Seen, float]:
    """Send orders as they fall due to whichever connection is free; latencies, and how long.

    Gives up after twice the time.
    """
    seen, due = Seen(), {}
    with ExitStack() as stack:
        idle = [stack.enter_context(Wire(server.url)) for _ in range(CONNECTIONS)]
        at = price(idle[0])
        pairs(idle[0], at, 50, Seen())
        queue = orders(at, RATE * seconds)
        step = 100 / 101 / RATE
        start, sent, left = perf_counter(), 0, True
        while True:
            while left and idle and perf_counter() >= start + sent * step:
                request = next(queue, None)
                left = request is not None and perf_counter() < start + 2 * seconds
                if request is not None and left:
                    wire = idle.pop()
                    wire.send(request)
                    due[wire] = start + sent * step
                    sent += 1
            if not due and not left:
                break
            wait = max(start + sent * step - perf_counter(), 0) if left and idle else 60
            for wire in select.select(list(due), [], [], wait)[0]:
                wire.receive()
                seen.found.append((perf_counter() - due.pop(wire)) * 1e3)
                idle.append(wire)
        return seen, perf_counter() - start


def sustained(server: Server, seconds: int) -> None:
    """1,000 orders a second for a while, and what they cost."""
    pour(server, 1)
    cpu, memory = server.cpu(), server.memory()
    seen, took = pour(server, seconds)
    spent, grown = server.cpu() - cpu, server.memory() - memory
    count = len(seen.found) * 100 / 101
    print(
        f"  {count / took:,.0f} orders/s ({len(seen.found) / took:,.0f} requests/s) of {RATE:,}/s "
        f"due for {seconds} s: {seen}"
    )
    print(
        f"  CPU {spent / took:.0%} of a core, {spent * 1e3 / len(seen.found):.2f} ms a request; "
        f"memory {memory:.0f} MiB, grown by {grown:.1f} MiB, {grown * 2**10 / count:.2f} KiB an "
        f"order; sustained: {'yes' if took < seconds * 1.02 + 0.1 else 'not here'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seconds", type=int, nargs="?", default=10)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with ExitStack() as stack:
        server = stack.enter_context(venue(stack.enter_context(tempfile.TemporaryDirectory())))
        bare = Server(*stack.enter_context(process(sys.executable, _PEERS, "floor")))
        print(f"an order placed or canceled, {load()}")
        round_trips(server, bare, chosen.pairs, chosen.rounds)
        stream = server.url.replace("http", "ws") + "/public/ws/btcusdt@depth@100ms"
        with process(sys.executable, _PEERS, "listen", stream):
            print(f"the same with a depth stream open, {load()}")
            round_trips(server, bare, chosen.pairs, chosen.rounds)
        print(f"orders that come by themselves, {load()}")
        sustained(server, chosen.seconds)
        print(f"while another client's long answer is made, {load()}")
        beside(server, bare)


if __name__ == "__main__":
    main()
