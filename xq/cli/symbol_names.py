"""Symbols as options and pipes name them."""

import sys
from collections.abc import Iterable, Iterator

from xq.errors import UsageError


def symbol_names(given: Iterable[str]) -> Iterator[str]:
    """What ``--symbol`` names, lines of stdin in the place of ``-``."""
    for name in given:
        if name != "-":
            yield name
            continue
        listed = [text for line in sys.stdin if (text := _name(line))]
        if not listed:
            raise UsageError(
                "expected symbols on stdin, found none",
                hint="xq symbols --quote USDT | xq collect --symbol -",
            )
        yield from listed


def _name(line: str) -> str:
    """The symbol of a plain line, or of a JSON line as ``xq symbols`` writes them."""
    text = line.strip()
    if not text.startswith("{"):
        return text
    import json

    try:
        return str(json.loads(text)["symbol"])
    except (ValueError, KeyError):
        raise UsageError(f"expected a symbol or a JSON object with one, found {text!r}") from None
