"""What clients took of an outside level is remembered until the level changes, and then not."""

from decimal import Decimal

import pytest
from support.scripted_feed import START, Bench

from xq.sim.accounts import MAIN
from xq.sim.instruments import Face
from xq.sim.ledger import FILE_NAME, Ledger
from xq.sim.records import NewOrder
from xq.types import OrderType, Side


def take(bench, face, quantity):
    order = NewOrder("BTCUSDT", Side.BUY, OrderType.MARKET, None, Decimal(quantity))
    bench.venue.place(MAIN, face, order)
    with Ledger(bench.folder / FILE_NAME) as stored:
        assert stored.load().eaten == bench.venue.state.eaten
    return {f"{kept.price:f}": float(kept.quantity) for kept in bench.venue.state.eaten.values()}


@pytest.mark.parametrize("face", list(Face))
def test_a_level_that_changed_is_forgotten_on_disk_too(tmp_path, face):
    bench = Bench(tmp_path)
    for feed in (bench.futures, bench.spot):
        feed.show("BTCUSDT", START - 1, {"39990": "1"}, {"40010.50": "0.1", "40011.50": "0.1"})
        feed.show("BTCUSDT", START + 1000, {"39990": "1"}, {"40010.50": "3", "40011.50": "3"})
    assert take(bench, face, "0.15") == {"40010.50": 0.1, "40011.50": 0.05}
    bench.advance(2000)
    assert take(bench, face, "0.05") == {"40010.50": 0.05}
    bench.venue.ledger.close()


def test_a_level_that_was_gone_is_new_when_it_comes_back(tmp_path):
    bench = Bench(tmp_path)
    before = {"40010.50": "0.1", "40011.50": "5"}
    bench.futures.show("BTCUSDT", START - 1, {"39990": "1"}, before)
    bench.futures.show("BTCUSDT", START + 1000, {"39990": "1"}, {"40011.50": "6"})
    bench.futures.show("BTCUSDT", START + 2000, {"39990": "1"}, before)
    assert take(bench, Face.FUTURES, "0.1") == {"40010.50": 0.1}
    bench.advance(1500)
    assert take(bench, Face.FUTURES, "0.1") == {"40011.50": 0.1}
    bench.advance(1500)
    assert take(bench, Face.FUTURES, "0.1") == {"40010.50": 0.1}
    bench.venue.ledger.close()


def test_what_is_remembered_does_not_grow_with_what_was_taken(tmp_path):
    """The price runs away from where clients took, over and over, in a book of many levels."""
    bench = Bench(tmp_path)
    for step in range(100):
        bids = {f"{40_000 - 100 * step - n}": f"{n + 1}" for n in range(1, 60)}
        asks = {f"{40_000 - 100 * step + n}": f"{n + 1}" for n in range(1, 60)}
        bench.futures.show("BTCUSDT", START + 1000 * step, bids, asks)
    most = 0
    for _ in range(99):
        bench.advance(1000)
        most = max(most, len(take(bench, Face.FUTURES, "0.01")))
    assert most <= 24
    bench.venue.ledger.close()
