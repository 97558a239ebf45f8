"""``xq data compact``."""

from xq.cli.data_verify import Exchange, Kind, Length, Name
from xq.cli.shell import Shell


def compact(
    shell: Shell,
    kind: Kind = None,
    exchange: Exchange = None,
    symbol: Name = None,
    timeframe: Length = None,
) -> None:
    """Rewrite files of older versions and other programs as xq writes them today.

    Collecting leaves one file per leaf by itself; rows never change here.
    """
    from xq.api import housekeeping

    chosen = housekeeping.Selection(kind, exchange, symbol, timeframe)
    rows = housekeeping.compact(shell.workspace, chosen, progress=shell.progress)
    shell.rows(rows)
    saved = sum(row.bytes_before - row.bytes_after for row in rows)
    done, of = sum(row.rewritten for row in rows), sum(row.files for row in rows)
    shell.note(f"{done} of {of} files rewritten, {saved:,} bytes saved")
