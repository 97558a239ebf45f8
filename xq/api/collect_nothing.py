"""A collect of which nothing exists: an answer with rows, and no success."""

from typing import TYPE_CHECKING

from xq.errors import NoData

if TYPE_CHECKING:
    from xq.api.collect import CollectReport


def refuse_nothing(report: "CollectReport") -> None:
    """Raise if the venue has not one of all bars that were wanted.

    Kinds without bars cannot tell.

    Raises
    ------
    NoData
        With how many were wanted.
    """
    missing = [row.missing for row in report.rows if row.bars == 0 and row.missing]
    if not missing or len(missing) < len(report.rows):
        return
    first = report.rows[0]
    wanted = sum(missing)
    what = "the bar" if wanted == 1 else f"any of the {wanted:,} bars"
    raise NoData(
        f"{report.exchange} does not have {what} wanted",
        where=f"{first.symbol} {first.timeframe}",
        hint="another --timeframe, or another time: --since, --until",
    )
