"""Weights scaled by a method of sizing, once for every change of what the strategy wants."""

import math
from dataclasses import replace
from itertools import pairwise

from xq.live.desk import Desk, Forecast, Terms
from xq.live.facts import closes
from xq.portfolio.sizing_methods import NAN, EntryFacts, Sizing
from xq.risk.measure_market import CloseAt
from xq.strategy.base import Exits
from xq.timeframe import Timeframe
from xq.types import Symbol


def sized(forecast: Forecast, desk: Desk, terms: Terms) -> Forecast:
    """The forecast with every weight scaled; NaN, which is refused, where facts do not tell.

    A weight that the strategy has not changed keeps the size it was given: drift of volatility
    alone does not trade.
    """
    method = terms.sizing
    if method is None:
        return forecast
    weights = {
        symbol: weight
        if symbol in forecast.untold
        else _scaled(symbol, weight, method, forecast, desk, terms)
        for symbol, weight in forecast.weights.items()
    }
    parts = {
        name: {s: part * _ratio(weights[s], forecast.weights[s]) for s, part in own.items()}
        for name, own in forecast.parts.items()
    }
    return replace(forecast, weights=weights, parts=parts)


def _ratio(scaled: float, weight: float) -> float:
    return scaled / weight if weight else 1.0


def _scaled(
    symbol: Symbol, weight: float, method: Sizing, forecast: Forecast, desk: Desk, terms: Terms
) -> float:
    if weight == 0.0 or not math.isfinite(weight):
        return weight
    note = f"sized:{terms.strategy}:{symbol}"
    asked, _, given = (desk.journal.books.note(note) or "").partition(" ")
    wanted = f"{method}|{weight!r}".replace(" ", "")
    last = desk.journal.decisions.last_signal(symbol)
    if asked == wanted and last is not None and last[1].weight == float(given):
        return float(given)
    bars = closes(symbol, terms.timeframe, terms.window + 1, desk)
    price = float(forecast.closes[symbol])
    cost = float(desk.market.instruments()[symbol].taker)
    facts = entry_facts(price, weight, bars, terms.timeframe, forecast.exits, cost)
    scaled = weight * method.weight(facts)
    desk.journal.books.set_note(note, f"{wanted} {scaled!r}")
    return scaled


def entry_facts(
    price: float,
    weight: float,
    bars: list[CloseAt],
    timeframe: Timeframe,
    exits: Exits | None,
    cost: float,
) -> EntryFacts:
    """What sizing needs to know: mean and deviation of log returns per year, and the stop.

    Examples
    --------
    >>> day = Timeframe.parse("1d")
    >>> bars = [CloseAt(n * day.ms, price) for n, price in enumerate([100.0, 110.0, 100.0, 110.0])]
    >>> facts = entry_facts(110.0, 1.0, bars, day, Exits(stop_loss=0.1), 0.001)
    >>> round(facts.stop, 9), round(facts.volatility, 6)
    (99.0, 2.102592)
    """
    stop = NAN
    if exits is not None and exits.stop_loss is not None:
        stop = price * (1.0 - math.copysign(exits.stop_loss, weight))
    returns = [math.log(after.close / before.close) for before, after in pairwise(bars)]
    if len(returns) < 2:
        return EntryFacts(price, stop, cost=cost)
    mean = math.fsum(returns) / len(returns)
    variance = math.fsum((r - mean) ** 2 for r in returns) / (len(returns) - 1)
    years = timeframe.bars_per_year
    side = math.copysign(1.0, weight)
    return EntryFacts(price, stop, math.sqrt(variance * years), side * mean * years, cost)
