"""Facts that bring a kill switch to its threshold, and facts that no switch may trust."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from xq.risk.measure_equity import EquityAt, Flow, daily_loss, drawdown, leverage
from xq.risk.measure_market import CloseAt, ModelForecast, disagreement, volatility
from xq.risk.measure_trades import Call, api_errors, losing_streak
from xq.risk.readings import Reading, Span
from xq.risk.round_trips import TripTerms
from xq.risk.switches import DEFAULT_RULES, Switch
from xq.timeframe import Timeframe
from xq.types import Account, Fill, Position, Side, Symbol

DAY = 1_704_067_200_000  # midnight, UTC
NOW = DAY + 12 * 3_600_000
HOUR, FIVE = Timeframe.parse("1h"), Timeframe.parse("5m")
BTC, ETH = Symbol.parse("BTC/USDT:USDT"), Symbol.parse("ETH/USDT:USDT")
D = Decimal


@dataclass(frozen=True, slots=True)
class Case:
    """A reading made of facts, and whether its switch trips."""

    name: str
    switch: Switch
    reading: Reading | None
    trips: bool


def span(switch: Switch, since_ms: int = 0) -> Span:
    return Span(NOW, DEFAULT_RULES[switch].window_ms, since_ms)


PLACES = ("far below", "just below", "at", "just above", "far above")
LEVELS: dict[Switch, tuple[str, ...]] = {
    Switch.DAILY_LOSS: ("-100", "499.99999999", "500", "500.00000001", "5000"),
    Switch.LOSING_STREAK: ("0", "4", "5", "6", "40"),
    Switch.VOLATILITY: ("0", "0.049999999", "0.05", "0.050000001", "0.9"),
    Switch.API_ERRORS: ("0", "-1", "0.1", "+1", "1"),  # ±1: one call from the threshold
    Switch.DISAGREEMENT: ("0", "0.499999999", "0.5", "0.500000001", "1"),
    Switch.DRAWDOWN: ("0", "0.149999999999", "0.15", "0.150000000001", "1"),
    Switch.LEVERAGE: ("0", "9.99999999", "10", "10.00000001", "120"),
}


def points(*rows: tuple[int, object]) -> list[EquityAt]:
    return [EquityAt(ts, D(str(equity))) for ts, equity in rows]


def _daily_loss(level: str, shape: int, small: bool) -> Reading:
    start, loss = D(500 if small else 10_000), D(level)
    flow = {1: D(3_000), 2: D(-4_000)}.get(shape, D(0))
    opens = {3: DAY - 1, 4: DAY + 3_600_000}.get(shape, DAY)
    rows = [(opens, start), (NOW, start + flow - loss)]
    if shape == 3:
        rows += [(DAY - 36_000_000, start + 9_000), (DAY + 1, start - 600 + max(600 - loss, D(0)))]
    flows = [Flow("f", DAY + 7_200_000, flow), Flow("f", DAY + 7_200_000, flow)] if flow else []
    return daily_loss(points(*rows), flows, span(Switch.DAILY_LOSS))


def trip(number: int, symbol: Symbol, pnl: str, *, short: bool = False) -> list[Fill]:
    """Two fills that make a round trip of this pnl, after fees of 0.1 each."""
    out = D(100) + (D(pnl) + D("0.2")) * (-1 if short else 1)
    sides = (Side.SELL, Side.BUY) if short else (Side.BUY, Side.SELL)
    ts = DAY + number * 60_000
    return [
        Fill(symbol, str(10 * number), "", sides[0], D(100), D(1), D("0.1"), "USDT", ts),
        Fill(symbol, str(10 * number + 1), "", sides[1], out, D(1), D("0.1"), "USDT", ts + 1),
    ]


def _losing_streak(level: str, shape: int, by_fees: bool) -> Reading:
    pnl, fills = "-0.2" if by_fees else "-7", []
    for number in range(10, 10 + int(level)):
        symbol = ETH if shape == 2 and number % 2 else BTC
        fills += trip(number, symbol, pnl, short=shape == 1)
    if shape >= 3:  # earlier losses that a win, or nothing at all, has ended
        fills += trip(1, BTC, "-3") + trip(2, BTC, "5" if shape == 3 else "0")
    return losing_streak(fills, TripTerms(), NOW, span(Switch.LOSING_STREAK))


def bars(
    returns: list[float], *, last_open_ms: int | None = None, bar: Timeframe = FIVE
) -> list[CloseAt]:
    """Bars with these log returns, the newest closing now."""
    newest = NOW - bar.ms if last_open_ms is None else last_open_ms
    price, found = 100.0, [CloseAt(newest - len(returns) * bar.ms, 100.0)]
    for number, step in enumerate(returns):
        price *= math.exp(step)
        found.append(CloseAt(newest - (len(returns) - 1 - number) * bar.ms, price))
    return found


def _volatility(level: str, shape: int, noisy: bool) -> Reading:
    value = float(level)
    each = value / math.sqrt(12)
    moves = {
        0: [0.0] * 11 + [value],
        1: [-value] + [0.0] * 11,
        2: [each, -each] * 6,
        3: [each] * 12,
        4: [0.0] * 6 + [value] + [0.0] * 5,
    }[shape]
    series = bars(([1.0] if noisy else []) + moves)  # the 13th bar from now is outside
    if noisy:
        series.append(CloseAt(NOW, 1e9))  # still open
    markets = {BTC: series} if shape != 4 else {ETH: bars([0.0] * 12), BTC: series}
    return volatility(markets, FIVE, span(Switch.VOLATILITY))


def calls(total: int, failed: int, *, first_ms: int = NOW - 250_000) -> list[Call]:
    return [Call(first_ms + number, number < failed) for number in range(total)]


def _api_errors(level: str, shape: int, noisy: bool) -> Reading:
    total = (20, 30, 50, 100, 1_000)[shape]
    tenth = total // 10
    failed = {"0": 0, "-1": tenth - 1, "0.1": tenth, "+1": tenth + 1, "1": total}[level]
    log = calls(total, failed)
    if noisy:  # exactly as old as the window is long: outside
        log += [Call(NOW - 300_000, True)] * 500
    return api_errors(log, span(Switch.API_ERRORS))


def forecasts(*weights: dict[Symbol, Decimal], closed_ms: int = NOW) -> list[ModelForecast]:
    return [ModelForecast(f"m{n}", closed_ms, found) for n, found in enumerate(weights)]


def _disagreement(level: str, shape: int, flipped: bool) -> Reading:
    sign = -1 if flipped else 1
    for_it, against = sign * (2 - D(level)), -sign * D(level)  # this share cancels out
    told = {
        0: [{BTC: for_it}, {BTC: against}],
        1: [{BTC: for_it}, {BTC: against}, {BTC: D(0)}],
        2: [{ETH: D(1), BTC: for_it}, {ETH: D(2), BTC: against}],
        3: [{BTC: for_it / 2}, {BTC: for_it / 2}, {BTC: against / 4}, {BTC: against * 3 / 4}],
        4: [{BTC: for_it / 1000}, {BTC: against / 1000}],
    }[shape]
    names = [f"m{n}" for n in range(len(told))]
    return disagreement(forecasts(*told), names, HOUR, NOW)


def _drawdown(level: str, shape: int, rearmed: bool) -> Reading:
    left, start = 10_000 * (1 - D(level)), NOW - 100
    rows: list[tuple[int, object]] = {
        0: [(start, 10_000), (NOW, left)],
        1: [(start, 4_000), (NOW - 50, 10_000), (NOW, left)],
        2: [(start, 10_000), (NOW - 50, left), (NOW, left + 5_000)],
        3: [(start, 10_000), (NOW - 50, left), (NOW, left / 2)],
        4: [(start, 8_000), (NOW - 60, 10_000), (NOW - 50, 9_999), (NOW, left)],
    }[shape]
    moved = {1: (NOW - 50, D(6_000)), 2: (NOW, D(5_000)), 3: (NOW, -left / 2)}.get(shape)
    flows = [Flow("f", *moved)] if moved else []
    since = start if rearmed else 0
    if rearmed:  # a peak from before the re-arm
        rows.append((NOW - 5_000, 90_000))
    return drawdown(points(*rows), flows, span(Switch.DRAWDOWN, since))


def account(equity: object, *held: tuple[Symbol, object], ts: int = NOW) -> Account:
    positions = tuple(Position(s, D(str(q)), mark_price=D(1_000)) for s, q in held)
    return Account((), positions, D(str(equity)), ts)


def _leverage(level: str, shape: int, small: bool) -> Reading:
    equity = D(1) if small else D(10_000)
    size = D(level) * equity / 1_000
    spot = Symbol.parse("BTC/USDT")
    held: list[tuple[Symbol, object]] = {
        0: [(BTC, size)],
        1: [(BTC, -size)],
        2: [(BTC, size / 2), (ETH, -size / 2)],
        3: [(BTC, size / 4), (ETH, size / 2), (spot, size / 4)],
        4: [(spot, size), (ETH, D(0))],
    }[shape]
    return leverage(account(equity, *held))


_MAKERS: dict[Switch, Callable[[str, int, bool], Reading]] = {
    Switch.DAILY_LOSS: _daily_loss,
    Switch.LOSING_STREAK: _losing_streak,
    Switch.VOLATILITY: _volatility,
    Switch.API_ERRORS: _api_errors,
    Switch.DISAGREEMENT: _disagreement,
    Switch.DRAWDOWN: _drawdown,
    Switch.LEVERAGE: _leverage,
}


def boundary_cases() -> Iterator[Case]:
    """Seven switches, five shapes of facts, each in two ways, at five places: 350 cases."""
    for switch, maker in _MAKERS.items():
        for shape in range(5):
            for way in (False, True):
                for place, level in enumerate(LEVELS[switch]):
                    name = f"{switch}, shape {shape}{' otherwise' if way else ''}, {PLACES[place]}"
                    yield Case(name, switch, maker(level, shape, way), place >= 2)
