"""Whether a result survives the gate, and in plain words why not.

The gate asks four things of a result; one "no" is enough. It is a gate against luck, not a promise;
`docs/significance.md` has how many random walks it let pass and how many edges it found.
"""

from dataclasses import dataclass

DEFLATED_SHARPE = 0.95
"""Least probability that the Sharpe ratio is not the luck of the best trial (form of 2026)."""

OVERFITTING = 0.10
"""Largest share of splits in which choosing the best trial fails out of sample."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the gate looks at.

    Attributes
    ----------
    trials
        Made on this data, this one included.
    deflated_sharpe_ratio
        Of daily returns, in the form of 2026; NaN: cannot be computed.
    probability_of_overfitting
        By CSCV; None: there are not two trials with the same days, or too few days.
    total_return, stressed_return
        At the costs of the run and at ``stress`` times these.
    checked_rows
        Rows of the strategy that the law asked again.
    """

    trials: int
    deflated_sharpe_ratio: float
    probability_of_overfitting: float | None
    total_return: float
    stressed_return: float
    stress: float
    checked_rows: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of the gate.

    Attributes
    ----------
    survives
        Whether nothing speaks against the result.
    reasons
        What does, one clause each; empty if it survives.
    """

    survives: bool
    reasons: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """One line for people.

        Examples
        --------
        >>> Verdict(False, ("it lost money",)).sentence
        'does not survive: it lost money'
        """
        if self.survives:
            return "survives: deflated Sharpe, overfitting, doubled costs and the law hold"
        return f"does not survive: {'; '.join(self.reasons)}"


def verdict(evidence: Evidence) -> Verdict:
    """Judge a result.

    Examples
    --------
    >>> good = Evidence(50, 0.97, 0.04, 0.8, 0.6, 2.0, 24)
    >>> verdict(good)
    Verdict(survives=True, reasons=())
    >>> from dataclasses import replace
    >>> verdict(replace(good, deflated_sharpe_ratio=0.451)).reasons
    ('the chance that the Sharpe ratio is not luck is 45.1 % after 50 trials, below 95 %',)
    """
    found = (_luck(evidence), _overfitting(evidence), _costs(evidence), _law(evidence))
    reasons = tuple(reason for reason in found if reason is not None)
    return Verdict(not reasons, reasons)


def _luck(evidence: Evidence) -> str | None:
    chance = evidence.deflated_sharpe_ratio
    if chance != chance:
        return "the daily returns do not vary enough for a Sharpe ratio"
    if chance >= DEFLATED_SHARPE:
        return None
    after = f"{evidence.trials:,} trial{'s' * (evidence.trials != 1)}"
    return (
        f"the chance that the Sharpe ratio is not luck is {_percent(chance)} after {after}, "
        f"below {_percent(DEFLATED_SHARPE)}"
    )


def _overfitting(evidence: Evidence) -> str | None:
    failed = evidence.probability_of_overfitting
    if failed is None:
        if evidence.trials == 1:
            return None  # nothing was chosen
        return (
            f"none of the {evidence.trials - 1:,} other trials is saved with the same days, at "
            "least 32, so that overfitting cannot be judged"
        )
    if failed <= OVERFITTING:
        return None
    return (
        f"choosing the best of these trials fails out of sample in {_percent(failed)} of splits, "
        f"more than {_percent(OVERFITTING)}"
    )


def _costs(evidence: Evidence) -> str | None:
    if not evidence.total_return > 0.0:
        return f"it earns nothing: {_percent(evidence.total_return)} after costs"
    if evidence.stressed_return > 0.0:
        return None
    return f"at {evidence.stress:g} times the costs it earns {_percent(evidence.stressed_return)}"


def _law(evidence: Evidence) -> str | None:
    return None if evidence.checked_rows else "the law had no row to check"


def _percent(value: float) -> str:
    return f"{value * 100:,.1f}".removesuffix(".0") + " %"
