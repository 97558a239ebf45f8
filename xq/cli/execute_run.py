"""A parent order on the terminal: shown, begun, worked or followed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xq.cli.execute_route import run_routed
from xq.cli.execute_tell import heard, teller
from xq.cli.parts import show_with_rows
from xq.cli.shell import Shell
from xq.errors import UsageError

if TYPE_CHECKING:
    from xq.api.execute_plan import Asked, Make


def run(
    shell: Shell,
    asked: "Asked",
    make: "Make",
    *,
    dry_run: bool,
    follow: bool,
    detach: bool,
    route: str | None,
    mode: str | None,
    exchange: str | None,
) -> None:
    """Plan a parent and do with it what the options say."""
    from xq.api import execute
    from xq.api.announce import announcement
    from xq.api.trade import TradeRequest

    if follow and detach:
        raise UsageError("--follow watches, --detach leaves: say one of them")
    shell.override(trade__mode=mode, exchange__name=exchange, trade__symbols=(asked.symbol,))
    if route is None:
        for line in announcement(shell.workspace, TradeRequest(dry_run=dry_run))[::2]:
            shell.note(line)
    if route is not None:
        if follow or detach:
            raise UsageError(
                "a routed order is worked here: --follow and --detach do not go with it"
            )
        run_routed(shell, asked, make, route, dry_run=dry_run)
    elif dry_run:
        answer(shell, execute.rehearse(shell.workspace, asked, make), "schedule")
    else:
        _begin(shell, asked, make, follow=follow, detach=detach)


def _begin(shell: Shell, asked: "Asked", make: "Make", *, follow: bool, detach: bool) -> None:
    from xq.api import execute

    parent_id, worked = execute.begin(shell.workspace, asked, make, detach=detach)
    if worked and not follow:
        shell.note(f"{parent_id} is worked by the running service; xq execute show {parent_id}")
        shell.record({"id": parent_id, "status": "working"})
    elif worked:
        shell.note(f"{parent_id} begins")
        answer(shell, execute.follow(shell.workspace, parent_id, teller(shell)), "orders")
    else:
        work(shell, parent_id)


def work(shell: Shell, parent_id: str) -> None:
    """Work a parent here; Ctrl-C leaves it as it stands and says how to go on."""
    from xq.api import execute

    shell.note(f"{parent_id} begins; Ctrl-C leaves it, xq execute resume {parent_id} goes on")
    try:
        found = execute.work(shell.workspace, parent_id, heard(shell))
    except KeyboardInterrupt:
        shell.note(
            f"{parent_id} is left as it stands, what rests stays at the venue; "
            f"xq execute resume {parent_id} or xq execute cancel {parent_id}"
        )
        raise
    answer(shell, found, "orders")


def answer(shell: Shell, found: Mapping[str, Any], rows: str) -> None:
    """A parent and the rows that belong to it: one object for programs, two tables for eyes."""
    predicted = found.get("predicted") or {}
    flat = {name: value for name, value in found.items() if name != "predicted"} | predicted
    show_with_rows(shell, flat if shell.as_table else found, rows)
