"""``xq symbols``: what a venue lists, by traded volume."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.api.venues import market_data
from xq.api.workspace import Workspace
from xq.errors import UsageError, unknown

if TYPE_CHECKING:
    from decimal import Decimal

_FIRST = "BTC"


@dataclass(frozen=True, slots=True)
class SymbolRow:
    """One symbol of a venue.

    Attributes
    ----------
    last
        Last price, quote asset.
    quote_volume
        Traded in the last 24 hours, quote asset.
    source
        ``recorded`` for a real market, ``synthetic`` for one the simulated venue invented.
    """

    symbol: str
    last: "Decimal"
    quote_volume: "Decimal"
    source: str


def symbols(
    ws: Workspace,
    *,
    quote: str | None = None,
    contracts: bool = False,
    limit: int | None = None,
    exchange: str | None = None,
) -> list[SymbolRow]:
    """Active symbols of one face: BTC first, then by volume of the last 24 hours.

    Parameters
    ----------
    quote
        Only symbols quoted in this asset.
    contracts
        Perpetual contracts instead of spot.

    Raises
    ------
    UnknownName
        If nothing is quoted in ``quote``.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"expected a limit of at least 1, found {limit}")
    with market_data(ws, exchange) as market:
        listed = market.tickers(contracts)
        quotes = {ticker.symbol.quote for ticker in listed}
        wanted = quote.upper() if quote else None
        if wanted is not None and wanted not in quotes:
            raise unknown(
                "quote asset", wanted, quotes, hint=f"xq symbols --exchange {market.name}"
            )
        chosen = [t for t in listed if wanted in (None, t.symbol.quote)]
        chosen.sort(key=lambda t: (t.symbol.base != _FIRST, -t.quote_volume, str(t.symbol)))
        return [
            SymbolRow(
                str(ticker.symbol),
                ticker.last,
                ticker.quote_volume,
                "synthetic" if market.find(ticker.symbol).synthetic else "recorded",
            )
            for ticker in chosen[:limit]
        ]
