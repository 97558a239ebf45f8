"""Numbers on the wire: eight places, more only where they are needed, and never another number."""

import random
from decimal import Context, Decimal

import pytest

from xq.sim.exact import exact, text

_WIDE = Context(prec=80)


def test_text_is_the_number_with_eight_places_or_as_many_as_it_needs() -> None:
    draw = random.Random(7)
    for _ in range(5_000):
        size = 10 ** draw.randint(1, 24)
        value = Decimal(draw.randint(-size, size)).scaleb(draw.randint(-20, 6), _WIDE)
        for shown in (text(value), exact(text)(value)):
            assert _WIDE.compare(Decimal(shown), value) == 0
            places = len(shown.partition(".")[2])
            assert places >= 8
            assert places == 8 or not shown.endswith("0")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "0.00000000"),
        ("0E-12", "0.00000000"),
        ("1E+3", "1000.00000000"),
        ("1.000000000000", "1.00000000"),
        ("-1E-9", "-0.000000001"),
        ("0.1234567890120", "0.123456789012"),
    ],
)
def test_text_of(value: str, shown: str) -> None:
    assert text(Decimal(value)) == shown
