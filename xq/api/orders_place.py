"""``xq order place``: a person's words to one order, and what came of it as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from xq.api.workspace import Workspace
from xq.errors import UsageError, XqError, unknown

if TYPE_CHECKING:
    from xq.live.hand import Placed
    from xq.live.wish import Wish

_POST_ONLY = "post_only"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command did.

    Attributes
    ----------
    record
        One object for programs and tables.
    problem
        What went wrong after something was sent, or None.
    """

    record: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    problem: XqError | None = None


def wish_of(words: Mapping[str, Any]) -> "Wish":
    """What the words of a command line mean; asks no venue.

    Parameters
    ----------
    words
        ``symbol``, ``side``, ``type``, and whatever else `xq.live.wish.Wish` has, as typed.

    Raises
    ------
    UsageError
        For a side, type or time in force that is none, no number, or a contradiction.
    """
    from xq.live.wish import KINDS, Wish, check_words
    from xq.types import Side, Symbol, TimeInForce

    lasting = {f.value: f for f in (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)}
    lasting[_POST_ONLY] = TimeInForce.GTX
    told = words.get("time_in_force")
    wish = Wish(
        symbol=Symbol.parse(words["symbol"]),
        side=Side(_one_of("side", words["side"], [side.value for side in Side])),
        type=KINDS[_one_of("type", words["type"], list(KINDS))],
        quantity=number("--quantity", words.get("quantity")),
        notional=number("--notional", words.get("notional")),
        percent=number("--percent-of-equity", words.get("percent")),
        price=number("--price", words.get("price")),
        stop_price=number("--stop-price", words.get("stop_price")),
        time_in_force=None
        if told is None
        else lasting[_one_of("time in force", told, list(lasting))],
        reduce_only=bool(words.get("reduce_only")),
        stop_loss=number("--stop-loss", words.get("stop_loss")),
        trail=number("--trail", words.get("trail")),
    )
    check_words(wish)
    return wish


def number(flag: str, text: str | None) -> Decimal | None:
    """An exact number as typed; commas and signs of money are nobody's guess.

    Raises
    ------
    UsageError
        If it is none, or larger than any that is meant.
    """
    from xq.live.wish import LARGEST

    if text is None:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise UsageError(f"{flag} must be a number like 0.05, found {text!r}") from None
    if found.is_finite() and found > LARGEST:
        raise UsageError(f"{flag} must be at most {LARGEST:f}, found {text!r}")
    return found


def place(ws: Workspace, wish: "Wish", *, dry_run: bool = False) -> Answer:
    """Send one order by hand, or with ``dry_run`` say what would be sent.

    Raises
    ------
    UsageError, OrderRefused
        Nothing was sent.
    LockHeld
        If the account is busy for longer than a minute.
    VenueError, StorageFailed
        As `xq.live.hand.place`.
    """
    from xq.api.orders_desk import by_hand
    from xq.live.hand import place as send
    from xq.live.termination import terminable

    late: list[str] = []
    with terminable(), by_hand(ws, (wish.symbol,), late, dry_run=dry_run) as (desk, terms):
        done = send(wish, desk, terms, dry_run=dry_run)
    return Answer(placed_record(done), (*done.notes, *late), done.problem)


def placed_record(done: "Placed") -> dict[str, Any]:
    """One order and what came of it; quantities in base asset, prices in quote asset."""
    from xq.live.record import slippage_of

    request, line = done.request, done.line
    return {
        "client_id": line.client_id,
        "symbol": str(line.symbol),
        "side": line.side.value,
        "type": line.type.value,
        "quantity": line.quantity,
        "price": request.price,
        "stop_price": request.stop_price,
        "trail": request.trail,
        "time_in_force": None if request.time_in_force is None else request.time_in_force.value,
        "reduce_only": line.reduce_only,
        "status": line.state,
        "filled": line.filled,
        "average_price": line.average_price,
        "expected_price": line.expected_price,
        "slippage": slippage_of(line),
        "fees": line.fees,
        "position": done.position,
        "reason": line.reason,
    }


def _one_of(what: str, word: str, known: list[str]) -> str:
    found = word.strip().lower().replace("-", "_")
    if found not in known:
        raise unknown(what, word, known, hint=f"one of {', '.join(known)}")
    return found
