"""From what a command asks for to the plan of a parent order."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from xq.api.workspace import Workspace
from xq.errors import UsageError

if TYPE_CHECKING:
    from xq.execution.algos.plan import How, Plan
    from xq.live.desk import Desk
    from xq.types import Book, Instrument, Side, Symbol

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST_MS = 30 * 86_400_000
Word = TypeVar("Word", bound=StrEnum)
_HELP = "xq execute --help"


@dataclass(frozen=True, slots=True)
class Asked:
    """What every algorithm is told; numbers as they were typed.

    Attributes
    ----------
    over
        How long it may take, ``30m``; None without an end.
    deadline
        ``stop`` or ``market``: what becomes of a rest at the end.
    worst
        Limit price of what goes at once, in a single slice, when nobody said another.
    """

    symbol: str
    side: str
    quantity: str | None = None
    notional: str | None = None
    over: str | None = None
    limit_price: str | None = None
    cap: float | None = None
    deadline: str = "stop"
    reduce_only: bool = False
    seed: int | None = None
    worst: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """What a way of working needs to know of the market and the order."""

    ws: Workspace
    desk: "Desk"
    instrument: "Instrument"
    book: "Book"
    side: "Side"
    quantity: Decimal
    start_ms: int
    end_ms: int | None

    @property
    def symbol(self) -> "Symbol":
        """What is traded."""
        return self.instrument.symbol

    @property
    def middle(self) -> Decimal:
        """Half way between the best prices."""
        return (self.book.bids[0][0] + self.book.asks[0][0]) / 2


Make = Callable[[Scene], "How"]
"""Makes the way in which a parent is worked out of what the market is like."""


def plan_of(ws: Workspace, asked: Asked, make: Make, desk: "Desk") -> "tuple[Plan, Scene]":
    """The plan of a parent that begins now.

    Raises
    ------
    UsageError
        If what is asked contradicts itself or what the venue takes.
    """
    from xq.execution.algos.plan import Deadline, Plan
    from xq.live.parent_market import DEPTH
    from xq.types import Side, Symbol

    symbol = Symbol.parse(asked.symbol)
    side, deadline = chosen(Side, asked.side, "side"), chosen(Deadline, asked.deadline, "deadline")
    over_ms = None if asked.over is None else milliseconds(asked.over, "--over")
    rules = instrument_of(symbol, desk)
    book = desk.market.book(symbol, DEPTH)
    if not (book.bids and book.asks):
        raise UsageError(f"nobody trades {symbol}: a side of its book is empty")
    quantity = quantity_of(asked, rules, (book.bids[0][0] + book.asks[0][0]) / 2)
    start_ms = desk.market.now_ms()
    end_ms = None if over_ms is None else start_ms + over_ms
    scene = Scene(ws, desk, rules, book, side, quantity, start_ms, end_ms)
    how = make(scene)
    seed = start_ms % 2**31 if asked.seed is None else asked.seed
    plan = Plan(
        name_of(how.kind, str(symbol), start_ms),
        side,
        quantity,
        rules,
        how,
        start_ms,
        end_ms,
        deadline,
        limit_price=_limit(asked, how),
        cap=number(asked.cap, "--cap"),
        reduce_only=asked.reduce_only,
        seed=seed,
    )
    _check_size(plan, scene)
    return plan, scene


def _limit(asked: Asked, how: "How") -> Decimal | None:
    from xq.execution.algos.plan import Scheduled

    is_single = isinstance(how, Scheduled) and len(how.weights) == 1
    given = number(asked.limit_price, "--limit-price")
    return asked.worst if given is None and is_single else given


def name_of(kind: str, symbol: str, now_ms: int) -> str:
    """A short name for a new parent, the algorithm first.

    Examples
    --------
    >>> name_of("twap", "BTC/USDT", 1_704_067_200_000)
    'twap-2im6w6'
    """
    import hashlib
    from base64 import b32encode

    digest = hashlib.sha256(f"{kind} {symbol} {now_ms}".encode()).digest()
    return f"{kind.replace('_', '-')}-{b32encode(digest).decode().lower()[:6]}"


def chosen(kind: type[Word], text: str, name: str) -> Word:
    """One of a few words. Raises `UnknownName`."""
    from xq.errors import unknown

    words = [word.value for word in kind]
    if text.lower() not in words:
        raise unknown(name, text, words, hint=f"--{name} {words[0]}")
    return kind(text.lower())


def instrument_of(symbol: "Symbol", desk: "Desk") -> "Instrument":
    """The rules of a symbol; a wrong one is named with its neighbours."""
    from xq.errors import unknown

    known = desk.market.instruments()
    if symbol not in known:
        hint = f"xq symbols --quote {symbol.quote}"
        raise unknown(f"symbol on {desk.market.name}", str(symbol), map(str, known), hint=hint)
    return known[symbol]


def milliseconds(text: str, name: str) -> int:
    """A length of time as people write it.

    Raises
    ------
    UsageError
        If it is none, or longer than 30 days.

    Examples
    --------
    >>> milliseconds("90s", "--over"), milliseconds("1.5h", "--over")
    (90000, 5400000)
    """
    stripped = text.strip().lower()
    try:
        length = int(Decimal(stripped[:-1]) * _UNITS[stripped[-1:]])
    except (KeyError, InvalidOperation, ValueError, OverflowError):
        length = 0
    if not 0 < length <= _LONGEST_MS:
        raise UsageError(f"{name} must be a time such as 90s, 30m, 2h, found {text!r}", hint=_HELP)
    return length


def number(text: str | float | None, name: str) -> Decimal | None:
    """A positive number, exactly as typed; None if nothing was. Raises `UsageError`.

    Examples
    --------
    >>> number("1e30", "--quantity")
    Traceback (most recent call last):
    xq.errors.UsageError: error: --quantity must be at most 1000000000000000, found '1e30'
      hint:  xq execute --help
    """
    from xq.live.wish import LARGEST

    if text is None:
        return None
    try:
        found = Decimal(str(text))
    except InvalidOperation:
        found = Decimal(0)
    if not (found.is_finite() and found > 0):
        raise UsageError(f"{name} must be a positive number, found {text!r}", hint=_HELP)
    if found > LARGEST:
        raise UsageError(f"{name} must be at most {LARGEST:f}, found {text!r}", hint=_HELP)
    return found


def quantity_of(asked: Asked, rules: "Instrument", price: Decimal) -> Decimal:
    """Base asset in whole lots; a notional is rounded down to them, a quantity is not."""
    from xq.execution.algos.sizes import floor_lot

    quantity = number(asked.quantity, "--quantity")
    notional = number(asked.notional, "--notional")
    if (quantity is None) == (notional is None):
        raise UsageError("say either --quantity or --notional", hint=_HELP)
    if quantity is None:
        return floor_lot((notional or Decimal(0)) / price, rules.lot)
    if quantity % rules.lot:
        raise UsageError(
            f"quantity must be whole lots of {rules.lot:f} {rules.symbol.base}, found {quantity:f}",
            hint=f"--quantity {floor_lot(quantity, rules.lot):f}",
        )
    return quantity


def _check_size(plan: "Plan", scene: Scene) -> None:
    """Refuse what the venue would refuse child by child."""
    from xq.execution.algos.sizes import smallest_order

    least = smallest_order(plan.instrument, scene.book.bids[0][0], plan.reduce_only)
    if plan.quantity < least:
        worth = f"{plan.instrument.min_notional:f} {scene.symbol.quote}"
        raise UsageError(
            f"the smallest order of {scene.symbol} is {least:f} {scene.symbol.base} ({worth}), "
            f"found {plan.quantity:f}",
            hint=f"--quantity {least:f}",
        )


def described(plan: "Plan") -> dict[str, Any]:
    """A plan as plain values by name, for people and programs."""
    from datetime import UTC, datetime

    def moment(ts_ms: int | None) -> datetime | None:
        return None if ts_ms is None else datetime.fromtimestamp(ts_ms / 1000, UTC)

    return {
        "id": plan.parent_id,
        "algo": plan.how.kind,
        "symbol": str(plan.instrument.symbol),
        "side": plan.side.value,
        "quantity": plan.quantity,
        "start": moment(plan.start_ms),
        "end": moment(plan.end_ms),
        "deadline": plan.deadline.value,
        "limit_price": plan.limit_price,
        "reduce_only": plan.reduce_only,
    }
