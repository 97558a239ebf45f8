"""Whatever happens on the wire: an order reaches the venue at most once and is never forgotten."""

import socket
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from support.trade_bench import (
    PERPETUAL,
    SPOT,
    Wire,
    ledger,
    served,
    wired_tick,
    workspace,
)
from support.wire_server import WireServer

from xq.api.workspace import Workspace
from xq.clock import ManualClock
from xq.errors import VenueRefused, VenueUnclear, VenueUnreachable
from xq.execution.journal import read_journal
from xq.execution.orders import OrderState
from xq.live.report import Act
from xq.sim.wire.embed import SimHandle
from xq.timeframe import HOUR_MS
from xq.types import Symbol

EXECUTED = [
    "none",
    "ack_lost",
    "ack_silent",
    "ack_truncated",
    "ack_cut_json",
    "ack_empty",
    "ack_html",
    "ack_other",
    "ack_503",
    "ack_timeout",
    "ack_internal",
    "ack_new_code",
    "ack_duplicate",
    "late",
]


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return workspace(tmp_path / "ws")


@pytest.fixture
def handle(ws: Workspace) -> Iterator[SimHandle]:
    with served(ws) as found:
        yield found


def next_bar(ws: Workspace) -> None:
    assert isinstance(ws.clock, ManualClock)
    ws.clock.advance_to(ws.clock.now_ms() + HOUR_MS)


def books(ws: Workspace, symbol: Symbol) -> tuple[Decimal, list[str]]:
    with read_journal(ws.state / "journal-sim.sqlite", "sim") as journal:
        states = [order.state.value for order in journal.orders()]
        return journal.books.position(symbol), states


@pytest.mark.parametrize("symbol", [SPOT, PERPETUAL], ids=["spot", "perpetual"])
@pytest.mark.parametrize("fault", EXECUTED)
def test_an_executed_order_is_found_and_counted_once(
    ws: Workspace, handle: SimHandle, fault: str, symbol: Symbol
) -> None:
    wire = Wire(handle.url, [fault])
    with WireServer(wire) as server:
        report = wired_tick(ws, handle, server.url, symbol=symbol)
        again = wired_tick(ws, handle, server.url, symbol=symbol)
    assert (report.act, report.problems, again.act) == (Act.TRADED, (), Act.NOTHING)
    assert wire.orders == 1
    ((client_id, status, filled),) = ledger(ws)
    assert (client_id[:3], status) == ("xq-", "filled")
    position, states = books(ws, symbol)
    assert states == ["filled"]
    assert report.symbols[0].position_after == position
    fees_in_base = Decimal(0) if symbol.is_contract else filled * Decimal("0.001")
    assert position == filled - fees_in_base


@pytest.mark.parametrize("symbol", [SPOT, PERPETUAL], ids=["spot", "perpetual"])
@pytest.mark.parametrize("fault", ["request_lost", "request_503"])
def test_a_request_that_never_arrived_is_proven_lost_and_not_sent_again(
    ws: Workspace, handle: SimHandle, fault: str, symbol: Symbol
) -> None:
    wire = Wire(handle.url, [fault])
    with WireServer(wire) as server:
        began = ws.clock.now_ms()
        report = wired_tick(ws, handle, server.url, symbol=symbol)
        assert ws.clock.now_ms() - began >= 15_000
        again = wired_tick(ws, handle, server.url, symbol=symbol)
        assert (report.act, again.act) == (Act.STOPPED, Act.NOTHING)
        assert isinstance(report.problems[0], VenueUnclear)
        assert (wire.orders, ledger(ws)) == (1, [])
        next_bar(ws)
        assert wired_tick(ws, handle, server.url, symbol=symbol).act is Act.TRADED
    assert [status for _, status, _ in ledger(ws)] == ["filled"]
    assert books(ws, symbol)[1] == ["lost", "filled"]


def test_a_refused_connection_is_not_sent_and_decided_anew(
    ws: Workspace, handle: SimHandle
) -> None:
    from support.trade_bench import wired_desk, wired_terms

    from xq.live.loop import tick

    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with (
        wired_desk(ws, handle, handle.url, 0.5, SPOT) as desk,
        wired_desk(ws, handle, nobody, 0.5, SPOT) as cut,
    ):
        # Its rules are known, its door is shut.
        cut.venue._faces[False]._markets = desk.venue._faces[False].instruments()
        desk.venue.place = cut.venue.place
        report = tick(desk, wired_terms(SPOT))
        assert report.act is Act.STOPPED
        assert isinstance(report.problems[0], VenueUnreachable)
    assert ledger(ws) == []
    assert wired_tick(ws, handle, handle.url).act is Act.TRADED
    assert books(ws, SPOT)[1] == ["not_sent", "filled"]
    assert len(ledger(ws)) == 1


def test_a_venue_that_dies_after_taking_the_order_leaves_it_unknown_until_it_is_back(
    ws: Workspace, handle: SimHandle
) -> None:
    wire = Wire(handle.url, ["ack_lost"])
    with WireServer(wire) as server:
        real = wire._forward

        def die_after_the_order(request):
            reply = real(request)
            if request.method == "POST":
                wire._forward = _dead
            return reply

        wire._forward = die_after_the_order
        report = wired_tick(ws, handle, server.url)
        assert report.act is Act.STOPPED
        assert books(ws, SPOT)[1] == ["unknown"]
        wire._forward = real
        recovered = wired_tick(ws, handle, server.url)
    assert recovered.act is Act.RECONCILED
    assert wire.orders == 1
    assert [line.state for line in recovered.symbols[0].orders] == [OrderState.FILLED]
    position, states = books(ws, SPOT)
    assert states == ["filled"]
    assert recovered.symbols[0].position_after == position


def _dead(_request: object) -> bytes:
    from support.wire_server import RESET

    return RESET


def test_a_rejection_of_the_venue_is_told_and_the_bar_is_over(
    ws: Workspace, handle: SimHandle
) -> None:
    with WireServer(Wire(handle.url, ["request_refused"])) as server:
        report = wired_tick(ws, handle, server.url)
        assert report.act is Act.STOPPED
        assert isinstance(report.problems[0], VenueRefused)
        assert "insufficient balance" in report.problems[0].message
        assert wired_tick(ws, handle, server.url).act is Act.NOTHING
    assert (ledger(ws), books(ws, SPOT)) == ([], (Decimal(0), ["rejected"]))
