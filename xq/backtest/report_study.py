"""The search a run comes from, as a report needs it: its trials and its walk-forward windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xq.backtest.report_plot import number


@dataclass(frozen=True, slots=True)
class Trial:
    """One point of a search.

    Attributes
    ----------
    params
        Its parameters.
    figure
        What the search looks at, such as the Sharpe ratio; NaN: has none.
    """

    params: Mapping[str, Any]
    figure: float


@dataclass(frozen=True, slots=True)
class Window:
    """One step of a walk-forward; times are epoch ms, ends are exclusive.

    Attributes
    ----------
    train, test
        First moment and end.
    in_sample, out_of_sample
        Total return in either, as fractions.
    params
        Chosen in sample.
    """

    train: tuple[int, int]
    test: tuple[int, int]
    in_sample: float
    out_of_sample: float
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Study:
    """The search around a run; empty where there was none.

    Attributes
    ----------
    trials
        All of them, losers too.
    figure
        Name of the trials' figure.
    windows
        Of a walk-forward, in time order.
    ledger_head
        Hash at the head of the trial ledger.
    origin
        Where the trials come from, in words.
    """

    trials: Sequence[Trial] = ()
    figure: str = "Sharpe ratio"
    windows: Sequence[Window] = ()
    ledger_head: str | None = None
    origin: str = "trials of this search"

    @property
    def varied(self) -> list[str]:
        """Parameters with more than one value among the trials.

        Examples
        --------
        >>> Study([Trial({"fast": 5, "slow": 20}, 1.0), Trial({"fast": 9, "slow": 20}, 0.5)]).varied
        ['fast']
        """
        names = dict.fromkeys(name for trial in self.trials for name in trial.params)
        return [
            name for name in names if len({value_text(t.params.get(name)) for t in self.trials}) > 1
        ]


def best(study: Study, count: int = 10) -> list[tuple[str, str]]:
    """The best trials as parameters and figure, for the table below the figures."""
    known = [trial for trial in study.trials if np.isfinite(trial.figure)]
    order = sorted(known, key=lambda trial: -trial.figure)[:count]
    return [(named(trial.params, study.varied), number(trial.figure)) for trial in order]


def named(params: Mapping[str, Any], names: Sequence[str]) -> str:
    """Chosen parameters in one line.

    Examples
    --------
    >>> named({"fast": 5, "short": True}, ["fast", "short"])
    'fast=5 short=true'
    """
    return " ".join(f"{name}={value_text(params.get(name))}" for name in names)


def value_text(value: Any) -> str:
    """A parameter's value as it is typed; a dash where a trial has none."""
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value).lower()
