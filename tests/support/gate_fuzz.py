"""The gate against a second opinion: random orders, situations and limits, often at the edge.

    python tests/support/gate_fuzz.py [ORDERS] [SEED]

The second opinion is written in fractions from docs/risk.md and shares no code with the gate. An
order that passes must keep every limit, one that keeps every limit must pass, and what only reduces
a position must pass whatever else is wrong.
"""

import sys
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random

from xq.errors import OrderRefused
from xq.risk.gate import check
from xq.risk.limits import Intent, Limits, Situation
from xq.risk.switches import Switch
from xq.types import Instrument, OrderRequest, OrderType, Side, Symbol

D = Decimal
SPOT, PERPETUAL = Symbol.parse("BTC/USDT"), Symbol.parse("BTC/USDT:USDT")
PRICES = tuple(map(D, ("95", "99", "99.99", "100", "100.01", "101", "105", "106")))
SIZES = tuple(map(D, ("0.01", "0.49", "0.5", "0.51", "1", "1.01", "2", "2.5")))
BROKEN = (None, D("nan"), D("snan"), D("inf"), D("-1"), D("1e30"), 1.0)
CHANGED = (
    "price", "reference", "worst_price", "position", "equity", "cash", "other_notional", "mark",
    "index", "other_net", "working", "leverage", "open_orders", "recent_messages",
)  # fmt: skip


def order_of(chance: Random) -> OrderRequest:
    """Any order that is well formed."""
    symbol = chance.choice((SPOT, PERPETUAL))
    price = chance.choice((None, None, *PRICES))
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    reduce_only = chance.random() < 0.1
    side, size = chance.choice(list(Side)), chance.choice(SIZES)
    return OrderRequest(symbol, side, kind, size, "xq-1", price, reduce_only=reduce_only)


def limits_of(chance: Random) -> Limits:
    """Limits that the sizes and prices above sometimes reach exactly."""
    maybe = chance.random
    return Limits(
        max_order_notional=chance.choice((D(100), D(200), D(10**4), D(10**4))),
        max_position_notional=chance.choice((D(150), D(200), D(10**4), D(10**4))),
        max_leverage=chance.choice((D("0.5"), D(1), D(3))),
        price_collar=chance.choice((D("0.01"), D("0.05"), D("0.5"))),
        max_orders_per_minute=5,
        max_price_age_ms=1_000,
        symbols=frozenset({SPOT, PERPETUAL} if maybe() < 0.9 else {SPOT}),
        max_quantities={SPOT: D(1), PERPETUAL: D(2)} if maybe() < 0.5 else {},
        max_net_leverage=chance.choice((None, D("0.5"), D(1))),
        max_messages_per_second=chance.choice((None, 3)),
        duplicate_ms=chance.choice((0, 1_000)),
        max_open_orders=chance.choice((None, 3)),
        min_balance=chance.choice((D(0), D(100))),
        marked=maybe() < 0.3,
    )


def situation_of(order: OrderRequest, chance: Random) -> Situation:
    """A situation that is mostly sound; one in eight has a number that is none."""
    twin = Intent(order.symbol, order.side, order.quantity, 9_000 + chance.choice((0, 1)), "a")
    rules = Instrument(order.symbol, D("0.01"), D("0.01"), D("0.1"), D(5), D(0), D(0))
    plain = Situation(
        instrument=rules,
        now_ms=10_000,
        price=chance.choice((D(100),) * 8 + PRICES),
        price_ms=chance.choice((9_500,) * 12 + (9_000, 11_000, 8_999, 11_001)),
        worst_price=chance.choice((None, *PRICES) + (D(100),) * 12),
        reference=D(100),
        bar_ms=0,
        last_closed_ms=chance.choice((0,) * 31 + (1,)),
        position=chance.choice((D(0), D(0), D("0.5"), D(1), D("-0.5"), D(-1), D(2))),
        equity=chance.choice((D(100), D(200), D(400), D(10**4))),
        cash=chance.choice((D(150), D(200), D(300), D(10**4), D(10**4))),
        other_notional=chance.choice((D(0), D(0), D(50), D(100))),
        recent_orders=chance.choice((0, 1, 4, 4, 4, 5)),
        journalled=chance.random() < 0.03,
        frozen="unknown order" if chance.random() < 0.05 else None,
        tripped=(Switch.DRAWDOWN,) if chance.random() < 0.05 else (),
        mark=chance.choice((None, D(100), D(100), D(100), D(104))),
        index=chance.choice((None, D(100), D(100), D(100), D(97))),
        other_net=chance.choice((None, D(0), D(0), D(-50), D(50))),
        working=chance.choice((D(0), D(0), D("0.5"))),
        open_orders=chance.choice((None, 0, 1, 2, 2, 2, 3)),
        recent_messages=chance.choice((None, 0, 1, 2, 2, 2, 3)),
        recent_intents=(twin,) if chance.random() < 0.2 else (),
        decision=chance.choice(("a", "b")),
        leverage=chance.choice((D(1), D(5))),
    )
    if chance.random() < 0.125:
        return replace(plain, **{chance.choice(CHANGED): chance.choice(BROKEN)})
    return plain


def numbers(now: Situation, bounds: Limits, contract: bool) -> bool:
    """Whether every input that counts is a number that can be."""
    needed = [now.price, now.position, now.equity, now.cash, now.other_notional, now.working]
    needed += [now.leverage, now.reference]
    if bounds.max_net_leverage is not None:
        needed.append(now.other_net)
    for value in (now.mark, now.index):
        if value is not None or (bounds.marked and contract):
            needed.append(value)
    for value in needed:
        if not isinstance(value, Decimal) or not value.is_finite() or abs(value) > 10**24:
            return False
    above = [now.price, now.equity, now.leverage, now.reference, now.mark, now.index]
    return now.other_notional >= 0 and now.working >= 0 and all(v is None or v > 0 for v in above)


def keeps(order: OrderRequest, now: Situation, bounds: Limits) -> bool:
    """Whether an order keeps every limit, by the page."""
    contract = order.symbol.is_contract
    if order.symbol not in bounds.symbols or order.reduce_only or now.frozen or now.tripped:
        return False
    if now.journalled or not numbers(now, bounds, contract) or now.bar_ms != now.last_closed_ms:
        return False
    worst = now.worst_price if order.price is None else order.price
    if worst is None or not isinstance(worst, Decimal) or not worst.is_finite():
        return False
    if not -1_000 <= now.now_ms - now.price_ms <= 1_000 or abs(worst) > 10**24:
        return False
    price = Fraction(now.price if order.price is None else order.price)
    for anchor in (now.reference, now.mark, now.index):
        for told in (price, Fraction(worst)):
            away = 0 if anchor is None else abs(told - Fraction(anchor)) / Fraction(anchor)
            if away > Fraction(bounds.price_collar):
                return False
    size, sign = Fraction(order.quantity), 1 if order.side is Side.BUY else -1
    most = bounds.max_quantities.get(order.symbol)
    if size * price < 5 or size < Fraction(1, 10) or (most is not None and size > most):
        return False
    held, resting = Fraction(now.position), Fraction(now.working)
    ends = [held + sign * size, held + sign * (size + resting)]
    largest, equity = max(map(abs, ends)), Fraction(now.equity)
    gross = largest * Fraction(now.reference) + Fraction(now.other_notional)
    if bounds.max_net_leverage is not None:
        net = max(abs(e * Fraction(now.reference) + Fraction(now.other_net)) for e in ends)
        if net > Fraction(bounds.max_net_leverage) * equity:
            return False
    free = Fraction(now.cash) - Fraction(bounds.min_balance)
    needed = size * price
    if contract:
        needed = max(largest - abs(held), Fraction(0)) * price / Fraction(now.leverage)
    elif sign < 0:
        return False
    counts = (
        (bounds.max_messages_per_second, now.recent_messages),
        (bounds.max_open_orders, now.open_orders),
        (bounds.max_orders_per_minute, now.recent_orders),
    )
    if any(m is not None and not (isinstance(n, int) and n < m) for m, n in counts):
        return False
    young = [i for i in now.recent_intents if 10_000 - i.at_ms < bounds.duplicate_ms]
    return (
        size * price <= Fraction(bounds.max_order_notional)
        and largest * price <= Fraction(bounds.max_position_notional)
        and gross <= Fraction(bounds.max_leverage) * equity
        and needed <= free
        and not any(i.decision == now.decision for i in young)
    )


def reduces(order: OrderRequest, now: Situation) -> bool:
    """Whether an order can only bring a known position closer to zero."""
    for value in (now.position, now.working):
        sound = isinstance(value, Decimal) and value.is_finite() and abs(value) <= 10**24
        if not sound and (value is now.position or not order.reduce_only):
            return False
    resting = Fraction(0) if order.reduce_only else Fraction(now.working)
    side = 1 if order.side is Side.BUY else -1
    reach = Fraction(order.quantity) + resting
    return resting >= 0 and side * now.position < 0 and reach <= abs(now.position)


def fuzz(count: int, seed: int) -> Counter[str]:
    """How many orders passed as entries, as ways out, and were refused; raises on a difference."""
    chance, found = Random(seed), Counter[str]()
    for _ in range(count):
        order = order_of(chance)
        now, bounds = situation_of(order, chance), limits_of(chance)
        out = reduces(order, now)
        wanted = not now.journalled if out else keeps(order, now, bounds)
        try:
            passed = check(order, now, bounds).reducing is out
            found["out" if out else "entry"] += 1
        except OrderRefused:
            passed = False
            found["refused"] += 1
        if passed is not wanted:
            raise SystemExit(f"the gate says {passed}, the page {wanted}: {order} {now} {bounds}")
    return found


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:3]]
    print(dict(fuzz(*(words + [1_000_000, 1][len(words) :]))))
