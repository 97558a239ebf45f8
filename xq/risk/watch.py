"""From everything known of an account to its latches: one look of the kill switches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xq.risk.judge import judge
from xq.risk.latch import Latches
from xq.risk.measure_equity import EquityAt, Flow, daily_loss, drawdown, leverage
from xq.risk.measure_market import CloseAt, ModelForecast, disagreement, volatility
from xq.risk.measure_trades import Call, api_errors, losing_streak
from xq.risk.readings import Readings, Span
from xq.risk.round_trips import Execution, TripTerms
from xq.risk.switches import Rules, Switch
from xq.timeframe import Timeframe
from xq.types import Account, Symbol


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at one moment; None is not known, and trips the switches that need it.

    Attributes
    ----------
    timeframe
        Of the bars and of the forecasts.
    equity, flows
        Of the whole account; the flows must cover the equities' times.
    fills, terms, fills_read_ms
        Own executions, what they alone do not say, and when they were read from the venue.
    closes
        Bars of every symbol that is traded.
    declared, forecasts
        Models whose forecasts are compared, and the newest forecast of each.
    """

    timeframe: Timeframe
    account: Account | None = None
    equity: Sequence[EquityAt] | None = None
    flows: Sequence[Flow] | None = None
    fills: Sequence[Execution] | None = None
    terms: TripTerms = field(default_factory=TripTerms)
    fills_read_ms: int | None = None
    closes: Mapping[Symbol, Sequence[CloseAt]] | None = None
    calls: Sequence[Call] | None = None
    declared: Sequence[str] = ()
    forecasts: Sequence[ModelForecast] = ()


def look(facts: Facts, rules: Rules, latches: Latches, now_ms: int) -> Latches:
    """The latches after what is known has been measured and judged.

    Examples
    --------
    Nothing is known, so whatever must know something trips:

    >>> from xq.risk.switches import DEFAULT_RULES
    >>> hour = Timeframe.parse("1h")
    >>> [s.value for s in look(Facts(hour), DEFAULT_RULES, Latches.fresh(), 0).tripped]
    ['daily_loss', 'losing_streak', 'volatility', 'api_errors', 'drawdown', 'leverage']
    """
    return latches.after(judge(readings(facts, rules, latches, now_ms), rules, now_ms))


def readings(facts: Facts, rules: Rules, latches: Latches, now_ms: int) -> Readings:
    """Every reading that can be taken, each over its rule's window and since its last re-arm."""

    def span(switch: Switch) -> Span:
        rule = rules.get(switch)
        return Span(now_ms, rule.window_ms if rule else None, latches.of(switch).since_ms)

    loss = fall = streak = None
    if facts.equity is not None and facts.flows is not None:
        loss = daily_loss(facts.equity, facts.flows, span(Switch.DAILY_LOSS))
        fall = drawdown(facts.equity, facts.flows, span(Switch.DRAWDOWN))
    if facts.fills is not None and facts.fills_read_ms is not None:
        at = span(Switch.LOSING_STREAK)
        streak = losing_streak(facts.fills, facts.terms, facts.fills_read_ms, at)
    return Readings(
        daily_loss=loss,
        losing_streak=streak,
        volatility=volatility(facts.closes or {}, facts.timeframe, span(Switch.VOLATILITY)),
        api_errors=api_errors(facts.calls, span(Switch.API_ERRORS)),
        disagreement=disagreement(facts.forecasts, facts.declared, facts.timeframe, now_ms),
        drawdown=fall,
        leverage=leverage(facts.account),
    )
