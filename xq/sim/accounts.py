"""Who trades at the simulated venue: account names, and the keys they sign with."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from xq.errors import UsageError

MAIN = "main"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Login:
    """One account and its API key; valid on loopback only, and no secret to anyone."""

    name: str
    key: str
    secret: str


def login_of(name: str) -> Login:
    """The login of an account, made from its name.

    Raises
    ------
    UsageError
        If the name is not 1 to 32 of ``a-z 0-9 _ -``.

    Examples
    --------
    >>> login_of("main"), login_of("alice").secret
    (Login(name='main', key='sim', secret='sim'), 'alice-secret')
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"an account is named by 1 to 32 of a-z, 0-9, _ and -, found {name!r}",
            hint="xq sim --account alice",
        )
    if name == MAIN:
        return Login(MAIN, "sim", "sim")
    if name == "sim":
        raise UsageError("the key 'sim' is that of the account main", hint="xq sim --account alice")
    return Login(name, name, f"{name}-secret")


def by_key(names: Iterable[str]) -> dict[str, Login]:
    """The logins of several accounts by API key.

    Examples
    --------
    >>> sorted(by_key(["main", "alice"]))
    ['alice', 'sim']
    """
    return {login.key: login for login in map(login_of, names)}
