"""The book of resting orders against the plainest book there is: a sorted list."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xq.sim.book import Book, units, value_of


@pytest.mark.parametrize("text", ["0.00000001", "42000.1", "123456789", "0.000000000001"])
def test_units_are_exact(text):
    assert value_of(units(Decimal(text))) == Decimal(text)


def test_best_price_first_then_who_came_first():
    book = Book()
    for number, (buy, price) in enumerate([(True, 9), (True, 10), (True, 10), (False, 12)]):
        book.add(number, buy, price, 5, number)
    assert (book.best(True), book.best(False)) == (10, 12)
    assert list(book.level(True, 10)) == [(1, 5), (2, 5)]
    assert list(book.prices(True)) == [10, 9]
    book.take(1, 5)
    book.take(2, 3)
    assert list(book.level(True, 10)) == [(2, 2)]
    book.remove(2)
    assert book.best(True) == 9
    assert book.best(False) == 12
    book.remove(3)
    assert book.best(False) is None
    assert len(book) == 1


def test_who_is_put_back_has_the_old_place():
    book = Book()
    for number in range(3):
        book.add(number, True, 10, 5, number)
    kept = book.place_of(0)
    book.remove(0)
    book.add(0, *kept)
    assert [number for number, _ in book.level(True, 10)] == [0, 1, 2]


ACTIONS = st.lists(
    st.tuples(st.booleans(), st.integers(1, 6), st.integers(1, 4), st.sampled_from("artz")),
    max_size=40,
)


@given(ACTIONS)
def test_any_story_leaves_the_same_queue_as_a_sorted_list(story):
    book, plain = Book(), []
    for number, (buy, price, quantity, action) in enumerate(story):
        if action == "a" or not plain:
            book.add(number, buy, price, quantity, number)
            plain.append([number, buy, price, quantity])
            continue
        entry = plain[price % len(plain)]
        version = book.version
        if action == "r":
            book.remove(entry[0])
            plain.remove(entry)
        elif action == "z":
            book.resize(entry[0], quantity)
            entry[3] = quantity
        else:
            book.take(entry[0], quantity)
            entry[3] -= quantity
            if entry[3] <= 0:
                plain.remove(entry)
        assert book.version > version
    for buy in (True, False):
        side = sorted((e for e in plain if e[1] is buy), key=lambda e: -e[2] if buy else e[2])
        assert book.best(buy) == (side[0][2] if side else None)
        found = [
            [number, buy, price, quantity]
            for price in book.prices(buy)
            for number, quantity in book.level(buy, price)
        ]
        assert found == side
