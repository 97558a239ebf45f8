"""``xq notify``: who is told what, and whether it arrives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.api.workspace import Workspace
from xq.errors import ConfigError, VenueUnreachable, unknown

if TYPE_CHECKING:
    from xq.observe.targets import Target


@dataclass(frozen=True, slots=True)
class TargetLine:
    """One target; ``url`` without anything secret."""

    name: str
    service: str
    url: str


@dataclass(frozen=True, slots=True)
class SentLine:
    """What became of a test message; ``problem`` is None if it was taken."""

    name: str
    service: str
    sent: bool
    problem: str | None


@dataclass(frozen=True, slots=True)
class KindLine:
    """One kind of event, and whether it is told."""

    event: str
    told: bool


def listed(ws: Workspace) -> tuple[TargetLine, ...]:
    """Every target.

    Raises
    ------
    ConfigError
        If one is not understood, or Apprise is not installed.
    """
    from xq.observe.targets import targets

    return tuple(TargetLine(t.name, t.service, t.shown) for t in targets(ws.environ))


def kinds(ws: Workspace) -> tuple[KindLine, ...]:
    """Every kind of event xq tells of, and others that are asked for; alarms always are told."""
    from xq.observe.event import KINDS

    wanted = ws.config.notify.events
    known = dict.fromkeys((*KINDS, *wanted))
    return tuple(KindLine(kind, kind in wanted) for kind in known)


def send_test(ws: Workspace, name: str | None = None) -> tuple[SentLine, ...]:
    """Send a test message to every target, or to one; each is tried once.

    Raises
    ------
    ConfigError
        If there is none, or one is not understood.
    UnknownName
        If none has that name.
    """
    from xq.observe.event import Level
    from xq.observe.targets import NAME, targets

    known = targets(ws.environ)
    if not known:
        raise ConfigError(
            "nobody is told: no notification URL is set",
            where=NAME,
            hint=f"put {NAME}=... into {ws.root / '.env'}",
        )
    seconds = ws.config.notify.timeout_seconds
    lines = []
    for target in _chosen(known, name):
        problem = target.send("xq: test", "this is a test of xq", Level.INFO, seconds)
        lines.append(SentLine(target.name, target.service, problem is None, problem))
    return tuple(lines)


def _chosen(known: "Sequence[Target]", name: str | None) -> "Sequence[Target]":
    if name is None:
        return known
    chosen = [target for target in known if target.name == name]
    if not chosen:
        raise unknown("target", name, [target.name for target in known], hint="xq notify list")
    return chosen


def failure(lines: Sequence[SentLine]) -> VenueUnreachable | None:
    """The error that a test with these answers ends in."""
    failed = [line.name for line in lines if not line.sent]
    if not failed:
        return None
    return VenueUnreachable(f"not taken by {', '.join(failed)}", hint="xq notify list")
