"""The emergency stop over the wire as it is spoken to Bybit and to a spot market."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from support.sim_bybit import client
from support.stop_desk import BYBIT, SPOT, StopDesk, stop_desk

from xq.api.orders_change import cancel
from xq.api.orders_list import open_orders
from xq.api.stop import StopReport, StopRequest, stop
from xq.execution.journal import read_journal

DUST = Decimal("0.00001")  # a lot: fees of purchases on spot are paid in coins
CANCELS = {
    "bybit": {"method": "POST", "path": "/v5/order/cancel"},
    "spot": {"method": "DELETE", "path": "/api/v3/order"},
}
READS = {"bybit": "/v5/*", "spot": "/api/v3/*"}


@pytest.fixture(params=(BYBIT, SPOT), ids=lambda face: face.name)
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[StopDesk]:
    with stop_desk(tmp_path, face=request.param) as made:
        yield made


@pytest.fixture
def bybit(tmp_path: Path) -> Iterator[StopDesk]:
    with stop_desk(tmp_path, face=BYBIT) as made:
        yield made


def pulled(desk: StopDesk, *, flatten: bool = False) -> StopReport:
    return stop(desk.ws, StopRequest(flatten=flatten, reason="news", who="ann"))


def test_plain_and_conditional_entries_go_and_protection_stays(desk: StopDesk) -> None:
    desk.hold()
    held = desk.held()
    desk.rest("a", "b", "c", "d")
    report = pulled(desk)
    assert (report.done, report.rounds, report.canceled, report.troubles) == (True, 2, 4, ())
    assert (desk.resting(), desk.held()) == (["exit"], held)
    assert report.kept
    assert report.left == ()


def test_flatten_closes_and_leaves_nothing_behind(desk: StopDesk) -> None:
    desk.hold()
    desk.rest("a", "b")
    report = pulled(desk, flatten=True)
    assert (report.done, report.closed) == (True, 1)
    assert desk.resting() == []
    assert 0 <= desk.held() < DUST
    with read_journal(desk.ws.state / "journal-sim.sqlite", "sim") as journal:
        (order,) = journal.orders()
    assert (order.symbol, order.state, order.reduce_only) == (
        desk.symbol, "filled", desk.symbol.is_contract,
    )  # fmt: skip


@pytest.mark.parametrize("fault", ["lose_answer", "bad_gateway"])
def test_it_is_done_in_the_end_whatever_the_venue_answers(desk: StopDesk, fault: str) -> None:
    desk.hold()
    desk.rest("a", "b", "c", "d")
    desk.strike(do=fault, **CANCELS[desk.face.name], times=3)
    desk.strike(do=fault, path=READS[desk.face.name], times=4)
    assert pulled(desk, flatten=True).done
    desk.calm()
    assert desk.resting() == []
    assert 0 <= desk.held() < DUST


def test_what_was_placed_without_a_name_is_canceled_by_its_number(bybit: StopDesk) -> None:
    with client(bybit.url) as person:
        for price, more in ((35_000, {}), (60_000, {"triggerPrice": 60_000, "triggerDirection": 1}),
                            (36_000, {})):  # fmt: skip
            person.create_order("BTC/USDT:USDT", "limit", "buy", 0.01, price, more)
    rows = open_orders(bybit.ws)
    assert len(rows) == 3
    assert all(row.client_id.startswith("number:") for row in rows)
    (gone,) = cancel(bybit.ws, [rows[0].client_id]).rows
    assert (gone.status, gone.client_id) == ("canceled", rows[0].client_id)
    report = pulled(bybit)
    assert (report.done, report.canceled) == (True, 2)
    assert bybit.resting() == []
