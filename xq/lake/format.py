"""The version of the layout, stated in the lake itself."""

import json
from pathlib import Path
from stat import S_ISREG

from xq.errors import ConfigError, DataError, StorageFailed
from xq.lake import folders, layout, store
from xq.lake.disk import failed

ORIGIN = "origin"


def check_format(root: Path) -> None:
    """Refuse a lake whose layout this xq does not know.

    Raises
    ------
    ConfigError
        If the folder is but the cache of a lake elsewhere.
    DataError
        If the version in the lake is newer, or not a version, or the lake is a file.
    """
    store.of(root).opened()
    path = layout.format_path(root)
    _refuse_cache(root)
    stat = folders.look(str(root))
    if stat is not None and S_ISREG(stat.st_mode):
        raise StorageFailed(
            "expected the lake's folder, found a file",
            where=str(root),
            hint="xq config explain lake.path",
        )
    try:
        version = json.loads(path.read_bytes())["format"]
    except FileNotFoundError:
        return
    except OSError as error:
        raise failed(error, path) from error
    except (ValueError, TypeError, KeyError):
        version = "unreadable"
    if version != layout.FORMAT:
        raise DataError(
            f"the lake has format {version}, this xq knows {layout.FORMAT}",
            where=str(path),
            hint="xq --version",
        )


def _refuse_cache(root: Path) -> None:
    """What is written into a cache of a lake elsewhere would never get there."""
    if store.of(root) is not store.LOCAL:
        return
    try:
        url = (root / layout.META / ORIGIN).read_text()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise failed(error, root / layout.META / ORIGIN) from error
    raise ConfigError(
        f"this folder is the cache of {url.strip()}, not a lake of its own",
        where=str(root),
        hint=f"set lake.path to {url.strip()}",
    )
