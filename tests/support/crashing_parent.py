"""A process that looks once at an account's parent orders and dies where it is told to.

Lines and steps are those of `support.crashing_trade`; a request that cancels is a step, too.
"""

from dataclasses import replace
from pathlib import Path

from support.crashing_trade import Steps, around, main, rig

from xq.api.execute_run import Works
from xq.api.workspace import open_workspace
from xq.clock import ManualClock
from xq.errors import XqError
from xq.live.calls import CallLog
from xq.venues.ccxt_trading import CcxtTrading


def look(folder: str, clock_ms: int, point: int) -> int:
    """Step what is due; 1 if anything went wrong."""
    steps = Steps(point)
    rig(steps)
    CcxtTrading.cancel = around(CcxtTrading.cancel, steps)
    opened = open_workspace(cwd=Path(folder), environ={})
    ws = replace(opened, clock=ManualClock(clock_ms))
    works = Works(ws, CallLog(ws.clock))
    try:
        told = works.look()
    finally:
        works.release()
    return int(any(isinstance(each, XqError) for each in told))


if __name__ == "__main__":
    main(look)
