"""The gate agrees with a second opinion on random orders, situations and limits."""

from support.gate_fuzz import fuzz


def test_twenty_thousand_orders() -> None:
    found = fuzz(20_000, 1)
    assert found["entry"] > 500, "too few entries to tell"
    assert found["out"] > 1_000
    assert found["refused"] > 1_000
