"""What a handler is given: who asks, and what for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from xq.sim.feed import Feed
from xq.sim.instruments import Face, SimInstrument
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.bybit.answers import Fault
from xq.sim.wire.params import Params
from xq.sim.wire.slices import Slices

if TYPE_CHECKING:
    from xq.sim.wire.bybit.memory import Memory

FACE = Face.FUTURES
LINEAR = "linear"
SETTLED_IN = "USDT"

_CATEGORIES = (LINEAR, "inverse", "spot", "option")
_LARGEST_CURSOR = 10


class Elsewhere(Fault):
    """A category of Bybit's that this venue has not got."""

    def __init__(self, category: str) -> None:
        super().__init__(10001, "params error: this venue has linear contracts only")
        self.category = category


@dataclass(frozen=True, slots=True)
class Ask:
    """One question.

    Attributes
    ----------
    owner
        Empty where nobody had to say who they are.
    body
        What came as JSON; ``params`` has its plain values as text.
    extra
        What the answer says beside its result.
    """

    venue: SimVenue
    owner: str
    memory: "Memory"
    params: Params
    body: Mapping[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def feed(self) -> Feed:
        """Prices of the contracts."""
        return self.venue.feeds[FACE]

    @property
    def now_ms(self) -> int:
        """Venue time."""
        return self.venue.now_ms

    def market(self) -> SimInstrument:
        """The market that ``symbol`` names."""
        return self.venue.market(FACE, self.params.required("symbol"))

    def markets(self) -> tuple[SimInstrument, ...]:
        """The market that ``symbol`` names, or those of ``baseCoin``, or all."""
        symbol, base = self.params.text("symbol"), self.params.text("baseCoin")
        if symbol is not None:
            return (self.venue.market(FACE, symbol),)
        return tuple(m for m in self.venue.markets(FACE) if base in (None, m.base))

    def only_linear(self) -> None:
        """Refuse the categories that this venue has not got."""
        category = self.params.required("category")
        if category not in _CATEGORIES:
            raise Fault(10001, "params error: Category invalid")
        if category != LINEAR:
            raise Elsewhere(category)

    def span(self) -> tuple[int | None, int | None]:
        """``startTime`` and ``endTime``."""
        return self.params.span()


Handler = Callable[[Ask], dict[str, Any]]
Looker = Callable[[Ask], dict[str, Any] | Slices[dict[str, Any]]]


def read_query(query: str) -> Params:
    """The parameters of a GET; empty ones count as not sent."""
    return Params.parse(query, "").filled()


def read_body(body: str) -> dict[str, Any]:
    """The JSON object of a POST."""
    if not body:
        return {}
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Fault(10001, "params error: the body is not JSON") from None
    if not isinstance(found, dict):
        raise Fault(10001, "params error: the body is not a JSON object")
    return found


def as_params(body: Mapping[str, Any]) -> Params:
    """The plain values of a JSON object as text; empty ones count as not sent."""
    return Params({name: _text(value) for name, value in body.items()}).filled()


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return str(value) if isinstance(value, str | int) else ""


def page_of(ask: Ask, rows: list[Any], usual: int, most: int) -> tuple[list[Any], str]:
    """The part of a list that ``limit`` and ``cursor`` ask for, and the next cursor."""
    limit = ask.params.limit(usual, most, capped=True)
    begin = number_of(ask.params.text("cursor"))
    end = begin + limit
    return rows[begin:end], str(end) if end < len(rows) else ""


def number_of(cursor: str | None) -> int:
    """The number in a cursor of ours."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _LARGEST_CURSOR):
        raise Refusal(Reason.MALFORMED_PARAMETER, "cursor")
    return int(cursor)
