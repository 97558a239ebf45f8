"""The official modular SDK, whose strict models are made from Binance's own description."""

from support.witness import hear, venue

from xq.sim.wire.futures import FUTURES_ROUTES


def test_every_endpoint_of_the_venue_has_the_described_types(tmp_path):
    with venue(tmp_path) as handle:
        seen = hear("sdk", "sdk_rest", handle.url)
        keys = handle.server.streams.routes
    seen.check(expected={})
    asked = {row.call.removeprefix("asked ") for row in seen.rows if row.call.startswith("asked ")}
    futures = [key for key in (*FUTURES_ROUTES, *keys) if not key[1].startswith("/api/")]
    served = {" ".join(key) for key in futures}
    assert served - asked == set()
