"""``xq collect``: market data from a venue into the lake."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from xq.api.collect_symbols import Failure, listed, parsed
from xq.api.collect_ways import check_kind, check_now, steps, ways
from xq.api.venues import market_data
from xq.api.when import check_range
from xq.api.workspace import Workspace
from xq.clock import iso
from xq.errors import XqError

if TYPE_CHECKING:
    from xq.collect.archive_plan import SourceChoice
    from xq.collect.plan import Span
    from xq.collect.run import Progress
    from xq.collect.task import Collected, Task
    from xq.lake.ranges import Range
    from xq.timeframe import Timeframe
    from xq.types import Symbol
    from xq.venues.ccxt_market import CcxtMarket

_NAMED = 10  # symbols named in one error before they are counted


@dataclass(frozen=True, slots=True)
class CollectRow:
    """One symbol after a collect.

    Attributes
    ----------
    start
        Open of the first bar there is in the range.
    end
        End of the range: every bar of it that closed before is there or is missing.
    bars, new, missing
        Bars in the range; rows stored by this run; bars the venue does not have. Kinds without
        bars know neither the first nor the last.
    source
        ``recorded`` prices of a real market, ``synthetic`` ones, or ``recorded, then synthetic``.
    via
        How rows came: ``rest``, ``archive``, both, or ``lake`` if all of them were there.
    """

    symbol: str
    timeframe: str | None
    start: datetime
    end: datetime
    bars: int | None
    new: int
    missing: int | None
    source: str
    via: str


@dataclass(frozen=True, slots=True)
class CollectReport:
    """What a collect brought.

    Attributes
    ----------
    notes
        Things a person should know, one sentence each.
    failures
        Symbol and error of everything that could not be brought up to date.
    """

    exchange: str
    rows: tuple[CollectRow, ...]
    notes: tuple[str, ...]
    failures: tuple[tuple[str, XqError], ...]

    def other_failures(self) -> list[str]:
        """What went wrong beside the first failure's reason: one line per reason."""
        by_reason: dict[str, list[str]] = {}
        for name, error in self.failures:
            by_reason.setdefault(error.message, []).append(name)
        lines = []
        for reason, names in list(by_reason.items())[1:]:
            more = f" and {len(names) - _NAMED} more" * (len(names) > _NAMED)
            lines.append(f"{', '.join(names[:_NAMED])}{more}: {reason}")
        return lines

    def raise_failure(self) -> None:
        """Raise the first failure, counting the others, if there is one."""
        if not self.failures:
            return
        symbol, error = self.failures[0]
        if len(self.failures) > 1:
            names = ", ".join(name for name, _ in self.failures[:_NAMED])
            more = f" and {len(self.failures) - _NAMED} more" * (len(self.failures) > _NAMED)
            message = f"{len(self.failures)} symbols failed ({names}{more}); first: {error.message}"
            raise type(error)(message, where=error.where or symbol, hint=error.hint) from error
        raise error


def collect(
    ws: Workspace,
    symbols: Sequence[str] | None = None,
    timeframe: str | None = None,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    days: float | None = None,
    exchange: str | None = None,
    kind: str = "ohlcv",
    source: "SourceChoice" = "auto",
    progress: "Progress | None" = None,
) -> CollectReport:
    """Fetch what the lake lacks of one kind; whatever is not given comes from the configuration.

    Parameters
    ----------
    symbols
        Unified symbols, ``BTC/USDT`` or ``BTC/USDT:USDT``. One that does not exist harms no other.
    since_ms, until_ms
        Epoch ms; bars that open in [since, until) and are closed at the venue's time.
    days
        Counted back from ``until_ms``, else from the venue's time. Excludes ``since_ms``.
    kind
        One of `KINDS`.
    source
        ``auto`` takes whole past days from the bulk archive where that saves requests,
        ``archive`` wherever it has a file, ``rest`` never.

    Raises
    ------
    UsageError
        Empty range, no symbols or none that exists, a timeframe that does not exist.
    VenueError
        If the venue cannot be asked at all. What concerns one symbol is in the report instead.
    """
    from xq.collect.plan import Span
    from xq.collect.run import collect as bring

    check_kind(kind)
    check_now(kind, timeframe=timeframe, since_ms=since_ms, until_ms=until_ms, days=days)
    if since_ms is None and days is None:
        days = ws.config.collect.days
    check_range(since_ms, until_ms, days)
    names = ws.config.collect.symbols if symbols is None else symbols
    asked, failed = parsed(names)
    if kind == "instruments":
        from xq.api.collect_instruments import collect_instruments

        return collect_instruments(ws, asked, failed, exchange)
    if kind == "book_snapshot":
        from xq.api.collect_book import collect_book

        return collect_book(ws, asked, failed, exchange)
    bar = steps(kind, ws.config.collect.timeframe, timeframe)
    with market_data(ws, exchange) as market:
        good, unknown = listed(market, asked, kind)
        tasks = _tasks(market, good, bar, Span(since_ms, until_ms, days), kind)
        with ways(ws, market, source) as chosen:
            done = bring(chosen, ws.lake, tasks, progress)
        report = _report(market, done, (*failed, *unknown))
        return replace(report, notes=(*_to_come(market, until_ms, tasks), *report.notes))


def warm_up(
    ws: Workspace,
    symbols: Sequence[str],
    timeframe: str,
    *,
    before_ms: int,
    bars: int,
    exchange: str | None = None,
    progress: "Progress | None" = None,
) -> CollectReport:
    """Fetch the ``bars`` bars that close before ``before_ms``, as far as the lake lacks them.

    Raises
    ------
    XqError
        As `collect` does, and the first failure of a symbol.
    """
    from xq.timeframe import Timeframe

    bar = Timeframe.parse(timeframe)
    report = collect(
        ws,
        symbols,
        timeframe,
        since_ms=bar.shift(before_ms, -bars),
        until_ms=before_ms,
        exchange=exchange,
        progress=progress,
    )
    report.raise_failure()
    return report


def _tasks(
    market: "CcxtMarket",
    symbols: "Sequence[Symbol]",
    timeframe: "Timeframe",
    span: "Span",
    kind: str,
) -> "tuple[Task, ...]":
    from xq.collect.plan import moments, wanted
    from xq.collect.task import Task
    from xq.lake.schema import BARS, kind_of

    bars = kind_of(kind).partition == BARS
    faces = {symbol.is_contract: symbol for symbol in symbols}
    for symbol in faces.values() if bars else ():
        market.check_timeframe(timeframe, symbol)
    now = {face: market.now_ms(face) for face in faces}
    target = {
        face: wanted(timeframe, span, now_ms) if bars else moments(timeframe, span, now_ms)
        for face, now_ms in now.items()
    }
    return tuple(
        Task(market.name, item, timeframe, target[item.is_contract], now[item.is_contract], kind)
        for item in symbols
    )


def _report(
    market: "CcxtMarket", done: "Sequence[Collected]", failed: Sequence[Failure]
) -> CollectReport:
    good = [item for item in done if item.error is None]
    return CollectReport(
        exchange=market.name,
        rows=tuple(_row(market, item) for item in good),
        notes=tuple(note for item in good for note in _notes(item)),
        failures=(
            *failed,
            *((str(item.task.symbol), item.error) for item in done if item.error is not None),
        ),
    )


def _row(market: "CcxtMarket", item: "Collected") -> CollectRow:
    task = item.task
    bar = task.dataset.bar
    missing = sum(stretch.bars(task.timeframe) for stretch in item.empty)
    return CollectRow(
        symbol=str(task.symbol),
        timeframe=task.dataset.timeframe,
        start=_moment(_first(item)),
        end=_moment(task.target.end_ms),
        bars=None if bar is None else task.target.bars(bar) - missing,
        new=item.new,
        missing=None if bar is None else missing,
        source=_source(market.synthetic_from_ms(task.symbol), task.target),
        via=", ".join(item.via) or "lake",
    )


def _source(synthetic_from_ms: int | None, target: "Range") -> str:
    """Where the prices of a range come from: real trades, or a simulation that says so."""
    if synthetic_from_ms is None or target.end_ms <= synthetic_from_ms:
        return "recorded"
    return "synthetic" if target.start_ms >= synthetic_from_ms else "recorded, then synthetic"


def _first(item: "Collected") -> int:
    target = item.task.target
    return next((e.end_ms for e in item.empty if e.start_ms == target.start_ms), target.start_ms)


def _to_come(
    market: "CcxtMarket", until_ms: int | None, tasks: "Sequence[Task]"
) -> tuple[str, ...]:
    """A note if the end asked for lies ahead of the venue's time."""
    now_ms = max(task.now_ms for task in tasks)
    if until_ms is None or until_ms <= now_ms:
        return ()
    return (f"--until {iso(until_ms)} is to come: the time of {market.name} is {iso(now_ms)}",)


def _notes(item: "Collected") -> list[str]:
    task, notes = item.task, list(item.notes)
    inner = list(item.empty)
    if task.dataset.bar is None and item.via and not item.new:
        return [*notes, f"{task.symbol}: no new {task.kind} in {task.target}"]
    if inner and inner[0] == task.target:
        return [*notes, f"{task.symbol} {task.timeframe}: no bars in {task.target}"]
    if inner and inner[0].start_ms == task.target.start_ms:
        notes.append(f"{task.symbol} {task.timeframe}: no bars before {iso(inner[0].end_ms)}")
        inner = inner[1:]
    if inner:
        missing = sum(stretch.bars(task.timeframe) for stretch in inner)
        notes.append(
            f"{task.symbol} {task.timeframe}: the venue lacks {missing} bars, first {inner[0]}"
        )
    return notes


def _moment(ts_ms: int) -> datetime:
    return datetime.fromtimestamp(ts_ms / 1000, UTC)
