"""Real money: who the state folder belongs to, and a person's leave to trade for a while."""

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.workspace import Workspace
from xq.errors import ConfigError, CredentialsMissing, StorageFailed

if TYPE_CHECKING:
    from xq.venue_types import KeyScope
    from xq.venues.live_check import Armed, Facts
    from xq.venues.registry import Profile

_FOLDER, _LEAVE = "live-account", "live-armed"
_HOUR_MS = 3_600_000
LONGEST_HOURS = 24 * 7


def fingerprint(ws: Workspace) -> str:
    """A name of the key in use that does not tell it.

    Raises
    ------
    CredentialsMissing
        Without keys.
    """
    held = ws.credentials()
    if held is None:
        raise CredentialsMissing("live mode needs XQ_API_KEY and XQ_API_SECRET")
    key = held.api_key.get_secret_value()
    return hashlib.sha256(f"xq {key}".encode()).hexdigest()[:16]


def arm(ws: Workspace, hours: float, typed: str) -> "Armed":
    """Give leave to trade real money, and make the state folder that account's.

    Parameters
    ----------
    typed
        The account's name, typed by a person.

    Raises
    ------
    ConfigError
        If the name is another one, the time is too long, or the folder is another account's.
    CredentialsMissing
        Without keys.
    """
    from xq.live.small_files import read_object
    from xq.venues.live_check import Armed

    account, key = account_of(ws), fingerprint(ws)
    if typed != account:
        raise ConfigError(f"expected the account's name {account!r}, found {typed!r}")
    if not 0 < hours <= LONGEST_HOURS:
        raise ConfigError(f"expected more than 0 and at most {LONGEST_HOURS} hours, found {hours}")
    owner = read_object(_place(ws, _FOLDER))
    if owner and owner != {"account": account, "key": key}:
        raise ConfigError(
            f"the state folder belongs to {owner.get('account')} with another key or account",
            where=str(ws.state),
            hint="use a workspace of its own for each account of an exchange",
        )
    armed = Armed(account, key, ws.clock.now_ms() + round(hours * _HOUR_MS))
    _write(_place(ws, _FOLDER), {"account": account, "key": key})
    _write(_place(ws, _LEAVE), {"account": account, "key": key, "until_ms": armed.until_ms})
    return armed


def disarm(ws: Workspace) -> None:
    """Take every leave in the folder back, of whatever exchange; fine if there is none."""
    for leave in ws.state.glob(f"{_LEAVE}*.json"):
        leave.unlink(missing_ok=True)


def account_of(ws: Workspace) -> str:
    """What a live run of the workspace trades."""
    from xq.venues.registry import profile

    return f"live:{profile(ws.config.exchange.name).name}"


def facts(ws: Workspace, mode: str, profile: "Profile", scope: "KeyScope | None") -> "Facts":
    """Everything that must agree; ``scope`` is None before the exchange was asked."""
    from xq.live.small_files import read_object
    from xq.venues.live_check import Armed, Facts

    owner, leave = read_object(_place(ws, _FOLDER)), read_object(_place(ws, _LEAVE))
    armed = None
    if isinstance(leave.get("until_ms"), int):
        armed = Armed(str(leave.get("account")), str(leave.get("key")), leave["until_ms"])
    return Facts(
        mode=mode,
        account=f"live:{profile.name}",
        demo=None if profile.url is not None else profile.demo,
        hosts=_own_hosts(ws),
        may_ask=profile.hosts,
        key=fingerprint(ws),
        scope=scope,
        folder_account=str(owner.get("account", "")),
        folder_key=str(owner.get("key", "")),
        armed=armed,
        now_ms=ws.clock.now_ms(),
    )


def _place(ws: Workspace, kind: str) -> Path:
    """Exchanges stand beside each other in a folder, as their journals do."""
    return ws.state / f"{kind}-{account_of(ws).partition(':')[2]}.json"


def _own_hosts(ws: Workspace) -> frozenset[str]:
    from xq.venues.registry import profile

    return profile(ws.config.exchange.name).hosts


def _write(path: Path, content: dict[str, object]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".tmp")
        with draft.open("w", encoding="utf-8") as file:
            draft.chmod(0o600)
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise StorageFailed(str(error), where=str(path), hint="xq doctor") from error
