"""Checks of everything xq needs; each names what is wrong and how to mend it."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator

from xq.api import settings
from xq.api.doctor_finding import Answer, Finding, Status, Warned
from xq.api.doctor_keys import keys
from xq.api.doctor_machine import durability, files
from xq.api.doctor_trading import account, journal, lock, notify
from xq.api.venues import SIMULATED
from xq.api.workspace import Workspace
from xq.errors import (
    ConfigError,
    DataError,
    StorageFailed,
    StrategyBroken,
    VenueError,
    XqError,
)
from xq.redact import clean

_LEAST_FREE_BYTES = 1_000_000_000
_LARGEST_SKEW_MS = 1_000
_PINNED = {"ccxt": "4.5.90", "vectorbt": "1.2.0", "vectorbt-rust": "1.2.0"}


def doctor(ws: Workspace, *, venue: bool = True) -> list[Finding]:
    """Run every check; none stops another.

    Parameters
    ----------
    venue
        Whether to speak to the configured exchange.
    """
    checks = dict(_CHECKS)
    if not venue:
        del checks["exchange"], checks["keys"], checks["account"]
    return [_run(name, check, ws) for name, check in checks.items()]


def _run(name: str, check: Callable[[Workspace], Answer], ws: Workspace) -> Finding:
    try:
        answer = check(ws)
    except XqError as error:
        where = f" ({error.where})" if error.where else ""
        return Finding(name, Status.FAIL, error.message + where, error.hint, error.exit_code)
    if isinstance(answer, Warned):
        return Finding(name, Status.WARN, clean(answer.detail), answer.hint)
    return Finding(name, Status.OK, clean(answer))


def _config(ws: Workspace) -> str:
    settings.check(ws)
    path, changed = ws.loaded.path, ws.loaded.changed
    plural = "" if changed == 1 else "s"
    return f"{path}, {changed} setting{plural} changed" if path else "no xq.toml: all defaults"


def _packages(_: Workspace) -> str:
    from importlib.metadata import PackageNotFoundError, version

    for name, wanted in _PINNED.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "nothing"
        if found != wanted:
            raise ConfigError(f"expected {name} {wanted}, found {found}", hint="make install")
    return ", ".join(f"{name} {version(name)}" for name in ("duckdb", "polars", *_PINNED))


def _folder(ws: Workspace) -> str:
    for folder in (ws.lake, ws.state):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
            raise StorageFailed("expected a folder that can be written", where=str(existing))
    lake = ws.lake_name if "://" in ws.lake_name else ws.lake
    return f"lake {lake}, state {ws.state}"


def _disk(ws: Workspace) -> str:
    existing = next(path for path in (ws.lake, *ws.lake.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < _LEAST_FREE_BYTES:
        wanted = _LEAST_FREE_BYTES / 1e9
        raise StorageFailed(
            f"expected at least {wanted:.0f} GB free, found {free / 1e9:.2f} GB",
            where=str(existing),
            hint="xq data ls",
        )
    return f"{free / 1e9:.0f} GB free"


def _lake(ws: Workspace) -> str:
    from xq.lake.audit import check
    from xq.lake.reader import Lake

    findings = check(Lake(ws.lake))
    broken = [finding for finding in findings if finding.rule != "gap"]
    if broken:
        raise DataError(f"{len(broken)} faults in the lake", hint="xq data check")
    return f"{len(Lake(ws.lake).datasets())} datasets, no fault"


def _strategies(ws: Workspace) -> str:
    from xq.strategy.sandbox import discover

    listings = discover(ws.strategies, clock=ws.clock)
    broken = [listing for listing in listings if listing.error]
    if broken:
        names = ", ".join(listing.name for listing in broken)
        raise StrategyBroken(
            f"{len(broken)} of {len(listings)} strategies do not load: {names}",
            where=str(ws.strategies),
            hint="xq strategies list",
        )
    return f"{len(listings)} load" if listings else "none yet (xq strategies new NAME)"


def _secrets(ws: Workspace) -> str:
    path = ws.root / ".env"
    if not path.exists():
        return "keys in the environment" if ws.credentials() else "no keys (none needed for sim)"
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            "secrets can be read by other users", where=str(path), hint=f"chmod 600 {path}"
        )
    return "keys set" if ws.credentials() else ".env holds no key pair"


def _exchange(ws: Workspace) -> str:
    from xq.api.venues import market_data

    with market_data(ws) as market:
        before = ws.clock.now_ms()
        venue_ms = market.now_ms()
        after = ws.clock.now_ms()
    if ws.config.exchange.name in SIMULATED:
        return f"{ws.config.exchange.name}, embedded"
    skew_ms = venue_ms - (before + after) // 2
    if abs(skew_ms) > _LARGEST_SKEW_MS:
        raise VenueError(
            f"expected the clocks to agree within {_LARGEST_SKEW_MS} ms, found {skew_ms} ms",
            where=ws.config.exchange.name,
            hint="timedatectl set-ntp true",
        )
    return f"{ws.config.exchange.name} answers, clock within {abs(skew_ms)} ms"


_CHECKS: dict[str, Callable[[Workspace], Answer]] = {
    "config": _config,
    "packages": _packages,
    "folders": _folder,
    "disk": _disk,
    "durability": durability,
    "files": files,
    "lake": _lake,
    "strategies": _strategies,
    "secrets": _secrets,
    "exchange": _exchange,
    "keys": keys,
    "lock": lock,
    "journal": journal,
    "account": account,
    "notify": notify,
}


def failures(findings: list[Finding]) -> Iterator[Finding]:
    """The checks that found something wrong."""
    return (finding for finding in findings if not finding.ok)
