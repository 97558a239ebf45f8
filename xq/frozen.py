"""Frozen values with some of their fields changed."""

from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

_Item = TypeVar("_Item")


def changed(item: _Item, **values: object) -> _Item:
    """`dataclasses.replace`, in less time, for frozen values of several fields.

    Examples
    --------
    >>> from xq.types import Symbol
    >>> str(changed(Symbol("BTC", "USDT"), base="ETH"))
    'ETH/USDT'
    """
    kind: Any = type(item)
    places, read = _fields_of(kind)
    found = list(read(item))
    for name, value in values.items():
        found[places[name]] = value
    made: _Item = kind(*found)
    return made


@cache
def _fields_of(kind: Any) -> "tuple[dict[str, int], attrgetter[tuple[object, ...]]]":
    names = [item.name for item in fields(kind)]
    return {name: place for place, name in enumerate(names)}, attrgetter(*names)
