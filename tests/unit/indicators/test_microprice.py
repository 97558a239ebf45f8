"""The microprice: mirror images, a chain with a known answer, its limits."""

import numpy as np
import pytest

from xq.errors import UsageError
from xq.indicators.microprice import Microprice

Quotes = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def walk(rows: int, seed: int) -> Quotes:
    """Imbalance persists and the next move goes where it points; spreads of one or two ticks."""
    chance = np.random.default_rng(seed)
    pressure = np.zeros(rows)
    for row in range(1, rows):
        pressure[row] = 0.95 * pressure[row - 1] + chance.normal(0, 0.3)
    share = 1 / (1 + np.exp(-pressure))
    moves = np.where(chance.random(rows) < 0.1, np.where(chance.random(rows) < share, 1, -1), 0)
    half = 1000 + np.cumsum(moves) * 2
    spread = np.where(chance.random(rows) < 0.8, 1, 2)
    size = chance.uniform(5, 15, rows)
    bid = (half - spread) * 0.05
    return bid, size * share, bid + spread * 0.1, size * (1 - share)


@pytest.fixture(scope="module")
def fitted() -> Microprice:
    return Microprice.fit(*walk(50_000, 1), tick=0.1)


def test_turning_the_book_over_turns_the_sign(fitted: Microprice) -> None:
    assert np.abs(fitted.adjustment + fitted.adjustment[:, ::-1]).max() <= 1e-12
    np.testing.assert_allclose(fitted.edges + fitted.edges[::-1], 1.0, atol=1e-15)
    bid, bids, ask, asks = (line[:5000] for line in walk(5000, 2))
    plain = fitted.price(bid, bids, ask, asks) - (bid + ask) / 2
    turned = fitted.price(-ask, asks, -bid, bids) + (bid + ask) / 2
    np.testing.assert_allclose(plain, -turned, atol=1e-10)


def test_more_bids_expect_more(fitted: Microprice) -> None:
    assert (np.diff(fitted.adjustment[0]) > 0).all()
    assert fitted.last <= 1e-12
    even = fitted.price(*(np.array([v]) for v in (100.0, 3.0, 100.1, 3.0)))
    assert even[0] == pytest.approx(100.05, abs=1e-12)


def test_a_chain_with_a_known_answer() -> None:
    """Two states of imbalance at one tick, each left by a move half the time: g = 1/2 -> 1 tick.

    From much bid (state 1): half the time nothing changes, half the time the price goes up one
    tick and the book stays in state 1 or falls to 0 with even chance, and the mirror image. First
    move +1, then half +1, half -1 in expectation: g1 = 1, B g1 = 0, so the sum is 1 tick.
    """
    chance = np.random.default_rng(3)
    state, price, rows = 1, 0, []
    for _ in range(200_000):
        rows.append((price, state))
        if chance.random() < 0.5:
            price += 1 if state else -1
            state = int(chance.integers(2))
    tick, high = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    bids, asks = np.where(high == 1, 3.0, 1.0), np.where(high == 1, 1.0, 3.0)
    found = Microprice.fit(tick, bids, tick + 1, asks, tick=1.0, buckets=2, spreads=1)
    np.testing.assert_allclose(found.adjustment, [[-1.0, 1.0]], atol=0.02)


def test_it_knows_more_than_mid_out_of_sample_where_imbalance_leads(fitted: Microprice) -> None:
    bid, bids, ask, asks = walk(50_000, 9)
    mid = (bid + ask) / 2
    later = np.roll(mid, -20)[:-20]
    micro = fitted.price(bid, bids, ask, asks)[:-20]
    assert np.mean((later - micro) ** 2) < np.mean((later - mid[:-20]) ** 2)


def test_breaks_and_wide_spreads_are_left_out() -> None:
    quotes = walk(2000, 4)
    jumped = tuple(np.concatenate([line, line + (50_000 if n in (0, 2) else 0)])
                   for n, line in enumerate(quotes))  # fmt: skip
    fresh = np.zeros(4000, dtype=bool)
    fresh[2000] = True
    whole = Microprice.fit(*jumped, tick=0.1, fresh=fresh)
    torn = Microprice.fit(*jumped, tick=0.1)
    assert np.abs(whole.adjustment).max() < 20 < np.abs(torn.adjustment).max()
    wide = whole.price(*(np.array([value]) for value in (10.0, 1.0, 10.3, 1.0)))
    assert np.isnan(wide).all()


@pytest.mark.parametrize(
    "change", [{"tick": 0.0}, {"buckets": 3}, {"buckets": 0}, {"spreads": 0}, {"tick": 1e-6}]
)
def test_what_cannot_be_fitted_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="expected"):
        Microprice.fit(*walk(100, 5), **{"tick": 0.1, **change})
