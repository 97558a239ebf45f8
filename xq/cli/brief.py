"""Orders, fills and parents in as few columns as a terminal has room for.

Programs, files and pipes get every column; these are for eyes.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from xq.cli.fold import terminal_width
from xq.cli.shell import Shell

if TYPE_CHECKING:
    from xq.api.account import FillRow
    from xq.api.execute_shown import ParentRow
    from xq.api.orders_list import OrderRow

Row = TypeVar("Row")
_ROOM_FOR_IDS = 112
_SHORT_ID = 11
_HAND = "by hand"


def show(
    shell: Shell, rows: Sequence[Row], line: Callable[[Row], dict[str, Any]], absence: str
) -> None:
    """Answer with rows, in brief on a terminal; where there are none, tell the person so."""
    is_for_eyes = shell.as_table and shell.is_tty
    shell.rows_or_note(list(map(line, rows)) if is_for_eyes else rows, absence)


def order(row: "OrderRow") -> dict[str, Any]:
    """An order in a line."""
    price = row.stop_price if row.price is None else row.price
    at = "" if price is None else f" at {_number(price)}"
    flag = ", reduce only" if row.reduce_only else ""
    return {
        "sent": _when(row.ts),
        "symbol": row.symbol,
        "order": f"{row.side} {_number(row.quantity)} {_words(row.type)}{at}{flag}",
        "state": _state(row),
        "whose": row.strategy or _HAND,
        "client_id": _id(row.client_id),
    }


def _state(row: "OrderRow") -> str:
    told = _words(row.status)
    if not row.filled:
        return told
    part = "" if row.filled == row.quantity else f", {_number(row.filled)} filled"
    price = "" if row.average_price is None else f" at {_number(row.average_price)}"
    return f"{told}{part}{price}"


def fill(row: "FillRow") -> dict[str, Any]:
    """A fill in a line."""
    return {
        "time": f"{row.ts:%m-%d %H:%M:%S}",
        "symbol": row.symbol,
        "side": row.side,
        "quantity": row.quantity,
        "price": row.price,
        "fee": f"{_number(row.fee)} {row.fee_asset}",
        "client_id": _id(row.client_id or ""),
    }


def parent(row: "ParentRow") -> dict[str, Any]:
    """A parent order in a line."""
    return {
        "began": _when(row.began),
        "id": row.id,
        "symbol": row.symbol,
        "order": f"{row.side} {_number(row.quantity)}",
        "filled": row.filled,
        "state": f"{_words(row.status)}: {row.reason}" if row.reason else _words(row.status),
        "slippage": None if row.slippage is None else f"{row.slippage:.4%}",
    }


def _when(moment: datetime) -> str:
    return f"{moment:%m-%d %H:%M}"


def _id(name: str) -> str:
    """What names an order: whole where there is room, else a beginning that commands take."""
    ours = name.startswith("xq-")
    return name[:_SHORT_ID] if ours and terminal_width() < _ROOM_FOR_IDS else name


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _words(name: str) -> str:
    return name.replace("_", " ")
