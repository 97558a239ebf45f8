"""Logs: one JSON object a line, on stderr or in files that rotate, secrets struck out.

Everything goes through Python's ``logging``, what libraries say too, so that one place formats and
cleans all of it.
"""

import logging
import os
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from os.path import samestat
from pathlib import Path
from typing import IO, Any, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter

from xq.errors import StorageFailed
from xq.observe.event import Event, Level
from xq.redact import clean

_NAME = "xq"
_LEVELS = {Level.INFO: logging.INFO, Level.WARNING: logging.WARNING, Level.ALARM: logging.ERROR}
_FIRST = ("timestamp", "level", "event", "text")
_OURS = frozenset({"event", "level", "logger", "timestamp", "text", "at_ms", "exception"})


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file that is replaced when it grows.

    Attributes
    ----------
    max_bytes
        Size at which the next one is begun.
    keep
        How many old ones stay.
    """

    path: Path
    max_bytes: int
    keep: int


@contextmanager
def logging_to(stream: TextIO | None, file: LogFile | None, level: str) -> Iterator[None]:
    """Send logs to a stream, a file or both, until the end of the block.

    What libraries log below a warning is left out unless ``level`` is ``debug``.

    Raises
    ------
    StorageFailed
        If the file cannot be opened.
    """
    root = logging.getLogger()
    before = root.level
    handlers: list[logging.Handler] = []
    if stream is not None:
        handlers.append(_Stream(stream))
    if file is not None:
        handlers.append(_opened(file))
    for handler in handlers:
        handler.setFormatter(_formatter())
        handler.addFilter(_Relevant(level == "debug"))
        root.addHandler(handler)
    root.setLevel(level.upper())
    try:
        yield
    finally:
        root.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


def _opened(file: LogFile) -> logging.Handler:
    try:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        return _File(file.path, maxBytes=file.max_bytes, backupCount=file.keep, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageFailed(f"the log cannot be written: {reason}", where=str(file.path)) from error


class LogSink:
    """Writes every event as one line."""

    def __init__(self) -> None:
        self._logger = structlog.wrap_logger(
            logging.getLogger(_NAME),
            processors=[structlog.stdlib.add_log_level, ProcessorFormatter.wrap_for_formatter],
            wrapper_class=structlog.stdlib.BoundLogger,
        )

    def take(self, event: Event) -> None:
        """Write a line."""
        facts = {f"{name}_" if name in _OURS else name: v for name, v in event.facts.items()}
        self._logger.log(
            _LEVELS[event.level], event.kind, text=event.text, at_ms=event.at_ms, **facts
        )


class _Quiet(logging.Handler):
    """A log that cannot be written costs its lines and nothing else."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        pass


class _Stream(_Quiet, logging.StreamHandler[TextIO]):
    pass


class _File(_Quiet, RotatingFileHandler):
    """Rotates, and follows another process of xq that began the next file."""

    def shouldRollover(self, record: logging.LogRecord) -> int:  # noqa: N802 - the library's name
        if self.stream is not None and not _is_at(self.stream, Path(self.baseFilename)):
            self.stream.close()
            self.stream = self._open()
        return int(super().shouldRollover(record))


def _is_at(stream: IO[str], path: Path) -> bool:
    try:
        return samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


class _Relevant(logging.Filter):
    """Libraries are heard from warnings on, or always."""

    def __init__(self, everything: bool) -> None:
        super().__init__()
        self._everything = everything

    def filter(self, record: logging.LogRecord) -> bool:
        ours = record.name.partition(".")[0] == _NAME
        return ours or self._everything or record.levelno >= logging.WARNING


def _formatter() -> ProcessorFormatter:
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    return ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            stamp,
            _ordered,
            structlog.processors.JSONRenderer(default=str),
            _cleaned,
        ],
    )


def _ordered(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """When, how grave and what come first."""
    return {name: line.pop(name) for name in _FIRST if name in line} | dict(line)


def _cleaned(_logger: Any, _name: str, line: str | Mapping[str, Any]) -> str:
    return clean(str(line))
