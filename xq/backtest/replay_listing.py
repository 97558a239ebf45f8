"""The rules by which a replayed symbol trades."""

from dataclasses import dataclass
from decimal import Decimal
from math import floor, isfinite, log10

from xq.backtest.conditions import Filters
from xq.backtest.replay_feed import exact
from xq.backtest.replay_scope import id_of
from xq.sim.instruments import Profile, SimInstrument
from xq.sim.margin import ASSET
from xq.types import Instrument, Symbol

_LARGEST = Decimal(10) ** 15
_GRAIN = 1e-12  # of the cash, of the price: the steps where there are no filters


@dataclass(frozen=True, slots=True)
class Listing:
    """Trading rules of one replayed symbol; `fee_in_quote` as in `SimInstrument`.

    Attributes
    ----------
    grain, fineness
        Steps of quantities and of prices where the filters have none.
    """

    symbol: Symbol
    filters: Filters
    grain: Decimal
    fineness: Decimal
    fee: Decimal
    fee_in_quote: bool = True

    def market(self) -> SimInstrument:
        """The market of the simulated venue. Its quote asset is the venue's own money."""
        filters, most = self.filters, self.filters.max_quantity
        lot = exact(filters.lot) if filters.lot > 0.0 else self.grain
        rules = Instrument(
            symbol=self.symbol,
            tick=exact(filters.tick) if filters.tick > 0.0 else self.fineness,
            lot=lot,
            min_quantity=max(lot, exact(filters.min_quantity)),
            min_notional=exact(filters.min_notional),
            maker=self.fee,
            taker=self.fee,
        )
        return SimInstrument(
            id=id_of(self.symbol),
            instrument=rules,
            base=str(self.symbol),  # an asset of its own, whatever else bears the coin's name
            quote=ASSET,
            contract=self.symbol.is_contract,
            listed_ms=0,
            synthetic_from_ms=0,
            profile=Profile(self.symbol.base, price=0.0, turnover=0.0, beta=0.0, volatility=0.0),
            fee_in_quote=self.fee_in_quote,
            max_price=_LARGEST,
            max_quantity=exact(most) if isfinite(most) else _LARGEST,
        )


def grain(price: float, cash: float) -> Decimal:
    """A step of quantity too small to matter: about a trillionth of the cash.

    Examples
    --------
    >>> grain(30_000.0, 10_000.0)
    Decimal('1E-13')
    """
    return Decimal(10) ** floor(log10(cash * _GRAIN / price))


def fineness(price: float) -> Decimal:
    """A step of price too small to matter: about a trillionth of it.

    Examples
    --------
    >>> fineness(30_000.0)
    Decimal('1E-8')
    """
    return Decimal(10) ** floor(log10(price * _GRAIN))
