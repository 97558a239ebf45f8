"""Logs as ``[log]`` asks for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from xq.api.workspace import Workspace

if TYPE_CHECKING:
    from xq.observe.event import Sink


@contextmanager
def logging_of(ws: Workspace, stream: TextIO) -> "Iterator[Sink | None]":
    """Log until the end of the block; None if the configuration asks for no logs.

    Parameters
    ----------
    stream
        Where JSON lines go if ``log.format`` is ``json``.

    Raises
    ------
    StorageFailed
        If the file cannot be opened.
    """
    told = ws.config.log
    if not told.is_wanted:
        yield None
        return
    from xq.observe.log import LogFile, LogSink, logging_to

    file = None
    if told.file is not None:
        file = LogFile(ws.root / told.file, round(told.max_megabytes * 1_000_000), told.keep)
    with logging_to(stream if told.format == "json" else None, file, told.level):
        yield LogSink()
