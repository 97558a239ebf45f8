"""One order as a page for a person."""

from typing import TYPE_CHECKING, Any

from xq.cli.plain import plain

if TYPE_CHECKING:
    from xq.api.orders_show import OrderSheet


def sheet(found: "OrderSheet") -> list[Any]:
    """What it is, then journal and venue beside each other, then how it came to that."""
    from rich.table import Table
    from rich.text import Text

    flags = ", reduce only" if found.reduce_only else ""
    head = Text(
        f"{found.client_id}\n{found.side} {found.type.replace('_', ' ')} {found.symbol}{flags}; "
        f"{found.whose}, {found.leg}; sent {found.sent:%Y-%m-%d %H:%M:%S}"
    )
    table = Table(box=None, pad_edge=False)
    for name in ("", "journal", "venue", ""):
        table.add_column(name)
    for name, ours in found.journal.items():
        theirs = None if found.venue is None else found.venue[name]
        table.add_row(name, _cell(ours), _cell(theirs), "!" if name in found.differs else "")
    moves = [
        Text(f"{move.at:%H:%M:%S} {move.before} -> {move.after}: {move.why}")
        for move in found.moves
    ]
    fees = [Text(f"fees: {fee:f} {asset}") for asset, fee in found.fees.items()]
    return [head, table, *fees, *moves]


def _cell(value: Any) -> str:
    return "-" if value is None else str(plain(value))
