"""Orders by hand at the simulated venue, over the wire, by unmodified ccxt."""

import dataclasses
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from support.trade_bench import ledger, served, workspace

from xq.api.orders_change import cancel, close, replace
from xq.api.orders_list import open_orders
from xq.api.orders_list import orders as listed
from xq.api.orders_place import Answer, place, wish_of
from xq.api.orders_show import show
from xq.api.turns import my_turn
from xq.api.workspace import Workspace
from xq.errors import OrderRefused, UnknownName, UsageError

D = Decimal
PERP, SPOT = "BTC/USDT:USDT", "BTC/USDT"


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    opened = workspace(tmp_path)
    with served(opened):
        yield opened


def put(ws: Workspace, side: str, symbol: str = PERP, **words: object) -> Answer:
    told = {"symbol": symbol, "side": side, "type": "market", **words}
    if not {"quantity", "notional", "percent"} & set(words):
        told["quantity"] = "0.01"
    return place(ws, wish_of(told))


def test_a_limit_order_is_changed_in_place_and_by_that_alone(ws: Workspace) -> None:
    rests = put(ws, "buy", type="limit", price="42000").record
    assert (rests["status"], rests["expected_price"]) == ("new", D(42_000))
    name = rests["client_id"]
    done = replace(ws, name, price="41900", quantity="0.012")
    assert (done.record["way"], done.record["client_id"]) == ("changed in place", name)
    sheet = show(ws, name)
    assert sheet.venue is not None
    assert (sheet.journal["price"], sheet.venue["price"]) == (D(41_900), D(41_900))
    assert (sheet.journal["quantity"], sheet.differs, sheet.whose) == (D("0.012"), (), "by hand")
    with pytest.raises(OrderRefused, match="price must be within"):
        replace(ws, name, price="60000")
    with pytest.raises(UsageError, match="found none"):
        replace(ws, name)
    assert [row.price for row in open_orders(ws, symbol=PERP)] == [D(41_900)]
    assert len(ledger(ws)) == 1


def test_where_no_order_is_changed_in_place_it_is_canceled_first(ws: Workspace) -> None:
    name = put(ws, "buy", SPOT, type="limit", price="42000").record["client_id"]
    done = replace(ws, name, price="41900")
    assert done.record["way"] == "canceled, then sent anew"
    (row,) = open_orders(ws)
    assert (row.client_id, row.price) == (done.record["client_id"], D(41_900))
    assert [status for _, status, _ in ledger(ws)] == ["canceled", "new"]
    assert {o.status for o in listed(ws)} == {"canceled", "new"}


def test_a_stop_is_never_gone_before_the_next_one_rests(ws: Workspace) -> None:
    put(ws, "buy")
    stop = put(ws, "sell", type="stop_market", stop_price="40000", reduce_only=True).record
    done = replace(ws, stop["client_id"], stop_price="40500")
    assert done.record["way"].startswith("sent anew, then the old one canceled")
    (row,) = open_orders(ws, symbol=PERP)
    assert (row.stop_price, row.reduce_only, row.strategy) == (D(40_500), True, "")


def test_closing_leaves_neither_position_nor_order(ws: Workspace) -> None:
    put(ws, "buy", quantity="0.02")
    put(ws, "sell", type="stop_market", stop_price="40000", reduce_only=True)
    put(ws, "buy", type="limit", price="41000")
    put(ws, "buy", SPOT)
    done = close(ws, [PERP])
    (row,) = done.rows
    assert (row.before, row.after, row.canceled, done.problem) == (D("0.02"), D(0), 2, None)
    assert open_orders(ws, symbol=PERP) == ()
    put(ws, "sell", SPOT, type="limit", price="43000", quantity="0.005")
    (row,) = close(ws, [], everything=True).rows
    assert (row.symbol, row.after, row.canceled) == (SPOT, D(0), 1)
    assert close(ws, [], everything=True).rows == []
    with pytest.raises(UsageError, match="nothing of BTC/USDT is held"):
        close(ws, [SPOT])
    assert len({name for name, _, _ in ledger(ws)}) == len(ledger(ws))


def test_of_several_one_that_cannot_be_is_told_and_holds_up_no_other(ws: Workspace) -> None:
    wish = {"type": "limit", "price": "41000"}
    rests = put(ws, "buy", quantity="0.011", **wish).record["client_id"]
    canceled = cancel(ws, ["xq-nothing", rests, "xq-nowhere"])
    assert [row.client_id for row in canceled.rows] == [rests]
    assert isinstance(canceled.problem, UnknownName)
    assert canceled.notes == ("no order named 'xq-nowhere'",)
    put(ws, "buy")
    closed = close(ws, [SPOT, PERP])
    assert [(row.symbol, row.after) for row in closed.rows] == [(PERP, D(0))]
    assert closed.problem is not None
    assert closed.problem.message == "nothing of BTC/USDT is held that could be closed"


def test_cancel_by_name_by_symbol_and_of_what_is_over(ws: Workspace) -> None:
    filled = put(ws, "buy").record["client_id"]
    wish = {"type": "limit", "price": "42000", "quantity": "0.011"}
    first = put(ws, "buy", **wish).record["client_id"]
    put(ws, "sell", type="stop_market", stop_price="40000", reduce_only=True)
    assert [row.status for row in cancel(ws, [first]).rows] == ["canceled"]
    for name, said in ((filled, "is filled, 0.01"), (first, "is canceled")):
        with pytest.raises(UsageError, match=said):
            cancel(ws, [name])
    (row,) = cancel(ws, [], PERP).rows
    assert (row.type, row.status) == ("stop_market", "canceled")
    assert cancel(ws, [], everything=True).rows == []
    with pytest.raises(UnknownName, match="no order named 'xq-nothing'"):
        cancel(ws, ["xq-nothing"])
    with pytest.raises(UsageError, match="or --all, found client ids and --symbol"):
        cancel(ws, [first], PERP)


def test_nothing_leaves_in_a_dry_run_nor_twice_in_a_moment(ws: Workspace) -> None:
    wish = wish_of({"symbol": PERP, "side": "buy", "type": "market", "percent": "10"})
    planned = place(ws, wish, dry_run=True)
    assert (planned.record["status"], planned.record["quantity"]) == ("planned", D("0.023"))
    assert planned.notes[-1].startswith("10 % of 10000.00 USDT at 42")
    assert not list(ws.state.glob("journal*"))
    put(ws, "buy")
    with pytest.raises(OrderRefused, match="the same order was sent"):
        put(ws, "buy")
    assert len(ledger(ws)) == 1


def test_post_only_fill_or_kill_and_the_like(ws: Workspace) -> None:
    def limit(price: str, lasting: str) -> tuple[str, Decimal]:
        ws.clock.sleep(3)
        done = put(ws, "buy", type="limit", price=price, time_in_force=lasting)
        return done.record["status"], done.record["filled"]

    assert limit("42000", "post_only") == ("new", D(0))
    assert limit("42000", "fok") == ("rejected", D(0))
    assert limit("43000", "ioc") == ("filled", D("0.01"))
    for words, said in (
        ({"symbol": PERP, "side": "bye", "type": "market"}, "did you mean 'buy'"),
        ({"symbol": PERP, "side": "buy", "type": "stop"}, "no type named 'stop'"),
        ({"symbol": PERP, "side": "buy", "type": "limit", "time_in_force": "day"}, "no time in"),
        ({"symbol": "BTCUSDT", "side": "buy", "type": "market"}, "did you mean BTC/USDT"),
        ({"symbol": PERP, "side": "buy", "type": "market", "quantity": "1,5"}, "must be a number"),
        ({"symbol": PERP, "side": "buy", "type": "market", "quantity": "1e30"}, "must be at most"),
    ):
        with pytest.raises(UsageError, match=said):
            wish_of(words)
    with pytest.raises(UnknownName, match="no symbol on sim named 'BTX/USDT'; did you mean"):
        put(ws, "buy", "BTX/USDT")


def test_an_order_by_hand_waits_for_its_turn(ws: Workspace) -> None:
    done: list[Answer] = []
    with my_turn(ws):
        waiting = threading.Thread(target=lambda: done.append(put(ws, "buy")))
        waiting.start()
        waiting.join(0.1)
        assert done == []
        assert ledger(ws) == []
    waiting.join(120)
    assert done[0].record["status"] == "filled"


def test_a_stop_with_a_limit_rests_with_both_prices_and_changes_both(ws: Workspace) -> None:
    for symbol in (PERP, SPOT):
        words = {"type": "stop_limit", "stop_price": "43500", "price": "43600"}
        name = put(ws, "buy", symbol, **words).record["client_id"]
        sheet = show(ws, name)
        assert sheet.venue is not None
        assert sheet.differs == ()
        told = (sheet.type, sheet.venue["price"], sheet.venue["stop_price"])
        assert told == ("stop", D(43_600), D(43_500))
        done = replace(ws, name, price="43700").record
        (row,) = open_orders(ws, symbol=symbol)
        assert (row.client_id, row.price, row.stop_price) == (
            done["client_id"], D(43_700), D(43_500),
        )  # fmt: skip


def test_a_trailing_stop_rests_where_the_venue_has_one(ws: Workspace) -> None:
    put(ws, "buy")
    words = {"type": "trailing_stop", "trail": "0.02", "reduce_only": True}
    placed = put(ws, "sell", **words).record
    assert (placed["status"], placed["trail"]) == ("new", D("0.02"))
    (row,) = open_orders(ws, symbol=PERP)
    assert (row.type, row.reduce_only) == ("trailing_stop_market", True)
    with pytest.raises(UsageError, match="not changed while it trails"):
        replace(ws, row.client_id, quantity="0.02")
    config = ws.config.model_copy(
        update={"exchange": ws.config.exchange.model_copy(update={"name": "sim-bybit"})}
    )
    bybit = dataclasses.replace(ws, loaded=dataclasses.replace(ws.loaded, config=config))
    refused = put(bybit, "sell", **words)
    assert refused.record["status"] == "not_sent"
    assert refused.problem is not None
    assert "this venue trails no orders" in refused.problem.message
    assert len(open_orders(ws, symbol=PERP)) == 1


def test_what_the_old_order_locked_pays_for_the_new_one(ws: Workspace) -> None:
    name = put(ws, "buy", SPOT, type="limit", price="42000", quantity="0.2").record["client_id"]
    done = replace(ws, name, price="42100")
    assert (done.record["status"], done.record["price"]) == ("new", D(42_100))
    put(ws, "buy", "ETH/USDT", type="limit", price="2200", quantity="0.6")  # locks the rest
    with pytest.raises(OrderRefused, match="order costs"):
        replace(ws, done.record["client_id"], quantity="0.208")
    assert [row.quantity for row in open_orders(ws, symbol=SPOT)] == [D("0.2")]
