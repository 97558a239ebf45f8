"""Ten ways for each switch in which its input fails: every one must stop entries."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from support.switch_cases import (
    BTC,
    DAY,
    ETH,
    FIVE,
    HOUR,
    NOW,
    Case,
    account,
    bars,
    calls,
    forecasts,
    points,
    span,
    trip,
)

from xq.risk.measure_equity import EquityAt, Flow, daily_loss, drawdown, leverage
from xq.risk.measure_market import CloseAt, disagreement, volatility
from xq.risk.measure_trades import Call, api_errors, losing_streak
from xq.risk.readings import Reading, Span
from xq.risk.round_trips import TripTerms
from xq.risk.switches import Switch
from xq.types import Position

D = Decimal
NAN, SNAN, INF = D("nan"), D("snan"), D("inf")
LATE = NOW - 60_001  # one millisecond older than a reading may be
EARLY = NOW + 1_001

Rows = dict[str, Reading | None]


def _daily_loss() -> Rows:
    at = span(Switch.DAILY_LOSS)
    flow = Flow("f", DAY + 5, D(1))

    def read(equity: Decimal, *flows: Flow, ts: int = NOW) -> Reading:
        return daily_loss([EquityAt(DAY, D(10_000)), EquityAt(ts, equity)], flows, at)

    return {
        "missing": None,
        "no equity": daily_loss([], [], at),
        "nan": read(NAN),
        "snan": read(SNAN),
        "inf": read(INF),
        "stale": read(D(10_000), ts=LATE),
        "from the future": read(D(10_000), ts=EARLY),
        "flow nan": read(D(10_000), replace(flow, amount=NAN)),
        "flow from the future": read(D(10_000), replace(flow, ts_ms=EARLY)),
        "flow told in two ways": read(D(10_000), flow, replace(flow, amount=D(2))),
    }


def _losing_streak() -> Rows:
    at = span(Switch.LOSING_STREAK)
    win = trip(1, BTC, "5")

    def read(read_ms: int = NOW, **change: object) -> Reading:
        return losing_streak([win[0], replace(win[1], **change)], TripTerms(), read_ms, at)

    return {
        "missing": None,
        "stale": read(LATE),
        "from the future": read(EARLY),
        "price nan": read(price=NAN),
        "price zero": read(price=D(0)),
        "quantity inf": read(quantity=INF),
        "wrong sign": read(quantity=D(-1)),
        "fee snan": read(fee=SNAN),
        "fee of unknown worth": read(fee_asset="BNB"),
        "round trip from the future": read(ts=EARLY),
    }


def _volatility() -> Rows:
    at, sound = span(Switch.VOLATILITY), bars([0.0] * 12)

    def read(close: float) -> Reading:
        return volatility({BTC: [*sound[:5], CloseAt(sound[5].ts_ms, close), *sound[6:]]}, FIVE, at)

    return {
        "missing": None,
        "no market": volatility({}, FIVE, at),
        "no bar of one symbol": volatility({BTC: sound, ETH: []}, FIVE, at),
        "nan": read(float("nan")),
        "inf": read(float("inf")),
        "wrong sign": read(-100.0),
        "zero": read(0.0),
        "gap": volatility({BTC: sound[:5] + sound[6:]}, FIVE, at),
        "stale": volatility({BTC: bars([0.0] * 12, last_open_ms=LATE - 2 * FIVE.ms)}, FIVE, at),
        "from the future": volatility({BTC: [*sound, CloseAt(EARLY, 100.0)]}, FIVE, at),
    }


def _api_errors() -> Rows:
    at = span(Switch.API_ERRORS)
    sound = api_errors(calls(100, 1), at)
    return {
        "missing": None,
        "no log": api_errors(None, at),
        "stale": api_errors(calls(100, 1), Span(LATE, 300_000)),
        "from the future": api_errors([*calls(100, 1), Call(EARLY, False)], at),
        "nan": replace(sound, value=NAN),
        "inf": replace(sound, value=INF),
        "wrong sign": replace(sound, value=D("-0.01")),
        "more errors than calls": replace(sound, value=D("1.01")),
        "no count": replace(sound, samples=None),
        "negative count": replace(sound, samples=-1),
    }


def _disagreement() -> Rows:
    def read(second: dict, *, names: tuple[str, ...] = ("m0", "m1"), closed: int = NOW) -> Reading:
        return disagreement(forecasts({BTC: D(1)}, second, closed_ms=closed), names, HOUR, NOW)

    agreed = {BTC: D(1)}
    return {
        "missing": None,
        "one is silent": read(agreed, names=("m0", "m1", "m2")),
        "one speaks twice": disagreement(
            forecasts(agreed, agreed) + forecasts(agreed), ("m0", "m1"), HOUR, NOW
        ),
        "nan": read({BTC: NAN}),
        "snan": read({BTC: SNAN}),
        "inf": read({BTC: INF}),
        "one knows no such symbol": read({ETH: D(1)}),
        "no symbol": disagreement(forecasts({}, {}), ("m0", "m1"), HOUR, NOW),
        "stale": read(agreed, closed=LATE - HOUR.ms),
        "from the future": read(agreed, closed=EARLY),
    }


def _drawdown() -> Rows:
    at = span(Switch.DRAWDOWN)

    def read(equity: Decimal, *flows: Flow, ts: int = NOW) -> Reading:
        return drawdown([EquityAt(1, D(10_000)), EquityAt(ts, equity)], flows, at)

    sound = read(D(10_000))
    return {
        "missing": None,
        "no equity": drawdown([], [], at),
        "nan": read(NAN),
        "snan": read(SNAN),
        "inf": read(-INF),
        "stale": read(D(10_000), ts=LATE),
        "from the future": read(D(10_000), ts=EARLY),
        "flow inf": read(D(10_000), Flow("f", 5, INF)),
        "wrong sign": replace(sound, value=D("0.01")),
        "not exact": replace(sound, value=-0.01),  # type: ignore[arg-type]
    }


def _leverage() -> Rows:
    def read(quantity: Decimal, mark: Decimal) -> Reading:
        held = (Position(BTC, quantity, mark_price=mark),)
        return leverage(replace(account(10_000), positions=held))

    return {
        "missing": None,
        "no account": leverage(None),
        "equity nan": leverage(account("nan", (BTC, 1))),
        "zero equity": leverage(account(0, (BTC, 1))),
        "negative equity": leverage(account(-1, (BTC, 1))),
        "quantity nan": read(NAN, D(1_000)),
        "mark snan": read(D(1), SNAN),
        "no mark": read(D(1), D(0)),
        "stale": leverage(account(10_000, (BTC, 1), ts=LATE)),
        "from the future": leverage(account(10_000, (BTC, 1), ts=EARLY)),
    }


_MAKERS = {
    Switch.DAILY_LOSS: _daily_loss,
    Switch.LOSING_STREAK: _losing_streak,
    Switch.VOLATILITY: _volatility,
    Switch.API_ERRORS: _api_errors,
    Switch.DISAGREEMENT: _disagreement,
    Switch.DRAWDOWN: _drawdown,
    Switch.LEVERAGE: _leverage,
}


def injections() -> Iterator[Case]:
    """Ten for each of the seven switches."""
    for switch, maker in _MAKERS.items():
        for name, reading in maker().items():
            yield Case(f"{switch}: {name}", switch, reading, True)


def healthy() -> dict[str, Reading]:
    """Readings on which nothing trips."""
    return {
        "daily_loss": daily_loss(points((DAY, 10_000), (NOW, 10_000)), [], span(Switch.DAILY_LOSS)),
        "losing_streak": losing_streak(
            trip(1, BTC, "5"), TripTerms(), NOW, span(Switch.LOSING_STREAK)
        ),
        "volatility": volatility({BTC: bars([0.0] * 12)}, FIVE, span(Switch.VOLATILITY)),
        "api_errors": api_errors(calls(100, 1), span(Switch.API_ERRORS)),
        "disagreement": disagreement(
            forecasts({BTC: D(1)}, {BTC: D(2)}), ("m0", "m1"), HOUR, NOW
        ),
        "drawdown": drawdown(points((1, 10_000), (NOW, 9_000)), [], span(Switch.DRAWDOWN)),
        "leverage": leverage(account(10_000, (BTC, 1))),
    }  # fmt: skip
