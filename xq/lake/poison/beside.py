"""Rows held against another series: shorter bars, trades, mark, the other market, other symbols."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from xq.lake.derive import of_what_traded
from xq.lake.poison.rule import BARS, FAIR, Hits, Rule, Severity
from xq.lake.poison.sheet import FIELDS, PRICES, Sheet
from xq.timeframe import Timeframe

_TOLERANCE = 1e-9
_VOLUME_TOLERANCE = 1e-6
_MARK_FAR, _BASIS_FAR, _INDEX_FAR = 0.1, 0.2, 0.05
_SAME = 0.002
_APART = 0.5


def folded(finer: Sheet, bar: Timeframe) -> tuple[Sheet, np.ndarray]:
    """Bars of a length made of shorter ones or of trades, and how many rows each is made of."""
    if not len(finer):
        empty = pa.table({name: pa.array([], pa.float64()) for name in ("ts", *FIELDS)})
        return Sheet(empty, bar=bar), np.zeros(0, np.int64)
    tape = finer.kind == "trades"
    edges = bar.floor(finer.ts)
    ts, first = np.unique(edges, return_index=True)
    last = np.append(first[1:], len(edges)) - 1
    columns = [finer.close] * 4 if tape else [finer.number(name) for name in PRICES]
    volume = finer.number("quantity") if tape else finer.volume
    told = of_what_traded(dict(zip(FIELDS, (*columns, volume), strict=True)), first)
    opens, high, low, close = (told[name] for name in PRICES)
    values = {
        "ts": ts, "open": opens[first], "high": np.maximum.reduceat(high, first),
        "low": np.minimum.reduceat(low, first), "close": close[last],
        "volume": np.add.reduceat(volume, first),
    }  # fmt: skip
    return Sheet(pa.table(values), bar=bar), last - first + 1


def _whole(bar: Timeframe, finer: Sheet) -> tuple[Sheet, np.ndarray]:
    """The finer rows folded, and which bars they cover without a hole."""
    bars, count = folded(finer, bar)
    if finer.bar is not None:
        return bars, count == finer.bar.count(bars.ts, bar.end(bars.ts))
    whole = np.ones(len(bars), dtype=bool)
    whole[[0, -1]] = False  # a tape may begin and end inside a bar
    return bars, whole


def _differs(source: str, name: str) -> Callable[[Sheet], Hits | None]:
    tolerance = _VOLUME_TOLERANCE if name == "volume" else _TOLERANCE

    def find(sheet: Sheet) -> Hits | None:
        other = getattr(sheet.evidence, source)
        if sheet.bar is None or not len(other) or not sheet.has(name):
            return None
        bars, whole = _whole(sheet.bar, other)
        place, known = sheet.match(bars)
        theirs = bars.number(name)[place]
        off = np.abs(sheet.number(name) - theirs) > tolerance * np.abs(theirs)
        return Hits(known & whole[place] & off, {"theirs": theirs})

    return find


def _not_in_finer(sheet: Sheet) -> Hits | None:
    finer = sheet.evidence.finer
    if finer is None or not len(finer) or sheet.bar is None:
        return None
    bars, _ = folded(finer, sheet.bar)
    _, known = sheet.match(bars)
    inside = (sheet.ts > bars.ts[0]) & (sheet.ts < bars.ts[-1])
    return Hits(inside & ~known & sheet.traded)


def _far(source: str, limit: float) -> Callable[[Sheet], Hits | None]:
    def find(sheet: Sheet) -> Hits | None:
        other = getattr(sheet.evidence, source)
        place, known = sheet.match(other)
        if not len(other):
            return None
        theirs = other.close[place]
        with np.errstate(invalid="ignore", divide="ignore"):
            away = np.abs(np.log(sheet.close / theirs))
        return Hits(known & (away > limit), {"own": sheet.close, "theirs": theirs})

    return find


def _copied(sheet: Sheet) -> Hits:
    mask, whose = sheet.nothing(), np.full(len(sheet), "", dtype=object)
    for symbol, other in sheet.evidence.siblings.items():
        place, known = sheet.match(other)
        if not known.any():
            continue
        same = (sheet.prices == other.prices[place]).all(axis=1) & known & sheet.traded
        if sheet.has("volume"):
            same &= sheet.volume == other.volume[place]
        whose[same & ~mask] = symbol
        mask |= same
    return Hits(mask, {"other": whose})


def _swapped(sheet: Sheet) -> Hits:
    """Far from its own neighbours, close to another symbol at that time."""
    mask, whose = sheet.nothing(), np.full(len(sheet), "", dtype=object)
    with np.errstate(invalid="ignore", divide="ignore"):
        alone = np.abs(np.log(sheet.close / sheet.usual_close)) > _APART
        for symbol, other in sheet.evidence.siblings.items():
            place, known = sheet.match(other)
            if not known.any():
                continue
            near = np.abs(np.log(sheet.close / other.close[place])) < _SAME
            found = alone & known & near
            whose[found & ~mask] = symbol
            mask |= found
    return Hits(mask, {"other": whose})


_ERROR, _WARNING, _OHLCV = Severity.ERROR, Severity.WARNING, ("ohlcv",)
RULES = (
    *(Rule(f"finer_{name}_differs", "cross-timeframe", f"shorter bars give another {name}",
           _ERROR, f"{name} {{{name}}}, shorter bars give {{theirs}}", _differs("finer", name),
           "finer", _OHLCV if name == "volume" else BARS) for name in FIELDS),
    Rule("not_in_finer", "cross-timeframe", "a bar that moved where no shorter bar is", _ERROR,
         "no shorter bar inside the bar of {ts}", _not_in_finer, "finer"),
    *(Rule(f"trades_{name}_differs", "cross-dataset", f"the trades give another {name}",
           _ERROR, f"{name} {{{name}}}, the trades give {{theirs}}", _differs("trades", name),
           "trades", _OHLCV) for name in FIELDS),
    Rule("far_from_mark", "cross-dataset", "the price is 10 % away from the mark price", _WARNING,
         "at {own}, the mark price is {theirs}", _far("mark", _MARK_FAR), "mark",
         ("ohlcv", "open_interest")),
    Rule("far_from_last", "cross-dataset", "the price is 10 % away from the last traded one",
         _WARNING, "at {own}, the last trade is at {theirs}", _far("last", _MARK_FAR), "last",
         (*FAIR, "open_interest")),
    Rule("far_from_index", "cross-dataset", "the mark price is 5 % away from the index", _WARNING,
         "at {own}, the index is {theirs}", _far("index", _INDEX_FAR), "index", ("mark",)),
    Rule("far_from_twin", "cross-dataset", "the close is 20 % away from the other market",
         _WARNING, "close {close}, the other market closes at {theirs}",
         _far("twin", _BASIS_FAR), "twin", _OHLCV),
    Rule("copied_symbol", "cross-symbol", "the bar equals another symbol's, volume included",
         _ERROR, "the bar of {ts} is that of {other}", _copied, "siblings"),
    Rule("swapped_symbol", "cross-symbol", "the bar is at another symbol's price", _ERROR,
         "close {close} is the price of {other}", _swapped, "siblings"),
)  # fmt: skip
