"""What the name of a file says about its rows; pure."""

import re
from dataclasses import dataclass
from pathlib import PurePath

from xq.errors import UsageError
from xq.spelling import QUOTES
from xq.timeframe import MONTH, names

_FREQTRADE = re.compile(
    r"(?P<base>[A-Z0-9]+)_(?P<quote>[A-Z0-9]+?)(_(?P<settle>[A-Z0-9]+))?-(?P<length>\w+?)"
    r"(-(?P<what>spot|futures|mark|index|funding_rate))?\.(feather|json|json\.gz|parquet|csv)"
)
_BINANCE = re.compile(
    r"(?P<id>[A-Z0-9]{4,}?)(_PERP)?-(?P<what>[A-Za-z0-9]+)-\d{4}-\d\d(-\d\d)?\.(csv|zip)"
)
_RECORDING = re.compile(r".+\.(raw|ws|http)(\.gz)?")
_TAPES = {
    "aggTrades": "trades", "trades": "trades", "fundingRate": "funding", "metrics": "open_interest",
}  # fmt: skip
_FOLDERS = {"markpriceklines": "mark", "indexpriceklines": "index"}


@dataclass(frozen=True, slots=True)
class Named:
    """What a file name says; None is unsaid.

    Attributes
    ----------
    layout
        ``plain``, ``freqtrade``, ``binance`` or ``recording``, of messages as they came.
    kind
        Kind of dataset.
    """

    layout: str = "plain"
    kind: str = "ohlcv"
    symbol: str | None = None
    timeframe: str | None = None


def read_name(path: PurePath) -> Named:
    """What the name of a file and the folders above it say.

    Raises
    ------
    UsageError
        If they say that the rows are of a kind the lake does not have.

    Examples
    --------
    >>> read_name(PurePath("futures/BTC_USDT_USDT-8h-mark.feather"))
    Named(layout='freqtrade', kind='mark', symbol='BTC/USDT:USDT', timeframe='8h')
    >>> read_name(PurePath("data/futures/um/daily/klines/ETHUSDT/1m/ETHUSDT-1m-2024-01-01.zip"))
    Named(layout='binance', kind='ohlcv', symbol='ETH/USDT:USDT', timeframe='1m')
    >>> read_name(PurePath("my.csv"))
    Named(layout='plain', kind='ohlcv', symbol=None, timeframe=None)
    >>> read_name(PurePath("binance_um_BTCUSDT.raw.gz")).kind
    'book_diff'
    """
    if _RECORDING.fullmatch(path.name):
        return Named("recording", "book_diff")
    return _freqtrade(path) or _binance(path) or Named()


def _freqtrade(path: PurePath) -> Named | None:
    found = _FREQTRADE.fullmatch(path.name)
    length = found and _length(found["length"])
    if found is None or length is None:
        return None
    pair = f"{found['base']}/{found['quote']}"
    symbol = f"{pair}:{found['settle']}" if found["settle"] else pair
    kinds = {"mark": "mark", "index": "index", "funding_rate": "funding"}
    kind = kinds.get(found["what"] or "", "ohlcv")
    return Named("freqtrade", kind, symbol, None if kind == "funding" else length)


def _binance(path: PurePath) -> Named | None:
    found = _BINANCE.fullmatch(path.name)
    if found is None:
        return None
    what, folders = found["what"], [part.lower() for part in path.parts[:-1]]
    length = _length(what)
    if what not in _TAPES and length is None:
        return None
    kind = _TAPES.get(what, "ohlcv")
    if "premiumindexklines" in folders:
        raise UsageError("bars of the premium are no kind of the lake", where=str(path))
    kind = next((_FOLDERS[name] for name in folders if name in _FOLDERS), kind)
    contract = kind not in ("ohlcv", "trades") or "um" in folders or "futures" in folders
    symbol = pair_of(found["id"], contract=contract)
    usual = "5m" if kind == "open_interest" else None
    return Named("binance", kind, symbol, length or usual)


def _length(text: str) -> str | None:
    """A bar length as files are named: months as ``1mo`` by Binance, ``1Mo`` by freqtrade."""
    name = MONTH if text in ("1mo", "1Mo") else text
    return name if name in names() else None


def pair_of(name: str, *, contract: bool) -> str | None:
    """The unified symbol of a venue's id; None if its quote is not known.

    Examples
    --------
    >>> pair_of("BTCUSDT", contract=False), pair_of("BTCUSDT", contract=True)
    ('BTC/USDT', 'BTC/USDT:USDT')
    """
    for quote in QUOTES:
        if name.endswith(quote) and len(name) > len(quote):
            pair = f"{name.removesuffix(quote)}/{quote}"
            return f"{pair}:{quote}" if contract else pair
    return None
