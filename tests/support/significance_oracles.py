"""Answers of other people's libraries, recorded for the tests of significance and splits.

    uv venv oracles && uv pip install --python oracles/bin/python arch==8.0.0 skfolio==1.12.2 \
        purgedcv==0.1.11
    oracles/bin/python tests/support/significance_oracles.py tests/unit/metrics/oracles.json

They are not dependencies of xq: together they bring forty packages for these few numbers.
"""

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.significance_cases import AR_CASES, LABELS, PBO_CASES, SPA_CASES, ar, spa_case, trials


def block_lengths() -> list[float]:
    from arch.bootstrap import optimal_block_length

    return [float(optimal_block_length(ar(*case))["stationary"].iloc[0]) for case in AR_CASES]


def spa(case: tuple[int, float]) -> dict[str, float | list[float]]:
    """Not studentised: arch divides by the deviation only to decide which models are poor."""
    from arch.bootstrap import SPA

    returns, benchmark = spa_case(*case)
    test = SPA(-benchmark, -returns, block_size=10, reps=20_000, seed=1, bootstrap="sb")
    test.compute()
    return {
        **{name: float(value) for name, value in test.pvalues.items()},
        "variance": [float(value) for value in test._loss_diff_var],
    }


def pbo(case: tuple[int, int, int, int]) -> dict[str, float]:
    from purgedcv import probability_of_backtest_overfitting

    result = probability_of_backtest_overfitting(trials(*case[:3]).T, n_splits=case[3])
    return {"probability": float(result.pbo), "slope": float(result.slope)}


def combinatorial() -> list[list[list[int]]]:
    """Train and test rows of skfolio; 60 rows, 6 groups, 2 held, purge 3, embargo 2."""
    from skfolio.model_selection import CombinatorialPurgedCV

    cv = CombinatorialPurgedCV(n_folds=6, n_test_folds=2, purged_size=3, embargo_size=2)
    return [
        [train.tolist(), np.sort(np.concatenate(tests)).tolist()]
        for train, tests in cv.split(np.zeros((60, 1)))
    ]


def folds() -> list[list[list[int]]]:
    """Train and test rows of purgedcv; labels of their own length, no embargo."""
    from purgedcv import PurgedKFold

    ends = np.asarray(LABELS)
    # its intervals are open at their end, ours name the last row
    begins, reached = (rows.astype("datetime64[D]") for rows in (np.arange(len(ends)), ends + 1))
    cv = PurgedKFold(n_splits=4, prediction_times=begins, evaluation_times=reached)
    return [[train.tolist(), test.tolist()] for train, test in cv.split(np.zeros((len(ends), 1)))]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    answers = {
        "versions": {name: version(name) for name in ("arch", "skfolio", "purgedcv")},
        "block_lengths": block_lengths(),
        "spa": [spa(case) for case in SPA_CASES],
        "pbo": [pbo(case) for case in PBO_CASES],
        "combinatorial": combinatorial(),
        "folds": folds(),
    }
    Path(sys.argv[1]).write_text(json.dumps(answers) + "\n", encoding="utf-8")
