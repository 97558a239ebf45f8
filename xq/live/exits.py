"""Exits as prices and quantities: what must rest at the venue while something is held. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from xq.execution.records import JournalFill, JournalOrder
from xq.live.legs import STOP, TAKE_PROFIT
from xq.live.plan import to_lot
from xq.live.reducing import way_out
from xq.strategy.base import Exits
from xq.timeframe import Timeframe
from xq.types import Instrument, OrderRequest, OrderType, Position


@dataclass(frozen=True, slots=True)
class Wanted:
    """One order that must rest: which leg, and what is asked for."""

    leg: str
    request: OrderRequest

    def is_met_by(self, order: JournalOrder) -> bool:
        """Whether an order is this one."""
        asked = self.request
        found = (order.leg, order.type, order.side, order.quantity, order.stop_price)
        return found == (self.leg, asked.type, asked.side, asked.quantity, asked.stop_price)


def wanted(
    position: Position, exits: Exits, best: Decimal | None, instrument: Instrument
) -> tuple[Wanted, ...]:
    """What must rest for a position.

    Levels are those of the backtest's engines: from the mean entry price, the trailing stop from
    the best price of closed bars, on the tick further below for a long, further above for a short.

    Parameters
    ----------
    best
        Best price of closed bars since the entry, which counts too; None before the first.

    Examples
    --------
    >>> from xq.types import Symbol
    >>> perp, d = Symbol.parse("BTC/USDT:USDT"), Decimal
    >>> rules = Instrument(perp, d("0.1"), d("0.001"), d("0.001"), d(5), d(0), d(0))
    >>> held = Position(perp, d("0.5"), entry_price=d(100))
    >>> found = wanted(held, Exits(stop_loss=0.1, take_profit=0.2), None, rules)
    >>> [(w.leg, str(w.request.side), w.request.stop_price) for w in found]
    [('stop', 'sell', Decimal('90.0')), ('take_profit', 'sell', Decimal('120.0'))]
    """
    quantity = to_lot(abs(position.quantity), instrument.lot)
    if quantity < instrument.min_quantity or not quantity or position.entry_price <= 0:
        return ()
    found = []
    for leg, kind, level in (
        (STOP, OrderType.STOP_MARKET, stop_level(position, exits, best, instrument)),
        (TAKE_PROFIT, OrderType.TAKE_PROFIT_MARKET, _profit(position, exits, instrument)),
    ):
        if level is not None and level > 0:
            side = way_out(position.quantity)
            draft = OrderRequest(
                position.symbol, side, kind, quantity, "-", stop_price=level, reduce_only=True
            )
            found.append(Wanted(leg, draft))
    return tuple(found)


def stop_level(
    position: Position, exits: Exits, best: Decimal | None, instrument: Instrument
) -> Decimal | None:
    """The stop that an adverse move meets first; None if there is none."""
    side = 1 if position.quantity > 0 else -1
    keep = max if side > 0 else min
    peak = position.entry_price if best is None else keep(position.entry_price, best)
    levels = [
        on_tick(price * (1 - side * _exact(away)), instrument.tick, side)
        for price, away in ((position.entry_price, exits.stop_loss), (peak, exits.trailing_stop))
        if away is not None
    ]
    if not levels:
        return None
    return max(levels) if side > 0 else min(levels)


def _profit(position: Position, exits: Exits, instrument: Instrument) -> Decimal | None:
    if exits.take_profit is None:
        return None
    side = 1 if position.quantity > 0 else -1
    level = position.entry_price * (1 + side * _exact(exits.take_profit))
    return on_tick(level, instrument.tick, side)


def on_tick(level: Decimal, tick: Decimal, side: int) -> Decimal:
    """A level on the tick below for a long (1), above for a short (-1).

    Examples
    --------
    >>> on_tick(Decimal("95.07"), Decimal("0.1"), 1), on_tick(Decimal("95.07"), Decimal("0.1"), -1)
    (Decimal('95.0'), Decimal('95.1'))
    """
    steps = (level / tick).to_integral_value(ROUND_FLOOR if side > 0 else ROUND_CEILING)
    return steps * tick


def _exact(value: float) -> Decimal:
    return Decimal(str(value))


def entered_ms(fills: Sequence[JournalFill], position: Decimal) -> int | None:
    """Venue time at which what is held was begun to be held; None if no fill tells.

    Examples
    --------
    >>> from xq.types import Side, Symbol
    >>> def fill(n, side, quantity):
    ...     return JournalFill(Symbol("A", "B", "B"), str(n), None, "1", side, Decimal(1),
    ...                        Decimal(quantity), Decimal(0), "B", n, False)
    >>> rows = [fill(1, Side.BUY, 1), fill(2, Side.SELL, 3), fill(3, Side.SELL, 1)]
    >>> entered_ms(rows, Decimal(-3)), entered_ms(rows[:1], Decimal(1)), entered_ms([], Decimal(1))
    (2, 1, None)
    """
    found = None
    for fill in reversed(fills):
        if not position:
            break
        before = position - fill.side.sign * fill.quantity
        found = fill.ts
        if before * position <= 0:
            break
        position = before
    return found


def bars_held(entry_ms: int, bar_ms: int, timeframe: Timeframe) -> int:
    """Closed bars that a position has seen at the close of a bar, that of its entry included.

    Examples
    --------
    >>> hour = Timeframe.parse("1h")
    >>> bars_held(3 * hour.ms + 5_000, 3 * hour.ms, hour), bars_held(hour.ms, 3 * hour.ms, hour)
    (1, 3)
    """
    first_ms = timeframe.floor(entry_ms)
    return max((bar_ms - first_ms) // timeframe.ms + 1, 0)
