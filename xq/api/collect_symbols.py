"""Which symbols a collect is about: named, in a file, or all that a venue lists."""

from dataclasses import dataclass
from pathlib import Path

from xq.api.venues import market_data
from xq.api.workspace import Workspace
from xq.errors import UsageError, unknown


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
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the symbols: {error}", where=str(path)) from error
    found = [text for line in lines if (text := line.partition("#")[0].strip())]
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
