"""What every reconstruction of a bar from its four prices must keep."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xq.sim.market_path import prints, spread
from xq.sim.tape import CLOSE, HIGH, LOW, OPEN, TIME, VOLUME, WIDTH, minute_bars, resample
from xq.timeframe import Timeframe

FRAMES = st.sampled_from([Timeframe.parse(name) for name in ("1m", "5m", "1h", "4h", "1d")])


@st.composite
def bars(draw, least=0):
    rows = []
    for _ in range(draw(st.integers(1, 12))):
        four = draw(st.lists(st.integers(1, 10**6), min_size=4, max_size=4))
        rows.append((four[0], max(four), min(four), four[1], draw(st.integers(least, 10**9))))
    return rows


def block(rows, frame, tick=1):
    table = np.zeros((len(rows), WIDTH), dtype=np.int64)
    table[:, TIME] = np.arange(len(rows)) * frame.ms
    table[:, OPEN : VOLUME + 1] = rows
    table[:, OPEN : CLOSE + 1] *= tick
    return table


@given(bars(least=4), FRAMES)
def test_trades_aggregate_to_the_bar(rows, frame):
    table = block(rows, frame)
    again = resample(minute_bars(spread(table, frame.ms, 1, 1)), frame)
    assert again[:, : VOLUME + 1].tolist() == table[:, : VOLUME + 1].tolist()


@given(bars(), FRAMES)
def test_volume_is_neither_made_nor_lost(rows, frame):
    table = block(rows, frame)
    tape = spread(table, frame.ms, 1, 1)
    owner = tape.ts // frame.ms
    for number, row in enumerate(table):
        assert tape.quantity[owner == number].sum() == row[VOLUME]
    assert (tape.quantity > 0).all()


@given(bars(), FRAMES, st.sampled_from([1, 5, 100]))
def test_prints_stay_inside_their_bar_and_on_the_tick(rows, frame, tick):
    table = block(rows, frame, tick)
    tape = spread(table, frame.ms, tick, 77)
    owner = tape.ts // frame.ms
    assert (np.diff(tape.ts) > 0).all()
    assert (tape.price >= table[owner, LOW]).all()
    assert (tape.price <= table[owner, HIGH]).all()
    assert not (tape.price % tick).any()
    assert tape.raw.tolist() == list(range(77, 78 + len(tape)))


@given(bars(least=4), FRAMES)
def test_the_first_print_is_the_open_and_the_last_the_close_in_the_last_millisecond(rows, frame):
    table = block(rows, frame)
    tape = spread(table, frame.ms, 1, 1)
    whole = table[table[:, VOLUME] >= prints(frame.ms)]
    for row in whole:
        inside = (tape.ts >= row[TIME]) & (tape.ts < row[TIME] + frame.ms)
        assert tape.ts[inside][0] == row[TIME]
        assert tape.ts[inside][-1] == row[TIME] + frame.ms - 1
        assert (tape.price[inside][0], tape.price[inside][-1]) == (row[OPEN], row[CLOSE])


@given(bars(least=1), FRAMES, st.integers(0, 12))
def test_a_bar_is_made_of_nothing_but_itself(rows, frame, count):
    table = block(rows, frame)
    whole, first = spread(table, frame.ms, 1, 1), spread(table[:count], frame.ms, 1, 1)
    assert whole.price[: len(first)].tolist() == first.price.tolist()
    assert whole.ts[: len(first)].tolist() == first.ts.tolist()
    assert whole.quantity[: len(first)].tolist() == first.quantity.tolist()
