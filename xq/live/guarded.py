"""Entries that nobody decided: in live mode a strategy's stop must stand behind them."""

from xq.errors import OrderRefused
from xq.live import protect
from xq.live.desk import Desk, Terms
from xq.risk.gate import Approved
from xq.types import Symbol


def check_guarded(approved: Approved, desk: Desk, terms: Terms, hint: str) -> None:
    """Refuse an entry that no stop will guard, where the terms need one.

    Raises
    ------
    OrderRefused
        Nothing was sent.
    """
    symbol = approved.request.symbol
    if terms.needs_stop and not approved.reducing and not _is_guarded(symbol, desk):
        raise OrderRefused(
            f"live mode enters nothing without a stop, and no strategy guards {symbol}", hint=hint
        )


def _is_guarded(symbol: Symbol, desk: Desk) -> bool:
    """Whether the exits of a strategy will stand behind what is held of the symbol."""
    exits = protect.promised(desk)
    has_stop = exits is not None and (exits.stop_loss or exits.trailing_stop)
    traded = desk.journal.decisions.last_signal(symbol) is not None
    return bool(has_stop and traded and symbol.is_contract)
