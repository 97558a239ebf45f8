"""From a URL to the root folder that every function of the lake takes."""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from xq.errors import ConfigError
from xq.lake.disk import make_folder, storage_errors
from xq.lake.format import ORIGIN
from xq.lake.layout import META
from xq.lake.objects.address import EXPLAIN, Address, connect, parse
from xq.lake.objects.bucket import Bucket
from xq.lake.objects.remote import RemoteStore
from xq.lake.store import LakePath

_SETTINGS = ("AWS_", "GOOGLE_", "AZURE_")


def open_lake(url: str, folder: Path, environ: Mapping[str, str]) -> LakePath:
    """The lake at a URL, with its cache in a folder of its own below ``folder``.

    Nothing is asked of the store yet.

    Parameters
    ----------
    environ
        Holds credentials and endpoints by the names their own tools use.

    Raises
    ------
    ConfigError
        If the URL names no object store, or a setting is refused.
    CredentialsMissing
        If the environment holds no credentials.
    StorageFailed
        If the cache's folder cannot be made.
    """
    address = parse(url)
    settings = {
        name: value for name, value in environ.items() if name.startswith(_SETTINGS) and value
    }
    return _opened(address, cache_folder(address, folder), tuple(sorted(settings.items())))


def cache_folder(address: Address, folder: Path) -> Path:
    """The folder of a lake's cache: told apart by a hash, recognised by its name."""
    digest = sha256(str(address).encode()).hexdigest()[:8]
    return folder.absolute() / f"{address.bucket}-{digest}"


@lru_cache(8)
def _opened(address: Address, folder: Path, settings: tuple[tuple[str, str], ...]) -> LakePath:
    """One client for all uses of a lake in this process: its connections are worth keeping."""
    client = connect(address, dict(settings))
    mark = folder / META / ORIGIN
    with storage_errors(mark):
        make_folder(mark.parent)
        if not mark.exists():
            mark.write_text(f"{address}\n")
        found = mark.read_text().strip()
    if found != str(address):
        raise ConfigError(
            f"expected the cache of {address}, found that of {found}",
            where=str(folder),
            hint=EXPLAIN,
        )
    root = LakePath(folder)
    root.store = RemoteStore(folder, Bucket(client, address))
    return root
