"""Laws of a replayed market: one answer per moment, nothing of the future, the lake's own bars."""

import random
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.replayed import (
    FROM,
    HOLE,
    MOMENTS,
    STILL,
    TRADED,
    feed,
    make,
    minutes,
    questions,
    trades,
)

from xq.sim.instruments import Face
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS, Timeframe

MINUTE, HOUR = Timeframe.parse("1m"), Timeframe.parse("1h")
END = FROM + 3 * DAY_MS


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return make(tmp_path_factory.mktemp("lake") / "data")


@pytest.mark.parametrize("face", list(Face))
def test_an_answer_does_not_depend_on_what_was_asked_before(lake, face):
    asked = [(now, number) for now in MOMENTS for number in range(len(questions(now)))]
    answers = []
    for seed in (1, 2):
        random.Random(seed).shuffle(asked)
        one = feed(lake, face)
        found = {(now, number): questions(now)[number](one) for now, number in asked}
        answers.append([found[key] for key in sorted(found)])
    assert answers[0] == answers[1]


@pytest.mark.parametrize("face", list(Face))
@pytest.mark.parametrize("now", MOMENTS)
def test_nothing_that_begins_later_shows(lake, face, now, tmp_path):
    """A lake that holds nothing beginning after a moment gives the same answers at it."""
    early = make(tmp_path / "data", now + 1)
    whole, part = feed(lake, face), feed(early, face)
    for question in questions(now):
        assert question(whole) == question(part)


@pytest.mark.parametrize("now", MOMENTS)
def test_nothing_shown_is_later_than_now(lake, now):
    one = feed(lake)
    assert all(trade.ts <= now for trade in one.trades("BTCUSDT", limit=500, now_ms=now))
    for name in ("1m", "1h", "1d"):
        rows = one.bars("BTCUSDT", Timeframe.parse(name), None, None, 100, now)
        assert (rows[:, 0] <= now).all()
        assert (np.diff(rows[:, 0]) > 0).all()


def test_closed_bars_are_the_lakes_own(lake):
    stored = minutes()
    one = feed(lake)
    found = []
    since = FROM
    while len(page := one.bars("BTCUSDT", MINUTE, since, None, 333, END)):
        found.append(page)
        since = int(page[-1, 0]) + MINUTE_MS
    assert np.array_equal(np.concatenate(found)[:, :6], stored)


def test_the_newest_bars_are_found_across_a_hole(lake):
    now = FROM + (HOLE[-1] + 2) * MINUTE_MS
    rows = feed(lake).bars("BTCUSDT", MINUTE, None, None, 100, now)
    opens = (rows[:, 0] - FROM) // MINUTE_MS
    assert len(rows) == 100
    assert opens[-1] == HOLE[-1] + 2
    assert not set(opens) & set(HOLE)


def test_bars_without_trades_are_shown_once_closed(lake):
    now = FROM + (STILL[3] + 1) * MINUTE_MS - 2
    one = feed(lake)
    rows = one.bars("BTCUSDT", MINUTE, None, None, 1, now)
    assert rows[0, 0] == FROM + STILL[2] * MINUTE_MS
    rows = one.bars("BTCUSDT", MINUTE, None, None, 1, now + 1)
    assert (rows[0, 0], rows[0, 5]) == (FROM + STILL[3] * MINUTE_MS, 0.0)


@pytest.mark.parametrize("name", ["5m", "1h", "4h"])
def test_longer_bars_are_made_of_the_stored_ones(lake, name):
    frame = Timeframe.parse(name)
    stored = minutes()
    for row in feed(lake).bars("BTCUSDT", frame, FROM, None, 30, END):
        inside = stored[(stored[:, 0] >= row[0]) & (stored[:, 0] < row[0] + frame.ms)]
        assert row[1:5].tolist() == [
            inside[0, 1], inside[:, 2].max(), inside[:, 3].min(), inside[-1, 4]
        ]  # fmt: skip
        assert row[5] == pytest.approx(inside[:, 5].sum(), rel=1e-12)


def test_where_only_hours_are_stored_they_are_told(lake):
    rows = feed(lake).bars("BTCUSDT", HOUR, FROM - 3 * DAY_MS, None, 24, END)
    assert len(rows) == 24
    assert rows[0, 0] == FROM - 3 * DAY_MS


def test_trades_aggregate_to_the_bars(lake):
    one = feed(lake)
    start = FROM + 20 * MINUTE_MS
    for row in one.bars("BTCUSDT", MINUTE, start, None, 60, END).tolist():
        until = int(row[6])
        found = one.trades("BTCUSDT", start_ms=int(row[0]), end_ms=until, limit=1000, now_ms=END)
        prices = [float(trade.price) for trade in found]
        assert [prices[0], max(prices), min(prices), prices[-1]] == row[1:5]
        assert float(sum(trade.quantity for trade in found)) == row[5]
        assert float(sum(t.quantity for t in found if not t.buyer_is_maker)) == row[9]
        assert len(found) == row[8]


def test_recorded_trades_are_the_tape(lake):
    ts, price, quantity = trades()
    one = feed(lake)
    found, number = [], one.trades("BTCUSDT", start_ms=TRADED[0], limit=1, now_ms=END)[0].id
    while len(found) < len(ts):
        page = one.trades("BTCUSDT", from_id=number, limit=300, now_ms=END)
        assert page[0].id == number
        found += page
        number = page[-1].id + 1
    found = [trade for trade in found if ts[0] <= trade.ts <= ts[-1]]
    assert [trade.ts for trade in found] == ts.tolist()
    assert [float(trade.price) for trade in found] == price.tolist()
    assert [float(trade.quantity) for trade in found] == quantity.tolist()
    after = one.trades("BTCUSDT", start_ms=TRADED[1], limit=4, now_ms=END)
    assert {trade.ts // MINUTE_MS for trade in after} == {TRADED[1] // MINUTE_MS}


def test_ids_go_on_from_day_to_day(lake):
    one = feed(lake)
    last = one.trades("BTCUSDT", limit=1, now_ms=FROM + 2 * DAY_MS - 1)[0]
    following = one.trades("BTCUSDT", from_id=last.id + 1, limit=3, now_ms=END)
    assert following[0].ts >= FROM + 2 * DAY_MS
    assert following[0].id > last.id


@given(st.integers(0, 3 * DAY_MS), st.integers(1, 2 * DAY_MS), st.booleans(), st.integers(-9, 9))
def test_ranges_and_first_reaches_are_those_of_the_trades(tape, start, length, above, away):
    one, everything = tape
    start_ms, end_ms = FROM + start, min(FROM + start + length, END)
    inside = [trade for trade in everything if start_ms < trade.ts <= end_ms]
    if not inside:
        last = one.last_price("BTCUSDT", end_ms)
        assert one.price_range("BTCUSDT", start_ms, end_ms) == (last, last)
        return
    prices = [trade.price for trade in inside]
    assert one.price_range("BTCUSDT", start_ms, end_ms) == (min(prices), max(prices))
    bound = inside[0].price + away * 50
    wanted = (t for t in inside if (t.price >= bound if above else t.price <= bound))
    found = one.first_reach("BTCUSDT", bound, above=above, start_ms=start_ms, end_ms=end_ms)
    assert found == next(wanted, None)


@given(st.integers(-DAY_MS // 2, 3 * DAY_MS), st.integers(0, 2 * DAY_MS), st.data())
def test_mark_ranges_hold_every_mark(futures, start, length, data):
    start_ms, end_ms = max(FROM + start, FROM + 1), min(FROM + start + length, END + HOUR_MS)
    end_ms = max(start_ms, end_ms)
    low, high = futures.mark_range("BTCUSDT", start_ms, end_ms)
    for ts in (start_ms, end_ms, *(data.draw(st.integers(start_ms, end_ms)) for _ in range(5))):
        assert low <= futures.mark_price("BTCUSDT", ts) <= high


@pytest.fixture(scope="module")
def futures(lake):
    """A feed of perpetuals, with mark prices as recorded."""
    return feed(lake, Face.FUTURES)


@pytest.fixture(scope="module")
def tape(lake):
    """A feed and all its trades."""
    one = feed(lake)
    return one, one.trades("BTCUSDT", start_ms=FROM, limit=10**6, now_ms=END)


def test_funding_and_marks_are_those_of_the_lake(lake):
    one = feed(lake, Face.FUTURES)
    *settled, unrecorded = one.funding("BTCUSDT", FROM, END, 100)
    assert (unrecorded.ts, unrecorded.rate) == (END, Decimal("0.0001"))
    assert [item.ts for item in settled] == [FROM + n * 8 * HOUR_MS for n in range(9)]
    assert len({item.rate for item in settled}) == 9
    now = FROM + 5 * HOUR_MS
    assert one.mark_price("BTCUSDT", now) != one.last_price("BTCUSDT", now)
    assert one.index_price("BTCUSDT", now) == one.last_price("BTCUSDT", now)
    assert one.funding_estimate("BTCUSDT", now).rate == settled[0].rate
    assert one.funding_estimate("BTCUSDT", now).ts == FROM + 8 * HOUR_MS


def test_the_same_in_fresh_processes(lake):
    code = (
        "import sys; from pathlib import Path; from support.replayed import *\n"
        "from xq.sim.instruments import Face\n"
        "import hashlib; one = [feed(Path(sys.argv[1]), face) for face in Face]\n"
        "told = [q(f) for now in MOMENTS for q in questions(now) for f in one]\n"
        "print(hashlib.sha256(repr(told).encode()).hexdigest())"
    )
    tests = [path for path in sys.path if path.endswith("tests")] + sys.path[:1]
    runs = [
        subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path[:0] = {tests!r}\n{code}", str(lake)],
            capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert runs[0] == runs[1]


def test_what_is_kept_is_bounded(lake):
    one = feed(lake)
    kept = one._recordings.kept
    kept._most = 10_000
    for now in MOMENTS:
        for question in questions(now):
            question(one)
        assert kept.rows <= 10_000
