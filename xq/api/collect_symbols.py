"""Which symbols a collect is about: named, in a file, or all that a venue lists."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.collect_ways import check_contract
from xq.api.venues import market_data
from xq.api.workspace import Workspace
from xq.errors import UsageError, XqError, unknown

if TYPE_CHECKING:
    from xq.types import Symbol
    from xq.venues.ccxt_market import CcxtMarket

Failure = tuple[str, XqError]

_SEPARATORS = re.compile(r"[\s,;\"']+")


@dataclass(frozen=True, slots=True)
class Selection:
    """What the command line says about symbols.

    Attributes
    ----------
    quote
        With ``everything``: only symbols quoted in this asset.
    contracts
        With ``everything``: perpetual contracts instead of spot.
    """

    named: tuple[str, ...] | None = None
    file: Path | None = None
    everything: bool = False
    quote: str | None = None
    contracts: bool = False


def chosen(
    ws: Workspace, selection: Selection, exchange: str | None = None
) -> tuple[str, ...] | None:
    """The symbols meant, without repetition; None leaves it to the configuration.

    Raises
    ------
    UsageError
        If the file cannot be read or holds no symbol, or options contradict each other.
    """
    if not selection.everything:
        if selection.quote is not None or selection.contracts:
            raise UsageError(
                "--quote and --contracts go with --all-symbols",
                hint="xq collect --all-symbols --quote USDT",
            )
        if selection.file is None:
            return selection.named
        return tuple(dict.fromkeys((*(selection.named or ()), *_listed(selection.file))))
    if selection.named is not None or selection.file is not None:
        raise UsageError("--all-symbols needs no other symbols, found some")
    return _all(ws, selection, exchange)


def _listed(path: Path) -> list[str]:
    """Names of a file as people and spreadsheets write them: lines, commas, any line ends."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("expected text in UTF-8", where=str(path)) from None
    except OSError as error:
        raise UsageError(f"cannot read the symbols: {error.strerror}", where=str(path)) from error
    lines = (line.partition("#")[0] for line in text.splitlines())
    found = [name for line in lines for name in _SEPARATORS.split(line) if name]
    if not found:
        raise UsageError("expected symbols, one a line, found none", where=str(path))
    return found


def _all(ws: Workspace, selection: Selection, exchange: str | None) -> tuple[str, ...]:
    with market_data(ws, exchange) as market:
        listed = market.listed(selection.contracts)
        quotes = sorted({symbol.quote for symbol in listed})
        wanted = selection.quote.upper() if selection.quote else None
        if wanted is not None and wanted not in quotes:
            raise unknown(
                "quote asset", wanted, quotes, hint=f"xq symbols --exchange {market.name}"
            )
        return tuple(sorted(str(s) for s in listed if wanted in (None, s.quote)))


def parsed(names: Sequence[str]) -> "tuple[tuple[Symbol, ...], tuple[Failure, ...]]":
    """Symbols without repetition, and the names that are none.

    Raises
    ------
    UsageError
        If none of them is one.
    """
    from xq.types import Symbol

    if not names:
        raise UsageError("no symbol given", hint="xq collect --symbol BTC/USDT")
    found: dict[Symbol, None] = {}
    failed: dict[str, XqError] = {}
    for name in names:
        try:
            found[Symbol.parse(name)] = None
        except XqError as error:
            failed[name] = error
    if not found:
        raise next(iter(failed.values()))
    return tuple(found), tuple(failed.items())


def listed(
    market: "CcxtMarket", symbols: "Sequence[Symbol]", kind: str
) -> "tuple[tuple[Symbol, ...], tuple[Failure, ...]]":
    """Symbols of which the venue has such data, and why not of the others.

    Raises
    ------
    UsageError
        If there is none left.
    VenueError
        If it cannot be asked.
    """
    good: list[Symbol] = []
    failed: list[Failure] = []
    for symbol in symbols:
        try:
            market.find(symbol)
            check_contract(kind, symbol)
        except UsageError as error:
            failed.append((str(symbol), error))
        else:
            good.append(symbol)
    if not good:
        raise failed[0][1]
    return tuple(good), tuple(failed)
