"""What accounts' streams say of events that seldom happen: liquidation, conditional orders."""

import json
from decimal import Decimal

import pytest
from support.scripted_feed import START, Bench

from xq.sim.algos import NewAlgo
from xq.sim.events import MarginCall
from xq.sim.instruments import Face
from xq.sim.records import NewOrder
from xq.sim.wire.streams import user_futures
from xq.sim.wire.streams.users import Recipient, Users
from xq.types import OrderType, Side

D = Decimal
SYMBOL = "BTCUSDT"


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.venue.ledger.close()


@pytest.fixture
def told(bench):
    """Messages of the main account, and of liquidations, in their order."""
    frames = []
    users = Users(bench.venue, lambda symbol, frame: frames.append(json.loads(frame)))
    users.add(Recipient("main", Face.FUTURES, lambda frame: frames.append(json.loads(frame))))
    return frames


def market(bench, side, quantity):
    request = NewOrder(SYMBOL, side, OrderType.MARKET, quantity=D(quantity))
    return bench.venue.place("main", Face.FUTURES, request).order


def names(frames):
    found = []
    for frame in frames:
        body = frame.get("o", {})
        found.append((frame["e"], body.get("x", body.get("X"))))
    return found


def test_a_liquidation_is_told_to_its_account_and_to_everybody(bench, told):
    bench.venue.set_leverage("main", SYMBOL, 100)
    market(bench, Side.BUY, "5")
    told.clear()
    bench.futures.print(SYMBOL, START + 1_000, "37000")
    bench.advance(120_000)
    kinds = names(told)
    assert ("ORDER_TRADE_UPDATE", "CALCULATED") in kinds
    public = [frame["o"] for frame in told if frame["e"] == "forceOrder"]
    assert {(row["s"], row["S"]) for row in public} == {(SYMBOL, "SELL")}
    assert sum(D(row["z"]) for row in public) == 5
    assert all(row.keys() == set("sSfqpXlzT") | {"o", "ap"} for row in public)
    accounts = [frame for frame in told if frame["e"] == "ACCOUNT_UPDATE"]
    assert accounts[-1]["a"]["P"][-1]["pa"] == "0.00000000"


def test_a_conditional_order_from_entry_to_fill(bench, told):
    market(bench, Side.BUY, "0.1")
    told.clear()
    request = NewAlgo(
        SYMBOL, Side.SELL, OrderType.STOP_MARKET, client_id="s", quantity=D("0.1"),
        trigger_price=D(39_500), reduce_only=True,
    )  # fmt: skip
    bench.venue.place_algo("main", request)
    assert names(told) == [("ALGO_UPDATE", "NEW")]
    assert told[0]["o"].keys() == {
        *("caid", "aid", "at", "o", "s", "S", "ps", "f", "q", "X", "ai", "ap", "aq", "act", "tp"),
        *("p", "V", "wt", "pm", "cp", "pP", "R", "tt", "gtd", "rm"),
    }
    bench.futures.print(SYMBOL, START + 1_000, "39400")
    bench.advance(2_000)
    states = [frame["o"]["X"] for frame in told if frame["e"] == "ALGO_UPDATE"]
    assert states[:2] == ["NEW", "TRIGGERING"]
    assert states[-1] == "FINISHED"
    last = [frame for frame in told if frame["e"] == "ALGO_UPDATE"][-1]["o"]
    assert (last["caid"], last["act"], last["aq"]) == ("s", "MARKET", "0.10000000")
    trade = next(frame["o"] for frame in told if frame.get("o", {}).get("x") == "TRADE")
    assert (str(trade["i"]), trade["R"]) == (last["ai"], True)


def test_an_amended_order(bench, told):
    request = NewOrder(
        SYMBOL, Side.BUY, OrderType.LIMIT, client_id="l", quantity=D("0.1"), price=D(39_000)
    )
    order = bench.venue.place("main", Face.FUTURES, request).order
    bench.venue.amend("main", SYMBOL, order_id=order.id, price=D(38_000), quantity=D("0.2"))
    assert names(told)[-1] == ("ORDER_TRADE_UPDATE", "AMENDMENT")
    assert (told[-1]["o"]["q"], told[-1]["o"]["p"]) == ("0.20000000", "38000.00000000")


def test_a_margin_call(bench):
    market(bench, Side.BUY, "0.1")
    [position] = bench.venue.state.positions.values()
    event = MarginCall(bench.venue.now_ms, "main", (position,))
    found = user_futures.margin_call(bench.venue, event)
    [row] = found["p"]
    assert (row["s"], row["pa"], row["mt"]) == (SYMBOL, "0.10000000", "CROSSED")
    assert float(row["mm"]) > 0
    assert row.keys() == {"s", "ps", "pa", "mt", "iw", "mp", "up", "mm"}


def test_chosen_events_only(bench):
    frames = []
    users = Users(bench.venue, lambda symbol, frame: None)
    wanted = frozenset({"TRADE_LITE"})
    recipient = Recipient("main", Face.FUTURES, frames.append, wanted)
    users.add(recipient)
    market(bench, Side.BUY, "0.1")
    assert [json.loads(frame)["e"] for frame in frames] == ["TRADE_LITE"]
    users.remove(recipient)
    market(bench, Side.SELL, "0.1")
    assert len(frames) == 1
    assert not users
