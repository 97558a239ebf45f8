"""What is different about the venue during one request: its clock, its listing, its filters."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from xq.ports import Clock
from xq.sim.instruments import Face, SimInstrument
from xq.sim.venue import SimVenue
from xq.sim.wire.dispatch import Reply
from xq.sim.wire.faults.fault import Call, Fault

_SHAPES = ("tick", "lot", "min_quantity", "min_notional")
_CLOSED = {Face.FUTURES: "SETTLING", Face.SPOT: "BREAK"}
_REFUSED = {
    Face.FUTURES: Reply(400, {"code": -4141, "msg": "Symbol is closed."}),
    Face.SPOT: Reply(400, {"code": -1013, "msg": "Market is closed."}),
}


@dataclass(frozen=True, slots=True)
class Skewed:
    """A clock that is wrong by so much."""

    clock: Clock
    ms: int

    def now_ms(self) -> int:
        """Epoch milliseconds, wrong."""
        return self.clock.now_ms() + self.ms

    def monotonic(self) -> float:
        """As the clock has it."""
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """As the clock does."""
        self.clock.sleep(seconds)


def skewed(wall: Clock, faults: Iterable[Fault]) -> Clock:
    """The clock that signatures are checked against."""
    ms = _skew_ms(faults)
    return Skewed(wall, ms) if ms else wall


@contextmanager
def conditions(venue: SimVenue, faults: Iterable[Fault]) -> Iterator[None]:
    """The venue with other filters, as long as it lasts."""
    with ExitStack() as stack:
        for fault in faults:
            if fault.do == "filters":
                for face in venue.feeds:
                    for market in venue.markets(face):
                        if market.id == fault.options["market"]:
                            changed = _changed(market, fault)
                            stack.enter_context(venue.altered(face, changed))
        yield


def refused(call: Call, faults: Iterable[Fault]) -> Reply | None:
    """The no of a market that is closed, to who wants to trade there."""
    trades = call.method in ("POST", "PUT") and not call.path.endswith(("leverage", "marginType"))
    for fault in faults:
        if fault.do == "delist" and trades and fault.options["market"] in call.symbols:
            return _REFUSED[Face.FUTURES if call.path.startswith("/fapi/") else Face.SPOT]
    return None


def retold(call: Call, reply: Reply, faults: Iterable[Fault]) -> Reply:
    """An answer as it sounds under these conditions: other server times, closed markets."""
    payload = reply.payload
    if not isinstance(payload, dict):
        return reply
    ms = _skew_ms(faults)
    changes: dict[str, Any] = {}
    if ms and isinstance(payload.get("serverTime"), int):
        changes["serverTime"] = payload["serverTime"] + ms
    closed = {fault.options["market"] for fault in faults if fault.do == "delist"}
    if closed and call.path.endswith("/exchangeInfo"):
        status = _CLOSED[Face.FUTURES if call.path.startswith("/fapi/") else Face.SPOT]
        changes["symbols"] = [
            row | {"status": status} if row.get("symbol") in closed else row
            for row in payload.get("symbols", [])
        ]
    return Reply(reply.status, payload | changes, reply.headers) if changes else reply


def _skew_ms(faults: Iterable[Fault]) -> int:
    return sum(fault.options["ms"] for fault in faults if fault.do == "clock_skew")


def _changed(market: SimInstrument, fault: Fault) -> SimInstrument:
    rules = {name: fault.options[name] for name in _SHAPES if name in fault.options}
    return replace(market, instrument=replace(market.instrument, **rules))
