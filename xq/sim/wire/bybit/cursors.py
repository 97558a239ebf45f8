"""Where a page of a history ended: a time, and what of that time came last."""

import re
from dataclasses import dataclass

from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.bybit.ids import Sort

_FORM = re.compile(r"(\d{1,15})_(\d)_(\d{1,15})", re.ASCII)
_ALL = 2**62


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One row's place among rows of several sorts; later rows are larger."""

    ts: int
    sort: int
    number: int

    def __str__(self) -> str:
        return f"{self.ts}_{self.sort:d}_{self.number}"

    def before(self, sort: Sort) -> tuple[int, int]:
        """Time and id below which rows of a sort are older than this place.

        Examples
        --------
        >>> place = Place(1000, Sort.CONDITIONAL, 7)
        >>> place.before(Sort.CONDITIONAL), place.before(Sort.DECLINED)
        ((1000, 7), (1000, 0))
        """
        if sort == self.sort:
            return self.ts, self.number
        return self.ts, _ALL if sort < self.sort else 0


def place_of(cursor: str | None) -> Place | None:
    """The place of a cursor of ours; None where the first page is asked for.

    Examples
    --------
    >>> place_of("1000_1_7")
    Place(ts=1000, sort=1, number=7)
    """
    if cursor is None:
        return None
    found = _FORM.fullmatch(cursor)
    if found is None:
        raise Refusal(Reason.MALFORMED_PARAMETER, "cursor")
    return Place(*(int(part) for part in found.groups()))
