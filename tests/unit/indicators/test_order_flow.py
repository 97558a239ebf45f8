"""Order flow against a book whose true flow is known, and what breaks in a record do to it."""

import numpy as np
import pytest
from support.book_flow import LEVELS, mismatches, simulated

from xq.errors import UsageError
from xq.indicators import order_flow as of


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_level_is_the_true_flow(seed: int) -> None:
    assert mismatches(10_000, seed) == [0] * LEVELS


def test_the_oracle_tells_the_common_wrong_form_apart() -> None:
    """Differences of sizes, whatever the price did."""
    (bids, bid_sizes, asks, ask_sizes), truth = simulated(10_000, 4)
    wrong = np.diff(bid_sizes, axis=0) - np.diff(ask_sizes, axis=0)
    assert (wrong != truth[1:]).sum(axis=0).min() > 100
    assert bids.shape == asks.shape == (10_001, LEVELS)


def test_one_level_is_the_first_of_many() -> None:
    book, _ = simulated(500, 5)
    alone = of.order_flow(*(block[:, 0] for block in book))
    assert np.array_equal(alone, of.order_flow(*book)[:, 0], equal_nan=True)


def test_long_records_are_cut_into_pieces_that_do_not_show() -> None:
    book, _ = simulated(40_000, 6)
    best = [np.ascontiguousarray(block[:, 0]) for block in book]
    whole = of.order_flow(*best)
    for start in (0, 1, 16_383, 16_384, 16_385, 32_769):
        part = of.order_flow(*(line[start:] for line in best))
        assert np.isnan(part[0])
        assert np.array_equal(part[1:], whole[start + 1 :])


def test_nothing_is_carried_across_a_break() -> None:
    book, truth = simulated(300, 7)
    fresh = np.zeros(301, dtype=bool)
    fresh[[100, 200]] = True
    flow = of.order_flow(*book, fresh)
    assert np.flatnonzero(np.isnan(flow[:, 0])).tolist() == [0, 100, 200]
    assert np.array_equal(flow[101:200], truth[101:200])
    sums = of.interval_sums(flow, np.array([1, 100, 150, 201, 301]))
    assert np.isnan(sums[1]).all()
    assert np.isnan(sums[2]).all()
    np.testing.assert_array_equal(sums[[0, 3]], [truth[1:100].sum(0), truth[201:].sum(0)])


def test_a_level_that_is_not_there_has_no_flow() -> None:
    book, _ = simulated(20, 8)
    book[0][10, 4] = np.nan
    flow = of.order_flow(*book)
    assert np.flatnonzero(np.isnan(flow[:, 4])).tolist() == [0, 10, 11]
    assert not np.isnan(flow[1:, :4]).any()


def test_bids_and_asks_are_mirror_images() -> None:
    (bids, bid_sizes, asks, ask_sizes), _ = simulated(2000, 9)
    turned = of.order_flow(-asks, ask_sizes, -bids, bid_sizes)
    assert np.array_equal(turned, -of.order_flow(bids, bid_sizes, asks, ask_sizes), equal_nan=True)


def test_depth_and_trades_of_intervals() -> None:
    starts = np.array([0, 2, 2, 4])
    depth = of.average_depth(np.array([1.0, 3, 5, 7]), np.array([3.0, 5, 7, 9]), starts)
    np.testing.assert_array_equal(depth, [3.0, np.nan, 7.0])
    flow = of.depth_normalised(np.array([6.0, 0.0, -7.0]), depth)
    np.testing.assert_array_equal(flow, [2.0, np.nan, -1.0])
    net, share = of.trade_imbalance(
        np.array([1.0, 2.0, 4.0, 4.0]), np.array([True, False, True, True]), starts
    )
    np.testing.assert_array_equal(net, [-1.0, 0.0, 8.0])
    np.testing.assert_array_equal(share, [-1 / 3, np.nan, 1.0])


def test_imbalance_sums_the_levels_there_are() -> None:
    bids, asks = np.array([[2.0, np.nan], [0.0, 0.0]]), np.array([[1.0, 1.0], [0.0, 0.0]])
    np.testing.assert_array_equal(of.book_imbalance(bids, asks), [0.0, np.nan])


def test_integrated_flow_is_fitted_on_what_it_is_given() -> None:
    chance = np.random.default_rng(1)
    common = chance.normal(size=(5000, 1))
    levels = common * np.array([1.0, 2.0, 3.0]) + 0.1 * chance.normal(size=(5000, 3))
    levels[7, 1] = np.nan
    fitted = of.IntegratedFlow.fit(levels[:2500])
    np.testing.assert_allclose(fitted.weights, np.array([1, 2, 3]) / 6, atol=5e-3)
    assert fitted.explained > 0.99
    whole = fitted.apply(levels)
    assert np.flatnonzero(np.isnan(whole)).tolist() == [7]
    settled = np.delete(np.arange(5000), 7)
    assert np.corrcoef(whole[settled], common[settled, 0])[0, 1] > 0.999
    rows = levels[np.isfinite(levels).all(axis=1)][:2499]
    covariance = np.cov(rows[rows[:, 0] < np.inf].T)
    values, vectors = np.linalg.eigh(covariance)
    expected = vectors[:, -1] / np.abs(vectors[:, -1]).sum() * np.sign(vectors[:, -1].sum())
    np.testing.assert_allclose(fitted.weights, expected, atol=1e-12)
    assert fitted.explained == pytest.approx(values[-1] / values.sum(), abs=1e-12)


@pytest.mark.parametrize("levels", [np.ones((2, 3)), np.ones((9, 3)), np.full((9, 3), np.nan)])
def test_too_little_to_fit_is_refused(levels: np.ndarray) -> None:
    with pytest.raises(UsageError, match="expected"):
        of.IntegratedFlow.fit(levels)
