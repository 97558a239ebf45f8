"""``xq order cancel`` and ``replace``, ``xq close``: what rests or is held, taken away."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from xq.api.account import reading, wallets
from xq.api.orders_desk import by_hand
from xq.api.orders_place import Answer, number, placed_record
from xq.api.workspace import Workspace
from xq.errors import NoData, UnknownName, UsageError, XqError, unknown

if TYPE_CHECKING:
    from xq.live.desk import Desk, Terms
    from xq.live.hand_cancel import Canceled
    from xq.live.hand_close import Closed
    from xq.types import Symbol

T = TypeVar("T")
_LEAST_BEGINNING = 6
"""Signs of a client id that name an order, if no other begins so."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Rows, what a person should know, and the first thing that went wrong."""

    rows: Sequence[Any]
    notes: tuple[str, ...] = ()
    problem: XqError | None = None


@dataclass(frozen=True, slots=True)
class CancelRow:
    """An order that was to be canceled; ``status`` is the venue's word afterwards."""

    symbol: str
    side: str
    type: str
    quantity: Decimal
    filled: Decimal
    status: str
    client_id: str


@dataclass(frozen=True, slots=True)
class CloseRow:
    """A position that was to be closed: signed quantity before and after, base asset."""

    symbol: str
    before: Decimal
    after: Decimal
    average_price: Decimal | None
    fees: dict[str, Decimal]
    canceled: int
    client_ids: tuple[str, ...]


def cancel(
    ws: Workspace, names: Sequence[str], symbol: str | None = None, *, everything: bool = False
) -> Answers:
    """Cancel orders by client id, or all that rest of a symbol or everywhere.

    By symbol or everywhere, exits that guard a position stay.

    Raises
    ------
    UsageError
        Unless exactly one of the three is asked for; for an order that is over.
    """
    given = {"client ids": bool(names), "--symbol": symbol is not None, "--all": everything}
    told = [name for name, is_told in given.items() if is_told]
    if len(told) != 1:
        found = " and ".join(told) or "none"
        text = f"expected client ids, --symbol or --all, found {found}"
        raise UsageError(text, hint="xq orders --open")
    if names:
        rows, notes, refused = _by_name(ws, names)
    else:
        rows, notes, refused = _in_wallets(ws, wallets(ws, symbol), symbol)
    problem = next((row.problem for row in rows if row.problem), refused)
    return Answers([_cancel_row(row) for row in rows], tuple(notes), problem)


def replace(
    ws: Workspace,
    name: str,
    *,
    price: str | None = None,
    stop_price: str | None = None,
    quantity: str | None = None,
) -> Answer:
    """Give a resting order another price or quantity.

    Raises
    ------
    UsageError
        If nothing is to change, or the order is over.
    """
    from xq.live.hand_replace import Change, change

    wanted = Change(
        name,
        number("--price", price),
        number("--stop-price", stop_price),
        number("--quantity", quantity),
    )
    if wanted == Change(name):
        raise UsageError("expected --price, --stop-price or --quantity, found none")
    client_id, symbol = order_named(ws, name)
    wanted = dataclasses.replace(wanted, client_id=client_id)
    done, late = _at(ws, (symbol,), lambda desk, terms: change(symbol, wanted, desk, terms))
    record = {"way": done.way, "instead_of": done.instead_of, **placed_record(done.placed)}
    return Answer(record, (*done.placed.notes, *late), done.placed.problem)


def close(ws: Workspace, symbols: Sequence[str], *, everything: bool = False) -> Answers:
    """Close positions at market, with every order that belonged to them.

    Raises
    ------
    UsageError
        Unless symbols or everything are asked for; if nothing of what is named is held. Of
        several, one that is not held is the answer's problem, and holds up no other.
    """
    from xq.live.hand_close import close as close_one
    from xq.types import Symbol

    if bool(symbols) is everything:
        raise UsageError("expected symbols or --all", hint="xq positions")
    named = tuple(dict.fromkeys(map(Symbol.parse, symbols)))
    groups = wallets(ws) if everything else tuple((symbol,) for symbol in named)
    done: list[Closed] = []
    notes: list[str] = []

    def act(desk: "Desk", terms: "Terms") -> None:
        for symbol in _held(desk, terms) if everything else terms.symbols:
            done.append(close_one(symbol, desk, terms))

    refused = _each(groups, lambda group: notes.extend(_at(ws, group, act)[1]), done, notes)
    told = tuple(note for each in done for note in each.notes) + tuple(notes)
    problem = next((each.problem for each in done if each.problem), refused)
    return Answers([_close_row(each) for each in done], told, problem)


def order_named(ws: Workspace, name: str) -> "tuple[str, Symbol]":
    """Client id and symbol of an order of the journal, by its id or a beginning of it.

    Raises
    ------
    UnknownName
        If there is none of that client id.
    UsageError
        If several begin so.
    """
    try:
        with reading(ws) as journal:
            known = {order.client_id: order.symbol for order in journal.orders()}
    except NoData:
        known = {}
    if name in known:
        return name, known[name]
    meant = [known_id for known_id in known if known_id.startswith(name)]
    if len(name) < _LEAST_BEGINNING or not meant:
        raise unknown("order", name, known, hint="xq orders")
    if len(meant) > 1:
        told = ", ".join(sorted(meant)[:3])
        raise UsageError(f"{len(meant)} orders begin with {name}: {told}", hint="xq orders -o csv")
    return meant[0], known[meant[0]]


def _at(
    ws: Workspace, symbols: "Iterable[Symbol]", act: "Callable[[Desk, Terms], T]"
) -> tuple[T, tuple[str, ...]]:
    """Act at a wallet, in turn with whatever else trades; what came of it, and late notes."""
    from xq.live.termination import terminable

    late: list[str] = []
    with terminable(), by_hand(ws, symbols, late) as (desk, terms):
        done = act(desk, terms)
    return done, tuple(late)


def _each(
    things: "Iterable[T]", act: "Callable[[T], None]", done: "Sequence[Any]", notes: list[str]
) -> XqError | None:
    """Act on one after the other: what refuses holds up no other. The first refusal, if any.

    It is raised if nothing was done; refusals after it are notes.
    """
    refused: list[XqError] = []
    for thing in things:
        try:
            act(thing)
        except XqError as error:
            refused.append(error)
    if refused and not done:
        raise refused[0]
    notes += [error.message for error in refused[1:]]
    return refused[0] if refused else None


def _by_name(
    ws: Workspace, names: Sequence[str]
) -> "tuple[list[Canceled], list[str], XqError | None]":
    rows: list[Canceled] = []
    notes: list[str] = []

    def act(name: str) -> None:
        row, late = _cancel_named(ws, *_resting_order(ws, name))
        rows.append(row)
        notes.extend(late)

    return rows, notes, _each(dict.fromkeys(names), act, rows, notes)


def _cancel_named(ws: Workspace, name: str, symbol: "Symbol") -> "tuple[Canceled, tuple[str, ...]]":
    from xq.live.hand_cancel import cancel_one

    return _at(ws, (symbol,), lambda desk, _: cancel_one(symbol, name, desk))


def _resting_order(ws: Workspace, name: str) -> "tuple[str, Symbol]":
    """Client id and symbol of an order of ours, or of any that rests at the venue."""
    from xq.api.orders_list import open_orders
    from xq.types import Symbol

    try:
        return order_named(ws, name)
    except UnknownName:
        for row in open_orders(ws):
            if row.client_id == name:
                return name, Symbol.parse(row.symbol)
        raise


def _in_wallets(
    ws: Workspace, groups: "Sequence[tuple[Symbol, ...]]", symbol: str | None
) -> "tuple[list[Canceled], list[str], XqError | None]":
    from xq.live.hand_cancel import cancel_all, resting

    rows: list[Canceled] = []
    notes: list[str] = []

    def act(desk: "Desk", terms: "Terms") -> None:
        orders, exits = resting(None if symbol is None else terms.symbols[0], desk)
        rows.extend(cancel_all(orders, desk))
        notes.extend(
            f"{order.symbol}: exit {order.client_id} stays while the position is held"
            for order in exits
        )

    refused = _each(groups, lambda group: notes.extend(_at(ws, group, act)[1]), rows, notes)
    return rows, notes, refused


def _held(desk: "Desk", terms: "Terms") -> "tuple[Symbol, ...]":
    """Positions of a wallet; on spot those of the books, of which something can be closed."""
    from xq.live.hand_close import closable

    account = desk.venue.account()
    rules = desk.market.instruments()
    known = dict.fromkeys((*terms.symbols, *(p.symbol for p in account.positions)))
    return tuple(
        symbol
        for symbol in known
        if symbol in rules and abs(closable(symbol, account, desk)) >= rules[symbol].lot
    )


def _cancel_row(row: "Canceled") -> CancelRow:
    return CancelRow(
        str(row.symbol), row.side, row.type, row.quantity, row.filled, row.status, row.client_id
    )


def _close_row(done: "Closed") -> CloseRow:
    filled = sum((line.filled for line in done.orders), Decimal(0))
    paid = sum(
        (line.filled * (line.average_price or Decimal(0)) for line in done.orders), Decimal(0)
    )
    fees: dict[str, Decimal] = {}
    for line in done.orders:
        for asset, fee in line.fees.items():
            fees[asset] = fees.get(asset, Decimal(0)) + fee
    return CloseRow(
        str(done.symbol),
        done.before,
        done.after,
        paid / filled if filled else None,
        fees,
        len(done.canceled),
        tuple(line.client_id for line in done.orders),
    )
