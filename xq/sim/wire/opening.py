"""A venue from its folder: ledger, prices, clock."""

from collections.abc import Sequence
from pathlib import Path

from xq.ports import Clock
from xq.sim.accounts import MAIN
from xq.sim.ledger import FILE_NAME, Ledger
from xq.sim.market_models import Latency
from xq.sim.market_open import Source, synthetic
from xq.sim.pace import Pace
from xq.sim.venue import SimVenue


def open_venue(
    state: Path,
    clock: Clock,
    seed: int,
    start_ms: int | None = None,
    accounts: Sequence[str] = (MAIN,),
    *,
    source: Source | None = None,
    pace: Pace | None = None,
    latency: Latency | None = None,
) -> SimVenue:
    """The venue whose ledger lies in ``state``; close its ledger when done.

    Parameters
    ----------
    source
        Where its prices come from; None is the venue's own markets.
    pace
        How fast its time passes; None goes on as the ledger remembers.
    latency
        How long orders travel; None is no time.

    Raises
    ------
    ConfigError, UsageError, CorruptFile, StorageFailed, NoData
        As `SimVenue`, `Ledger` and the source do.
    """
    ledger = Ledger(state / FILE_NAME)
    try:
        known = ledger.world() is not None
        begin = ledger.load().settled_ms if known and start_ms is None else start_ms
        prices = (synthetic(seed) if source is None else source)(begin)
        return SimVenue(
            ledger,
            prices.feeds,
            clock,
            seed=seed,
            start_ms=start_ms if known else prices.start_ms if start_ms is None else start_ms,
            accounts=accounts,
            pace=pace,
            latency=latency,
            end_ms=prices.end_ms,
            market=prices.market,
        )
    except BaseException:
        ledger.close()
        raise
