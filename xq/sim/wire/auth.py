"""Who is asking: API key, HMAC signature, timestamp against wall time."""

import hashlib
import hmac
from dataclasses import dataclass

from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.params import Params

API_KEY = "sim"
API_SECRET = "sim"  # noqa: S105 - valid on loopback only, and written in the documentation

_DEFAULT_WINDOW_MS = 5_000
_LARGEST_WINDOW_MS = 60_000
_AHEAD_MS = 1_000


@dataclass(frozen=True, slots=True)
class Message:
    """One request as it came over the wire, nothing decoded."""

    method: str
    path: str
    query: str
    body: str
    api_key: str | None


def check_key(message: Message) -> None:
    """Refuse a missing or unknown API key."""
    if not message.api_key:
        raise Refusal(Reason.KEY_FORMAT)
    if not hmac.compare_digest(message.api_key.encode(), API_KEY.encode()):
        raise Refusal(Reason.KEY_UNKNOWN)


def check_signature(message: Message, params: Params, wall_ms: int) -> None:
    """Refuse a request that is unsigned, wrongly signed, stale or from the future.

    The signature covers query string and body, joined without a separator, less the signature
    itself.
    """
    check_key(message)
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
    if not hmac.compare_digest(given.encode(), sign(signed_text(message)).encode()):
        raise Refusal(Reason.BAD_SIGNATURE)


def signed_text(message: Message) -> str:
    """What the signature covers.

    Examples
    --------
    >>> signed_text(Message("POST", "/", "a=1&signature=x", "b=2", None))
    'a=1b=2'
    """
    return _unsigned(message.query) + _unsigned(message.body)


def sign(text: str, secret: str = API_SECRET) -> str:
    """HMAC-SHA256, hex."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _unsigned(encoded: str) -> str:
    return "&".join(part for part in encoded.split("&") if not part.startswith("signature="))
