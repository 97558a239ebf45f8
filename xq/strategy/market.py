"""The second contract: a target weight from trades and the book, event by event."""

import ast
from pathlib import Path
from typing import Any, ClassVar

from xq.errors import UsageError
from xq.strategy.base import Strategy
from xq.strategy.market_state import MarketState


class MarketStrategy(Strategy):
    """Base of a plugin that answers events of one market instead of bars.

    `on_market` is asked after every trade and every change of the book, and decides from the
    `MarketState` alone: no attribute, no global and no clock, so that a restart in the middle of
    the day decides what an unbroken run would have. It must take the same time however long the
    market has been open.

    Attributes
    ----------
    exits
        Stop loss and the like, applied by the engine.
    """

    asks: ClassVar[str] = "on_market"

    @property
    def windows(self) -> tuple[float, ...]:
        """Seconds of each rolling window that the state shall keep; the longest is the memory."""
        return ()

    @property
    def lookback(self) -> int:
        """Bars do not matter; windows are in seconds."""
        return 1

    def on_market(self, state: MarketState) -> float | None:
        """Signed fraction of equity to hold from now on; None leaves it as it is."""
        raise NotImplementedError("a market strategy answers on_market")

    def target_weights(self, bars: Any) -> Any:  # noqa: ARG002
        """Refused: it has no answer to bars."""
        raise UsageError(f"{type(self).__name__} answers events of a market, not bars")


def answers_events(path: Path) -> bool:
    """Whether the file's source has a class based on `MarketStrategy`; nothing of it is run.

    A file that cannot be read or parsed answers nothing; loading it says why.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return False
    bases = [base for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
             for base in node.bases]  # fmt: skip
    return any(ast.unparse(base).rpartition(".")[2] == MarketStrategy.__name__ for base in bases)
