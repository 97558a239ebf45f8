"""The account's stream beside the service, on connections of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from xq.api.venues import trading_venue
from xq.errors import XqError

if TYPE_CHECKING:
    from xq.api.trade_run import Plan, Run
    from xq.live.schedule import Bell
    from xq.ports import UserEvents


@contextmanager
def listening(
    run: "Run", bell: "Bell", tell: Callable[[XqError], None]
) -> Iterator[Callable[[], None]]:
    """While it lasts, what happens to the account rings the bell; gives what begins it.

    Nothing is heard where nobody looks between bars.
    """
    from xq.live.listening import Ear

    plan = run.plan
    if not plan.ws.config.trade.watch_seconds:
        yield lambda: None
        return
    ear = Ear(partial(_opened, plan), bell.ring, tell, contracts=plan.terms.contracts)
    run.calls.tell(ear.witness)
    try:
        yield ear.start
    finally:
        ear.close()


@contextmanager
def _opened(plan: "Plan") -> "Iterator[UserEvents]":
    with trading_venue(plan.ws, plan.ws.config.trade.mode, stopping=True) as (_, venue):
        stream = venue.user_events(plan.terms.symbols)
        try:
            yield stream
        finally:
            stream.close()
