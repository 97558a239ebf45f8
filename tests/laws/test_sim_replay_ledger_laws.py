"""A venue at recorded prices: the same requests, the same books, however time is looked at."""

import sqlite3
import subprocess
import sys
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from support.replayed import FROM, make

from xq.clock import ManualClock
from xq.lake.reader import Lake
from xq.sim.accounts import MAIN
from xq.sim.instruments import Face
from xq.sim.ledger import FILE_NAME
from xq.sim.market_models import Sampled, Spread
from xq.sim.market_recorded import replayed
from xq.sim.pace import Pace
from xq.sim.records import NewOrder
from xq.sim.refusal import Refusal
from xq.sim.wire.server import open_venue
from xq.timeframe import HOUR_MS, MINUTE_MS
from xq.types import OrderType, Side

TABLES = ("orders", "fills", "postings", "balances")


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return make(tmp_path_factory.mktemp("lake") / "data")


def trade(lake: Path, state: Path, looks: int) -> list[tuple[object, ...]]:
    """Orders through a day of the replay; what the ledger holds then."""
    source = replayed(Lake(lake), None, 7, Spread(3.0))
    venue = open_venue(
        state, ManualClock(0), 7, FROM, source=source, pace=Pace.parse("max"),
        latency=Sampled(40, seed=7),
    )  # fmt: skip
    for hour in range(1, 40):
        for look in range(1, looks + 1):
            venue.seek(FROM + (hour - 1) * HOUR_MS + HOUR_MS * look // looks)
        face = Face.FUTURES if hour % 2 else Face.SPOT
        side = Side.BUY if hour % 3 else Side.SELL
        last = venue.feeds[face].last_price("BTCUSDT", venue.now_ms)
        away = Decimal(hour % 5 - 2) * 20
        price = (last - side.sign * away).quantize(Decimal("0.1"))
        with suppress(Refusal):  # the invented mark price strays far from the traded one
            venue.place(
                MAIN, face,
                NewOrder("BTCUSDT", side, OrderType.LIMIT, quantity=Decimal("0.005"), price=price),
            )  # fmt: skip
    venue.seek(FROM + 60 * HOUR_MS + 7 * MINUTE_MS)
    assert venue.ledger.check() == []
    venue.ledger.close()
    with sqlite3.connect(state / FILE_NAME) as connection:
        rows = [r for table in TABLES for r in connection.execute(f"SELECT * FROM {table}")]
    connection.close()
    return rows


def test_the_books_do_not_depend_on_how_often_time_is_looked_at(lake, tmp_path):
    seldom, often = trade(lake, tmp_path / "a", 1), trade(lake, tmp_path / "b", 7)
    assert len(seldom) > 100
    assert seldom == often


def test_the_same_in_fresh_processes(lake, tmp_path):
    here = Path(__file__)
    code = (
        "import hashlib, sys; from pathlib import Path\n"
        f"sys.path[:0] = [{str(here.parent)!r}, {str(here.parents[1])!r}]\n"
        "from test_sim_replay_ledger_laws import trade\n"
        "rows = trade(Path(sys.argv[1]), Path(sys.argv[2]), 2)\n"
        "print(hashlib.sha256(repr(rows).encode()).hexdigest())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code, str(lake), str(tmp_path / seed)],
            capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed},
            cwd=here.parents[2],
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert runs[0] == runs[1]
