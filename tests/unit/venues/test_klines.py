"""Pages of bars as numbers: several at once equal each alone, whatever they look like."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xq.errors import VenueUnclear
from xq.venues.klines import RawPage, parse, parse_all

START, MINUTE = 1_700_000_000_000, 60_000
prices = st.floats(1e-8, 1e9).map(lambda value: f"{value:.8f}")
bars = st.lists(st.lists(prices, min_size=5, max_size=5), max_size=4)


def text(rows: list[list[str]], start: int = START, *, quoted: bool = True, gap: str = "") -> bytes:
    page = []
    for place, row in enumerate(rows):
        ts = start + place * MINUTE
        numbers = [*row] if quoted else [float(value) for value in row]
        page.append([ts, *numbers, ts + MINUTE - 1, "7.5", 9, "0.1", "0.1", "0"])
    return json.dumps(page, separators=("," + gap, ":")).encode() + gap.encode()


@given(
    pages=st.lists(bars, min_size=1, max_size=4),
    start=st.sampled_from([START, 0, 10**14]),
    quoted=st.booleans(),
    gap=st.sampled_from(["", " "]),
)
def test_several_pages_are_each_of_them(
    pages: list[list[list[str]]], start: int, quoted: bool, gap: str
) -> None:
    texts = [text(rows, start, quoted=quoted, gap=gap) for rows in pages]
    together = parse_all([RawPage.of(body) for body in texts])
    np.testing.assert_array_equal(together, np.concatenate([parse(body) for body in texts]))
    expected = [float(value) for rows in pages for row in rows for value in row]
    assert together[:, 1:].ravel().tolist() == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"2"', "null"),
        ('"2"', '""'),
        ('"2"', '"2","2"'),
        ('"2",', ""),
        ('"2","3"', '"2""3",'),
        ('"2","3"', '"2";"3"'),
        ('"2"', '"2x"'),
        ("1700000060000", "17000000600x0"),
        ("1700000060000,", "1700000060000;"),
        ("],[", "][,"),
        ("],[", ","),
    ],
)
def test_what_is_no_bar_is_never_numbers(old: str, new: str) -> None:
    good = text([["1", "2", "3", "4", "5"], ["1", "2", "3", "4", "5"]])
    bad = good.decode().replace(old, new, 1).encode()
    assert bad != good
    assert len(parse_all([RawPage.of(good)])) == 2
    with pytest.raises(VenueUnclear):
        parse_all([RawPage.of(good), RawPage.of(bad)])


@pytest.mark.parametrize(
    "body", ["", "{}", "[1]", "[[]]", "[[1,2", '[["x",1]]', "[[null,1]]", "<html>", '{"a":[[1,2]]}']
)
def test_a_page_that_begins_or_ends_as_none_is_known_at_once(body: str) -> None:
    with pytest.raises(VenueUnclear):
        RawPage.of(body.encode())
