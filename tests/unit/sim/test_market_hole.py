"""A recorded book with a missing change: empty from there on, but it still has a price."""

from decimal import Decimal

import pytest
from support.recordings import START_MS, contract_messages, lines, write

from xq.api.data_import import Wanted, import_paths
from xq.api.workspace import open_workspace
from xq.clock import ManualClock
from xq.lake.reader import Lake
from xq.sim.instruments import Face
from xq.sim.market_recorded import booked
from xq.sim.pace import Pace
from xq.sim.wire.opening import open_venue

MIDDLE = Decimal("10.1")  # of 10.05 and 10.2, on the grid


@pytest.fixture
def lake(tmp_path):
    """A book of which the change 111 to 120 was not recorded, and nothing else."""
    messages = contract_messages()
    missing = messages.pop(4)
    assert missing["data"]["U"] == 111
    path = write(tmp_path / "binance_um_ABCUSDT.raw.gz", lines(messages))
    ws = open_workspace(cwd=tmp_path, environ={})
    assert [out.failure for out in import_paths(ws, [path], Wanted("binance"))] == [None] * 2
    return ws.lake


def test_in_a_hole_the_last_middle_stands(lake):
    feed = booked(Lake(lake), None)(None).feeds[Face.FUTURES]
    before, inside = START_MS + 35, START_MS + 49
    assert feed.book("ABCUSDT", inside, 5) == ([], [])
    prices = [feed.mark_price("ABCUSDT", ts) for ts in (inside, before, inside)]
    assert prices == [MIDDLE] * 3
    assert feed.mark_range("ABCUSDT", before, inside) == (MIDDLE, MIDDLE)


def test_a_venue_goes_on_through_it(lake, tmp_path):
    venue = open_venue(
        tmp_path / "state", ManualClock(0), 7, source=booked(Lake(lake), None),
        pace=Pace.parse("max"),
    )  # fmt: skip
    venue.seek(START_MS + 49)
    assert venue.depth(Face.FUTURES, "ABCUSDT", 5) == ([], [])
    assert venue.feeds[Face.FUTURES].last_price("ABCUSDT", venue.now_ms) == MIDDLE
    venue.ledger.close()
