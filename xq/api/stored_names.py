"""Names of what is stored, for those who ask for something that is not."""

from typing import TYPE_CHECKING

from xq.api.workspace import Workspace
from xq.errors import suggestion

if TYPE_CHECKING:
    from xq.lake.layout import Dataset


def near(ws: Workspace, symbol: str | None, kind: str | None = None) -> str:
    """``; did you mean 'BTC/USDT'?`` where such a symbol is stored, else nothing."""
    from xq.lake import inspect

    if symbol is None:
        return ""
    known = {item.symbol for item in inspect.recorded(ws.lake, kind) if item.symbol}
    close = None if symbol in known else suggestion(symbol, sorted(known))
    return f"; did you mean {close!r}?" if close else ""


def not_yet(ws: Workspace, dataset: "Dataset") -> str | None:
    """What to tell someone who waits for rows of a dataset of which none are stored."""
    from xq.lake import layout

    if layout.periods(ws.lake, dataset):
        return None
    return f"nothing is stored of {dataset} yet{near(ws, dataset.symbol, dataset.kind)}"
