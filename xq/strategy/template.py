"""The file that ``xq strategies new`` writes: a page that works, to be changed."""

import re

_TEXT = '''"""What this strategy does, in one line (who described it, and where)."""

import numpy as np

from xq import Bars, Strategy, param
from xq import indicators as ta


class {class_name}(Strategy):
    """Long while the close is above its average and the market is not overheated.

    Try it:  xq strategies check {name}   then   xq backtest --strategy {name}
    """

    # Typed parameters with ranges; --param length=50 and [strategy.{name}] in xq.toml set them.
    length: int = param(100, low=10, high=1000, unit="bars")
    overheated: float = param(80.0, low=50.0, high=100.0)

    # Exits that depend on the entry are declared, not computed: the engine applies them
    # (from xq import Exits).
    # exits = Exits(stop_loss=0.05)

    @property
    def lookback(self) -> int:
        """Bars that one row of weights depends on; the indicators know theirs.

        Take the largest of what stands side by side. Where one thing is computed from another, add
        them and take one off: ta.rsi.memory(14) + 24 - 1 for a latch of 24 bars over an RSI.
        """
        return max(ta.sma.memory(self.length), ta.rsi.memory(14))

    def target_weights(self, bars: Bars):
        """Signed fractions of equity, (T, N): T closed bars down, N symbols across.

        bars.close, bars.high … are read-only; bars.frame(symbol) is one symbol in pandas.
        Row t may use rows up to t and nothing else: no shift(-1), no mean over the whole array.
        Orders fill at the next open; do not shift for that. NaN is for warm-up only.
        """
        average = ta.sma(bars.close, self.length)
        strength = ta.rsi(bars.close, 14)
        wanted = (bars.close > average) & (strength < self.overheated)
        return np.where(wanted, 1.0, 0.0) / len(bars.symbols)
'''


def render(name: str) -> str:
    """A strategy file of that name, complete and within the law.

    Examples
    --------
    >>> render("my_idea").splitlines()[8]
    'class MyIdea(Strategy):'
    """
    words = re.split(r"[^A-Za-z0-9]+", name)
    class_name = "".join(word[:1].upper() + word[1:] for word in words if word)
    return _TEXT.format(name=name, class_name=class_name)
