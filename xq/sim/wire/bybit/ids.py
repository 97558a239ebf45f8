"""Identifiers as Bybit writes them: UUIDs, here made of the venue's own numbers."""

import re
from enum import IntEnum

_FORM = re.compile(r"00000000-0000-4([0-9a-f]{3})-8000-([0-9a-f]{12})", re.ASCII)


class Sort(IntEnum):
    """What a number counts."""

    ORDER = 0
    CONDITIONAL = 1
    DECLINED = 2
    FILL = 3
    PRINT = 4
    POSTING = 5


def written(sort: Sort, number: int) -> str:
    """A number as a UUID.

    Examples
    --------
    >>> written(Sort.ORDER, 255)
    '00000000-0000-4000-8000-0000000000ff'
    """
    return f"00000000-0000-4{sort:03x}-8000-{number:012x}"


def read(text: str) -> tuple[Sort, int] | None:
    """What `written` wrote; None for any other text.

    Examples
    --------
    >>> read("00000000-0000-4001-8000-0000000000ff"), read("42")
    ((<Sort.CONDITIONAL: 1>, 255), None)
    """
    found = _FORM.fullmatch(text)
    if found is None or int(found[1], 16) >= len(Sort):
        return None
    return Sort(int(found[1], 16)), int(found[2], 16)
