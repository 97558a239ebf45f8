"""A symbol that is no longer listed ends ticks and looks with an error that names it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.toy_venue import ETHER, PERPETUAL, START_MS, ToyVenue, desk, journal_path, terms

from xq.clock import ManualClock
from xq.errors import UnknownName
from xq.execution.journal import open_journal
from xq.live.loop import tick, watch


@pytest.mark.parametrize("act", [tick, watch])
def test_it_is_named(tmp_path: Path, act: Callable[..., object]) -> None:
    venue = ToyVenue(ManualClock(START_MS), (ETHER,))
    with open_journal(journal_path(tmp_path), "toy") as journal:
        found = desk(venue, journal, {PERPETUAL: 0.5})
        with pytest.raises(UnknownName, match="BTC/USDT:USDT"):
            act(found, terms((PERPETUAL,)))
