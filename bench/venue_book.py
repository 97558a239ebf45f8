"""The simulated venue's book beside the barest one there is, and what the rest of it costs.

    python bench/venue_book.py [--orders 100000] [--rounds 5]

One stream of random limit orders is matched by price and time: by heaps and deques of plain lists
(the floor), and by `xq.sim.book.Book`, which also knows where an order stands and can take it back.
Both must trade the same. Then whole orders go through the venue without a socket: signature,
filters, margin, matching, double entry and the commit to disk, an order placed and canceled each.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import deque
from heapq import heappop, heappush
from pathlib import Path

from common.paired import interleaved, judged, load

from xq.clock import ManualClock
from xq.sim.book import Book
from xq.sim.wire.auth import Message, sign
from xq.sim.wire.dispatch import dispatch
from xq.sim.wire.opening import open_venue

LIMIT = 4.0  # times the floor
LEAST = 300_000  # orders a second

Orders = list[tuple[bool, int, int]]


def stream(count: int) -> Orders:
    """(buy, price, quantity) around a price that wanders."""
    draw = random.Random(7)
    orders, middle = [], 100_000
    for _ in range(count):
        middle += draw.randint(-2, 2)
        buy = draw.random() < 0.5
        away = draw.randint(-6, 20)
        price = middle - away if buy else middle + away
        orders.append((buy, price, draw.randint(1, 100)))
    return orders


def bare(orders: Orders) -> int:
    """Heaps of prices, a deque of ``[quantity]`` for each; what was traded as one number."""
    sides = ({}, {})
    heaps: tuple[list[int], list[int]] = ([], [])
    traded = 0
    for buy, price, quantity in orders:
        mine, theirs = (0, 1) if buy else (1, 0)
        levels, heap = sides[theirs], heaps[theirs]
        sign_ = 1 if buy else -1
        while quantity and heap and (price - heap[0] * sign_) * sign_ >= 0:
            level = levels[heap[0]]
            while quantity and level:
                first = level[0]
                done = min(quantity, first[0])
                traded += done * abs(heap[0])
                quantity -= done
                first[0] -= done
                if not first[0]:
                    level.popleft()
            if not level:
                del levels[heappop(heap)]
        if quantity:
            key = -price if buy else price
            if key not in sides[mine]:
                sides[mine][key] = deque()
                heappush(heaps[mine], key)
            sides[mine][key].append([quantity])
    return traded


def ours(orders: Orders) -> int:
    """The same by `Book`."""
    book = Book()
    best, level, take = book.best, book.level, book.take
    traded = 0
    for number, (buy, price, quantity) in enumerate(orders):
        other = not buy
        met = best(other)
        while quantity and met is not None and (met <= price if buy else met >= price):
            maker, left = next(level(other, met))
            done = min(quantity, left)
            take(maker, done)
            traded += done * met
            quantity -= done
            met = best(other)
        if quantity:
            book.add(number, buy, price, quantity, number)
    return traded


def whole(pairs: int) -> tuple[float, float]:
    """Milliseconds of CPU and of wall time for one order placed and canceled through the venue."""
    with tempfile.TemporaryDirectory() as folder:
        clock = ManualClock(1_800_000_000_000)
        venue = open_venue(Path(folder), clock, 7)

        def ask(method: str, query: str) -> dict:
            query += f"&timestamp={clock.now_ms()}"
            signed = f"{query}&signature={sign(query, 'sim')}"
            reply = dispatch(venue, Message(method, "/fapi/v1/order", signed, "", "sim"), clock)
            if reply.status != 200:
                raise SystemExit(str(reply.payload))
            return reply.payload

        def pair() -> None:
            clock.advance_to(clock.now_ms() + 1)
            order = ask("POST", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC"
                                "&quantity=0.01&price=41000")  # fmt: skip
            ask("DELETE", f"symbol=BTCUSDT&orderId={order['orderId']}")

        for _ in range(pairs // 5):
            pair()
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(pairs):
            pair()
        spent = (time.process_time() - cpu) / pairs, (time.perf_counter() - wall) / pairs
        venue.ledger.close()
        return spent[0] * 1e3, spent[1] * 1e3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    orders = stream(chosen.orders)
    print(f"{chosen.orders} limit orders, {load()}")
    times = interleaved(
        {"floor": lambda: bare(orders), "book": lambda: ours(orders)}, chosen.rounds
    )
    rates = {}
    for name, found in times.items():
        rates[name] = chosen.orders / min(found.wall)
        print(f"  {name:5} {found}  {rates[name]:10,.0f} orders/s at best")
    fine = judged("book over floor", times["book"], times["floor"], LIMIT)
    print(
        f"  wanted at least {LEAST:,} orders/s: {'yes' if rates['book'] >= LEAST else 'not here'}"
    )
    cpu, wall = whole(1_000)
    print(f"  whole order, placed and canceled: CPU {cpu:.2f} ms, wall {wall:.2f} ms, "
          f"{2_000 / wall:,.0f} requests/s")  # fmt: skip
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
