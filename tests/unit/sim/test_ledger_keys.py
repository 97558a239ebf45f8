"""Records that are taken out of the ledger again, whatever their keys are made of."""

from decimal import Decimal

from xq.sim.changes import Changes
from xq.sim.instruments import Face
from xq.sim.ledger import Ledger, World
from xq.sim.state import Eaten, Mode, State
from xq.types import Side


def test_keys_with_prices_and_keys_of_one_part(tmp_path):
    price = Decimal("42000.10")
    eaten = Eaten(Face.SPOT, "BTCUSDT", Side.BUY, price, Decimal(2), Decimal(1))
    key = (Face.SPOT, "BTCUSDT", Side.BUY, price)
    modes = {"main": Mode("main", hedge=True)}
    state, world = State(), World(7, 0)
    with Ledger(tmp_path / "sim.sqlite") as ledger:
        ledger.commit(Changes(rows={"eaten": {key: eaten}, "modes": modes}), state, world)
        assert (ledger.load().eaten, ledger.load().modes) == ({key: eaten}, modes)
        gone = Changes(rows={"eaten": {key: None}, "modes": {"main": None}})
        ledger.commit(gone, state, world)
        assert (ledger.load().eaten, ledger.load().modes) == ({}, {})
