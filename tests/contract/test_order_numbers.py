"""Numbers by which fills find their orders: a conditional order's is not a plain order's."""

from pathlib import Path

from support.faulty_venue import faulty_venue
from support.trading_faces import Face, Orders, trading

from xq.types import OutcomeKind


def test_a_waiting_stop_shares_no_number_with_an_order(tmp_path: Path) -> None:
    face = Face("futures")
    with faulty_venue(tmp_path) as venue, trading(venue.url, face) as client:
        make = Orders(face.symbol, client.marks(face.symbol).mark)
        entry, stop = client.place(make.market("e-1")), client.place(make.stop("s-1"))
        assert entry.kind is stop.kind is OutcomeKind.ACCEPTED
        assert entry.order is not None
        assert stop.order is not None
        told = [stop.order, client.order_by_client_id(face.symbol, "s-1")]
        told += client.open_orders(face.symbol)
        numbers = {order.venue_id for order in told if order is not None}
        (fill,) = client.fills(face.symbol, 0)
    assert len(told) == 3
    assert (fill.order_id, numbers) == (entry.order.venue_id, {"algo-1"})
