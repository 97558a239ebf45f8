"""What a trader is doing when it is killed, and what happens to its account until it is back.

A new story is a new row of `SCENARIOS`; a new kind of work is one of `support.torture_acts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from xq.strategy.base import Exits
from xq.timeframe import HOUR_MS
from xq.types import Symbol

D = Decimal
BTC, ETH = Symbol.parse("BTC/USDT:USDT"), Symbol.parse("ETH/USDT:USDT")
COIN = Symbol.parse("BTC/USDT")
MINUTE_MS = 60_000
STOP, BRACKET = Exits(stop_loss=0.05), Exits(stop_loss=0.004, take_profit=0.004)
TRAIL = Exits(stop_loss=0.2, trailing_stop=0.1)
UP, DOWN = {BTC: 0.5}, {BTC: -0.5}
FLAT: Mapping[Symbol, float] = {BTC: 0.0}

Weights = Mapping[Symbol, float]


@dataclass(frozen=True)
class Run:
    """One run of the trader, so long after what came before.

    Attributes
    ----------
    act
        ``tick``, ``watch``, or another of `support.torture_acts`.
    """

    weights: Weights
    exits: Exits | None = None
    act: str = "tick"
    after_ms: int = HOUR_MS
    parts: Mapping[str, Weights] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """What happens at the venue while nobody trades; `support.torture_stage` has the kinds."""

    kind: str
    value: str = ""


@dataclass(frozen=True)
class Scenario:
    """A story.

    Attributes
    ----------
    killed
        The run that is killed, at every step of it in turn.
    ahead
        What happens between the runs before and the killed one.
    faults
        In force during the killed run.
    down
        What happens after the kill, before the next start.
    then
        What is wanted from the next bar on; the killed run's weights if None.
    final
        Signs of the positions in the end; empty where that depends on the moment of the kill.
    leverage, journal, face
        Of the trader: the journal is ``sqlite`` or ``postgres``, the face a profile's name.
    watched
        Whether kill switches are looked at.
    pooled
        Whether several things are asked and sent at once, by threads.
    by_hand
        How many orders by hand may rest afterwards, least and most.
    """

    name: str
    before: tuple[Run, ...]
    killed: Run
    final: Mapping[Symbol, int]
    ahead: tuple[Event, ...] = ()
    faults: tuple[Mapping[str, object], ...] = ()
    down: tuple[Event, ...] = ()
    then: Run | None = None
    leverage: int = 1
    journal: str = "sqlite"
    face: str = "sim"
    watched: bool = False
    pooled: bool = False
    by_hand: tuple[int, int] = (0, 0)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """What is traded."""
        return tuple(self.killed.weights)


def _posts(do: str, times: int, **more: object) -> Mapping[str, object]:
    """A fault of orders, plain and conditional, on either face."""
    return {"do": do, "method": "POST", "path": "*order*", "times": times, **more}


LONG, NONE, SHORT = {BTC: 1}, {BTC: 0}, {BTC: -1}
BOTH = {BTC: 0.4, ETH: -0.3}
BOOK = {"slow": {BTC: 0.6}, "quick": {BTC: -0.2}}
TURNED = {"slow": {BTC: 0.2}, "quick": {BTC: 0.3}}

_TABLE = (
    Scenario("entry", (), Run(UP), LONG),
    Scenario("exit by target", (Run(UP),), Run(FLAT), NONE),
    Scenario("flip", (Run(UP),), Run(DOWN), SHORT),
    Scenario("two symbols", (), Run(BOTH), {BTC: 1, ETH: -1}),
    Scenario("two symbols at once", (), Run(BOTH, STOP), {BTC: 1, ETH: -1}, pooled=True),
    Scenario("limit rests", (Run(FLAT),), Run(FLAT, act="limit rest"), NONE),
    Scenario(
        "limit partly filled", (Run(FLAT),), Run(FLAT, act="limit partial"), NONE, then=Run(FLAT)
    ),
    Scenario("entry with its stop", (), Run(UP, STOP), LONG),
    Scenario(
        "short with a bracket", (), Run(DOWN, Exits(stop_loss=0.2, take_profit=0.2)), SHORT
    ),
    Scenario("stop follows a smaller position", (Run(UP, STOP),), Run({BTC: 0.2}, STOP), LONG),
    Scenario("trailing stop moved", (Run(UP, TRAIL),), Run(UP, TRAIL), LONG,
             ahead=(Event("rise"),)),
    Scenario("stop canceled by hand, restored", (Run(UP, STOP),), Run(UP, STOP, "watch"), LONG,
             ahead=(Event("cancel all"),)),
    Scenario("bracket fires while down", (Run(UP, BRACKET),), Run(UP, BRACKET, after_ms=0), NONE,
             ahead=(Event("leave", "0.8 %"),)),
    Scenario("killed entering, bracket fires", (), Run(UP, BRACKET), {},
             down=(Event("leave", "0.8 %"),)),
    Scenario("entry canceled by a switch", (Run(FLAT), Run(FLAT, act="trip cancel", after_ms=0)),
             Run(FLAT, after_ms=MINUTE_MS, act="watch"), NONE, watched=True,
             ahead=(Event("rest"),)),
    Scenario("switch flattens", (Run(UP, STOP), Run(UP, STOP, "trip flatten", 0)),
             Run(UP, STOP, "watch", MINUTE_MS), NONE, watched=True),
    Scenario("switch flattens through 5xx", (Run(UP, STOP), Run(UP, STOP, "trip flatten", 0)),
             Run(UP, STOP, "watch", MINUTE_MS), NONE, watched=True,
             faults=(_posts("unavailable", 1), _posts("unknown_state", 1, at=2))),
    Scenario("netted strategies", (Run({BTC: 0.4}, parts=BOOK),), Run(UP, parts=TURNED), LONG),
    Scenario("deposit while down", (), Run(UP, STOP), LONG, down=(Event("deposit", "2500"),)),
    Scenario("trade by hand while down", (Run(UP, STOP),), Run({BTC: 0.3}, STOP), LONG,
             down=(Event("trade", "0.010"),)),
    Scenario("closed by hand while down", (Run(UP, STOP),), Run({BTC: 0.3}, STOP), NONE,
             down=(Event("close"),), then=Run(FLAT, STOP)),
    Scenario("leverage changed while down", (Run(UP, STOP),), Run(DOWN, STOP), SHORT,
             down=(Event("leverage", "7"),)),
    Scenario("outcome unknown, then killed", (), Run(UP, STOP), LONG,
             faults=(_posts("unknown_state", 1, when="after"),)),
    Scenario("outcome unknown, not booked", (), Run(UP, STOP), LONG,
             faults=(_posts("unknown_state", 1),)),
    Scenario("answer lost, then killed", (), Run(UP, STOP), LONG,
             faults=(_posts("lose_answer", 2),)),
    Scenario("spot entry", (), Run({COIN: 0.5}), {COIN: 1}),
    Scenario("spot exit", (Run({COIN: 0.5}),), Run({COIN: 0.0}), {COIN: 0}),
    Scenario("entry asked as of Bybit", (), Run(UP, STOP), LONG, face="sim-bybit"),
    Scenario("exit asked as of Bybit", (Run(UP, STOP),), Run(FLAT, STOP), NONE, face="sim-bybit"),
    Scenario("entry, journal on a server", (), Run(UP, STOP), LONG, journal="postgres"),
    Scenario("flip, journal on a server", (Run(UP, STOP),), Run(DOWN, STOP), SHORT,
             journal="postgres"),
    Scenario("order by hand changed in place", (Run(FLAT), Run(FLAT, act="hand limit")),
             Run(FLAT, act="replace 0.96"), NONE, then=Run(FLAT), by_hand=(1, 1)),
    Scenario("order by hand canceled and sent anew",
             (Run({COIN: 0.0}), Run({COIN: 0.0}, act="hand limit")),
             Run({COIN: 0.0}, act="replace 0.96"), {COIN: 0}, then=Run({COIN: 0.0}),
             by_hand=(0, 1)),
    Scenario("stop by hand sent anew, then canceled", (Run(UP), Run(UP, act="hand stop")),
             Run(UP, act="replace 0.96"), LONG, then=Run(UP), by_hand=(1, 2)),
    Scenario("child of a TWAP", (Run(FLAT), Run(FLAT, act="begin twap", after_ms=0)),
             Run(FLAT, act="work", after_ms=1_000), LONG, then=Run(FLAT, act="work")),
    Scenario("child of an iceberg", (Run(FLAT), Run(FLAT, act="begin iceberg", after_ms=0)),
             Run(FLAT, act="work", after_ms=1_000), LONG, then=Run(FLAT, act="work")),
    Scenario("trailing stop as a parent, moved",
             (Run(UP), Run(UP, act="begin trail", after_ms=0), Run(UP, act="work", after_ms=1_000)),
             Run(UP, act="work", after_ms=1_000), LONG, ahead=(Event("rise"),),
             then=Run(UP, act="work")),
    Scenario("liquidated while down", (), Run({BTC: 0.9}), NONE, down=(Event("liquidated"),),
             leverage=1, then=Run(FLAT)),
)  # fmt: skip

SCENARIOS = {scenario.name: scenario for scenario in _TABLE}
RACE = Scenario("race", (Run(UP, STOP),), Run({BTC: 0.2}, STOP), LONG)
STORIES = {**SCENARIOS, RACE.name: RACE}
