"""Who is told of a run: logs, people, Prometheus, as the configuration says."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xq.api.workspace import Workspace
from xq.errors import ConfigError, XqError, unknown

if TYPE_CHECKING:
    from xq.execution.journal import Journal
    from xq.live.observer import Observer
    from xq.observe.event import Sink
    from xq.observe.metrics import Metrics
    from xq.observe.notify import Notifier, Sent, Wishes


@contextmanager
def observing(ws: Workspace, account: str, *, service: bool = False) -> "Iterator[Observer]":
    """Let a run be seen until it ends; how it ends is told too.

    Parameters
    ----------
    account
        Whose money, as journal and messages name it.
    service
        Whether this is a run that goes on: then its begin and end are told, and metrics served.

    Raises
    ------
    ConfigError
        If a notification URL is not understood, or metrics cannot be served.
    StorageFailed
        If metrics cannot be written.
    """
    from xq.live.observer import Observer
    from xq.observe.event import Bus

    with ExitStack() as stack:
        metrics = _metrics(ws, account)
        linger = ws.config.notify.linger_seconds if service else ws.config.notify.timeout_seconds
        sinks = _sinks(ws, account, metrics, stack, linger)
        observer = Observer(ws.clock, Bus(sinks), metrics)
        path = ws.config.metrics.file
        if metrics is not None and path is not None:
            observer.written = _writer(metrics, ws.root / path)
        url = _served(ws, metrics, stack) if service else None
        if service:
            observer.started(f"xq trade begins on {account}", metrics=url)
        ends = service
        try:
            yield observer
        except XqError as error:
            observer.failed(error)
            raise
        except Exception as bug:
            ends = False
            observer.crashed(bug)
            raise
        finally:
            if ends:
                observer.ended(f"xq trade ends on {account}")


@contextmanager
def telling(ws: Workspace, account: str) -> "Iterator[Observer]":
    """For a command that changes something: people and logs are told, nothing is counted."""
    from xq.live.observer import Observer
    from xq.observe.event import Bus

    with ExitStack() as stack:
        linger = ws.config.notify.timeout_seconds
        yield Observer(ws.clock, Bus(_sinks(ws, account, None, stack, linger)))


def tell_news(ws: Workspace, account: str, journal: "Journal", now_ms: int) -> None:
    """Tell what a command has just written into the journal, if anybody listens."""
    from xq.live.news import take

    with telling(ws, account) as observer:
        if observer.is_listening:
            for event in take(journal, now_ms):
                observer.bus.emit(event)


@contextmanager
def announcing(ws: Workspace, account: str, kind: str) -> Iterator[Callable[[str, str], None]]:
    """Tell people and logs at once, whatever state the journal is in.

    For the emergency stop and the watchdog, which nothing may hold up: a notification URL that is
    not understood is passed over. The function takes a level and a text, and does not wait; the
    end of the block waits until all is sent, for a while.
    """
    from xq.observe.event import Bus, Event, Level

    with ExitStack() as stack:
        linger = ws.config.notify.timeout_seconds
        try:
            bus = Bus(_sinks(ws, account, None, stack, linger))
        except ConfigError:
            bus = Bus(_log_sinks(ws))

        def announce(level: str, text: str) -> None:
            bus.emit(Event(kind, Level(level), text, ws.clock.now_ms()))

        yield announce


def _sinks(
    ws: Workspace, account: str, metrics: "Metrics | None", stack: ExitStack, linger: float
) -> "list[Sink]":
    sinks = _log_sinks(ws)
    notifier = _notifier(ws, account, metrics)
    if notifier is not None:
        stack.callback(notifier.close, linger)
        sinks.append(notifier)
    if metrics is not None:
        sinks.append(metrics)
    return sinks


def _log_sinks(ws: Workspace) -> "list[Sink]":
    if not ws.config.log.is_wanted:
        return []
    from xq.observe.log import LogSink

    return [LogSink()]


def _notifier(ws: Workspace, account: str, metrics: "Metrics | None") -> "Notifier | None":
    from xq.observe.targets import NAME

    if not ws.environ.get(NAME, "").strip():
        return None
    from xq.observe.notify import Notifier
    from xq.observe.targets import targets

    def told(sent: "Sent") -> None:
        if metrics is not None:
            metrics.messaged(sent.target, sent.problem is not None)
        if sent.problem is not None and ws.config.log.is_wanted:
            from logging import getLogger

            getLogger("xq.notify").warning("%s did not take it: %s", sent.target, sent.problem)

    title = f"xq {account}"
    return Notifier(targets(ws.environ), wishes(ws), ws.clock, title, told)


def wishes(ws: Workspace) -> "Wishes":
    """What ``[notify]`` asks for.

    Raises
    ------
    ConfigError
        If it names events that nobody tells.
    """
    from xq.observe.event import KINDS, Level
    from xq.observe.notify import Wishes

    told = ws.config.notify
    for kind in told.events:
        if kind not in KINDS:
            problem = unknown("event", kind, KINDS)
            where = ws.loaded.origin("notify.events").place
            raise ConfigError(
                f"notify.events: {problem.message}", where=where, hint="xq notify events"
            )
    return Wishes(
        Level(told.level),
        frozenset(told.events),
        told.burst,
        told.every_seconds,
        told.timeout_seconds,
    )


def _metrics(ws: Workspace, account: str) -> "Metrics | None":
    told = ws.config.metrics
    if not told.is_wanted:
        return None
    from xq import __version__
    from xq.observe.metrics import Metrics
    from xq.observe.scrape import written

    metrics = Metrics(__version__, account, ws.config.exchange.name)
    if told.file is not None:
        written(metrics.registry, ws.root / told.file)  # what cannot be written is told at once
    return metrics


def _served(ws: Workspace, metrics: "Metrics | None", stack: ExitStack) -> str | None:
    """Where a service's metrics are read, if anywhere."""
    told = ws.config.metrics
    if metrics is None or told.port is None:
        return None
    from xq.observe.scrape import served

    port = stack.enter_context(served(metrics.registry, told.address, told.port))
    return f"http://{told.address}:{port}/metrics"


def _writer(metrics: "Metrics", path: Path) -> Any:
    from xq.observe.scrape import written

    def write() -> None:
        with suppress(XqError):  # the next look tries again; a stale file says so by its age
            written(metrics.registry, path)

    return write
