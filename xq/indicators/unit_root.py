"""The augmented Dickey-Fuller test with a constant: does a series wander, or come back?"""

from dataclasses import dataclass

import numpy as np

from xq.errors import UsageError

_CRITICAL = (-2.86154, -2.8903, -4.234, -40.040)
"""5 %, constant, one series: MacKinnon 2010, Queen's Economics Department WP 1227, table 2."""

RULES = ("aic", "fixed")


@dataclass(frozen=True, slots=True)
class UnitRoot:
    """A test and how it was made.

    Attributes
    ----------
    statistic, critical
        t value of the level, and the 5 % value for that many rows; below it the root is rejected.
    lags, rule
        Differences that were added, and what chose their number.
    rows
        Rows of the regression.
    """

    statistic: float
    critical: float
    lags: int
    rule: str
    rows: int

    @property
    def rejected(self) -> bool:
        """Whether a unit root is rejected at 5 %."""
        return self.statistic < self.critical


def unit_root(series: np.ndarray, *, rule: str = "aic", lags: int | None = None) -> UnitRoot:
    """Regress the change on the level, a constant and ``lags`` changes before.

    Parameters
    ----------
    rule
        ``aic``: the number of lags with the least AIC, at most ``lags``; ``fixed``: ``lags``.
    lags
        None is Schwert's 12 (T / 100)^(1/4), rounded up.

    Raises
    ------
    UsageError
        If the rule does not exist or the series is too short or constant.

    References
    ----------
    Said & Dickey 1984, Biometrika 71(3).

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(size=500)
    >>> unit_root(noise).rejected, unit_root(np.cumsum(noise)).rejected
    (True, False)
    """
    if rule not in RULES:
        raise UsageError(f"expected a rule of {', '.join(RULES)}, found {rule!r}")
    most = int(np.ceil(12 * (len(series) / 100) ** 0.25)) if lags is None else lags
    if most < 0 or len(series) < 2 * most + 6:
        need = 2 * max(most, 0) + 6
        raise UsageError(f"expected at least {need} values for {most} lags, found {len(series)}")
    if not np.ptp(series) > 0.0:
        raise UsageError("expected a series that varies, found a constant one")
    used = _by_aic(series, most) if rule == "aic" else most
    change, columns = _design(series, used)
    fit, _, rank, _ = np.linalg.lstsq(columns, change)
    if rank < columns.shape[1]:
        raise UsageError("expected a series with chance in it, found one that repeats itself")
    residual = change - columns @ fit
    noise = (residual @ residual) / (len(change) - columns.shape[1])
    error = np.sqrt(noise * np.linalg.inv(columns.T @ columns)[1, 1])
    rows = len(change)
    critical = sum(value / rows**power for power, value in enumerate(_CRITICAL))
    return UnitRoot(float(fit[1] / error), critical, used, rule, rows)


def _by_aic(series: np.ndarray, most: int) -> int:
    """On the rows that all candidates share; one factorisation serves them all."""
    change, columns = _design(series, most)
    factor = np.linalg.qr(np.column_stack([columns, change])).R
    # What column j+1 and after leave of the change is the residual of the first j columns.
    left = np.cumsum(factor[::-1, -1] ** 2)[::-1][2:]
    rows = len(change)
    criterion = rows * np.log(left / rows) + 2 * (np.arange(len(left)) + 2)
    return int(np.argmin(criterion[: most + 1]))


def _design(series: np.ndarray, lags: int) -> tuple[np.ndarray, np.ndarray]:
    change = np.diff(series)
    rows = len(change) - lags
    before = [change[lags - k : lags - k + rows] for k in range(1, lags + 1)]
    level = series[lags : lags + rows]
    return change[lags:], np.column_stack([np.ones(rows), level, *before])
