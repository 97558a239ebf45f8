"""Ask a market strategy: every event of a tape, or one event with only what it may remember."""

from collections.abc import Callable, Sequence
from math import nan

import numpy as np

from xq.errors import StrategyBroken
from xq.strategy.market_state import MarketState, carried, decided, hold
from xq.strategy.market_tape import Tape

Ask = Callable[[MarketState], object]


def answers(ask: Ask, tape: Tape, windows: Sequence[float]) -> np.ndarray:
    """(E,) what the strategy answers to each event; NaN for None."""
    state = MarketState(tape.symbol, windows, tape.levels)
    found = np.full(len(tape), nan)
    for index in carried(state, tape, 0, len(tape)):
        answer = decided(ask(state))
        if answer is not None:
            found[index] = answer
            hold(state, answer)
    return found


def last_answer(ask: Ask, tape: Tape, windows: Sequence[float], target: float) -> float:
    """What it answers to the last event of a tape that holds its memory only; NaN for None."""
    state = MarketState(tape.symbol, windows, tape.levels)
    hold(state, target)
    for _ in carried(state, tape, 0, len(tape)):
        pass
    answer = decided(ask(state))
    return nan if answer is None else answer


def begins(tape: Tape, rows: Sequence[int], windows: Sequence[float]) -> list[int]:
    """First event that the answer to each of ``rows`` may depend on.

    It is the newest change of the book that is as old as the longest window: everything a window
    holds comes after it, and its mid is the one that momentum is counted from.
    """
    changes = np.flatnonzero(tape.kind != 0)
    span = round(max(windows, default=0.0) * 1000)
    times = tape.ts[changes]
    found = []
    for row in rows:
        old = int(np.searchsorted(times, tape.ts[row] - span, side="right")) - 1
        old = min(old, int(np.searchsorted(changes, row, side="right")) - 1)
        found.append(int(changes[max(old, 0)]))
    return found


def checked_windows(value: object, where: str) -> tuple[float, ...]:
    """The seconds of a strategy's windows.

    Raises
    ------
    StrategyBroken
        If they are no positive numbers of at least a millisecond.
    """
    try:
        seconds = tuple(float(item) for item in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        seconds = (nan,)
    if not all(0.001 <= item <= 86_400 for item in seconds):
        raise StrategyBroken(
            f"windows must be seconds between 0.001 and 86400, found {value!r}", where=where
        )
    return tuple(sorted(set(seconds)))
