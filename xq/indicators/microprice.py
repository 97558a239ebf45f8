"""Stoikov's microprice: the mid one expects once the imbalance of the book has played out."""

from dataclasses import dataclass

import numpy as np

from xq.errors import UsageError

_SMALL = 1e-12
_ITERATIONS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Microprice:
    """A table of expected moves by spread and imbalance, fitted on a training fold.

    Attributes
    ----------
    tick
        Price step.
    edges
        ``(buckets - 1,)`` ascending borders of imbalance, mirror images around one half.
    adjustment
        ``(spreads, buckets)`` expected move of the mid in ticks; spreads from one tick on. Turning
        the book over turns the sign.
    iterations, last
        How many rounds of moves were summed, and the largest of the last round, ticks.

    References
    ----------
    Stoikov 2018, Quantitative Finance 18(12), sec. 3: g1 = (1 - Q)^-1 r, g_n+1 = B g_n with
    B = (1 - Q)^-1 R2, on data to which its mirror image was added.
    """

    tick: float
    edges: np.ndarray
    adjustment: np.ndarray
    iterations: int
    last: float

    @classmethod
    def fit(
        cls,
        bid_price: np.ndarray,
        bid_quantity: np.ndarray,
        ask_price: np.ndarray,
        ask_quantity: np.ndarray,
        *,
        tick: float,
        buckets: int = 10,
        spreads: int = 2,
        fresh: np.ndarray | None = None,
    ) -> "Microprice":
        """Fit on best quotes of the training fold and no others, borders of buckets included.

        Parameters
        ----------
        spreads
            Rows with wider spreads than so many ticks are left out.
        fresh
            Rows that do not follow the row before them; no move is counted into them.

        Raises
        ------
        UsageError
            If there is no pair of consecutive rows within the spreads, or a number is refused.
        """
        if tick <= 0 or buckets < 2 or buckets % 2 or spreads < 1:
            raise UsageError(
                "expected a tick above 0, an even number of buckets and a spread of at least 1, "
                f"found {tick:g}, {buckets} and {spreads}"
            )
        share = _share(bid_quantity, ask_quantity)
        spread = _spread(bid_price, ask_price, tick)
        inside = (spread >= 1) & (spread <= spreads) & np.isfinite(share)
        follows = inside[1:] & inside[:-1]
        if fresh is not None:
            follows &= ~np.asarray(fresh, dtype=bool)[1:]
        if not follows.any():
            raise UsageError(f"expected quotes in a row at most {spreads} ticks apart, found none")
        edges = _edges(share[inside], buckets)
        state = (spread - 1) * buckets + np.searchsorted(edges, share, side="right")
        mid = np.round((np.asarray(bid_price) + ask_price) / tick)  # half ticks, whole numbers
        moves = np.diff(mid)[follows] / 2
        counted = _Counts.of(state[:-1][follows], state[1:][follows], moves, spreads, buckets)
        return cls(tick, edges, *counted.solved(spreads, buckets))

    def price(
        self,
        bid_price: np.ndarray,
        bid_quantity: np.ndarray,
        ask_price: np.ndarray,
        ask_quantity: np.ndarray,
    ) -> np.ndarray:
        """Microprice of quotes; NaN where the spread is wider than any that was fitted.

        Examples
        --------
        >>> flat = Microprice(1.0, np.array([0.5]), np.array([[-0.25, 0.25]]), 1, 0.0)
        >>> one = np.ones(2)
        >>> flat.price(10 * one, np.array([3.0, 1.0]), 11 * one, np.array([1.0, 3.0])).tolist()
        [10.75, 10.25]
        """
        share = _share(bid_quantity, ask_quantity)
        spread = _spread(bid_price, ask_price, self.tick)
        known = (spread >= 1) & (spread <= len(self.adjustment)) & np.isfinite(share)
        result = np.full(len(share), np.nan)
        mid = (np.asarray(bid_price)[known] + np.asarray(ask_price)[known]) / 2
        row = self.adjustment[spread[known] - 1]
        for side in ("left", "right"):  # on a border, such as one half, the mean of both
            bucket = np.searchsorted(self.edges, share[known], side=side)
            mid += self.tick / 2 * np.take_along_axis(row, bucket[:, None], axis=1)[:, 0]
        result[known] = mid
        return result


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """Transitions of a book and of its mirror image, between ``n`` states."""

    still: np.ndarray
    moved: np.ndarray
    drift: np.ndarray

    @classmethod
    def of(
        cls, before: np.ndarray, after: np.ndarray, moves: np.ndarray, spreads: int, buckets: int
    ) -> "_Counts":
        size = spreads * buckets
        pairs = before * size + after
        quiet = moves == 0
        still = np.bincount(pairs[quiet], minlength=size * size).reshape(size, size)
        moved = np.bincount(pairs[~quiet], minlength=size * size).reshape(size, size)
        drift = np.bincount(before, weights=moves, minlength=size)
        mirror = np.arange(size).reshape(spreads, buckets)[:, ::-1].ravel()
        turned = np.ix_(mirror, mirror)
        return cls(still + still[turned], moved + moved[turned], drift - drift[mirror])

    def solved(self, spreads: int, buckets: int) -> tuple[np.ndarray, int, float]:
        total = (self.still + self.moved).sum(axis=1)
        seen = np.maximum(total, 1)[:, None]
        stays = np.eye(len(total)) - self.still / seen
        known = np.column_stack([self.drift / seen[:, 0], self.moved / seen])
        found = np.linalg.lstsq(stays, known)[0]  # a state that is never left has no answer but 0
        step, again = found[:, 0], found[:, 1:]
        mirror = np.arange(len(total)).reshape(spreads, buckets)[:, ::-1].ravel()
        summed, rounds, largest = np.zeros(len(total)), 0, np.inf
        while rounds < _ITERATIONS and largest > _SMALL:
            step = (step - step[mirror]) / 2  # rounding must not grow into a drift
            summed += step
            largest = float(np.abs(step).max())
            step = again @ step
            rounds += 1
        return summed.reshape(spreads, buckets), rounds, largest


def _edges(share: np.ndarray, buckets: int) -> np.ndarray:
    """Borders with as many rows in each bucket, from the data and its mirror image."""
    far = np.quantile(np.abs(share - 0.5), np.arange(1, buckets // 2) * 2 / buckets)
    return np.concatenate([0.5 - far[::-1], [0.5], 0.5 + far])


def _share(bid_quantity: np.ndarray, ask_quantity: np.ndarray) -> np.ndarray:
    both = np.asarray(bid_quantity, dtype=np.float64) + ask_quantity
    share = np.full(len(both), np.nan)
    return np.asarray(np.divide(bid_quantity, both, out=share, where=both > 0))


def _spread(bid_price: np.ndarray, ask_price: np.ndarray, tick: float) -> np.ndarray:
    ticks = np.round((np.asarray(ask_price) - bid_price) / tick)
    return np.asarray(np.where(np.isfinite(ticks), ticks, 0).astype(np.int64))
