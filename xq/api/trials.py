"""The trial ledger: every set of parameters that was ever tried, chained so that none can vanish.

``state/trials.jsonl`` has one line per trial with the hash of the line before; the last hash and
the count stand in ``state/trials.head`` and in every report. Editing or removing a line breaks the
chain; cutting its end contradicts the head, and rewriting both contradicts the reports.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xq.api.workspace import Workspace
from xq.errors import CorruptFile, StorageFailed

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from xq.backtest.result import BacktestResult

LEDGER, HEAD, LOCK = "trials.jsonl", "trials.head", "trials.lock"
START = "0" * 64


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial.

    Attributes
    ----------
    trial_id
        Hash of everything that decides its outcome; tried again it is not a new trial.
    source
        What tried it: ``sweep``, ``walkforward`` or ``backtest`` and an id.
    sharpe_ratio
        Per day; None if there is none.
    """

    trial_id: str
    strategy: str
    market: str
    source: str
    params: Mapping[str, Any]
    sharpe_ratio: float | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__}

    def as_row(self) -> dict[str, Any]:
        """Plain values to be read beside those of a sweep: the Sharpe ratio is per year.

        Examples
        --------
        >>> one = Tried("1f", "rsi", "sim BTC/USDT 1h", "sweep 2e", {}, 0.1)
        >>> round(one.as_row()["daily_sharpe_ratio"], 3)
        1.91
        """
        from xq.metrics.daily import DAYS_PER_YEAR

        ratio = self.sharpe_ratio
        told = self.as_dict()
        del told["sharpe_ratio"]
        yearly = None if ratio is None else ratio * DAYS_PER_YEAR**0.5
        return told | {"daily_sharpe_ratio": yearly}


@dataclass(frozen=True, slots=True)
class Head:
    """Where the ledger stands: how many trials, and the hash of the last."""

    trials: int
    hash: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """All trials with the hash of each line, oldest first."""

    tried: tuple[Tried, ...]
    hashes: tuple[str, ...]

    @property
    def head(self) -> Head:
        """The newest line."""
        return Head(len(self.hashes), self.hashes[-1] if self.hashes else START)

    def of(self, strategy: str, market: str) -> list[Tried]:
        """Trials of one strategy on one market."""
        return [one for one in self.tried if (one.strategy, one.market) == (strategy, market)]

    def ratios(self, strategy: str, market: str, without: "Collection[str]" = ()) -> list[float]:
        """Daily Sharpe ratios of these trials but those of some ids; NaN: it has none."""
        return [
            float("nan") if one.sharpe_ratio is None else one.sharpe_ratio
            for one in self.of(strategy, market)
            if one.trial_id not in without
        ]


def ledger(ws: Workspace) -> Ledger:
    """The checked ledger; empty if nothing was tried.

    Raises
    ------
    CorruptFile
        If a line was edited, removed, added or moved.
    """
    return _checked(ws, _lines(ws.state / LEDGER))


def record(ws: Workspace, tried: Iterable[Tried]) -> Ledger:
    """Append trials that are not on record yet; all of them or, if the disk refuses, none.

    Raises
    ------
    CorruptFile
        If the ledger was tampered with: nothing is appended to it.
    StorageFailed
        If the disk refuses.
    """
    from filelock import FileLock

    from xq.lake.disk import make_folder, write_whole

    make_folder(ws.state)
    with FileLock(ws.state / LOCK):
        path = ws.state / LEDGER
        known = _checked(ws, _mended(path))
        ids = {one.trial_id for one in known.tried}
        by_id = {one.trial_id: one for one in tried}
        fresh = [one for one in by_id.values() if one.trial_id not in ids]
        hashes, lines = list(known.hashes), []
        for one in fresh:
            line, digest = _line(hashes[-1] if hashes else START, one)
            lines.append(line)
            hashes.append(digest)
        if not (ws.state / HEAD).exists():  # before the first line: without it lines are foreign
            write_whole(ws.state / HEAD, _told(known.head))
        if lines:
            _append(path, "".join(lines).encode())
        found = Ledger((*known.tried, *fresh), tuple(hashes))
        write_whole(ws.state / HEAD, _told(found.head))
    return found


def market_name(exchange: str, symbols: Iterable[str], timeframe: object) -> str:
    """Venue, symbols and timeframe in one text.

    Examples
    --------
    >>> market_name("binance", ["BTC/USDT"], "1h")
    'binance BTC/USDT 1h'
    """
    return " ".join([exchange, *symbols, str(timeframe)])


def record_run(ws: Workspace, result: "BacktestResult") -> Ledger:
    """Append a backtest; the same run again is not a new trial.

    Raises
    ------
    CorruptFile, StorageFailed
        As `record`.
    """
    from xq.metrics.daily import daily_returns
    from xq.metrics.returns import sharpe_ratio

    run = result.simulation
    ratio = sharpe_ratio(daily_returns(result.bars.known_at, run.growth, run.initial_cash))
    one = Tried(
        trial_id=result.run_id,
        strategy=result.strategy,
        market=market_name(result.exchange, result.bars.symbols, result.bars.timeframe),
        source=f"backtest {result.run_id}",
        params=dict(result.params),
        sharpe_ratio=ratio if ratio == ratio else None,
    )
    return record(ws, [one])


def verify(ws: Workspace, heads: "Iterable[tuple[str, Head]]" = ()) -> Head:
    """Check every link, and that what reports say of the ledger is still in it.

    Parameters
    ----------
    heads
        Name of a report and the head it carries.

    Raises
    ------
    CorruptFile
        Naming the first thing that does not fit.
    """
    found = ledger(ws)
    for name, head in heads:
        known = found.hashes[head.trials - 1] if 0 < head.trials <= len(found.hashes) else START
        if head.trials > len(found.hashes) or known != head.hash:
            raise _tampered(
                ws, f"{name} was reported after {head.trials} trials, which are not in it"
            )
    return found.head


def _checked(ws: Workspace, lines: list[bytes]) -> Ledger:
    tried, hashes, before = [], [], START
    for number, line in enumerate(lines, 1):
        try:
            said = json.loads(line)
            digest = said.pop("hash")
            one = Tried(**{name: said[name] for name in Tried.__slots__})
            expected, correct = _line(before, one)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _tampered(ws, f"line {number} is no trial") from None
        if line + b"\n" != expected.encode() or digest != correct:
            raise _tampered(ws, f"line {number} does not continue the one before")
        tried.append(one)
        hashes.append(correct)
        before = correct
    _check_head(ws, hashes)
    return Ledger(tuple(tried), tuple(hashes))


def _check_head(ws: Workspace, hashes: list[str]) -> None:
    """The head may be behind by what a killed run appended, never ahead."""
    try:
        said = json.loads((ws.state / HEAD).read_bytes())
        count, digest = int(said["trials"]), str(said["hash"])
    except FileNotFoundError:
        if hashes:
            raise _tampered(ws, f"{HEAD} is missing") from None
        count, digest = 0, START
    except (ValueError, KeyError, TypeError, OSError):
        raise _tampered(ws, f"{HEAD} cannot be read") from None
    known = hashes[count - 1] if 0 < count <= len(hashes) else START
    if count > len(hashes) or known != digest:
        raise _tampered(ws, f"it has {len(hashes)} trials, {HEAD} tells of {count}")


def _line(before: str, one: Tried) -> tuple[str, str]:
    body = json.dumps(one.as_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False)
    digest = hashlib.sha256((before + body).encode()).hexdigest()
    return f'{body[:-1]},"hash":"{digest}"}}\n', digest


def _lines(path: "Path") -> list[bytes]:
    """Complete lines; a last one without its end was cut off by a crash and never reported."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageFailed(f"the ledger cannot be read: {error}", where=str(path)) from error
    return data.split(b"\n")[:-1]


def _mended(path: "Path") -> list[bytes]:
    lines = _lines(path)
    whole = sum(len(line) + 1 for line in lines)
    if path.exists() and path.stat().st_size > whole:
        os.truncate(path, whole)
    return lines


def _append(path: "Path", data: bytes) -> None:
    try:
        before = path.stat().st_size if path.exists() else 0
        with path.open("ab") as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.truncate(path, before)
                raise
    except OSError as error:
        raise StorageFailed(f"the ledger cannot be written: {error}", where=str(path)) from error


def _told(head: Head) -> bytes:
    return (json.dumps({"trials": head.trials, "hash": head.hash}) + "\n").encode()


def _tampered(ws: Workspace, what: str) -> CorruptFile:
    return CorruptFile(
        f"the trial ledger was changed: {what}",
        where=str(ws.state / LEDGER),
        hint="restore it from a backup; without it deflated figures cannot be trusted",
    )
