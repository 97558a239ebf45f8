"""Where Prometheus reads the numbers: an address of this machine, or a text file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server, write_to_textfile

from xq.errors import ConfigError, StorageFailed


@contextmanager
def served(registry: CollectorRegistry, address: str, port: int) -> Iterator[int]:
    """Answer ``/metrics`` until the end of the block; the port, if it was 0.

    Raises
    ------
    ConfigError
        If the address is not ours or the port is taken.
    """
    try:
        server, thread = start_http_server(port, address, registry)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(
            f"metrics cannot be served: {reason}",
            where=f"{address}:{port}",
            hint="xq config explain metrics.port",
        ) from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def written(registry: CollectorRegistry, path: Path) -> None:
    """Write all numbers to a file, whole or not at all.

    Raises
    ------
    StorageFailed
        If the disk refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_to_textfile(str(path), registry)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StorageFailed(f"metrics cannot be written: {reason}", where=str(path)) from error
