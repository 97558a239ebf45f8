"""How much a market trades: the class by which brackets of leverage are chosen."""

from enum import StrEnum

from xq.sim.instruments import QUOTE, profile


class Standing(StrEnum):
    """How much a market trades, by which brackets of leverage are chosen."""

    MAJOR = "major"  # a day's turnover of at least 500 million
    LARGE = "large"  # 100 million
    MIDDLE = "middle"  # 10 million
    SMALL = "small"


def standing(symbol_id: str) -> Standing:
    """The class of one of the venue's own markets, by its coin's turnover; small if unknown.

    Examples
    --------
    >>> str(standing("BTCUSDT")), str(standing("ALGOUSDT")), str(standing("FLUNEXUSDT"))
    ('major', 'middle', 'small')
    """
    try:
        turnover = profile(symbol_id.removesuffix(QUOTE)).turnover
    except KeyError:  # a recorded market that is none of ours
        return Standing.SMALL
    for least, name in ((5e8, Standing.MAJOR), (1e8, Standing.LARGE), (1e7, Standing.MIDDLE)):
        if turnover >= least:
            return name
    return Standing.SMALL
