"""What a person should know about an empty answer: bars that could be made of shorter ones."""

import re
from collections.abc import Iterable
from itertools import product
from pathlib import Path

from xq.lake import derive, layout
from xq.lake.layout import Dataset
from xq.lake.sql_macros import macro_of
from xq.timeframe import names

_LITERAL = re.compile(r"'((?:[^']|'')*)'")


def about_nothing(root: Path, sql: str, values: Iterable[str] = ()) -> str | None:
    """One sentence on a statement that had no rows; None if there is nothing to say.

    Parameters
    ----------
    values
        What its parameters are bound to.

    Notes
    -----
    A view holds what is stored, and cannot know which length of bars is meant: a condition on
    ``timeframe`` finds nothing where only shorter bars are. `resample` makes them.
    """
    said = {text.replace("''", "'") for text in _LITERAL.findall(sql)} | set(values)
    asked = sorted(said & set(names()))
    named = [kind for kind in derive.KINDS if re.search(rf"\b{kind}(_\w+)?\b", sql, re.IGNORECASE)]
    for kind, timeframe in product(named, asked):
        found = _derivable(root, kind, timeframe, said)
        if found:
            finer, symbols = found
            more = f" and {len(symbols) - 1} more" if len(symbols) > 1 else ""
            what = "bars" if kind == "ohlcv" else f"{kind} bars"
            return (
                f"no {timeframe} {what} of {symbols[0]}{more} are stored as such, but {finer} bars "
                f"are: ask {macro_of(kind)}('{timeframe}') instead of {kind}"
            )
    return None


def _derivable(
    root: Path, kind: str, timeframe: str, said: set[str]
) -> tuple[str, list[str]] | None:
    """The length bars would be made of, and the symbols: those named, if any is named."""
    markets = dict.fromkeys((item.exchange, item.symbol) for item in layout.datasets(root, kind))
    made = {}
    for exchange, symbol in markets:
        finer = derive.finer_stored(root, Dataset(kind, exchange, symbol, timeframe))
        if finer is not None:
            made[str(symbol)] = finer.name
    named = [symbol for symbol in made if symbol in said]
    if any(symbol in said for _, symbol in markets):
        made = {symbol: made[symbol] for symbol in named}
    return (next(iter(made.values())), sorted(made)) if made else None
