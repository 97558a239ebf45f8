"""What one collect is about, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from xq.errors import XqError
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.schema import kind_of
from xq.timeframe import Timeframe
from xq.types import Symbol


class Via(StrEnum):
    """Which way data came."""

    REST = "rest"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True)
class Task:
    """One dataset to bring up to date.

    Attributes
    ----------
    timeframe
        Bar length; for kinds without bars the steps in which time is counted.
    target
        What is wanted and over; bars on edges of ``timeframe``.
    now_ms
        The venue's time when this was decided.
    """

    exchange: str
    symbol: Symbol
    timeframe: Timeframe
    target: Range
    now_ms: int
    kind: str = "ohlcv"

    @property
    def dataset(self) -> Dataset:
        """Where the rows go."""
        has_bars = "timeframe" in kind_of(self.kind).partition
        length = self.timeframe.name if has_bars else None
        return Dataset(self.kind, self.exchange, str(self.symbol), length)


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of one task.

    Attributes
    ----------
    new
        Rows that were not stored before; kept even when an error came later.
    empty
        Stretches of the target that the venue has no bars for.
    via
        The ways that rows came, in the order they were first used; empty if nothing was asked.
    notes
        What a person should know about the ways taken.
    """

    task: Task
    new: int
    empty: tuple[Range, ...] = ()
    error: XqError | None = None
    via: tuple[Via, ...] = ()
    notes: Sequence[str] = ()
