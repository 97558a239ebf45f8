"""What a lake is made to do while its disk fails: a beginning, the work, and what may be there."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from support.children import Say
from support.lake_damage import Damage, plant
from support.lake_worker import HOUR, NOW, OLDER, START, bars, dataset, squeeze
from support.torture_venue import is_hole

from xq.collect.donors import Venue
from xq.collect.fetch import Source
from xq.collect.mend import Patient, mend
from xq.collect.run import Ways
from xq.collect.run import collect as bring
from xq.collect.task import Task
from xq.lake import facts, parquet
from xq.lake.coverage import Coverage
from xq.lake.damage import damage_of
from xq.lake.facts import Fact, What
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.lake.remove import remove
from xq.lake.verify import accept
from xq.lake.writer import LakeWriter
from xq.ports import MarketData
from xq.timeframe import Timeframe
from xq.types import Symbol

BTC = dataset("AAA/USDT")
OLD, NEW = range(200, 300), range(250, 350)  # hours around the change of year, in two files
FETCHED = range(200, 340)


def _set(hours: Sequence[int]) -> frozenset[int]:
    return frozenset(hour for hour in hours if not is_hole(hour))


def _asked(hours: range) -> Range:
    return Range(START + hours.start * HOUR, START + hours.stop * HOUR)


class FormulaMarket(MarketData):
    """A venue at the port, so that the only calls are those of the lake."""

    name = "binance"

    def bars(
        self, symbol: Symbol, timeframe: Timeframe, since_ms: int, limit: int = 1000
    ) -> np.ndarray:
        first = (since_ms - START) // HOUR
        table = bars([hour for hour in range(first, first + limit) if 0 <= hour < 400])
        ts = np.asarray(table["ts"].cast("int64"), dtype=np.float64)
        return np.column_stack([ts, *(np.asarray(table[name]) for name in table.column_names[1:])])


@dataclass(frozen=True)
class Work:
    """One thing a lake does.

    Attributes
    ----------
    begin, run
        What is there before, made undisturbed; and the work itself, which may be run again.
    before, after
        Hours that are there without it and with it.
    whole
        Whether it is done at one instant: nothing between before and after may be seen.
    """

    begin: Callable[[Path], object]
    run: Callable[[Path], object]
    before: frozenset[int] = field(default_factory=lambda: _set(OLD))
    after: frozenset[int] = field(default_factory=lambda: _set(OLD))
    whole: bool = False


def _nothing(root: Path) -> None:
    root.parent.mkdir(exist_ok=True)


def _filled(root: Path) -> None:
    LakeWriter(root).upsert(BTC, bars(OLD), covered=_asked(OLD))


def _older(root: Path) -> None:
    _filled(root)
    canonical = parquet._ROW_GROUP
    squeeze(root, OLDER)
    parquet._ROW_GROUP = canonical


def _upsert(root: Path) -> None:
    LakeWriter(root).upsert(BTC, bars(NEW), covered=_asked(NEW))


def _cover(root: Path) -> None:
    Coverage(root).add(BTC, _asked(range(190, 310)))


def _note(root: Path) -> None:
    asked = _asked(range(190, 310))
    new = [Fact(what, asked.start_ms, asked.end_ms, "binance", "asked", NOW) for what in What]
    facts.record(root, BTC, new)


def _collect(root: Path) -> None:
    task = Task(
        "binance", Symbol.parse("AAA/USDT"), Timeframe.parse("1h"), _asked(FETCHED), NOW
    )  # fmt: skip
    [done] = bring(Ways(Source(FormulaMarket(), skips_holes=True)), root, [task])
    if done.error is not None:
        raise done.error


def _damaged(how: str) -> Callable[[Path], object]:
    import random

    def begin(root: Path) -> None:
        _filled(root)
        damage = plant(root, BTC, random.Random(4), how)
        assert damage is not None
        root.with_name("damage.json").write_text(json.dumps(asdict(damage)))

    return begin


def damage_at(root: Path) -> Damage | None:
    """What was damaged on purpose."""
    path = root.with_name("damage.json")
    if not path.exists():
        return None
    tree = json.loads(path.read_text())
    return Damage(**{**tree, "hours": tuple(tree["hours"])})


def _repair(root: Path) -> None:
    donor = Venue(Ways(Source(FormulaMarket(), skips_holes=True)), "binance")
    damage = damage_of(Lake(root), BTC, now_ms=NOW)
    if not damage.is_empty:
        done = mend(Patient(root, BTC, damage, donor, NOW))
        assert not done.refused, done.refused


def _strays(root: Path) -> None:
    """What a killed writer leaves: staged files, and a removal cut short."""
    _filled(root)
    for name in (BTC.slug, dataset("BBB/USDT").slug):
        staging = root / ".xq" / "staging" / name
        staging.mkdir(parents=True)
        (staging / "2023.parquet").write_bytes(b"half")
    trash = root / ".xq" / "trash" / dataset("CCC/USDT").slug / "period=2023"
    trash.mkdir(parents=True)
    (trash / "part.parquet").write_bytes(b"gone")


def _read(root: Path) -> None:
    lake = Lake(root)
    stored = len(lake.table(BTC))
    [told] = [info.rows for info in lake.datasets("ohlcv")]
    holes = sum(item.bars(Timeframe.parse("1h")) for item in lake.gaps(BTC))
    block = lake.bars("binance", ["AAA/USDT"], Timeframe.parse("1h"), gaps="flag")
    found = (stored, told, len(OLD) - holes, len(block.ts))
    assert found == (len(_set(OLD)),) * 4, f"rows came: {found}"


WORKS = {
    "first": Work(_nothing, _upsert, frozenset(), _set(NEW)),
    "upsert": Work(_filled, _upsert, after=_set(range(200, 350))),
    "collect": Work(_filled, _collect, after=_set(FETCHED)),
    "compact": Work(_older, lambda root: squeeze(root, parquet._ROW_GROUP)),
    "repair": Work(_damaged("flip"), _repair),
    "heal": Work(_damaged("poison"), _repair),
    "cover": Work(_filled, _cover),
    "note": Work(_filled, _note),
    "accept": Work(_filled, lambda root: accept(root, BTC)),
    "remove": Work(_filled, lambda root: remove(root, BTC), after=frozenset(), whole=True),
    "start": Work(_strays, LakeWriter),
    "read": Work(_filled, _read),
}


def quietly(work: Callable[[Path], object], root: Path) -> Callable[[Say], None]:
    """The work for a child that says nothing."""

    def run(_say: Say) -> None:
        work(root)

    return run
