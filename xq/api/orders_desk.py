"""Where orders by hand are sent from: venue, journal and terms, in turn with a service."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from xq.api.account import trading_only
from xq.api.risk import opened_patiently
from xq.api.stop import stop_file
from xq.api.trade import account_name, journal_place
from xq.api.trade_terms import terms_on_demand
from xq.api.turns import copy_to_lake, my_turn
from xq.api.venues import trading_venue
from xq.api.workspace import Workspace

if TYPE_CHECKING:
    from xq.live.desk import Desk, Forecast, Terms
    from xq.types import Symbol

Told = list[str]


@contextmanager
def by_hand(
    ws: Workspace, symbols: "Iterable[Symbol]", told: Told, *, dry_run: bool = False
) -> "Iterator[tuple[Desk, Terms]]":
    """A desk for symbols that one wallet pays for.

    Parameters
    ----------
    told
        Given what a person should know once the lake has its copy.
    dry_run
        Work on a copy of the journal in memory.

    Raises
    ------
    LockHeld
        If something else trades the account for longer than a minute.
    VenueError, CredentialsMissing, ConfigError
        As `xq.api.venues.trading_venue`.
    """
    from xq.execution.journal import scratch_journal
    from xq.live.calls import CallLog
    from xq.live.desk import Desk

    named = tuple(symbols)
    own = trading_only(ws, named)
    with ExitStack() as stack:
        pair = stack.enter_context(trading_venue(own, ws.config.trade.mode))
        calls = CallLog(ws.clock)
        market, venue = calls.listen(pair[0]), calls.listen(pair[1])
        if dry_run:
            copy = scratch_journal(journal_place(ws), account_name(ws), ws.clock)
            journal = stack.enter_context(copy)
        else:
            stack.enter_context(my_turn(ws))
            journal = opened_patiently(ws, stack)
        desk = Desk(market, venue, journal, ws.clock, _nothing, calls, stop_file(ws))
        yield desk, terms_on_demand(ws, named, account_name(ws))
        if not dry_run:
            told += copy_to_lake(ws, desk)


def _nothing(_bar_ms: int) -> "Forecast":
    raise NotImplementedError("nobody forecasts for an order by hand")
