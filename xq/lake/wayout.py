"""The command that mends a dataset or one file of it; pure."""

import shlex
from pathlib import PurePath
from urllib.parse import unquote

from xq.lake.layout import Dataset

# Series of a venue's past, which it or its archive can be asked for again.
REPAIRABLE = ("ohlcv", "mark", "index", "open_interest", "trades", "funding")
_CHECK = "xq data check"


def repair_command(dataset: Dataset) -> str | None:
    """The ``xq data repair`` line for a dataset; None for one that no venue can bring back.

    Examples
    --------
    >>> repair_command(Dataset("funding", "sim", "BTC/USDT:USDT"))
    'xq data repair --kind funding --symbol BTC/USDT:USDT --exchange sim'
    >>> repair_command(Dataset("equity", run_id="a1"))
    """
    if dataset.kind not in REPAIRABLE:
        return None
    words = ["xq data repair"]
    if dataset.kind != "ohlcv":
        words.append(f"--kind {dataset.kind}")
    words.append(f"--symbol {dataset.symbol}")
    if dataset.timeframe:
        words.append(f"--timeframe {dataset.timeframe}")
    return " ".join([*words, f"--exchange {dataset.exchange}"])


def command(path: PurePath) -> str:
    r"""What to type: ask the venue again, or set the file aside where no venue has its rows.

    Examples
    --------
    >>> path = PurePath("data/ohlcv/exchange=sim/symbol=BTC%2FUSDT/timeframe=1h/period=2024/part")
    >>> print(command(path.with_suffix(".parquet")).partition("\n")[0])
    xq data repair --symbol BTC/USDT --timeframe 1h --exchange sim
    >>> command(PurePath("data/equity/run_id=a/period=2024/part.parquet"))
    'xq data quarantine data/equity/run_id=a/period=2024/part.parquet'
    >>> command(PurePath("elsewhere/part.parquet"))
    'xq data check'
    """
    folders = path.parts[:-1]
    if not folders or not folders[-1].startswith("period="):
        return _CHECK
    aside = shlex.join(["xq", "data", "quarantine", str(path)])
    at = max(place for place, part in enumerate(folders) if "=" not in part)
    kind = folders[at]
    if kind not in REPAIRABLE:
        return aside
    named = (part.partition("=") for part in folders[at + 1 : -1])
    dataset = Dataset(kind, **{key: unquote(value) for key, _, value in named})
    return f"{repair_command(dataset)}\n         or, without the venue: {aside}"
