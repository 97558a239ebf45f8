"""Price, then time: takers, the tape, and what is left in the queue."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from support.reference_venue.numbers import ZERO, affordable, round8
from support.reference_venue.records import OPEN, Fill, Market, Order, Trade
from support.reference_venue.state import State

_OTHER = {"buy": "sell", "sell": "buy"}


@dataclass(frozen=True)
class Step:
    """One execution to come; without a maker it is against the outside book."""

    price: Decimal
    quantity: Decimal
    maker: Order | None


@dataclass(eq=False)
class Plan:
    """What a taker would do: executions, own orders it expires, whether it is stopped by one."""

    steps: list[Step] = field(default_factory=list)
    expired: list[Order] = field(default_factory=list)
    stopped: bool = False

    @property
    def quantity(self) -> Decimal:
        """Base asset done."""
        return sum((step.quantity for step in self.steps), ZERO)

    @property
    def quote(self) -> Decimal:
        """Quote asset done."""
        return sum((step.quantity * step.price for step in self.steps), ZERO)


def outside(state: State, market: Market, side: str, ago: int = 0) -> dict[Decimal, Decimal]:
    """What the outside book still has, or had ``ago`` milliseconds ago, price by price."""
    found = {}
    for price, shown in market.shown(state.now - ago, side):
        before, taken = state.taken.get((market.face, market.symbol, side, price), (shown, ZERO))
        found[price] = shown - (taken if before == shown else ZERO)
    return found


def acceptable(order: Order, price: Decimal) -> bool:
    """Whether a taker's own price allows this one."""
    if order.type == "market":
        return True
    return price <= order.price if order.side == "buy" else price >= order.price


def at_price(state: State, market: Market, side: str, price: Decimal) -> list[Order]:
    """Clients' resting orders at one price, first in the queue first."""
    found = [
        item
        for item in state.open_orders(market.face, market.symbol)
        if item.side == side and item.price == price
    ]
    return sorted(found, key=lambda item: item.turn)


def plan(state: State, taker: Order) -> Plan:
    """Walk the opposite side, best price first, and note what would happen."""
    market = state.market(taker.face, taker.symbol)
    side = _OTHER[taker.side]
    levels = outside(state, market, side)
    prices = set(levels) | {
        item.price for item in state.open_orders(market.face, market.symbol) if item.side == side
    }
    made = Plan()
    for price in sorted(prices, reverse=taker.side == "sell"):
        if not acceptable(taker, price):
            break
        for step in _queue(state, market, side, price, levels.get(price, ZERO)):
            if not _take(state, made, taker, step, market.lot):
                return made
    return made


def _queue(
    state: State, market: Market, side: str, price: Decimal, shown: Decimal
) -> Iterator[Step]:
    passed = ZERO
    for maker in at_price(state, market, side, price):
        before = max(ZERO, min(maker.ahead, shown) - passed)
        passed += before
        yield Step(price, before, None)
        yield Step(price, maker.left, maker)
    yield Step(price, shown - passed, None)


def _take(state: State, made: Plan, taker: Order, step: Step, lot: Decimal) -> bool:
    """Add what the taker gets of one step; False when it is done."""
    if taker.quote_quantity:
        wanted = affordable(taker.quote_quantity - made.quote, step.price, lot)
    else:
        wanted = taker.left - made.quantity
    if not wanted:
        return False
    if step.maker is not None and step.maker.owner == taker.owner and taker.stp != "none":
        if taker.stp in ("expire_maker", "expire_both"):
            made.expired.append(step.maker)
        made.stopped = taker.stp in ("expire_taker", "expire_both")
        return not made.stopped
    there = step.quantity if step.maker is None else _capacity(state, made, taker, step.maker)
    if there:
        made.steps.append(Step(step.price, min(wanted, there), step.maker))
    return wanted > there


def _capacity(state: State, made: Plan, taker: Order, maker: Order) -> Decimal:
    """What a resting order gives: a reduce-only one no more than its position then has."""
    if not maker.reduce_only:
        return maker.left
    alone = (maker.owner, maker.position_side) != (taker.owner, taker.position_side)
    position = state.books(maker.owner).position(maker.symbol, maker.position_side).quantity
    for step in made.steps if alone else ():
        if step.maker is not None and (step.maker.owner, step.maker.position_side) == (
            maker.owner,
            maker.position_side,
        ):
            position += maker.sign * step.quantity
    return min(maker.left, max(ZERO, -position * maker.sign))


def carry_out(state: State, taker: Order, made: Plan) -> None:
    """Book a plan."""
    market = state.market(taker.face, taker.symbol)
    side = _OTHER[taker.side]
    for step in made.steps:
        execute(state, taker, step.price, step.quantity, maker=False)
        if step.maker is None:
            _consume(state, market, side, step.price, step.quantity)
        else:
            cut(state, step.maker)
            execute(state, step.maker, step.price, step.quantity, maker=True)
    for order in made.expired:
        if order.status in OPEN:
            order.status = "expired_in_match"
    expire_idle(state, taker.symbol)


def _consume(state: State, market: Market, side: str, price: Decimal, quantity: Decimal) -> None:
    shown = dict(market.shown(state.now, side))
    here = (market.face, market.symbol, side)
    for key, (before, _) in list(state.taken.items()):
        if key[:3] == here and shown.get(key[3]) != before:
            del state.taken[key]
    _, taken = state.taken.get((*here, price), (ZERO, ZERO))
    state.taken[*here, price] = (shown[price], taken + quantity)
    for order in at_price(state, market, side, price):
        order.ahead = max(ZERO, order.ahead - quantity)


def execute(state: State, order: Order, price: Decimal, quantity: Decimal, *, maker: bool) -> None:
    """Book one execution of one order."""
    market = state.market(order.face, order.symbol)
    rate = market.maker if maker else market.taker
    paid_in_base = order.face == "spot" and order.side == "buy"
    isolated = order.face == "futures" and state.is_isolated(order.owner, order.symbol)
    state.history.append(
        Fill(
            id=len(list(state.fills())) + 1,
            ts=state.now,
            order_id=order.id,
            owner=order.owner,
            face=order.face,
            symbol=order.symbol,
            base=market.base,
            side=order.side,
            position_side=order.position_side,
            price=price,
            quantity=quantity,
            fee=round8((quantity if paid_in_base else quantity * price) * rate),
            maker=maker,
            leverage=state.leverage(order.owner, order.symbol) if isolated else 0,
            liquidates=order.liquidates,
        )
    )
    order.filled += quantity
    order.filled_quote += quantity * price
    order.status = "filled" if order.left == 0 else "partially_filled"


def expire_idle(state: State, symbol: str) -> None:
    """Expire resting reduce-only orders that have nothing left to reduce."""
    for order in state.open_orders("futures", symbol):
        if order.reduce_only and not state.reducible(order):
            order.status = "expired"


def cut(state: State, order: Order) -> None:
    """Cut a reduce-only order to what there is to reduce."""
    if order.reduce_only:
        order.quantity = order.filled + min(order.left, state.reducible(order))


def rest(state: State, order: Order) -> None:
    """Put what is left of an order at the end of the queue at its price."""
    market = state.market(order.face, order.symbol)
    order.status = "partially_filled" if order.filled else "new"
    order.ahead = outside(state, market, order.side).get(order.price, ZERO)
    order.turn = state.turns = state.turns + 1


def print_trades(state: State, market: Market, trades: Sequence[Trade]) -> None:
    """One moment of the tape: orders it passed fill whole, orders at its end in their turn."""
    for side, ends in (("buy", min), ("sell", max)):
        price = ends(trade.price for trade in trades)
        for order in _passed(state, market, side, price):
            _fill_resting(state, order, order.left)
        reached = [item for item in trades if item.price == price and item.sold is (side == "buy")]
        if reached:
            shown = outside(state, market, side, ago=1).get(price, ZERO)
            queue = at_price(state, market, side, price)
            for order in queue:
                order.ahead = min(order.ahead, shown)
            _trade_through(state, queue, sum((item.quantity for item in reached), ZERO))


def _passed(state: State, market: Market, side: str, price: Decimal) -> list[Order]:
    sign = 1 if side == "buy" else -1
    found = [
        item
        for item in state.open_orders(market.face, market.symbol)
        if item.side == side and item.price * sign > price * sign
    ]
    return sorted(found, key=lambda item: (-item.price * sign, item.turn))


def _trade_through(state: State, queue: list[Order], pool: Decimal) -> None:
    passed = ZERO
    for order in queue:
        eaten = min(pool, max(ZERO, order.ahead - passed))
        passed += eaten
        pool -= eaten
        if pool and order.status in OPEN:
            pool -= _fill_resting(state, order, min(pool, order.left))
    for order in queue:
        order.ahead = max(ZERO, order.ahead - passed)


def _fill_resting(state: State, order: Order, quantity: Decimal) -> Decimal:
    if order.status not in OPEN:
        return ZERO
    cut(state, order)
    done = min(quantity, order.left)
    if done:
        execute(state, order, order.price, done, maker=True)
        expire_idle(state, order.symbol)
    return done
