"""The same run at higher costs: an edge that only just pays its costs is none."""

from dataclasses import fields, replace

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
    known = {item.name: getattr(costs, item.name) for item in fields(costs)}
    return replace(costs, **{k: v * factor for k, v in known.items() if v is not None})
