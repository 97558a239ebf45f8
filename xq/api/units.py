"""The systemd units that keep the service and its watchdog running."""

from collections.abc import Mapping, Sequence
from typing import Any

from xq.api.crontab import command_lines, settings_of
from xq.api.trade import account_slug
from xq.api.workspace import Workspace

_STOP_SECONDS = 15
"""What a service is given to end: its tick may go on for 8 s."""

_UNIT = """# {place}
[Unit]
Description={what}
Wants=network-online.target
After=network-online.target

[Service]
WorkingDirectory={folder}
{environment}ExecStart={command}
Restart={restart}
RestartSec=5
KillSignal=SIGTERM
TimeoutStopSec={stop}
NoNewPrivileges=true
PrivateTmp=true

[Install]
WantedBy=default.target
"""


def units(ws: Workspace, flags: Mapping[str, Any], parameters: Sequence[str]) -> str:
    """Both units, each under the name of its file; keys stay in ``.env`` of the workspace.

    Parameters
    ----------
    flags
        ``{"trade.strategy": …}`` given on the command line; None is left out.
    parameters
        ``name=value`` of the strategy.
    """
    slug = account_slug(ws)
    trade, watchdog = command_lines(ws, flags, parameters)
    both = (
        (f"xq-trade-{slug}", f"xq trades {slug}", trade, "on-failure"),
        (f"xq-watchdog-{slug}", f"xq watches over {slug}", watchdog, "always"),
    )
    environment = "".join(
        f"Environment={_quoted(f'{name}={ws.environ[name]}')}\n" for name in settings_of(ws)
    )
    return "\n".join(
        _UNIT.format(
            place=f"~/.config/systemd/user/{name}.service",
            what=_plain(what),
            folder=_plain(str(ws.root)),
            environment=environment,
            command=" ".join(_quoted(word, command=True) for word in words),
            restart=restart,
            stop=_STOP_SECONDS,
        )
        for name, what, words, restart in both
    )


def _plain(text: str) -> str:
    """A value that systemd takes to the end of the line."""
    return text.replace("%", "%%")


def _quoted(text: str, *, command: bool = False) -> str:
    """One word as systemd reads it: specifiers, variables and quotes stand for themselves.

    Examples
    --------
    >>> _quoted("50% of it"), _quoted("$HOME", command=True), _quoted("plain")
    ('"50%% of it"', '$$HOME', 'plain')
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    if command:
        escaped = escaped.replace("$", "$$")
    needs = not text or any(sign in " \t\"';\\" for sign in text)
    return f'"{escaped}"' if needs else escaped
