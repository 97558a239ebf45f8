"""When a price is met: the last price trade by trade, the mark price by the second.

Trailing stops follow the last price trade by trade and the mark price by the minute.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from xq.sim.algos import AlgoOrder, Working
from xq.sim.exact import ZERO
from xq.sim.feed import Feed
from xq.sim.records import SimOrder
from xq.timeframe import MINUTE_MS, SECOND_MS
from xq.types import OrderType, Side

_MANY = 1_000
_PROFITS = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_MARKET)


def rises(kind: OrderType, side: Side) -> bool:
    """Whether the price must rise to the trigger: stops to buy, profits to sell.

    Examples
    --------
    >>> rises(OrderType.STOP_MARKET, Side.BUY), rises(OrderType.TAKE_PROFIT, Side.BUY)
    (True, False)
    """
    return (kind in _PROFITS) != (side is Side.BUY)


def is_met(trigger: Decimal, price: Decimal, *, above: bool) -> bool:
    """Whether a price has reached a trigger."""
    return price >= trigger if above else price <= trigger


def first_met(
    feed: Feed,
    symbol: str,
    trigger: Decimal,
    working: Working,
    span: tuple[int, int],
    *,
    above: bool,
) -> int | None:
    """The first moment in (span[0], span[1]] at which a price reaches a trigger."""
    start_ms, end_ms = span
    if working is Working.MARK_PRICE:
        return _first_mark(feed, symbol, trigger, start_ms, end_ms, above=above)
    low, high = feed.price_range(symbol, start_ms, end_ms)
    if not is_met(trigger, high if above else low, above=above):
        return None
    trade = feed.first_reach(symbol, trigger, above=above, start_ms=start_ms, end_ms=end_ms)
    return None if trade is None else trade.ts


def _first_mark(
    feed: Feed, symbol: str, trigger: Decimal, start_ms: int, end_ms: int, *, above: bool
) -> int | None:
    first = (start_ms // SECOND_MS + 1) * SECOND_MS
    if first > end_ms:
        return None
    low, high = feed.mark_range(symbol, start_ms, end_ms)
    if not is_met(trigger, high if above else low, above=above):
        return None
    if end_ms - start_ms <= MINUTE_MS:
        for ts in range(first, end_ms + 1, SECOND_MS):
            if is_met(trigger, feed.mark_price(symbol, ts), above=above):
                return ts
        return None
    middle = (start_ms + end_ms) // 2 // SECOND_MS * SECOND_MS
    early = _first_mark(feed, symbol, trigger, start_ms, middle, above=above)
    if early is not None:
        return early
    return _first_mark(feed, symbol, trigger, middle, end_ms, above=above)


def watch_algo(feed: Feed, algo: AlgoOrder, span: tuple[int, int]) -> tuple[int | None, AlgoOrder]:
    """When a conditional order's price is met in (span[0], span[1]], and how far it trailed."""
    if algo.type is OrderType.TRAILING_STOP_MARKET:
        return trail(feed, algo, *span)
    above = rises(algo.type, algo.side)
    return first_met(feed, algo.symbol, algo.trigger_price, algo.working, span, above=above), algo


def watch_stop(feed: Feed, order: SimOrder, span: tuple[int, int]) -> int | None:
    """When a waiting spot order's price is met in (span[0], span[1]]."""
    above = rises(order.type, order.side)
    working = Working.CONTRACT_PRICE
    return first_met(feed, order.symbol, order.stop_price, working, span, above=above)


def trail(feed: Feed, algo: AlgoOrder, start_ms: int, end_ms: int) -> tuple[int | None, AlgoOrder]:
    """Follow a trailing stop through (start_ms, end_ms]: when it triggers, and how far it trailed.

    It trails the highest price when it sells, the lowest when it buys, from its activation on.
    """
    if start_ms >= end_ms:
        return None, algo
    if algo.working is Working.MARK_PRICE:
        first = (start_ms // MINUTE_MS + 1) * MINUTE_MS
        times = range(first, end_ms + 1, MINUTE_MS)
        return _follow(algo, ((ts, feed.mark_price(algo.symbol, ts)) for ts in times))
    low, high = feed.price_range(algo.symbol, start_ms, end_ms)
    quiet = _quietly(algo, low, high)
    if quiet is not None:
        return None, quiet
    trades = feed.trades(
        algo.symbol, start_ms=start_ms + 1, end_ms=end_ms, limit=_MANY, now_ms=end_ms
    )
    if not trades:
        return _coarsely(feed, algo, start_ms, end_ms)
    if len(trades) < _MANY or end_ms - start_ms == 1:
        return _follow(algo, ((trade.ts, trade.price) for trade in trades))
    middle = (start_ms + end_ms) // 2
    moment, algo = trail(feed, algo, start_ms, middle)
    return (moment, algo) if moment is not None else trail(feed, algo, middle, end_ms)


def stop_of(algo: AlgoOrder, extreme: Decimal) -> Decimal:
    """The price at which a trailing stop that saw ``extreme`` triggers."""
    return extreme * (1 + algo.side.sign * algo.callback_rate / 100)


def _quietly(algo: AlgoOrder, low: Decimal, high: Decimal) -> AlgoOrder | None:
    """The order after prices between low and high, if they cannot have triggered it."""
    sign = algo.side.sign
    best, worst = (low, high) if sign > 0 else (high, low)
    if not algo.extreme:
        return algo if (best - algo.activate_price) * sign > 0 else None
    extreme = min(algo.extreme, best) if sign > 0 else max(algo.extreme, best)
    if (worst - stop_of(algo, extreme)) * sign >= 0:
        return None
    return algo if extreme == algo.extreme else replace(algo, extreme=extreme)


def _follow(algo: AlgoOrder, prices: Iterator[tuple[int, Decimal]]) -> tuple[int | None, AlgoOrder]:
    sign, extreme = algo.side.sign, algo.extreme
    for ts, price in prices:
        if not extreme:
            if (price - algo.activate_price) * sign <= 0:
                extreme = price
            continue
        if (price - extreme) * sign < 0:
            extreme = price
        elif (price - stop_of(algo, extreme)) * sign >= 0:
            return ts, replace(algo, extreme=extreme)
    return None, replace(algo, extreme=extreme)


def _coarsely(
    feed: Feed, algo: AlgoOrder, start_ms: int, end_ms: int
) -> tuple[int | None, AlgoOrder]:
    """Where only extremes of bars are known: the stop as it was is tried before it trails on."""
    if algo.extreme:
        trade = feed.first_reach(
            algo.symbol,
            stop_of(algo, algo.extreme),
            above=algo.side is Side.BUY,
            start_ms=start_ms,
            end_ms=end_ms,
        )
        if trade is not None:
            return trade.ts, algo
    low, high = feed.price_range(algo.symbol, start_ms, end_ms)
    best = low if algo.side is Side.BUY else high
    if algo.extreme or (best - algo.activate_price) * algo.side.sign <= 0:
        keep = min if algo.side is Side.BUY else max
        return None, replace(algo, extreme=keep(algo.extreme, best) if algo.extreme else best)
    return None, replace(algo, extreme=ZERO)
