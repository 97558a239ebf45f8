"""Make a new workspace: config file, strategies, lake."""

from dataclasses import dataclass
from pathlib import Path

from xq.api.settings import template
from xq.api.venues import SIMULATED
from xq.config_layers import FILE_NAME
from xq.errors import StorageFailed, UsageError

_IGNORED = ".env\n/data/\n/state/\n/reports/\n__pycache__/\n"


@dataclass(frozen=True, slots=True)
class Created:
    """What `init` made."""

    path: Path
    strategies: tuple[str, ...]


def init(folder: Path, *, exchange: str | None = None) -> Created:
    """Scaffold a workspace.

    Parameters
    ----------
    folder
        Made if missing; may exist, but must not be a workspace already.
    exchange
        Venue to write into the config; None keeps the default, commented out.

    Raises
    ------
    UsageError
        If the folder already holds an ``xq.toml`` or is a file, or the exchange does not exist.
    StorageFailed
        If the folder cannot be written.
    """
    if exchange not in (None, *SIMULATED):
        from xq.venues.registry import profile

        profile(str(exchange))
    target = folder.expanduser().resolve()
    if (target / FILE_NAME).exists():
        raise UsageError("this folder is a workspace already", where=str(target / FILE_NAME))
    if target.exists() and not target.is_dir():
        raise UsageError("expected a folder, found a file", where=str(target))
    try:
        (target / "data").mkdir(parents=True, exist_ok=True)
        names = _copy_strategies(target / "strategies")
        _write_new(target / ".gitignore", _IGNORED)
        (target / FILE_NAME).write_text(template(exchange), encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageFailed(f"cannot make the workspace: {reason}", where=str(target)) from None
    return Created(target, names)


def shipped_strategies() -> Path:
    """Folder of the strategies that come with xq: in the wheel, or in the source tree."""
    package = Path(__file__).resolve().parent.parent
    wheel = package / "_strategies"
    return wheel if wheel.is_dir() else package.parent / "strategies"


def _copy_strategies(target: Path) -> tuple[str, ...]:
    target.mkdir(exist_ok=True)
    names = []
    for source in sorted(shipped_strategies().glob("*.py")):
        _write_new(target / source.name, source.read_text(encoding="utf-8"))
        names.append(source.stem)
    return tuple(names)


def _write_new(path: Path, text: str) -> None:
    if not path.exists():
        path.write_text(text, encoding="utf-8")
