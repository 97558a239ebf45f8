"""Order books in a row: ids that chain them, three clocks, their snapshots, the market's grid."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from xq.lake.poison.book import second_best
from xq.lake.poison.levels import SIDES
from xq.lake.poison.rule import BOOKS, Hits, Rule, Severity
from xq.lake.poison.sheet import Sheet
from xq.timeframe import HOUR_MS, MINUTE_MS

_NS_PER_MS = 10**6
_NS = (10**18, 4 * 10**18)  # 2001 to 2096
_NEAR = 0.1
_MATCHED_MS = 1000  # what two machines of one venue may differ
_EPS = float(np.finfo(np.float64).eps)


class _Links(NamedTuple):
    """Each change beside the one before it; the first row has none and is never hit.

    A stranger is a row that follows neither neighbour, although they follow one another: another
    stream's. The row after it is held against the one before it.
    """

    last: np.ndarray
    told: np.ndarray  # the id of its predecessor, named by the venue or counted
    prior: np.ndarray  # the id of the row before
    stranger: np.ndarray


def _links(sheet: Sheet) -> _Links:
    book = sheet.book
    last = book.whole("last_id")
    told = np.where(book.known("previous_id"), book.whole("previous_id"), _first(sheet) - 1)
    stranger = sheet.nothing()
    if len(sheet) > 2:
        joined = (told[2:] == last[:-2]) & (last[2:] > last[:-2])
        loose = told[1:-1] != last[:-2]
        other = (last[1:-1] != last[:-2]) & (last[1:-1] != last[2:])
        stranger[1:-1] = joined & loose & other
    before = np.arange(len(sheet)) - 1
    before[1:] -= stranger[:-1]
    prior = last[before]
    prior[:1] = told[:1]
    return _Links(last, told, prior, stranger)


def _first(sheet: Sheet) -> np.ndarray:
    return sheet.book.whole("first_id" if sheet.kind == "book_diff" else "last_id")


def _not_positive(sheet: Sheet) -> Hits:
    return Hits(sheet.book.known("last_id") & (sheet.book.whole("last_id") <= 0))


def _reversed(sheet: Sheet) -> Hits:
    return Hits(sheet.book.whole("first_id") > sheet.book.whole("last_id"))


def _previous_late(sheet: Sheet) -> Hits:
    book = sheet.book
    late = book.whole("previous_id") >= book.whole("last_id")
    return Hits(book.known("previous_id") & late)


def _previous_lost(sheet: Sheet) -> Hits | None:
    """Contracts name the predecessor of every change, spot of none."""
    named = sheet.book.known("previous_id")
    return Hits(~named) if named.mean() > 0.5 else Hits(named)


def _gap(sheet: Sheet) -> Hits:
    links = _links(sheet)
    lost = (links.told > links.prior) & (links.last > links.prior) & ~links.stranger
    return Hits(lost, {"after": links.prior, "told": links.told})


def _overlap(sheet: Sheet) -> Hits:
    links = _links(sheet)
    begun = (links.told < links.prior) & (links.last > links.prior) & ~links.stranger
    return Hits(begun, {"after": links.prior})


def _back(sheet: Sheet) -> Hits:
    if sheet.kind == "book_snapshot":
        last = sheet.book.whole("last_id")
        return Hits(np.diff(last, prepend=last[:1]) < 0)
    links = _links(sheet)
    late = (links.last < links.prior) & ~links.stranger
    late[:1] = False
    return Hits(late)


def _again(sheet: Sheet) -> Hits:
    """An update that came at another time as well."""
    last, mask = sheet.book.whole("last_id"), sheet.nothing()
    order = np.argsort(last, kind="stable")
    same = np.diff(last[order]) == 0
    mask[order[1:][same & (np.diff(sheet.ts[order]) != 0)]] = True
    return Hits(mask)


def _stranger(sheet: Sheet) -> Hits:
    return Hits(_links(sheet).stranger)


def _matched(test: Callable[[np.ndarray], np.ndarray]) -> Callable[[Sheet], Hits | None]:
    def find(sheet: Sheet) -> Hits | None:
        known = sheet.book.known("matched")
        if not known.any():
            return None
        late = sheet.moment("matched") - sheet.ts
        known &= ~sheet.timeless
        return Hits(known & test(late), {"late": np.abs(late) / 1000})

    return find


def _received(test: Callable[[np.ndarray], np.ndarray]) -> Callable[[Sheet], Hits | None]:
    """Tests how many ms after the venue's time a row was received."""

    def find(sheet: Sheet) -> Hits | None:
        known = sheet.book.known("received_ns")
        if not known.any():
            return None
        at = sheet.book.whole("received_ns")
        late = at // _NS_PER_MS - sheet.ts
        return Hits(
            known & ~sheet.timeless & _is_ns(at) & test(late), {"late": np.abs(late) / 1000}
        )

    return find


def _is_ns(at: np.ndarray) -> np.ndarray:
    return np.asarray((at >= _NS[0]) & (at < _NS[1]))


def _received_unit(sheet: Sheet) -> Hits:
    return Hits(sheet.book.known("received_ns") & ~_is_ns(sheet.book.whole("received_ns")))


def _received_back(sheet: Sheet) -> Hits:
    at = sheet.book.whole("received_ns")
    known = sheet.book.known("received_ns") & _is_ns(at)
    back = np.diff(at, prepend=at[:1]) < -MINUTE_MS * _NS_PER_MS
    return Hits(back & known & np.concatenate(([False], known[:-1])))


def _before_snapshot(sheet: Sheet) -> Hits | None:
    books = sheet.evidence.snapshots
    if books is None or not len(books):
        return None
    first = int(np.argmin(books.ts))
    early = sheet.ts < books.ts[first] - MINUTE_MS
    return Hits(early & (sheet.book.whole("last_id") < books.whole("last_id")[first]))


def _snapshot_disagrees(sheet: Sheet) -> Hits | None:
    """An id between those of two snapshots, at a time that is not between theirs."""
    books = sheet.evidence.snapshots
    if books is None or not len(books):
        return None
    ids = books.whole("last_id")
    order = np.argsort(ids, kind="stable")
    ids, times = ids[order], books.ts[order]
    after = np.searchsorted(ids, sheet.book.whole("last_id"), "right")
    floor = np.concatenate(([np.iinfo(np.int64).min // 2], times))[after]
    ceiling = np.concatenate((times, [np.iinfo(np.int64).max // 2]))[after]
    return Hits((sheet.ts < floor - MINUTE_MS) | (sheet.ts > ceiling + MINUTE_MS))


def _off_step(part: str, column: str) -> Callable[[Sheet], Hits | None]:
    """Off the market's grid by the rules known before that time, and by those that came next.

    Orders keep the grid they were placed on, and rest deep in the book for years: only levels near
    the best are looked at.
    """

    def find(sheet: Sheet) -> Hits | None:
        rules = sheet.evidence.instruments
        if rules is None or not len(rules):
            return None
        steps = np.concatenate(([np.nan], rules.number(column), rules.number(column)[-1:]))
        place = np.searchsorted(rules.ts, sheet.ts, "right")
        low, high = _market(sheet)
        mask = sheet.nothing()
        for side in SIDES:
            levels, prices = getattr(sheet.book, part)[side], sheet.book.prices[side]
            if len(levels.owner) != len(prices.owner):
                continue
            own = levels.owner
            near = (prices.numbers >= low[own]) & (prices.numbers <= high[own])
            off = near & _off(levels.numbers, steps[place][own])
            mask |= levels.any(off & _off(levels.numbers, steps[place + 1][own]))
        return Hits(mask, {"step": steps[place]})

    return find


def _market(sheet: Sheet) -> tuple[np.ndarray, np.ndarray]:
    """(n,) lowest and highest price near the best ones of each row and of those around."""
    best = sheet.book.best
    bid = np.fmax(best["bid"], second_best(best["bid"]))
    ask = np.fmin(best["ask"], -second_best(-best["ask"]))
    return np.fmin(bid, ask) * (1 - _NEAR), np.fmax(ask, bid) * (1 + _NEAR)


def _off(values: np.ndarray, step: np.ndarray) -> np.ndarray:
    times = values / step
    slack = np.maximum(1e-6, 8 * _EPS * np.abs(times))
    return np.asarray((step > 0) & np.isfinite(times) & (np.abs(times - np.round(times)) > slack))


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_DIFF = ("book_diff",)
# What a row shows by itself: these refuse a write.
ALONE = (
    Rule("id_not_positive", "chain", "the id of an update is zero or below", _ERROR,
         "last_id is {last_id}", _not_positive, kinds=BOOKS),
    Rule("ids_reversed", "chain", "a change ends before it begins", _ERROR,
         "first_id {first_id} is after last_id {last_id}", _reversed, kinds=_DIFF),
    Rule("previous_id_late", "chain", "a change names itself or a later one as its predecessor",
         _ERROR, "previous_id {previous_id} is not before last_id {last_id}", _previous_late,
         kinds=_DIFF),
)  # fmt: skip
RULES = (
    *ALONE,
    Rule("previous_id_mixed", "chain", "a change names its predecessor where the others do not, "
         "or does not where they do: spot and contract mixed", _ERROR,
         "update {last_id} is chained in another way than the others", _previous_lost,
         kinds=_DIFF),
    Rule("book_gap", "chain", "changes are missing before this one", _WARNING,
         "update {last_id} follows {told}, the one before is {after}", _gap, kinds=_DIFF),
    Rule("changes_overlap", "chain", "a change begins before the one before it ended", _ERROR,
         "update {last_id} begins before update {after} ended", _overlap, kinds=_DIFF),
    Rule("update_back", "chain", "a later row has a smaller id", _ERROR,
         "update {last_id} after a larger one", _back, kinds=BOOKS),
    Rule("update_repeated", "chain", "an update stands at two times", _ERROR,
         "update {last_id} stands at another time as well", _again, kinds=_DIFF),
    Rule("mixed_stream", "chain", "a change between two that follow one another: another "
         "stream's or symbol's", _ERROR, "update {last_id} belongs to neither neighbour",
         _stranger, kinds=_DIFF),
    Rule("matched_after_event", "chain", "matched a second or more after the event that tells it",
         _ERROR, "matched {late} s after the event time {ts}",
         _matched(lambda late: late >= _MATCHED_MS), kinds=BOOKS),
    Rule("matched_long_before", "chain", "matched a minute or more before the event that tells it",
         _WARNING, "matched {late} s before the event time {ts}",
         _matched(lambda late: late <= -MINUTE_MS), kinds=BOOKS),
    Rule("received_not_ns", "chain", "the receive time is not in nanoseconds", _ERROR,
         "received_ns is {received_ns}", _received_unit, kinds=BOOKS),
    Rule("received_early", "chain", "received a minute or more before the venue's time", _WARNING,
         "received {late} s before the event time {ts}",
         _received(lambda late: late <= -MINUTE_MS), kinds=BOOKS),
    Rule("received_late", "chain", "received an hour or more after the venue's time", _WARNING,
         "received {late} s after the event time {ts}",
         _received(lambda late: late >= HOUR_MS), kinds=BOOKS),
    Rule("received_back", "chain", "received a minute or more before the row before it", _WARNING,
         "update {last_id} was received before the one before it", _received_back, kinds=BOOKS),
    Rule("before_snapshot", "chain", "a change a minute or more before the first snapshot: "
         "no book to apply it to", _WARNING, "no snapshot before update {last_id}",
         _before_snapshot, "snapshots", _DIFF),
    Rule("snapshot_disagrees", "chain", "a snapshot's id and time contradict the change's",
         _WARNING, "a snapshot puts update {last_id} at another time than {ts}",
         _snapshot_disagrees, "snapshots", _DIFF),
    Rule("price_off_tick", "chain", "a price near the best off the tick of that time", _WARNING,
         "a price of update {last_id} is no multiple of {step}", _off_step("prices", "tick"),
         "instruments", BOOKS),
    Rule("quantity_off_lot", "chain", "a quantity near the best off the lot of that time", _WARNING,
         "a quantity of update {last_id} is no multiple of {step}",
         _off_step("quantities", "lot"), "instruments", BOOKS),
)  # fmt: skip
