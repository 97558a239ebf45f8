"""The invented market: plausible, seeded, the same from wherever it is asked."""

import hashlib
import itertools
import subprocess
import sys

import numpy as np
import pytest

from xq.sim.basis import CAP, FUNDING_MS, Basis, funding_rate
from xq.sim.history import hourly_bars, recorded_trades
from xq.sim.instruments import TRADES_END_MS, Face, instruments, profile
from xq.sim.market import SimMarket
from xq.sim.spine import (
    ANCHOR_DAY,
    FIRST_DAY,
    LISTED_DAY,
    REPLAY_DAY,
    Regime,
    Spine,
    recorded_edges,
    recorded_minutes,
)
from xq.sim.synthetic import day_path
from xq.sim.tape import CLOSE
from xq.sim.tapes import Recent, Tapes
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS, Timeframe

LATER_DAY = ANCHOR_DAY + 40
YEAR = 366


@pytest.fixture(scope="module")
def tapes():
    return Tapes(seed=7)


@pytest.fixture(scope="module")
def spine():
    return Spine(seed=7)


def item(symbol_id, face=Face.SPOT):
    return next(found for found in instruments(face) if found.id == symbol_id)


def test_spine_follows_the_recorded_days_and_the_price_table(spine):
    opens = np.exp([spine.level("BTC", day) for day in range(REPLAY_DAY, ANCHOR_DAY + 1)])
    bars = hourly_bars()
    assert np.allclose(opens[1:], bars[23::24, CLOSE] / 100, rtol=1e-12)
    assert opens[0] == pytest.approx(bars[0, 1] / 100)
    for base in ("ETH", "PEPE", "BTC"):
        assert np.exp(spine.level(base, ANCHOR_DAY)) == pytest.approx(profile(base).price)


def test_spine_does_not_depend_on_how_far_it_has_grown():
    near, far = Spine(3), Spine(3)
    far.level("DOGE", ANCHOR_DAY + 5_000)
    far.level("BTC", ANCHOR_DAY + 9_000)
    days = [FIRST_DAY, LISTED_DAY, REPLAY_DAY, ANCHOR_DAY, *range(LATER_DAY, LATER_DAY + 700, 50)]
    for base in ("BTC", "DOGE"):
        assert [near.level(base, day) for day in days] == [far.level(base, day) for day in days]
    assert [near.regime(day) for day in days] == [far.regime(day) for day in days]


def test_seeds_differ_after_the_recording_only():
    one, two = Spine(1), Spine(2)
    assert one.level("BTC", REPLAY_DAY + 5) == two.level("BTC", REPLAY_DAY + 5)
    assert one.level("BTC", LATER_DAY) != two.level("BTC", LATER_DAY)
    assert one.level("ETH", REPLAY_DAY + 5) != two.level("ETH", REPLAY_DAY + 5)


def test_every_regime_occurs_and_lasts(spine):
    regimes = [spine.regime(day) for day in range(LATER_DAY, LATER_DAY + 5 * YEAR)]
    assert set(regimes) == set(Regime)
    spells = [len(list(group)) for _, group in itertools.groupby(regimes)]
    assert 5 < np.mean(spells) < 20


def test_turbulent_days_move_more_than_calm_ones(spine):
    days = range(LATER_DAY, LATER_DAY + 5 * YEAR)
    moves = {regime: [] for regime in Regime}
    for day in days:
        moves[spine.regime(day)].append(spine.level("BTC", day + 1) - spine.level("BTC", day))
    spread = {regime: np.std(steps) for regime, steps in moves.items()}
    assert spread[Regime.TURBULENT] > 2 * spread[Regime.CALM]
    assert np.mean(moves[Regime.RISING]) > 0 > np.mean(moves[Regime.FALLING])


def test_prices_stay_within_reason_for_decades(spine):
    levels = [
        spine.level(base, ANCHOR_DAY + days) - spine.level(base, ANCHOR_DAY)
        for base in ("BTC", "PEPE", "TRX")
        for days in range(0, 40 * 365, 30)
    ]
    assert max(map(abs, levels)) < np.log(30)


def test_coins_move_with_bitcoin(spine):
    days = range(LATER_DAY, LATER_DAY + YEAR)
    hours = {base: np.concatenate([spine.hours(base, day)[:24] for day in days]) for base in
             ("BTC", "ETH", "TRX")}  # fmt: skip
    moves = {base: np.diff(levels) for base, levels in hours.items()}
    assert 0.7 < np.corrcoef(moves["BTC"], moves["ETH"])[0, 1] < 0.95
    assert 0.2 < np.corrcoef(moves["BTC"], moves["TRX"])[0, 1] < 0.8


def test_hours_join_at_midnight(spine):
    for base in ("BTC", "SOL"):
        for day in (FIRST_DAY, REPLAY_DAY - 1, REPLAY_DAY, ANCHOR_DAY - 1, ANCHOR_DAY, LATER_DAY):
            assert spine.hours(base, day)[24] == pytest.approx(
                spine.hours(base, day + 1)[0], abs=1e-12
            )


def test_path_runs_through_the_recorded_levels(spine):
    path = day_path(spine, 7, "BTC", ANCHOR_DAY)
    start = ANCHOR_DAY * DAY_MS
    minutes = recorded_minutes()
    reached = [
        path.level[np.searchsorted(path.ts, start + k * MINUTE_MS) - 1] for k in range(1, 361)
    ]
    assert np.abs(np.array(reached) - minutes[1:]).max() < 0.002
    past = day_path(spine, 7, "BTC", REPLAY_DAY + 3)
    edges = recorded_edges()[72:97]
    assert [past.at(past.day * DAY_MS + k * HOUR_MS) for k in range(24)] == edges[:24].tolist()


def test_path_tells_only_what_is_known(spine):
    path = day_path(spine, 7, "SOL", LATER_DAY)
    for row in (0, 1, 777, 14_400 - 1):
        now = int(path.ts[row])
        known = path.level[path.ts <= now][-1]
        assert path.at(now) == known
    start = LATER_DAY * DAY_MS
    assert path.at(start) in (path.hours[0], path.level[0])


@pytest.mark.parametrize(
    ("symbol", "face"), [("ETHUSDT", Face.SPOT), ("BTCUSDT", Face.FUTURES), ("PEPEUSDT", Face.SPOT)]
)
def test_tape_is_sorted_on_the_tick_and_dense(tapes, symbol, face):
    market = item(symbol, face)
    tape = tapes.tape(market, LATER_DAY)
    assert len(tape) == 14_400
    assert (np.diff(tape.ts) >= 0).all()
    assert tape.ts[0] >= LATER_DAY * DAY_MS
    assert tape.ts[-1] < (LATER_DAY + 1) * DAY_MS
    assert (tape.price % market.tick_units == 0).all()
    assert (tape.price > 0).all()
    assert (tape.quantity % market.lot_units == 0).all()
    assert (tape.quantity >= market.lot_units).all()
    assert len(np.unique(tape.ts // MINUTE_MS)) == 1440
    assert 0.4 < tape.taker_sold.mean() < 0.6


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT"])
def test_ids_go_on_from_day_to_day(tapes, symbol):
    market = item(symbol)
    for day in (ANCHOR_DAY, ANCHOR_DAY + 1, LATER_DAY):
        today, tomorrow = tapes.tape(market, day), tapes.tape(market, day + 1)
        assert tomorrow.first_id == today.first_id + len(today)
        assert tomorrow.raw[0] == today.raw[-1]
        for row in (0, len(today) - 1):
            assert tapes.day_of_id(market, today.first_id + row) == day
    assert tapes.day_of_id(market, -5) == market.tape_from_ms // DAY_MS


def test_midnight_and_the_end_of_the_recording_are_no_jump(tapes):
    for symbol in ("BTCUSDT", "ETHUSDT", "DOGEUSDT"):
        for day in range(LATER_DAY, LATER_DAY + 20):
            today, tomorrow = tapes.tape(item(symbol), day), tapes.tape(item(symbol), day + 1)
            typical = np.abs(np.diff(today.price)).max()
            assert abs(tomorrow.price[0] - today.price[-1]) <= 3 * typical
    tape = tapes.tape(item("BTCUSDT"), ANCHOR_DAY)
    row = len(recorded_trades())
    assert tape.ts[row - 1] < TRADES_END_MS <= tape.ts[row]
    assert abs(tape.price[row] - tape.price[row - 1]) < 2_000  # 20 USDT


def test_turnover_fits_the_price_table(tapes):
    market = SimMarket(Face.SPOT, seed=7)
    day = Timeframe.parse("1d")
    for symbol in ("BTCUSDT", "ETHUSDT", "ALGOUSDT"):
        start = (ANCHOR_DAY + 1) * DAY_MS
        bars = market.bars(symbol, day, start, None, 60, start + 61 * DAY_MS)
        assert 0.4 < bars[:, 7].mean() / profile(symbol[:-4]).turnover < 2.5


def test_basis_is_small_smooth_and_independent_of_the_question(spine):
    basis = Basis(spine, 7, "BTC")
    first = LATER_DAY * 3
    knots = basis.knots(first, first + 999)
    assert np.abs(knots).max() < 0.01
    assert np.abs(np.diff(knots)).max() < 0.004
    assert np.allclose(basis.knots(first + 500, first + 501), knots[500:502], rtol=0, atol=1e-15)
    moment = np.array([(first + 10) * FUNDING_MS + FUNDING_MS // 2])
    assert basis.at(moment)[0] == pytest.approx((knots[10] + knots[11]) / 2)


def test_funding_rate_is_clamped_and_monotonic():
    premiums = np.linspace(-0.02, 0.02, 401)
    rates = [funding_rate(float(premium)) for premium in premiums]
    assert (np.diff(rates) >= -1e-15).all()
    assert max(rates) == CAP
    assert min(rates) == -CAP
    assert funding_rate(0.0) == pytest.approx(1e-4)


def test_recent_keeps_the_latest_used():
    made = []
    kept = Recent(2)
    for key in "abacab":
        kept.get(key, lambda key=key: made.append(key) or key)
    assert made == ["a", "b", "c", "b"]


FINGERPRINT = """
import hashlib
from xq.sim.market import SimMarket
from xq.sim.instruments import Face
from xq.timeframe import Timeframe
now = 1_712_345_678_901
digest = hashlib.sha256()
for face in (Face.FUTURES, Face.SPOT):
    market = SimMarket(face, seed=11)
    for symbol in ("SOLUSDT", "BTCUSDT"):
        digest.update(market.bars(symbol, Timeframe.parse("5m"), None, None, 400, now).tobytes())
        digest.update(repr(market.trades(symbol, limit=50, now_ms=now)).encode())
        digest.update(repr(market.book(symbol, now, 50)).encode())
        digest.update(repr(market.mark_price(symbol, now)).encode())
        digest.update(repr(market.funding(symbol, now - 10**9, now, 50)).encode())
print(digest.hexdigest())
"""


def test_fresh_processes_agree():
    seen = {
        subprocess.run(
            [sys.executable, "-c", FINGERPRINT],
            capture_output=True,
            check=True,
            text=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
        ).stdout
        for seed in ("0", "1")
    }
    assert len(seen) == 1
    assert len(seen.pop().strip()) == hashlib.sha256().digest_size * 2


def test_the_fair_level_of_a_moment_is_the_last_one_of_its_hour(tapes):
    path = tapes.path("ETH", LATER_DAY)
    rng = np.random.default_rng(3)
    drawn = rng.integers(LATER_DAY * DAY_MS, (LATER_DAY + 1) * DAY_MS, 300)
    for ts in [*drawn.tolist(), *np.sort(drawn).tolist(), *path.ts[:50].tolist()]:
        edge_ms = ts // HOUR_MS * HOUR_MS
        known = path.level[(path.ts >= edge_ms) & (path.ts <= ts)]
        hour = (edge_ms - LATER_DAY * DAY_MS) // HOUR_MS
        assert tapes.level("ETH", ts) == (known[-1] if len(known) else path.hours[hour])
