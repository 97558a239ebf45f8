"""The gate and the switches: microseconds for one order, and from facts to a refusal.

    python bench/gate.py [CALLS]

``check`` judges an entry that meets every limit (50 orders of the last minute beside it), one that
the last rule refuses, and a way out. ``trip`` goes from readings through judging and latching to an
entry refused. The target is a p99 below 1 ms for the gate and below 100 ms for the trip.
CPU time is judged; wall time beside it shows what else the machine was doing.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from statistics import quantiles
from time import perf_counter, thread_time

from xq.errors import OrderRefused
from xq.risk.gate import check
from xq.risk.judge import judge
from xq.risk.latch import Latches
from xq.risk.limits import Intent, Limits, Situation
from xq.risk.readings import Reading, Readings
from xq.risk.switches import DEFAULT_RULES, Switch
from xq.types import Instrument, OrderRequest, OrderType, Side, Symbol

GATE_MS, TRIP_MS = 1.0, 100.0
D = Decimal
BTC = Symbol.parse("BTC/USDT:USDT")
RULES = Instrument(BTC, D("0.1"), D("0.001"), D("0.001"), D(5), D("0.0002"), D("0.0005"))
ENTRY = OrderRequest(BTC, Side.BUY, OrderType.MARKET, D("0.123"), "xq-1")
EXIT = replace(ENTRY, side=Side.SELL, reduce_only=True)
LIMITS = Limits(
    D(20_000), D(20_000), D(3), D("0.05"), 100, 30_000, frozenset({BTC}), {BTC: D(1)},
    max_net_leverage=D(2), max_messages_per_second=20, duplicate_ms=2_000, max_open_orders=50,
    min_balance=D(100), marked=True,
)  # fmt: skip


def situation() -> Situation:
    """Everything is known, and fifty orders were sent of late."""
    price = D("40123.4")
    sent = tuple(Intent(BTC, Side.BUY, D(n) / 1000, 5_000, f"{n}:open") for n in range(50))
    return Situation(
        RULES, 5_000, price, 4_900, price + 1, price - 1, 0, 0, D("0.2"), D(10_000), D(9_000),
        D(1_000), 50, mark=price, index=price, other_net=D(-500), working=D("0.01"), open_orders=3,
        recent_messages=2, recent_intents=sent, decision="7:open", leverage=D(5),
    )  # fmt: skip


def measured(name: str, run: Callable[[], object], calls: int, limit_ms: float) -> bool:
    """Print the percentiles of so many runs; whether the 99th of CPU time keeps to the limit."""
    wall, cpu = [], []
    for _ in range(calls):
        start, used = perf_counter(), thread_time()
        run()
        cpu.append((thread_time() - used) * 1e6)
        wall.append((perf_counter() - start) * 1e6)
    (c50, c99), (w50, w99) = ((cuts[49], cuts[98]) for cuts in map(_percentiles, (cpu, wall)))
    kept = c99 < limit_ms * 1e3
    print(
        f"  {name:24} CPU p50 {c50:6.1f} us  p99 {c99:6.1f} us   wall p50 {w50:6.1f} us  "
        f"p99 {w99:7.1f} us   below {limit_ms:g} ms: {'yes' if kept else 'no'}"
    )
    return kept


def _percentiles(values: list[float]) -> list[float]:
    return quantiles(values, n=100, method="inclusive")


def main() -> int:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    now = situation()
    twin = Intent(BTC, Side.BUY, ENTRY.quantity, 5_000, "7:open")
    again = replace(now, recent_intents=(*now.recent_intents, twin))
    readings = Readings(**{s.value: Reading(D(0), 5_000, 100) for s in Switch})
    fallen = replace(readings, drawdown=Reading(D("-0.2"), 5_000))

    def refused() -> None:
        with suppress(OrderRefused):
            check(ENTRY, again, LIMITS)
            raise SystemExit("a duplicate passed")

    def trip() -> None:
        latches = Latches.fresh().after(judge(fallen, DEFAULT_RULES, 5_000))
        with suppress(OrderRefused):
            check(ENTRY, replace(now, tripped=latches.tripped), LIMITS)
            raise SystemExit("an entry passed a tripped switch")

    print(f"  {calls:,} calls each, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    kept = [
        measured("check, an entry", lambda: check(ENTRY, now, LIMITS), calls, GATE_MS),
        measured("check, refused last", refused, calls, GATE_MS),
        measured("check, a way out", lambda: check(EXIT, now, LIMITS), calls, GATE_MS),
        measured("judge, seven switches", lambda: judge(readings, DEFAULT_RULES, 5_000), calls, 1),
        measured("trip to refusal", trip, calls, TRIP_MS),
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    raise SystemExit(main())
