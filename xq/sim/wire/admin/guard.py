"""Who may talk to the admin port: programs of this machine, and its own page.

A page from elsewhere, open in a browser on this machine, reaches loopback too. It is kept out
three times over: by the name it used for us (a name that an attacker points at 127.0.0.1 is not
ours), by where the browser says it comes from, and by a content type that no form can send.
"""

from collections.abc import Mapping

CONTENT_TYPE = "application/json"

_NAMES = ("127.0.0.1", "localhost")
_OWN_SITES = ("same-origin", "none")  # "none": typed into the address bar
_READING = ("GET", "HEAD")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def objection(method: str, headers: Mapping[str, str], port: int) -> str | None:
    """Why a request is not from us; None if it is.

    Examples
    --------
    >>> objection("GET", {"Host": "127.0.0.1:8788"}, 8788)
    >>> objection("GET", {"Host": "evil.example:8788"}, 8788)
    "this port is reached as 127.0.0.1:8788 or localhost:8788, found 'evil.example:8788'"
    """
    own = [f"{name}:{port}" for name in _NAMES]
    host = headers.get("Host", "")
    if host not in own:
        return f"this port is reached as {' or '.join(own)}, found {host!r}"
    origin = headers.get("Origin")
    if origin is not None and origin != f"http://{host}":
        return f"pages from elsewhere may not ask, found {origin!r}"
    site = headers.get("Sec-Fetch-Site")
    if site is not None and site not in _OWN_SITES:
        return f"pages from elsewhere may not ask, found a request of kind {site!r}"
    if method in _READING:
        return None
    sent = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if sent != CONTENT_TYPE:
        return f"changes are sent as {CONTENT_TYPE}, found {sent!r}"
    return None
