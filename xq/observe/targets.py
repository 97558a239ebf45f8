"""Where notifications go: URLs of Apprise, secrets all of them, told by name."""

import logging
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xq.errors import ConfigError
from xq.observe.event import Level
from xq.redact import STRUCK, clean

NAME = "XQ_NOTIFY_URLS"
_ENTRY = re.compile(r"(?:(?P<name>[A-Za-z][\w-]*)=)?(?P<url>[A-Za-z][A-Za-z0-9+.-]*://\S+)")
_TYPES = {Level.INFO: "info", Level.WARNING: "warning", Level.ALARM: "failure"}

logging.getLogger("apprise").addHandler(logging.NullHandler())  # it reports through us


@dataclass(frozen=True, slots=True)
class Target:
    """One service that messages go to.

    Attributes
    ----------
    name
        As its owner called it: ``phone=tgram://…``; else its scheme, numbered from the second on.
    service
        What Apprise calls it.
    shown
        Its URL without anything secret.
    """

    name: str
    service: str
    shown: str
    _sender: Any = field(repr=False, compare=False)

    def send(self, title: str, text: str, level: Level, seconds: float) -> str | None:
        """Send a message; None if the service took it, else why not."""
        try:
            result = self._sender.notify(
                body=text, title=title, notify_type=_TYPES[level], timeout=seconds
            )
        except Exception as error:  # noqa: BLE001 - a plugin of Apprise may raise anything
            return clean(f"{type(error).__name__}: {error}")
        if result:
            return None
        said = [str(getattr(entry, "message", entry)) for entry in result.logs()]
        return clean(said[-1]) if said else result.status.name.lower()


def targets(environ: Mapping[str, str]) -> tuple[Target, ...]:
    """The services that an environment names, in its order.

    Raises
    ------
    ConfigError
        If one is no URL that Apprise understands, or Apprise is not installed.
    """
    words = environ.get(NAME, "").split()
    return tuple(_target(number, word, words[: number - 1]) for number, word in enumerate(words, 1))


def _target(number: int, word: str, earlier: list[str]) -> Target:
    entry = _ENTRY.fullmatch(word)
    if entry is None:
        raise ConfigError(f"entry {number} is no URL, nor name=URL", where=NAME, hint=_HINT)
    url = entry["url"]
    scheme, _, rest = url.partition("://")
    sender, service = _sender(number, scheme, url)
    names = [known.partition("://")[0].rpartition("=") for known in earlier]
    same = sum(1 for name, _, known in names if not name and known == scheme)
    name = entry["name"] or (f"{scheme}-{same + 1}" if same else scheme)
    if name in [known for known, _, _ in names]:
        raise ConfigError(f"two entries are called {name!r}", where=NAME)
    host = re.split(r"[/?]", rest)[0].rpartition("@")[2]
    place = host if "." in host.partition(":")[0] or host.startswith("localhost") else STRUCK
    return Target(name, service, f"{scheme}://{place}/{STRUCK}", sender)


def _sender(number: int, scheme: str, url: str) -> tuple[Any, str]:
    try:
        import apprise
    except ImportError:
        raise ConfigError(
            "notifications need Apprise, which is not installed",
            where=NAME,
            hint="pip install 'xq[notify]'",
        ) from None
    with warnings.catch_warnings():  # its plugins, read here, use what Python means to drop
        warnings.simplefilter("ignore", DeprecationWarning)
        plugin = apprise.Apprise.instantiate(url)
    if plugin is None:
        raise ConfigError(
            f"entry {number} ({scheme}://) is not understood by Apprise", where=NAME, hint=_HINT
        )
    sender = apprise.Apprise()
    sender.add(plugin)
    return sender, str(getattr(plugin, "service_name", None) or scheme)


_HINT = "docs/observe.md shows one of each kind"
