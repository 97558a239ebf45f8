"""What a backtest says about bars that were missing and how they were treated."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xq.bars import Bars


def treated_gaps(bars: "Bars", choice: str) -> list[str]:
    """Sentences about the gaps in the bars of a run; none if there are none.

    ``flag`` leaves NaN where one symbol has no bar and others have; times at which no symbol has
    a bar are not there in either choice, and neither is ever filled.
    """
    import numpy as np

    steps = np.diff(bars.timeframe.number(bars.ts))
    absent = int((steps - 1)[steps > 1].sum())
    stretches = int((steps > 1).sum())
    said = []
    if absent:
        how = "left out" if choice == "drop" else "absent for every symbol"
        said.append(
            f"gaps: {choice}; {absent} bars in {stretches} {_plural('gap', stretches)} are {how}, "
            "nothing was filled"
        )
    if choice == "flag":
        empty = np.isnan(bars.close).sum(axis=0)
        names = [f"{s} {int(n)}" for s, n in zip(bars.symbols, empty, strict=True) if n]
        if names:
            said.append(f"gaps: flag; bars without a price, not tradable: {', '.join(names)}")
    return said


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"
