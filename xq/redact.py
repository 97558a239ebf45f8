"""No secret in any text: what was read as one is struck out, and what looks like one.

It lies below everything because errors are cleaned when they are made: wherever such a text goes
later, into a journal, a lake, a log or a message, there is nothing left in it to find.
"""

import re
import threading
from collections.abc import Iterable, Mapping
from functools import cache

STRUCK = "***"
OWN = ("XQ_API_KEY", "XQ_API_SECRET", "XQ_JOURNAL_PASSWORD", "XQ_NOTIFY_URLS")
"""Names in the environment, or ``.env``, under which xq itself is given secrets."""
_OF_EXCHANGES = ("XQ_API_KEY_", "XQ_API_SECRET_")  # the first two again, for one exchange

SHORTEST = 8
_SHORTEST_OF_OTHERS = 16  # of other programs' variables: `…_TOKEN=disabled` is no secret

_NAME = r"(?:signature|listen_?key|api_?key|secret|token|passw(?:or)?d|passphrase)"
_VALUE = r"[^\s\"'&,;})\]]{6,}"
_HEADERS = r"(?:x-mbx-apikey|x-bapi-api-key|x-bapi-sign|(?:proxy-)?authorization)"
_LOOKS = (
    r"(?P<url>\b[a-z][a-z0-9+.-]*://[^\s/:@\"']*):[^\s/@\"']+(?=@)"
    rf"|(?P<set>{_NAME}[\w-]*=){_VALUE}"
    rf"|(?P<item>{_NAME}[\w-]*[\"']\s*:\s*[\"']){_VALUE}"
    rf"|(?P<head>{_HEADERS}[\"']?\s*[:=]\s*[\"']?(?:bearer\s+|basic\s+)?){_VALUE}"
    r"|(?P<sign>\bsign[\"']?[=:]\s*[\"']?)[0-9a-f]{32,}"
    r"|(?P<feed>/ws/)[a-z0-9]{40,}"
    r"|(?P<bot>\bbot)\d+:[\w-]{20,}"
)
_SECRET_NAME = re.compile(
    r"SECRET|TOKEN|PASSW(OR)?D|PASSPHRASE|API_?KEY|ACCESS_?KEY|ACCOUNT_KEY|CREDENTIAL|_SAS", re.I
)
_NAMED = re.compile(r"^[A-Za-z][\w-]*=")  # phone=tgram://…


class Redactor:
    """Knows secrets and strikes them out of texts; threads may share one.

    Examples
    --------
    >>> redactor = Redactor()
    >>> redactor.learn(["s3cr3t/canary"])
    >>> redactor.clean("key s3cr3t/canary, in a URL s3cr3t%2Fcanary")
    'key ***, in a URL ***'
    >>> redactor.clean("GET /order?symbol=BTCUSDT&signature=0a1b2c3d4e")
    'GET /order?symbol=BTCUSDT&signature=***'
    >>> redactor.clean("postgresql://ann:hunter2@db/xq")
    'postgresql://ann:***@db/xq'
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, secrets: Iterable[str]) -> None:
        """Remember secrets; one of less than 8 characters cannot be told from a word."""
        forms = {form for secret in secrets for form in _forms(secret.strip())}
        with self._lock:
            if forms <= self._known:
                return
            self._known |= forms
            longest_first = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def learn_environment(self, environ: Mapping[str, str]) -> None:
        """Remember every secret that an environment, ``.env`` folded in, holds."""
        self.learn(secret for name, text in environ.items() for secret in _secrets(name, text))

    def forget(self) -> None:
        """Know nothing again."""
        with self._lock:
            self._known, self._pattern = frozenset(), None

    def clean(self, text: str) -> str:
        """The text without secrets."""
        if self._pattern is not None:
            text = self._pattern.sub(STRUCK, text)
        return _looks().sub(_struck, text)


@cache
def _looks() -> re.Pattern[str]:
    """Compiled when the first text is cleaned: `xq --help` has none."""
    return re.compile(_LOOKS, re.IGNORECASE)


def _struck(found: re.Match[str]) -> str:
    if found.lastgroup == "url":
        return f"{found['url']}:{STRUCK}"
    return f"{found[found.lastgroup or 0]}{STRUCK}"


def _forms(secret: str) -> set[str]:
    """A secret as texts spell it: as it is, in a URL, in JSON."""
    if len(secret) < SHORTEST:
        return set()
    import json
    from urllib.parse import quote, quote_plus

    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
    }


def _secrets(name: str, text: str) -> list[str]:
    if name == "XQ_NOTIFY_URLS":
        return [part for url in text.split() for part in of_url(_NAMED.sub("", url))]
    if name in OWN or name.startswith(_OF_EXCHANGES):
        return [text]
    if name.upper().endswith("_PROXY"):
        return [text.rpartition("@")[0].rpartition(":")[2]]
    known = _SECRET_NAME.search(name) and not text.startswith("/")  # a path to a file of them
    return [text] if known and len(text) >= _SHORTEST_OF_OTHERS else []


def of_url(url: str) -> list[str]:
    """What of a notification URL is secret: all of it, and every part but the name of a host.

    Examples
    --------
    >>> of_url("tgram://123456789:AAbbCCdd/12315544")
    ['tgram://123456789:AAbbCCdd/12315544', '123456789', 'AAbbCCdd', '12315544']
    >>> of_url("json://127.0.0.1:9000/hook")[1:]
    ['hook']
    """
    _, _, rest = url.partition("://")
    netloc, _, path = rest.partition("/")
    login, _, host = netloc.rpartition("@")
    named = host.partition(":")[0]
    places = [login] if "." in named or named in ("", "localhost") else [login, host]
    parts = [part for text in (*places, path) for part in re.split(r"[/:?&=#]", text)]
    return [url, *(part for part in parts if part)]


REDACTOR = Redactor()
"""Of this process: `open_workspace` tells it what it read; every door out asks it."""


def clean(text: str) -> str:
    """The text without any secret this process has read."""
    return REDACTOR.clean(text)
