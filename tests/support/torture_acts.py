"""What the trader of a story does in a run; a new kind of work is a new row of `_ACTS`."""

from collections.abc import Callable
from decimal import Decimal

from xq.execution import send
from xq.execution.algos.plan import Deadline, How, Iceberg, Plan, Scheduled, TrailingStop
from xq.live import hand, hand_replace, parents
from xq.live.desk import Desk, Terms
from xq.live.latches import JournalLatches
from xq.live.legs import HAND
from xq.live.loop import tick, watch
from xq.live.report import Report
from xq.live.wish import Wish
from xq.risk.gate import check
from xq.risk.latch import by_hand
from xq.risk.limits import Situation
from xq.risk.switches import Action, Switch
from xq.types import OrderRequest, OrderType, Side, TimeInForce

D = Decimal
NOTHING, DONE = "nothing to do", "done"


def work(act: str, desk: Desk, terms: Terms) -> tuple[str, tuple[str, ...]]:
    """A word for what was done, and what went wrong of it."""
    verb, _, told = act.partition(" ")
    found = _ACTS[verb](told, desk, terms)
    if isinstance(found, str):
        return found, ()
    return found.act.value, tuple(f"{type(one).__name__}: {one.message}" for one in found.problems)


def _trip(action: str, desk: Desk, _terms: Terms) -> str:
    latches, now_ms = JournalLatches(desk.journal), desk.market.now_ms()
    pulled = by_hand(Switch.DRAWDOWN, "news", "ann", now_ms, Action(action))
    latches.store(latches.load(now_ms).after([pulled]), now_ms)
    return DONE


def _limit(kind: str, desk: Desk, terms: Terms) -> str:
    """A limit order, as an algorithm would send one: below the market, or through its best level.

    It is larger than that level, so that a rest of it stays.
    """
    crossing = kind == "partial"
    symbol = terms.symbols[0]
    book, account = desk.market.book(symbol, 5), desk.venue.account()
    ask, size = book.asks[0]
    price = ask if crossing else _below(desk, terms, "0.97")
    quantity = size + D("0.005") if crossing else D("0.010")
    name = f"xq-limit-{desk.market.now_ms()}"
    request = OrderRequest(
        symbol, Side.BUY, OrderType.LIMIT, quantity, name, price=price,
        time_in_force=TimeInForce.GTC,
    )  # fmt: skip
    now_ms = desk.market.now_ms()
    situation = Situation(
        desk.market.instruments()[symbol], now_ms, ask, book.ts, ask, ask, 0, 0, D(0),
        account.equity, account.equity, D(0), 0,
    )  # fmt: skip
    ticket = send.Ticket(None, "limit", price, D(0), now_ms, terms.strategy)
    approved = check(request, situation, terms.limits)
    send.place(approved, ticket, desk.venue, desk.journal, desk.clock, tuple)
    return DONE


def _by_hand(kind: str, desk: Desk, terms: Terms) -> str:
    """An order that rests: to buy below the market, or a stop behind what is held."""
    symbol, price = terms.symbols[0], _below(desk, terms, "0.97")
    wish = Wish(symbol, Side.BUY, OrderType.LIMIT, D("0.010"), price=price)
    if kind == "stop":
        wish = Wish(
            symbol, Side.SELL, OrderType.STOP_MARKET, D("0.010"), stop_price=price, reduce_only=True
        )
    return _told(hand.place(wish, desk, terms))


def _replace(share: str, desk: Desk, terms: Terms) -> str:
    """Another price for the order by hand that rests: this share of the market's."""
    symbol, price = terms.symbols[0], _below(desk, terms, share)
    name = next(o.client_id for o in desk.journal.unsettled_orders() if o.leg == HAND)
    is_stop = desk.journal.order(name).type is OrderType.STOP_MARKET
    change = hand_replace.Change(
        name, price=None if is_stop else price, stop_price=price if is_stop else None,
        quantity=D("0.008"),
    )  # fmt: skip
    return _told(hand_replace.change(symbol, change, desk, terms).placed)


def _told(placed: hand.Placed) -> str:
    if placed.problem is not None:
        raise placed.problem
    return DONE


def _begin(kind: str, desk: Desk, terms: Terms) -> str:
    """A parent order of the run's symbol: bought in slices, shown in parts, or a trailing stop."""
    symbol = terms.symbols[0]
    now_ms = desk.market.now_ms()
    hows: dict[str, tuple[Side, str, How]] = {
        "twap": (Side.BUY, "0.02", Scheduled((1.0, 1.0))),
        "iceberg": (Side.BUY, "0.02", Iceberg(_below(desk, terms, "1.001"), D("0.01"))),
        "trail": (Side.SELL, "0.01", TrailingStop(D("0.05"), step=D(0))),
    }
    side, quantity, how = hows[kind]
    ends = kind == "twap"
    plan = Plan(
        "xq-parent", side, D(quantity), desk.market.instruments()[symbol], how, now_ms,
        now_ms + 60_000 if ends else None, Deadline.MARKET if ends else Deadline.STOP,
        reduce_only=kind == "trail", seed=1,
    )  # fmt: skip
    desk.journal.parents.begin(parents.new_parent(plan, terms.strategy, now_ms))
    return DONE


def _work(_: str, desk: Desk, terms: Terms) -> str:
    """A look at every parent; nothing was to do if none has got any further by it."""
    before = desk.journal.parents.unfinished()
    for parent in before:
        parents.work(parent, desk, terms)
    return NOTHING if desk.journal.parents.unfinished() == before else DONE


def _below(desk: Desk, terms: Terms, share: str) -> Decimal:
    """A whole number of ticks at so much of the best bid."""
    tick_size = desk.market.instruments()[terms.symbols[0]].tick
    bid = desk.market.book(terms.symbols[0], 5).bids[0][0]
    return int(bid * D(share) / tick_size) * tick_size


_ACTS: dict[str, Callable[[str, Desk, Terms], Report | str]] = {
    "tick": lambda _, desk, terms: tick(desk, terms),
    "watch": lambda _, desk, terms: watch(desk, terms),
    "trip": _trip, "limit": _limit, "hand": _by_hand, "replace": _replace, "begin": _begin,
    "work": _work,
}  # fmt: skip
