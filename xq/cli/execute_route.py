"""A parent order over several venues, on the terminal."""

from typing import TYPE_CHECKING

from xq.cli.execute_tell import heard
from xq.cli.shell import Shell

if TYPE_CHECKING:
    from xq.api.execute_plan import Asked, Make

_SHOWN = ("venue", "quantity", "worst", "notional", "fee")


def run_routed(shell: Shell, asked: "Asked", make: "Make", route: str, *, dry_run: bool) -> None:
    """Split it, show the shares or work them, and say what became of every leg."""
    from xq.api.announce import announcement
    from xq.api.execute_route import begin_legs, routed, work_legs
    from xq.api.trade import TradeRequest

    legs, unrouted = routed(shell.workspace, asked, [name.strip() for name in route.split(",")])
    for leg in legs:
        for line in announcement(leg.ws, TradeRequest(dry_run=dry_run))[::2]:
            shell.note(line)
    if unrouted:
        shell.note(f"{unrouted:f} fits no book and no lot: it is left out")
    if dry_run:
        shell.rows([{name: getattr(leg, name) for name in _SHOWN} for leg in legs])
        return
    begun = begin_legs(legs, make)
    for each in begun:
        if each.error is not None:
            shell.note(f"{each.leg.venue}: {each.error.message}")
    rows = work_legs(begun, heard(shell))
    shell.rows(rows)
    for each in begun:
        if each.error is not None:
            raise each.error
