"""The same run at higher costs: an edge that only just pays its costs is none."""

from dataclasses import replace

from xq.backtest.conditions import Conditions, Frictions
from xq.portfolio.costs import Costs

STRESS = 2.0
"""Times the costs that a result has to survive."""


def at_costs(costs: Costs, factor: float = STRESS) -> Costs:
    """Every proportional cost multiplied.

    Examples
    --------
    >>> at_costs(Costs(fee=0.001, slippage=0.0005))
    Costs(fee=0.002, slippage=0.001, maker=None)
    """
    maker = None if costs.maker is None else costs.maker * factor
    return Costs(costs.fee * factor, costs.slippage * factor, maker)


def in_conditions(conditions: Conditions, factor: float = STRESS) -> Conditions:
    """The same world with measured slippage multiplied, at any quantity."""
    found = conditions.frictions
    if found is None:
        return conditions
    return replace(conditions, frictions=Frictions(found.base * factor, found.impact * factor))
