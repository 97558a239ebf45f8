"""Every refusal of the venue has a number of Bybit's."""

from decimal import Decimal

import pytest

from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.bybit.answers import fault, plain
from xq.sim.wire.bybit.cursors import place_of
from xq.sim.wire.bybit.ids import Sort, read, written


@pytest.mark.parametrize("reason", Reason)
def test_every_refusal_has_a_number(reason):
    problem = fault(Refusal(reason, "this {one}"))
    assert problem.code >= 10001
    assert problem.text


@pytest.mark.parametrize("sort", Sort)
def test_ids_come_back(sort):
    assert read(written(sort, 123_456_789)) == (sort, 123_456_789)


@pytest.mark.parametrize("text", ["", "7", "00000000-0000-4009-8000-000000000001", "x" * 36])
def test_other_ids_are_nobodys(text):
    assert read(text) is None


@pytest.mark.parametrize("cursor", ["7", "1_2", "1_2_3_4", "1_x_3", "1_2_3 "])
def test_cursors_that_are_not_ours(cursor):
    with pytest.raises(Refusal):
        place_of(cursor)


def test_numbers_have_the_places_they_need():
    assert [plain(Decimal(text)) for text in ("1.50", "100", "0.000", "1E-8")] == [
        "1.5",
        "100",
        "0",
        "0.00000001",
    ]
