"""Where things lie: ``<kind>/exchange=…/symbol=…/timeframe=…/period=…/part.parquet``.

Everything that is not data (locks, staged files, coverage) lies under ``.xq``, so that readers
which take whole folders never meet it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from urllib.parse import quote, unquote

import numpy as np

from xq.lake import folders, store
from xq.lake.ranges import Range
from xq.lake.schema import Kind, kind_of
from xq.timeframe import HOUR_MS, MINUTE_MS, MONTH, Timeframe

FORMAT = 1
META = ".xq"
PART = "part.parquet"
PERIOD = "period"

_UNITS = {"day": "D", "month": "M", "year": "Y"}
_PERIOD_LENGTHS = (4, 7, 10)
_BEGINNING, _END = -(2**62), 2**62


@dataclass(frozen=True, slots=True)
class Dataset:
    """One series of rows: market data of a symbol, or one output of a run.

    Examples
    --------
    >>> Dataset("ohlcv", "binance", "BTC/USDT:USDT", "1h").path.as_posix()
    'ohlcv/exchange=binance/symbol=BTC%2FUSDT%3AUSDT/timeframe=1h'
    >>> Dataset("equity", run_id="a1").path.as_posix()
    'equity/run_id=a1'
    """

    kind: str
    exchange: str | None = None
    symbol: str | None = None
    timeframe: str | None = None
    run_id: str | None = None

    def __post_init__(self) -> None:
        wanted = kind_of(self.kind).partition
        for name in ("exchange", "symbol", "timeframe", "run_id"):
            value = getattr(self, name)
            if (value is not None) != (name in wanted) or value == "":
                raise ValueError(f"{self.kind} is named by {wanted}, found {name}={value!r}")

    @property
    def spec(self) -> Kind:
        """Columns, key and rules."""
        return kind_of(self.kind)

    @property
    def bar(self) -> Timeframe | None:
        """The bar length, for kinds that have one."""
        return Timeframe.parse(self.timeframe) if self.timeframe else None

    @property
    def path(self) -> Path:
        """Folder below the root of the lake."""
        return _path_of(self)

    @property
    def slug(self) -> str:
        """The path as one file name."""
        return quote(self.path.as_posix(), safe="=")

    def __str__(self) -> str:
        parts = (self.kind, self.symbol, self.timeframe, self.run_id)
        text = " ".join(part for part in parts if part)
        return f"{text} on {self.exchange}" if self.exchange else text


@lru_cache(4096)
def _path_of(dataset: Dataset) -> Path:
    folders = [f"{name}={encode(getattr(dataset, name))}" for name in dataset.spec.partition]
    return Path(dataset.kind, *folders)


def encode(value: str) -> str:
    """A partition value as a folder name, percent-encoded as Hive readers decode it.

    A month is told from a minute where folders do not tell capitals from small letters.

    Examples
    --------
    >>> encode("BTC/USDT"), encode("1m"), encode("1M")
    ('BTC%2FUSDT', '1m', '1%4D')
    """
    return "1%4D" if value == MONTH else quote(value, safe="")


def leaf_unit(dataset: Dataset) -> str | None:
    """NumPy unit of time held by one file, or None when one file holds everything.

    Examples
    --------
    >>> [leaf_unit(Dataset("ohlcv", "x", "A/B", name)) for name in ("1s", "1m", "1h", "1d")]
    ['D', 'M', 'Y', None]
    """
    bar = dataset.bar
    if bar is None or dataset.spec.leaf != "timeframe":
        return _UNITS[dataset.spec.leaf]
    if bar.ms < MINUTE_MS:
        return "D"
    if bar.ms < 5 * MINUTE_MS:
        return "M"
    return "Y" if bar.ms < 12 * HOUR_MS else None


def split(dataset: Dataset, ts: np.ndarray) -> Iterator[tuple[str, int, int]]:
    """Cut sorted times into leaves: (period, first row, row after the last)."""
    unit = leaf_unit(dataset)
    if unit is None:
        if len(ts):
            yield "all", 0, len(ts)
        return
    start = 0
    while start < len(ts):
        period = str(np.datetime64(int(ts[start]), "ms").astype(f"datetime64[{unit}]"))
        stop = int(np.searchsorted(ts, period_range(period).end_ms))
        stop = max(stop, start + 1)  # times beyond the calendar: refused later, never endless
        yield period, start, stop
        start = stop


def period_of(ts_ms: int, unit: str | None) -> str:
    """The period whose file holds a time, for a `leaf_unit`.

    Examples
    --------
    >>> period_of(86_400_000, "D"), period_of(0, None)
    ('1970-01-02', 'all')
    """
    return "all" if unit is None else str(np.datetime64(ts_ms, "ms").astype(f"datetime64[{unit}]"))


@lru_cache(4096)
def period_range(period: str) -> Range:
    """The time a leaf may hold.

    Examples
    --------
    >>> str(period_range("2024-02"))
    '2024-02-01T00:00:00Z to 2024-03-01T00:00:00Z'
    """
    if period == "all":
        return Range(_BEGINNING, _END)
    start = np.datetime64(period)
    edges = np.array([start, start + 1]).astype("datetime64[ms]").astype(np.int64)
    return Range(int(edges[0]), int(edges[1]))


def leaf_path(root: Path, dataset: Dataset, period: str) -> Path:
    """The file that holds a period of a dataset."""
    return root / dataset.path / f"{PERIOD}={period}" / PART


@dataclass(frozen=True, slots=True)
class Leaf:
    """One file of a dataset and the time it may hold."""

    path: Path
    period: str

    @property
    def within(self) -> Range:
        """The time the file may hold."""
        return period_range(self.period)


def leaves(root: Path, dataset: Dataset, within: Range | None = None) -> tuple[Leaf, ...]:
    """The files of a dataset, oldest first; of those that may hold a time alone if one is given.

    Those of a lake elsewhere are fetched.
    """
    store.of(root).bring(dataset, within)
    return at_hand(root, dataset, within)


def periods(root: Path, dataset: Dataset) -> tuple[str, ...]:
    """The periods a dataset has files of, oldest first, without fetching any."""
    known = store.of(root).facts(dataset)
    if known is not None:
        return tuple(sorted(known))
    return tuple(period for period, _, _ in files(root, dataset))


def at_hand(root: Path, dataset: Dataset, within: Range | None = None) -> tuple[Leaf, ...]:
    """As `leaves`, of the files that lie in the folder."""
    return tuple(Leaf(Path(path), period) for period, path, _ in files(root, dataset, within))


def files(root: Path, dataset: Dataset, within: Range | None = None) -> list[tuple[str, str, int]]:
    """What `at_hand` finds, as (period, path, size): a ten years' history costs no objects."""
    folder = f"{root}/{dataset.path}"
    found = []
    for name in folders.names(folder):
        key, _, period = name.partition("=")
        if key != PERIOD or not is_period(period) or not meets(period, within):
            continue
        path = f"{folder}/{name}/{PART}"
        stat = folders.look(path)
        if stat is not None and S_ISREG(stat.st_mode):
            found.append((period, path, stat.st_size))
    return found


def meets(period: str, within: Range | None) -> bool:
    """Whether a period's file may hold a time of a range; any file, if none is given."""
    if within is None:
        return True
    span = period_range(period)
    return span.start_ms < within.end_ms and span.end_ms > within.start_ms


@lru_cache(4096)
def is_period(text: str) -> bool:
    """Whether a folder name after ``period=`` is one that xq writes."""
    if text == "all":
        return True
    try:
        return len(text) in _PERIOD_LENGTHS and str(np.datetime64(text)) == text
    except ValueError:
        return False


def datasets(
    root: Path, kind: str | None = None, wanted: Mapping[str, Collection[str]] | None = None
) -> Iterator[Dataset]:
    """Every dataset that has a folder, in the order of their paths.

    Parameters
    ----------
    wanted
        The only values of some partition columns.
    """
    from xq.lake.schema import KINDS

    store.of(root).catalogue(kind)
    for name in (kind,) if kind else sorted(KINDS):
        spec = kind_of(name)
        for values in _walk(f"{root}/{name}", spec.partition, wanted or {}):
            try:
                yield Dataset(name, **values)
            except ValueError:
                continue


def _walk(
    folder: str, names: tuple[str, ...], wanted: Mapping[str, Collection[str]]
) -> Iterator[dict[str, str]]:
    if not names:
        stat = folders.look(folder)
        if stat is not None and S_ISDIR(stat.st_mode):
            yield {}
        return
    for name in folders.names(folder):
        key, _, value = name.partition("=")
        text = unquote(value)
        if key == names[0] and value and (key not in wanted or text in wanted[key]):
            for rest in _walk(f"{folder}/{name}", names[1:], wanted):
                yield {key: text, **rest}


def lock_path(root: Path, dataset: Dataset) -> Path:
    """The lock that writers of a dataset hold."""
    return root / META / "locks" / f"{dataset.slug}.lock"


def staging_path(root: Path, dataset: Dataset) -> Path:
    """Folder for files that are not committed yet; only the lock's holder touches it."""
    return root / META / "staging" / dataset.slug


def coverage_path(root: Path, dataset: Dataset) -> Path:
    """The ledger of what was asked of the venue."""
    return root / META / "coverage" / dataset.path.parent / f"{dataset.path.name}.json"


def format_path(root: Path) -> Path:
    """The file that states the lake's format version."""
    return root / META / "format.json"
