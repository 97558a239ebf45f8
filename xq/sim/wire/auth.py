"""Who is asking: API key, HMAC signature, timestamp against wall time."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from xq.sim.accounts import Login
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.params import Params

_DEFAULT_WINDOW_MS = 5_000
_LARGEST_WINDOW_MS = 60_000
_AHEAD_MS = 1_000


@dataclass(frozen=True)  # with room for what was read once
class Message:
    """One request as it came over the wire, nothing decoded.

    Attributes
    ----------
    values
        Parameters that did not come as a query; the query is then the text that was signed.
    headers
        Those that some face signs with, names in lower case.
    """

    method: str
    path: str
    query: str
    body: str
    api_key: str | None
    values: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def params(self) -> Params:
        """The parameters, decoded."""
        return self._params

    @cached_property
    def _params(self) -> Params:
        return Params.parse(self.query, self.body) if self.values is None else Params(self.values)


def check_key(message: Message, logins: Mapping[str, Login]) -> Login:
    """Whose key it is; refused if missing or unknown."""
    if not message.api_key:
        raise Refusal(Reason.KEY_FORMAT)
    login = logins.get(message.api_key)
    if login is None:
        raise Refusal(Reason.KEY_UNKNOWN)
    return login


def check_signature(
    message: Message, params: Params, logins: Mapping[str, Login], wall_ms: int
) -> Login:
    """Whose request it is; refused if unsigned, wrongly signed, stale or from the future.

    The signature covers query string and body, joined without a separator, less the signature
    itself.
    """
    login = check_key(message, logins)
    timestamp = params.integer("timestamp")
    if timestamp is None:
        raise Refusal(Reason.MISSING_PARAMETER, "timestamp")
    window = params.integer("recvWindow")
    if window is not None and window > _LARGEST_WINDOW_MS:
        raise Refusal(Reason.BAD_RECV_WINDOW)
    if timestamp >= wall_ms + _AHEAD_MS:
        raise Refusal(Reason.FUTURE_TIMESTAMP)
    if wall_ms - timestamp > (_DEFAULT_WINDOW_MS if window is None else window):
        raise Refusal(Reason.STALE_TIMESTAMP)
    given = params.required("signature")
    wanted = sign(signed_text(message), login.secret)
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Refusal(Reason.BAD_SIGNATURE)
    return login


def signed_text(message: Message) -> str:
    """What the signature covers.

    Examples
    --------
    >>> signed_text(Message("POST", "/", "a=1&signature=x", "b=2", None))
    'a=1b=2'
    """
    return _unsigned(message.query) + _unsigned(message.body)


def sign(text: str, secret: str) -> str:
    """HMAC-SHA256, hex."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _unsigned(encoded: str) -> str:
    return "&".join(part for part in encoded.split("&") if not part.startswith("signature="))
