"""Bybit's official client on the Bybit face."""

from support.clients_page import calls
from support.witness import hear, venue

REFUSED = (
    "set_leverage unchanged", "place_order again", "cancel_order again", "place_order too large",
)  # fmt: skip


def test_the_official_client(tmp_path):
    with venue(tmp_path) as handle:
        seen = hear("pybit", "pybit_calls", handle.url)
    refused = dict.fromkeys(REFUSED, "InvalidRequestError")
    seen.check(expected=refused, shown=calls("pybit")[0])
    heard = {name for name in seen.calls if name.startswith("stream ")}
    assert len(heard) == 8
