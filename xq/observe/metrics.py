"""Numbers for Prometheus: what the books say, and how the process fares.

Counts of decisions, orders and fills are those of the journal, so that they go on where they were
when a service starts again; times and failures are this process's own.
"""

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from xq.observe.event import Event
from xq.redact import clean

_CALL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LOOK_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_NAKED_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 60)
_MARKET_CALLS = frozenset({"bars", "book", "tickers"})


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held of one symbol; quantity in base asset, the rest in quote asset."""

    quantity: Decimal
    notional: Decimal
    unrealized_pnl: Decimal


@dataclass(frozen=True, slots=True)
class Figures:
    """The account at one look.

    Attributes
    ----------
    ended, working
        Orders by the state in which they ended, or are.
    equity, leverage
        None as long as the venue was not asked.
    switches
        Whether each is tripped.
    differences
        How often books and venue did not agree, or somebody else did something.
    last_decision_ms
        None before the first.
    """

    decisions: int
    fills: int
    ended: Mapping[str, int]
    working: Mapping[str, int]
    fees: Mapping[str, Decimal] = field(default_factory=dict)
    equity: Decimal | None = None
    leverage: Decimal | None = None
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    switches: Mapping[str, bool] = field(default_factory=dict)
    differences: int = 0
    last_decision_ms: int | None = None


class Metrics:
    """The numbers of one process; a scrape may come from another thread at any time.

    Parameters
    ----------
    version, account, exchange
        What ``xq_build_info`` says of whose numbers these are.
    """

    def __init__(self, version: str, account: str, exchange: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for every count, that nobody asks for
        self.registry = CollectorRegistry()
        self._figures: Figures | None = None
        self._data_ms: int | None = None
        self._build(version, account, exchange)
        self.registry.register(self)
        mine = self.registry
        self._events = Counter("xq_events", "Events told.", ["kind", "level"], registry=mine)
        self._calls = Counter(
            "xq_venue_calls", "Calls to the venue by outcome.", ["call", "outcome"], registry=mine
        )
        self._latency = Histogram(
            "xq_venue_call_duration_seconds", "How long calls to the venue took.", ["call"],
            buckets=_CALL_SECONDS, registry=mine,
        )  # fmt: skip
        self._looks = Histogram(
            "xq_look_duration_seconds", "How long a tick, or a look between ticks, took.", ["look"],
            buckets=_LOOK_SECONDS, registry=mine,
        )  # fmt: skip
        self._naked = Histogram(
            "xq_naked_seconds", "How long a position stood without its stop.",
            buckets=_NAKED_SECONDS, registry=mine,
        )  # fmt: skip
        self._last_look = Gauge(
            "xq_last_look_timestamp_seconds", "When the loop last looked.", ["look"], registry=mine
        )
        self._messages = Counter(
            "xq_notifications",
            "Messages by outcome.",
            ["target", "outcome"],
            registry=mine,
        )

    def _build(self, version: str, account: str, exchange: str) -> None:
        names = ["version", "python", "account", "exchange"]
        said = (version, platform.python_version(), clean(account), clean(exchange))
        build = Gauge("xq_build_info", "What runs.", names, registry=self.registry)
        build.labels(*said).set(1)

    def take(self, event: Event) -> None:
        """Count an event; an exit placed late tells how late."""
        self._events.labels(clean(event.kind), event.level.value).inc()
        naked_ms = event.facts.get("naked_ms")
        if isinstance(naked_ms, int):
            self._naked.observe(naked_ms / 1000)

    def called(self, call: str, seconds: float, failed: bool, now_ms: int) -> None:
        """Count a call to the venue."""
        self._calls.labels(call, "failed" if failed else "answered").inc()
        self._latency.labels(call).observe(seconds)
        if call in _MARKET_CALLS and not failed:
            self._data_ms = now_ms

    def looked(self, look: str, seconds: float, now_ms: int) -> None:
        """Count a look of the loop."""
        self._looks.labels(look).observe(seconds)
        self._last_look.labels(look).set(now_ms / 1000)

    def messaged(self, target: str, failed: bool) -> None:
        """Count a message to a person."""
        self._messages.labels(clean(target), "failed" if failed else "sent").inc()

    def keep(self, figures: Figures) -> None:
        """Show these from now on."""
        self._figures = figures

    def describe(self) -> list[Metric]:
        """Nothing before the first look; asked by the registry."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The account's numbers; asked at every scrape."""
        yield from _when("xq_market_data_timestamp_seconds", "Newest prices.", self._data_ms)
        found = self._figures
        if found is None:
            return
        yield CounterMetricFamily("xq_decisions", "Decisions taken.", found.decisions)
        yield CounterMetricFamily("xq_fills", "Executions.", found.fills)
        yield _counted("xq_orders", "Orders by how they ended.", "outcome", found.ended)
        yield _counted("xq_fees", "Fees paid, in that asset.", "asset", found.fees)
        yield CounterMetricFamily(
            "xq_differences", "Books and venue differed, or somebody else acted.", found.differences
        )
        yield _measured("xq_orders_working", "Orders that may still fill.", "state", found.working)
        yield _measured("xq_switch_tripped", "1 if tripped.", "switch", found.switches)
        for name, text in _HELD.items():
            values = {symbol: getattr(held, name) for symbol, held in found.holdings.items()}
            yield _measured(f"xq_position_{name}", text, "symbol", values)
        yield from _known("xq_equity", "Quote asset.", found.equity)
        yield from _known("xq_leverage", "Gross exposure over equity.", found.leverage)
        decided = found.last_decision_ms
        yield from _when("xq_last_decision_timestamp_seconds", "Newest decision.", decided)


_HELD = {
    "quantity": "Held, base asset, negative if short.",
    "notional": "Held at the mark price, quote asset.",
    "unrealized_pnl": "Quote asset.",
}


def _counted(name: str, text: str, label: str, of: Mapping[str, int | Decimal]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in of.items():
        family.add_metric([clean(key)], float(value))
    return family


def _measured(name: str, text: str, label: str, of: Mapping[str, int | Decimal]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in of.items():
        family.add_metric([clean(key)], float(value))
    return family


def _known(name: str, text: str, value: Decimal | None) -> Iterator[Metric]:
    if value is not None:
        yield GaugeMetricFamily(name, text, float(value))


def _when(name: str, text: str, at_ms: int | None) -> Iterator[Metric]:
    yield from _known(name, text, None if at_ms is None else Decimal(at_ms) / 1000)
