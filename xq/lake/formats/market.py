"""Which market a file says its rows are of: by a column, or by a plain name."""

import re
from collections.abc import Iterable
from pathlib import PurePath

import pyarrow as pa
import pyarrow.compute as pc

from xq.errors import DataError
from xq.lake.formats.name import pair_of

_COLUMNS = ("symbol", "pair", "ticker")
_WORD = re.compile(r"[A-Z0-9]+(?:[_-](?:USDT|USDC|USD|EUR)(?![A-Z0-9]))?")
_SHORTEST = 5  # letters of a market's id


def refuse_others(table: pa.Table, market: str | None, path: PurePath) -> None:
    """Refuse rows that name several markets, or one that is not ``market``.

    Parameters
    ----------
    market
        The symbol they are to be stored as; None where the caller has said which, in words that
        a column may spell otherwise (XBT, BTC-USDT-SWAP).

    Raises
    ------
    DataError
        If rows would be stored as those of another market.
    """
    name = next((name for name in table.column_names if name.strip().lower() in _COLUMNS), None)
    if name is None:
        return
    said = [str(item) for item in pc.unique(table[name]).drop_null().to_pylist()]
    if len(said) > 1:
        few = ", ".join(said[:5]) + (" …" if len(said) > 5 else "")
        raise DataError(f"rows of {len(said)} markets in one file, column {name}: {few}",
                        where=str(path), hint="one file for each market")  # fmt: skip
    if said and market is not None and not _same(said[0], market):
        raise DataError(f"the rows say {name} {said[0]}, expected {market}",
                        where=str(path), hint=f"add --symbol {_spelt(said)}")  # fmt: skip


def refuse_other_name(path: PurePath, market: str) -> None:
    """Refuse a file whose own name tells of another market than ``market``, which it was not given.

    Raises
    ------
    DataError
        If it does.
    """
    said = [word for word in _WORD.findall(path.name) if _market(word) is not None]
    if said and _plain(market) not in map(_plain, said):
        raise DataError(f"the name of the file says {said[0]}, expected {market}",
                        where=str(path), hint=f"add --symbol {_spelt(said)}")  # fmt: skip


def _same(said: str, market: str) -> bool:
    """Whether a file's word means a symbol; ``BTCUSDT`` may be spot or perpetual."""
    return said.upper() == market if ":" in said else _plain(said) == _plain(market)


def _market(word: str) -> str | None:
    plain = _plain(word)
    return pair_of(plain, contract=False) if len(plain) >= _SHORTEST else None


def _spelt(said: Iterable[str]) -> str:
    """A unified symbol to type, as far as it can be told."""
    word = next(iter(said))
    return word if "/" in word else _market(word.upper()) or "BASE/QUOTE"


def _plain(symbol: str) -> str:
    """Letters and digits of base and quote.

    Examples
    --------
    >>> [_plain(name) for name in ("BTC/USDT:USDT", "btc-usdt", "BTCUSDT_PERP", "BTCUSDT")]
    ['BTCUSDT', 'BTCUSDT', 'BTCUSDT', 'BTCUSDT']
    """
    pair = symbol.upper().partition(":")[0]
    return re.sub(r"[^A-Z0-9]", "", re.sub(r"[_-](PERP|SWAP)$", "", pair))
