"""What a backtest says about its length and the orders it could not place as decided."""

from typing import TYPE_CHECKING

from xq.clock import iso
from xq.timeframe import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xq.backtest.simulation import Simulation
    from xq.bars import Bars


_SHORT_DAYS = 7
_CENT = 0.01


def of_length(bars: "Bars") -> list[str]:
    """A sentence about a run too short for figures per year; none about others."""
    days = (bars.timeframe.end(int(bars.ts[-1])) - int(bars.ts[0])) / DAY_MS
    if days >= _SHORT_DAYS:
        return []
    return [f"figures per year are extrapolated from {days:.2g} days and say little"]


def of_orders(
    bars: "Bars", run: "Simulation", deposits: "Iterable[tuple[int, float]]" = ()
) -> "list[str]":
    """Sentences about liquidations, orders that the venue would not have taken, and withdrawals.

    Parameters
    ----------
    deposits
        Time and amount of each that was asked for.
    """
    from xq.portfolio.accounting import Reason

    said = []
    forced = run.fills.row[run.fills.reason == Reason.LIQUIDATION]
    if run.ruin_row is not None:
        said.append(f"the account was liquidated in the bar of {iso(int(bars.ts[run.ruin_row]))}")
    elif len(forced):
        said.append(
            f"{len(forced)} liquidations cut or closed positions, the first in the bar of "
            f"{iso(int(bars.ts[forced[0]]))}"
        )
    if run.orders_refused:
        said.append(f"{run.orders_refused} orders were below the venue's minimum and not placed")
    if run.orders_cut:
        said.append(f"{run.orders_cut} orders were cut to the venue's largest market quantity")
    kept = 0.0 if run.flows is None else run.flows.sum() - sum(amount for _, amount in deposits)
    if kept >= _CENT:
        said.append(f"withdrawals were cut by {kept:,.2f}: no more cash was free")
    return said
