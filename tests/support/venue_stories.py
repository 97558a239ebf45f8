"""Random stories of several accounts on one scripted market, for laws about the venue."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path

from hypothesis import strategies as st
from support.scripted_feed import EIGHT_HOURS, Bench

from xq.sim.accounts import MAIN
from xq.sim.algos import NewAlgo, Working
from xq.sim.instruments import Face
from xq.sim.ledger import FILE_NAME
from xq.sim.records import MarginMode, NewOrder, PositionSide, SelfTrade
from xq.sim.refusal import Refusal
from xq.types import OrderType, Side, TimeInForce

D = Decimal
OWNERS = (MAIN, "alice")
_LIMITS = (OrderType.STOP, OrderType.TAKE_PROFIT)
_CONDITIONAL = (
    *_LIMITS,
    OrderType.STOP_MARKET,
    OrderType.TAKE_PROFIT_MARKET,
    OrderType.TRAILING_STOP_MARKET,
)
Act = Callable[[Bench], object]


@dataclass(frozen=True)
class Wait:
    """Time passes; on the way the tape prints and funding is due."""

    length: int
    prints: tuple[tuple[int, int, int, bool], ...]
    rate: int

    def announce(self, bench: Bench) -> None:
        """Write the coming tape."""
        now = bench.venue.now_ms
        for share, price, lots, sold in self.prints:
            moment = now + 1 + self.length * share // 100
            for feed in (bench.spot, bench.futures):
                feed.print("BTCUSDT", moment, str(price), str(D(lots) / 100), sold=sold)
        bench.futures.rates[(now // EIGHT_HOURS + 1) * EIGHT_HOURS] = D(self.rate) / 10_000


@st.composite
def waits(draw: st.DrawFn) -> Wait:
    """A passage of time with up to four trades."""
    prints = st.tuples(
        st.integers(1, 99),
        st.integers(39_000, 41_000) | st.integers(30_000, 50_000),
        st.integers(0, 300),
        st.booleans(),
    )
    return Wait(
        draw(st.integers(200, 120_000) | st.integers(1_000, EIGHT_HOURS)),
        tuple(draw(st.lists(prints, max_size=4, unique_by=lambda item: item[0]))),
        draw(st.integers(-30, 30)),
    )


@st.composite
def orders(draw: st.DrawFn) -> Act:
    """A plain order, sensible or not."""
    owner, face = draw(st.sampled_from(OWNERS)), draw(st.sampled_from(Face))
    kind = draw(st.sampled_from([OrderType.MARKET, OrderType.LIMIT, OrderType.LIMIT]))
    limit = kind is OrderType.LIMIT
    request = NewOrder(
        symbol="BTCUSDT",
        side=draw(st.sampled_from(Side)),
        type=kind,
        client_id=draw(st.sampled_from(["a", "b", None, None])),
        quantity=D(draw(st.integers(0, 500) | st.integers(0, 4_000))) / 1_000,
        price=D(draw(st.integers(39_500, 40_500) | st.integers(37_000, 43_000))) if limit else None,
        time_in_force=draw(st.sampled_from(TimeInForce)) if limit else TimeInForce.GTC,
        reduce_only=draw(st.booleans()) if face is Face.FUTURES else False,
        self_trade=draw(st.sampled_from(SelfTrade)),
        good_till_ms=10**13,
    )
    side = draw(st.sampled_from((PositionSide.LONG, PositionSide.SHORT)))
    only_try = draw(st.integers(0, 9)) == 0

    def act(bench: Bench) -> object:
        wanted = request
        if face is Face.FUTURES and bench.venue.state.is_hedged(owner):
            wanted = replace(request, position_side=side, reduce_only=False)
        if only_try:
            return bench.venue.rehearse(owner, face, wanted)
        return bench.venue.place(owner, face, wanted)

    return act


@st.composite
def algos(draw: st.DrawFn) -> Act:
    """A conditional futures order, or a spot order that waits for its price."""
    owner, kind = draw(st.sampled_from(OWNERS)), draw(st.sampled_from(_CONDITIONAL))
    trailing, limit = kind is OrderType.TRAILING_STOP_MARKET, kind in _LIMITS
    price = st.integers(39_000, 41_000).map(D)
    side, lots = draw(st.sampled_from(Side)), D(draw(st.integers(3, 900))) / 1_000
    if draw(st.booleans()) and not trailing:
        name, at = draw(st.sampled_from(["a", None])), draw(price)
        request = NewOrder("BTCUSDT", side, kind, name, lots, stop_price=at)
        if limit:
            request = replace(request, price=draw(price))
        return lambda bench: bench.venue.place(owner, Face.SPOT, request)
    closes = kind in (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET) and draw(st.booleans())
    algo = NewAlgo(
        symbol="BTCUSDT",
        side=side,
        type=kind,
        client_id=draw(st.sampled_from(["a", None])),
        quantity=None if closes else lots,
        price=draw(price) if limit else None,
        trigger_price=None if trailing else draw(price),
        activate_price=draw(st.none() | price) if trailing else None,
        callback_rate=D(draw(st.integers(1, 20))) / 10 if trailing else None,
        working=draw(st.sampled_from(Working)),
        reduce_only=not closes and draw(st.booleans()),
        close_position=closes,
        with_position=draw(st.booleans()),
    )
    position = draw(st.sampled_from((PositionSide.LONG, PositionSide.SHORT)))

    def act(bench: Bench) -> object:
        wanted = algo
        if bench.venue.state.is_hedged(owner):
            wanted = replace(algo, position_side=position, reduce_only=False)
        return bench.venue.place_algo(owner, wanted)

    return act


@st.composite
def changes(draw: st.DrawFn) -> Act:
    """A cancel, an amendment, a countdown or another leverage."""
    owner, name = draw(st.sampled_from(OWNERS)), draw(st.sampled_from(["a", "b"]))
    which = draw(st.integers(0, 7))
    if which == 5:
        mode = draw(st.sampled_from(MarginMode))
        return lambda bench: bench.venue.set_margin_mode(owner, "BTCUSDT", mode)
    if which == 6:
        hedge = draw(st.booleans())
        return lambda bench: bench.venue.set_position_mode(owner, hedge)
    if which == 7:
        side, amount = draw(st.sampled_from(PositionSide)), D(draw(st.integers(-500, 900)))
        return lambda bench: bench.venue.change_margin(owner, "BTCUSDT", side, amount)
    if which == 4:
        return lambda bench: bench.venue.cancel_algo(owner, client_id=name)
    if which == 0:
        face = draw(st.sampled_from(Face))
        return lambda bench: bench.venue.cancel(owner, face, "BTCUSDT", client_id=name)
    if which == 1:
        price, lots = D(draw(st.integers(39_000, 41_000))), D(draw(st.integers(1, 500))) / 1_000
        return lambda bench: bench.venue.amend(
            owner, "BTCUSDT", client_id=name, price=price, quantity=lots
        )
    if which == 2:
        after = draw(st.integers(0, 100_000))
        return lambda bench: bench.venue.countdown_cancel(owner, "BTCUSDT", after)
    leverage = draw(st.integers(0, 130))
    return lambda bench: bench.venue.set_leverage(owner, "BTCUSDT", leverage)


@st.composite
def openings(draw: st.DrawFn) -> list[Act]:
    """How accounts are set up before a story begins."""
    acts: list[Act] = []
    for owner in OWNERS:
        if draw(st.booleans()):
            acts.append(partial(_isolate, owner))
        if draw(st.booleans()):
            acts.append(partial(_hedge, owner))
        acts.append(partial(_lever, owner, draw(st.sampled_from((3, 20, 100, 125)))))
    return acts


def _isolate(owner: str, bench: Bench) -> None:
    bench.venue.set_margin_mode(owner, "BTCUSDT", MarginMode.ISOLATED)


def _hedge(owner: str, bench: Bench) -> None:
    bench.venue.set_position_mode(owner, hedge=True)


def _lever(owner: str, leverage: int, bench: Bench) -> None:
    bench.venue.set_leverage(owner, "BTCUSDT", leverage)


STORIES = st.builds(
    list.__add__,
    openings(),
    st.lists(st.one_of(orders(), orders(), waits(), changes(), algos()), max_size=14),
)


def tell(bench: Bench, story: list[Act | Wait], looks: int = 1) -> list[str]:
    """Play a story; how each act ended. Time passes in ``looks`` looks at the clock."""
    ends = []
    for act in story:
        if isinstance(act, Wait):
            act.announce(bench)
            begin = bench.clock.now_ms()
            for look in range(1, looks + 1):
                bench.advance(begin + act.length * look // looks - bench.clock.now_ms())
            continue
        try:
            act(bench)
            ends.append("done")
        except Refusal as refusal:
            ends.append(str(refusal.reason))
    return ends


def written(bench: Bench) -> list[str]:
    """Everything the ledger holds, as text; not when it was looked at last."""
    connection = sqlite3.connect(bench.folder / FILE_NAME)
    try:
        return [line for line in connection.iterdump() if "settled_ms" not in line]
    finally:
        connection.close()


def begin(folder: str | Path) -> Bench:
    """A fresh venue of two accounts."""
    return Bench(Path(folder), accounts=OWNERS)
