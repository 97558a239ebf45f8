"""Bybit's official client on the Bybit face."""

from support.witness import hear, venue

REFUSED = (
    "set_leverage unchanged", "place_order again", "cancel_order again", "place_order too large",
)  # fmt: skip


def test_the_official_client(tmp_path):
    with venue(tmp_path) as handle:
        seen = hear("pybit", "pybit_calls", handle.url)
    seen.check(expected=dict.fromkeys(REFUSED, "InvalidRequestError"))
    heard = {name for name in seen.calls if name.startswith("stream ")}
    assert len(heard) == 8
