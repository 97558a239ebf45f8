"""What a rule is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from xq.lake.poison.sheet import Sheet

BARS = ("ohlcv", "mark", "index")
FAIR = ("mark", "index")
TIMED = (*BARS, "open_interest")
BOOKS = ("book_snapshot", "book_diff")
EVERY = (*TIMED, "trades", "funding", *BOOKS)


class Severity(StrEnum):
    """How sure it is that a row is wrong."""

    ERROR = "error"  # cannot be true, alone or beside the evidence
    WARNING = "warning"  # possible, but a person should look


@dataclass(frozen=True)
class Hits:
    """Rows that break a rule, and arrays whose values its message shows."""

    mask: np.ndarray
    shown: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """One kind of poison row.

    Attributes
    ----------
    name
        As ``xq data check`` prints it.
    family
        Which file defines it.
    meaning
        One line for ``xq data rules``.
    says
        Format of the message over the row's columns and what `Hits.shown` adds.
    find
        The rows that break it; None if the sheet cannot be judged.
    needs
        The evidence without which it cannot be seen.
    kinds
        Kinds of dataset it looks at.
    """

    name: str
    family: str
    meaning: str
    severity: Severity
    says: str
    find: Callable[[Sheet], Hits | None]
    needs: str | None = None
    kinds: tuple[str, ...] = BARS
