"""What every command shares: one folder with ``xq.toml``, a lake, state and strategies."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xq import config_layers
from xq.clock import SystemClock
from xq.config import Config, Credentials, credentials
from xq.config_layers import Loaded
from xq.errors import ConfigError
from xq.ports import Clock
from xq.redact import REDACTOR


@dataclass(frozen=True, slots=True)
class Workspace:
    """One user's xq: configuration and the folders it names.

    Attributes
    ----------
    root
        The folder of ``xq.toml``, or the current one when there is none.
    environ
        Environment with ``.env`` folded in; holds secrets, never printed.
    """

    loaded: Loaded
    root: Path
    environ: Mapping[str, str] = field(repr=False)
    clock: Clock = field(default_factory=SystemClock)

    @property
    def config(self) -> Config:
        """The checked configuration."""
        return self.loaded.config

    @property
    def lake(self) -> Path:
        """Root folder of the Parquet lake; of its cache, if the lake is in an object store.

        Raises
        ------
        ConfigError
            If it is a URL that xq cannot open, or its credentials are missing.
        """
        path = self.config.lake.path
        if "://" not in path:
            return self.root / path
        from xq.lake.objects.opening import open_lake

        return open_lake(path, self.lake_cache, self.environ)

    @property
    def lake_name(self) -> str:
        """The lake as its owner calls it, for people."""
        path = self.config.lake.path
        return path.rstrip("/") if "://" in path else self.lake.name

    @property
    def lake_cache(self) -> Path:
        """Folder for local copies of what lies in an object store."""
        given = self.config.lake.cache
        return self.state / "lake" if given is None else self.root / given

    @property
    def state(self) -> Path:
        """Journals, venue ledgers and locks."""
        return self.root / "state"

    @property
    def strategies(self) -> Path:
        """The plugin folder."""
        return self.root / "strategies"

    @property
    def seed(self) -> int:
        """Seed of everything synthetic."""
        return self.config.exchange.sim_seed

    def credentials(self, exchange: str | None = None) -> Credentials | None:
        """The key pair for an exchange, the workspace's own by default, if both parts are there."""
        return credentials(self.environ, exchange or self.config.exchange.name)


def open_workspace(
    config: Path | None = None,
    flags: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Workspace:
    """Find and read the configuration.

    Parameters
    ----------
    config
        The file; default ``XQ_CONFIG``, else ``xq.toml`` here or in a folder above.
    flags
        ``{"section.key": value}`` that outrank everything.

    Raises
    ------
    ConfigError
        If the named file does not exist or its content is refused.
    """
    surroundings = dict(os.environ if environ is None else environ)
    here = (cwd or Path.cwd()).resolve()
    named = config or (Path(surroundings["XQ_CONFIG"]) if surroundings.get("XQ_CONFIG") else None)
    path = (here / named) if named else config_layers.find(here)
    if path is not None and not path.is_file():
        found = "a folder" if path.is_dir() else "none"
        raise ConfigError(
            f"expected a config file, found {found}", where=str(path), hint="xq init DIRECTORY"
        )
    root = path.parent if path else here
    surroundings = _dotenv(root / ".env") | surroundings
    REDACTOR.learn_environment(surroundings)
    return Workspace(config_layers.load(path, surroundings, flags), root, surroundings)


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        found = dotenv_values(path)
    except UnicodeDecodeError:  # its text says what the bytes were: secrets
        raise ConfigError("expected text in UTF-8", where=str(path)) from None
    except OSError as error:
        reason = (error.strerror or "it failed").lower()
        raise ConfigError(f"cannot be read: {reason}", where=str(path)) from None
    return {name: text for name, text in found.items() if text is not None}
