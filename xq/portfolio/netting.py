"""One position of several strategies: whose part of it is how large. Pure."""

from collections.abc import Mapping
from decimal import Decimal

_ZERO = Decimal(0)


def allocate(wants: Mapping[str, Decimal], position: Decimal, lot: Decimal) -> dict[str, Decimal]:
    """Every strategy's part of a position; together they are the position, exactly.

    Each holds what it wants; opposite wants have met inside and never went to the venue. What the
    position is more or less than all wants together (rounding, a shortfall, somebody else's trade)
    is shared by the size of the wants, in lots, the rest to the largest. A position that was closed
    although something was wanted belongs to nobody.

    Examples
    --------
    >>> d = Decimal
    >>> found = allocate({"trend": d("0.5"), "revert": d("-0.2")}, d("0.3"), d("0.1"))
    >>> {name: str(part) for name, part in found.items()}
    {'trend': '0.5', 'revert': '-0.2'}
    >>> short = allocate({"a": d(3), "b": d(1)}, d(2), d(1))
    >>> {name: str(part) for name, part in short.items()}, sum(short.values())
    ({'a': '1', 'b': '1'}, Decimal('2'))
    """
    if not wants:
        return {}
    total = sum(wants.values(), _ZERO)
    if position == 0 and total != 0:
        return dict.fromkeys(wants, _ZERO)
    largest = max(wants, key=lambda name: abs(wants[name]))
    gross = sum((abs(want) for want in wants.values()), _ZERO)
    rest = position - total
    parts = dict(wants)
    if gross:
        for name, want in wants.items():
            parts[name] += int(rest * abs(want) / gross / lot) * lot
    parts[largest] += position - sum(parts.values(), _ZERO)
    return parts
