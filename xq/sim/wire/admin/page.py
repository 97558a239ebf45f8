"""The status page: one file without anything from elsewhere."""

import hashlib
import re
from base64 import b64encode
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("page.html")


@cache
def page() -> str:
    """The page as it is sent.

    Examples
    --------
    >>> page().startswith("<!doctype html>"), len(page()) < 60_000
    (True, True)
    """
    return _FILE.read_text(encoding="utf-8")


@cache
def policy() -> str:
    """What a browser may do for the page: run this script, use this style, ask us.

    Examples
    --------
    >>> "unsafe-inline" in policy(), "frame-ancestors 'none'" in policy()
    (False, True)
    """
    return (
        f"default-src 'none'; script-src {_fingerprint('script')}; "
        f"style-src {_fingerprint('style')}; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _fingerprint(tag: str) -> str:
    """The hash by which a browser knows the one element of this kind."""
    [content] = re.findall(f"<{tag}>(.*?)</{tag}>", page(), re.DOTALL)
    return f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
