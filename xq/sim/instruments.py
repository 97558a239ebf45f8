"""The markets of the simulated venue: trading rules and the character of each price.

The table is our own: prices of the size these coins had at the start of 2024, ticks and lots of the
size exchanges use for such prices. The coins after them are invented, see `xq.sim.market_coins`.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache

from xq.sim.exact import digits_of, units_of
from xq.sim.market_coins import MARKETS, TRADES_A_DAY, coins
from xq.types import Instrument, Symbol

QUOTE = "USDT"
LISTED_MS = 1_672_531_200_000  # 2023-01-01: no market of the venue is older
REPLAY_START_MS = 1_679_702_400_000  # 2023-03-25: first recorded hour of BTC/USDT
TRADES_START_MS = 1_704_067_200_000  # 2024-01-01: first recorded trade; the venue's clock starts
TRADES_END_MS = TRADES_START_MS + 6 * 3_600_000  # the recorded tape ends, the synthetic one goes on


class Face(StrEnum):
    """Which of the venue's two markets: spot, or USDⓈ-M perpetual contracts."""

    SPOT = "spot"
    FUTURES = "futures"


class Market(StrEnum):
    """Where the venue's prices come from."""

    SYNTHETIC = "synthetic"
    REPLAY = "replay"
    BOOK = "book"


@dataclass(frozen=True, slots=True)
class Profile:
    """How one coin's synthetic price behaves.

    Attributes
    ----------
    price
        Quote asset, at 2024-01-01 00:00 UTC.
    turnover
        Typical quote asset traded in a day on spot.
    beta
        Move per unit of BTC's move; 1 for BTC itself.
    volatility
        Standard deviation of the own daily log return in a calm market.
    trades
        How many there are in a day, the same every day, so that ids are found by arithmetic.
    """

    base: str
    price: float
    turnover: float
    beta: float
    volatility: float
    trades: int = 14_400


@dataclass(frozen=True, slots=True)
class SimInstrument:
    """One market of the simulated venue.

    Attributes
    ----------
    id
        The venue's own spelling, ``BTCUSDT``.
    contract
        Whether it is a perpetual contract.
    listed_ms
        Open time of the first bar there is.
    synthetic_from_ms
        From here on the price is invented; 0 when all of it is.
    fee_in_quote
        Spot fees from the quote asset, to the last digit.
    max_quantity, max_price
        Of one order; None: by the lot, by the tick.

    Examples
    --------
    >>> [bitcoin] = [item for item in instruments(Face.SPOT) if item.id == "BTCUSDT"]
    >>> str(bitcoin.instrument.symbol), bitcoin.instrument.tick, bitcoin.synthetic_from_ms
    ('BTC/USDT', Decimal('0.01'), 1704088800000)
    """

    id: str
    instrument: Instrument
    base: str
    quote: str
    contract: bool
    listed_ms: int
    synthetic_from_ms: int
    profile: Profile
    fee_in_quote: bool = False
    max_quantity: Decimal | None = None
    max_price: Decimal | None = None

    @property
    def replayed(self) -> bool:
        """Whether recorded history comes before the synthetic market."""
        return self.synthetic_from_ms > 0

    @property
    def tape_from_ms(self) -> int:
        """From here on there are trades, hence bars of every timeframe."""
        return TRADES_START_MS if self.replayed else self.listed_ms

    @property
    def price_digits(self) -> int:
        """Decimal places of a price."""
        return digits_of(self.instrument.tick)

    @property
    def quantity_digits(self) -> int:
        """Decimal places of a quantity."""
        return digits_of(self.instrument.lot)

    @property
    def tick_units(self) -> int:
        """The tick in units of the last decimal place."""
        return units_of(self.instrument.tick)

    @property
    def lot_units(self) -> int:
        """The lot in units of the last decimal place."""
        return units_of(self.instrument.lot)


@cache
def instruments(face: Face) -> tuple[SimInstrument, ...]:
    """Every market of one face, BTC first, the invented coins last."""
    if face is Face.SPOT:
        main = tuple(_spot(*row) for row in _SPOT)
        found = coins(MARKETS - len(main))
        return (*main, *(_spot(coin.base, coin.tick, coin.lot) for coin in found))
    main = tuple(_perpetual(*row) for row in _PERPETUALS)
    found = coins(MARKETS - len(main))
    return (*main, *(_perpetual(coin.base, coin.tick, coin.lot, "5") for coin in found))


def profile(base: str) -> Profile:
    """The character of one coin's price."""
    return PROFILES[base]


def _spot(base: str, tick: Decimal | str, lot: Decimal | str) -> SimInstrument:
    real = base == "BTC"
    rules = Instrument(
        symbol=Symbol(base, QUOTE),
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_quantity=Decimal(lot),
        min_notional=Decimal(5),
        maker=Decimal("0.001"),
        taker=Decimal("0.001"),
        synthetic=not real,
    )
    return SimInstrument(
        id=base + QUOTE,
        instrument=rules,
        base=base,
        quote=QUOTE,
        contract=False,
        listed_ms=REPLAY_START_MS if real else LISTED_MS,
        synthetic_from_ms=TRADES_END_MS if real else 0,
        profile=PROFILES[base],
    )


def _perpetual(
    base: str, tick: Decimal | str, lot: Decimal | str, min_notional: str
) -> SimInstrument:
    rules = Instrument(
        symbol=Symbol(base, QUOTE, QUOTE),
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_quantity=Decimal(lot),
        min_notional=Decimal(min_notional),
        maker=Decimal("0.0002"),
        taker=Decimal("0.0005"),
        synthetic=True,
    )
    return SimInstrument(
        id=base + QUOTE,
        instrument=rules,
        base=base,
        quote=QUOTE,
        contract=True,
        listed_ms=LISTED_MS,
        synthetic_from_ms=0,
        profile=PROFILES[base],
    )


PROFILES = {
    row[0]: Profile(*row)
    for row in (
        # base, price, turnover, beta, volatility
        ("BTC", 42_283.58, 1.3e9, 1.0, 0.016),
        ("ETH", 2_281.90, 6.5e8, 1.05, 0.010),
        ("SOL", 101.60, 4.2e8, 1.25, 0.026),
        ("BNB", 311.80, 2.1e8, 0.70, 0.013),
        ("XRP", 0.6150, 2.0e8, 0.75, 0.018),
        ("DOGE", 0.08950, 1.1e8, 0.95, 0.022),
        ("AVAX", 38.50, 1.5e8, 1.20, 0.027),
        ("ADA", 0.5940, 1.0e8, 1.00, 0.021),
        ("LINK", 14.93, 7.5e7, 0.95, 0.023),
        ("DOT", 8.190, 6.8e7, 1.05, 0.021),
        ("MATIC", 0.9710, 6.5e7, 1.10, 0.022),
        ("ARB", 1.588, 9.5e7, 1.15, 0.028),
        ("INJ", 36.90, 6.0e7, 1.10, 0.034),
        ("LTC", 72.80, 4.8e7, 0.80, 0.016),
        ("BCH", 258.60, 4.0e7, 0.95, 0.021),
        ("OP", 3.720, 5.5e7, 1.20, 0.030),
        ("NEAR", 3.650, 5.0e7, 1.15, 0.029),
        ("ATOM", 10.59, 4.2e7, 0.95, 0.021),
        ("SUI", 0.7790, 4.5e7, 1.10, 0.030),
        ("SHIB", 0.00001031, 5.2e7, 0.90, 0.021),
        ("PEPE", 0.00000130, 4.6e7, 1.20, 0.035),
        ("APT", 9.420, 3.8e7, 1.10, 0.028),
        ("FIL", 6.930, 3.6e7, 1.05, 0.024),
        ("TRX", 0.10780, 2.8e7, 0.45, 0.011),
        ("ETC", 22.10, 3.1e7, 1.00, 0.022),
        ("UNI", 7.320, 2.6e7, 0.95, 0.023),
        ("ICP", 12.90, 2.9e7, 1.05, 0.030),
        ("AAVE", 108.90, 1.8e7, 1.00, 0.024),
        ("XLM", 0.12940, 1.6e7, 0.70, 0.018),
        ("HBAR", 0.08730, 1.5e7, 0.90, 0.021),
        ("VET", 0.03410, 1.4e7, 0.95, 0.022),
        ("ALGO", 0.22270, 1.3e7, 0.95, 0.022),
    )
} | {
    coin.base: Profile(
        coin.base, coin.price, coin.turnover, coin.beta, coin.volatility, TRADES_A_DAY
    )
    for coin in coins(MARKETS)
}

_SPOT = (
    # base, tick, lot
    ("BTC", "0.01", "0.00001"),
    ("ETH", "0.01", "0.0001"),
    ("SOL", "0.01", "0.01"),
    ("BNB", "0.1", "0.001"),
    ("XRP", "0.0001", "1"),
    ("AVAX", "0.01", "0.01"),
    ("DOGE", "0.00001", "1"),
    ("ADA", "0.0001", "0.1"),
    ("ARB", "0.0001", "0.1"),
    ("LINK", "0.001", "0.01"),
    ("DOT", "0.001", "0.01"),
    ("MATIC", "0.0001", "0.1"),
    ("INJ", "0.01", "0.1"),
    ("OP", "0.001", "0.01"),
    ("SHIB", "0.00000001", "1"),
    ("NEAR", "0.001", "0.1"),
    ("LTC", "0.01", "0.001"),
    ("PEPE", "0.00000001", "1"),
    ("SUI", "0.0001", "0.1"),
    ("ATOM", "0.001", "0.01"),
    ("BCH", "0.1", "0.001"),
    ("APT", "0.001", "0.01"),
    ("FIL", "0.001", "0.01"),
    ("ETC", "0.01", "0.01"),
    ("ICP", "0.001", "0.01"),
    ("TRX", "0.00001", "0.1"),
    ("UNI", "0.001", "0.01"),
    ("AAVE", "0.01", "0.001"),
    ("XLM", "0.0001", "1"),
    ("HBAR", "0.0001", "1"),
    ("VET", "0.00001", "0.1"),
    ("ALGO", "0.0001", "1"),
)

_PERPETUALS = (
    # base, tick, lot, min notional
    ("BTC", "0.1", "0.001", "100"),
    ("ETH", "0.01", "0.001", "20"),
    ("SOL", "0.01", "0.1", "5"),
    ("BNB", "0.01", "0.01", "5"),
    ("XRP", "0.0001", "0.1", "5"),
    ("AVAX", "0.001", "0.1", "5"),
    ("DOGE", "0.00001", "1", "5"),
    ("ADA", "0.0001", "1", "5"),
    ("ARB", "0.0001", "0.1", "5"),
    ("LINK", "0.001", "0.01", "20"),
    ("DOT", "0.001", "0.1", "5"),
    ("LTC", "0.01", "0.001", "20"),
    ("BCH", "0.01", "0.001", "20"),
    ("NEAR", "0.001", "1", "5"),
    ("ATOM", "0.001", "0.01", "5"),
    ("TRX", "0.00001", "1", "5"),
    ("UNI", "0.001", "0.1", "5"),
    ("OP", "0.0001", "0.1", "5"),
)
