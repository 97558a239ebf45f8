"""Plans and their progress as JSON text, exact both ways, so that a parent survives a restart."""

from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from xq.errors import CorruptFile
from xq.execution.algos.plan import Plan
from xq.execution.algos.progress import Progress

_Value = TypeVar("_Value", Plan, Progress)


def to_json(value: Plan | Progress) -> str:
    """The text of a plan or of a progress.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from xq.execution.algos.children import Child
    >>> from xq.types import OrderType, Side
    >>> before = Progress().with_child(Child(Side.BUY, OrderType.MARKET, Decimal("1.50")), 7)
    >>> after = read(Progress, to_json(before))
    >>> after == before, after.children[0].child.quantity
    (True, Decimal('1.50'))
    """
    return _adapters()[type(value)].dump_json(value).decode()


def read(kind: type[_Value], text: str) -> _Value:
    """The value of a text that `to_json` wrote.

    Raises
    ------
    CorruptFile
        If it is anything else; a parent of which less is known than was must not go on.
    UsageError
        If it is a plan that contradicts itself.
    """
    try:
        value: _Value = _adapters()[kind].validate_json(text)
    except ValidationError as error:
        raise CorruptFile(
            f"the stored {kind.__name__.lower()} of a parent order cannot be read: "
            f"{error.errors()[0]['msg'].lower()}",
            hint="xq audit verify",
        ) from error
    return value


@cache
def _adapters() -> dict[type[Any], TypeAdapter[Any]]:
    return {kind: TypeAdapter(kind) for kind in (Plan, Progress)}
