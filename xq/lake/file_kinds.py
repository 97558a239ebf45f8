"""Kinds of rows that come from files of plain columns."""

from collections.abc import Iterable

from xq.lake.schema import kind_of

FILE_KINDS = ("ohlcv", "mark", "index", "open_interest", "trades", "funding")


def kinds_with(columns: Iterable[str]) -> tuple[str, ...]:
    """Those kinds whose every required column is among these.

    Examples
    --------
    >>> kinds_with(["ts", "rate"]), kinds_with(["ts", "open", "high", "low", "close"])
    (('funding',), ('mark', 'index'))
    """
    there = set(columns)
    return tuple(
        name
        for name in FILE_KINDS
        if {field.name for field in kind_of(name).schema if not field.nullable} <= there
    )
