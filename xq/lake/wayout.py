"""The command that mends a file of the lake which cannot be read, told by its place; pure."""

import shlex
from pathlib import PurePath
from urllib.parse import unquote

REFETCHED = frozenset({"ohlcv"})  # kinds that `xq data repair` asks the venue for again
_CHECK = "xq data check"


def command(path: PurePath) -> str:
    r"""What to type: ask the venue again, or set the file aside where no venue has its rows.

    Examples
    --------
    >>> path = PurePath("data/ohlcv/exchange=sim/symbol=BTC%2FUSDT/timeframe=1h/period=2024/part")
    >>> print(command(path.with_suffix(".parquet")).partition("\n")[0])
    xq data repair --exchange sim --symbol BTC/USDT --timeframe 1h
    >>> command(PurePath("data/equity/run_id=a/period=2024/part.parquet"))
    'xq data quarantine data/equity/run_id=a/period=2024/part.parquet'
    >>> command(PurePath("/tmp/part.parquet"))
    'xq data check'
    """
    folders = path.parts[:-1]
    named = [part for part in folders if "=" in part]
    if not folders or not folders[-1].startswith("period="):
        return _CHECK
    aside = shlex.join(["xq", "data", "quarantine", str(path)])
    kind = next(part for part in reversed(folders) if "=" not in part)
    if kind not in REFETCHED:
        return aside
    names = {key: unquote(value) for key, _, value in (part.partition("=") for part in named)}
    words = ["xq", "data", "repair"]
    for name in ("exchange", "symbol", "timeframe"):
        words += [f"--{name}", names[name]] if name in names else []
    return f"{shlex.join(words)}\n         or, without the venue: {aside}"
