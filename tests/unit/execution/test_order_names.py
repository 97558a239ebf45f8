"""An order's name is the same for all time: the base 32 of a hash of what asked for it."""

import hashlib
import json
from base64 import b32encode

from hypothesis import given
from hypothesis import strategies as st

from xq.execution.orders import client_order_id
from xq.types import Symbol

BTC = Symbol("BTC", "USDT")


@given(st.text(max_size=8), st.text(max_size=8), st.integers(0, 99))
def test_the_name_is_base_32_of_the_hash(account: str, strategy: str, attempt: int) -> None:
    told = json.dumps([account, strategy, str(BTC), "1h:0", "open", attempt]).encode()
    name = b32encode(hashlib.sha256(told).digest()[:20]).decode().lower()
    assert client_order_id(account, strategy, BTC, "1h:0", "open", attempt) == f"xq-{name}"
